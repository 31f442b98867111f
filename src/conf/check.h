/*
 * check - what one key cannot tell by itself: the form of addresses, URLs and paths, and keys that
 * must agree with each other. Private to the layer conf; on the thread that loads.
 */
#ifndef PELLUCID_CONF_CHECK_H
#define PELLUCID_CONF_CHECK_H

#include "pellucid/conf.h"

/* 0, or -1 with a line as pel_conf_load gives it. doc tells where a value came from. */
int pel_conf_check(const struct pel_conf *conf, const struct pel_value *doc, struct pel_err *err);

#endif
