/* The directory of every run, small: a street with a village, two grids, two squads, two volunteers
 * and desks; spans of seconds, so that deadlines pass within a run. Read from memory instead of by
 * store/directory.c's statements. */
#include "services/kernel/store/directory.h"

#include "services/kernel/base/must.h"
#include "tests/sim/db.h"
#include "tests/sim/sim.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    U_DISTRICT = 1,
    U_STREET,
    U_VILLAGE,
    U_GRID,
    U_GRID_2,
    U_SQUAD,
    U_SQUAD_2,
    U_TEAM,
    U_STREET_DESK,
    U_DISTRICT_DESK,
    U_VILLAGE_DESK
};

#define UNIT(number, up, text, at, sort, can, room)                                                \
    {                                                                                              \
        .id = number, .parent = up, .code = text, .name_zh = text, .name_en = text, .level = at,   \
        .kind = sort, .capabilities = can, .capacity = room                                        \
    }
#define MATTER(number, text, start, who, accept, handle, step_up, squad)                           \
    {                                                                                              \
        .id = number, .code = text, .name_zh = text, .name_en = text, .category = "",              \
        .start_level = start, .handler = who, .handler_code = {"", "", "", "", ""},                \
        .squad_capability = squad, .accept_ms = accept, .handle_ms = handle,                       \
        .step_up_ms = step_up, .all_hours = true                                                   \
    }
#define STAFF(number, text, where, does)                                                           \
    {                                                                                              \
        .id = number, .code = text, .name = text, .unit = where, .role = does, .skills = "",       \
        .to_min = 1440                                                                             \
    }

const struct statement DIRECTORY_STATEMENTS[DIRECTORY_STATEMENT_COUNT];

static struct directory *city_build(void)
{
    static const struct unit units[] = {
            UNIT(U_DISTRICT, 0, "D", LEVEL_DISTRICT, "district", "", 0),
            UNIT(U_STREET, U_DISTRICT, "S1", LEVEL_STREET, "street", "", 0),
            UNIT(U_VILLAGE, U_STREET, "V1", LEVEL_VILLAGE, "village", "", 0),
            UNIT(U_GRID, U_VILLAGE, "G1", LEVEL_GRID, "grid", "", 0),
            UNIT(U_GRID_2, U_VILLAGE, "G2", LEVEL_GRID, "grid", "", 0),
            UNIT(U_SQUAD, U_STREET, "S1-SQ1", LEVEL_STREET, "squad", "haul", 1),
            UNIT(U_SQUAD_2, U_STREET, "S1-SQ2", LEVEL_STREET, "squad", "haul", 2),
            UNIT(U_TEAM, U_VILLAGE, "V1-TEAM", LEVEL_VILLAGE, "volunteer_team", "", 0),
            UNIT(U_STREET_DESK, U_STREET, "S1-DESK", LEVEL_STREET, "desk", "", 0),
            UNIT(U_DISTRICT_DESK, U_DISTRICT, "D-DESK", LEVEL_DISTRICT, "desk", "admission", 0),
            UNIT(U_VILLAGE_DESK, U_VILLAGE, "V1-DESK", LEVEL_VILLAGE, "desk", "", 0),
    };
    static struct matter matters[] = {
            MATTER(1, "lamp", LEVEL_GRID, HANDLER_WORKER, 1000, 3000, 1500, ""),
            MATTER(2, "noise", LEVEL_VILLAGE, HANDLER_DESK, 1000, 4000, 900, ""),
            MATTER(3, "dump", LEVEL_GRID, HANDLER_SQUAD, 1000, 5000, 2000, "haul"),
            MATTER(4, "graffiti", LEVEL_GRID, HANDLER_VOLUNTEERS, 2500, 6000, 1000, ""),
    };
    static const struct staff staff[] = {
            STAFF(1, "w1", U_GRID, "worker"),
            STAFF(2, "w2", U_GRID_2, "worker"),
            STAFF(3, "vd", U_VILLAGE_DESK, "desk"),
            STAFF(4, "sq1a", U_SQUAD, "squad"),
            STAFF(5, "sq1b", U_SQUAD, "squad"),
            STAFF(6, "sq2a", U_SQUAD_2, "squad"),
            STAFF(7, "sd", U_STREET_DESK, "desk"),
            STAFF(8, "dd", U_DISTRICT_DESK, "desk"),
            STAFF(9, "vol1", U_TEAM, "volunteer"),
            STAFF(10, "vol2", U_TEAM, "volunteer"),
    };
    matters[1].handler_code[LEVEL_VILLAGE] = "DESK";
    matters[1].dup_m = 50; /* so near as two of the places that people name */
    matters[1].dup_h = 1;
    return directory_build(&(struct directory_rows){.version = db.directory_version,
            .site = SIM_SITE,
            .site_letters = "SI",
            .units = units,
            .unit_count = COUNT(units),
            .matters = matters,
            .matter_count = COUNT(matters),
            .staff = staff,
            .staff_count = COUNT(staff)});
}

struct load {
    directory_done_fn *done;
    void *self;
};

static void loaded(void *self, enum err err, const char *message)
{
    struct load *load = self;
    struct directory *directory = err == OK ? city_build() : NULL;
    must(err != OK || directory);
    load->done(load->self, err, directory, message);
}

void directory_load_start(struct pg *pg, directory_done_fn *done, void *self)
{
    struct load *load = arena_array(&sim.arena, struct load, 1);
    *load = (struct load){done, self};
    pg_sync(pg, loaded, load);
}
