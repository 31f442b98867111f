/*
 * encode_parts - what the encoders of requests' and of the app's own spans share.
 */
#ifndef PELLUCID_OBSERVER_ENCODE_PARTS_H
#define PELLUCID_OBSERVER_ENCODE_PARTS_H

#include "attributes.h"
#include "encode.h"

/* An exception as a span event in the arena of as, which holds its attributes and is empty before;
 * NULL without a type. */
Otlp__Event *pel_encode_exception(struct pel_attributes *as, uint64_t at_wall_ns,
                                  struct pel_str type, struct pel_str message,
                                  struct pel_str stack);

/* A node with room for len bytes. */
struct pel_export_node *pel_export_node_new(size_t len, const uint8_t instance_id[16], int32_t pid,
                                            bool is_important);

/* The span as bytes, in memory of their own. */
struct pel_export_node *pel_encode_pack(const Otlp__Span *span, const uint8_t instance_id[16],
                                        int32_t pid, bool is_important);

#endif
