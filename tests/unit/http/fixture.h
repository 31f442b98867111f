/*
 * fixture - a configuration and a request head for tests of what works on heads.
 */
#ifndef PELLUCID_TESTS_HTTP_FIXTURE_H
#define PELLUCID_TESTS_HTTP_FIXTURE_H

#include <stdlib.h>

#include "pellucid/conf.h"
#include "pellucid/http.h"

struct fixture {
    struct pel_conf conf;
    struct pel_arena arena;
    struct pel_http_parser *parser;
    const struct pel_head *head;
};

/* The defaults, but with keys of [server] such as trusted_proxies given as words. */
static inline void fixture_init(struct fixture *f, const char *key, const char *const *words)
{
    struct pel_value doc = {.kind = PEL_VALUE_TABLE}, *server, *list;
    struct pel_err err;

    if (key) {
        server = pel_value_add(&doc, "server");
        server->kind = PEL_VALUE_TABLE;
        list = pel_value_add(server, key);
        list->kind = PEL_VALUE_ARRAY;
        for (; *words; words++) {
            struct pel_value *item = pel_value_add(list, NULL);

            item->kind = PEL_VALUE_STRING;
            item->string = strdup(*words);
        }
    }
    PEL_ASSERT(pel_conf_load(&f->conf, &doc, &err) == 0);
    pel_value_fini(&doc);
    pel_arena_init(&f->arena);
    f->parser = pel_http_parser_new(&f->conf);
    f->head = NULL;
}

static inline void fixture_fini(struct fixture *f)
{
    pel_http_parser_free(f->parser);
    pel_arena_reset(&f->arena);
    pel_conf_fini(&f->conf);
}

/* Parses the request line and these fields (CRLF behind each). */
static inline void fixture_head(struct fixture *f, const char *line, const char *fields)
{
    struct pel_buf b;
    size_t used;

    pel_arena_reset(&f->arena);
    pel_buf_init(&b);
    pel_buf_addf(&b, "%s\r\n%s\r\n", line, fields);
    pel_http_parser_start(f->parser, &f->arena);
    PEL_ASSERT(pel_http_parser_feed(f->parser, b.p, b.len, &used) == PEL_HTTP_HEAD);
    f->head = pel_http_parser_head(f->parser);
    pel_buf_fini(&b);
}

#endif
