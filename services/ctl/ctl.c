/* What all commands share: options, language, home, files, connection. */
#include "services/ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "services/kernel/base/must.h"

#define OPTIONS_MAX 24

const char *ctl_text(const struct ctl *ctl, const char *text, char *ret, size_t size)
{
    const char *split = strchr(text, '\x1f');
    if (split == NULL)
        return text;
    if (ctl->english)
        return split + 1;
    snprintf(ret, size, "%.*s", (int)(split - text), text);
    return ret;
}

int ctl_fail(const struct ctl *ctl, const char *zh, const char *en, ...)
{
    va_list args;
    va_start(args, en);
    fputs("huyingctl: ", stderr);
    vfprintf(stderr, ctl->english ? en : zh, args);
    fputc('\n', stderr);
    va_end(args);
    return EXIT_FAILED;
}

void ctl_say(const struct ctl *ctl, const char *zh, const char *en, ...)
{
    va_list args;
    va_start(args, en);
    vfprintf(stderr, ctl->english ? en : zh, args);
    fputc('\n', stderr);
    va_end(args);
}

void ctl_print(const struct ctl *ctl, const char *zh, const char *en, ...)
{
    va_list args;
    va_start(args, en);
    vprintf(ctl->english ? en : zh, args);
    va_end(args);
}

void ctl_json(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    must(text != NULL);
    puts(text);
    free(text);
    json_decref(object);
}

int ctl_usage(const struct ctl *ctl, const char *command, const char *usage)
{
    ctl_say(ctl, "用法:huyingctl %s %s(--help 有说明)",
            "usage: huyingctl %s %s (--help tells more)", command, usage);
    return EXIT_USAGE;
}

int ctl_width(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar letter = g_utf8_get_char(text);
        width += g_unichar_iszerowidth(letter) ? 0 : g_unichar_iswide(letter) ? 2 : 1;
    }
    return width;
}

static void options_print(const struct ctl *ctl, const GOptionEntry *entries)
{
    for (size_t i = 0; entries[i].long_name != NULL; i++) {
        char text[512], value[128], option[200], letter[8] = "";
        if (entries[i].short_name != 0)
            snprintf(letter, sizeof(letter), "-%c, ", entries[i].short_name);
        const char *argument = entries[i].arg_description;
        snprintf(option, sizeof(option), "%s--%s%s%s", letter, entries[i].long_name,
                argument != NULL ? " " : "",
                argument != NULL ? ctl_text(ctl, argument, value, sizeof(value)) : "");
        int pad = 26 - ctl_width(option);
        printf("  %s%*s %s\n", option, pad > 0 ? pad : 0, "",
                ctl_text(ctl, entries[i].description, text, sizeof(text)));
    }
}

static void help_print(const struct ctl *ctl,
        const char *command,
        const char *usage,
        const char *help,
        const GOptionEntry *entries)
{
    char text[4096];
    ctl_print(ctl, "用法:huyingctl %s [选项] %s\n\n", "usage: huyingctl %s [OPTIONS] %s\n\n",
            command, usage);
    printf("%s\n\n", ctl_text(ctl, help, text, sizeof(text)));
    options_print(ctl, entries);
}

/* The first directory at or above `from` that has the migrations. False when there is none. */
static bool root_search(char ret[CTL_PATH_SIZE], const char *from)
{
    char dir[CTL_PATH_SIZE], probe[CTL_PATH_SIZE + 64];
    snprintf(dir, sizeof(dir), "%s", from);
    for (;;) {
        snprintf(probe, sizeof(probe), "%s/services/kernel/schema/sqitch.plan", dir);
        if (access(probe, R_OK) == 0) {
            snprintf(ret, CTL_PATH_SIZE, "%s", dir);
            return true;
        }
        char *slash = strrchr(dir, '/');
        if (slash == NULL || slash == dir)
            return false;
        *slash = '\0';
    }
}

static void root_find(struct ctl *ctl, const char *option)
{
    char here[CTL_PATH_SIZE] = "";
    const char *env = getenv("HUYING_ROOT");
    if (option == NULL && env != NULL && *env != '\0')
        option = env;
    if (option != NULL) {
        snprintf(ctl->root, sizeof(ctl->root), "%s", option);
        return;
    }
    ssize_t size = readlink("/proc/self/exe", here, sizeof(here) - 1);
    if (size > 0 && root_search(ctl->root, here))
        return;
    if (getcwd(here, sizeof(here)) != NULL)
        (void)root_search(ctl->root, here);
}

/* Takes home, language and form of output from options and environment. False: a wrong value,
 * said. */
static bool globals_take(struct ctl *ctl, const char *home, const char *lang, const char *output)
{
    const char *env_lang = getenv("HUYING_LANG"), *env_home = getenv("HUYING_HOME");
    if (lang == NULL)
        lang = env_lang != NULL && *env_lang != '\0' ? env_lang : "zh";
    ctl->english = strcmp(lang, "en") == 0;
    if (!ctl->english && strcmp(lang, "zh") != 0) {
        ctl_fail(ctl, "--lang:“%s”不认识,应为 zh 或 en", "--lang: found \"%s\", expected zh or en",
                lang);
        return false;
    }
    if (output != NULL && strcmp(output, "json") != 0 && strcmp(output, "table") != 0) {
        ctl_fail(ctl, "-o:“%s”不认识,应为 table 或 json",
                "-o: found \"%s\", expected table or json", output);
        return false;
    }
    ctl->json = output != NULL && strcmp(output, "json") == 0;
    if (home == NULL)
        home = env_home != NULL && *env_home != '\0' ? env_home : ".huying";
    snprintf(ctl->home, sizeof(ctl->home), "%s", home);
    return true;
}

int ctl_options(struct ctl *ctl,
        const char *usage,
        const char *help,
        const GOptionEntry *entries,
        int *argc,
        char ***argv)
{
    g_autofree char *home = NULL, *lang = NULL, *output = NULL, *root = NULL;
    gboolean help_wanted = FALSE;
    const GOptionEntry globals[] = {
            {"home", 0, 0, G_OPTION_ARG_FILENAME, &home,
                    CTL_TEXT("状态目录(默认 $HUYING_HOME 或 .huying)",
                            "state directory (default $HUYING_HOME or .huying)"),
                    CTL_TEXT("目录", "DIR")},
            {"lang", 0, 0, G_OPTION_ARG_STRING, &lang, CTL_TEXT("语言", "language"), "zh|en"},
            {"output", 'o', 0, G_OPTION_ARG_STRING, &output, CTL_TEXT("输出形式", "form of output"),
                    "table|json"},
            {"root", 0, 0, G_OPTION_ARG_FILENAME, &root,
                    CTL_TEXT("安装目录(内有 services/)", "where services/ is (default: found)"),
                    CTL_TEXT("目录", "DIR")},
            {"help", 'h', 0, G_OPTION_ARG_NONE, &help_wanted,
                    CTL_TEXT("显示说明", "show this help"), NULL},
            {0}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    setlocale(LC_CTYPE, "C.UTF-8");
    g_option_context_set_help_enabled(context, FALSE);
    if (entries != NULL)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, globals, NULL);
    bool parsed = g_option_context_parse(context, argc, argv, &error);
    if (!globals_take(ctl, home, lang, output))
        return EXIT_USAGE;
    if (!parsed) {
        ctl_fail(ctl, "选项有误:%s(--help 有说明)", "wrong option: %s (--help tells more)",
                error->message);
        return EXIT_USAGE;
    }
    root_find(ctl, root);
    if (!help_wanted)
        return -1;
    if (*usage != '\0' || strlen(help) > 1) {
        help_print(ctl, (*argv)[0], usage, help, entries != NULL ? entries : globals);
        if (entries != NULL)
            options_print(ctl, globals);
    }
    return EXIT_DONE;
}

void ctl_path(const struct ctl *ctl, char ret[CTL_PATH_SIZE], const char *format, ...)
{
    char tail[CTL_PATH_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(tail, sizeof(tail), format, args);
    va_end(args);
    g_autofree char *path = g_build_filename(ctl->home, tail, NULL);
    g_strlcpy(ret, path, CTL_PATH_SIZE);
}

static bool fd_write(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(fd, data, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return false;
        data += wrote;
        size -= (size_t)wrote;
    }
    return fsync(fd) == 0;
}

enum err ctl_file_write(const char *path, const char *data, size_t size, unsigned mode)
{
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_TRANSIENT;
    bool written = fd_write(fd, data, size) && fchmod(fd, mode) == 0;
    if (close(fd) != 0)
        written = false;
    if (written && rename(temporary, path) == 0)
        return OK;
    int saved = errno;
    (void)unlink(temporary);
    errno = saved;
    return ERR_TRANSIENT;
}

enum err ctl_dir_make(const struct ctl *ctl, const char *name)
{
    char path[CTL_PATH_SIZE];
    ctl_path(ctl, path, "%s", name);
    if (g_mkdir_with_parents(path, strcmp(name, "keys") == 0 ? 0700 : 0755) == 0)
        return OK;
    ctl_fail(ctl, "%s:目录建不了(%s)", "%s: the directory cannot be made (%s)", path,
            g_strerror(errno));
    return ERR_FATAL;
}

struct pg *ctl_connect(const struct ctl *ctl, const char *conninfo)
{
    struct pg *pg = pg_new(conninfo != NULL ? conninfo : ctl->conf.conninfo, "directory");
    if (pg_wait(pg, CTL_CONNECT_MS) == OK)
        return pg;
    ctl_fail(ctl,
            "连接不上 PostgreSQL:%s。请检查 %s/conf/ctl.conf 的 [store] "
            "conninfo,以及数据库是否在运行",
            "cannot connect to PostgreSQL: %s. Check [store] conninfo in %s/conf/ctl.conf and that "
            "the "
            "server is running",
            pg_message(pg), ctl->home);
    pg_destroy(&pg);
    return NULL;
}
