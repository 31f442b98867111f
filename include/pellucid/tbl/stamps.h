/*
 * The moments of a request, in the order in which they usually happen; CLOCK_MONOTONIC ns, 0 = never.
 * PEL_STAMP(NAME, text, who stamps it and when)
 */
PEL_STAMP(ACCEPTED, "accepted", "worker: the connection was accepted (first request) or became idle")
PEL_STAMP(FIRST_BYTE, "first_byte", "worker: first byte of the request line was read")
PEL_STAMP(HEAD, "head", "worker: the request head is complete and valid")
PEL_STAMP(BODY, "body", "worker: the request body is complete (equals HEAD when there is none)")
PEL_STAMP(READY, "ready", "worker: the request is queued for the app, which could have it")
PEL_STAMP(APP_START, "app_start", "gateway: the app is about to be called")
PEL_STAMP(RESPONSE_START, "response_start", "worker: the first byte of the response was sent")
PEL_STAMP(APP_END, "app_end", "gateway: the app returned, raised, or was closed")
PEL_STAMP(LAST_BYTE, "last_byte", "worker: the last byte was handed to the kernel, or the connection broke")
