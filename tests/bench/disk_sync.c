/* R3: what the disk takes to make 8 KiB durable, as a WAL does it: write at the next place of a
 * file that has its size already, fdatasync, again. One at a time; the file goes round. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/bench/reference.h"

#define BLOCK_SIZE 8192
#define BLOCKS 2048 /* 16 MiB, a WAL segment */
#define SAMPLES_MAX 1000000

static int file_open(const char *directory)
{
    char path[4096];
    static const char block[BLOCK_SIZE];
    int size = snprintf(path, sizeof(path), "%s/bench-sync-XXXXXX", directory);
    if (size < 0 || (size_t)size >= sizeof(path))
        bench_fail("directory: the name is too long");
    int fd = mkstemp(path);
    if (fd < 0)
        bench_fail("%s: %s", directory, strerror(errno));
    unlink(path);
    for (int i = 0; i < BLOCKS; i++)
        if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
            bench_fail("%s: %s", directory, strerror(errno));
    if (fsync(fd) != 0)
        bench_fail("%s: fsync: %s", directory, strerror(errno));
    return fd;
}

static int double_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double quantile(const double *sorted, int count, double share)
{
    int at = (int)(share * count);
    return sorted[at < count ? at : count - 1];
}

void disk_sync_measure(const struct bench_cfg *cfg)
{
    double *samples = bench_memory(SAMPLES_MAX, sizeof(double));
    char block[BLOCK_SIZE];
    int count = 0;
    int fd = file_open(cfg->directory);
    double begin = bench_now();
    double at = begin;
    while (count < SAMPLES_MAX && (count == 0 || at - begin < cfg->seconds)) {
        memset(block, count % 251, sizeof(block));
        double before = bench_now();
        if (pwrite(fd, block, sizeof(block), (off_t)(count % BLOCKS) * BLOCK_SIZE) != BLOCK_SIZE ||
                fdatasync(fd) != 0)
            bench_fail("%s: %s", cfg->directory, strerror(errno));
        at = bench_now();
        samples[count++] = at - before;
    }
    close(fd);
    qsort(samples, (size_t)count, sizeof(double), double_compare);
    printf("{\"reference\":\"R3\",\"figures\":{\"sync_p50_us\":%.1f,\"sync_p99_us\":%.1f,"
           "\"samples\":%d}}\n",
            quantile(samples, count, 0.5) * 1e6, quantile(samples, count, 0.99) * 1e6, count);
    free(samples);
}
