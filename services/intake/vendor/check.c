/* huying-vendors DIR: reads the mappings and key files of a directory as intake does, and says all
 * that is wrong, a line each. huyingctl config check calls it, so that the tool need not know how a
 * service reads its files. */
#include <stdio.h>
#include "services/intake/vendor/mapping.h"

int main(int argc, char **argv)
{
    struct vendors *vendors = NULL;
    BUF_OWNED why = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIR\n", argv[0]);
        return 2;
    }
    enum err err = vendors_load(argv[1], &vendors, &why);
    if (why.size)
        fputs(why.data, stdout);
    if (vendors)
        vendors_destroy(&vendors);
    return err ? 1 : 0;
}
