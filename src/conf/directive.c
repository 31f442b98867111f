#include "pellucid/conf.h"

enum reload { RESTART = 0, LIVE };

const struct pel_directive pel_directives[] = {
#define PEL_DIRECTIVE(section, key, type, dflt, allowed, min, max, reload, text)                   \
    {#section,                                                                                     \
     #key,                                                                                         \
     PEL_TYPE_##type,                                                                              \
     dflt,                                                                                         \
     allowed,                                                                                      \
     min,                                                                                          \
     max,                                                                                          \
     reload == LIVE,                                                                               \
     text,                                                                                         \
     offsetof(struct pel_conf, PEL_FIELD_##type(section##_##key))},
#include "pellucid/tbl/directives.h"
#undef PEL_DIRECTIVE
};

const size_t pel_n_directives = PEL_ARRAY_LEN(pel_directives);

const struct pel_directive pel_route_directives[] = {
#define PEL_ROUTE_KEY(key, type, dflt, allowed, min, max, text)                                    \
    {"route",                                                                                      \
     #key,                                                                                         \
     PEL_TYPE_##type,                                                                              \
     dflt,                                                                                         \
     allowed,                                                                                      \
     min,                                                                                          \
     max,                                                                                          \
     true,                                                                                         \
     text,                                                                                         \
     offsetof(struct pel_conf_route, PEL_FIELD_##type(key))},
#include "pellucid/tbl/routes.h"
#undef PEL_ROUTE_KEY
};

const size_t pel_n_route_directives = PEL_ARRAY_LEN(pel_route_directives);

bool pel_directive_is_secret(const struct pel_directive *d)
{
    const char *own = strrchr(d->key, '_'); /* of one signal: traces_headers */

    return (strcmp(d->section, "admin") == 0 && strcmp(d->key, "token") == 0) ||
           (strcmp(d->section, "otlp") == 0 && strcmp(own ? own + 1 : d->key, "headers") == 0);
}
