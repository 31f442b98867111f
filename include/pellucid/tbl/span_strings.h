/*
 * The texts that a span entry takes along from the request record, each cut to a length.
 * PEL_SPAN_STRING(NAME, field of struct pel_record, most bytes, which end is kept: HEAD or TAIL)
 */
PEL_SPAN_STRING(METHOD, method, 32, HEAD)
PEL_SPAN_STRING(PATH, path, 1024, HEAD)
PEL_SPAN_STRING(QUERY, query, 1024, HEAD)
PEL_SPAN_STRING(HOST, host, 256, HEAD)
PEL_SPAN_STRING(CLIENT, client, 108, HEAD)
PEL_SPAN_STRING(PEER, peer, 108, HEAD)
PEL_SPAN_STRING(USER_AGENT, user_agent, 256, HEAD)
PEL_SPAN_STRING(ROUTE, route, 256, HEAD)
PEL_SPAN_STRING(TRACE_STATE, trace.state, 512, HEAD)
PEL_SPAN_STRING(ATTRIBUTES, attributes, 4096, HEAD)
PEL_SPAN_STRING(EXC_TYPE, exc_type, 128, HEAD)
PEL_SPAN_STRING(EXC_MESSAGE, exc_message, 1024, HEAD)
PEL_SPAN_STRING(EXC_STACK, exc_stack, 8192, TAIL)
