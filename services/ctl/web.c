#include "services/ctl/web.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/names.h"
#include "services/ctl/scrape.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/must.h"

#define URL_SIZE 2048
#define WAIT_MS 100

struct web {
    int port;
    CURLM *multi;
    CURL *idle[WEB_AT_ONCE];
    size_t idle_count;
};

/* One request under way. */
struct trip {
    struct web_request *request;
    struct curl_slist *head;
};

static int64_t web_now(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

int web_port(const struct ctl *ctl)
{
    char path[CTL_PATH_SIZE];
    g_autofree char *text = NULL;
    ctl_path(ctl, path, "run/ports");
    int port = g_file_get_contents(path, &text, NULL, NULL) ? port_find(text, "reports-1") : 0;
    if (port == 0)
        ctl_fail(ctl, "%s 里没有 reports-1:不知道上报的 HTTP 端口。用 deploy/run 启动站点",
                "%s has no reports-1: the HTTP port for reports is not known. Start the site with "
                "deploy/run",
                path);
    return port;
}

struct web *web_new(int port)
{
    struct web *web = must_memory(calloc(1, sizeof *web));
    must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    web->port = port;
    web->multi = must_memory(curl_multi_init());
    for (; web->idle_count < WEB_AT_ONCE; web->idle_count++)
        web->idle[web->idle_count] = must_memory(curl_easy_init());
    return web;
}

void web_destroy(struct web **web_)
{
    struct web *web = *web_;
    if (!web)
        return;
    *web_ = NULL;
    must(web->idle_count == WEB_AT_ONCE);
    for (size_t i = 0; i < WEB_AT_ONCE; i++)
        curl_easy_cleanup(web->idle[i]);
    (void)curl_multi_cleanup(web->multi);
    curl_global_cleanup();
    free(web);
}

static size_t answer_take(char *data, size_t size, size_t count, void *self)
{
    struct web_request *request = self;
    if (request->answer.size + size * count > WEB_ANSWER_MAX)
        return 0;
    buf_add(&request->answer, data, size * count);
    return size * count;
}

static void trip_begin(struct web *web, struct web_request *request)
{
    char url[URL_SIZE];
    CURL *easy = web->idle[--web->idle_count];
    struct trip *trip = must_memory(calloc(1, sizeof *trip));
    trip->request = request;
    buf_reset(&request->answer);
    for (const char *const *line = request->head; line && *line; line++)
        trip->head = must_memory(curl_slist_append(trip->head, *line));
    /* Without this line a larger body waits a second for a leave that nobody gives. */
    trip->head = must_memory(curl_slist_append(trip->head, "Expect:"));
    int size = snprintf(url, sizeof url, "http://127.0.0.1:%d%s", web->port, request->path);
    must(size > 0 && (size_t)size < sizeof url);
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, trip->head);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, trip);
    if (request->body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    }
    must(curl_multi_add_handle(web->multi, easy) == CURLM_OK);
}

/* `told`: it was answered; else it is given up. */
static void trip_end(struct web *web, CURL *easy, bool told)
{
    struct trip *trip = NULL;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&trip);
    if (told)
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &trip->request->status);
    (void)curl_multi_remove_handle(web->multi, easy);
    curl_slist_free_all(trip->head);
    free(trip);
    web->idle[web->idle_count++] = easy;
}

/* How many came to an end; `under_way` loses them. */
static size_t trips_end(struct web *web, CURL *under_way[WEB_AT_ONCE])
{
    int left = 0;
    size_t ended = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(web->multi, &left)); ended++) {
        CURL *easy = message->easy_handle;
        bool told = message->data.result == CURLE_OK;
        size_t at = 0;
        while (under_way[at] != easy)
            at++;
        under_way[at] = NULL;
        trip_end(web, easy, told);
    }
    return ended;
}

static void trip_place(CURL *under_way[WEB_AT_ONCE], CURL *easy)
{
    size_t at = 0;
    while (under_way[at])
        at++;
    under_way[at] = easy;
}

enum err web_ask(struct web *web, struct web_request *requests, size_t count, int64_t within_ms)
{
    CURL *under_way[WEB_AT_ONCE] = {NULL};
    const int64_t until_ms = web_now() + within_ms;
    size_t begun = 0, ended = 0;
    for (size_t i = 0; i < count; i++)
        requests[i].status = 0;
    while (ended < count && web_now() < until_ms) {
        int running;
        for (; begun < count && web->idle_count; begun++) {
            trip_place(under_way, web->idle[web->idle_count - 1]);
            trip_begin(web, &requests[begun]);
        }
        must(curl_multi_perform(web->multi, &running) == CURLM_OK);
        ended += trips_end(web, under_way);
        if (running)
            (void)curl_multi_poll(web->multi, NULL, 0, WAIT_MS, NULL);
    }
    for (size_t i = 0; i < WEB_AT_ONCE; i++)
        if (under_way[i])
            trip_end(web, under_way[i], false);
    for (size_t i = 0; i < count; i++)
        if (!requests[i].status)
            return ERR_TRANSIENT;
    return OK;
}
