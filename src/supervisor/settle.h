/*
 * settle - what follows from endings, done when nobody is in the middle of anything.
 *
 * Generations without processes are freed, waiting seats are filled, a stop goes on to its next
 * phase. Whatever ends asks for this and carries on; it happens on the next turn of the loop.
 */
#ifndef PELLUCID_SUPERVISOR_SETTLE_H
#define PELLUCID_SUPERVISOR_SETTLE_H

#include "deadline.h"

struct pel_supervisor;

void pel_settle_init(struct pel_supervisor *sv);
void pel_settle_soon(struct pel_supervisor *sv);

#endif
