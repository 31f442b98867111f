/*
 * What a worker tells of itself, by one attribute; counters go on from worker to worker of a slot, the
 * others are set to zero when a new worker takes the slot over.
 * PEL_VITAL(NAME, COUNTER | UPDOWN, unit (UCUM), OpenTelemetry name, attribute, its value, help)
 * Rows of one name follow each other. attribute "" = none; a value of digits is a number.
 * The states of connections are those of enum pel_conn_state, in its order.
 */
PEL_VITAL(CONN_IDLE, UPDOWN, "{connection}", "pellucid.connection.count", "state", "idle", "Connections, by what they are doing.")
PEL_VITAL(CONN_HEAD, UPDOWN, "{connection}", "pellucid.connection.count", "state", "head", "A request head is arriving.")
PEL_VITAL(CONN_BODY, UPDOWN, "{connection}", "pellucid.connection.count", "state", "body", "A body is arriving, before the app gets the request.")
PEL_VITAL(CONN_APP, UPDOWN, "{connection}", "pellucid.connection.count", "state", "app", "The request is with the app, or waits for it.")
PEL_VITAL(CONN_SEND, UPDOWN, "{connection}", "pellucid.connection.count", "state", "send", "The app is done, the client takes the rest of the response.")
PEL_VITAL(CONN_SKIP, UPDOWN, "{connection}", "pellucid.connection.count", "state", "skip", "Answered; the rest of the body is passed over.")
PEL_VITAL(CONN_LINGER, UPDOWN, "{connection}", "pellucid.connection.count", "state", "linger", "Answered for the last time; waits for the client to close.")
PEL_VITAL(THREADS, UPDOWN, "{thread}", "pellucid.threads", "", "", "Application threads.")
PEL_VITAL(THREADS_BUSY, UPDOWN, "{thread}", "pellucid.threads.busy", "", "", "Application threads that are with the app.")
PEL_VITAL(GC_0, COUNTER, "{collection}", "cpython.gc.collections", "cpython.gc.generation", "0", "Collections of the garbage collector, by generation.")
PEL_VITAL(GC_1, COUNTER, "{collection}", "cpython.gc.collections", "cpython.gc.generation", "1", "")
PEL_VITAL(GC_2, COUNTER, "{collection}", "cpython.gc.collections", "cpython.gc.generation", "2", "")
PEL_VITAL(GC_COLLECTED_0, COUNTER, "{object}", "cpython.gc.collected_objects", "cpython.gc.generation", "0", "Objects that were collected.")
PEL_VITAL(GC_COLLECTED_1, COUNTER, "{object}", "cpython.gc.collected_objects", "cpython.gc.generation", "1", "")
PEL_VITAL(GC_COLLECTED_2, COUNTER, "{object}", "cpython.gc.collected_objects", "cpython.gc.generation", "2", "")
PEL_VITAL(GC_UNCOLLECTABLE_0, COUNTER, "{object}", "cpython.gc.uncollectable_objects", "cpython.gc.generation", "0", "Objects that were found to be uncollectable.")
PEL_VITAL(GC_UNCOLLECTABLE_1, COUNTER, "{object}", "cpython.gc.uncollectable_objects", "cpython.gc.generation", "1", "")
PEL_VITAL(GC_UNCOLLECTABLE_2, COUNTER, "{object}", "cpython.gc.uncollectable_objects", "cpython.gc.generation", "2", "")
