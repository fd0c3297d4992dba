/* What is wrong with a text of working hours, and where in it. The grammar is in
 * kernel/base/pure_duty.h; docs/profiles.md has it for people. */
#include "services/ctl/profile.h"

void profile_duty_fault(struct faults *faults,
        struct place place,
        const char *field,
        const char *text,
        enum duty_fault fault,
        size_t at)
{
    static const char *const zh[] = {
            [DUTY_FINE] = "",
            [DUTY_STATEMENT] = "all、work、work 08:30-12:00;14:00-17:30、claims 08:00-21:00、on "
                               "call、shift 6h、duty 24h 之一,后面可用“, ”加说明",
            [DUTY_NOTE] = "phone duty all、rotating 或 30 min",
            [DUTY_SHIFT] = "形如 08:30-12:00 的时段,用 ; 隔开",
            [DUTY_SHIFTS] = "最多 8 个时段",
            [DUTY_OVERLAP] = "按先后排列、互不重叠的时段,与次日的时段也不重叠",
    };
    static const char *const en[] = {
            [DUTY_FINE] = "",
            [DUTY_STATEMENT] = "one of all, work, work 08:30-12:00;14:00-17:30, claims "
                               "08:00-21:00, on call, shift 6h, duty 24h, and notes behind \", \"",
            [DUTY_NOTE] = "phone duty all, rotating or 30 min",
            [DUTY_SHIFT] = "shifts like 08:30-12:00, with ; between them",
            [DUTY_SHIFTS] = "at most 8 shifts",
            [DUTY_OVERLAP] = "shifts in order of time that do not overlap, those of the next day "
                             "included",
    };
    fault_add(faults, place, field, "“%s”从第 %zu 个字节起不行,应为%s%.0s",
            "found \"%s\", not understood from byte %zu on, expected %.0s%s", text, at + 1,
            zh[fault], en[fault]);
}
