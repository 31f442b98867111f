/*
 * method - which request methods metrics and spans tell by their name: http.known_methods.
 *
 * Any other one is "_OTHER", so that clients cannot make as many streams as they like. What has
 * counters of its own in shared memory is found there by its index, and every process has to mean
 * the same by it: the list stands in the header (shm.h) from the start of the server to its end,
 * over reloads and upgrades, and each process copies it when it makes or maps the memory, before it
 * has a second thread. Until then all methods are "_OTHER".
 */
#ifndef PELLUCID_METHOD_H
#define PELLUCID_METHOD_H

#include "pellucid/conf.h"

#define PEL_SHM_METHOD_LEN (PEL_METHOD_LEN_MAX + 1) /* with a NUL */
#define PEL_METHODS_MAX 32                          /* of the directive */
#define PEL_METHOD_OTHER PEL_METHODS_MAX
#define PEL_METHOD_N (PEL_METHODS_MAX + 1)

/* The list in shared memory; an empty name ends it. */
struct pel_shm_methods {
    char names[PEL_METHODS_MAX][PEL_SHM_METHOD_LEN]; /* NUL-padded */
};

/* Who makes the memory: names as pel_conf_load checks them. */
void pel_methods_put(struct pel_shm_methods *out, const struct pel_strings *names);
/* Makes it the list of this process. What does not fit in a name is cut. */
void pel_methods_take(const struct pel_shm_methods *from);

/* Upper and lower case differ. PEL_METHOD_OTHER: not on the list. */
unsigned pel_method_index(struct pel_str method);
/* The name at an index below PEL_METHOD_N: "_OTHER", or empty behind the end of the list. */
struct pel_str pel_method_text(unsigned index);

/* The method as an attribute. */
static inline struct pel_str pel_method_bounded(struct pel_str method)
{
    return pel_method_text(pel_method_index(method));
}

#endif
