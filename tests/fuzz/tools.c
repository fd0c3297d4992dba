/* The smaller readers of huyingctl: figures and ports of the processes, the counts and words of a
 * profile's templates, the text of a step of history, a text as a terminal may show it. */
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/scrape.h"
#include "services/ctl/story.h"
#include "services/ctl/table.h"
#include "services/ctl/template.h"

#define ARENA_LIMIT ((size_t)8 << 20)
#define PORTS 4

static void metrics_try(const char *text)
{
    int64_t value = 0;
    (void)scrape_value(text, "huying_in_total", "kind=\"EVENTS\"", &value);
    (void)scrape_value(text, "huying_up", "", &value);
}

static void ports_try(const char *text)
{
    struct process_port ports[PORTS];
    size_t count = ports_read(text, ports, PORTS);
    must(count <= PORTS);
    for (size_t i = 0; i < count; i++)
        must(ports[i].port > 0 && ports[i].port < 65536 && ports[i].instance > 0 &&
                ports[i].name[0] != '\0' && strlen(ports[i].name) < sizeof ports[i].name);
}

/* The readers of a profile come behind csv.c, which has refused what is no UTF-8. */
static void counts_try(const char *text)
{
    static const struct template_place places[] = {{"1", "一", "9", "九"}, {"2", "二", "9", "九"},
            {"3", "三", "8", "八"}, {"4", "四", "8", "八"}};
    int counts[COUNT_OF(places)];
    BUF_OWNED zh = {0}, en = {0};
    if (!g_utf8_validate(text, -1, NULL))
        return;
    if (!template_counts(text, places, COUNT_OF(places), counts, &zh, &en)) {
        fuzz_reason(zh.data);
        fuzz_reason(en.data);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        must(counts[i] >= 0 && counts[i] <= COUNT_MAX);
}

static void words_try(const char *text)
{
    const struct template_values values = {
            .street = "1", .street_name = "一", .number = 3, .width = 2};
    int first = 0, last = 0, width = 0;
    BUF_OWNED out = {0};
    if (!g_utf8_validate(text, -1, NULL))
        return;
    if (template_range(text, &first, &last, &width))
        must(first >= 0 && last >= 0 && last <= COUNT_MAX && width >= 1 && width <= 6);
    (void)template_expand(text, &values, &out);
    if (out.size > 0)
        fuzz_text(out.data);
}

static void story_try(const char *text)
{
    const struct story_row row = {.service = SERVICE_INTAKE, .detail = text};
    must(story_text(&row, fuzz_arena(ARENA_LIMIT)) != NULL);
}

static void shown_try(const char *text)
{
    char *shown = text_shown(text);
    fuzz_text(shown);
    for (const char *at = shown; *at != '\0'; at++)
        must((unsigned char)*at >= ' ' && *at != 0x7f);
    g_free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(const char *) = {
            metrics_try, ports_try, counts_try, words_try, story_try, shown_try};
    size_t chosen = fuzz_choose(&data, &size, COUNT_OF(tries));
    char *text = fuzz_string(data, size);
    tries[chosen](text);
    free(text);
    return 0;
}
