/* Evidence for people and for the record; what is decided about it is in pure_catalogue.h. */
#ifndef HUYING_BASE_EVIDENCE_TEXT_H
#define HUYING_BASE_EVIDENCE_TEXT_H

#include "services/kernel/base/buf.h"
#include "services/kernel/base/pure_catalogue.h"

/* Appends what evidence_parse() reads: "photo4+seizure_list". */
void evidence_format(const struct evidence *list, int count, struct buf *out);
/* Appends the same in brackets, behind a space if something stands before it; nothing for none. */
void evidence_note(const struct evidence *list, int count, struct buf *out);
/* Appends what evidence_pack() made a number of, in "zh" or "en": "扣押清单 1 份",
 * "seizure list: 1". Nothing for a kind that only a newer version knows. */
void evidence_name(uint16_t packed, const char *language, struct buf *out);
/* What a person is told who named a kind of evidence that there is not. Static. */
extern const char evidence_why[];

#endif
