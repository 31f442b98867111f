/* document - struct pel_value trees for the tests of src/conf, and what loading them says. */
#ifndef PELLUCID_TESTS_CONF_DOCUMENT_H
#define PELLUCID_TESTS_CONF_DOCUMENT_H

#include "../check.h"
#include "pellucid/conf.h"

struct document {
    struct pel_value root;
    struct pel_conf conf;
    struct pel_err err;
};

static inline struct document document(void)
{
    struct document doc = {.root = {.kind = PEL_VALUE_TABLE}};

    doc.root.source = strdup("pellucid.toml");
    return doc;
}

/* The child of that name, made when it is not there. */
static inline struct pel_value *document_child(struct pel_value *table, const char *key)
{
    struct pel_value *v = (struct pel_value *)pel_value_find(table, key);

    return v ? v : pel_value_add(table, key);
}

/* An empty value to be filled in at section.key. */
static inline struct pel_value *document_at(struct document *doc, const char *section,
                                            const char *key)
{
    struct pel_value *table = document_child(&doc->root, section);

    table->kind = PEL_VALUE_TABLE;
    return pel_value_add(table, key);
}

static inline void document_string(struct document *doc, const char *section, const char *key,
                                   const char *text)
{
    pel_value_set_string(document_at(doc, section, key), pel_str(text, strlen(text)));
}

static inline void document_int(struct document *doc, const char *section, const char *key,
                                int64_t number)
{
    struct pel_value *v = document_at(doc, section, key);

    v->kind = PEL_VALUE_INT;
    v->integer = number;
}

static inline void document_real(struct document *doc, const char *section, const char *key,
                                 double number)
{
    struct pel_value *v = document_at(doc, section, key);

    v->kind = PEL_VALUE_FLOAT;
    v->real = number;
}

/* A list of the words of text. */
static inline void document_strings(struct document *doc, const char *section, const char *key,
                                    const char *text)
{
    struct pel_value *v = document_at(doc, section, key);
    size_t len;

    v->kind = PEL_VALUE_ARRAY;
    for (; *text; text += len + (text[len] == ' ')) {
        len = strcspn(text, " ");
        pel_value_set_string(pel_value_add(v, NULL), pel_str(text, len));
    }
}

/* One pair of the table at section.key. */
static inline void document_pair(struct document *doc, const char *section, const char *key,
                                 const char *name, const char *value)
{
    struct pel_value *table = document_child(&doc->root, section), *v;

    table->kind = PEL_VALUE_TABLE;
    v = document_child(table, key);
    v->kind = PEL_VALUE_TABLE;
    pel_value_set_string(pel_value_add(v, name), pel_str(value, strlen(value)));
}

/* A new [[route]]. */
static inline struct pel_value *document_route(struct document *doc, const char *match)
{
    struct pel_value *routes = document_child(&doc->root, "route"), *route;

    routes->kind = PEL_VALUE_ARRAY;
    route = pel_value_add(routes, NULL);
    route->kind = PEL_VALUE_TABLE;
    pel_value_set_string(pel_value_add(route, "match"), pel_str(match, strlen(match)));
    return route;
}

/* Loads the document into conf, which pel_conf_fini frees; the document is gone then. */
static inline struct pel_conf document_load(struct document *doc)
{
    struct pel_conf conf;

    if (pel_conf_load(&conf, &doc->root, &doc->err) < 0)
        fail_msg("%s", doc->err.text);
    pel_value_fini(&doc->root);
    return conf;
}

/* Loading fails with that line; the document is gone then. */
static inline void document_fails(struct document *doc, const char *line)
{
    struct pel_conf conf;

    assert_int_equal(pel_conf_load(&conf, &doc->root, &doc->err), -1);
    assert_string_equal(doc->err.text, line);
    pel_value_fini(&doc->root);
}

#endif
