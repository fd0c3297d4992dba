/* A story's residents: what they do on the page of a telephone, over HTTP (drama_page.c). */
#ifndef HUYING_CTL_DRAMA_PAGE_H
#define HUYING_CTL_DRAMA_PAGE_H

#include "services/ctl/codec_drama.h"
#include "services/ctl/drama.h"

/* `ret_code` gets the secret code; "" when the site gives none, untouched after a refusal.
 * ERR_NOT_FOUND, said: the site serves no residents. ERR_TRANSIENT: no answer. */
enum err drama_page_report(struct drama *drama,
        const struct drama_report *report,
        char ret_code[DRAMA_CODE_SIZE],
        struct drama_answer *ret) MUST_CHECK;
/* Looks at the row's case by its number and the code that the row says. The same errors. */
enum err drama_page_follow(
        struct drama *drama, const struct drama_row *row, struct drama_answer *ret) MUST_CHECK;

#endif
