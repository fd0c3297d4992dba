/* Gives a target the bytes of files, without libFuzzer: every file of the folders and files named
 * as arguments, then nothing at all and one byte. What once broke a parser lies in crashes/TARGET,
 * so it stays mended. Prints the name before each file, since a crash ends the process. */
#include <dirent.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static size_t files;

static void file_replay(const char *path)
{
    g_autofree char *text = NULL;
    gsize size = 0;
    must(g_file_get_contents(path, &text, &size, NULL));
    printf("%s\n", path);
    (void)fflush(stdout);
    /* A copy of exactly that size: what reads past it is seen by AddressSanitizer. */
    g_autofree uint8_t *data = g_memdup2(text, size);
    (void)LLVMFuzzerTestOneInput(data, size);
    files++;
}

static void path_replay(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            file_replay(path);
        return;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        g_autofree char *file = g_build_filename(path, entry->d_name, NULL);
        if (g_file_test(file, G_FILE_TEST_IS_REGULAR))
            file_replay(file);
    }
    (void)closedir(dir);
}

int main(int argc, char **argv)
{
    static const uint8_t one[1];
    for (int i = 1; i < argc; i++)
        path_replay(argv[i]);
    (void)LLVMFuzzerTestOneInput(one, 0);
    (void)LLVMFuzzerTestOneInput(one, 1);
    printf("%zu files\n", files);
    return files > 0 ? 0 : 1; /* a folder that is not there would pass for ever */
}
