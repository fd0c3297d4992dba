/* What a process takes and what it refuses: requests, frames, keys, and messages of other
 * versions and other incarnations. */
#include "tests/cluster/conformance.h"

#include <zmq.h>

static void refused(enum frame_kind kind, const struct envelope *envelope, enum err err)
{
    struct asker asker;
    struct answer answer;
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    ask(&asker, kind, envelope, &answer);
    if (answer.kind != FRAME_REPLIES || answer.verdict != REPLY_FAILED + err || !answer.text[0])
        kit_fail(&site, "type %u: kind %d verdict %u \"%s\"; verdict %d with a text was expected",
                envelope->type, answer.kind, answer.verdict, answer.text, REPLY_FAILED + (int)err);
    asker_close(&asker);
}

void unknown_requests_are_refused_with_a_text(void **state)
{
    struct envelope envelope = {.id = 1, .type = TYPE_NOBODYS, .request_id = "unknown-1"};
    (void)state;
    ready();
    refused(FRAME_COMMANDS, &envelope, ERR_UNKNOWN);
    refused(FRAME_QUERIES, &envelope, ERR_UNKNOWN);
    envelope.type = subject->query; /* a query's type is no command's, and the other way round */
    refused(FRAME_COMMANDS, &envelope, ERR_UNKNOWN);
    envelope.type = REPLAY;
    refused(FRAME_QUERIES, &envelope, ERR_UNKNOWN);
}

void malformed_requests_are_refused_with_a_text(void **state)
{
    static uint8_t garbage[] = {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00};
    const uint32_t queries[] = {HISTORY, 9002};
    struct envelope envelope = {
            .id = 1, .request_id = "bad-1", .payload = {garbage, sizeof garbage}};
    (void)state;
    ready();
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        envelope.type = queries[i];
        refused(FRAME_QUERIES, &envelope, ERR_MALFORMED);
    }
    envelope.type = REPLAY;
    refused(FRAME_COMMANDS, &envelope, ERR_MALFORMED);
    envelope.type = subject->command;
    envelope.agg = id_next();
    if (subject->command)
        refused(FRAME_COMMANDS, &envelope, ERR_MALFORMED);
}

/* More than the fault points make of it by themselves. */
static bool malformed_counted(void)
{
    int64_t count = kit_metric(&process, "malformed");
    return count > faults_fired("frame_malformed") + faults_fired("acks_malformed");
}

/* Bytes that are no batch, and one nested deeper than any of ours: counted, not answered,
 * survived. */
void frames_that_are_no_batches_are_dropped_and_survived(void **state)
{
    struct asker asker;
    struct answer answer;
    BUF_OWNED payload = {0};
    (void)state;
    ready();
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    buf_add_text(&payload, "this is no protobuf");
    asker_post(&asker, FRAME_COMMANDS, subject->id, 0, &payload);
    KIT_UNTIL(&site, (asker_turn(&asker), malformed_counted()));
    assert_true(told("WARN  BUS-FRAME-REFUSED"));
    static uint8_t deep[34000];
    size_t from = sizeof deep;
    for (uint64_t inner = 0; from > 8; inner = sizeof deep - from) {
        uint8_t head[10] = {0x12};
        size_t size = 1 + varint(head + 1, inner);
        from -= size;
        memcpy(deep + from, head, size);
    }
    struct envelope envelope = {
            .id = 1, .type = HISTORY, .payload = {deep + from, sizeof deep - from}};
    asker_ask(&asker, FRAME_QUERIES, subject->id, &envelope, 300, &answer);
    assert_true(answer.kind == 0 || answer.verdict >= REPLY_FAILED);
    assert_true(malformed_counted());
    assert_true(kit_alive(&process));
    answers(&asker);
    asker_close(&asker);
}

static int64_t refusals(void)
{
    return kit_metric(&site.brokers[0], "broker_refused") +
           kit_metric(&site.brokers[1], "broker_refused");
}

void unknown_key_is_kept_out(void **state)
{
    struct asker asker;
    (void)state;
    ready();
    int64_t before = refusals();
    asker_open(&asker, &site, SERVICE_CLIENT, &stranger, false);
    KIT_UNTIL(&site, (asker_turn(&asker), refusals()) > before);
    assert_false(bus_connected(asker.bus));
    asker_close(&asker);
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true); /* the others still may */
    answers(&asker);
    asker_close(&asker);
}

/* The process itself with a key that nobody knows, and with another service's. */
void process_with_a_wrong_key_is_never_ready(void **state)
{
    const char *body;
    (void)state;
    int64_t before = refusals();
    kit_conf(&site, subject->name, "stranger", "");
    kit_start(&site, subject->name, 1, &process);
    kit_await(&process, 503, "postgres=up bus=away directory=loaded");
    KIT_UNTIL(&site, refusals() > before);
    assert_int_equal(kit_get(&process, "/readyz", &body), 503);
    kit_kill(&process);
    kit_conf(&site, subject->name, "peer", "");
    kit_start(&site, subject->name, 1, &process);
    KIT_UNTIL(&site, strstr(kit_log(&site.brokers[0]), "BROKER-READY-REFUSED") ||
                             strstr(kit_log(&site.brokers[1]), "BROKER-READY-REFUSED"));
    assert_int_equal(kit_get(&process, "/readyz", &body), 503);
}

/* A socket without CURVE: libzmq itself says that the handshake failed. */
void client_without_curve_is_kept_out(void **state)
{
    char endpoint[64];
    struct asker asker;
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_DEALER), *monitor;
    int zero = 0, limit_ms = KIT_WAIT_MS;
    uint16_t event = 0;
    (void)state;
    ready();
    assert_int_equal(zmq_socket_monitor(socket, "inproc://monitor", ZMQ_EVENT_ALL), 0);
    monitor = zmq_socket(context, ZMQ_PAIR);
    zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &limit_ms, sizeof limit_ms);
    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
    assert_int_equal(zmq_connect(monitor, "inproc://monitor"), 0);
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", site.ports[0]);
    assert_int_equal(zmq_connect(socket, endpoint), 0);
    const int over = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                     ZMQ_EVENT_DISCONNECTED;
    while (!(event & over)) {
        uint8_t data[6], address[256];
        assert_int_equal(zmq_recv(monitor, data, sizeof data, 0), 6);
        memcpy(&event, data, sizeof event);
        assert_true(zmq_recv(monitor, address, sizeof address, 0) >= 0);
    }
    assert_int_not_equal(event, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    zmq_socket_monitor(socket, NULL, 0);
    zmq_close(socket);
    zmq_close(monitor);
    zmq_ctx_term(context);
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    answers(&asker);
    asker_close(&asker);
}

void key_without_the_right_is_refused(void **state)
{
    struct asker asker;
    struct answer answer;
    uint8_t letter[] = {0x08, 0x01, 0x10, 0x02, 0x18, 0x01};
    struct envelope envelope = {
            .id = 1, .type = REPLAY, .request_id = "right-1", .payload = {letter, sizeof letter}};
    (void)state;
    ready();
    asker_open(&asker, &site, SERVICE_CLIENT, &weak, true); /* neither act nor query */
    asker_ask(&asker, FRAME_COMMANDS, subject->id, &envelope, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_NAK);
    assert_int_equal(answer.reason, NAK_DENIED);
    query(&asker, HISTORY, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_NAK);
    assert_int_equal(answer.reason, NAK_DENIED);
    asker_ask(&asker, FRAME_EVENTS, subject->id, &envelope, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_NAK);
    assert_int_equal(kit_metric(&process, "events_in"), 0);
    asker_close(&asker);
    asker_open(&asker, &site, SERVICE_CLIENT, &clerk, true); /* act, and not operate */
    asker_ask(&asker, FRAME_COMMANDS, subject->id, &envelope, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_REPLIES);
    assert_int_equal(answer.verdict, REPLY_FAILED + ERR_DENIED);
    assert_int_not_equal(strlen(answer.text), 0);
    struct envelope look = {.id = 2, .type = LOOK, .request_id = ""};
    asker_ask(&asker, FRAME_COMMANDS, subject->id, &look, REASONABLE_MS, &answer);
    assert_int_not_equal(answer.verdict, VERDICT_APPLIED);
    asker_close(&asker);
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    asker_ask(&asker, FRAME_COMMANDS, subject->id, &look, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_REPLIES);
    assert_int_equal(answer.verdict, VERDICT_APPLIED);
    asker_close(&asker);
}

/* Fields of later versions in the batch, in the envelope and in the message are passed over. */
void message_of_a_later_version_is_applied(void **state)
{
    struct asker asker;
    struct answer answer;
    int64_t id = id_next();
    BUF_OWNED plain = {0};
    BUF_OWNED payload = {0};
    uint8_t size[10];
    struct envelope envelope = message(id);
    (void)state;
    ready();
    asker_open(&asker, &site, subject->source, &peer, true);
    batch_begin(&payload, asker.incarnation);
    size_t head = payload.size;
    buf_add(&plain, payload.data, head);
    batch_add(&plain, &envelope);
    /* The envelope's bytes stand behind its tag and its length, which has one byte or two. */
    size_t at = head + ((uint8_t)plain.data[head + 1] > 0x7f ? 3 : 2);
    size_t inner = plain.size - at;
    buf_add(&payload, "\x12", 1);
    buf_add(&payload, size, varint(size, inner + 3));
    buf_add(&payload, plain.data + at, inner);
    buf_add(&payload, NEW_FIELD NEW_FIELD, 6);
    asker_post(&asker, FRAME_EVENTS, subject->id, id, &payload);
    asker_take(&asker, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_ACKS);
    assert_int_equal(answer.acked, 1);
    assert_int_equal(seen(id), 1);
    assert_int_equal(letters(id), 0);
    asker_close(&asker);
}

/* More than the fault point makes of it by itself. */
static bool stale_counted(void)
{
    int64_t count = kit_metric(&process, "stale");
    return count > faults_fired("frame_stale");
}

void message_of_another_incarnation_changes_nothing(void **state)
{
    struct asker asker;
    struct answer answer;
    int64_t id = id_next();
    struct envelope envelope = message(id);
    (void)state;
    ready();
    asker_open(&asker, &site, subject->source, &peer, true);
    asker.incarnation -= 1;
    asker_ask(&asker, FRAME_EVENTS, subject->id, &envelope, 500, &answer);
    assert_int_equal(answer.kind, 0);
    KIT_UNTIL(&site, (asker_turn(&asker), stale_counted()));
    assert_int_equal(kit_metric(&process, "works"), 0);
    assert_int_equal(seen(id), -1);
    asker.incarnation += 1;
    asker_ask(&asker, FRAME_EVENTS, subject->id, &envelope, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_ACKS);
    assert_int_equal(seen(id), 1);
    asker_close(&asker);
}

/* A message that cannot be read is kept with its reason and acknowledged; one of an unknown type is
 * neither acknowledged nor thrown away; the stream of another aggregate goes on meanwhile. */
void message_that_cannot_be_applied_is_kept(void **state)
{
    static const uint8_t garbage[] = {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00};
    struct asker asker;
    struct answer answer;
    int64_t id = id_next(), other = id_next();
    struct envelope envelope = {.id = id_next(),
            .agg = id,
            .n = 1,
            .type = subject->event,
            .payload = {garbage, sizeof garbage}};
    (void)state;
    ready();
    asker_open(&asker, &site, subject->source, &peer, true);
    asker_ask(&asker, FRAME_EVENTS, subject->id, &envelope, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_ACKS);
    assert_int_equal(answer.acked, 1);
    assert_int_equal(letters(id), 1);
    /* A commit that was not confirmed is found as a duplicate; the gauge says it then. */
    if (!faults_fired("pg_commit_lost_after") && !faults_fired("pg_warning"))
        assert_true(told("ERROR DEAD-LETTER"));
    assert_true(seen(id) <= 0);
    envelope.id = id_next();
    envelope.agg = other;
    envelope.type = TYPE_NOBODYS;
    asker_ask(&asker, FRAME_EVENTS, subject->id, &envelope, 500, &answer);
    assert_int_equal(answer.acked, 0);
    assert_int_equal(letters(other), 0);
    assert_true(seen(other) <= 0);
    asker_close(&asker);
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    answers(&asker);
    asker_close(&asker);
}

/* Intake alone reads polygons, with the first report after a change of the directory. The report is
 * taken (or was, when the answer got lost): it is placed by its unit's code. */
void polygon_that_is_not_valid_is_told(void **state)
{
    static const uint8_t report[] = {0x0a, 2, 't', '1', 0x12, 1, 'M', 0x32, 1, 'S'};
    struct envelope envelope = {.id = 1,
            .type = subject->command,
            .request_id = "grid-1",
            .payload = {report, sizeof report}};
    struct asker asker;
    struct answer answer;
    (void)state;
    if (subject->id != SERVICE_INTAKE)
        skip();
    kit_pg_run(site.pg, "INSERT INTO directory.grid VALUES (2, '\\x00');"
                        "UPDATE directory.site SET version = version + 1");
    ready();
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    ask(&asker, FRAME_COMMANDS, &envelope, &answer);
    assert_int_equal(answer.kind, FRAME_REPLIES);
    assert_true(answer.verdict == VERDICT_APPLIED || answer.verdict == VERDICT_DUPLICATE);
    KIT_UNTIL(&site, told("WARN  INTAKE-GRIDS-REFUSED"));
    asker_close(&asker);
    kit_pg_run(site.pg, "DELETE FROM directory.grid;"
                        "UPDATE directory.site SET version = version + 1");
}
