/*
 * cpus - how many CPUs this process may really use: workers = "auto".
 */
#ifndef PELLUCID_SUPERVISOR_CPUS_H
#define PELLUCID_SUPERVISOR_CPUS_H

/* The scheduler's affinity mask, limited by the CPU quota of the cgroups (v1 or v2) the process is
 * in, rounded up; at least 1. root is "" (tests: a folder that stands for /). */
unsigned pel_cpus_usable(const char *root);

/* The quota alone, in CPUs rounded up; 0 = none. */
unsigned pel_cpus_quota(const char *root);

#endif
