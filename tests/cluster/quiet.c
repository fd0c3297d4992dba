/* A quiet pusher beside one that floods: how long its receipts take, alone, on the flood's broker
 * and on the other one, as ratios of one run, and how many of the flood's reports each of its own
 * waited behind. Only the latter is judged, since machines differ, and of nine in ten, since they
 * stand still at times: the flood keeps the credit of intake's one instance used up, and would have
 * all of that in front.
 *
 *   quiet [--reports N]
 *
 * The flood is this program several times, under one key. */
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/must.h"
#include "tests/kit/cluster.h"

#define FLOODERS 6 /* each with 512 under way at once, more than its share of 4,096 */
#define BEHIND_MAX                                                                                 \
    2048 /* of some 3,000 under way: batches under way, its own, what came meanwhile */
#define PUSH_MS 20000
#define FLOOD_MS 600000

enum place { ALONE, SAME_BROKER, OTHER_BROKER, PLACES };
static const char *const places[PLACES] = {"alone", "beside, on one broker", "beside, on two"};

static struct {
    struct kit_site site;
    struct kit_process intake;
    pid_t flooders[FLOODERS];
    size_t reports;
    int64_t p50_us[PLACES], worst_us[PLACES], behind[PLACES];
} test;

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct hotline *pusher_open(const char *key_file, const char *server, const char *endpoint)
{
    struct hotline *hotline = NULL;
    const struct hotline_config config = {.site = 1,
            .key_file = key_file,
            .server_key = server,
            .endpoints = {endpoint},
            .endpoint_count = 1};
    must(hotline_open(&config, &hotline) == OK);
    return hotline;
}

/* `flood NAME KEYFILE SERVERKEY ENDPOINT`: as much at once as a push may hold, without end. */
static int flood(char **argv)
{
    static struct hotline_report reports[HOTLINE_PUSH_MAX];
    static struct hotline_receipt receipts[HOTLINE_PUSH_MAX];
    static char tickets[HOTLINE_PUSH_MAX][HOTLINE_TICKET_SIZE];
    struct hotline *hotline = pusher_open(argv[3], argv[4], argv[5]);
    for (size_t round = 0;; round++) {
        for (size_t i = 0; i < HOTLINE_PUSH_MAX; i++) {
            (void)snprintf(tickets[i], sizeof tickets[i], "%s-%zu-%zu", argv[2], round, i);
            reports[i] = (struct hotline_report){
                    .ticket = tickets[i], .matter = "M", .text = "路灯不亮"};
        }
        if (hotline_push(hotline, reports, receipts, HOTLINE_PUSH_MAX, FLOOD_MS) != OK)
            return 1;
    }
}

static void site_start(char *self)
{
    struct keypair pair;
    char path[KIT_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%.200s", self);
    kit_site_open(&test.site, dirname(path), "intake");
    kit_redis(&test.site, true);
    kit_key(&test.site, "intake", "intake", "", &pair);
    kit_key(&test.site, "flooder", "client", "hotline", &pair);
    kit_key(&test.site, "quiet", "client", "hotline", &pair);
    kit_conf(&test.site, "intake", "intake", "");
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++)
        kit_broker(&test.site, i, true);
    kit_start(&test.site, "intake", 1, &test.intake);
    kit_await(&test.intake, 200, "");
}

static void endpoint_write(size_t broker, char ret[64])
{
    (void)snprintf(ret, 64, "tcp://127.0.0.1:%d", test.site.ports[broker]);
}

static void flood_start(const char *self, int round)
{
    char endpoint[64], name[32], key[KIT_PATH_SIZE];
    endpoint_write(0, endpoint);
    (void)snprintf(key, sizeof key, "%.200s/flooder.key", test.site.dir);
    for (int i = 0; i < FLOODERS; i++) {
        (void)snprintf(name, sizeof name, "f%d-%d", round, i);
        const char *argv[] = {
                self, "flood", name, key, test.site.server.public_key, endpoint, NULL};
        test.flooders[i] = kit_child(&test.site, name, argv, NULL);
    }
    KIT_UNTIL(&test.site, kit_metric(&test.intake, "inbox") > 1024);
}

static void flood_end(void)
{
    for (int i = 0; i < FLOODERS; i++)
        kit_child_kill(&test.flooders[i]);
    KIT_UNTIL(&test.site, kit_metric(&test.intake, "inbox") == 0);
}

static int64_t flooded(const char *condition)
{
    char sql[300];
    (void)snprintf(sql, sizeof sql,
            "SELECT count(*) FROM intake.report WHERE source = 'flooder' AND %s", condition);
    return kit_pg_int(test.site.pg, sql);
}

/* One report. How many of the flood's came between its push and it: those with a smaller id that
 * were not there yet. Ids are drawn in the order of the batches by the one instance. */
static int64_t quiet_push(struct hotline *hotline, const char *ticket, int64_t *ret_us)
{
    const struct hotline_report report = {.ticket = ticket, .matter = "M", .text = "路灯不亮"};
    struct hotline_receipt receipt;
    char condition[64];
    int64_t before = flooded("true"), from_us = now_us();
    enum err err = hotline_push(hotline, &report, &receipt, 1, PUSH_MS);
    /* On a machine that stands still for a while the client asks again: a duplicate of its own. */
    if (err || (receipt.result != HOTLINE_ACCEPTED && receipt.result != HOTLINE_DUPLICATE))
        kit_fail(&test.site, "%s: %s, receipt %d", ticket, err_name(err), (int)receipt.result);
    *ret_us = now_us() - from_us;
    (void)snprintf(condition, sizeof condition, "id < %" PRId64, receipt.case_id);
    return flooded(condition) - before;
}

static int number_compare(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void place_measure(enum place place)
{
    char endpoint[64], key[KIT_PATH_SIZE], ticket[HOTLINE_TICKET_SIZE];
    int64_t *us = must_memory(calloc(test.reports, sizeof *us));
    int64_t *behind = must_memory(calloc(test.reports, sizeof *behind));
    endpoint_write(place == OTHER_BROKER, endpoint);
    (void)snprintf(key, sizeof key, "%.200s/quiet.key", test.site.dir);
    struct hotline *hotline = pusher_open(key, test.site.server.public_key, endpoint);
    for (size_t i = 0; i < test.reports; i++) {
        (void)snprintf(ticket, sizeof ticket, "q-%d-%zu", (int)place, i);
        behind[i] = quiet_push(hotline, ticket, &us[i]);
    }
    qsort(behind, test.reports, sizeof *behind, number_compare);
    test.behind[place] = behind[test.reports * 9 / 10];
    free(behind);
    qsort(us, test.reports, sizeof *us, number_compare);
    test.p50_us[place] = us[test.reports / 2];
    test.worst_us[place] = us[test.reports - 1];
    hotline_close(&hotline);
    free(us);
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "flood") == 0)
        return flood(argv);
    test.reports = argc == 3 && strcmp(argv[1], "--reports") == 0 ? strtoul(argv[2], NULL, 10) : 40;
    must(test.reports > 0);
    site_start(argv[0]);
    bool wrong = false;
    for (int place = 0; place < PLACES; place++) {
        if (place != ALONE)
            flood_start(argv[0], place);
        place_measure((enum place)place);
        if (place != ALONE)
            flood_end();
        wrong = wrong || test.behind[place] > BEHIND_MAX;
        printf("%-22s receipt p50 %7.1f ms (%5.1f x alone), worst %7.1f ms; nine of ten behind "
               "%5" PRId64 " of the flood's at most%s\n",
                places[place], (double)test.p50_us[place] / 1000,
                (double)test.p50_us[place] / (double)test.p50_us[ALONE],
                (double)test.worst_us[place] / 1000, test.behind[place],
                test.behind[place] > BEHIND_MAX ? ", FAIL" : "");
    }
    kit_site_close(&test.site, wrong);
    printf("%s\n", wrong ? "FAILED" : "passed");
    return wrong;
}
