/*
 * The phases of a request, in their order. They do not overlap, and add up to the time from its
 * first byte to the last of its response.
 * PEL_REQUEST_PHASE(NAME, text, the stamp that ends it, what it is)
 */
PEL_REQUEST_PHASE(HEAD, "head", HEAD, "the request's head is read")
PEL_REQUEST_PHASE(BODY, "body", READY, "waiting for the client's body, before the app is called or by it")
PEL_REQUEST_PHASE(QUEUE, "queue", APP_START, "the app could have had the request, and had not")
PEL_REQUEST_PHASE(APP, "app", APP_END, "in the app, or in what it waits for")
PEL_REQUEST_PHASE(WRITE, "write", LAST_BYTE, "waiting for the client to take the response, while the app waits and after it, or for answers that leave together")
