#include "encode_parts.h"

#define SPAN_TRACE_ID PEL_WIRE_LEN(1)
#define SPAN_SPAN_ID PEL_WIRE_LEN(2)
#define SPAN_TRACE_STATE PEL_WIRE_LEN(3)
#define SPAN_PARENT_SPAN_ID PEL_WIRE_LEN(4)
#define SPAN_EVENTS PEL_WIRE_LEN(11)
#define SPAN_LINKS PEL_WIRE_LEN(13)
#define SPAN_STATUS PEL_WIRE_LEN(15)
#define EVENT_TIME PEL_WIRE_FIXED64(1)
#define EVENT_NAME PEL_WIRE_LEN(2)
#define EVENT_ATTRIBUTES PEL_WIRE_LEN(3)
#define LINK_TRACE_ID PEL_WIRE_LEN(1)
#define LINK_SPAN_ID PEL_WIRE_LEN(2)
#define STATUS_CODE PEL_WIRE_VARINT(3)

/* Fields of four bytes: flags is number 16 in Span, so its tag has two bytes, and 6 in Link. */
static const char span_flags[] = {(char)0x85, 0x01};
static const char link_flags[] = {6 << 3 | 5};

/* Flags beyond the eight bits of W3C. */
#define HAS_IS_REMOTE 0x100U
#define IS_REMOTE 0x200U

/* Of names of fields and attributes, and what else does not depend on the entry. */
#define FIXED_LEN 2048
/* A text is there twice at most (a route: name and http.route), and three times as long where it is
 * no UTF-8. */
#define TEXT_TIMES 6

struct pel_wire pel_encode_room(void)
{
    /* Of its pages those of the largest entry so far are in use. */
    static char room[FIXED_LEN + TEXT_TIMES * PEL_RING_ENTRY_MAX];

    return (struct pel_wire){room, room + sizeof(room)};
}

void pel_encode_ids(struct pel_wire *w, const uint8_t trace_id[16], const uint8_t span_id[8],
                    const uint8_t parent[8], struct pel_str state)
{
    pel_wire_bytes(w, SPAN_TRACE_ID, trace_id, 16);
    pel_wire_bytes(w, SPAN_SPAN_ID, span_id, 8);
    if (state.len)
        pel_wire_text(w, SPAN_TRACE_STATE, state);
    if (parent)
        pel_wire_bytes(w, SPAN_PARENT_SPAN_ID, parent, 8);
}

static void add_flags(struct pel_wire *w, const char *tag, size_t tag_len, uint8_t trace_flags,
                      bool is_remote)
{
    uint32_t little = htole32(trace_flags | HAS_IS_REMOTE | (is_remote ? IS_REMOTE : 0));

    pel_wire_need(w, tag_len + sizeof(little));
    memcpy(w->p, tag, tag_len);
    memcpy(w->p + tag_len, &little, sizeof(little));
    w->p += tag_len + sizeof(little);
}

void pel_encode_flags(struct pel_wire *w, uint8_t trace_flags, bool is_remote)
{
    add_flags(w, span_flags, sizeof(span_flags), trace_flags, is_remote);
}

void pel_encode_link(struct pel_wire *w, const struct pel_trace_link *link)
{
    char *begin = pel_wire_enter(w, SPAN_LINKS);

    pel_wire_bytes(w, LINK_TRACE_ID, link->trace_id, sizeof(link->trace_id));
    pel_wire_bytes(w, LINK_SPAN_ID, link->span_id, sizeof(link->span_id));
    add_flags(w, link_flags, sizeof(link_flags), link->flags, true);
    pel_wire_leave(w, begin);
}

void pel_encode_exception(struct pel_wire *w, uint64_t at_wall_ns, struct pel_str type,
                          struct pel_str message, struct pel_str stack)
{
    char *begin = pel_wire_enter(w, SPAN_EVENTS);

    pel_wire_fixed64(w, EVENT_TIME, at_wall_ns);
    pel_wire_text(w, EVENT_NAME, PEL_STR("exception"));
    pel_keyvalue_str(w, EVENT_ATTRIBUTES, PEL_STR("exception.type"), type);
    if (message.len)
        pel_keyvalue_str(w, EVENT_ATTRIBUTES, PEL_STR("exception.message"), message);
    if (stack.len)
        pel_keyvalue_str(w, EVENT_ATTRIBUTES, PEL_STR("exception.stacktrace"), stack);
    pel_wire_leave(w, begin);
}

void pel_encode_failure(struct pel_wire *w)
{
    char *begin = pel_wire_enter(w, SPAN_STATUS);

    pel_wire_varint(w, STATUS_CODE, OTLP__STATUS_CODE__STATUS_CODE_ERROR);
    pel_wire_leave(w, begin);
}

struct pel_export_node *pel_encode_node(const char *begin, const char *end,
                                        const uint8_t instance_id[16], int32_t pid,
                                        bool is_important)
{
    struct pel_export_node *node = pel_export_node_new((size_t)(end - begin));

    memcpy(node->instance_id, instance_id, sizeof(node->instance_id));
    node->pid = pid;
    node->is_important = is_important;
    memcpy(node->bytes, begin, node->len);
    return node;
}
