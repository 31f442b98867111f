/*
 * got - the entries through which one loaded object calls the functions of others: its global
 * offset table (System V ABI, "Global Offset Table").
 *
 * For a process that wants to see calls of a library it does not own. Any thread, while no other
 * one does the same; those that call the function meanwhile call the old or the new one. (One that
 * is being bound, at its very first call, while it is replaced may end up as it was.)
 */
#ifndef PELLUCID_GOT_H
#define PELLUCID_GOT_H

#include "pellucid/err.h"

typedef void (*pel_got_function)(void);

/* From now on the object that holds the address within (of code or data) calls function, wherever
 * it calls the one of that name. 0; -1 with err when there is no such object, when it does not call
 * that function through its table, or on a machine whose tables we do not know. */
int pel_got_replace(uintptr_t within, const char *name, pel_got_function function,
                    struct pel_err *err);

#endif
