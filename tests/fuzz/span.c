/* A ring entry of a worker gone mad: it is refused, or encoded without harm. */
#include <stdlib.h>

#include "fuzz.h"
#include "observer/encode.h"
#include "otlp.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static _Alignas(8) char room[PEL_RING_ENTRY_MAX];
    struct pel_span_entry *e = (struct pel_span_entry *)(void *)room;
    struct pel_export_node *node;
    struct pel_arena scratch;
    Otlp__Span *span;

    if (len > sizeof(room) - sizeof(e->ring))
        return 0;
    memset(room, 0, sizeof(room));
    memcpy(room + sizeof(e->ring), data, len);
    e->ring = (struct pel_ring_entry){(uint32_t)(len + sizeof(e->ring)), PEL_RING_SPAN};
    if (!pel_span_is_valid(e))
        return 0;
    pel_arena_init(&scratch);
    node = pel_encode_span(e, 0, 0, &scratch);
    span = otlp__span__unpack(NULL, node->len, (const uint8_t *)node->bytes);
    if (!span)
        abort();
    otlp__span__free_unpacked(span, NULL);
    pel_export_node_free(node);
    pel_arena_reset(&scratch);
    return 0;
}
