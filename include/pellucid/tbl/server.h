/*
 * What the supervisor counts, kept in the header of the shared memory.
 * PEL_SERVER(field, COUNTER | UPDOWN | GAUGE, unit (UCUM), OpenTelemetry name, help)
 */
PEL_SERVER(generation, GAUGE, "{generation}", "pellucid.generation", "The generation that serves.")
PEL_SERVER(workers_wanted, UPDOWN, "{worker}", "pellucid.workers.wanted", "Workers there should be.")
PEL_SERVER(worker_starts, COUNTER, "{worker}", "pellucid.worker.starts", "Workers started.")
PEL_SERVER(worker_exits, COUNTER, "{worker}", "pellucid.worker.exits", "Workers that ended because they were told to.")
PEL_SERVER(worker_crashes, COUNTER, "{worker}", "pellucid.worker.crashes", "Workers that died.")
PEL_SERVER(worker_recycles, COUNTER, "{worker}", "pellucid.worker.recycles", "Workers replaced because of [recycle].")
PEL_SERVER(reloads, COUNTER, "{reload}", "pellucid.reloads", "Reloads that took effect.")
PEL_SERVER(reloads_failed, COUNTER, "{reload}", "pellucid.reloads.failed", "Reloads that left the old generation serving.")
PEL_SERVER(observer_starts, COUNTER, "{start}", "pellucid.observer.starts", "Observers started.")
PEL_SERVER(log_lines_lost, COUNTER, "{line}", "pellucid.log.lost", "Warnings and errors of the server's own log that found the ring full, and were not exported.")
