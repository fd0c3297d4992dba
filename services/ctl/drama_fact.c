/* The facts that a story may expect, by name; docs/stories.md has them for people. A fact is a
 * text: an instant as the file writes it, a unit's code, a word of the services, a number. What is
 * not there is "-". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/drama.h"
#include "services/ctl/names.h"

enum form { FORM_WORD, FORM_INSTANT, FORM_UNIT, FORM_PHRASE };

/* About one case: name, column of routing.cases ("" = not from there), form */
static const struct {
    const char *name, *column;
    enum form form;
} FACTS[] = {{"state", "", FORM_WORD}, {"level", "", FORM_WORD}, {"handler", "handler", FORM_UNIT},
        {"unit", "unit", FORM_UNIT}, {"area", "area", FORM_UNIT}, {"escalations", "", FORM_WORD},
        {"overdue", "", FORM_WORD}, {"due", "due_at", FORM_INSTANT},
        {"first_due", "first_due_at", FORM_INSTANT}, {"step_due", "step_due_at", FORM_INSTANT},
        {"card", "warn_at", FORM_INSTANT}, {"promised", "promised_at", FORM_INSTANT},
        {"accepted", "accepted_at", FORM_INSTANT}, {"handled", "handled_at", FORM_INSTANT},
        {"ended", "ended_at", FORM_INSTANT}, {"handled_by", "handled_by", FORM_WORD},
        {"report", "", FORM_WORD}, {"mission", "", FORM_WORD}, {"need", "", FORM_WORD},
        {"parts", "", FORM_WORD}, {"duty", "", FORM_WORD}, {"listed", "", FORM_UNIT},
        {"top", "", FORM_UNIT}, {"similar", "", FORM_WORD}};
#define FACT_COUNT (sizeof FACTS / sizeof *FACTS)

/* About all cases, in a row of figures, besides those with a dot. */
static const char *const SUMS[] = {
        "cases", "open", "closed", "withdrawn", "referred_out", "tickets", NULL};

/* About the answer: drama_expect.c compares them. */
static const char *const ANSWERS[] = {"says", "tickets", "cases", "digests", NULL};

/* With something behind the dot: a step's name, a member of the row's course or of a part. */
static const char *const DOTTED[] = {
        "steps", "at", "due", "units", "text", "part", "course", "count", NULL};

/* Members of course and parts that are units. */
static const char *const UNITS[] = {"unit", "by", "sent_by", "returned_by", "misdispatched",
        "overruled", "unfounded", "arbiter", "subject", "told", NULL};

/* The dot's beginning: true, and what stands behind it, when `key` is `head`.SOMETHING. */
static bool dotted(const char *key, const char *head, const char **ret_rest)
{
    size_t size = strlen(head);
    if (strncmp(key, head, size) != 0 || key[size] != '.' || !key[size + 1])
        return false;
    *ret_rest = key + size + 1;
    return true;
}

bool drama_fact_known(const char *key, bool figures)
{
    const char *rest = NULL;
    if (figures)
        return g_strv_contains(SUMS, key) || dotted(key, "steps", &rest) ||
               dotted(key, "units", &rest) || dotted(key, "count", &rest);
    for (size_t i = 0; i < FACT_COUNT; i++)
        if (strcmp(FACTS[i].name, key) == 0)
            return true;
    for (const char *const *it = DOTTED; *it; it++)
        if (dotted(key, *it, &rest))
            return true;
    return g_strv_contains(ANSWERS, key);
}

static enum form form_of(const char *key)
{
    const char *rest = NULL;
    for (size_t i = 0; i < FACT_COUNT; i++)
        if (strcmp(FACTS[i].name, key) == 0)
            return FACTS[i].form;
    if (dotted(key, "at", &rest) || dotted(key, "due", &rest))
        return FORM_INSTANT;
    if (dotted(key, "units", &rest))
        return FORM_UNIT;
    if (dotted(key, "text", &rest))
        return FORM_PHRASE;
    if (!dotted(key, "part", &rest) && !dotted(key, "course", &rest))
        return FORM_WORD;
    const char *member = strrchr(key, '.') + 1;
    if (g_str_has_suffix(member, "_ms"))
        return FORM_INSTANT;
    return g_strv_contains(UNITS, member) ? FORM_UNIT : FORM_WORD;
}

bool drama_fact_form(const struct directory *directory,
        int64_t day_ms,
        const char *key,
        const char *text,
        char ret[DRAMA_FACT_SIZE])
{
    int64_t at_ms = 0;
    enum form form = form_of(key);
    if (strcmp(text, "-") != 0 && form == FORM_INSTANT) {
        if (!drama_instant_parse(text, directory_utc_offset_s(directory), day_ms, &at_ms))
            return false;
        drama_instant_format(ret, at_ms, directory_utc_offset_s(directory));
        return true;
    }
    if (strcmp(text, "-") != 0 && form == FORM_UNIT) {
        g_auto(GStrv) codes = g_strsplit(text, ",", -1);
        for (char **it = codes; *it; it++)
            if (!unit_find_code(directory, *it))
                return false;
    }
    return *text && snprintf(ret, DRAMA_FACT_SIZE, "%s", text) < DRAMA_FACT_SIZE;
}

static void unit_put(const struct drama *drama, int64_t id, char ret[DRAMA_FACT_SIZE])
{
    const struct unit *unit = unit_find(drama->directory, id);
    snprintf(ret, DRAMA_FACT_SIZE, "%s", unit ? unit->code : "-");
}

static void instant_put(const struct drama *drama, int64_t at_ms, char ret[DRAMA_FACT_SIZE])
{
    char at[INSTANT_SIZE] = "-";
    if (at_ms != 0)
        drama_instant_format(at, at_ms, drama->utc_offset_s);
    snprintf(ret, DRAMA_FACT_SIZE, "%s", at);
}

/* A member of the row, as PostgreSQL writes it in JSON. */
static void member_put(
        const struct drama *drama, const json_t *value, enum form form, char ret[DRAMA_FACT_SIZE])
{
    int64_t at_ms = 0;
    snprintf(ret, DRAMA_FACT_SIZE, "-");
    if (json_is_integer(value) && form == FORM_UNIT)
        unit_put(drama, json_integer_value(value), ret);
    else if (json_is_integer(value) && form == FORM_INSTANT)
        instant_put(drama, json_integer_value(value), ret);
    else if (json_is_integer(value))
        snprintf(ret, DRAMA_FACT_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_string(value) && form == FORM_INSTANT &&
             instant_parse(json_string_value(value), &at_ms))
        instant_put(drama, at_ms, ret);
    else if (json_is_string(value) && *json_string_value(value))
        snprintf(ret, DRAMA_FACT_SIZE, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(ret, DRAMA_FACT_SIZE, "%s", json_is_true(value) ? "yes" : "no");
}

/* "yellow", or of another service than routing "enforcement/finished". */
static bool step_is(const struct story_row *step, const char *name)
{
    const char *slash = strchr(name, '/');
    size_t size = slash ? (size_t)(slash - name) : 0;
    const char *service = service_name(step->service);
    if (slash)
        return strncmp(service, name, size) == 0 && !service[size] &&
               strcmp(step->step, slash + 1) == 0;
    return step->service == SERVICE_ROUTING && strcmp(step->step, name) == 0;
}

/* What the steps of that name say, of one case, in the order in which they came. */
struct tally {
    const char *name;
    size_t count;
    const struct story_row *last;
    GString *units;
};

static void steps_tally(
        const struct drama *drama, const struct drama_case *this, struct tally *tally)
{
    for (size_t i = 0; i < this->step_count; i++) {
        const struct story_row *step = &this->steps[i];
        const struct unit *unit = unit_find(drama->directory, step->unit);
        if (!step_is(step, tally->name))
            continue;
        tally->count++;
        tally->last = step;
        g_string_append_printf(
                tally->units, "%s%s", tally->units->len > 0 ? "," : "", unit ? unit->code : "-");
    }
}

static void tally_put(const struct drama *drama,
        const struct tally *tally,
        const char *key,
        char ret[DRAMA_FACT_SIZE])
{
    const struct story_row *last = tally->last;
    snprintf(ret, DRAMA_FACT_SIZE, "-");
    if (*key == 's')
        snprintf(ret, DRAMA_FACT_SIZE, "%zu", tally->count);
    else if (*key == 'u' && tally->units->len > 0)
        snprintf(ret, DRAMA_FACT_SIZE, "%s", tally->units->str);
    else if (last && *key == 'a')
        instant_put(drama, last->at_ms, ret);
    else if (last && *key == 'd')
        instant_put(drama, last->due_ms, ret);
    else if (last && *key == 't')
        snprintf(ret, DRAMA_FACT_SIZE, "%.*s", DRAMA_FACT_SIZE - 1, last->detail);
}

static bool steps_fact(const struct drama *drama,
        const struct drama_case *first,
        size_t count,
        const char *key,
        char ret[DRAMA_FACT_SIZE])
{
    static const char *const heads[] = {"steps", "at", "due", "units", "text"};
    g_autoptr(GString) units = g_string_new(NULL);
    struct tally tally = {.units = units};
    for (size_t i = 0; i < sizeof heads / sizeof *heads && !tally.name; i++)
        (void)dotted(key, heads[i], &tally.name);
    if (!tally.name)
        return false;
    for (size_t i = 0; i < count; i++)
        steps_tally(drama, &first[i], &tally);
    tally_put(drama, &tally, key, ret);
    return true;
}

static const char *state_last(const struct drama_case *this, enum service_id service)
{
    const char *state = "-";
    for (size_t i = 0; i < this->step_count; i++)
        if (this->steps[i].service == service)
            state = this->steps[i].to;
    return state;
}

static const json_t *parts_of(const struct drama_case *this)
{
    return json_object_get(json_object_get(this->row, "course"), "parts");
}

/* PART_STATE_TABLE of routing. */
static const char *part_state(const json_t *part)
{
    static const char *const words[] = {"-", "open", "done", "missed", "ended", "refused",
            "taken_over", "appealed", "cleared", "dismissed"};
    json_int_t number = json_integer_value(json_object_get(part, "state"));
    return number > 0 && number < (json_int_t)(sizeof words / sizeof *words) ? words[number] : "-";
}

static bool member_fact(const struct drama *drama,
        const struct drama_case *this,
        const char *key,
        char ret[DRAMA_FACT_SIZE])
{
    const char *rest = NULL;
    if (dotted(key, "course", &rest)) {
        member_put(drama, json_object_get(json_object_get(this->row, "course"), rest), form_of(key),
                ret);
        return true;
    }
    if (!dotted(key, "part", &rest) || !strchr(rest, '.'))
        return false;
    size_t number = (size_t)g_ascii_strtoull(rest, NULL, 10);
    const json_t *part = json_array_get(parts_of(this), number - 1);
    const char *member = strchr(rest, '.') + 1;
    if (strcmp(member, "state") == 0)
        snprintf(ret, DRAMA_FACT_SIZE, "%s", part_state(part));
    else
        member_put(drama, json_object_get(part, member), form_of(key), ret);
    return true;
}

static void view_fact(const struct drama *drama,
        const struct drama_case *this,
        const char *key,
        char ret[DRAMA_FACT_SIZE])
{
    const struct case_view *view = &this->view;
    const char *text = strcmp(key, "state") == 0     ? view->state
                       : strcmp(key, "level") == 0   ? view->level
                       : strcmp(key, "duty") == 0    ? view->duty
                       : strcmp(key, "listed") == 0  ? drama->listed
                       : strcmp(key, "top") == 0     ? drama->top
                       : strcmp(key, "similar") == 0 ? drama->similar
                       : strcmp(key, "report") == 0  ? state_last(this, SERVICE_INTAKE)
                       : strcmp(key, "mission") == 0 ? state_last(this, SERVICE_ENFORCEMENT)
                       : strcmp(key, "need") == 0    ? state_last(this, SERVICE_VOLUNTEER)
                                                     : (view->overdue ? "yes" : "no");
    if (strcmp(key, "escalations") == 0)
        snprintf(ret, DRAMA_FACT_SIZE, "%d", (int)view->escalations);
    else if (strcmp(key, "parts") == 0)
        snprintf(ret, DRAMA_FACT_SIZE, "%zu", json_array_size(parts_of(this)));
    else
        snprintf(ret, DRAMA_FACT_SIZE, "%s", text && *text ? text : "-");
}

static bool case_fact(const struct drama *drama,
        const struct drama_case *this,
        const char *key,
        char ret[DRAMA_FACT_SIZE])
{
    if (this->id == 0 || !this->row)
        return false;
    for (size_t i = 0; i < FACT_COUNT; i++) {
        if (strcmp(FACTS[i].name, key) != 0)
            continue;
        if (*FACTS[i].column)
            member_put(drama, json_object_get(this->row, FACTS[i].column), FACTS[i].form, ret);
        else
            view_fact(drama, this, key, ret);
        return true;
    }
    return steps_fact(drama, this, 1, key, ret) || member_fact(drama, this, key, ret);
}

static bool ended(const char *state)
{
    return strcmp(state, "closed") == 0 || strcmp(state, "withdrawn") == 0 ||
           strcmp(state, "referred_out") == 0;
}

/* "count.misdispatched", or of one unit "count.misdispatched@440113102/S-ZHZX". */
static void counter_put(const struct drama *drama, const char *name, char ret[DRAMA_FACT_SIZE])
{
    const char *at = strchr(name, '@');
    g_autofree char *field = at ? g_strdup_printf("%.*s/u:%s", (int)(at - name), name, at + 1)
                                : g_strdup_printf("%s/all", name);
    const int64_t *value = g_hash_table_lookup(drama->counters, field);
    snprintf(ret, DRAMA_FACT_SIZE, "%" PRId64, value ? *value : 0);
}

static bool sum_fact(const struct drama *drama, const char *key, char ret[DRAMA_FACT_SIZE])
{
    const char *rest = NULL;
    size_t count = 0;
    if (dotted(key, "count", &rest)) {
        counter_put(drama, rest, ret);
        return true;
    }
    if (steps_fact(drama, drama->cases, drama->file.alias_count, key, ret))
        return true;
    for (size_t i = 0; i < drama->file.alias_count; i++) {
        const struct drama_case *this = &drama->cases[i];
        const char *state = this->view.state;
        if (this->id == 0 || !state)
            continue;
        count += strcmp(key, "cases") == 0 || strcmp(key, state) == 0 ||
                 (strcmp(key, "open") == 0 && !ended(state));
    }
    if (strcmp(key, "tickets") == 0)
        count = drama->tickets;
    snprintf(ret, DRAMA_FACT_SIZE, "%zu", count);
    return true;
}

bool drama_fact(const struct drama *drama,
        const struct drama_row *row,
        const char *key,
        char ret[DRAMA_FACT_SIZE])
{
    if (row->verb->kind == DRAMA_FIGURES)
        return sum_fact(drama, key, ret);
    return case_fact(drama, &drama->cases[row->case_at], key, ret);
}
