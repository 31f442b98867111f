#include "encode_parts.h"

#include "pellucid/mem.h"
#include "pellucid/time.h"

Otlp__Event *pel_encode_exception(struct pel_attributes *as, uint64_t at_wall_ns,
                                  struct pel_str type, struct pel_str message, struct pel_str stack)
{
    Otlp__Event *event;

    if (!type.len)
        return NULL;
    pel_attributes_str(as, "exception.type", type);
    if (message.len)
        pel_attributes_str(as, "exception.message", message);
    if (stack.len)
        pel_attributes_str(as, "exception.stacktrace", stack);
    event = pel_arena_alloc(as->arena, sizeof(*event));
    otlp__event__init(event);
    event->has_time_unix_nano = true;
    event->time_unix_nano = at_wall_ns;
    event->name = (char *)"exception"; /* only read */
    event->attributes = as->items;
    event->n_attributes = as->n;
    return event;
}

struct pel_export_node *pel_export_node_new(size_t len, const uint8_t instance_id[16], int32_t pid,
                                            bool is_important)
{
    struct pel_export_node *node = pel_mem_new(1, sizeof(*node) + len);

    pel_list_init(&node->link);
    node->made_ns = pel_now_ns();
    memcpy(node->instance_id, instance_id, sizeof(node->instance_id));
    node->pid = pid;
    node->is_important = is_important;
    node->len = (uint32_t)len;
    return node;
}

struct pel_export_node *pel_encode_pack(const Otlp__Span *span, const uint8_t instance_id[16],
                                        int32_t pid, bool is_important)
{
    struct pel_export_node *node =
        pel_export_node_new(otlp__span__get_packed_size(span), instance_id, pid, is_important);

    otlp__span__pack(span, (uint8_t *)node->bytes);
    return node;
}
