/* See doc.h. Both formats are built in memory: libxml2's writer for the one, a stack of jansson's
 * values for the other. */
#include "services/intake/open311/doc.h"
#include <inttypes.h>
#include <jansson.h>
#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>
#include "services/kernel/base/must.h"

#define NUMBER_SIZE 32

struct level {
    const char *item; /* name of a list's items; NULL: an object */
    json_t *value;    /* JSON: borrowed from its parent, the root's is ours */
};

struct doc {
    enum doc_format format;
    struct level levels[DOC_DEPTH_MAX];
    size_t depth;
    json_t *root;
    xmlBufferPtr bytes;
    xmlTextWriterPtr writer;
};

struct doc *doc_new(enum doc_format format)
{
    struct doc *doc = must_memory(calloc(1, sizeof *doc));
    doc->format = format;
    if (format == DOC_JSON)
        return doc;
    doc->bytes = must_memory(xmlBufferCreate());
    doc->writer = must_memory(xmlNewTextWriterMemory(doc->bytes, 0));
    must(xmlTextWriterStartDocument(doc->writer, "1.0", "UTF-8", NULL) >= 0);
    return doc;
}

/* The caller gives `value` away. `name` NULL: an item of the list that is open. */
static void json_put(struct doc *doc, const char *name, json_t *value)
{
    must_memory(value);
    if (!doc->depth) {
        must(!doc->root);
        doc->root = value;
        return;
    }
    json_t *parent = doc->levels[doc->depth - 1].value;
    must((name ? json_object_set_new(parent, name, value) : json_array_append_new(parent, value)) ==
            0);
}

static void level_open(struct doc *doc, const char *name, const char *item)
{
    json_t *value = NULL;
    const char *element = name ? name : doc->levels[doc->depth - 1].item;
    must(doc->depth < DOC_DEPTH_MAX);
    if (doc->format == DOC_JSON) {
        value = item ? json_array() : json_object();
        json_put(doc, name, value);
    } else {
        must(xmlTextWriterStartElement(doc->writer, BAD_CAST element) >= 0);
    }
    doc->levels[doc->depth++] = (struct level){item, value};
}

void doc_list(struct doc *doc, const char *name, const char *item)
{
    level_open(doc, name, item);
}

void doc_object(struct doc *doc, const char *name)
{
    level_open(doc, name, NULL);
}

void doc_item(struct doc *doc)
{
    must(doc->depth && doc->levels[doc->depth - 1].item);
    level_open(doc, NULL, NULL);
}

void doc_end(struct doc *doc)
{
    must(doc->depth);
    doc->depth--;
    if (doc->format == DOC_XML)
        must(xmlTextWriterEndElement(doc->writer) >= 0);
}

/* XML 1.0 has no way to say most control characters, nor U+FFFE and U+FFFF: a space stands there
 * instead. */
static void xml_put(struct doc *doc, const char *name, const char *text)
{
    BUF_OWNED clean = {0};
    buf_add_text(&clean, text);
    for (size_t i = 0; i < clean.size; i++) {
        unsigned char byte = (unsigned char)clean.data[i];
        if (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r')
            clean.data[i] = ' ';
        if (byte == 0xef && (unsigned char)clean.data[i + 1] == 0xbf &&
                (unsigned char)clean.data[i + 2] >= 0xbe)
            memset(clean.data + i, ' ', 3);
    }
    must(xmlTextWriterStartElement(doc->writer, BAD_CAST name) >= 0);
    if (clean.size)
        must(xmlTextWriterWriteString(doc->writer, BAD_CAST clean.data) >= 0);
    must(xmlTextWriterEndElement(doc->writer) >= 0);
}

void doc_item_text(struct doc *doc, const char *text)
{
    must(doc->depth && doc->levels[doc->depth - 1].item);
    if (doc->format == DOC_JSON)
        json_put(doc, NULL, json_string(text));
    else
        xml_put(doc, doc->levels[doc->depth - 1].item, text);
}

void doc_text(struct doc *doc, const char *name, const char *text)
{
    bool empty = !text || !*text;
    if (doc->format == DOC_XML)
        xml_put(doc, name, empty ? "" : text);
    else
        json_put(doc, name, empty ? json_null() : json_string(text));
}

void doc_flag(struct doc *doc, const char *name, bool value)
{
    if (doc->format == DOC_XML)
        xml_put(doc, name, value ? "true" : "false");
    else
        json_put(doc, name, json_boolean(value));
}

void doc_int(struct doc *doc, const char *name, int64_t value)
{
    char text[NUMBER_SIZE];
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    if (doc->format == DOC_XML)
        xml_put(doc, name, text);
    else
        json_put(doc, name, json_integer(value));
}

void doc_degrees(struct doc *doc, const char *name, double value)
{
    char text[NUMBER_SIZE];
    (void)snprintf(text, sizeof text, "%.6f", value);
    if (doc->format == DOC_XML)
        xml_put(doc, name, text);
    else
        json_put(doc, name, json_real(value));
}

static void json_finish(struct doc *doc, struct buf *out)
{
    char *text = must_memory(json_dumps(doc->root, JSON_COMPACT | JSON_REAL_PRECISION(9)));
    buf_add_text(out, text);
    free(text);
    json_decref(doc->root);
}

static void xml_finish(struct doc *doc, struct buf *out)
{
    must(xmlTextWriterEndDocument(doc->writer) >= 0);
    xmlFreeTextWriter(doc->writer); /* writes what it still holds */
    buf_add(out, xmlBufferContent(doc->bytes), (size_t)xmlBufferLength(doc->bytes));
    xmlBufferFree(doc->bytes);
}

void doc_finish(struct doc **doc_, struct buf *out)
{
    struct doc *doc = *doc_;
    must(doc->depth == 0);
    *doc_ = NULL;
    if (doc->format == DOC_JSON)
        json_finish(doc, out);
    else
        xml_finish(doc, out);
    free(doc);
}
