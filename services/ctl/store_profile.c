/* Each part goes into a temporary table first, as arrays through unnest; then three statements
 * compare it with what is there: add, change, retire. Matters need two more, since what decides
 * about a case is never changed in place. At last the whole is read back as services read it.
 *
 * The lock on directory.site keeps a second apply out and lets readers in. The plan settings that
 * services have (no scans) would be wrong here and are lifted. */
#include "services/ctl/store_profile.h"

#include "services/ctl/store_hours.h"
#include "services/ctl/store_status.h"
#include "services/kernel/base/must.h"
#include "services/kernel/store/directory.h"

static const char *const BEGIN[] = {
        "BEGIN",
        "SET LOCAL enable_seqscan = on",
        "SET LOCAL enable_hashjoin = on",
        "SET LOCAL enable_mergejoin = on",
        "LOCK TABLE directory.site IN SHARE ROW EXCLUSIVE MODE",
};

#define SITE_READ                                                                                  \
    "SELECT number, letters, drill, utc_offset_s, name_zh, name_en, version FROM directory.site"
#define SITE_ADD                                                                                   \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, clock,"   \
    " hours, version) VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $6 THEN $7 END, $8, 0)"
#define SITE_CHANGE                                                                                \
    "UPDATE directory.site SET name_zh = $1, name_en = $2, utc_offset_s = $3, hours = $4"          \
    " WHERE (name_zh, name_en, utc_offset_s, hours) IS DISTINCT FROM ($1, $2, $3, $4)"
#define SITE_VERSION "UPDATE directory.site SET version = version + 1"

#define UNIT_TABLE                                                                                 \
    "CREATE TEMP TABLE new_unit (id bigint, added boolean, parent_id bigint, code text PRIMARY "   \
    "KEY,"                                                                                         \
    " parent text, depth integer, level smallint, kind text, name_zh text, name_en text,"          \
    " capabilities text, matters_main text, matters_assist text, duty text, members integer,"      \
    " capacity integer, origin text) ON COMMIT DROP"
#define UNIT_FILL                                                                                  \
    "INSERT INTO new_unit (added, code, parent, depth, level, kind, name_zh, name_en, "            \
    "capabilities,"                                                                                \
    " matters_main, matters_assist, duty, members, capacity, origin)"                              \
    " SELECT true, * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
#define UNIT_KNOWN                                                                                 \
    "UPDATE new_unit n SET id = u.id, added = false FROM directory.unit u WHERE u.code = n.code"
#define UNIT_NUMBER                                                                                \
    "UPDATE new_unit n SET id = o.id FROM (SELECT s.code, nextval('directory.unit_id_seq') AS id"  \
    " FROM (SELECT code FROM new_unit WHERE added ORDER BY depth, code) s) o"                      \
    " WHERE o.code = n.code"
#define UNIT_PARENT "UPDATE new_unit n SET parent_id = p.id FROM new_unit p WHERE p.code = n.parent"
#define UNIT_FIELDS                                                                                \
    "depth, level, kind, name_zh, name_en, capabilities, matters_main, matters_assist, duty,"      \
    " members, capacity, origin"
#define UNIT_ADD                                                                                   \
    "INSERT INTO directory.unit (id, code, parent, " UNIT_FIELDS ")"                               \
    " SELECT id, code, parent_id, " UNIT_FIELDS " FROM new_unit WHERE added ORDER BY depth, code"
#define UNIT_CHANGE                                                                                \
    "UPDATE directory.unit u SET (parent, retired, " UNIT_FIELDS                                   \
    ") = (n.parent_id, false, n.depth,"                                                            \
    " n.level, n.kind, n.name_zh, n.name_en, n.capabilities, n.matters_main, n.matters_assist,"    \
    " n.duty, n.members, n.capacity, n.origin) FROM new_unit n WHERE n.id = u.id AND NOT n.added"  \
    " AND (u.parent, u.retired, u.depth, u.level, u.kind, u.name_zh, u.name_en, u.capabilities,"   \
    " u.matters_main, u.matters_assist, u.duty, u.members, u.capacity, u.origin)"                  \
    " IS DISTINCT FROM (n.parent_id, false, n.depth, n.level, n.kind, n.name_zh, n.name_en,"       \
    " n.capabilities, n.matters_main, n.matters_assist, n.duty, n.members, n.capacity, n.origin)"
#define UNIT_RETIRE                                                                                \
    "UPDATE directory.unit u SET retired = true WHERE NOT u.retired"                               \
    " AND NOT EXISTS (SELECT 1 FROM new_unit n WHERE n.code = u.code)"

#define STAFF_TABLE                                                                                \
    "CREATE TEMP TABLE new_staff (code text PRIMARY KEY, name text, unit_code text, role text,"    \
    " skills text, from_min integer, to_min integer, unit bigint) ON COMMIT DROP"
#define STAFF_FILL                                                                                 \
    "INSERT INTO new_staff (code, name, unit_code, role, skills, from_min, to_min)"                \
    " SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)"
#define STAFF_UNIT "UPDATE new_staff n SET unit = u.id FROM new_unit u WHERE u.code = n.unit_code"
#define STAFF_CHANGE                                                                               \
    "UPDATE directory.staff s SET (name, unit, role, skills, from_min, to_min, retired) ="         \
    " (n.name, n.unit, n.role, n.skills, n.from_min, n.to_min, false)"                             \
    " FROM new_staff n WHERE n.code = s.code"                                                      \
    " AND (s.name, s.unit, s.role, s.skills, s.from_min, s.to_min, s.retired)"                     \
    " IS DISTINCT FROM (n.name, n.unit, n.role, n.skills, n.from_min, n.to_min, false)"
#define STAFF_ADD                                                                                  \
    "INSERT INTO directory.staff (code, name, unit, role, skills, from_min, to_min)"               \
    " SELECT code, name, unit, role, skills, from_min, to_min FROM new_staff n"                    \
    " WHERE NOT EXISTS (SELECT 1 FROM directory.staff s WHERE s.code = n.code) ORDER BY code"
#define STAFF_RETIRE                                                                               \
    "UPDATE directory.staff s SET retired = true WHERE NOT s.retired"                              \
    " AND NOT EXISTS (SELECT 1 FROM new_staff n WHERE n.code = s.code)"

#define MATTER_TABLE                                                                               \
    "CREATE TEMP TABLE new_matter (LIKE directory.matter INCLUDING DEFAULTS) ON COMMIT DROP"
#define MATTER_ID "ALTER TABLE new_matter ALTER id DROP NOT NULL"
/* What people read, which may change in place; and what decides about a case, which may not. */
#define MATTER_WORDS(t) t "category, " t "name_zh, " t "name_en, " t "covers_zh, " t "origin"
#define MATTER_RULES(t)                                                                            \
    t "urgency, " t "handler_grid, " t "handler_village, " t "handler_street, " t                  \
      "handler_district, " t "village_duty, " t "street_duty, " t "district_duty, " t "clock, " t  \
      "verifier, " t "self_handle, " t "volunteer, " t "squad, " t "squad_capability, " t          \
      "evidence, " t "privacy, " t "accept_min, " t "arrive_min, " t "handle_min, " t              \
      "step_up_min, " t "verify_min, " t "dup_m, " t "dup_h, " t "start_level, " t "handler_kind"
/* In the order of MATTER_TEXTS, MATTER_NUMBERS and the two words behind them. */
#define MATTER_FILL                                                                                \
    "INSERT INTO new_matter (code, category, name_zh, name_en, covers_zh, urgency, handler_grid,"  \
    " handler_village, handler_street, handler_district, village_duty, street_duty,"               \
    " district_duty, clock, verifier, self_handle, volunteer, squad, squad_capability, evidence,"  \
    " privacy, origin, accept_min, arrive_min, handle_min, step_up_min, verify_min, dup_m, dup_h," \
    " start_level, handler_kind) SELECT * FROM unnest($1, $2, $3, $4, $5,"                         \
    " $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,"  \
    " $25, $26, $27, $28, $29, $30, $31)"
/* The row with these rules, if the code ever had one: the present one before those of old. */
#define MATTER_KNOWN                                                                               \
    "UPDATE new_matter n SET id = o.id FROM (SELECT DISTINCT ON (m.code) m.code, m.id"             \
    " FROM directory.matter m JOIN new_matter x ON x.code = m.code WHERE (" MATTER_RULES(          \
            "m.") ") = (" MATTER_RULES("x.") ") ORDER BY m.code, m.retired, m.id DESC) o"          \
                                             " WHERE o.code = n.code"
#define MATTER_ITEM                                                                                \
    "UPDATE new_matter n SET item = o.item FROM (SELECT m.code, min(m.id) AS item"                 \
    " FROM directory.matter m GROUP BY m.code) o WHERE o.code = n.code"
#define MATTER_RETIRE                                                                              \
    "UPDATE directory.matter m SET retired = true WHERE NOT m.retired"                             \
    " AND NOT EXISTS (SELECT 1 FROM new_matter n WHERE n.code = m.code)"
#define MATTER_MAKE_WAY                                                                            \
    "UPDATE directory.matter m SET retired = true FROM new_matter n"                               \
    " WHERE n.code = m.code AND n.id IS DISTINCT FROM m.id AND NOT m.retired"
#define MATTER_SAME "(m.retired, " MATTER_WORDS("m.") ") IS NOT DISTINCT FROM (false, "
#define MATTER_CHANGE                                                                              \
    "UPDATE directory.matter m SET retired = false, (" MATTER_WORDS("") ") = (" MATTER_WORDS(      \
            "n.") ") FROM new_matter n WHERE n.id = m.id AND NOT (" MATTER_SAME                    \
            MATTER_WORDS("n.") "))"
#define MATTER_INSERT                                                                              \
    "INSERT INTO directory.matter (item, code, " MATTER_WORDS("") ", " MATTER_RULES(               \
            "") ") SELECT item, code, " MATTER_WORDS("") ", " MATTER_RULES("") " FROM new_matter"
#define MATTER_RENEW MATTER_INSERT " WHERE id IS NULL AND item IS NOT NULL ORDER BY code"
#define MATTER_ADD MATTER_INSERT " WHERE item IS NULL ORDER BY code"

#define GRID_TABLE                                                                                 \
    "CREATE TEMP TABLE new_grid (code text PRIMARY KEY, polygon bytea, unit bigint) ON COMMIT "    \
    "DROP"
#define GRID_FILL "INSERT INTO new_grid (code, polygon) SELECT * FROM unnest($1, $2)"
#define GRID_UNIT "UPDATE new_grid n SET unit = u.id FROM new_unit u WHERE u.code = n.code"
#define GRID_CHANGE                                                                                \
    "UPDATE directory.grid g SET polygon = n.polygon FROM new_grid n"                              \
    " WHERE n.unit = g.unit AND n.polygon <> g.polygon"
#define GRID_ADD                                                                                   \
    "INSERT INTO directory.grid (unit, polygon) SELECT unit, polygon FROM new_grid n"              \
    " WHERE NOT EXISTS (SELECT 1 FROM directory.grid g WHERE g.unit = n.unit) ORDER BY unit"
#define GRID_RETIRE                                                                                \
    "DELETE FROM directory.grid g WHERE NOT EXISTS (SELECT 1 FROM new_grid n WHERE n.unit = "      \
    "g.unit)"

#define DAY_TABLE                                                                                  \
    "CREATE TEMP TABLE new_day (day date PRIMARY KEY, working boolean, name text) ON COMMIT DROP"
#define DAY_FILL                                                                                   \
    "INSERT INTO new_day (day, working, name)"                                                     \
    " SELECT d::date, w, n FROM unnest($1, $2, $3) AS u (d, w, n)"
#define DAY_CHANGE                                                                                 \
    "UPDATE directory.calendar_day d SET working = n.working, name = n.name FROM new_day n"        \
    " WHERE n.day = d.day AND (n.working, n.name) IS DISTINCT FROM (d.working, d.name)"
#define DAY_ADD                                                                                    \
    "INSERT INTO directory.calendar_day (day, working, name) SELECT day, working, name"            \
    " FROM new_day n WHERE NOT EXISTS"                                                             \
    " (SELECT 1 FROM directory.calendar_day d WHERE d.day = n.day) ORDER BY day"
#define DAY_RETIRE                                                                                 \
    "DELETE FROM directory.calendar_day d"                                                         \
    " WHERE NOT EXISTS (SELECT 1 FROM new_day n WHERE n.day = d.day)"

struct apply {
    struct pg *pg;
    const struct profile *profile;
    struct params params;
    struct diff diff;
};

/* Runs one statement with the parameters gathered so far, and drops them. `ret_rows` may be
 * NULL. */
static enum err run(struct apply *apply, const char *sql, int64_t *ret_rows)
{
    PGresult *result = pg_exec(apply->pg, sql, &apply->params);
    params_reset(&apply->params);
    if (result == NULL)
        return ERR_TRANSIENT;
    if (ret_rows != NULL)
        *ret_rows = g_ascii_strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return OK;
}

static enum err run_list(struct apply *apply, const char *const *list, size_t count)
{
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++)
        err = run(apply, list[i], NULL);
    return err;
}

/* The three statements that bring a part up to date. */
static enum err part_merge(struct apply *apply, enum diff_part part, const char *const sql[3])
{
    enum err err = run(apply, sql[0], &apply->diff.parts[part].changed);
    if (err == OK)
        err = run(apply, sql[1], &apply->diff.parts[part].added);
    if (err == OK)
        err = run(apply, sql[2], &apply->diff.parts[part].retired);
    return err;
}

/* Array parameters in the order of `types`: 't' text, 'i' integer, 's' smallint, 'b' boolean,
 * 'y' bytea. */
static void arrays_declare(struct apply *apply, const char *types)
{
    for (; *types != '\0'; types++) {
        enum param_type type = *types == 't'   ? PARAM_TEXT
                               : *types == 'i' ? PARAM_INT4
                               : *types == 's' ? PARAM_INT2
                               : *types == 'b' ? PARAM_BOOL
                                               : PARAM_BYTEA;
        (void)params_array(&apply->params, type);
    }
}

static enum err units_fill(struct apply *apply)
{
    static const char *const begin[] = {UNIT_TABLE};
    static const char *const after[] = {UNIT_KNOWN, UNIT_NUMBER, UNIT_PARENT};
    struct params *params = &apply->params;
    enum err err = run_list(apply, begin, 1);
    arrays_declare(apply, "ttistttttttiit");
    for (guint i = 0; i < apply->profile->units->len; i++) {
        const struct profile_unit *unit =
                &g_array_index(apply->profile->units, struct profile_unit, i);
        int at = 0;
        param_add_text(params, at++, unit->code);
        param_add_text(params, at++, unit->parent);
        param_add_int(params, at++, unit->depth);
        param_add_int(params, at++, unit->level);
        param_add_text(params, at++, unit->kind);
        param_add_text(params, at++, unit->name_zh);
        param_add_text(params, at++, unit->name_en);
        param_add_text(params, at++, unit->capabilities);
        param_add_text(params, at++, unit->matters_main);
        param_add_text(params, at++, unit->matters_assist);
        param_add_text(params, at++, unit->duty);
        param_add_int(params, at++, unit->members);
        param_add_int(params, at++, unit->capacity);
        param_add_text(params, at++, unit->origin);
    }
    if (err == OK)
        err = run(apply, UNIT_FILL, NULL);
    return err == OK ? run_list(apply, after, G_N_ELEMENTS(after)) : err;
}

static enum err units_apply(struct apply *apply)
{
    static const char *const merge[3] = {UNIT_CHANGE, UNIT_ADD, UNIT_RETIRE};
    enum err err = units_fill(apply);
    return err == OK ? part_merge(apply, DIFF_UNITS, merge) : err;
}

static enum err staff_apply(struct apply *apply)
{
    static const char *const begin[] = {STAFF_TABLE};
    static const char *const merge[3] = {STAFF_CHANGE, STAFF_ADD, STAFF_RETIRE};
    struct params *params = &apply->params;
    enum err err = run_list(apply, begin, 1);
    arrays_declare(apply, "tttttii");
    for (guint i = 0; i < apply->profile->staff->len; i++) {
        const struct profile_staff *staff =
                &g_array_index(apply->profile->staff, struct profile_staff, i);
        param_add_text(params, 0, staff->code);
        param_add_text(params, 1, staff->name);
        param_add_text(params, 2, staff->unit);
        param_add_text(params, 3, staff->role);
        param_add_text(params, 4, staff->skills);
        param_add_int(params, 5, staff->from_min);
        param_add_int(params, 6, staff->to_min);
    }
    if (err == OK)
        err = run(apply, STAFF_FILL, NULL);
    if (err == OK)
        err = run(apply, STAFF_UNIT, NULL);
    return err == OK ? part_merge(apply, DIFF_STAFF, merge) : err;
}

/* Words change in place. Rules do not: the row that has them makes way for another one of its code,
 * the one of old that is the same again or a new one, and cases that began under it keep it. */
static enum err matters_merge(struct apply *apply)
{
    static const char *const known[] = {MATTER_KNOWN, MATTER_ITEM, MATTER_MAKE_WAY};
    static const char *const merge[3] = {MATTER_CHANGE, MATTER_ADD, MATTER_RETIRE};
    int64_t renewed = 0;
    enum err err = run_list(apply, known, G_N_ELEMENTS(known));
    if (err == OK)
        err = part_merge(apply, DIFF_MATTERS, merge);
    if (err == OK)
        err = run(apply, MATTER_RENEW, &renewed);
    apply->diff.parts[DIFF_MATTERS].changed += renewed;
    return err;
}

static enum err matters_apply(struct apply *apply)
{
    static const char *const begin[] = {MATTER_TABLE, MATTER_ID};
    struct params *params = &apply->params;
    enum err err = run_list(apply, begin, G_N_ELEMENTS(begin));
    arrays_declare(apply, "tttttttttttttttttttttt"
                          "iiiiiii"
                          "ss");
    for (guint i = 0; i < apply->profile->matters->len; i++) {
        const struct profile_matter *matter =
                &g_array_index(apply->profile->matters, struct profile_matter, i);
        int at = 0;
#define X(name) param_add_text(params, at++, matter->name);
        MATTER_TEXTS(X)
#undef X
#define X(name) param_add_int(params, at++, matter->name);
        MATTER_NUMBERS(X)
#undef X
        param_add_int(params, at++, matter->start_level);
        param_add_int(params, at++, matter->handler_kind);
    }
    if (err == OK)
        err = run(apply, MATTER_FILL, NULL);
    return err == OK ? matters_merge(apply) : err;
}

static enum err grids_apply(struct apply *apply)
{
    static const char *const begin[] = {GRID_TABLE};
    static const char *const merge[3] = {GRID_CHANGE, GRID_ADD, GRID_RETIRE};
    enum err err = run_list(apply, begin, 1);
    arrays_declare(apply, "ty");
    for (guint i = 0; i < apply->profile->grids->len; i++) {
        const struct profile_grid *grid =
                &g_array_index(apply->profile->grids, struct profile_grid, i);
        param_add_text(&apply->params, 0, grid->unit);
        param_add_bytes(&apply->params, 1, grid->wkb, grid->wkb_size);
    }
    if (err == OK)
        err = run(apply, GRID_FILL, NULL);
    if (err == OK)
        err = run(apply, GRID_UNIT, NULL);
    return err == OK ? part_merge(apply, DIFF_GRIDS, merge) : err;
}

static enum err days_apply(struct apply *apply)
{
    static const char *const begin[] = {DAY_TABLE};
    static const char *const merge[3] = {DAY_CHANGE, DAY_ADD, DAY_RETIRE};
    enum err err = run_list(apply, begin, 1);
    arrays_declare(apply, "tbt");
    for (guint i = 0; i < apply->profile->days->len; i++) {
        const struct profile_day *day = &g_array_index(apply->profile->days, struct profile_day, i);
        param_add_text(&apply->params, 0, day->day);
        param_add_int(&apply->params, 1, day->working);
        param_add_text(&apply->params, 2, day->name);
    }
    if (err == OK)
        err = run(apply, DAY_FILL, NULL);
    return err == OK ? part_merge(apply, DIFF_DAYS, merge) : err;
}

/* Numbers, letters and kind of a site stand in ids, case numbers and deadlines: they stay. */
static enum err site_compare(const struct profile_site *site,
        const PGresult *result,
        struct buf *why_zh,
        struct buf *why_en)
{
    int64_t number = row_int(result, 0, 0);
    const char *letters = row_text(result, 0, 1);
    bool drill = row_int(result, 0, 2) != 0;
    if (number == site->number && strcmp(letters, site->letters) == 0 && drill == site->drill)
        return OK;
    buf_add_format(why_zh,
            "数据库属于站点 %d(%s,%s),样板是站点 "
            "%d(%s,%s):站点号、字母和是否演练不能改,请用新的数据库",
            (int)number, letters, drill ? "演练" : "正式", site->number, site->letters,
            site->drill ? "演练" : "正式");
    buf_add_format(why_en,
            "the database belongs to site %d (%s, %s), the profile is site %d (%s, %s): number, "
            "letters "
            "and drill cannot change, use a new database",
            (int)number, letters, drill ? "drill" : "production", site->number, site->letters,
            site->drill ? "drill" : "production");
    return ERR_CONFLICT;
}

static enum err site_add(struct apply *apply)
{
    const struct profile_site *site = &apply->profile->site;
    struct params *params = &apply->params;
    params_int(params, PARAM_INT4, site->number);
    params_text(params, site->letters);
    params_text(params, site->name_zh);
    params_text(params, site->name_en);
    params_int(params, PARAM_INT4, site->utc_offset_s);
    params_int(params, PARAM_BOOL, site->drill);
    params_int(params, PARAM_TIME, site->clock_ms);
    params_text(params, site->hours);
    return run(apply, SITE_ADD, &apply->diff.parts[DIFF_SITE].added);
}

static enum err site_apply(struct apply *apply, struct buf *why_zh, struct buf *why_en)
{
    const struct profile_site *site = &apply->profile->site;
    PGresult *result = pg_exec(apply->pg, SITE_READ, NULL);
    if (result == NULL)
        return ERR_TRANSIENT;
    bool found = PQntuples(result) == 1;
    apply->diff.version = found ? row_int(result, 0, 6) : 0;
    enum err err = found ? site_compare(site, result, why_zh, why_en) : OK;
    PQclear(result);
    if (err != OK)
        return err;
    if (!found)
        return site_add(apply);
    params_text(&apply->params, site->name_zh);
    params_text(&apply->params, site->name_en);
    params_int(&apply->params, PARAM_INT4, site->utc_offset_s);
    params_text(&apply->params, site->hours);
    return run(apply, SITE_CHANGE, &apply->diff.parts[DIFF_SITE].changed);
}

static void diff_sum(struct diff *diff)
{
    for (size_t i = 0; i < DIFF_PARTS; i++)
        diff->any = diff->any ||
                    diff->parts[i].added + diff->parts[i].changed + diff->parts[i].retired > 0;
    diff->version += diff->any;
}

/* What was written is read as services will read it: what they could not load is refused here, and
 * the working time that deadlines are counted by from now on is kept. */
static enum err result_keep(struct apply *apply, struct buf *why_zh, struct buf *why_en)
{
    struct directory *directory = NULL;
    const char *why = "";
    enum err err = directory_load_within(apply->pg, &directory, &why);
    if (err == ERR_TRANSIENT)
        return err;
    if (err != OK) {
        buf_add_format(why_zh, "服务会读不进这份样板,没有写入任何内容:%s", why);
        buf_add_format(why_en, "the services could not load it, nothing was written: %s", why);
        return ERR_CONFLICT;
    }
    err = store_hours_keep(apply->pg, directory);
    directory_destroy(&directory);
    return err;
}

static enum err all_apply(struct apply *apply, struct buf *why_zh, struct buf *why_en)
{
    enum err (*const parts[])(struct apply *) = {
            units_apply, staff_apply, matters_apply, grids_apply, days_apply};
    enum err err = run_list(apply, BEGIN, G_N_ELEMENTS(BEGIN));
    if (err == OK)
        err = site_apply(apply, why_zh, why_en);
    for (size_t i = 0; i < G_N_ELEMENTS(parts) && err == OK; i++)
        err = parts[i](apply);
    if (err == OK)
        diff_sum(&apply->diff);
    if (err == OK && apply->diff.any)
        err = run(apply, SITE_VERSION, NULL);
    if (err == OK)
        err = result_keep(apply, why_zh, why_en);
    return err == OK ? store_calendar_missing(apply->pg, &apply->diff.year_missing) : err;
}

enum err store_profile_apply(struct pg *pg,
        const struct profile *profile,
        bool commit,
        struct diff *ret,
        struct buf *why_zh,
        struct buf *why_en)
{
    struct apply *apply = g_new0(struct apply, 1);
    apply->pg = pg;
    apply->profile = profile;
    enum err err = all_apply(apply, why_zh, why_en);
    if (err == OK && commit)
        err = run(apply, PG_COMMIT.sql, NULL);
    else if (pg_state(pg) == PG_READY)
        PQclear(pg_exec(pg, PG_ROLLBACK.sql, NULL));
    if (err == OK)
        *ret = apply->diff;
    params_fini(&apply->params);
    g_free(apply);
    return err;
}
