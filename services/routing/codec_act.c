/* Commands about a case as bytes: one message, Act, of which each command needs some fields. A
 * field that a command does not need is checked all the same, and then does not matter. */
#include <math.h>

#include "proto/routing.pb-c.h"
#include "services/kernel/base/evidence_text.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"
#include "services/routing/codec.h"

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), "number of " #ours)
SAME(TYPE_ACCEPT, HUYING__ROUTING__TYPE__ACCEPT);
SAME(TYPE_HANDLE, HUYING__ROUTING__TYPE__HANDLE);
SAME(TYPE_VERIFY, HUYING__ROUTING__TYPE__VERIFY);
SAME(TYPE_REFER, HUYING__ROUTING__TYPE__REFER);
SAME(TYPE_RETURN, HUYING__ROUTING__TYPE__RETURN);
SAME(TYPE_DISPATCH, HUYING__ROUTING__TYPE__DISPATCH);
SAME(TYPE_RULE, HUYING__ROUTING__TYPE__RULE);
SAME(TYPE_STEP_UP, HUYING__ROUTING__TYPE__STEP_UP);
SAME(TYPE_REJECT, HUYING__ROUTING__TYPE__REJECT);
SAME(TYPE_SUSPEND, HUYING__ROUTING__TYPE__SUSPEND);
SAME(TYPE_RESUME, HUYING__ROUTING__TYPE__RESUME);
SAME(TYPE_ASK_TIME, HUYING__ROUTING__TYPE__ASK_TIME);
SAME(TYPE_GRANT_TIME, HUYING__ROUTING__TYPE__GRANT_TIME);
SAME(TYPE_DENY_TIME, HUYING__ROUTING__TYPE__DENY_TIME);
SAME(TYPE_WHISTLE, HUYING__ROUTING__TYPE__WHISTLE);
SAME(TYPE_CHECK_IN, HUYING__ROUTING__TYPE__CHECK_IN);
SAME(TYPE_END_WHISTLE, HUYING__ROUTING__TYPE__END_WHISTLE);
SAME(TYPE_SCORE, HUYING__ROUTING__TYPE__SCORE);
SAME(TYPE_JOINT, HUYING__ROUTING__TYPE__JOINT);
SAME(TYPE_FINISH_PART, HUYING__ROUTING__TYPE__FINISH_PART);
SAME(TYPE_TAKE_OVER, HUYING__ROUTING__TYPE__TAKE_OVER);
SAME(TYPE_ORDER, HUYING__ROUTING__TYPE__ORDER);
SAME(TYPE_DECLINE, HUYING__ROUTING__TYPE__DECLINE);
SAME(TYPE_APPLY, HUYING__ROUTING__TYPE__APPLY);
SAME(TYPE_ADMIT, HUYING__ROUTING__TYPE__ADMIT);
SAME(TYPE_DENY_ADMISSION, HUYING__ROUTING__TYPE__DENY_ADMISSION);
SAME(TYPE_APPEAL, HUYING__ROUTING__TYPE__APPEAL);
SAME(TYPE_UPHOLD, HUYING__ROUTING__TYPE__UPHOLD);
SAME(TYPE_DISMISS, HUYING__ROUTING__TYPE__DISMISS);
SAME(TYPE_CONVENE, HUYING__ROUTING__TYPE__CONVENE);
SAME(TYPE_RESOLVE, HUYING__ROUTING__TYPE__RESOLVE);
SAME(TYPE_MEDIATE, HUYING__ROUTING__TYPE__MEDIATE);
SAME(TYPE_AGREE, HUYING__ROUTING__TYPE__AGREE);
SAME(TYPE_REVISIT, HUYING__ROUTING__TYPE__REVISIT);
SAME(TYPE_REMIND, HUYING__ROUTING__TYPE__REMIND);
SAME(TYPE_VETO, HUYING__ROUTING__TYPE__VETO);
SAME(TYPE_URGE, HUYING__ROUTING__TYPE__URGE);
SAME(TYPE_FOLLOW_UP, HUYING__ROUTING__TYPE__FOLLOW_UP);
SAME(TYPE_REOPEN, HUYING__ROUTING__TYPE__REOPEN);
SAME(TYPE_PASS_CHECK, HUYING__ROUTING__TYPE__PASS_CHECK);
SAME(TYPE_FAIL_CHECK, HUYING__ROUTING__TYPE__FAIL_CHECK);
SAME(TYPE_ARRIVE, HUYING__ROUTING__TYPE__ARRIVE);
SAME(TYPE_MERGE, HUYING__ROUTING__TYPE__MERGE);
SAME(TYPE_UNMERGE, HUYING__ROUTING__TYPE__UNMERGE);
SAME(TYPE_RESET_DUE, HUYING__ROUTING__TYPE__RESET_DUE);

enum {
    NEEDS_REASON = 1,
    NEEDS_UNIT = 2,
    NEEDS_SPAN = 4,
    NEEDS_UNITS = 8,
    NEEDS_TWO_UNITS = 16,
    NEEDS_ONE_UNIT = 32, /* in `units` */
    NEEDS_SCORE = 64,
    NEEDS_PART = 128,
    NEEDS_SPAN_FOR_UNITS = 256,
    NEEDS_OTHER = 512
};

static enum err refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return ERR_MALFORMED;
}

static const char *position_why(const Huying__Routing__Act *in)
{
    bool good = isfinite(in->longitude) && isfinite(in->latitude) && fabs(in->longitude) <= 180 &&
                fabs(in->latitude) <= 90;
    return good ? NULL : "longitude, latitude: degrees of WGS-84, or 0,0 expected";
}

/* What is wrong with a field, whatever the command; NULL = nothing. */
static const char *fields_why(const Huying__Routing__Act *in)
{
    if (in->version < 0)
        return "version: 0 (any) or a version that was read expected";
    if (!text_short(in->text, ACT_LENGTH_MAX))
        return "text: UTF-8 of at most 2000 characters expected";
    if (in->unit < 0)
        return "unit: an id or 0 expected";
    if (in->minutes > MINUTES_MAX)
        return "minutes: at most 129600 (90 days) expected";
    if (in->n_units > UNITS_MAX)
        return "units: at most 8 expected";
    for (size_t i = 0; i < in->n_units; i++)
        if (in->units[i] <= 0)
            return "units: ids expected";
    if (in->part > PARTS_MAX)
        return "part: 0, or the number of a part of the case (1 to 16) expected";
    if (in->score > SCORE_MAX)
        return "score: 1 to 5 expected";
    if (in->other < 0)
        return "other: the id of a case, or 0, expected";
    if (in->code > 999999)
        return "code: the six digits shown at the place expected";
    return position_why(in);
}

static const char *needs_why(const Huying__Routing__Act *in, int needs)
{
    if ((needs & NEEDS_REASON) && in->text[0] == 0)
        return "text: the reason expected";
    if ((needs & NEEDS_UNIT) && in->unit == 0)
        return "unit: the unit that it is for expected";
    if ((needs & NEEDS_SPAN) && in->minutes == 0)
        return "minutes: 1 to 129600 (90 days) expected";
    if ((needs & NEEDS_UNITS) && in->n_units == 0)
        return "units: 1 to 8 units expected";
    if ((needs & NEEDS_TWO_UNITS) && in->n_units < 2)
        return "units: 2 to 8 units expected; the first one leads";
    if ((needs & NEEDS_ONE_UNIT) && in->n_units != 1)
        return "units: the one unit that decides on it expected";
    if ((needs & NEEDS_SCORE) && in->score == 0)
        return "score: 1 to 5 expected";
    if ((needs & NEEDS_PART) && in->part == 0)
        return "part: the number of a part of the case, from 1, expected";
    if ((needs & NEEDS_OTHER) && in->other == 0)
        return "other: the id of the case that it is merged into expected";
    if ((needs & NEEDS_SPAN_FOR_UNITS) && in->n_units > 0 && in->minutes == 0)
        return "minutes: 1 to 129600 (90 days) expected for the units' tasks";
    return NULL;
}

static bool evidence_take(const Huying__Routing__Act *in, struct act *body)
{
    for (size_t i = 0; i < in->n_evidence; i++) {
        const Huying__Routing__Evidence *item = in->evidence[i];
        if (!evidence_add(body->evidence, &body->evidence_count, item->kind, item->count))
            return false;
    }
    return true;
}

static enum err act_read(struct bytes payload,
        struct arena *arena,
        int needs,
        const void **ret_body,
        const char **ret_why)
{
    const Huying__Routing__Act *in =
            message_open(&huying__routing__act__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no routing.Act");
    const char *why = fields_why(in);
    if (!why)
        why = needs_why(in, needs);
    if (why)
        return refuse(ret_why, why);
    struct act *body = arena_get(arena, sizeof *body);
    *body = (struct act){.version = in->version,
            .unit = in->unit,
            .span_ms = (int64_t)in->minutes * 60000,
            .text = in->text,
            .unit_count = (int)in->n_units,
            .part = (int)in->part,
            .score = (int)in->score,
            .code = (int)in->code,
            .other = in->other,
            .unsolved = in->unsolved,
            .at = {in->longitude, in->latitude, in->longitude != 0 || in->latitude != 0}};
    for (size_t i = 0; i < in->n_units; i++)
        body->units[i] = in->units[i];
    if (!evidence_take(in, body))
        return refuse(ret_why, evidence_why);
    *ret_body = body;
    return OK;
}

#define DECODER(name, needs)                                                                       \
    enum err name(struct bytes payload, struct arena *arena, const void **ret_body,                \
            const char **ret_why)                                                                  \
    {                                                                                              \
        return act_read(payload, arena, needs, ret_body, ret_why);                                 \
    }

DECODER(act_decode, 0)
DECODER(reason_decode, NEEDS_REASON)
DECODER(unit_decode, NEEDS_REASON | NEEDS_UNIT)
DECODER(span_decode, NEEDS_REASON | NEEDS_SPAN)
DECODER(units_decode, NEEDS_REASON | NEEDS_UNITS)
DECODER(joint_decode, NEEDS_REASON | NEEDS_TWO_UNITS)
DECODER(order_decode, NEEDS_REASON | NEEDS_UNIT | NEEDS_SPAN)
DECODER(take_over_decode, NEEDS_REASON | NEEDS_UNIT | NEEDS_PART)
DECODER(apply_decode, NEEDS_REASON | NEEDS_UNIT | NEEDS_ONE_UNIT)
DECODER(convene_decode, NEEDS_REASON | NEEDS_UNITS | NEEDS_SPAN)
DECODER(resolve_decode, NEEDS_REASON | NEEDS_SPAN_FOR_UNITS)
DECODER(score_decode, NEEDS_SCORE | NEEDS_PART)
DECODER(follow_up_decode, NEEDS_SCORE)
DECODER(merge_decode, NEEDS_REASON | NEEDS_OTHER)
