/*
 * redact - query strings without the secrets that travel in them.
 *
 * The worker, once for each request, before its record goes to log and span: nothing that leaves
 * the server has seen what was there. HTTP semantic conventions: the values of a few well-known
 * parameters (signed URLs) become REDACTED. Names are compared as an app decodes them, those of
 * names (trace.redact) without regard to case. Pure functions; any thread.
 */
#ifndef PELLUCID_REDACT_H
#define PELLUCID_REDACT_H

#include "pellucid/arena.h"
#include "pellucid/conf.h"

/* query itself when there is nothing to hide, else a copy in the arena. */
struct pel_str pel_redact_query(const struct pel_strings *names, struct pel_str query,
                                struct pel_arena *arena);

/* The same for the query of a URL, such as a Referer. */
struct pel_str pel_redact_url(const struct pel_strings *names, struct pel_str url,
                              struct pel_arena *arena);

#endif
