#include <arpa/inet.h>
#include <stdio.h>

#include "explain.h"
#include "net.h"
#include "pellucid/mem.h"

#define MAPPED_LEN 12

/* The first bytes of an IPv4 address mapped into IPv6 (RFC 4291 2.5.5.2). */
static const unsigned char mapped[MAPPED_LEN] = {[10] = 0xff, [11] = 0xff};

static bool address_parse(const char *text, unsigned char out[16], bool *out_is_v4)
{
    *out_is_v4 = inet_pton(AF_INET, text, out + MAPPED_LEN) == 1;
    if (*out_is_v4) {
        memcpy(out, mapped, MAPPED_LEN);
        return true;
    }
    return inet_pton(AF_INET6, text, out) == 1;
}

/* Digits only, at most max. */
static bool prefix_parse(const char *text, unsigned max, unsigned *out)
{
    unsigned value = 0;

    if (!*text || strlen(text) > 3)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned)(*text - '0');
    }
    *out = value;
    return value <= max;
}

static bool net_parse(const char *text, struct pel_net *out)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    bool is_v4;

    if (len >= sizeof(address))
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (!address_parse(address, out->address, &is_v4))
        return false;
    out->prefix_len = 128;
    if (slash && !prefix_parse(slash + 1, is_v4 ? 32 : 128, &out->prefix_len))
        return false;
    if (slash && is_v4)
        out->prefix_len += 8 * MAPPED_LEN;
    return true;
}

int pel_net_load(struct pel_conf *conf, const struct pel_value *doc, struct pel_err *err)
{
    const struct pel_strings *texts = &conf->server_trusted_proxies;

    conf->proxies = pel_mem_new(texts->n, sizeof(*conf->proxies));
    for (size_t i = 0; i < texts->n; i++) {
        if (strcmp(texts->items[i], "unix") == 0)
            conf->trusts_unix = true;
        else if (net_parse(texts->items[i], &conf->proxies[conf->n_proxies]))
            conf->n_proxies++;
        else
            return pel_err_set(err,
                               "%s: server.trusted_proxies: found \"%.80s\", allowed is an address "
                               "(10.0.0.5, ::1), a network (10.0.0.0/8, fd00::/8), or \"unix\"",
                               pel_explain_source(doc, "server", "trusted_proxies"),
                               texts->items[i]);
    }
    return 0;
}

static bool net_has(const struct pel_net *net, const unsigned char address[16])
{
    unsigned whole = net->prefix_len / 8, rest = net->prefix_len % 8;
    unsigned char mask = (unsigned char)(0xff00 >> rest);

    if (memcmp(net->address, address, whole) != 0)
        return false;
    return rest == 0 || ((net->address[whole] ^ address[whole]) & mask) == 0;
}

bool pel_conf_trusts(const struct pel_conf *conf, struct pel_str address)
{
    char text[INET6_ADDRSTRLEN + 20];
    unsigned char bytes[16];
    bool is_v4;

    if (conf->n_proxies == 0 || address.len == 0 || address.len >= sizeof(text))
        return false;
    memcpy(text, address.p, address.len);
    text[address.len] = '\0';
    /* A link-local peer carries its zone: fe80::1%eth0. */
    text[strcspn(text, "%")] = '\0';
    if (!address_parse(text, bytes, &is_v4))
        return false;
    for (size_t i = 0; i < conf->n_proxies; i++)
        if (net_has(&conf->proxies[i], bytes))
            return true;
    return false;
}
