/*
 * asgi_message - what an app gives to send(), taken apart.
 *
 * One walk over the dict instead of a lookup a key: a message has two or three, of nine that mean
 * something. Loop thread, GIL held. The values are owned by the message until it is cleared, since
 * reading one may run code of the app that changes the dict.
 */
#ifndef PELLUCID_GATEWAY_ASGI_MESSAGE_H
#define PELLUCID_GATEWAY_ASGI_MESSAGE_H

#include "pellucid/base.h"
#include "pellucid/py.h"

/* PEL_ASGI_KEY(name): keys of "http.response.*"; members of pel_interned. */
#define PEL_ASGI_KEY_TABLE                                                                         \
    PEL_ASGI_KEY(type)                                                                             \
    PEL_ASGI_KEY(body)                                                                             \
    PEL_ASGI_KEY(status)                                                                           \
    PEL_ASGI_KEY(headers)                                                                          \
    PEL_ASGI_KEY(more_body)                                                                        \
    PEL_ASGI_KEY(trailers)                                                                         \
    PEL_ASGI_KEY(more_trailers)                                                                    \
    PEL_ASGI_KEY(path)                                                                             \
    PEL_ASGI_KEY(links)

struct pel_asgi_message {
#define PEL_ASGI_KEY(name) PyObject *name; /* NULL: missing */
    PEL_ASGI_KEY_TABLE
#undef PEL_ASGI_KEY
};

/* Reads a dict into m, which is cleared by pel_asgi_message_clear in any case. 0, or -1 with an
 * exception: no dict, or none with a type. */
int pel_asgi_message_read(struct pel_asgi_message *m, PyObject *dict);
void pel_asgi_message_clear(struct pel_asgi_message *m);

#endif
