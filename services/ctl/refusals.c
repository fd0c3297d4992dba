/* A line each; refusals_test compares them with the services' own tables. A refusal that is missing
 * here is shown by its number. */
#include "services/ctl/refusals.h"

#define REFUSAL_NAMES(X)                                                                           \
    X(ROUTING, 1, "no_case")                                                                       \
    X(ROUTING, 2, "version")                                                                       \
    X(ROUTING, 3, "actor_unknown")                                                                 \
    X(ROUTING, 4, "actor_not_handler")                                                             \
    X(ROUTING, 5, "actor_not_verifier")                                                            \
    X(ROUTING, 6, "handler_may_not_verify")                                                        \
    X(ROUTING, 7, "squad_may_not_verify")                                                          \
    X(ROUTING, 8, "mission_open")                                                                  \
    X(ROUTING, 9, "need_open")                                                                     \
    X(ROUTING, 10, "already_accepted")                                                             \
    X(ROUTING, 11, "already_handled")                                                              \
    X(ROUTING, 12, "not_handled")                                                                  \
    X(ROUTING, 13, "case_ended")                                                                   \
    X(ROUTING, 14, "not_now")                                                                      \
    X(ROUTING, 15, "actor_not_above")                                                              \
    X(ROUTING, 16, "actor_not_arbiter")                                                            \
    X(ROUTING, 17, "handler_may_not_grant")                                                        \
    X(ROUTING, 18, "returned")                                                                     \
    X(ROUTING, 19, "in_arbitration")                                                               \
    X(ROUTING, 20, "suspended")                                                                    \
    X(ROUTING, 21, "not_accepted")                                                                 \
    X(ROUTING, 22, "ruled_before")                                                                 \
    X(ROUTING, 23, "unit_unknown")                                                                 \
    X(ROUTING, 24, "unit_outside")                                                                 \
    X(ROUTING, 25, "same_handler")                                                                 \
    X(ROUTING, 26, "top_level")                                                                    \
    X(ROUTING, 27, "extended_before")                                                              \
    X(ROUTING, 28, "time_not_asked")                                                               \
    X(ROUTING, 29, "time_asked_before")                                                            \
    X(ROUTING, 30, "suspended_before")                                                             \
    X(ROUTING, 31, "no_clock")                                                                     \
    X(ROUTING, 32, "own_area")                                                                     \
    X(ROUTING, 33, "no_calendar")                                                                  \
    X(ROUTING, 34, "parts_open")                                                                   \
    X(ROUTING, 35, "no_part")                                                                      \
    X(ROUTING, 36, "not_at_the_place")                                                             \
    X(ROUTING, 37, "on_the_list")                                                                  \
    X(ROUTING, 38, "parts_full")                                                                   \
    X(ROUTING, 39, "joint_before")                                                                 \
    X(ROUTING, 40, "unit_twice")                                                                   \
    X(ROUTING, 41, "reopen_late")                                                                  \
    X(ROUTING, 42, "not_admitting")                                                                \
    X(ROUTING, 43, "actor_not_called")                                                             \
    X(ROUTING, 44, "actor_not_supervisor")                                                         \
    X(ROUTING, 45, "took_part")                                                                    \
    X(ROUTING, 46, "arrived_before")                                                               \
    X(ROUTING, 47, "evidence")                                                                     \
    X(ROUTING, 48, "due_otherwise")                                                                \
    X(ROUTING, 49, "due_same")                                                                     \
    X(ROUTING, 50, "due_passed")                                                                   \
    X(ROUTING, 51, "merged")                                                                       \
    X(ROUTING, 52, "merge_younger")                                                                \
    X(ROUTING, 53, "merge_unlike")                                                                 \
    X(ROUTING, 54, "no_answer")                                                                    \
    X(ENFORCEMENT, 1, "not_now")                                                                   \
    X(ENFORCEMENT, 2, "not_your_squad")                                                            \
    X(ENFORCEMENT, 3, "accept_first")                                                              \
    X(ENFORCEMENT, 4, "arrive_first")                                                              \
    X(ENFORCEMENT, 5, "no_squad")                                                                  \
    X(ENFORCEMENT, 6, "over")                                                                      \
    X(ENFORCEMENT, 7, "version")                                                                   \
    X(ENFORCEMENT, 8, "open")                                                                      \
    X(ENFORCEMENT, 9, "evidence")                                                                  \
    X(VOLUNTEER, 1, "not_now")                                                                     \
    X(VOLUNTEER, 2, "taken")                                                                       \
    X(VOLUNTEER, 3, "not_a_volunteer")                                                             \
    X(VOLUNTEER, 4, "no_skill")                                                                    \
    X(VOLUNTEER, 5, "not_available")                                                               \
    X(VOLUNTEER, 6, "late")                                                                        \
    X(VOLUNTEER, 7, "claim_first")                                                                 \
    X(VOLUNTEER, 8, "not_yours")                                                                   \
    X(VOLUNTEER, 9, "over")                                                                        \
    X(VOLUNTEER, 10, "version")                                                                    \
    X(VOLUNTEER, 11, "open")

static const struct refusal REFUSALS[] = {
#define X(service, number, name) {SERVICE_##service, number, name},
        REFUSAL_NAMES(X)
#undef X
};

const struct refusal *refusal_get(size_t index)
{
    return index < sizeof REFUSALS / sizeof *REFUSALS ? &REFUSALS[index] : NULL;
}

const char *refusal_name(enum service_id service, uint32_t number)
{
    const struct refusal *it;
    for (size_t i = 0; (it = refusal_get(i)) != NULL; i++)
        if (it->service == service && it->number == number)
            return it->name;
    return "";
}
