/*
 * resource - who speaks: the OTLP resource of a worker.
 *
 * otlp.resource of the configuration, and what we know ourselves where that says nothing else.
 */
#ifndef PELLUCID_OBSERVER_RESOURCE_H
#define PELLUCID_OBSERVER_RESOURCE_H

#include "attributes.h"
#include "pellucid/conf.h"

/* The worker's attributes; instance_id NULL: those of the whole server (for target_info). Keys of
 * conf are borrowed. */
void pel_resource_attributes(struct pel_attributes *as, const struct pel_conf *conf,
                             const uint8_t instance_id[16], int32_t pid);

#endif
