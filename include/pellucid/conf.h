/*
 * conf - the configuration, frozen.
 *
 * struct pel_conf is made from the directive table (tbl/directives.h); a field is named
 * section_key, with its unit behind it. The document comes from Python (tomllib, flags and
 * environment merged by pellucid/config.py) as a tree of struct pel_value; pel_conf_load checks it
 * whole and keeps copies. Owner: the process that loaded it; read-only from then on, by all its
 * threads.
 */
#ifndef PELLUCID_CONF_H
#define PELLUCID_CONF_H

#include "pellucid/base.h"
#include "pellucid/err.h"

/* A value as TOML or JSON has it. Children are owned by their parent, all by pel_value_free. */
enum pel_value_kind {
    PEL_VALUE_STRING = 0,
    PEL_VALUE_INT,
    PEL_VALUE_FLOAT,
    PEL_VALUE_BOOL,
    PEL_VALUE_ARRAY,
    PEL_VALUE_TABLE,
};

struct pel_value {
    enum pel_value_kind kind;
    char *key;    /* in a table; else NULL */
    char *source; /* "pellucid.toml", "OTEL_SERVICE_NAME", "--set"; NULL: the parent's */
    char *string;
    int64_t integer; /* INT, and 0 or 1 of BOOL */
    double real;
    struct pel_value *children; /* of ARRAY and TABLE, in order */
    size_t n_children;
};

/* Adds an empty child (TABLE: with a copy of key) and returns it; earlier returns may move. */
struct pel_value *pel_value_add(struct pel_value *parent, const char *key);
void pel_value_fini(struct pel_value *v);

/* Types of the table's columns. COUNT: an integer, or the word "auto" (0). DURATION: "10s", "1.5m",
 * "250ms", or a number of seconds; kept in ms. SIZE: "64KiB", "1MB", or bytes. RATIO: 0 to 1. ENUM:
 * one of the words in the allowed column; kept as its index. */
struct pel_strings {
    char **items;
    size_t n;
};
struct pel_pair {
    char *name, *value;
};
struct pel_pairs {
    struct pel_pair *items;
    size_t n;
};

#define PEL_FIELD_BOOL(s, k) bool s##_##k;
#define PEL_FIELD_COUNT(s, k) int64_t s##_##k;
#define PEL_FIELD_DURATION(s, k) int64_t s##_##k##_ms;
#define PEL_FIELD_SIZE(s, k) int64_t s##_##k##_bytes;
#define PEL_FIELD_RATIO(s, k) double s##_##k;
#define PEL_FIELD_ENUM(s, k) int s##_##k;
#define PEL_FIELD_STRING(s, k) char *s##_##k; /* never NULL; "" = not set */
#define PEL_FIELD_STRINGS(s, k) struct pel_strings s##_##k;
#define PEL_FIELD_PAIRS(s, k) struct pel_pairs s##_##k;

/* One [[route]]. Unset values are those of the sections they refine. */
struct pel_conf_route {
    char *match;  /* as written, such as "GET /orders/{id}" or with stars */
    char *method; /* "" = any */
    char *pattern;
    char *name; /* "" = the pattern is no name */
    int64_t slow_ms;
    double trace_ratio; /* -1 = trace.ratio */
    bool access_log;
    bool recycle; /* false: such requests do not count towards recycle.max_requests */
};

struct pel_net; /* a parsed element of trusted_proxies */

struct pel_conf {
#define PEL_DIRECTIVE(section, key, type, dflt, allowed, min, max, reload, text)                   \
    PEL_FIELD_##type(section, key)
#include "pellucid/tbl/directives.h"
#undef PEL_DIRECTIVE
    struct pel_conf_route *routes;
    size_t n_routes;
    struct pel_net *proxies; /* server.trusted_proxies, parsed */
    size_t n_proxies;
    bool trusts_unix;
};

/* Values of the ENUM directives, in the order of their words in the table. */
enum { PEL_INTERFACE_AUTO = 0, PEL_INTERFACE_WSGI, PEL_INTERFACE_ASGI };
enum { PEL_LOOP_AUTO = 0, PEL_LOOP_ASYNCIO, PEL_LOOP_UVLOOP };
enum { PEL_COMPRESSION_NONE = 0, PEL_COMPRESSION_GZIP };

/* Checks doc (a TABLE of sections) and fills conf, defaults included. 0, or -1 with a line that
 * names source, key, what was found, what is allowed, and the nearest known key. conf is untouched
 * then. */
int pel_conf_load(struct pel_conf *conf, const struct pel_value *doc, struct pel_err *err);
void pel_conf_fini(struct pel_conf *conf);

/* First [[route]] that matches, or NULL. "*" in a pattern is one path segment or part of one, "**"
 * any number of them; the method may be left out. */
const struct pel_conf_route *pel_conf_route_find(const struct pel_conf *conf, struct pel_str method,
                                                 struct pel_str path);

/* Is a peer address (numeric text) on the trusted_proxies list? */
bool pel_conf_trusts(const struct pel_conf *conf, struct pel_str address);

/* The table itself, for the command line, the generated files and the tests. */
struct pel_directive {
    const char *section, *key, *type, *dflt, *allowed, *reload, *text;
    double min, max;
};
extern const struct pel_directive pel_directives[];
extern const size_t pel_n_directives;

#endif
