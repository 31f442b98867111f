/*
 * control - what ends a worker: the supervisor's messages, SIGTERM, and its own age.
 *
 * Handles on the worker's loop; loop held, no Python. Draining: no new connections, requests in
 * flight are finished, idle connections are handed to another worker or closed; the loop is
 * stopped when nothing is left, or when graceful_timeout has passed.
 */
#ifndef PELLUCID_WORKER_CONTROL_H
#define PELLUCID_WORKER_CONTROL_H

#include "loop.h"
#include "pellucid/ipc.h"

struct pel_control {
    struct pel_loop *loop;
    uv_signal_t sigterm, sigint;
    uv_poll_t poll; /* of the control socket */
    uv_timer_t drain_timer;
    uint64_t drain_end_ns; /* 0 = not draining */
    bool is_open;
    bool hands_over; /* another worker takes the idle connections */
    /* Ends the run of the loop. */
    void (*stop)(struct pel_loop *loop);
};

int pel_control_open(struct pel_control *ct, struct pel_loop *loop,
                     void (*stop)(struct pel_loop *loop), struct pel_err *err);
void pel_control_close(struct pel_control *ct);

/* Sends a message about this worker to the supervisor, if there is one. */
void pel_control_send(struct pel_control *ct, enum pel_msg_type type, const char *text, int fd);

#endif
