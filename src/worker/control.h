/*
 * control - what a worker is told, and what ends it.
 *
 * Handles on the worker's loop; loop held, no Python. DRAIN, SIGTERM, or the end of the supervisor
 * (end of file) begin the drain (drain.h); a second SIGTERM ends the worker at once. SIGINT comes
 * from a terminal to all processes: with a supervisor it is ignored.
 */
#ifndef PELLUCID_WORKER_CONTROL_H
#define PELLUCID_WORKER_CONTROL_H

#include "drain.h"
#include "loop.h"
#include "pellucid/ipc.h"
#include "age.h"

struct pel_control {
    struct pel_loop *loop;
    uv_signal_t sigterm, sigint;
    uv_poll_t poll; /* of the control socket; open while is_watched */
    bool is_watched;
    struct pel_drain drain;
    struct pel_age age;
};

/* 0, or -1 with err. The loop's control points to it until the close. */
int pel_control_open(struct pel_control *ct, struct pel_loop *loop, struct pel_err *err);
void pel_control_close(struct pel_control *ct);

/* Sends a message about this worker; fd is -1 or stays the caller's. False when there is no
 * supervisor, or it does not read at the moment. */
bool pel_control_send(struct pel_control *ct, enum pel_msg_type type, const char *text, int fd);

#endif
