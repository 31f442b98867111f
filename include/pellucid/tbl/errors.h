/*
 * What can end a request badly: the values of error.type on spans and metrics where no HTTP status
 * speaks for itself, and of "error" in the access log. Low cardinality by construction.
 * PEL_ERROR(NAME, text, meaning)
 */
PEL_ERROR(NONE, "", "nothing went wrong")
PEL_ERROR(APP_EXCEPTION, "app_exception", "the app raised; exception.type says what")
PEL_ERROR(APP_PROTOCOL, "app_protocol", "the app broke WSGI or ASGI, or sent an unusable header")
PEL_ERROR(BODY_TOO_SHORT, "response_too_short", "the app sent less than its Content-Length")
PEL_ERROR(BODY_TOO_LONG, "response_too_long", "the app sent more than its Content-Length; it was cut")
PEL_ERROR(BAD_REQUEST, "bad_request", "the request could not be parsed; answered with 400")
PEL_ERROR(LIMIT, "limit", "the request exceeded a limit; answered with 413, 414, 431")
PEL_ERROR(HEADER_TIMEOUT, "header_timeout", "the request head did not arrive in time")
PEL_ERROR(BODY_TIMEOUT, "body_timeout", "the request body did not arrive in time")
PEL_ERROR(WRITE_TIMEOUT, "write_timeout", "the client did not take the response in time")
PEL_ERROR(CLIENT_GONE, "client_disconnected", "the client closed before the response was complete")
PEL_ERROR(STOPPED, "server_stopped", "the worker was stopped before the request ended")
PEL_ERROR(KILLED, "worker_killed", "the worker died while the request was in flight")
