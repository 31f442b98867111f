/*
 * forwarded - any values of Forwarded and X-Forwarded-* from a trusted peer: what is believed must
 * be well-formed, whatever was sent. Each value is read as X-Request-Start, too.
 */
#include "fuzz.h"
#include "heads.h"
#include "pellucid/conf.h"

static const enum pel_header_id ids[] = {
    PEL_HEADER_FORWARDED,        PEL_HEADER_X_FORWARDED_FOR,    PEL_HEADER_X_FORWARDED_HOST,
    PEL_HEADER_X_FORWARDED_PORT, PEL_HEADER_X_FORWARDED_PREFIX, PEL_HEADER_X_FORWARDED_PROTO,
};

/* 10.0.0.0/8 is trusted. */
static const struct pel_conf *conf(void)
{
    static struct pel_conf loaded;
    struct pel_value doc = {.kind = PEL_VALUE_TABLE}, *server, *list, *item;
    struct pel_err err;

    if (loaded.n_proxies)
        return &loaded;
    server = pel_value_add(&doc, "server");
    server->kind = PEL_VALUE_TABLE;
    list = pel_value_add(server, "trusted_proxies");
    list->kind = PEL_VALUE_ARRAY;
    item = pel_value_add(list, NULL);
    item->kind = PEL_VALUE_STRING;
    item->string = strdup("10.0.0.0/8");
    PEL_ASSERT(pel_conf_load(&loaded, &doc, &err) == 0);
    pel_value_fini(&doc);
    return &loaded;
}

static void check(const struct pel_record *rec, const struct pel_origin *origin)
{
    struct pel_authority authority;

    PEL_ASSERT(pel_syntax_is_address(rec->client));
    PEL_ASSERT(pel_str_eq(rec->scheme, PEL_STR("http")) ||
               pel_str_eq(rec->scheme, PEL_STR("https")));
    PEL_ASSERT(pel_syntax_authority(rec->host, &authority));
    if (origin->prefix.len == 0)
        return;
    PEL_ASSERT(origin->prefix.p[0] == '/' && origin->prefix.len > 1);
    PEL_ASSERT(!memmem(origin->prefix.p, origin->prefix.len, "//", 2));
    PEL_ASSERT(pel_syntax_is_all(origin->prefix, PEL_SYNTAX_PATH));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pel_record rec = {.peer = PEL_STR("10.0.0.1"), .peer_port = 1};
    struct pel_origin origin;
    struct heads h;

    heads_init(&h, data, len, ids, PEL_ARRAY_LEN(ids));
    pel_origin_resolve(conf(), &h.head, false, false, &h.arena, &rec, &origin);
    check(&rec, &origin);
    for (size_t i = 0; i < h.head.n_headers; i++)
        pel_proxytime_parse(h.headers[i].value);
    heads_fini(&h);
    return 0;
}
