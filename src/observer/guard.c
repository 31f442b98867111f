#include <netinet/in.h>
#include <strings.h>

#include "guard.h"
#include "pellucid/address.h"

/* In a time that does not tell how much of the token was right. */
static bool is_same_secret(struct pel_str given, struct pel_str token)
{
    unsigned char diff = given.len != token.len;

    for (size_t i = 0; i < given.len; i++)
        diff |= (unsigned char)(given.p[i] ^ token.p[token.len ? i % token.len : 0]);
    return diff == 0;
}

static bool has_token(const struct pel_conf *conf, const struct pel_head *head)
{
    static const char scheme[] = "Bearer ";
    struct pel_str value = pel_head_get(head, PEL_HEADER_AUTHORIZATION);
    struct pel_str token = pel_str(conf->admin_token, strlen(conf->admin_token));

    if (value.len < strlen(scheme) || strncasecmp(value.p, scheme, strlen(scheme)) != 0)
        return false;
    return is_same_secret(pel_str(value.p + strlen(scheme), value.len - strlen(scheme)), token);
}

/* Host without ":port". */
static struct pel_str host_name(struct pel_str host)
{
    const char *colon = host.len ? memrchr(host.p, ':', host.len) : NULL;

    if (colon && host.p[host.len - 1] != ']')
        host.len = (size_t)(colon - host.p);
    return host;
}

static bool is_address(struct pel_str name)
{
    if (name.len && name.p[0] == '[')
        return true;
    for (size_t i = 0; i < name.len; i++)
        if ((name.p[i] < '0' || name.p[i] > '9') && name.p[i] != '.')
            return false;
    return true;
}

static bool is_own_host(const struct pel_conf *conf, const struct pel_head *head)
{
    struct pel_str name = host_name(pel_head_get(head, PEL_HEADER_HOST));
    struct pel_address bound;

    if (is_address(name) || pel_str_ieq(name, PEL_STR("localhost")))
        return true;
    return pel_address_parse(&bound, conf->admin_bind, NULL) == 0 &&
           bound.kind == PEL_ADDRESS_TCP &&
           pel_str_ieq(name, pel_str(bound.host, strlen(bound.host)));
}

enum pel_reach pel_guard_reach(const struct sockaddr *bound)
{
    const struct sockaddr_in *v4 = (const void *)bound;
    const struct sockaddr_in6 *v6 = (const void *)bound;
    bool is_loopback = false;

    if (bound->sa_family == AF_UNIX)
        return PEL_REACH_UNIX;
    if (bound->sa_family == AF_INET)
        is_loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    if (bound->sa_family == AF_INET6)
        is_loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    return is_loopback ? PEL_REACH_LOOPBACK : PEL_REACH_PUBLIC;
}

uint16_t pel_guard_check(const struct pel_conf *conf, const struct pel_head *head,
                         enum pel_reach reach)
{
    if (conf->admin_token[0])
        return has_token(conf, head) ? 0 : 401;
    switch (reach) {
    case PEL_REACH_UNIX:
        return 0;
    case PEL_REACH_LOOPBACK:
        return is_own_host(conf, head) ? 0 : 403;
    case PEL_REACH_PUBLIC:
        return 403;
    }
    PEL_UNREACHABLE("reach");
}
