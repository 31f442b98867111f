#include <stdlib.h>

#include "check.h"
#include "explain.h"
#include "pellucid/address.h"

static bool has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

/* A field name or a method (RFC 9110 5.6.2). */
static bool is_token(const char *s)
{
    return *s && s[strspn(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* What check_* below say about a string; NULL: nothing to say. */
typedef const char *complaint_fn(const char *s);

static const char *complain_path(const char *s)
{
    if (*s && (*s != '/' || s[strlen(s) - 1] == '/' || has_control(s)))
        return "a path that begins with / and does not end with one, or nothing";
    return NULL;
}

static const char *complain_field_value(const char *s)
{
    if (has_control(s) || *s == ' ' || (*s && s[strlen(s) - 1] == ' '))
        return "text without control characters, and without spaces around it";
    return NULL;
}

/* A host, and perhaps a port: the len bytes of s, a name and a password before them left out. */
static bool is_authority(const char *s, size_t len)
{
    const char *end = s + len, *at = memrchr(s, '@', len), *bracket, *port;
    unsigned long number;
    char *stop;

    s = at ? at + 1 : s;
    bracket = *s == '[' ? memchr(s, ']', (size_t)(end - s)) : s;
    port = bracket ? memchr(bracket, ':', (size_t)(end - bracket)) : NULL;
    if (!bracket || s == (port ? port : end))
        return false;
    if (!port)
        return true;
    number = strtoul(port + 1, &stop, 10);
    return port[1] >= '0' && port[1] <= '9' && stop == end && number > 0 && number <= UINT16_MAX;
}

static const char *complain_url(const char *s)
{
    size_t scheme = strncmp(s, "http://", 7) == 0 ? 7 : strncmp(s, "https://", 8) == 0 ? 8 : 0;

    if (*s && (!scheme || strchr(s, ' ') || has_control(s) ||
               !is_authority(s + scheme, strcspn(s + scheme, "/?#"))))
        return "a URL such as \"http://127.0.0.1:4318\", or nothing";
    return NULL;
}

static const char *complain_plain(const char *s)
{
    return has_control(s) ? "text without control characters" : NULL;
}

static const char *complain_log(const char *s)
{
    return !*s || has_control(s) ? "\"-\", a path, or \"off\"" : NULL;
}

static const char *complain_output(const char *s)
{
    return !*s || has_control(s) || strcmp(s, "off") == 0 ? "\"-\" or a path" : NULL;
}

/* Of all signals, or of one: prefix is traces_ and so on. */
#define PATH(name)                                                                                 \
    {                                                                                              \
        "otlp", #name, offsetof(struct pel_conf, otlp_##name), complain_plain, false               \
    }
#define CERTIFICATES(prefix)                                                                       \
    PATH(prefix##certificate), PATH(prefix##client_certificate), PATH(prefix##client_key)

/* The strings that have a form. */
static const struct {
    const char *section, *key;
    size_t offset;
    complaint_fn *complain;
    bool is_secret;
} strings[] = {
    {"server", "app", offsetof(struct pel_conf, server_app), complain_plain, false},
    {"server", "chdir", offsetof(struct pel_conf, server_chdir), complain_plain, false},
    {"server", "root_path", offsetof(struct pel_conf, server_root_path), complain_path, false},
    {"http", "server_header", offsetof(struct pel_conf, http_server_header), complain_field_value,
     false},
    {"http", "access_log", offsetof(struct pel_conf, http_access_log), complain_log, false},
    {"otlp", "endpoint", offsetof(struct pel_conf, otlp_endpoint), complain_url, false},
    {"otlp", "traces_endpoint", offsetof(struct pel_conf, otlp_traces_endpoint), complain_url,
     false},
    CERTIFICATES(),
    CERTIFICATES(traces_),
    CERTIFICATES(metrics_),
    CERTIFICATES(logs_),
    {"otlp", "metrics_endpoint", offsetof(struct pel_conf, otlp_metrics_endpoint), complain_url,
     false},
    {"otlp", "logs_endpoint", offsetof(struct pel_conf, otlp_logs_endpoint), complain_url, false},
    {"log", "output", offsetof(struct pel_conf, log_output), complain_output, false},
    {"admin", "token", offsetof(struct pel_conf, admin_token), complain_field_value, true},
};
#undef CERTIFICATES
#undef PATH

static int check_strings(const struct pel_conf *conf, const struct pel_value *doc,
                         struct pel_err *err)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(strings); i++) {
        char *s = *(char *const *)((const char *)conf + strings[i].offset);
        struct pel_value v = {.kind = PEL_VALUE_STRING, .string = s};
        const char *complaint = strings[i].complain(s);
        struct pel_buf found;

        if (!complaint)
            continue;
        pel_buf_init(&found);
        if (strings[i].is_secret)
            pel_buf_addf(&found, "a secret");
        else if (strings[i].complain == complain_url && strchr(s, '@'))
            pel_buf_addf(&found, "a URL with a secret");
        else
            pel_explain_found(&found, &v);
        pel_err_set(err, "%s: %s.%s: found %.*s, allowed is %s",
                    pel_explain_source(doc, strings[i].section, strings[i].key), strings[i].section,
                    strings[i].key, (int)found.len, found.p, complaint);
        pel_buf_fini(&found);
        return -1;
    }
    return 0;
}

static int fail_address(const struct pel_value *doc, const char *section, const char *text,
                        const struct pel_err *why, struct pel_err *err)
{
    return pel_err_set(err,
                       "%s: %s.bind: found \"%.120s\" (%s), allowed is host:port, [::1]:port, "
                       "unix:/path or fd://N%s",
                       pel_explain_source(doc, section, "bind"), section, text, why->text,
                       strcmp(section, "admin") == 0 ? ", or \"off\"" : "");
}

static int check_bind(const struct pel_conf *conf, const struct pel_value *doc, struct pel_err *err)
{
    const struct pel_strings *bind = &conf->server_bind;
    struct pel_address address;
    struct pel_err why;

    for (size_t i = 0; i < bind->n; i++) {
        if (pel_address_parse(&address, bind->items[i], &why) < 0)
            return fail_address(doc, "server", bind->items[i], &why, err);
        for (size_t j = 0; j < i; j++)
            if (strcmp(bind->items[i], bind->items[j]) == 0)
                return pel_err_set(err, "%s: server.bind: \"%s\" is there twice",
                                   pel_explain_source(doc, "server", "bind"), bind->items[i]);
    }
    return 0;
}

static int check_admin(const struct pel_conf *conf, const struct pel_value *doc,
                       struct pel_err *err)
{
    struct pel_address address;
    struct pel_err why;

    if (strcmp(conf->admin_bind, "off") == 0)
        return 0;
    if (pel_address_parse(&address, conf->admin_bind, &why) < 0)
        return fail_address(doc, "admin", conf->admin_bind, &why, err);
    if (!*conf->admin_token && !pel_address_is_local(&address))
        return pel_err_set(err,
                           "%s: admin.token: found \"\", but admin.bind = \"%s\" can be reached "
                           "from other machines: set a token, or bind to 127.0.0.1, [::1] or "
                           "unix:/path",
                           pel_explain_source(doc, "admin", "bind"), conf->admin_bind);
    return 0;
}

/* "_OTHER" is what the others are told as. */
static int check_methods(const struct pel_conf *conf, const struct pel_value *doc,
                         struct pel_err *err)
{
    const struct pel_strings *methods = &conf->http_known_methods;

    for (size_t i = 0; i < methods->n; i++) {
        const char *method = methods->items[i];
        struct pel_value v = {.kind = PEL_VALUE_STRING, .string = methods->items[i]};
        struct pel_buf found;

        if (is_token(method) && strlen(method) <= PEL_METHOD_LEN_MAX &&
            strcmp(method, "_OTHER") != 0)
            continue;
        pel_buf_init(&found);
        pel_explain_found(&found, &v);
        pel_err_set(err,
                    "%s: http.known_methods: found %.*s, allowed is an HTTP method of at most %d "
                    "characters, other than \"_OTHER\"",
                    pel_explain_source(doc, "http", "known_methods"), (int)found.len, found.p,
                    PEL_METHOD_LEN_MAX);
        pel_buf_fini(&found);
        return -1;
    }
    return 0;
}

/* key: of [otlp]. */
static int check_headers(const struct pel_pairs *headers, const char *key,
                         const struct pel_value *doc, struct pel_err *err)
{
    for (size_t i = 0; i < headers->n; i++) {
        const struct pel_pair *pair = &headers->items[i];

        if (!is_token(pair->name) || has_control(pair->value))
            return pel_err_set(err,
                               "%s: otlp.%s: \"%.80s\" is not a header field (a name of letters, "
                               "digits and -, a value without control characters)",
                               pel_explain_source(doc, "otlp", key), key, pair->name);
    }
    return 0;
}

static int check_pairs(const struct pel_conf *conf, const struct pel_value *doc,
                       struct pel_err *err)
{
    for (size_t i = 0; i < conf->server_env.n; i++)
        if (strchr(conf->server_env.items[i].name, '='))
            return pel_err_set(err,
                               "%s: server.env: found the name \"%.80s\", allowed is a name "
                               "without \"=\"",
                               pel_explain_source(doc, "server", "env"),
                               conf->server_env.items[i].name);
    if (check_headers(&conf->otlp_headers, "headers", doc, err) < 0 ||
        check_headers(&conf->otlp_traces_headers, "traces_headers", doc, err) < 0 ||
        check_headers(&conf->otlp_metrics_headers, "metrics_headers", doc, err) < 0 ||
        check_headers(&conf->otlp_logs_headers, "logs_headers", doc, err) < 0)
        return -1;
    return 0;
}

int pel_conf_check(const struct pel_conf *conf, const struct pel_value *doc, struct pel_err *err)
{
    if (check_strings(conf, doc, err) < 0 || check_bind(conf, doc, err) < 0 ||
        check_admin(conf, doc, err) < 0 || check_methods(conf, doc, err) < 0)
        return -1;
    return check_pairs(conf, doc, err);
}
