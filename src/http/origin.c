#include "http/forwarded.h"
#include "http/syntax.h"
#include "pellucid/conf.h"

#define HOPS_MAX 64 /* more hops than that are taken for nonsense */
#define HTTP_PORT 80
#define HTTPS_PORT 443

static const uint64_t forwarding_fields =
    PEL_HEADER_BIT(PEL_HEADER_FORWARDED) | PEL_HEADER_BIT(PEL_HEADER_X_FORWARDED_FOR) |
    PEL_HEADER_BIT(PEL_HEADER_X_FORWARDED_HOST) | PEL_HEADER_BIT(PEL_HEADER_X_FORWARDED_PORT) |
    PEL_HEADER_BIT(PEL_HEADER_X_FORWARDED_PREFIX) | PEL_HEADER_BIT(PEL_HEADER_X_FORWARDED_PROTO);

static void set_scheme(struct pel_record *rec, struct pel_str proto)
{
    if (pel_str_ieq(proto, PEL_STR("https")) || pel_str_ieq(proto, PEL_STR("wss")))
        rec->scheme = PEL_STR("https");
    else if (pel_str_ieq(proto, PEL_STR("http")) || pel_str_ieq(proto, PEL_STR("ws")))
        rec->scheme = PEL_STR("http");
}

static void set_host(struct pel_record *rec, struct pel_str host)
{
    struct pel_authority parts;

    if (host.len && pel_syntax_authority(host, &parts))
        rec->host = host;
}

/* Takes over one hop's account of who spoke to it. False: the walk ends here, because the account
 * is unusable, or because that one is not a proxy whose own account could be believed. */
static bool walk_hop(const struct pel_conf *conf, struct pel_str node, struct pel_record *rec)
{
    struct pel_str address;
    uint16_t port;

    if (!pel_forwarded_node(node, &address, &port))
        return false;
    rec->client = address;
    rec->client_port = port;
    return pel_conf_trusts(conf, address);
}

/* -1 when any of the Forwarded fields is malformed. */
static int collect_forwarded(const struct pel_head *head, struct pel_arena *arena,
                             struct pel_forwarded *out)
{
    int n = 0;

    for (size_t i = 0; i < head->n_headers && n >= 0; i++) {
        if (head->headers[i].id == PEL_HEADER_FORWARDED)
            n = pel_forwarded_parse(head->headers[i].value, arena, out, n, HOPS_MAX);
    }
    return n;
}

/* From the right: each element was written by the hop that the one to its right tells of. Scheme
 * and host are those that the outermost trusted hop saw. */
static bool use_forwarded(const struct pel_conf *conf, const struct pel_head *head,
                          struct pel_arena *arena, struct pel_record *rec)
{
    struct pel_forwarded elements[HOPS_MAX];
    int n = collect_forwarded(head, arena, elements);
    bool goes_on = true;

    if (n <= 0)
        return false;
    while (goes_on && n-- > 0) {
        set_scheme(rec, elements[n].proto);
        set_host(rec, elements[n].host);
        goes_on = walk_hop(conf, elements[n].node, rec);
    }
    return true;
}

static void walk_x_forwarded_for(const struct pel_conf *conf, const struct pel_head *head,
                                 struct pel_record *rec)
{
    struct pel_str list, node;

    for (size_t i = head->n_headers; i > 0; i--) {
        if (head->headers[i - 1].id != PEL_HEADER_X_FORWARDED_FOR)
            continue;
        list = head->headers[i - 1].value;
        while (pel_syntax_last_member(&list, &node)) {
            if (!walk_hop(conf, node, rec))
                return;
        }
    }
}

static struct pel_str first_member(const struct pel_head *head, enum pel_header_id id)
{
    struct pel_str list = pel_head_get(head, id), member = PEL_STR_NONE;

    return pel_syntax_next_member(&list, &member) ? member : PEL_STR_NONE;
}

/* X-Forwarded-Port counts where the host names none and the scheme does not imply it. */
static void add_port(struct pel_record *rec, struct pel_str text, struct pel_arena *arena)
{
    int64_t port = pel_syntax_number(text);
    bool is_https = pel_str_eq(rec->scheme, PEL_STR("https"));
    struct pel_authority parts;
    char *host;

    if (port <= 0 || port > UINT16_MAX || port == (is_https ? HTTPS_PORT : HTTP_PORT) ||
        rec->host.len == 0 || !pel_syntax_authority(rec->host, &parts) || parts.port >= 0)
        return;
    host = pel_arena_alloc(arena, parts.host.len + 1 + text.len);
    memcpy(host, parts.host.p, parts.host.len);
    host[parts.host.len] = ':';
    memcpy(host + parts.host.len + 1, text.p, text.len);
    rec->host = pel_str(host, parts.host.len + 1 + text.len);
}

static void use_x_forwarded(const struct pel_conf *conf, const struct pel_head *head,
                            struct pel_arena *arena, struct pel_record *rec)
{
    walk_x_forwarded_for(conf, head, rec);
    set_scheme(rec, first_member(head, PEL_HEADER_X_FORWARDED_PROTO));
    set_host(rec, first_member(head, PEL_HEADER_X_FORWARDED_HOST));
    add_port(rec, first_member(head, PEL_HEADER_X_FORWARDED_PORT), arena);
}

/* No empty, "." or ".." segment. */
static bool are_segments_plain(struct pel_str path)
{
    size_t start = 1;

    for (size_t i = 1; i <= path.len; i++) {
        struct pel_str segment = pel_str(path.p + start, i - start);

        if (i < path.len && path.p[i] != '/')
            continue;
        if (segment.len == 0 || pel_str_eq(segment, PEL_STR(".")) ||
            pel_str_eq(segment, PEL_STR("..")))
            return false;
        start = i + 1;
    }
    return true;
}

/* "/shop" out of "/shop/"; "" when it is no plain path. Percent-encoding is not accepted: it would
 * mean one thing in SCRIPT_NAME and another in root_path. */
static struct pel_str prefix_of(const struct pel_head *head)
{
    struct pel_str path = first_member(head, PEL_HEADER_X_FORWARDED_PREFIX);

    if (path.len && path.p[path.len - 1] == '/')
        path.len--;
    if (path.len == 0 || path.p[0] != '/' || !pel_syntax_is_all(path, PEL_SYNTAX_PATH) ||
        !are_segments_plain(path))
        return PEL_STR("");
    return path;
}

bool pel_origin_is_proxy(const struct pel_conf *conf, struct pel_str peer, bool is_unix)
{
    return is_unix ? conf->trusts_unix : pel_conf_trusts(conf, peer);
}

void pel_origin_resolve(const struct pel_conf *conf, const struct pel_head *head, bool is_unix,
                        bool is_tls, struct pel_arena *arena, struct pel_record *rec,
                        struct pel_origin *out)
{
    struct pel_str host = pel_head_get(head, PEL_HEADER_HOST);

    *out = (struct pel_origin){.prefix = PEL_STR("")};
    rec->scheme = is_tls ? PEL_STR("https") : PEL_STR("http");
    rec->host = host.p ? host : PEL_STR("");
    rec->client = is_unix ? PEL_STR("") : rec->peer;
    rec->client_port = is_unix ? 0 : rec->peer_port;
    if (PEL_LIKELY(!(head->known & forwarding_fields) && !head->is_https))
        return;
    if (!pel_origin_is_proxy(conf, rec->peer, is_unix))
        return;
    if (head->is_https)
        rec->scheme = PEL_STR("https");
    /* A proxy that writes X-Forwarded-For mostly lets a client's own Forwarded pass. */
    if ((head->known & PEL_HEADER_BIT(PEL_HEADER_X_FORWARDED_FOR)) ||
        !use_forwarded(conf, head, arena, rec))
        use_x_forwarded(conf, head, arena, rec);
    out->prefix = prefix_of(head);
    out->has_host = rec->host.p != host.p && rec->host.len;
}
