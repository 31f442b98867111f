/*
 * py - the only door to Python.h, and the only place that knows one CPython from another.
 *
 * Included by src/gateway, src/worker, src/supervisor and the extension modules; never by base,
 * conf, http, probe or observer/ (but for its module file).
 */
#ifndef PELLUCID_PY_H
#define PELLUCID_PY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if PY_VERSION_HEX < 0x030B0000
#error "Pellucid needs CPython 3.11 or newer"
#endif

#define PEL_PY_HAS_EAGER_TASK (PY_VERSION_HEX >= 0x030C0000)

#endif
