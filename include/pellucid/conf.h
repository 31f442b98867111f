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

/* A value as TOML or JSON has it. Children are owned by their parent, all by pel_value_fini. */
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
    char *key;       /* in a table; else NULL */
    char *source;    /* "pellucid.toml", "OTEL_SERVICE_NAME", "--set"; NULL: the parent's */
    char *string;    /* of STRING; NULL is the empty string */
    int64_t integer; /* INT, and 0 or 1 of BOOL */
    double real;
    struct pel_value *children; /* of ARRAY and TABLE, in order */
    size_t n_children;
};

/* Adds an empty child (TABLE: with a copy of key) and returns it; earlier returns may move. */
struct pel_value *pel_value_add(struct pel_value *parent, const char *key);
/* The child of that name, or NULL; also NULL when table is no TABLE. */
const struct pel_value *pel_value_find(const struct pel_value *table, const char *key);
/* The text of a STRING, never NULL. */
static inline const char *pel_value_text(const struct pel_value *v)
{
    return v->string ? v->string : "";
}

/* Makes v a STRING with a copy of s; v must be empty. */
void pel_value_set_string(struct pel_value *v, struct pel_str s);
void pel_value_fini(struct pel_value *v);

/* Types of the table's columns. COUNT: a whole number, or the word in the allowed column (0), which
 * is "auto". DURATION: "10s", "1.5m", "250ms", or a number of seconds; kept in ms. SIZE: "64KiB",
 * "1MB", or a number of bytes. RATIO: 0 to 1. ENUM: one of the words in the allowed column; kept as
 * its index. STRINGS: from min to max strings, of the words in the allowed column when there are
 * any. PAIRS: a table of strings. */
struct pel_strings {
    char **items;
    size_t n;
};
static inline bool pel_strings_have(const struct pel_strings *list, const char *word)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], word) == 0)
            return true;
    return false;
}
struct pel_pair {
    char *name, *value;
};
struct pel_pairs {
    struct pel_pair *items;
    size_t n;
};

enum pel_type {
    PEL_TYPE_BOOL = 0,
    PEL_TYPE_COUNT,
    PEL_TYPE_DURATION,
    PEL_TYPE_SIZE,
    PEL_TYPE_RATIO,
    PEL_TYPE_ENUM,
    PEL_TYPE_STRING,
    PEL_TYPE_STRINGS,
    PEL_TYPE_PAIRS,
    PEL_TYPE_N
};

/* The C type of a field, and its name with the unit behind it. A string is never NULL; "" = not
 * set. */
#define PEL_CTYPE_BOOL bool
#define PEL_CTYPE_COUNT int64_t
#define PEL_CTYPE_DURATION int64_t
#define PEL_CTYPE_SIZE int64_t
#define PEL_CTYPE_RATIO double
#define PEL_CTYPE_ENUM int
#define PEL_CTYPE_STRING char *
#define PEL_CTYPE_STRINGS struct pel_strings
#define PEL_CTYPE_PAIRS struct pel_pairs

#define PEL_FIELD_BOOL(name) name
#define PEL_FIELD_COUNT(name) name
#define PEL_FIELD_DURATION(name) name##_ms
#define PEL_FIELD_SIZE(name) name##_bytes
#define PEL_FIELD_RATIO(name) name
#define PEL_FIELD_ENUM(name) name
#define PEL_FIELD_STRING(name) name
#define PEL_FIELD_STRINGS(name) name
#define PEL_FIELD_PAIRS(name) name

/*
 * One [[route]]: match, name, slow_ms, trace_ratio, access_log, recycle, and what match means.
 * Unset values are those of the sections they refine: slow_ms is then requests.slow, trace_ratio -1
 * (trace.ratio). An unset name is the pattern itself when it has no star, else "" (the pattern is
 * no name). recycle = false: such requests do not count towards recycle.max_requests.
 */
struct pel_conf_route {
#define PEL_ROUTE_KEY(key, type, dflt, allowed, min, max, text)                                    \
    PEL_CTYPE_##type PEL_FIELD_##type(key);
#include "pellucid/tbl/routes.h"
#undef PEL_ROUTE_KEY
    char *method; /* "" = any */
    char *pattern;
};

struct pel_net; /* a parsed element of trusted_proxies */

struct pel_conf {
#define PEL_DIRECTIVE(section, key, type, dflt, allowed, min, max, reload, text)                   \
    PEL_CTYPE_##type PEL_FIELD_##type(section##_##key);
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
enum { PEL_LIFESPAN_AUTO = 0, PEL_LIFESPAN_ON, PEL_LIFESPAN_OFF };
enum { PEL_ACCESS_LOG_TEXT = 0, PEL_ACCESS_LOG_JSON };
enum { PEL_TRUST_ALL = 0, PEL_TRUST_PROXIES, PEL_TRUST_NONE };
enum { PEL_COMPRESSION_NONE = 0, PEL_COMPRESSION_GZIP };
enum { PEL_HISTOGRAM_EXPLICIT = 0, PEL_HISTOGRAM_EXPONENTIAL };
enum { PEL_OWN_COMPRESSION_DEFAULT = 0, PEL_OWN_COMPRESSION_NONE, PEL_OWN_COMPRESSION_GZIP };

/* The longest name in http.known_methods. */
#define PEL_METHOD_LEN_MAX 15

/* Checks doc (a TABLE of sections) and fills conf, defaults included. 0, or -1 with a line that
 * names source, key, what was found, what is allowed, and the nearest known key. conf is untouched
 * then. */
int pel_conf_load(struct pel_conf *conf, const struct pel_value *doc, struct pel_err *err);
void pel_conf_fini(struct pel_conf *conf);

/*
 * First [[route]] that matches, or NULL. In a pattern "*" and "{name}" stand for one path segment
 * or part of one, "/" followed by two stars for any number of segments, none included; the method
 * may be left out. Allocates nothing.
 */
const struct pel_conf_route *pel_conf_route_find(const struct pel_conf *conf, struct pel_str method,
                                                 struct pel_str path);

/* What [otlp] can export; the words of otlp.signals. */
enum pel_signal { PEL_SIGNAL_TRACES = 0, PEL_SIGNAL_METRICS, PEL_SIGNAL_LOGS };

/* Is that signal wanted, and is there somewhere to send it to? */
bool pel_conf_exports(const struct pel_conf *conf, enum pel_signal signal);

/* Where it goes: the endpoint of its own as it is, or otlp.endpoint with the path of the signal
 * behind it. The caller frees it. */
char *pel_conf_export_url(const struct pel_conf *conf, enum pel_signal signal) PEL_MUST_CHECK;

/* How it goes: by the directives of its own where they are set, else by those of [otlp] for all.
 * Borrowed from conf. */
struct pel_export_settings {
    const struct pel_pairs *headers;
    int64_t timeout_ms;
    bool compresses;
    /* PEM files; "" = none: the system's authorities, the key with the certificate. */
    const char *authorities, *certificate, *key;
};
struct pel_export_settings pel_conf_export_settings(const struct pel_conf *conf,
                                                    enum pel_signal signal);

/* Is a peer address (numeric text, IPv6 without brackets) on the trusted_proxies list? */
bool pel_conf_trusts(const struct pel_conf *conf, struct pel_str address);

/* The tables themselves, for the command line, the generated files and the tests. dflt NULL: unset
 * means what another key says. */
struct pel_directive {
    const char *section, *key;
    enum pel_type type;
    const char *dflt, *allowed;
    double min, max;
    bool is_live; /* SIGHUP takes a new value over; false: needs a restart */
    const char *text;
    size_t offset; /* of the field in struct pel_conf (or pel_conf_route) */
};
extern const struct pel_directive pel_directives[];
extern const size_t pel_n_directives;
extern const struct pel_directive pel_route_directives[]; /* section is "route" */
extern const size_t pel_n_route_directives;

const char *pel_type_name(enum pel_type type); /* "duration", ... */

/* Is the value one that no log, error line or listing may show? */
bool pel_directive_is_secret(const struct pel_directive *d);

/* What may be written for d: "a whole number from 1 to 1024". At most len bytes, terminated. */
void pel_directive_allowed(const struct pel_directive *d, char *out, size_t len);

/* Do two configurations agree on pel_directives[i]? For a reload, which cannot take all over. */
bool pel_conf_is_same(const struct pel_conf *a, const struct pel_conf *b, size_t i);

#endif
