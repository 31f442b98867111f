#include <stdlib.h>

#include "attributes.h"
#include "encode.h"
#include "pellucid/mem.h"

/* The spans of one worker in a request under construction. */
struct group {
    const struct pel_export_node *first; /* says which worker */
    ProtobufCBinaryData *spans;          /* owned; borrows the bytes */
    size_t n, cap;
    ProtobufCBinaryData resource; /* in the arena */
    Otlp__ResourceSpans message;
    Otlp__ScopeSpans scope_spans, *scope_spans_list[1];
};

struct groups {
    struct group **items; /* owned */
    size_t n;
};

static ProtobufCBinaryData encode_resource(const struct pel_conf *conf,
                                           const struct pel_export_node *node, struct pel_arena *a)
{
    Otlp__Resource resource = OTLP__RESOURCE__INIT;
    struct pel_attributes as;
    ProtobufCBinaryData out;

    pel_attributes_init(&as, a);
    pel_attributes_resource(&as, conf, node->instance_id, node->pid);
    resource.attributes = as.items;
    resource.n_attributes = as.n;
    out.data = pel_arena_alloc(a, otlp__resource__get_packed_size(&resource));
    out.len = otlp__resource__pack(&resource, out.data);
    return out;
}

/* The group of the node's worker. A batch comes from few workers, and in runs. */
static struct group *find_group(struct groups *gs, const struct pel_export_node *node)
{
    struct group *g;

    for (size_t i = gs->n; i > 0; i--) {
        g = gs->items[i - 1];
        if (g->first->pid == node->pid &&
            memcmp(g->first->instance_id, node->instance_id, sizeof(node->instance_id)) == 0)
            return g;
    }
    g = pel_mem_new(1, sizeof(*g));
    g->first = node;
    gs->items = pel_mem_resize(gs->items, gs->n + 1, sizeof(*gs->items));
    gs->items[gs->n++] = g;
    return g;
}

static void add_span(struct group *g, const struct pel_export_node *node)
{
    if (g->n == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 64;
        g->spans = pel_mem_resize(g->spans, g->cap, sizeof(*g->spans));
    }
    g->spans[g->n++] = (ProtobufCBinaryData){node->len, (uint8_t *)node->bytes};
}

static void finish_group(struct group *g, const struct pel_conf *conf,
                         Otlp__InstrumentationScope *scope, struct pel_arena *a)
{
    otlp__resource_spans__init(&g->message);
    otlp__scope_spans__init(&g->scope_spans);
    g->scope_spans.scope = scope;
    g->scope_spans.spans = g->spans;
    g->scope_spans.n_spans = g->n;
    g->scope_spans.schema_url = (char *)PEL_SCHEMA_URL; /* only read */
    g->scope_spans_list[0] = &g->scope_spans;
    g->message.has_resource = true;
    g->message.resource = encode_resource(conf, g->first, a);
    g->message.scope_spans = g->scope_spans_list;
    g->message.n_scope_spans = 1;
    g->message.schema_url = (char *)PEL_SCHEMA_URL; /* only read */
}

static void pack(struct pel_buf *out, const struct groups *gs)
{
    Otlp__ExportTraceServiceRequest request = OTLP__EXPORT_TRACE_SERVICE_REQUEST__INIT;
    Otlp__ResourceSpans **messages = pel_mem_new(gs->n, sizeof(struct Otlp__ResourceSpans *));

    for (size_t i = 0; i < gs->n; i++)
        messages[i] = &gs->items[i]->message;
    request.resource_spans = messages;
    request.n_resource_spans = gs->n;
    pel_buf_reserve(out, otlp__export_trace_service_request__get_packed_size(&request));
    out->len += otlp__export_trace_service_request__pack(&request, (uint8_t *)(out->p + out->len));
    free(messages);
}

void pel_encode_request(struct pel_buf *out, const struct pel_conf *conf,
                        const struct pel_list *nodes)
{
    Otlp__InstrumentationScope scope = OTLP__INSTRUMENTATION_SCOPE__INIT;
    struct groups gs = {NULL, 0};
    struct pel_arena arena;

    scope.name = (char *)"pellucid"; /* only read */
    scope.version = (char *)PEL_VERSION;
    pel_arena_init(&arena);
    for (const struct pel_list *at = nodes->next; at != nodes; at = at->next) {
        const struct pel_export_node *node = PEL_CONTAINER_OF(at, struct pel_export_node, link);

        add_span(find_group(&gs, node), node);
    }
    for (size_t i = 0; i < gs.n; i++)
        finish_group(gs.items[i], conf, &scope, &arena);
    pack(out, &gs);
    for (size_t i = 0; i < gs.n; i++) {
        free(gs.items[i]->spans);
        free(gs.items[i]);
    }
    free(gs.items);
    pel_arena_reset(&arena);
}
