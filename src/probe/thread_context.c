#include "thread_context.h"

#include <stdatomic.h>
#include <stddef.h>

#include "pellucid/method.h"

_Static_assert(offsetof(struct pel_thread_context, attributes) == 28, "as in OTEP 4947");

const char *const pel_thread_context_keys[] = {"http.request.method", "http.route", NULL};
enum { KEY_METHOD, KEY_ROUTE };

_Thread_local struct pel_thread_context *otel_thread_ctx_v1;

static _Thread_local struct pel_thread_context own;

static void add(struct pel_thread_context *c, uint8_t key, struct pel_str value)
{
    uint8_t *at = c->attributes + c->attributes_len;

    if (!value.len || value.len > sizeof(c->attributes) - c->attributes_len - 2)
        return;
    at[0] = key;
    at[1] = (uint8_t)value.len;
    memcpy(at + 2, value.p, value.len);
    c->attributes_len = (uint16_t)(c->attributes_len + 2 + value.len);
}

static void fill(struct pel_thread_context *c, const struct pel_record *rec)
{
    c->is_valid = 0;
    atomic_signal_fence(memory_order_seq_cst);
    memcpy(c->trace_id, rec->trace.trace_id, sizeof(c->trace_id));
    memcpy(c->span_id, rec->trace.span_id, sizeof(c->span_id));
    c->trace_flags = rec->trace.flags;
    c->attributes_len = 0;
    add(c, KEY_METHOD, pel_method_bounded(rec->method));
    add(c, KEY_ROUTE, pel_record_route(rec));
    atomic_signal_fence(memory_order_seq_cst);
    c->is_valid = 1;
}

void pel_thread_context_enter(const struct pel_record *rec)
{
    struct pel_thread_context *c = &own;

    if (memcmp(c->span_id, rec->trace.span_id, sizeof(c->span_id)) != 0)
        fill(c, rec);
    atomic_signal_fence(memory_order_seq_cst);
    otel_thread_ctx_v1 = c;
}

void pel_thread_context_leave(void)
{
    otel_thread_ctx_v1 = NULL;
}
