/*
 * net - the networks of trusted_proxies. Private to the layer conf; on the thread that loads.
 */
#ifndef PELLUCID_CONF_NET_H
#define PELLUCID_CONF_NET_H

#include "pellucid/conf.h"

/* An IPv4 network is kept as its IPv4-mapped IPv6 one, so that there is one comparison. */
struct pel_net {
    unsigned char address[16];
    unsigned prefix_len; /* bits, 0 to 128 */
};

/* Parses server.trusted_proxies into conf->proxies and conf->trusts_unix. 0, or -1 with a line as
 * pel_conf_load gives it. */
int pel_net_load(struct pel_conf *conf, const struct pel_value *doc, struct pel_err *err);

#endif
