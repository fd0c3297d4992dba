/* The real Chinese calendar of 2024 to 2026 for tests: the days of deploy/profiles/panyu's
 * calendar.csv. For tests, which run in the checkout's root. */
#ifndef HUYING_TESTS_KIT_CALENDAR_H
#define HUYING_TESTS_KIT_CALENDAR_H

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_hours.h"

#define KIT_CALENDAR_FILE "deploy/profiles/panyu/calendar.csv"
#define KIT_CALENDAR_DAYS_MAX 512

/* Days since 1970-01-01, by the C library. */
static inline int32_t kit_day(int year, int month, int day)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return (int32_t)(timegm(&tm) / 86400);
}

/* Returns how many days there are in `days`. */
static inline size_t kit_calendar(struct calendar_day days[KIT_CALENDAR_DAYS_MAX])
{
    char line[256], word[8];
    size_t count = 0;
    FILE *file = fopen(KIT_CALENDAR_FILE, "re");
    must(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        int year = 0, month = 0, day = 0;
        if (sscanf(line, "%4d-%2d-%2d,%7[a-z]", &year, &month, &day, word) != 4)
            continue;
        must(count < KIT_CALENDAR_DAYS_MAX);
        days[count++] = (struct calendar_day){kit_day(year, month, day), strcmp(word, "true") == 0};
    }
    must(fclose(file) == 0 && count > 0);
    return count;
}

#endif
