/*
 * upgrade - SIGUSR2.
 */
#ifndef PELLUCID_SUPERVISOR_UPGRADE_H
#define PELLUCID_SUPERVISOR_UPGRADE_H

struct pel_supervisor;

void pel_upgrade(struct pel_supervisor *sv);

#endif
