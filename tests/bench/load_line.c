/* Reports over many HTTP connections at a time, in one thread: each connection has one request
 * under way, and is kept. A report that is due takes the connection that has been free longest;
 * when none is free it waits, and that counts. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/kernel/base/must.h"
#include "tests/bench/load.h"

#define ANSWER_SIZE 8192
#define LINES_PRESET 256

struct line {
    bool busy;
    size_t index;    /* of the shot under way */
    int64_t free_us; /* since when there is none */
    char text[ANSWER_SIZE];
    size_t size;
};

struct lines {
    const struct load *load;
    enum load_way way;
    struct letters *letters;
    struct plan *plan;
    struct buf letter;
    struct line *list;
    struct pollfd *polls; /* the same order */
    size_t count, busy;
    size_t *free_list; /* a ring: whoever is free longest comes first */
    size_t free_first;
    int64_t heard_us;
};

int line_open(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        load_fail("no connection to intake's HTTP on port %d", port);
    return fd;
}

static void lines_init(struct lines *lines, int port)
{
    lines->list = must_memory(calloc(lines->count, sizeof *lines->list));
    lines->polls = must_memory(calloc(lines->count, sizeof *lines->polls));
    lines->free_list = must_memory(calloc(lines->count, sizeof *lines->free_list));
    for (size_t i = 0; i < lines->count; i++) {
        lines->polls[i] = (struct pollfd){.fd = line_open(port), .events = POLLIN};
        lines->free_list[i] = i;
    }
}

static void lines_fini(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        close(lines->polls[i].fd);
    free(lines->list);
    free(lines->polls);
    free(lines->free_list);
    buf_fini(&lines->letter);
    letters_destroy(&lines->letters);
}

static void line_send(struct lines *lines, size_t index)
{
    size_t at = lines->free_list[lines->free_first];
    struct line *line = &lines->list[at];
    must(!line->busy);
    lines->free_first = (lines->free_first + 1) % lines->count;
    lines->busy++;
    line->busy = true;
    line->index = index;
    line->size = 0;
    plan_begin(lines->plan, index, load_now_us(), line->free_us);
    letter_write(lines->letters, index, &lines->letter);
    /* A connection that has been answered takes a request of this size at once. */
    if (write(lines->polls[at].fd, lines->letter.data, lines->letter.size) !=
            (ssize_t)lines->letter.size)
        load_fail("intake's HTTP does not read");
}

static void line_end(struct lines *lines, size_t at, int status)
{
    struct line *line = &lines->list[at];
    struct shot *shot = &lines->plan->shots[line->index];
    shot->done_us = line->free_us = load_now_us();
    shot->refused = !answer_is_receipt(lines->way, status);
    line->busy = false;
    lines->free_list[(lines->free_first + lines->count - lines->busy) % lines->count] = at;
    lines->busy--;
}

static void line_read(struct lines *lines, size_t at)
{
    struct line *line = &lines->list[at];
    int status = 0;
    ssize_t got = read(lines->polls[at].fd, line->text + line->size, ANSWER_SIZE - 1 - line->size);
    if (got <= 0 || !line->busy)
        load_fail("intake's HTTP closed a connection, or says what nobody asked");
    line->size += (size_t)got;
    line->text[line->size] = '\0';
    lines->heard_us = load_now_us();
    if (answer_whole(line->text, line->size, &status))
        line_end(lines, at, status);
    else
        must(line->size < ANSWER_SIZE - 1);
}

static void lines_wait(struct lines *lines, size_t next)
{
    int64_t now_us = load_now_us(), wait_us = 1000000;
    if (lines->busy < lines->count && plan_wait_us(lines->plan, next, now_us) < wait_us)
        wait_us = plan_wait_us(lines->plan, next, now_us);
    const struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
    int ready = ppoll(lines->polls, lines->count, &wait, NULL);
    if (ready < 0 && errno != EINTR)
        load_fail("ppoll: %s", strerror(errno));
    for (size_t at = 0; ready > 0 && at < lines->count; at++)
        if (lines->polls[at].revents)
            line_read(lines, at);
    if (lines->busy && load_now_us() - lines->heard_us > LOAD_ANSWER_MS * INT64_C(1000))
        load_fail("%zu requests have no answer", lines->busy);
}

void lines_run(const struct load *load, enum load_way way, int port, struct plan *plan)
{
    struct lines lines = {.load = load,
            .way = way,
            .letters = letters_new(load, way),
            .plan = plan,
            .count = load->connections ? (size_t)load->connections : LINES_PRESET,
            .heard_us = load_now_us()};
    lines_init(&lines, port);
    plan_start(plan);
    for (size_t next = 0;;) {
        while (lines.busy < lines.count && plan_due(plan, next, load_now_us()))
            line_send(&lines, next++);
        if (!lines.busy && plan_over(plan, next, load_now_us()))
            break;
        if (!lines.busy)
            lines.heard_us = load_now_us();
        lines_wait(&lines, next);
    }
    lines_fini(&lines);
}
