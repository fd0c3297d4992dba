/* An answer in XML or JSON, written once: elements and texts in order, lists of one kind of item.
 * JSON follows the rule by which Open311 makes it of the XML: a list is a bare array, its items
 * have no name, and the root has none either. */
#ifndef HUYING_OPEN311_DOC_H
#define HUYING_OPEN311_DOC_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"

#define DOC_DEPTH_MAX 8

enum doc_format { DOC_XML, DOC_JSON };

struct doc;

struct doc *doc_new(enum doc_format format);
/* A list (`services` of `service`) or an object; both are ended by doc_end(). */
void doc_list(struct doc *doc, const char *name, const char *item);
void doc_object(struct doc *doc, const char *name);
/* An object in the list that is open. */
void doc_item(struct doc *doc);
/* A text in the list that is open. */
void doc_item_text(struct doc *doc, const char *text);
void doc_end(struct doc *doc);
/* Members of the object that is open. NULL and "": an empty element, null. */
void doc_text(struct doc *doc, const char *name, const char *text);
void doc_flag(struct doc *doc, const char *name, bool value);
void doc_int(struct doc *doc, const char *name, int64_t value);
/* Degrees, to a millionth. */
void doc_degrees(struct doc *doc, const char *name, double value);
/* Appends all of it and frees. Every list and object must be ended. */
void doc_finish(struct doc **doc, struct buf *out);

#endif
