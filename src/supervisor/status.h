/*
 * status - what systemd is told: ready, how many workers, still alive.
 */
#ifndef PELLUCID_SUPERVISOR_STATUS_H
#define PELLUCID_SUPERVISOR_STATUS_H

struct pel_supervisor;

/* Starts the watchdog's beat, if there is a watchdog. */
void pel_status_start(struct pel_supervisor *sv);

/* READY=1 with the status. */
void pel_status_ready(struct pel_supervisor *sv);

/* STATUS= when it is another than last time. */
void pel_status_update(struct pel_supervisor *sv);

#endif
