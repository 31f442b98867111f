#include <arpa/inet.h>

#include "pellucid/address.h"

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Digits only, at most max; -1 when text is something else. */
static long parse_number(const char *text, long max)
{
    long value = 0;

    if (!*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        value = value * 10 + (*text - '0');
        if (value > max)
            return -1;
    }
    return value;
}

static int parse_unix(struct pel_address *out, const char *path, struct pel_err *err)
{
    if (*path != '/' && (*path != '@' || !path[1]))
        return pel_err_set(err, "a unix socket has a path that begins with /, or an @name");
    if (strlen(path) >= sizeof(out->path))
        return pel_err_set(err, "the path of a unix socket can have %zu bytes at most",
                           sizeof(out->path) - 1);
    *out = (struct pel_address){.kind = PEL_ADDRESS_UNIX, .fd = -1};
    memcpy(out->path, path, strlen(path));
    return 0;
}

static int parse_fd(struct pel_address *out, const char *number, struct pel_err *err)
{
    long fd = parse_number(number, 1 << 20);

    if (fd < 0)
        return pel_err_set(err, "fd:// is followed by the number of an open descriptor");
    *out = (struct pel_address){.kind = PEL_ADDRESS_FD, .fd = (int)fd};
    return 0;
}

static bool host_is_valid(struct pel_str host)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.p[i];

        if (c <= ' ' || c == 0x7f || strchr("/[]@\"'", c))
            return false;
    }
    return true;
}

static int parse_tcp(struct pel_address *out, const char *text, struct pel_err *err)
{
    const char *colon = strrchr(text, ':');
    bool is_bracketed = *text == '[';
    struct pel_str host;
    long port;

    if (!colon || (is_bracketed && (colon == text || colon[-1] != ']')))
        return pel_err_set(err, "the port is missing");
    port = parse_number(colon + 1, UINT16_MAX);
    if (port < 0)
        return pel_err_set(err, "a port is a number from 0 to 65535");
    host = pel_str(text + is_bracketed, (size_t)(colon - text) - 2 * is_bracketed);
    if (!is_bracketed && memchr(host.p, ':', host.len))
        return pel_err_set(err, "an IPv6 address needs brackets");
    if (!host_is_valid(host) || host.len >= sizeof(out->host) || (is_bracketed && !host.len))
        return pel_err_set(err, "the host is not a name or an address");
    *out = (struct pel_address){.kind = PEL_ADDRESS_TCP, .port = (uint16_t)port, .fd = -1};
    if (host.len == 0)
        host = PEL_STR("0.0.0.0");
    memcpy(out->host, host.p, host.len);
    return 0;
}

int pel_address_parse(struct pel_address *out, const char *text, struct pel_err *err)
{
    if (starts_with(text, "unix:///"))
        return parse_unix(out, text + strlen("unix://"), err);
    if (starts_with(text, "unix:"))
        return parse_unix(out, text + strlen("unix:"), err);
    if (starts_with(text, "fd://"))
        return parse_fd(out, text + strlen("fd://"), err);
    return parse_tcp(out, text, err);
}

bool pel_address_is_local(const struct pel_address *a)
{
    struct in6_addr v6;
    struct in_addr v4;

    if (a->kind != PEL_ADDRESS_TCP)
        return a->kind == PEL_ADDRESS_UNIX;
    if (inet_pton(AF_INET, a->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, a->host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return pel_str_ieq(pel_str(a->host, strlen(a->host)), PEL_STR("localhost"));
}
