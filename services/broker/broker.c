/* A frame's way: who sent it (the key that CURVE proved and the allow-list knows), may he
 * (RULES), to whom (roster or token), and out with the header stamped in place and the payload
 * neither copied nor read.
 *
 * The allow-list is asked for every frame, because libzmq keeps a connection whose key was
 * revoked. A connection that has not said READY gets a READY back: it has to say READY first,
 * which is what a peer also does when a broker has forgotten it.
 *
 * To add a kind of frame: a line in FRAME_KIND_TABLE, a line in RULES. */
#include "services/broker/broker.h"

#include <glib.h>
#include <string.h>
#include "services/broker/port.h"
#include "services/kernel/base/must.h"
#include "services/kernel/bus/bus.h"

struct broker {
    struct broker_config config;
    void *context;
    struct zap *zap;
    void *sockets[PORT_COUNT];
    void *feed;
    char bound[PORT_COUNT][ENDPOINT_SIZE], feed_bound[ENDPOINT_SIZE];
    struct conns *conns;
    struct roster roster;
    struct broker_stats stats;
    int64_t now_ms, next_beat_ms;
};

/* A frame under way through the broker. `conn` is NULL until it has said READY. */
struct passing {
    enum port port;
    zmq_msg_t *message;
    const uint8_t *identity;
    struct peer peer;
    struct conn *conn;
    struct frame frame;
    size_t size; /* of the payload */
};

typedef void handle_fn(struct broker *broker, struct passing *passing);
static handle_fn ready_handle, heard_handle, grant_handle, bye_handle, spread_handle, acks_handle,
        replies_handle, feed_handle;

/* Who may send what. Rights: any one of them suffices; hotline keys reach intake with what is
 * allowed on the hotline's port. `counted`: has at least one envelope, and takes credit. */
static const struct rule {
    handle_fn *handle; /* NULL: no peer sends this */
    bool on_hotline, from_service, to_service, counted;
    uint32_t rights;
} RULES[BROKER_KINDS] = {
        [FRAME_READY] = {ready_handle, .on_hotline = true},
        [FRAME_HEARTBEAT] = {heard_handle, .on_hotline = true},
        [FRAME_GRANT] = {grant_handle, .on_hotline = true},
        [FRAME_BYE] = {bye_handle, .on_hotline = true},
        [FRAME_EVENTS] = {spread_handle, .from_service = true, .to_service = true, .counted = true},
        [FRAME_ACKS] = {acks_handle, .from_service = true, .to_service = true},
        [FRAME_COMMANDS] = {spread_handle, .on_hotline = true, .to_service = true, .counted = true,
                .rights = RIGHT_ACT | RIGHT_OPERATE},
        [FRAME_QUERIES] = {spread_handle, .on_hotline = true, .to_service = true, .counted = true,
                .rights = RIGHT_QUERY | RIGHT_OPERATE},
        [FRAME_REPLIES] = {replies_handle, .from_service = true},
        [FRAME_FEED] = {feed_handle, .from_service = true},
};

static void notice(struct broker *broker, enum broker_notice what, const struct peer *peer)
{
    if (broker->config.notice) {
        broker->config.notice(broker->config.self, what, peer);
    }
}

/* Sending */

static enum err small_send(
        struct broker *broker, enum port port, const uint8_t *identity, const struct frame *frame)
{
    zmq_msg_t message;
    must(zmq_msg_init_size(&message, FRAME_HEADER_SIZE) == 0);
    frame_encode(frame, zmq_msg_data(&message));
    enum err err = port_send(broker->sockets[port], identity, &message);
    if (err) {
        broker->stats.lost++;
        (void)zmq_msg_close(&message);
    }
    return err;
}

static void nak(struct broker *broker, const struct passing *passing, enum nak_reason reason)
{
    struct frame back = passing->frame;
    back.kind = FRAME_NAK;
    back.source = SERVICE_NONE;
    back.reason = reason;
    broker->stats.naks[reason]++;
    (void)small_send(broker, passing->port, passing->identity, &back);
}

/* The sender must say READY first. */
static void ready_ask(struct broker *broker, const struct passing *passing)
{
    struct frame ask = {.kind = FRAME_READY};
    broker->stats.unannounced++;
    (void)small_send(broker, passing->port, passing->identity, &ask);
}

static void conn_drop(struct broker *broker, struct conn *conn, enum broker_notice why)
{
    roster_leave(&broker->roster, &conn->instance);
    if (conn->serving) {
        notice(broker, why, &conn->peer);
    }
    conns_remove(broker->conns, conn);
}

/* Writes what we know of the sender over what he says of himself. */
static void stamp(const struct passing *passing, uint64_t token)
{
    struct frame stamped = passing->frame;
    stamped.source = passing->peer.service;
    stamped.rights = passing->peer.rights;
    stamped.token = token;
    memcpy(stamped.peer, passing->peer.name, PEER_SIZE);
    frame_encode(&stamped, zmq_msg_data(passing->message));
}

/* Moves the frame out. */
static enum err forward(struct broker *broker, struct passing *passing, const struct conn *to)
{
    const struct frame *frame = &passing->frame;
    stamp(passing, frame->kind == FRAME_REPLIES ? frame->token : passing->conn->token);
    enum err err = port_send(broker->sockets[to->port], to->identity, passing->message);
    if (!err) {
        broker->stats.forwarded++;
        broker->stats.forwarded_envelopes += frame->count;
        broker->stats.forwarded_bytes += passing->size;
    }
    return err;
}

/* Handlers: the frame is well-formed, its sender known and allowed to send it. */

/* By bucket, to one instance. When its credit is used up nobody else gets the frame: that would
 * mix up the spread and bring lock conflicts just when there is most to do. */
static void spread_handle(struct broker *broker, struct passing *passing)
{
    const struct frame *frame = &passing->frame;
    bool counted = RULES[frame->kind].counted;
    bool shared = counted && passing->peer.service == SERVICE_CLIENT;
    uint8_t share = conn_share(passing->conn->token);
    for (size_t tries = 0; tries <= ROSTER_INSTANCES_MAX; tries++) {
        struct instance *instance =
                roster_choose(&broker->roster, frame->dest, passing->peer.site, frame->bucket);
        if (!instance || (frame->site != 0 && frame->site != passing->peer.site)) {
            nak(broker, passing, NAK_NO_INSTANCE);
            return;
        }
        if ((counted && !instance_fits(instance, frame->count, passing->size)) ||
                (shared && !share_fits(instance, share, frame->count, passing->size))) {
            nak(broker, passing, NAK_NO_CREDIT);
            return;
        }
        struct conn *to = conn_of_instance(instance);
        enum err err = forward(broker, passing, to);
        if (err == ERR_AGAIN) {
            nak(broker, passing, NAK_NO_CREDIT);
            return;
        }
        if (!err) {
            if (counted) {
                instance_take(instance, frame->count, passing->size);
            }
            if (shared) {
                share_take(instance, share, frame->count, passing->size);
            }
            return;
        }
        bool self = to == passing->conn;
        conn_drop(broker, to, NOTICE_LEFT);
        if (self) {
            return; /* the sender itself is gone: nobody is there to be told */
        }
    }
}

/* To the instance that sent the messages, which can then forget them, or else to any instance of
 * its service: what counts is that the rows go. They take no credit. */
static void acks_handle(struct broker *broker, struct passing *passing)
{
    struct conn *to = conns_find_token(broker->conns, passing->frame.token);
    bool sender = to && roster_has(&broker->roster, &to->instance) &&
                  to->peer.service == passing->frame.dest && to->peer.site == passing->peer.site;
    if (!sender || forward(broker, passing, to) != OK) {
        spread_handle(broker, passing);
    }
}

static void replies_handle(struct broker *broker, struct passing *passing)
{
    struct conn *to = conns_find_token(broker->conns, passing->frame.token);
    share_release(&passing->conn->instance, conn_share(passing->frame.token), passing->frame.count);
    bool reachable = to && broker->now_ms - to->heard_ms <= BROKER_REPLY_SILENCE_MS;
    if (!reachable || forward(broker, passing, to) != OK) {
        nak(broker, passing, NAK_GONE);
    }
}

static void feed_handle(struct broker *broker, struct passing *passing)
{
    if (!broker->feed) {
        return;
    }
    stamp(passing, 0);
    const char *topic = service_name(passing->peer.service);
    if (port_publish(broker->feed, topic, passing->message) != OK) {
        broker->stats.lost++;
    }
}

static void heard_handle(struct broker *broker, struct passing *passing)
{
    (void)broker;
    (void)passing;
}

static void grant_handle(struct broker *broker, struct passing *passing)
{
    (void)broker;
    instance_grant(&passing->conn->instance, passing->frame.credit);
}

static void bye_handle(struct broker *broker, struct passing *passing)
{
    struct conn *conn = passing->conn;
    roster_leave(&broker->roster, &conn->instance);
    if (conn->serving) {
        notice(broker, NOTICE_LEFT, &conn->peer);
    }
    conn->serving = false;
}

static void welcome_send(struct broker *broker, const struct passing *passing)
{
    struct frame welcome = {.kind = FRAME_WELCOME,
            .credit = BUS_SILENCE_MS,
            .token = passing->conn->token,
            .serial = passing->frame.serial,
            .site = passing->peer.site};
    (void)small_send(broker, passing->port, passing->identity, &welcome);
}

/* Puts a connection among the instances of its key's service, when it takes messages at all. */
static enum err instance_ready(struct broker *broker, struct passing *passing)
{
    struct conn *conn = passing->conn;
    const struct frame *frame = &passing->frame;
    uint32_t credit = frame->credit < INSTANCE_CREDIT_MAX ? frame->credit : INSTANCE_CREDIT_MAX;
    if (!is_service(passing->peer.service) || passing->port != PORT_MAIN || credit == 0) {
        return OK;
    }
    conn->instance.service = passing->peer.service;
    conn->instance.site = passing->peer.site;
    conn->instance.seed = frame->serial ? frame->serial : conn->token;
    conn->instance.limit = credit;
    if (!conn->serving && !roster_has(&broker->roster, &conn->instance)) {
        enum err err = roster_join(&broker->roster, &conn->instance);
        if (err) {
            return err;
        }
        notice(broker, NOTICE_JOINED, &passing->peer);
    }
    conn->serving = true;
    return OK;
}

static void ready_handle(struct broker *broker, struct passing *passing)
{
    enum service_id named = passing->frame.source;
    bool hotline = passing->port == PORT_HOTLINE;
    bool allowed = (named == SERVICE_NONE || named == passing->peer.service) &&
                   (!hotline || (passing->peer.rights & RIGHT_HOTLINE));
    if (allowed && !passing->conn) {
        allowed = conns_add(broker->conns, passing->port, passing->identity, passing->peer.name,
                          &passing->conn) == OK;
    }
    if (!allowed) {
        notice(broker, NOTICE_REFUSED, &passing->peer);
        nak(broker, passing, NAK_DENIED);
        return;
    }
    passing->conn->peer = passing->peer;
    passing->conn->heard_ms = broker->now_ms;
    if (instance_ready(broker, passing) != OK) {
        notice(broker, NOTICE_REFUSED, &passing->peer);
        nak(broker, passing, NAK_DENIED);
        return;
    }
    welcome_send(broker, passing);
}

/* Receiving */

/* False when no authenticated key that is still on the list sent this. The User-Id stands on the
 * frame only: after zmq_poll libzmq 4.3.4 leaves it off the identity. */
static bool sender_known(struct broker *broker, struct passing *passing)
{
    const char *key = zmq_msg_gets(passing->message, "User-Id");
    if (!key || zap_peer(broker->zap, key, &passing->peer) != OK) {
        broker->stats.strangers++;
        if (passing->conn) {
            conn_drop(broker, passing->conn, NOTICE_REVOKED);
        }
        return false;
    }
    return true;
}

static bool frame_well_formed(const struct passing *passing)
{
    const struct rule *rule = &RULES[passing->frame.kind];
    if (passing->frame.kind == FRAME_ACKS && passing->size > BROKER_ACKS_SIZE_MAX) {
        return false;
    }
    return rule->handle && (!rule->counted || passing->frame.count > 0) &&
           (!rule->to_service || is_service(passing->frame.dest));
}

static bool frame_allowed(const struct passing *passing)
{
    const struct rule *rule = &RULES[passing->frame.kind];
    const struct peer *peer = &passing->peer;
    bool hotline = passing->port == PORT_HOTLINE;
    if ((hotline && !rule->on_hotline) || (rule->from_service && !is_service(peer->service))) {
        return false;
    }
    if (rule->rights == 0) {
        return true;
    }
    bool by_right = !hotline && (peer->rights & rule->rights) != 0;
    return by_right || ((peer->rights & RIGHT_HOTLINE) && passing->frame.dest == SERVICE_INTAKE);
}

/* Who was silent and is heard again takes part again: its connection lost nothing. */
static void conn_heard(struct broker *broker, struct passing *passing)
{
    struct conn *conn = passing->conn;
    conn->heard_ms = broker->now_ms;
    conn->peer = passing->peer;
    if (conn->serving && !roster_has(&broker->roster, &conn->instance)) {
        if (roster_join(&broker->roster, &conn->instance) == OK) {
            notice(broker, NOTICE_JOINED, &conn->peer);
        }
    }
}

static void frame_pass(struct broker *broker, struct passing *passing)
{
    const struct frame *frame = &passing->frame;
    broker->stats.frames[frame->kind]++;
    broker->stats.envelopes[frame->kind] += frame->count;
    if (!frame_well_formed(passing)) {
        broker->stats.malformed++;
        nak(broker, passing, NAK_MALFORMED);
    } else if (!passing->conn && frame->kind != FRAME_READY) {
        ready_ask(broker, passing);
    } else if (!frame_allowed(passing)) {
        nak(broker, passing, NAK_DENIED);
    } else {
        RULES[frame->kind].handle(broker, passing);
    }
}

/* True when the connection's key still means the service and site that it joined as. */
static bool conn_same(const struct conn *conn, const struct peer *peer)
{
    return conn->peer.service == peer->service && conn->peer.site == peer->site;
}

static void message_pass(struct broker *broker, enum port port, struct inbound *in)
{
    struct passing passing = {.port = port, .message = &in->parts[1]};
    passing.identity = zmq_msg_data(&in->parts[0]);
    if (zmq_msg_size(&in->parts[0]) != IDENTITY_SIZE || in->count < PORT_PARTS) {
        broker->stats.malformed++;
        return;
    }
    passing.conn = conns_find(broker->conns, port, passing.identity);
    if (!sender_known(broker, &passing)) {
        return;
    }
    if (passing.conn && !conn_same(passing.conn, &passing.peer)) {
        conn_drop(broker, passing.conn, NOTICE_REVOKED);
        passing.conn = NULL;
    }
    if (passing.conn) {
        conn_heard(broker, &passing);
    }
    size_t size = zmq_msg_size(passing.message);
    if (in->count != PORT_PARTS ||
            frame_decode(zmq_msg_data(passing.message), size, &passing.frame) != OK) {
        broker->stats.malformed++;
        nak(broker, &passing, NAK_MALFORMED);
        return;
    }
    passing.size = size - FRAME_HEADER_SIZE;
    frame_pass(broker, &passing);
}

static size_t port_drain(struct broker *broker, enum port port)
{
    size_t count = 0;
    struct inbound in;
    while (broker->sockets[port] && count < BROKER_TURN_FRAMES_MAX &&
            port_receive(broker->sockets[port], &in) == OK) {
        message_pass(broker, port, &in);
        inbound_fini(&in);
        count++;
    }
    return count;
}

/* What is due */

static void conn_beat(struct broker *broker, struct conn *conn)
{
    struct peer peer;
    if (zap_peer(broker->zap, conn->peer.key, &peer) != OK || !conn_same(conn, &peer)) {
        conn_drop(broker, conn, NOTICE_REVOKED);
        return;
    }
    bool silent = broker->now_ms - conn->heard_ms > BUS_SILENCE_MS;
    if (silent && conn->serving && roster_has(&broker->roster, &conn->instance)) {
        roster_leave(&broker->roster, &conn->instance);
        notice(broker, NOTICE_SILENT, &conn->peer);
    }
    struct frame beat = {.kind = FRAME_HEARTBEAT};
    if (small_send(broker, conn->port, conn->identity, &beat) == ERR_NOT_FOUND) {
        conn_drop(broker, conn, NOTICE_LEFT);
    }
}

static void feed_open(struct broker *broker)
{
    BUF_OWNED why = {0};
    const char *endpoint = broker->feed_bound[0] ? broker->feed_bound : broker->config.feed;
    char bound[ENDPOINT_SIZE];
    if (endpoint[0] && !broker->feed &&
            port_open(broker->context, ZMQ_PUB, endpoint, ZAP_DOMAIN_FEED,
                    broker->config.key.secret_key, &broker->feed, bound, &why) == OK) {
        memcpy(broker->feed_bound, bound, sizeof bound);
    }
}

static void beat(struct broker *broker)
{
    for (size_t i = 0; i < CONNS_MAX; i++) {
        struct conn *conn = conns_at(broker->conns, i);
        if (conn) {
            conn_beat(broker, conn);
        }
    }
    feed_open(broker); /* when it could not be bound again at once after broker_peers_changed */
    broker->next_beat_ms = broker->now_ms + BUS_HEARTBEAT_MS;
}

size_t broker_turn(struct broker *broker, int64_t now_ms)
{
    must(now_ms >= broker->now_ms);
    broker->now_ms = now_ms;
    size_t count = port_drain(broker, PORT_MAIN) + port_drain(broker, PORT_HOTLINE);
    if (now_ms >= broker->next_beat_ms) {
        beat(broker);
    }
    return count;
}

size_t broker_poll_items(struct broker *broker, zmq_pollitem_t *items, size_t max)
{
    size_t count = 0;
    must(max >= PORT_COUNT);
    for (size_t i = 0; i < PORT_COUNT; i++) {
        if (broker->sockets[i]) {
            items[count++] = (zmq_pollitem_t){.socket = broker->sockets[i], .events = ZMQ_POLLIN};
        }
    }
    return count;
}

/* A PUB socket shows no sender per message, so that a revoked subscriber can be put out only by
 * closing them all; the feed is lossy by intent and subscribers come back by themselves. */
void broker_peers_changed(struct broker *broker)
{
    if (broker->feed) {
        (void)zmq_close(broker->feed);
        broker->feed = NULL;
        feed_open(broker);
    }
    broker->next_beat_ms = broker->now_ms;
}

void broker_drain(struct broker *broker)
{
    struct frame bye = {.kind = FRAME_BYE};
    for (size_t i = 0; i < CONNS_MAX; i++) {
        struct conn *conn = conns_at(broker->conns, i);
        if (conn) {
            (void)small_send(broker, conn->port, conn->identity, &bye);
        }
    }
}

/* Life */

static enum err sockets_open(struct broker *broker, struct buf *why)
{
    const char *endpoints[PORT_COUNT] = {broker->config.bind, broker->config.hotline};
    const char *domains[PORT_COUNT] = {ZAP_DOMAIN, ZAP_DOMAIN_HOTLINE};
    enum err err = OK;
    for (size_t i = 0; i < PORT_COUNT && !err; i++) {
        if (endpoints[i][0]) {
            err = port_open(broker->context, ZMQ_ROUTER, endpoints[i], domains[i],
                    broker->config.key.secret_key, &broker->sockets[i], broker->bound[i], why);
        }
    }
    if (!err && broker->config.feed[0]) {
        err = port_open(broker->context, ZMQ_PUB, broker->config.feed, ZAP_DOMAIN_FEED,
                broker->config.key.secret_key, &broker->feed, broker->feed_bound, why);
    }
    return err;
}

enum err broker_new(const struct broker_config *config,
        void *context,
        struct zap *zap,
        struct broker **ret,
        struct buf *why)
{
    must(config->bind && config->hotline && config->feed && context && zap);
    struct broker *broker = g_new0(struct broker, 1);
    broker->config = *config;
    broker->context = context;
    broker->zap = zap;
    conns_new(config->rng, &broker->conns);
    enum err err = sockets_open(broker, why);
    if (err) {
        broker_destroy(&broker);
        return err;
    }
    *ret = broker;
    return OK;
}

void broker_destroy(struct broker **broker)
{
    if (!*broker) {
        return;
    }
    void *sockets[] = {
            (*broker)->sockets[PORT_MAIN], (*broker)->sockets[PORT_HOTLINE], (*broker)->feed};
    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        if (sockets[i]) {
            (void)zmq_close(sockets[i]);
        }
    }
    conns_destroy(&(*broker)->conns);
    g_free(*broker);
    *broker = NULL;
}

const char *broker_endpoint(const struct broker *broker, enum port port)
{
    return broker->bound[port];
}

const char *broker_feed_endpoint(const struct broker *broker)
{
    return broker->feed_bound;
}

const struct broker_stats *broker_stats(const struct broker *broker)
{
    return &broker->stats;
}

struct conns *broker_conns(struct broker *broker)
{
    return broker->conns;
}

const struct roster *broker_roster(const struct broker *broker)
{
    return &broker->roster;
}
