/*
 * redact - query strings without the secrets that are known to travel in them.
 *
 * HTTP semantic conventions: the values of a few well-known parameters (signed URLs) are replaced
 * by REDACTED; keys are compared case-sensitively, as they stand.
 */
#ifndef PELLUCID_OBSERVER_REDACT_H
#define PELLUCID_OBSERVER_REDACT_H

#include "pellucid/arena.h"

/* query itself when there is nothing to hide, else a copy in the arena. */
struct pel_str pel_redact_query(struct pel_arena *a, struct pel_str query);

#endif
