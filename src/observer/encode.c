#include <stdio.h>
#include <stdlib.h>

#include "attributes.h"
#include "encode.h"
#include "encode_parts.h"
#include "pellucid/cputime.h"
#include "pellucid/http.h"
#include "pellucid/mem.h"
#include "pellucid/metrics.h"
#include "pellucid/time.h"
#include "text.h"

/* Span.flags beyond the eight bits of W3C. */
#define FLAG_HAS_IS_REMOTE 0x100U
#define FLAG_IS_REMOTE 0x200U

static uint64_t between(const struct pel_span_entry *e, enum pel_stamp from, enum pel_stamp to)
{
    uint64_t a = e->stamp_ns[from], b = e->stamp_ns[to];

    return a && b > a ? b - a : 0;
}

static bool is_other(const struct pel_span_entry *e, struct pel_str *method)
{
    *method = pel_method_bounded(pel_span_string(e, PEL_SPAN_STR_METHOD));
    return method->len && method->p[0] == '_';
}

char *pel_encode_name(const struct pel_span_entry *e, struct pel_arena *a)
{
    struct pel_str route = pel_span_string(e, PEL_SPAN_STR_ROUTE), method;
    char room[PEL_SHM_METHOD_LEN + 1 + 256];
    size_t n;

    if (is_other(e, &method))
        method = PEL_STR("HTTP");
    n = method.len;
    memcpy(room, method.p, n);
    if (route.len && n + 1 + route.len <= sizeof(room)) {
        room[n++] = ' ';
        memcpy(room + n, route.p, route.len);
        n += route.len;
    }
    return pel_text_utf8(a, pel_str(room, n));
}

const char *pel_encode_error_type(const struct pel_span_entry *e, char room[8])
{
    const char *text = pel_error_text((enum pel_error)e->error);

    if (text[0])
        return text;
    if (e->status < 500)
        return "";
    snprintf(room, 8, "%u", e->status);
    return room;
}

static void add_nonempty(struct pel_attributes *as, const char *key, struct pel_str value)
{
    if (value.len)
        pel_attributes_str(as, key, value);
}

static void add_positive(struct pel_attributes *as, const char *key, uint64_t value)
{
    if (value)
        pel_attributes_int(as, key, (int64_t)value);
}

/* Host may be a name, an address, [an IPv6 address], each with or without ":port". */
static void add_server(struct pel_attributes *as, struct pel_str host, bool is_https)
{
    const char *colon = host.len ? memrchr(host.p, ':', host.len) : NULL;
    const char *bracket = host.len ? memrchr(host.p, ']', host.len) : NULL;
    int64_t port = is_https ? 443 : 80;

    if (!host.len)
        return;
    if (colon && (!bracket || colon > bracket)) {
        port = 0;
        for (const char *p = colon + 1; p < host.p + host.len && port <= UINT16_MAX; p++)
            port = *p >= '0' && *p <= '9' ? port * 10 + (*p - '0') : UINT16_MAX + 1;
        host.len = (size_t)(colon - host.p);
    }
    if (host.len >= 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
        host = pel_str(host.p + 1, host.len - 2);
    add_nonempty(as, "server.address", host);
    if (port > 0 && port <= UINT16_MAX)
        pel_attributes_int(as, "server.port", port);
}

static void add_request(struct pel_attributes *as, const struct pel_span_entry *e)
{
    bool is_https = e->flags & PEL_SPAN_IS_HTTPS;
    struct pel_str method, version = e->version_minor ? PEL_STR("1.1") : PEL_STR("1.0");

    if (is_other(e, &method))
        add_nonempty(as, "http.request.method_original", pel_span_string(e, PEL_SPAN_STR_METHOD));
    pel_attributes_str(as, "http.request.method", method);
    pel_attributes_str(as, "url.scheme", is_https ? PEL_STR("https") : PEL_STR("http"));
    pel_attributes_str(as, "url.path", pel_span_string(e, PEL_SPAN_STR_PATH));
    add_nonempty(as, "url.query", pel_span_string(e, PEL_SPAN_STR_QUERY));
    add_nonempty(as, "http.route", pel_span_string(e, PEL_SPAN_STR_ROUTE));
    pel_attributes_str(as, "network.protocol.version", version);
    add_server(as, pel_span_string(e, PEL_SPAN_STR_HOST), is_https);
    add_nonempty(as, "client.address", pel_span_string(e, PEL_SPAN_STR_CLIENT));
    add_nonempty(as, "network.peer.address", pel_span_string(e, PEL_SPAN_STR_PEER));
    add_positive(as, "network.peer.port", e->peer_port);
    add_nonempty(as, "user_agent.original", pel_span_string(e, PEL_SPAN_STR_USER_AGENT));
    add_positive(as, "http.request.body.size", e->body_in);
}

static void add_response(struct pel_attributes *as, const struct pel_span_entry *e)
{
    char room[8];
    const char *error_type = pel_encode_error_type(e, room);

    if (e->status) {
        pel_attributes_int(as, "http.response.status_code", e->status);
        pel_attributes_int(as, "http.response.body.size", (int64_t)e->body_out);
    }
    if (error_type[0])
        pel_attributes_cstr(as, "error.type", error_type);
}

static const char *const phase_keys[PEL_REQUEST_PHASE_N] = {
    [PEL_REQUEST_PHASE_HEAD] = "pellucid.request.head.read.duration",
    [PEL_REQUEST_PHASE_BODY] = "pellucid.request.body.read.duration",
    [PEL_REQUEST_PHASE_QUEUE] = "pellucid.request.queue.duration",
    [PEL_REQUEST_PHASE_APP] = "pellucid.request.app.duration",
    [PEL_REQUEST_PHASE_WRITE] = "pellucid.response.write.duration",
};

/* Why a span is here that the head decision would have left out. */
static const char *sampling_reason(const struct pel_span_entry *e)
{
    if (e->flags & PEL_SPAN_SAMPLED)
        return NULL;
    if (e->flags & PEL_SPAN_KEPT)
        return "kept";
    if (e->flags & PEL_SPAN_SLOWEST)
        return "slowest";
    if (e->flags & PEL_SPAN_FAILED)
        return "error";
    return e->flags & PEL_SPAN_TIMED_OUT ? "timeout" : "slow";
}

static void add_ours(struct pel_attributes *as, const struct pel_span_entry *e, unsigned slot)
{
    uint64_t ttfb_ns = between(e, PEL_STAMP_FIRST_BYTE, PEL_STAMP_RESPONSE_START);
    const char *reason = sampling_reason(e);

    if (e->accept_ns)
        pel_attributes_seconds(as, "pellucid.connection.accept.duration", e->accept_ns);
    if (e->proxy_ns)
        pel_attributes_seconds(as, "pellucid.request.proxy.duration", e->proxy_ns);
    for (size_t i = 0; i < PEL_REQUEST_PHASE_N; i++)
        if (e->phase_ns[i])
            pel_attributes_seconds(as, phase_keys[i], e->phase_ns[i]);
    if (ttfb_ns)
        pel_attributes_seconds(as, "pellucid.response.ttfb", ttfb_ns);
    if (e->spent.cpu_ns)
        pel_attributes_seconds(as,
                               pel_cputime_is_known(&e->spent) ? "pellucid.request.cpu.duration"
                                                               : "pellucid.request.cpu.max",
                               e->spent.cpu_ns);
    if (e->spent.gil_wait_ns)
        pel_attributes_seconds(as, "pellucid.request.gil.wait.duration", e->spent.gil_wait_ns);
    pel_attributes_int(as, "pellucid.worker.id", slot);
    add_positive(as, "pellucid.worker.requests", e->worker_requests);
    add_positive(as, "pellucid.connection.requests", e->connection_requests);
    add_positive(as, "thread.id", e->thread_id);
    if (reason)
        pel_attributes_cstr(as, "pellucid.sampling.reason", reason);
    pel_attributes_packed(as, pel_span_string(e, PEL_SPAN_STR_ATTRIBUTES));
}

static void set_ids(Otlp__Span *span, const struct pel_span_entry *e, struct pel_arena *a)
{
    struct pel_str state = pel_span_string(e, PEL_SPAN_STR_TRACE_STATE);
    bool has_parent = e->flags & PEL_SPAN_HAS_PARENT;

    span->has_trace_id = span->has_span_id = true;
    span->trace_id = (ProtobufCBinaryData){sizeof(e->trace_id), (uint8_t *)e->trace_id};
    span->span_id = (ProtobufCBinaryData){sizeof(e->span_id), (uint8_t *)e->span_id};
    if (has_parent) {
        span->has_parent_span_id = true;
        span->parent_span_id =
            (ProtobufCBinaryData){sizeof(e->parent_span_id), (uint8_t *)e->parent_span_id};
    }
    if (!(e->flags & PEL_SPAN_SAMPLED))
        state = pel_trace_forget_probability(state, a);
    if (state.len)
        span->trace_state = pel_text_utf8(a, state);
    span->has_flags = true;
    span->flags = e->trace_flags | FLAG_HAS_IS_REMOTE | (has_parent ? FLAG_IS_REMOTE : 0);
}

/* The exception that the app raised; NULL when there was none. */
static Otlp__Event *exception_event(const struct pel_span_entry *e, uint64_t wall_offset_ns,
                                    struct pel_attributes *as)
{
    uint64_t at_ns = e->stamp_ns[PEL_STAMP_APP_END] ? e->stamp_ns[PEL_STAMP_APP_END]
                                                    : e->stamp_ns[PEL_STAMP_LAST_BYTE];

    return pel_encode_exception(
        as, at_ns + wall_offset_ns, pel_span_string(e, PEL_SPAN_STR_EXC_TYPE),
        pel_span_string(e, PEL_SPAN_STR_EXC_MESSAGE), pel_span_string(e, PEL_SPAN_STR_EXC_STACK));
}

/* To the context that the client sent and that was not continued; NULL when there was none. */
static Otlp__Link *link_to_client(const struct pel_span_entry *e, struct pel_arena *a)
{
    Otlp__Link *link;

    if (!(e->flags & PEL_SPAN_HAS_LINK))
        return NULL;
    link = pel_arena_alloc(a, sizeof(*link));
    otlp__link__init(link);
    link->has_trace_id = link->has_span_id = link->has_flags = true;
    link->trace_id = (ProtobufCBinaryData){sizeof(e->link.trace_id), (uint8_t *)e->link.trace_id};
    link->span_id = (ProtobufCBinaryData){sizeof(e->link.span_id), (uint8_t *)e->link.span_id};
    link->flags = e->link.flags | FLAG_HAS_IS_REMOTE | FLAG_IS_REMOTE;
    return link;
}

struct pel_export_node *pel_encode_span(const struct pel_span_entry *e, unsigned slot,
                                        uint64_t wall_offset_ns, struct pel_arena *scratch)
{
    uint64_t start_ns = e->stamp_ns[PEL_STAMP_FIRST_BYTE],
             end_ns = e->stamp_ns[PEL_STAMP_LAST_BYTE];
    struct pel_attributes as, event_as;
    Otlp__Span span = OTLP__SPAN__INIT;
    Otlp__SpanStatus status = OTLP__SPAN_STATUS__INIT;
    Otlp__Event *event;
    Otlp__Link *link;

    pel_attributes_init(&as, scratch);
    pel_attributes_init(&event_as, scratch);
    add_request(&as, e);
    add_response(&as, e);
    add_ours(&as, e, slot);
    set_ids(&span, e, scratch);
    span.name = pel_encode_name(e, scratch);
    span.has_kind = span.has_start_time_unix_nano = span.has_end_time_unix_nano = true;
    span.kind = OTLP__SPAN_KIND__SPAN_KIND_SERVER;
    span.start_time_unix_nano = start_ns + wall_offset_ns;
    span.end_time_unix_nano = (end_ns > start_ns ? end_ns : start_ns) + wall_offset_ns;
    span.attributes = as.items;
    span.n_attributes = as.n;
    event = exception_event(e, wall_offset_ns, &event_as);
    span.events = &event;
    span.n_events = event ? 1 : 0;
    link = link_to_client(e, scratch);
    span.links = &link;
    span.n_links = link ? 1 : 0;
    if (e->flags & PEL_SPAN_FAILED) {
        status.has_code = true;
        status.code = OTLP__STATUS_CODE__STATUS_CODE_ERROR;
        span.status = &status;
    }
    return pel_encode_pack(&span, e->instance_id, e->pid,
                           e->flags & (PEL_SPAN_SLOW | PEL_SPAN_FAILED));
}
