/*
 * strings - the constant str objects of the gateways, and a cache of those that requests repeat.
 *
 * Any thread of a worker, with the GIL held. The constants are interned, so that a dict finds them
 * by identity; they are made when the first gateway opens and stay until the last one closes.
 */
#ifndef PELLUCID_GATEWAY_STRINGS_H
#define PELLUCID_GATEWAY_STRINGS_H

#include "pellucid/base.h"
#include "pellucid/http.h"
#include "pellucid/py.h"

/* PEL_INTERNED(member, text): names that are no header field. */
#define PEL_INTERNED_TABLE                                                                         \
    PEL_INTERNED(request_method, "REQUEST_METHOD")                                                 \
    PEL_INTERNED(script_name, "SCRIPT_NAME")                                                       \
    PEL_INTERNED(path_info, "PATH_INFO")                                                           \
    PEL_INTERNED(query_string, "QUERY_STRING")                                                     \
    PEL_INTERNED(raw_uri, "RAW_URI")                                                               \
    PEL_INTERNED(request_uri, "REQUEST_URI")                                                       \
    PEL_INTERNED(server_protocol, "SERVER_PROTOCOL")                                               \
    PEL_INTERNED(server_software, "SERVER_SOFTWARE")                                               \
    PEL_INTERNED(server_name, "SERVER_NAME")                                                       \
    PEL_INTERNED(server_port, "SERVER_PORT")                                                       \
    PEL_INTERNED(remote_addr, "REMOTE_ADDR")                                                       \
    PEL_INTERNED(remote_port, "REMOTE_PORT")                                                       \
    PEL_INTERNED(wsgi_version, "wsgi.version")                                                     \
    PEL_INTERNED(wsgi_url_scheme, "wsgi.url_scheme")                                               \
    PEL_INTERNED(wsgi_input, "wsgi.input")                                                         \
    PEL_INTERNED(wsgi_input_terminated, "wsgi.input_terminated")                                   \
    PEL_INTERNED(wsgi_errors, "wsgi.errors")                                                       \
    PEL_INTERNED(wsgi_multithread, "wsgi.multithread")                                             \
    PEL_INTERNED(wsgi_multiprocess, "wsgi.multiprocess")                                           \
    PEL_INTERNED(wsgi_run_once, "wsgi.run_once")                                                   \
    PEL_INTERNED(wsgi_file_wrapper, "wsgi.file_wrapper")                                           \
    PEL_INTERNED(wsgi_early_hints, "wsgi.early_hints")                                             \
    PEL_INTERNED(http_1_0, "HTTP/1.0")                                                             \
    PEL_INTERNED(http_1_1, "HTTP/1.1")                                                             \
    PEL_INTERNED(http, "http")                                                                     \
    PEL_INTERNED(https, "https")                                                                   \
    PEL_INTERNED(software, "pellucid/" PEL_VERSION)                                                \
    PEL_INTERNED(empty, "")                                                                        \
    PEL_INTERNED(get, "GET")                                                                       \
    PEL_INTERNED(localhost, "localhost")                                                           \
    PEL_INTERNED(close, "close")                                                                   \
    PEL_INTERNED(filelike, "filelike")                                                             \
    PEL_INTERNED(fileno, "fileno")                                                                 \
    PEL_INTERNED(flush, "flush")                                                                   \
    PEL_INTERNED(raw, "raw")                                                                       \
    PEL_INTERNED(read, "read")                                                                     \
    PEL_INTERNED(tell, "tell")                                                                     \
    PEL_INTERNED(exc_info, "exc_info")                                                             \
    PEL_INTERNED(werkzeug_request, "werkzeug.request")                                             \
    PEL_INTERNED(request, "request")                                                               \
    PEL_INTERNED(url_rule, "url_rule")                                                             \
    PEL_INTERNED(fastapi, "fastapi")                                                               \
    PEL_INTERNED(effective_route_context, "effective_route_context")                               \
    PEL_INTERNED(original_route, "original_route")                                                 \
    PEL_INTERNED(starlette_route, "starlette_route")                                               \
    PEL_INTERNED(uri_template, "uri_template")                                                     \
    PEL_INTERNED(rule, "rule")                                                                     \
    PEL_INTERNED(bottle_route, "bottle.route")                                                     \
    PEL_INTERNED(resource_closers, "_resource_closers")                                            \
    PEL_INTERNED(self, "__self__")                                                                 \
    PEL_INTERNED(resolver_match, "resolver_match")                                                 \
    PEL_INTERNED(route, "route")                                                                   \
    PEL_INTERNED(routes, "routes")                                                                 \
    PEL_INTERNED(router, "router")                                                                 \
    PEL_INTERNED(endpoint, "endpoint")                                                             \
    PEL_INTERNED(app, "app")                                                                       \
    PEL_INTERNED(matches, "matches")                                                               \
    PEL_INTERNED(value, "value")                                                                   \
    PEL_INTERNED(path, "path")                                                                     \
    PEL_INTERNED(path_params, "path_params")                                                       \
    PEL_INTERNED(path_template, "path_template")                                                   \
    PEL_INTERNED(route_handler, "route_handler")                                                   \
    PEL_INTERNED(litestar_app, "litestar_app")                                                     \
    PEL_INTERNED(raw_path, "raw_path")                                                             \
    PEL_INTERNED(root_path, "root_path")                                                           \
    PEL_INTERNED(app_root_path, "app_root_path")                                                   \
    PEL_INTERNED(func, "func")                                                                     \
    PEL_INTERNED(call, "__call__")                                                                 \
    PEL_INTERNED(code, "__code__")                                                                 \
    PEL_INTERNED(wrapped, "__wrapped__")                                                           \
    PEL_INTERNED(init, "__init__")                                                                 \
    PEL_INTERNED(defaults, "__defaults__")                                                         \
    PEL_INTERNED(module, "__module__")                                                             \
    PEL_INTERNED(qualname, "__qualname__")                                                         \
    PEL_INTERNED(name, "__name__")                                                                 \
    PEL_INTERNED(file, "__file__")                                                                 \
    PEL_INTERNED(tb_lineno, "tb_lineno")                                                           \
    PEL_INTERNED(type, "type")                                                                     \
    PEL_INTERNED(asgi, "asgi")                                                                     \
    PEL_INTERNED(lifespan, "lifespan")                                                             \
    PEL_INTERNED(http_version, "http_version")                                                     \
    PEL_INTERNED(server, "server")                                                                 \
    PEL_INTERNED(client, "client")                                                                 \
    PEL_INTERNED(scheme, "scheme")                                                                 \
    PEL_INTERNED(method, "method")                                                                 \
    PEL_INTERNED(asgi_query_string, "query_string")                                                \
    PEL_INTERNED(headers, "headers")                                                               \
    PEL_INTERNED(state, "state")                                                                   \
    PEL_INTERNED(extensions, "extensions")                                                         \
    PEL_INTERNED(v1_0, "1.0")                                                                      \
    PEL_INTERNED(v1_1, "1.1")                                                                      \
    PEL_INTERNED(status, "status")                                                                 \
    PEL_INTERNED(body, "body")                                                                     \
    PEL_INTERNED(more_body, "more_body")                                                           \
    PEL_INTERNED(trailers, "trailers")                                                             \
    PEL_INTERNED(more_trailers, "more_trailers")                                                   \
    PEL_INTERNED(links, "links")                                                                   \
    PEL_INTERNED(message, "message")                                                               \
    PEL_INTERNED(dict, "__dict__")                                                                 \
    PEL_INTERNED(debug, "_debug")                                                                  \
    PEL_INTERNED(get_debug, "get_debug")                                                           \
    PEL_INTERNED(task_factory, "_task_factory")                                                    \
    PEL_INTERNED(get_task_factory, "get_task_factory")                                             \
    PEL_INTERNED(create_task, "create_task")                                                       \
    PEL_INTERNED(call_soon, "call_soon")                                                           \
    PEL_INTERNED(context, "context")                                                               \
    PEL_INTERNED(cancel, "cancel")                                                                 \
    PEL_INTERNED(done, "done")                                                                     \
    PEL_INTERNED(set_result, "set_result")                                                         \
    PEL_INTERNED(await, "__await__")                                                               \
    PEL_INTERNED(throw, "throw")                                                                   \
    PEL_INTERNED(gi_code, "gi_code")                                                               \
    PEL_INTERNED(exceptions, "exceptions")

struct pel_interned {
#define PEL_INTERNED(member, text) PyObject *member;
    PEL_INTERNED_TABLE
#undef PEL_INTERNED
    PyObject
        *environ_names[PEL_HEADER_N]; /* by header id: HTTP_HOST, CONTENT_TYPE, ...; 0 = NULL */
};

extern struct pel_interned pel_interned;

/* Makes the constants. Each successful init is undone by one fini. 0, or -1 with an exception. */
int pel_interned_init(void);
void pel_interned_fini(void);

/*
 * The latin-1 str of some bytes: a new reference, or NULL with an exception. Short ones are kept in
 * a direct-mapped cache, so that what most requests have in common (paths, hosts, user agents,
 * peer addresses) is neither made nor hashed again. Not for secrets: a cached str lives on.
 */
PyObject *pel_str_cached(struct pel_str bytes);

#endif
