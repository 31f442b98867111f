/*
 * seat - the place of one worker in its generation, filled again whenever it falls empty.
 */
#ifndef PELLUCID_SUPERVISOR_SEAT_H
#define PELLUCID_SUPERVISOR_SEAT_H

#include "pellucid/base.h"

struct pel_generation;
struct pel_member;
struct pel_seat;

void pel_seats_init(struct pel_generation *gen);
void pel_seats_fini(struct pel_generation *gen);

/* Spawns a worker for every seat that is empty and not waiting, as far as slots go. */
void pel_seats_fill(struct pel_generation *gen);

/* Every wanted seat has a worker that serves. */
bool pel_seats_are_ready(const struct pel_generation *gen);

/* m, which was spawned for the seat, is ready. */
void pel_seat_taken(struct pel_seat *seat, struct pel_member *m);

/* The worker of slot has died in the seat, after serving for lived_ns. */
void pel_seat_vacated(struct pel_seat *seat, unsigned slot, int status, uint64_t lived_ns);

/* Wants n workers from now on; those too many are drained. */
void pel_seats_resize(struct pel_generation *gen, unsigned n);

#endif
