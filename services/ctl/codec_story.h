/* What huyingctl asks the services about cases, as plain structs (ops, routing and audit.proto).
 * Decoded texts live in the arena; ERR_MALFORMED when an answer is not what its type says. */
#ifndef HUYING_CTL_CODEC_STORY_H
#define HUYING_CTL_CODEC_STORY_H

#include "services/ctl/story.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_catalogue.h"
#include "services/kernel/wire/envelope.h"

enum story_type {
    STORY_WORKLIST = 2601,
    STORY_CASE = 2602,
    STORY_LOCATE = 5602,
    STORY_HISTORY = 9001
};

#define LOCATE_PAGES_MAX 1000  /* of one question */
#define WORKLIST_LIMIT_MAX 500 /* cases of one answer */

struct bytes history_query_encode(struct arena *arena, int64_t id);
enum err history_decode(struct bytes payload,
        enum service_id service,
        struct arena *arena,
        struct story_row **ret,
        size_t *ret_count) MUST_CHECK;

struct bytes case_query_encode(struct arena *arena, int64_t id);
/* ERR_NOT_FOUND: routing has no such case. */
enum err case_view_decode(
        struct bytes payload, struct arena *arena, struct case_view *ret) MUST_CHECK;

struct Huying__Routing__WorkItem;
struct Huying__Routing__CaseView;
/* For the other codecs: a case out of an answer's part. ERR_NOT_FOUND: there is none in it. */
struct case_view item_view(const struct Huying__Routing__WorkItem *item);
enum err view_view(const struct Huying__Routing__CaseView *in, struct case_view *ret) MUST_CHECK;

struct bytes locate_query_encode(struct arena *arena, const int64_t *pages, size_t count);
enum err places_decode(struct bytes payload,
        struct arena *arena,
        struct page_place **ret,
        size_t *ret_count) MUST_CHECK;

/* One command about a case (Act in routing.proto); what is 0 is not said. */
#define CASE_ACT_UNITS_MAX 8
struct case_act {
    const char *text;
    int64_t unit, other, units[CASE_ACT_UNITS_MAX];
    int unit_count;
    uint32_t minutes, part, score, code;
    bool unsolved;
    double longitude, latitude;
    struct evidence evidence[EVIDENCE_MAX];
    int evidence_count;
};
struct bytes case_act_encode(struct arena *arena, const struct case_act *act);
/* Its answer: the case as a worklist says it. */
enum err case_item_decode(
        struct bytes payload, struct arena *arena, struct case_view *ret) MUST_CHECK;

/* By ticket: cases of that source reference in any state. */
struct bytes worklist_ticket_encode(struct arena *arena, const char *ticket);
/* Open cases within the unit, after the id `after`, in order of id. */
struct bytes worklist_unit_encode(struct arena *arena, int64_t unit, int64_t after);
/* Fills what a worklist says of a case; the rest is empty. */
enum err worklist_decode(struct bytes payload,
        struct arena *arena,
        struct case_view **ret,
        size_t *ret_count) MUST_CHECK;

#endif
