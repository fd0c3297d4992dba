/* huyingctl field: the field staff as a program of its own. On standard input it is told how far
 * the replay has gone, a line each, and answers each with `ok` or `failed` on standard output:
 *
 *   take N         rows up to N (in order of creation) have been dispatched
 *   finish MS      the day has come to this instant (milliseconds since 1970)
 * */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/commands.h"
#include "services/ctl/field.h"
#include "services/ctl/store_drill.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/store/directory.h"

#define ARENA_LIMIT ((size_t)512 << 20)
#define HELP                                                                                       \
    CTL_TEXT("回放的外勤人员:只通过总线看自己的任务,按文件里的时间办理。由 replay 启动。",         \
            "The field staff of a replay: sees only its work over the bus and does it at the "     \
            "file's times.\nStarted by replay.")

static enum err obey(struct field *field, const char *line)
{
    int64_t number;
    char word[16];
    if (sscanf(line, "%15s %" SCNd64, word, &number) != 2 || number < 0)
        return ERR_MALFORMED;
    if (strcmp(word, "take") == 0)
        return (size_t)number <= field->file->count ? field_take(field, (size_t)number)
                                                    : ERR_MALFORMED;
    return strcmp(word, "finish") == 0 ? field_finish(field, number) : ERR_MALFORMED;
}

static void obey_all(struct field *field)
{
    char line[80];
    while (fgets(line, sizeof line, stdin)) {
        enum err err = obey(field, line);
        printf(err == OK ? "ok\n" : "failed %s\n", err_name(err));
        fflush(stdout);
    }
}

int command_field(struct ctl *ctl, int argc, char **argv)
{
    int status = ctl_options(ctl, "CSV", HELP, NULL, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc != 2)
        return ctl_usage(ctl, "field", "CSV");
    struct field field = {.ctl = ctl};
    struct replay_file file;
    struct directory *directory = NULL;
    struct drill_site site;
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    struct pg *pg = ctl_connect(ctl, NULL);
    if (!pg || store_drill_site(pg, &site) != OK || directory_load_now(pg, &directory) != OK)
        return ctl_fail(ctl, "目录还没有:先运行 huyingctl apply",
                "there is no directory yet: run huyingctl apply first");
    pg_destroy(&pg);
    if (replay_file_read(ctl, argv[1], site.utc_offset_s, &file) != OK ||
            ctl_bus_connect(ctl, &field.client) != OK)
        return EXIT_FAILED;
    struct rng rng;
    rng_seed_secure(&rng);
    field.nonce = (unsigned)rng_next(&rng);
    field.file = &file;
    field.directory = directory;
    field.open = calloc(file.count + 1, sizeof *field.open);
    must(field.open);
    arena_init(&field.arena, ARENA_LIMIT);
    obey_all(&field);
    arena_fini(&field.arena);
    free(field.open);
    client_destroy(&field.client);
    replay_file_fini(&file);
    directory_destroy(&directory);
    return EXIT_DONE;
}
