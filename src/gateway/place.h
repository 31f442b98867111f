/*
 * place - where in the app an exception comes from.
 *
 * Any thread, with the GIL held; between the opening and the closing of a gateway.
 */
#ifndef PELLUCID_GATEWAY_PLACE_H
#define PELLUCID_GATEWAY_PLACE_H

#include "pellucid/arena.h"
#include "pellucid/exception.h"
#include "pellucid/py.h"

/*
 * Fills function, file and line of out, copies in the arena, from the traceback of exc: of its
 * innermost frame that is neither the standard library's nor an installed package's, or, without
 * one, of its innermost frame. Empty without a traceback. No exception may be set, none is after.
 */
void pel_place_find(PyObject *exc, struct pel_arena *arena, struct pel_exception *out);

#endif
