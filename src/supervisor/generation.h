/*
 * generation - one reading of configuration and code: its template and its workers.
 *
 * It starts, serves when every seat is taken, and retires when the next one serves. One that cannot
 * start retires at once: the first takes the server with it, a later one leaves things as they
 * were.
 */
#ifndef PELLUCID_SUPERVISOR_GENERATION_H
#define PELLUCID_SUPERVISOR_GENERATION_H

#include "pellucid/err.h"
#include "pellucid/shm.h"

struct pel_generation;
struct pel_reading;
struct pel_supervisor;

/* Takes the reading over (also when it fails), opens the access log. NULL with err. */
struct pel_generation *pel_generation_new(struct pel_supervisor *sv, struct pel_reading reading,
                                          struct pel_err *err);

/* Starts the template; workers follow. 0, or -1 with err. */
int pel_generation_start(struct pel_generation *gen, struct pel_err *err);

/* It runs already, started by the supervisor before us (upgrade.h): template and workers are to be
 * adopted. */
void pel_generation_resume(struct pel_generation *gen);

/* One more worker serves: perhaps the last one wanted. */
void pel_generation_worker_ready(struct pel_generation *gen);

/* Something needed for the start has failed; nothing once the generation serves. */
void pel_generation_start_failed(struct pel_generation *gen, const char *why);

/* Its workers drain, its template leaves. */
void pel_generation_retire(struct pel_generation *gen, enum pel_end why);

/* For settle: what can be done now that was not possible before; is it over? */
void pel_generation_advance(struct pel_generation *gen);
bool pel_generation_is_empty(const struct pel_generation *gen);
void pel_generation_free(struct pel_generation *gen);

#endif
