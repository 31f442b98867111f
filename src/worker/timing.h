/*
 * timing - the Server-Timing field of a response (http.server_timing): the phases of its request up
 * to now. On the thread that writes the head.
 */
#ifndef PELLUCID_WORKER_TIMING_H
#define PELLUCID_WORKER_TIMING_H

struct pel_h1;

/* To be called when the head is in h1->out, and nothing behind it. */
void pel_timing_add(struct pel_h1 *h1);

#endif
