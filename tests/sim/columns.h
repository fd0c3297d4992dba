/* Numbers of the columns that the checks read, in the order of each service's sql_update, and of
 * states and steps. Written here once more, on purpose: a check that took them from the code under
 * test would follow its mistakes. */
#ifndef HUYING_TESTS_SIM_COLUMNS_H
#define HUYING_TESTS_SIM_COLUMNS_H

enum { ROW_ID, ROW_VER };
enum {
    CASE_AREA = 9,
    CASE_HANDLER,
    CASE_DUE = 15,
    CASE_MATTER = 20,
    CASE_STATE,
    CASE_LEVEL,
    CASE_KIND,
    CASE_WORK,
    CASE_HANDLED_BY = 31,
    CASE_COURSE,
    CASE_SUMMARY = 35
};
enum {
    REPORT_STATE = 4,
    REPORT_SINCE = 8,
    REPORT_PENDING = 13,
    REPORT_REF = 16,
    REPORT_COURSE = 18
};
enum { MISSION_STATE = 4, MISSION_SQUAD = 8, MISSION_OWED };
enum { NEED_STATE = 4, NEED_VOLUNTEER = 9, NEED_MINUTES };
enum { PAGE_COUNT = 7, PAGE_LEAVES, PAGE_HASHES, PAGE_ARRIVAL, PAGE_PLACE };
enum { TOY_TOTAL = 5, TOY_TOTAL_MAX = 1000000 };
enum { STATE_SUSPENDED = 11, STATE_MERGED = 12 };
enum { STEP_KIND_ESCALATE = 7, STEP_KIND_OVERDUE = 8, STEP_KIND_SKIPPED = 1000 };
enum { STEP_KIND_SEEN = 8, STEP_KIND_FORGOTTEN = 9 }; /* of intake */

#endif
