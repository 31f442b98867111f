/* The processes of a server: values of pellucid.process.role. PEL_PROCESS(NAME, word) */
PEL_PROCESS(WORKER, "worker")
PEL_PROCESS(TEMPLATE, "template")
PEL_PROCESS(OBSERVER, "observer")
PEL_PROCESS(WATCHER, "watcher")
PEL_PROCESS(SUPERVISOR, "supervisor")
