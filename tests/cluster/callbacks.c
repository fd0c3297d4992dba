/* Callbacks and notices of the real process: reports come in over HTTP, a subscriber on loopback is
 * told, and intake is killed again and again in the middle. The subscriber, who honours ids, has
 * each report once, signed; none is skipped. A reporter is told by the gateway, and that the
 * contact was read for it is on record. That a lease ends is said by SQL, where it takes half a
 * minute. */
#include "services/intake/callback/test_receiver.h"
#include <curl/curl.h>
#include <libgen.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include "services/intake/callback/sign.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/base/seal.h"
#include "tests/kit/cluster.h"

#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define LIVES 8
#define REPORTS 6 /* in each life */
#define CALLER ",\"caller\":{\"name\":\"张三\",\"phone\":\"13800001111\"}}"
#define OPEN311                                                                                    \
    "[open311]\nurl=http://h\ncontact=c\nkey_service=k\n[jurisdiction a.org]\ndefault=true\n"      \
    "[service a.org 001]\nname=Light\nmatter=M\n"
#define FORM                                                                                       \
    "service_code=001&address_id=A1&description=dark&first_name=Anna&phone=(0138)+0000.2222"
#define BODY "{\"matter\":\"M\",\"text\":\"dark\",\"unit_codes\":[\"D\",\"S\"]"

static struct kit_site site;
static struct kit_process process;

static const struct seal_keys keys = {1, {{5}}};

static void key_write(const char *name)
{
    char hex[2 * SEAL_KEY_SIZE + 1], path[KIT_PATH_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/%s", site.dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)sodium_bin2hex(hex, sizeof hex, keys.list[0], SEAL_KEY_SIZE);
    (void)fprintf(file, "%s\n", hex);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    (void)fclose(file);
}

static void open311_write(void)
{
    char path[KIT_PATH_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/open311.conf", site.dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(OPEN311, file) >= 0);
    (void)fclose(file);
}

static void subscriber_make(void)
{
    char hex[400], sql[700];
    BUF_OWNED sealed = {0};
    seal_close(&keys, "lamps", SECRET, strlen(SECRET), &sealed);
    (void)sodium_bin2hex(hex, sizeof hex, (const uint8_t *)sealed.data, sealed.size);
    (void)snprintf(sql, sizeof sql,
            "INSERT INTO intake.subscriber (name, url, secret, kinds) VALUES "
            "('lamps', 'http://127.0.0.1:%u/200', '\\x%s', '{1}')",
            receiver.port, hex);
    kit_pg_run(site.pg, sql);
}

static void site_up(void)
{
    char more[1200];
    struct keypair own;
    kit_key(&site, "intake", "intake", "", &own);
    kit_postgres(&site, true);
    kit_redis(&site, true);
    kit_broker(&site, 0, true);
    kit_broker(&site, 1, true);
    (void)snprintf(more, sizeof more,
            "[callback]\nkeys=%s/callback.key\nallow=127.0.0.1\nports=%u\ntimeout_s=1\n"
            "[notice]\nadapter=webhook\nurl=http://127.0.0.1:%u/sms\n"
            "[intake]\npersons=%s/persons.key\nopen311=%s/open311.conf\n",
            site.dir, receiver.port, receiver.port, site.dir, site.dir);
    open311_write();
    key_write("callback.key");
    key_write("persons.key");
    kit_conf(&site, "intake", "intake", more);
    subscriber_make();
}

static size_t discard(char *data, size_t size, size_t count, void *self)
{
    (void)data;
    (void)self;
    return size * count;
}

/* The status; 0: nobody answered. */
static long post(const char *path, const char *type, int number, const char *body)
{
    char url[100], key[64];
    long status = 0;
    const char *port = strstr(kit_log(&process), "INTAKE-HTTP-LISTENS");
    port = port ? strstr(port, "port=") : NULL;
    if (!port)
        return 0;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%ld/%s", strtol(port + 5, NULL, 10), path);
    (void)snprintf(key, sizeof key, "Idempotency-Key: r-%d", number);
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, key);
    headers = curl_slist_append(headers, type);
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 5000L);
    (void)curl_easy_perform(easy);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return status;
}

static bool report_taken(int number, const char *body)
{
    long status = post("v1/reports", "Content-Type: application/json", number, body);
    return status == 201 || status == 200;
}

static size_t distinct_heard(void)
{
    size_t distinct = 0;
    (void)pthread_mutex_lock(&receiver.lock);
    for (size_t i = 0; i < receiver.count; i++) {
        size_t j = 0;
        while (strcmp(receiver.list[j].id, receiver.list[i].id) != 0)
            j++;
        distinct += j == i;
    }
    (void)pthread_mutex_unlock(&receiver.lock);
    return distinct;
}

static long long delivered(void)
{
    return kit_pg_int(site.pg, "SELECT count(*) FROM intake.delivery WHERE done = 1");
}

static void assert_signed(const struct heard *heard)
{
    struct secret secret;
    const struct signed_text text = {
            heard->id, strtoll(heard->at, NULL, 10), heard->body, heard->size};
    assert_int_equal(secret_parse(SECRET, strlen(SECRET), &secret), OK);
    assert_true(signature_fits(&secret, &text, heard->signature));
}

static void intake_that_is_killed_tells_each_report_once(void **state)
{
    struct rng rng;
    (void)state;
    rng_seed(&rng, 7);
    for (int life = 0; life < LIVES; life++) {
        size_t enough = receiver_count(NULL) + (size_t)rng_below(&rng, REPORTS);
        kit_start(&site, "intake", 1, &process);
        for (int i = 0; i < REPORTS; i++)
            KIT_UNTIL(&site, report_taken(life * REPORTS + i, BODY "}"));
        KIT_UNTIL(&site, receiver_count(NULL) >= enough);
        kit_kill(&process);
        kit_pg_run(site.pg, "UPDATE intake.delivery SET due = now() WHERE done = 0");
    }
    kit_start(&site, "intake", 1, &process);
    KIT_UNTIL(&site, delivered() == LIVES * REPORTS);
    assert_int_equal(distinct_heard(), LIVES * REPORTS);
    for (size_t i = 0; i < receiver.count; i++)
        assert_signed(&receiver.list[i]);
    KIT_UNTIL(&site, kit_metric(&process, "callbacks_delivered") >= 0);
    kit_kill(&process);
}

/* The gateway has number and phone; that it was read stands in the report's history. */
static void reporter_is_told_and_the_reading_is_on_record(void **state)
{
    (void)state;
    receiver_forget();
    kit_pg_run(site.pg, "INSERT INTO intake.subscriber (name, url, kinds, channel) VALUES "
                        "('reporter', '', '{1,3,10}', 2)");
    kit_start(&site, "intake", 1, &process);
    KIT_UNTIL(&site, report_taken(1001, BODY CALLER));
    KIT_UNTIL(&site, report_taken(1002, BODY "}"));
    KIT_UNTIL(&site, kit_pg_int(site.pg, "SELECT count(*) FROM intake.delivery AS d JOIN "
                                         "intake.subscriber AS s ON s.id = d.subscriber "
                                         "WHERE s.channel = 2 AND d.done IN (1, 3)") == 2);
    assert_int_equal(receiver_count("/sms"), 1);
    for (size_t i = 0; i < receiver.count; i++)
        if (strcmp(receiver.list[i].path, "/sms") == 0)
            assert_non_null(strstr(receiver.list[i].body, "\"to\": \"13800001111\""));
    assert_int_equal(kit_pg_int(site.pg, "SELECT count(*) FROM intake.history WHERE kind = 8 AND "
                                         "actor = 'system:notice'"),
            1);
    assert_null(strstr(kit_log(&process), "13800001111"));
    assert_int_equal(kit_pg_int(site.pg, "SELECT count(*) FROM intake.delivery AS d WHERE "
                                         "d::text LIKE '%13800001111%'"),
            0);
    kit_kill(&process);
}

/* Who reports by Open311 is a caller like others. */
static void reporter_by_open311_is_told(void **state)
{
    static const char type[] = "Content-Type: application/x-www-form-urlencoded";
    bool told = false;
    (void)state;
    receiver_forget();
    kit_start(&site, "intake", 1, &process);
    KIT_UNTIL(&site, post("open311/v2/requests.json", type, 2001, FORM) == 200);
    KIT_UNTIL(&site, receiver_count("/sms") == 1);
    for (size_t i = 0; i < receiver.count; i++)
        told = told || (strcmp(receiver.list[i].path, "/sms") == 0 &&
                               strstr(receiver.list[i].body, "\"to\": \"0138 0000-2222\""));
    assert_true(told);
    assert_null(strstr(kit_log(&process), "0000-2222"));
    kit_kill(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(intake_that_is_killed_tells_each_report_once),
            cmocka_unit_test(reporter_is_told_and_the_reading_is_on_record),
            cmocka_unit_test(reporter_by_open311_is_told)};
    char self[KIT_PATH_SIZE] = "";
    if (sodium_init() < 0 || readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        return 2;
    receiver_start();
    kit_site_open(&site, dirname(self), "intake");
    site_up();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kit_site_close(&site, failed != 0);
    receiver_stop();
    return failed;
}
