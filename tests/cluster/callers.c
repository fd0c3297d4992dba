/* Two small programs for tests/cluster/persons_test: a hotline that says who calls, and somebody
 * who listens to the live feed and writes down all of it.
 *
 *   callers push ENDPOINT SITE SERVER-KEY KEYFILE COUNT PREFIX NAME PHONE ID-NUMBER TEXT CODE…
 *   callers feed FILE SERVER-KEY KEYFILE ENDPOINT…
 *
 * The first pushes COUNT reports, PREFIX-1 and so on, all by the same caller, and ends when each
 * has a case. The second, of all brokers, runs until it is killed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>
#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/must.h"
#include "services/kernel/bus/keyfile.h"

#define PUSH_MS 30000
#define PUSH_ARGS 12 /* before the codes */
#define MATTER "APPLIANCES"

static int push(int argc, char **argv)
{
    static struct hotline_report reports[HOTLINE_PUSH_MAX];
    static struct hotline_receipt receipts[HOTLINE_PUSH_MAX];
    static char tickets[HOTLINE_PUSH_MAX][HOTLINE_TICKET_SIZE];
    const struct hotline_config config = {.endpoints = {argv[2]},
            .endpoint_count = 1,
            .site = (uint16_t)strtoul(argv[3], NULL, 10),
            .server_key = argv[4],
            .key_file = argv[5]};
    const struct hotline_caller caller = {
            .name = argv[8], .phone = argv[9], .id_number = argv[10], .address = ""};
    struct hotline *hotline = NULL;
    size_t count = strtoul(argv[6], NULL, 10);
    must(count > 0 && count <= HOTLINE_PUSH_MAX);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(tickets[i], sizeof tickets[i], "%s-%zu", argv[7], i + 1);
        reports[i] = (struct hotline_report){
                .ticket = tickets[i], .matter = MATTER, .text = argv[11], .caller = &caller};
        for (int code = PUSH_ARGS; code < argc && code < PUSH_ARGS + 4; code++)
            reports[i].unit_codes[reports[i].unit_code_count++] = argv[code];
    }
    enum err err = hotline_open(&config, &hotline);
    if (!err)
        err = hotline_push(hotline, reports, receipts, count, PUSH_MS);
    hotline_close(&hotline);
    if (err) {
        fprintf(stderr, "callers: %s\n", err_text(err));
        return 1;
    }
    for (size_t i = 0; i < count; i++)
        if (receipts[i].result != HOTLINE_ACCEPTED) {
            fprintf(stderr, "callers: %s: %s\n", tickets[i], receipts[i].reason);
            return 1;
        }
    return 0;
}

static int feed(int argc, char **argv)
{
    BUF_OWNED why = {0};
    struct keypair pair;
    FILE *file = fopen(argv[2], "w");
    if (keyfile_load(argv[4], &pair, &why) != OK || !file) {
        fprintf(stderr, "callers: %s\n", why.data ? why.data : argv[2]);
        return 1;
    }
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_SUB);
    must(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, argv[3], strlen(argv[3]) + 1) == 0);
    must(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, pair.public_key, sizeof pair.public_key) == 0);
    must(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair.secret_key, sizeof pair.secret_key) == 0);
    must(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0) == 0);
    for (int i = 5; i < argc; i++)
        must(zmq_connect(socket, argv[i]) == 0);
    while (true) {
        zmq_msg_t part;
        must(zmq_msg_init(&part) == 0);
        if (zmq_msg_recv(&part, socket, 0) > 0)
            (void)fwrite(zmq_msg_data(&part), 1, zmq_msg_size(&part), file);
        (void)fflush(file);
        (void)zmq_msg_close(&part);
    }
}

int main(int argc, char **argv)
{
    if (argc >= PUSH_ARGS && strcmp(argv[1], "push") == 0)
        return push(argc, argv);
    if (argc >= 6 && strcmp(argv[1], "feed") == 0)
        return feed(argc, argv);
    fprintf(stderr,
            "usage: %s push ENDPOINT SITE SERVER-KEY KEYFILE COUNT PREFIX NAME PHONE "
            "ID-NUMBER TEXT CODE…\n       %s feed FILE SERVER-KEY KEYFILE ENDPOINT…\n",
            argv[0], argv[0]);
    return 2;
}
