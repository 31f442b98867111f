/*
 * resource - who speaks: the OTLP resource of a worker, or of the server.
 *
 * otlp.resource of the configuration, and what we know ourselves where that says nothing else.
 */
#ifndef PELLUCID_OBSERVER_RESOURCE_H
#define PELLUCID_OBSERVER_RESOURCE_H

#include "attributes.h"
#include "pellucid/conf.h"

/* The attributes of a worker, or with the header's instance_id and pid 0 of the whole server. Keys
 * of conf are borrowed. */
void pel_resource_attributes(struct pel_attributes *as, const struct pel_conf *conf,
                             const uint8_t instance_id[16], int32_t pid);

#endif
