/* huyingctl COMMAND …: finds the command in the table and hands over. All options, the global
 * ones too, are parsed by the command (ctl_options), so that they may stand before or behind its
 * name. */
#include "services/ctl/commands.h"

#include <stdio.h>
#include <string.h>

#include "services/kernel/base/version.h"

struct command {
    const char *name, *help;
    int (*run)(struct ctl *ctl, int argc, char **argv);
};

static const struct command COMMANDS[] = {
#define X(name, word, help) {word, help, command_##name},
        COMMAND_TABLE(X)
#undef X
};

#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(COMMANDS[i].name, name) == 0)
            return &COMMANDS[i];
    return NULL;
}

static void commands_print(const struct ctl *ctl, FILE *out)
{
    fputs(ctl->english ? "usage: huyingctl [--home DIR] [--lang zh|en] [-o json] COMMAND …\n\n"
                       : "用法:huyingctl [--home 目录] [--lang zh|en] [-o json] 命令 …\n\n",
            out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char text[256];
        fprintf(out, "  %-14s %s\n", COMMANDS[i].name,
                ctl_text(ctl, COMMANDS[i].help, text, sizeof(text)));
    }
    fputs(ctl->english ? "\nhuyingctl COMMAND --help tells the rest.\n"
                       : "\n详情见 huyingctl 命令 --help。\n",
            out);
}

/* Index of the command's name: the first word that is neither an option nor an option's value. */
static int command_index(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-')
            return i;
        if (strcmp(argv[i], "--home") == 0 || strcmp(argv[i], "--lang") == 0 ||
                strcmp(argv[i], "--root") == 0 || strcmp(argv[i], "-o") == 0 ||
                strcmp(argv[i], "--output") == 0)
            i++;
    }
    return argc;
}

int main(int argc, char **argv)
{
    struct ctl ctl = {0};
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        version_print("huyingctl");
        return EXIT_DONE;
    }
    int at = command_index(argc, argv);
    const struct command *command = at < argc ? command_find(argv[at]) : NULL;
    if (command != NULL) {
        /* The name moves to the front, where a program's name stands. */
        char *name = argv[at];
        memmove(&argv[2], &argv[1], (size_t)(at - 1) * sizeof(argv[0]));
        argv[1] = name;
        return command->run(&ctl, argc - 1, argv + 1);
    }
    int status = ctl_options(&ctl, "", CTL_TEXT("", ""), NULL, &argc, &argv);
    if (status > 0)
        return status;
    if (status == EXIT_DONE || at >= argc) {
        commands_print(&ctl, status == EXIT_DONE ? stdout : stderr);
        return status == EXIT_DONE ? EXIT_DONE : EXIT_USAGE;
    }
    ctl_fail(&ctl, "没有命令“%s”;huyingctl --help 列出全部命令",
            "there is no command \"%s\"; huyingctl --help lists them", argv[1]);
    return EXIT_USAGE;
}
