/*
 * The phases of a request: they do not overlap, and add up to the time from its first byte to its last.
 * PEL_REQUEST_PHASE(NAME, text (the attribute pellucid.phase), meaning)
 */
PEL_REQUEST_PHASE(HEAD, "head", "from the first byte to the end of the head")
PEL_REQUEST_PHASE(BODY, "body", "until it could have been handed to the app: a body that the server collects first")
PEL_REQUEST_PHASE(QUEUE, "queue", "until the app was called: no thread was free, or the loop was busy")
PEL_REQUEST_PHASE(APP, "app", "until the app was done, or the last byte had left if that came first")
PEL_REQUEST_PHASE(WRITE, "write", "until the last byte had left")
