/* The cage of huying-photo: from when it is closed the process can read, write and reserve memory,
 * and nothing else. Any other system call ends it (seccomp), also a page that could be executed;
 * memory, processor time and what it may write are limited, and it leaves no core file. */
#ifndef HUYING_INTAKE_PHOTO_CAGE_H
#define HUYING_INTAKE_PHOTO_CAGE_H

#include <stdbool.h>

/* For good. False: it could not be closed, and nothing of a stranger's is to be looked at. */
bool cage_close(void);

#endif
