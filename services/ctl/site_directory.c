#include "services/ctl/site_directory.h"

#include <inttypes.h>

#include "services/kernel/store/directory.h"

struct directory *site_directory(const struct ctl *ctl)
{
    struct directory *directory = NULL;
    struct pg *pg = ctl_connect(ctl, NULL);
    if (pg == NULL)
        return NULL;
    enum err err = directory_load_now(pg, &directory);
    if (err == ERR_NOT_FOUND)
        ctl_fail(ctl, "数据库里还没有组织树:先执行 huyingctl apply 样板目录",
                "the database has no organisation tree yet: huyingctl apply PROFILE_DIR first");
    else if (err != OK)
        ctl_fail(ctl, "组织树读不出来:%s", "the organisation tree cannot be read: %s",
                pg_message(pg));
    pg_destroy(&pg);
    return directory;
}

static const char *name_in(const struct ctl *ctl, const char *zh, const char *en)
{
    bool english = ctl->english ? *en != '\0' : *zh == '\0';
    return english ? en : zh;
}

char *unit_title(const struct ctl *ctl, const struct directory *directory, int64_t id)
{
    const struct unit *unit = id != 0 ? unit_find(directory, id) : NULL;
    if (unit == NULL)
        return id != 0 ? g_strdup_printf("%" PRId64, id) : g_strdup("-");
    return g_strdup_printf("%s (%s)", name_in(ctl, unit->name_zh, unit->name_en), unit->code);
}

char *unit_path(const struct ctl *ctl, const struct directory *directory, int64_t id)
{
    if (id == 0)
        return g_strdup("-");
    const struct unit *unit = unit_find(directory, id);
    if (unit == NULL)
        return g_strdup_printf("%" PRId64, id);
    char *path = NULL;
    for (; unit != NULL; unit = unit_parent(directory, unit)) {
        char *longer = g_strdup_printf("%s (%s)%s%s", name_in(ctl, unit->name_zh, unit->name_en),
                unit->code, path != NULL ? " › " : "", path != NULL ? path : "");
        g_free(path);
        path = longer;
    }
    return path;
}

const char *unit_name(const struct ctl *ctl,
        const struct directory *directory,
        int64_t id,
        char ret[UNIT_NUMBER_SIZE])
{
    const struct unit *unit = id != 0 ? unit_find(directory, id) : NULL;
    if (unit != NULL)
        return name_in(ctl, unit->name_zh, unit->name_en);
    ret[0] = '\0';
    if (id != 0)
        snprintf(ret, UNIT_NUMBER_SIZE, "%" PRId64, id);
    return ret;
}

char *matter_title(const struct ctl *ctl, const struct directory *directory, const char *code)
{
    const struct matter *matter = matter_find_code(directory, code);
    if (matter == NULL)
        return g_strdup(code);
    return g_strdup_printf("%s (%s)", name_in(ctl, matter->name_zh, matter->name_en), code);
}
