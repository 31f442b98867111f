/* PEL_MSG(NAME, direction, meaning) */
PEL_MSG(SPAWN, "supervisor > template", "fork a worker for slot; its control socket comes along")
PEL_MSG(SPAWNED, "template > supervisor", "worker of slot has this pid; its pidfd comes along")
PEL_MSG(EXITED, "template > supervisor", "pid ended with status")
PEL_MSG(TEMPLATE_READY, "template > supervisor",
        "configured, app imported if preload; ready to fork")
PEL_MSG(TEMPLATE_FAILED, "template > supervisor", "start-up failed; text and memfd as for FAILED")
PEL_MSG(READY, "worker > supervisor", "app imported, lifespan start-up complete, accepting")
PEL_MSG(FAILED, "worker > supervisor",
        "start-up failed; text says why; a memfd with the traceback may come along")
PEL_MSG(RECYCLE, "worker > supervisor",
        "wants a replacement; text is the reason (max_requests, max_lifetime)")
PEL_MSG(DRAIN, "supervisor > worker",
        "stop accepting, finish within graceful_timeout, exit; text is the reason")
PEL_MSG(DRAINED, "worker > supervisor", "nothing in flight any more; about to finalise")
PEL_MSG(HANDOFF, "worker > supervisor > worker",
        "an idle keep-alive connection comes along: adopt it")
PEL_MSG(REOPEN, "supervisor > worker, template",
        "the access log was reopened; its new descriptor comes along")
PEL_MSG(REOPEN_LOG, "supervisor > template, worker, observer, watcher",
        "log.output was reopened; its new descriptor comes along, for standard error")
PEL_MSG(SAID, "template > supervisor",
        "a warning or an error that it has logged, for OTLP: status is its enum pel_log_entry")
PEL_MSG(CHANGED, "watcher > supervisor", "development: text is a file of the app that has changed")
