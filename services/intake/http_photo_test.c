/* Photos by HTTP, with everything behind it: the process that decodes, a directory, PostgreSQL. */
#include "tests/kit/store.h"
#undef HELD_MAX /* the kernel's; the double has its own */
#include "services/intake/http_double.h"
#include "services/intake/open311/jurisdiction.h"
#include <sys/resource.h>
#include <sys/stat.h>
#include "services/intake/photo/test_photos.h"
#include "services/intake/photo_desk.h"
#include "services/intake/qr.h"
#include "services/intake/store.h"
#include "services/intake/store_photo.h"

#define PHOTO_HEAD "POST /v1/photos HTTP/1.1\r\nHost: h\r\n"

static char folder[64];
static struct photo_desk *desk;

static int photos_setup(void **state)
{
    kit_store_start(&intake_ops, NULL);
    (void)snprintf(folder, sizeof folder, "/tmp/huying-photos-XXXXXX");
    return group_setup(state) || !mkdtemp(folder);
}

static int photos_teardown(void **state)
{
    BUF_OWNED command = {0};
    store_fini();
    kit_store_stop();
    buf_add_format(&command, "rm -r %s", folder);
    return group_teardown(state) || system(command.data) != 0;
}

static void desk_open(const char *conninfo)
{
    struct photo_store *store = NULL;
    BUF_OWNED why = {0};
    assert_int_equal(photo_store_directory(folder, &store, &why), OK);
    desk = photo_desk_new(store, conninfo);
}

static void photos_open(struct photo_desk *photos, struct tokens *tokens)
{
    static const uint8_t key[FOLLOW_KEY_SIZE] = {7};
    BUF_OWNED why = {0};
    struct follow_keys *follow = calloc(1, sizeof *follow);
    follow->count = 1;
    memcpy(follow->list[0], key, sizeof key);
    const struct http_config config = {.host = "127.0.0.1",
            .language = "en",
            .backend = {NULL, command_double, query_double, directory_double, photos},
            .clock = clock_manual(&manual),
            .files = {[FILE_FOLLOW] = follow, [FILE_TOKENS] = tokens}};
    assert_int_equal(http_new(&config, &http, &why), OK);
}

static int photo_setup(void **state)
{
    (void)state;
    kit_store_clear("photo, report_photo");
    desk_open(kit_pg_conninfo(kit_store.server, "postgres"));
    photos_open(desk, NULL);
    return 0;
}

static int photo_teardown(void **state)
{
    (void)state;
    http_destroy(&http);
    photo_desk_destroy(&desk);
    return 0;
}

static int photo_post(const char *headers, const void *data, size_t size)
{
    BUF_OWNED request = {0};
    buf_add_format(&request, PHOTO_HEAD "%sContent-Length: %zu\r\n\r\n", headers, size);
    buf_add(&request, data, size);
    return exchange(request.data, request.size);
}

static char name[PHOTO_NAME_SIZE];

static void photo_send(int width)
{
    BUF_OWNED file = {0};
    test_jpeg((uint32_t)width, 300, 0, &file);
    test_jpeg_exif(&file, 6, true);
    expect("a photo", photo_post("", file.data, file.size), 201, "{\"photo\":\"");
    const char *at = strstr(answer, "{\"photo\":\"");
    (void)snprintf(name, sizeof name, "%s", at + strlen("{\"photo\":\""));
}

static int shown_get(const char *suffix, const char *headers)
{
    char path[160];
    (void)snprintf(path, sizeof path, "/v1/photos/%s%s", name, suffix);
    return get(path, headers);
}

/* The row of the photo that was sent last, as "kept width height". */
static void assert_row(const char *wanted)
{
    BUF_OWNED sql = {0};
    buf_add_format(&sql,
            "SELECT coalesce((SELECT concat_ws(' ', p.kept, p.width, p.height) FROM intake.photo "
            "AS p "
            "WHERE encode(p.hash, 'hex') = '%s'), 'none')",
            name);
    PGresult *rows = kit_pg_sql(kit_store.server, sql.data);
    assert_string_equal(PQgetvalue(rows, 0, 0), wanted);
    PQclear(rows);
}

static void sql(const char *text)
{
    PQclear(kit_pg_sql(kit_store.server, text));
}

static void a_photo_is_taken_and_shown(void **state)
{
    char first[PHOTO_NAME_SIZE], location[128];
    (void)state;
    photo_send(400);
    memcpy(first, name, sizeof first);
    (void)snprintf(location, sizeof location, "Location: /v1/photos/%s\r\n", first);
    expect("where it is", 201, 201, location);
    expect("its size, upright", 201, 201, "\"width\":300,\"height\":400,\"bytes\":");
    assert_row("t 300 400");
    expect("shown", shown_get("", ""), 200, "Content-Type: image/jpeg\r\n");
    expect("as a picture", 200, 200, "Content-Security-Policy: default-src 'none'; sandbox\r\n");
    uint8_t hash[PHOTO_HASH_SIZE], wanted[PHOTO_HASH_SIZE];
    const char *body = strstr(answer, "\r\n\r\n") + 4;
    size_t size = strtoul(strstr(answer, "Content-Length: ") + 16, NULL, 10);
    crypto_hash_sha256(hash, (const uint8_t *)body, size);
    assert_true(photo_name_read(first, wanted));
    assert_memory_equal(hash, wanted, sizeof hash);
    expect("small", shown_get("/thumb", ""), 200, "Content-Type: image/jpeg\r\n");
    photo_send(400);
    assert_string_equal(name, first);
}

static void what_is_no_photo_is_told(void **state)
{
    static const struct {
        const char *body;
        size_t size;
        int status;
        const char *said;
    } table[] = {{"", 0, 422, "\"title\":\"photo_empty\""},
            {"%PDF-1.7 photo.jpg", 18, 422, "\"title\":\"photo_type\""},
            {"\xff\xd8\xff\xe0 half", 9, 422, "\"title\":\"photo_broken\""}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++)
        expect(table[i].said,
                photo_post("Content-Type: image/jpeg\r\n", table[i].body, table[i].size),
                table[i].status, table[i].said);
    expect("English", 422, 422, "cannot be decoded to its end");
    expect("Chinese", photo_post("Accept-Language: zh\r\n", "x", 1), 422, "不是 JPEG");
    expect("too large",
            exchange(PHOTO_HEAD "Content-Length: 8388609\r\n\r\n",
                    strlen(PHOTO_HEAD "Content-Length: 8388609\r\n\r\n")),
            413, "\"limit\":8388608");
    PGresult *rows = kit_pg_sql(kit_store.server, "SELECT count(*) FROM intake.photo");
    assert_string_equal(PQgetvalue(rows, 0, 0), "0");
    PQclear(rows);
}

static void what_is_not_there_is_told(void **state)
{
    static const char *const names[] = {
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "x", "..",
            "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)snprintf(name, sizeof name, "%s", names[i]);
        expect(name, shown_get("", ""), 404, "no_such_photo");
        expect(name, shown_get("/thumb", ""), 404, "no_such_photo");
    }
    expect("method", get("/v1/photos", ""), 405, "Allow: POST");
}

static void a_site_without_photos_says_so(void **state)
{
    (void)state;
    http_destroy(&http);
    photos_open(NULL, NULL);
    expect("posted", photo_post("", "x", 1), 501, "[intake] photos");
    (void)snprintf(name, sizeof name, "%064d", 0);
    expect("asked for", shown_get("", ""), 501, "no_photos");
}

static void with_tokens_one_is_needed(void **state)
{
    (void)state;
    photo_send(200);
    http_destroy(&http);
    photos_open(desk, tokens_make());
    expect("posted", photo_post("", "x", 1), 401, "unauthorized");
    expect("shown", shown_get("", ""), 401, "unauthorized");
    expect("posted with one", photo_post(BEARER("secret-a"), "x", 1), 422, "photo_type");
    expect("shown with one", shown_get("", BEARER("secret-b")), 200, "image/jpeg");
}

/* A report that names the photo, and one that does not: to whoever has a code, only the photos of
 * its own report exist. */
static void a_code_shows_the_photos_of_its_report(void **state)
{
    static const struct follow_keys keys = {.count = 1, .list = {{7}}};
    BUF_OWNED insert = {0};
    char codes[2][FOLLOW_CODE_SIZE], numbers[2][CASE_NUMBER_SIZE];
    (void)state;
    photo_send(250);
    PGresult *site = kit_pg_sql(kit_store.server, "SELECT number, letters FROM directory.site");
    int number = (int)strtol(PQgetvalue(site, 0, 0), NULL, 10);
    for (int i = 0; i < 2; i++) {
        int64_t id = id_make(number, SERVICE_INTAKE, 41 + i);
        follow_code_make(&keys, id, codes[i]);
        case_number_format(numbers[i], PQgetvalue(site, 0, 1), id, NOW, 28800);
        buf_reset(&insert);
        buf_add_format(&insert,
                "INSERT INTO intake.report_photo (report, photo) SELECT %" PRId64
                ", p.hash FROM intake.photo AS p WHERE (encode(p.hash, 'hex') = '%s') = %s",
                id, name, i ? "false" : "true");
        sql(insert.data);
    }
    PQclear(site);
    http_destroy(&http);
    photos_open(desk, tokens_make());
    const struct {
        const char *number, *code;
        int status;
    } table[] = {{numbers[0], codes[0], 200}, {numbers[0], codes[1], 404},
            {numbers[1], codes[1], 404}, {numbers[1], codes[0], 404}, {"XX-1", codes[0], 404},
            {numbers[0], "0000000000", 404}, {numbers[0], "", 404}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        BUF_OWNED suffix = {0};
        BUF_OWNED header = {0};
        buf_add_format(&suffix, "/thumb?report=%s", table[i].number);
        buf_add_format(&header, "Huying-Code: %s\r\n", table[i].code);
        expect(table[i].number, shown_get(suffix.data, header.data), table[i].status, NULL);
    }
    expect("without a report", shown_get("", "Huying-Code: 0000000000\r\n"), 401, NULL);
}

struct waited {
    uint32_t verdict;
};

static void waited_done(void *self, const struct envelope *reply)
{
    struct waited *waited = self;
    waited->verdict = reply->verdict;
}

static void await_event(const struct log_watch *watch, const char *text)
{
    struct clock clock = clock_system();
    int64_t until = clock.monotonic_ms(clock.self) + DEADLINE_MS;
    while (!strstr(log_seen(watch), text) && clock.monotonic_ms(clock.self) < until)
        (void)poll(NULL, 0, 10);
    if (!strstr(log_seen(watch), text))
        fail_msg("expected %s in:\n%s", text, log_seen(watch));
}

static void without_the_database_nothing_is_taken(void **state)
{
    BUF_OWNED file = {0};
    (void)state;
    http_destroy(&http);
    photo_desk_destroy(&desk);
    desk_open("host=/nowhere/at/all");
    photos_open(desk, NULL);
    test_png(64, 48, 3, &file);
    struct log_watch watch;
    log_watch(&watch);
    int status = photo_post("", file.data, file.size);
    await_event(&watch, "WARN  INTAKE-PHOTOS-NOT-SWEPT");
    await_event(&watch, "ERROR INTAKE-PHOTO-NOT-KEPT");
    log_unwatch(&watch);
    expect("away", status, 503, "photo_busy");
}

/* A file that cannot be read, and a machine on which nothing more can be started. */
static void an_operator_is_told(void **state)
{
    BUF_OWNED path = {0};
    BUF_OWNED file = {0};
    struct log_watch watch;
    struct rlimit kept;
    (void)state;
    photo_send(240);
    buf_add_format(&path, "%s/%.2s/%s.jpg", folder, name, name);
    assert_int_equal(unlink(path.data), 0);
    expect("it is gone", shown_get("", ""), 404, "no_such_photo");
    assert_int_equal(mkdir(path.data, 0700), 0);
    log_watch(&watch);
    expect("it cannot be read", shown_get("", ""), 503, "photo_busy");
    await_event(&watch, "ERROR INTAKE-PHOTO-NOT-SHOWN");
    log_unwatch(&watch);
    assert_int_equal(rmdir(path.data), 0);
    test_png(64, 48, 3, &file);
    struct waited waited = {0};
    const struct desk_errand errand = {
            .photo = {(uint8_t *)file.data, file.size}, .done = waited_done, .self = &waited};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    log_watch(&watch);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){1, kept.rlim_max}), 0);
    assert_int_equal(photo_desk_ask(desk, &errand), OK);
    await_event(&watch, "ERROR INTAKE-PHOTO-DECODER");
    photo_desk_destroy(&desk);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
    log_unwatch(&watch);
    assert_int_equal(waited.verdict, DESK_FAULT + PHOTO_AWAY);
}

static void lost_connections_are_made_anew(void **state)
{
    (void)state;
    photo_send(210);
    sql("SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a WHERE a.pid <> "
        "pg_backend_pid() AND a.backend_type = 'client backend' AND a.query LIKE '%photo%'");
    photo_send(220);
    photo_send(230);
    assert_row("t 300 230");
}

/* Each open upload has memory of its own: one more than there may be is told to come again. */
static void uploads_at_once_are_limited(void **state)
{
    int lines[8];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        lines[i] = dial();
        static const char begin[] = PHOTO_HEAD "Content-Length: 1000\r\n\r\n\xff\xd8\xff";
        say(lines[i], begin, strlen(begin));
    }
    int status = 0;
    for (int i = 0; i < 1000 && status != 503; i++) /* until the eight are all being read */
        status = photo_post("", "x", 1);
    expect("the ninth", status, 503, "photo_busy");
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        (void)close(lines[i]);
    for (int i = 0; i < 1000 && status != 422; i++)
        status = photo_post("", "x", 1);
    expect("when they are gone", status, 422, "photo_type");
}

#define HEX32 "0123456789abcdef0123456789abcdef"

/* The names in a report's JSON; that they are there is the store's to say. */
static void names_in_a_report_are_read(void **state)
{
    static const struct {
        const char *photos;
        int status;
        const char *said;
    } table[] = {{"[]", 201, "accepted"}, {"[\"" HEX32 HEX32 "\"]", 201, "accepted"},
            {"[\"" HEX32 "\"]", 422, "no_photo_name"}, {"[1]", 422, "no_photo_name"},
            {"\"" HEX32 HEX32 "\"", 422, "wrong_type"},
            {"[1,2,3,4,5,6,7,8,9,10]", 422, "too_many"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        BUF_OWNED body = {0};
        BUF_OWNED key = {0};
        buf_add_format(&body, "{\"matter\":\"LIGHT\",\"photos\":%s}", table[i].photos);
        buf_add_format(&key, "Idempotency-Key: photos-%zu\r\n", i);
        expect(table[i].photos, post(key.data, body.data, body.size), table[i].status,
                table[i].said);
        if (table[i].status == 422)
            expect(table[i].photos, 422, 422, "\"field\":\"photos\"");
    }
}

struct dropped {
    char names[8][PHOTO_NAME_SIZE];
    size_t count;
    enum err err;
};

static enum err drop(void *self, const uint8_t hash[PHOTO_HASH_SIZE], struct buf *why)
{
    struct dropped *dropped = self;
    (void)why;
    photo_name(hash, dropped->names[dropped->count++]);
    return dropped->err;
}

/* Old ones that nobody names; what could not be removed stays on record, and goes the next time. */
static void what_nobody_names_is_removed_after_a_day(void **state)
{
    static const char *const rows[] = {
            "(decode(repeat('01', 32), 'hex'), true, now() - interval '25 hours')", /* goes */
            "(decode(repeat('02', 32), 'hex'), true, now() - interval '23 hours')",
            "(decode(repeat('03', 32), 'hex'), true, now() - interval '25 hours')",  /* named */
            "(decode(repeat('04', 32), 'hex'), false, now() - interval '25 hours')", /* goes */
            "(decode(repeat('05', 32), 'hex'), false, now())",
            "(decode(repeat('06', 32), 'hex'), false, now() - interval '25 hours')"}; /* named */
    BUF_OWNED insert = {0};
    BUF_OWNED why = {0};
    struct dropped dropped = {.err = ERR_TRANSIENT};
    size_t removed = 0;
    (void)state;
    http_destroy(&http);
    photo_desk_destroy(&desk); /* it sweeps, too */
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buf_reset(&insert);
        buf_add_format(&insert,
                "INSERT INTO intake.photo (hash, width, height, size, kept, created) "
                "SELECT v.hash, 1, 1, 1, v.kept, v.at FROM (VALUES %s) AS v (hash, kept, at)",
                rows[i]);
        sql(insert.data);
    }
    sql("INSERT INTO intake.report_photo (report, photo) VALUES (1, decode(repeat('03', 32), "
        "'hex')), "
        "(2, decode(repeat('06', 32), 'hex'))");
    struct photo_book *book = photo_book_new(kit_pg_conninfo(kit_store.server, "postgres"));
    assert_int_equal(photo_book_sweep(book, drop, &dropped, &removed, &why), ERR_TRANSIENT);
    assert_int_equal(dropped.count, 1);
    dropped = (struct dropped){0};
    assert_int_equal(photo_book_sweep(book, drop, &dropped, &removed, &why), OK);
    assert_int_equal(removed, 2);
    assert_int_equal(dropped.count, 2);
    PGresult *left = kit_pg_sql(kit_store.server,
            "SELECT string_agg(left(encode(p.hash, 'hex'), 2) || CASE WHEN p.kept THEN 'k' ELSE '' "
            "END, ' ' ORDER BY p.hash) FROM intake.photo AS p");
    assert_string_equal(PQgetvalue(left, 0, 0), "02k 03k 05 06k");
    PQclear(left);
    photo_book_destroy(&book);
}

static void part_add(struct buf *body, const char *disposition, const void *data, size_t size)
{
    buf_add_format(body, "--x\r\nContent-Disposition: form-data; %s\r\n\r\n", disposition);
    buf_add(body, data, size);
    buf_add_text(body, "\r\n");
}

static int parts_send(const char *what, const struct buf *body)
{
    BUF_OWNED request = {0};
    buf_add_format(&request,
            "POST /open311/v2/%s.json HTTP/1.1\r\nHost: h\r\nContent-Type: "
            "multipart/form-data; boundary=x\r\nContent-Length: %zu\r\n\r\n",
            what, body->size);
    buf_add(&request, body->data, body->size);
    return exchange(request.data, request.size);
}

static void open311_serve(void)
{
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    static const char conf[] = "[open311]\nurl = http://h\ncontact = c\nkey_service = k\n"
                               "[jurisdiction a]\n[service a 1]\nname = n\nmatter = LIGHT\n";
    char path[] = "/tmp/huying-open311-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, conf, strlen(conf)), strlen(conf));
    (void)close(fd);
    assert_int_equal(jurisdictions_load(path, &list, &why), OK);
    (void)unlink(path);
    http_file_set(http, FILE_OPEN311, list);
}

/* Two pictures, one of them twice; then one that is none, and a desk that is not there. */
static void photos_come_with_a_service_request(void **state)
{
    BUF_OWNED one = {0};
    BUF_OWNED two = {0};
    BUF_OWNED body = {0};
    (void)state;
    open311_serve();
    test_jpeg(400, 300, 0, &one);
    test_jpeg(300, 200, 0, &two);
    part_add(&body, "name=service_code", "1", 1);
    part_add(&body, "name=address_id", "A", 1);
    part_add(&body, "name=media; filename=a.jpg", one.data, one.size);
    part_add(&body, "name=media; filename=b.jpg", two.data, two.size);
    part_add(&body, "name=uploads; filename=c.jpg", one.data, one.size);
    buf_add_text(&body, "--x--\r\n");
    expect("two photos", parts_send("requests", &body), 200, "service_request_id");
    assert_int_equal(loop_double.photos_given, 2);
    size_t reports = loop_double.report_count;
    buf_reset(&body);
    part_add(&body, "name=service_code", "1", 1);
    part_add(&body, "name=address_id", "A", 1);
    part_add(&body, "name=media; filename=a.jpg", "no photo", 8);
    buf_add_text(&body, "--x--\r\n");
    expect("none", parts_send("requests", &body), 400,
            "[{\"code\":400,\"description\":\"by its content");
    assert_int_equal(loop_double.report_count, reports);
}

/* As FixMyStreet sends them: of a report that is open they go with the urge, which the double knows
 * none of; later there is nothing that would keep them. */
static void photos_come_with_an_update(void **state)
{
    char number[CASE_NUMBER_SIZE];
    BUF_OWNED one = {0};
    BUF_OWNED body = {0};
    (void)state;
    open311_serve();
    loop_double.report_count = 0;
    expect("post", parts_send("requests", &body), 400, "does not begin and end");
    part_add(&body, "name=service_code", "1", 1);
    part_add(&body, "name=address_id", "A", 1);
    buf_add_text(&body, "--x--\r\n");
    expect("post", parts_send("requests", &body), 200, "service_request_id");
    case_number_format(number, "TT", loop_double.reports[0].base.id, NOW, 28800);
    test_jpeg(400, 300, 0, &one);
    buf_reset(&body);
    part_add(&body, "name=service_request_id", number, strlen(number));
    part_add(&body, "name=status", "OPEN", 4);
    part_add(&body, "name=photo1; filename=a.jpg", one.data, one.size);
    part_add(&body, "name=photo2; filename=a.jpg", one.data, one.size);
    buf_add_text(&body, "--x--\r\n");
    loop_double.photos_given = 0;
    expect("open", parts_send("servicerequestupdates", &body), 400, "the report was refused");
    assert_int_equal(loop_double.photos_given, 1);
    loop_double.reports[0].state = REPORT_CLOSED;
    loop_double.told = 0;
    expect("ended", parts_send("servicerequestupdates", &body), 400,
            "photo1 is a file, which is taken while the request is open");
    assert_int_equal(loop_double.told, 0);
}

/* Of a code that is not in force nothing is decoded. */
static void whoever_scanned_a_code_sends_photos_without_a_token(void **state)
{
    static const struct follow_keys keys = {1, {{7}}};
    static const struct {
        const char *part;
        int status;
        bool withdrawn;
        int64_t id;
    } cases[] = {{"{\"photo\":\"", 201, false, 77}, {"code_withdrawn", 410, true, 77},
            {"no_such_code", 404, false, 78}};
    char token[QR_TOKEN_SIZE];
    BUF_OWNED file = {0};
    (void)state;
    test_jpeg(40, 30, 0, &file);
    qr_token_make(&keys, 77, token);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUF_OWNED request = {0};
        loop_double.code = (struct qr_code){.id = cases[i].id,
                .kind = QR_PERSON,
                .withdrawn = cases[i].withdrawn,
                .name = "",
                .ref = "",
                .url = "",
                .matters = {{"LIGHT", "", ""}},
                .matter_count = 1,
                .unit_code = "",
                .unit_zh = "",
                .unit_en = ""};
        buf_add_format(&request,
                "POST /v1/qr/%s/photos HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\n"
                "Content-Length: %zu\r\n\r\n",
                token, file.size);
        buf_add(&request, file.data, file.size);
        expect(cases[i].part, exchange(request.data, request.size), cases[i].status, cases[i].part);
    }
    assert_int_equal(
            kit_pg_int(kit_store.server, "SELECT count(*) FROM intake.photo WHERE kept"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, photo_setup, photo_teardown)
            TEST(a_photo_is_taken_and_shown),
            TEST(what_is_no_photo_is_told),
            TEST(what_is_not_there_is_told),
            TEST(a_site_without_photos_says_so),
            TEST(with_tokens_one_is_needed),
            TEST(a_code_shows_the_photos_of_its_report),
            TEST(without_the_database_nothing_is_taken),
            TEST(an_operator_is_told),
            TEST(lost_connections_are_made_anew),
            TEST(uploads_at_once_are_limited),
            TEST(names_in_a_report_are_read),
            TEST(photos_come_with_a_service_request),
            TEST(photos_come_with_an_update),
            TEST(whoever_scanned_a_code_sends_photos_without_a_token),
            TEST(what_nobody_names_is_removed_after_a_day),
#undef TEST
    };
    return cmocka_run_group_tests(tests, photos_setup, photos_teardown);
}
