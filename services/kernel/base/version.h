/* The version of all binaries, which are released together: VERSION of project() in
 * CMakeLists.txt. */
#ifndef HUYING_BASE_VERSION_H
#define HUYING_BASE_VERSION_H

/* "0.1.0"; static memory. */
const char *version_text(void);
/* The line that --version prints, "huying-routing 0.1.0". */
void version_print(const char *program);

#endif
