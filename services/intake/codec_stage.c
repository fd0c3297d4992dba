/* Where cases stand: what routing says, what a source fetches and acknowledges; and the sentences
 * for it, made when they are fetched, from STAGE_TABLE, in the site's language. */
#include <protobuf-c/protobuf-c.h>
#include <string.h>
#include <time.h>
#include "proto/hotline.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/intake/check.h"
#include "services/intake/codec.h"
#include "services/intake/codec_open.h"
#include "services/intake/decide_callers.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/wire/message.h"

#define WORK_SIZE (4 << 20) /* one answer's messages, of OUTCOMES_MAX reports */

struct stage_text {
    const char *word, *zh, *en;
};

static const struct stage_text stages[STAGE_COUNT] = {
#define X(name, number, word, zh, en) [number] = {word, zh, en},
        STAGE_TABLE(X)
#undef X
};

enum err progress_ack_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Hotline__ProgressAck *message =
            request_open(&huying__hotline__progress_ack__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    const struct fault bad_case = {FAULT_ID, "case_id", INT64_MAX};
    const struct fault bad_version = {FAULT_COUNT, "version", INT32_MAX};
    if (message->case_id <= 0)
        return fault_report(&bad_case, arena, ret_why);
    if (message->version < 1 || message->version > INT32_MAX)
        return fault_report(&bad_version, arena, ret_why);
    struct progress_ack *body = arena_get(arena, sizeof *body);
    *body = (struct progress_ack){message->case_id, message->version};
    *ret_body = body;
    return OK;
}

enum err case_progressed_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Routing__CaseProgressed *message =
            request_open(&huying__routing__case_progressed__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    const struct fault bad_stage = {FAULT_COUNT, "stage", STAGE_COUNT - 1};
    const struct fault bad_instant = {FAULT_INSTANT, "at_ms", INSTANT_MAX_MS - 1};
    const struct fault bad_unit = {FAULT_ID, "unit", INT64_MAX};
    if (message->stage <= STAGE_NONE || message->stage >= STAGE_COUNT)
        return fault_report(&bad_stage, arena, ret_why);
    if (message->at_ms < 0 || message->at_ms >= INSTANT_MAX_MS || message->until_ms < 0 ||
            message->until_ms >= INSTANT_MAX_MS)
        return fault_report(&bad_instant, arena, ret_why);
    if (message->unit < 0)
        return fault_report(&bad_unit, arena, ret_why);
    struct case_progressed *body = arena_get(arena, sizeof *body);
    *body = (struct case_progressed){
            (enum stage)message->stage, message->at_ms, message->unit, message->until_ms};
    *ret_body = body;
    return OK;
}

/* As it is spoken: "10月1日8时12分", "10月1日8时", "1 October, 08:12", in the site's time. */
static void instant_say(int64_t at_ms, int utc_offset_s, bool english, struct buf *out)
{
    static const char *const months[] = {"January", "February", "March", "April", "May", "June",
            "July", "August", "September", "October", "November", "December"};
    time_t seconds = (time_t)(at_ms / 1000 + utc_offset_s);
    struct tm tm;
    must(gmtime_r(&seconds, &tm));
    if (english)
        buf_add_format(
                out, "%d %s, %02d:%02d", tm.tm_mday, months[tm.tm_mon], tm.tm_hour, tm.tm_min);
    else
        buf_add_format(out, "%d月%d日%d时", tm.tm_mon + 1, tm.tm_mday, tm.tm_hour);
    if (!english && tm.tm_min)
        buf_add_format(out, "%02d分", tm.tm_min);
}

/* A unit that the directory has no more is "the unit in charge". */
static const char *unit_said(const struct unit *unit, bool english)
{
    const char *name = !unit ? "" : english ? unit->name_en : unit->name_zh;
    if (*name)
        return name;
    return english ? "the unit in charge" : "承办单位";
}

void stage_say(const struct stage_reached *stage,
        enum intent intent,
        const struct directory *directory,
        struct buf *out)
{
    bool english = strcmp(intake_language(), "en") == 0;
    must(stage->stage > STAGE_NONE && stage->stage < STAGE_COUNT);
    const struct stage_text *text = &stages[stage->stage];
    buf_add_text(out, intent_subject(intent, english));
    for (const char *at = english ? text->en : text->zh; *at; at++) {
        if (at[0] == '[' && at[1] == ']')
            buf_add_text(out, unit_said(unit_find(directory, stage->unit), english));
        else if (at[0] == '<' && at[1] == '>')
            instant_say(stage->until_ms, directory_utc_offset_s(directory), english, out);
        else {
            buf_add(out, at, 1);
            continue;
        }
        at++;
    }
}

static Huying__Hotline__Stage *stage_message(const struct stage_reached *stage,
        enum intent intent,
        const struct directory *directory,
        struct arena *arena)
{
    Huying__Hotline__Stage *item = arena_get(arena, sizeof *item);
    const struct unit *unit = unit_find(directory, stage->unit);
    BUF_OWNED text = {0};
    huying__hotline__stage__init(item);
    stage_say(stage, intent, directory, &text);
    item->version = (uint32_t)stage->version;
    item->stage = text_lend(stages[stage->stage].word);
    item->at_ms = stage->at_ms;
    item->unit_code = text_lend(unit ? unit->code : "");
    item->until_ms = stage->until_ms;
    item->text = arena_text(arena, text.data, text.size);
    return item;
}

/* The source's tickets on the report: the first of them, and who else is told. */
static void progress_tickets(const struct report *report,
        const char *source,
        Huying__Hotline__CaseProgress *item,
        struct arena *arena)
{
    const struct report_course *course = &report->course;
    bool own = strcmp(report->source, source) == 0;
    item->ticket = text_lend(own ? report->ref : "");
    item->also = arena_array(arena, char *, CALLERS_MAX);
    for (int i = 0; i < course->caller_count; i++) {
        const struct caller *caller = &course->callers[i];
        bool is_meant = *caller->source ? strcmp(caller->source, source) == 0 : own;
        if (is_meant && *item->ticket)
            item->also[item->n_also++] = text_lend(caller->ref);
        else if (is_meant)
            item->ticket = text_lend(caller->ref);
    }
}

static Huying__Hotline__CaseProgress *progress_message(const struct report *report,
        const char *source,
        const struct directory *directory,
        struct arena *arena)
{
    const struct report_course *course = &report->course;
    Huying__Hotline__CaseProgress *item = arena_get(arena, sizeof *item);
    huying__hotline__case_progress__init(item);
    item->case_id = report->base.id;
    progress_tickets(report, source, item, arena);
    item->number = arena_array(arena, char, CASE_NUMBER_SIZE);
    case_number_format(item->number, directory_site_letters(directory), report->base.id,
            report->accepted_ms, directory_utc_offset_s(directory));
    item->stages = arena_array(arena, Huying__Hotline__Stage *, STAGES_MAX);
    int32_t told = progress_told(report, source);
    for (int i = 0; i < course->stage_count; i++)
        if (course->stages[i].version > told)
            item->stages[item->n_stages++] = stage_message(
                    &course->stages[i], (enum intent)course->intent, directory, arena);
    return item;
}

void progress_encode(const struct report *reports,
        size_t count,
        const char *source,
        const struct directory *directory,
        struct buf *out)
{
    struct arena arena;
    must(count <= OUTCOMES_MAX);
    arena_init(&arena, WORK_SIZE);
    Huying__Hotline__Progress message = HUYING__HOTLINE__PROGRESS__INIT;
    message.items = arena_array(&arena, Huying__Hotline__CaseProgress *, count + 1);
    message.n_items = count;
    for (size_t i = 0; i < count; i++)
        message.items[i] = progress_message(&reports[i], source, directory, &arena);
    message_add(&message.base, out);
    arena_fini(&arena);
}
