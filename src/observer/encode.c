#include <stdio.h>
#include <stdlib.h>

#include "encode.h"
#include "encode_parts.h"
#include "pellucid/cputime.h"
#include "pellucid/http.h"
#include "pellucid/mem.h"
#include "pellucid/metrics.h"
#include "pellucid/put.h"
#include "pellucid/time.h"
#include "text.h"

#define ATTRIBUTE PEL_OTLP_SPAN_ATTRIBUTES
#define NAME_LEN_MAX (PEL_SHM_METHOD_LEN + 1 + 256)

/* An entry and its texts. */
struct source {
    const struct pel_span_entry *e;
    struct pel_str text[PEL_SPAN_STR_N];
    struct pel_str method; /* as a bounded set of words; "_OTHER" */
    bool is_other;         /* the latter */
};

static struct source source_of(const struct pel_span_entry *e)
{
    struct source s = {.e = e};
    unsigned method;

    pel_span_strings(e, s.text);
    method = pel_method_index(s.text[PEL_SPAN_STR_METHOD]);
    s.method = pel_method_text(method);
    s.is_other = method == PEL_METHOD_OTHER;
    return s;
}

static uint64_t between(const struct pel_span_entry *e, enum pel_stamp from, enum pel_stamp to)
{
    uint64_t a = e->stamp_ns[from], b = e->stamp_ns[to];

    return a && b > a ? b - a : 0;
}

/* What the span is called, as bytes: in room, or the method itself. */
static struct pel_str name_of(const struct source *s, char room[NAME_LEN_MAX])
{
    struct pel_str route = s->text[PEL_SPAN_STR_ROUTE];
    struct pel_str method = s->is_other ? PEL_STR("HTTP") : s->method;
    char *p;

    if (!route.len || method.len + 1 + route.len > NAME_LEN_MAX)
        return method;
    p = pel_put(pel_put(room, method), PEL_STR(" "));
    return pel_str(room, (size_t)(pel_put(p, route) - room));
}

char *pel_encode_name(const struct pel_span_entry *e, struct pel_arena *a)
{
    struct source s = source_of(e);
    char room[NAME_LEN_MAX];

    return pel_text_utf8(a, name_of(&s, room));
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

PEL_KEYVALUE_INLINE void add_nonempty(struct pel_wire *w, struct pel_str key, struct pel_str value)
{
    if (value.len)
        pel_keyvalue_str(w, ATTRIBUTE, key, value);
}

PEL_KEYVALUE_INLINE void add_positive(struct pel_wire *w, struct pel_str key, uint64_t value)
{
    if (value)
        pel_keyvalue_int(w, ATTRIBUTE, key, (int64_t)value);
}

PEL_KEYVALUE_INLINE void add_seconds(struct pel_wire *w, struct pel_str key, uint64_t ns)
{
    if (ns)
        pel_keyvalue_seconds(w, ATTRIBUTE, key, ns);
}

/* Host may be a name, an address, [an IPv6 address], each with or without ":port". */
static void add_server(struct pel_wire *w, struct pel_str host, bool is_https)
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
    add_nonempty(w, PEL_STR("server.address"), host);
    if (port > 0 && port <= UINT16_MAX)
        pel_keyvalue_int(w, ATTRIBUTE, PEL_STR("server.port"), port);
}

static void add_peers(struct pel_wire *w, const struct source *s)
{
    add_nonempty(w, PEL_STR("client.address"), s->text[PEL_SPAN_STR_CLIENT]);
    add_nonempty(w, PEL_STR("network.peer.address"), s->text[PEL_SPAN_STR_PEER]);
    add_positive(w, PEL_STR("network.peer.port"), s->e->peer_port);
    add_nonempty(w, PEL_STR("user_agent.original"), s->text[PEL_SPAN_STR_USER_AGENT]);
}

static void add_request(struct pel_wire *w, const struct source *s)
{
    bool is_https = s->e->flags & PEL_SPAN_IS_HTTPS;

    if (s->is_other)
        add_nonempty(w, PEL_STR("http.request.method_original"), s->text[PEL_SPAN_STR_METHOD]);
    pel_keyvalue_utf8(w, ATTRIBUTE, PEL_STR("http.request.method"), s->method);
    pel_keyvalue_utf8(w, ATTRIBUTE, PEL_STR("url.scheme"),
                      is_https ? PEL_STR("https") : PEL_STR("http"));
    pel_keyvalue_str(w, ATTRIBUTE, PEL_STR("url.path"), s->text[PEL_SPAN_STR_PATH]);
    add_nonempty(w, PEL_STR("url.query"), s->text[PEL_SPAN_STR_QUERY]);
    add_nonempty(w, PEL_STR("http.route"), s->text[PEL_SPAN_STR_ROUTE]);
    pel_keyvalue_utf8(w, ATTRIBUTE, PEL_STR("network.protocol.version"),
                      s->e->version_minor ? PEL_STR("1.1") : PEL_STR("1.0"));
    add_server(w, s->text[PEL_SPAN_STR_HOST], is_https);
    add_peers(w, s);
    add_positive(w, PEL_STR("http.request.body.size"), s->e->body_in);
}

static void add_response(struct pel_wire *w, const struct pel_span_entry *e)
{
    char room[8];
    const char *error_type = pel_encode_error_type(e, room);

    if (e->status) {
        pel_keyvalue_int(w, ATTRIBUTE, PEL_STR("http.response.status_code"), e->status);
        pel_keyvalue_int(w, ATTRIBUTE, PEL_STR("http.response.body.size"), (int64_t)e->body_out);
    }
    add_nonempty(w, PEL_STR("error.type"), pel_str(error_type, strlen(error_type)));
}

static void add_phases(struct pel_wire *w, const struct pel_span_entry *e)
{
    const uint64_t *ns = e->phase_ns;

    add_seconds(w, PEL_STR("pellucid.request.head.read.duration"), ns[PEL_REQUEST_PHASE_HEAD]);
    add_seconds(w, PEL_STR("pellucid.request.body.read.duration"), ns[PEL_REQUEST_PHASE_BODY]);
    add_seconds(w, PEL_STR("pellucid.request.queue.duration"), ns[PEL_REQUEST_PHASE_QUEUE]);
    add_seconds(w, PEL_STR("pellucid.request.app.duration"), ns[PEL_REQUEST_PHASE_APP]);
    add_seconds(w, PEL_STR("pellucid.response.write.duration"), ns[PEL_REQUEST_PHASE_WRITE]);
}

/* Why a span is here that the head decision would have left out. */
static struct pel_str sampling_reason(const struct pel_span_entry *e)
{
    if (e->flags & PEL_SPAN_SAMPLED)
        return PEL_STR_NONE;
    if (e->flags & PEL_SPAN_KEPT)
        return PEL_STR("kept");
    if (e->flags & PEL_SPAN_SLOWEST)
        return PEL_STR("slowest");
    if (e->flags & PEL_SPAN_FAILED)
        return PEL_STR("error");
    return e->flags & PEL_SPAN_TIMED_OUT ? PEL_STR("timeout") : PEL_STR("slow");
}

static void add_ours(struct pel_wire *w, const struct pel_span_entry *e, unsigned slot)
{
    add_seconds(w, PEL_STR("pellucid.connection.accept.duration"), e->accept_ns);
    add_seconds(w, PEL_STR("pellucid.request.proxy.duration"), e->proxy_ns);
    add_phases(w, e);
    add_seconds(w, PEL_STR("pellucid.response.ttfb"),
                between(e, PEL_STAMP_FIRST_BYTE, PEL_STAMP_RESPONSE_START));
    if (pel_cputime_is_known(&e->spent))
        add_seconds(w, PEL_STR("pellucid.request.cpu.duration"), e->spent.cpu_ns);
    else
        add_seconds(w, PEL_STR("pellucid.request.cpu.max"), e->spent.cpu_ns);
    add_seconds(w, PEL_STR("pellucid.request.gil.wait.duration"), e->spent.gil_wait_ns);
    pel_keyvalue_int(w, ATTRIBUTE, PEL_STR("pellucid.worker.id"), slot);
    add_positive(w, PEL_STR("pellucid.worker.requests"), e->worker_requests);
    add_positive(w, PEL_STR("pellucid.connection.requests"), e->connection_requests);
    add_positive(w, PEL_STR("thread.id"), e->thread_id);
    add_nonempty(w, PEL_STR("pellucid.sampling.reason"), sampling_reason(e));
}

/* tracestate as it leaves; empty when there is none. */
static struct pel_str trace_state(const struct source *s, struct pel_arena *a)
{
    struct pel_str state = s->text[PEL_SPAN_STR_TRACE_STATE];

    return s->e->flags & PEL_SPAN_SAMPLED ? state : pel_trace_forget_probability(state, a);
}

/* The fields before the attributes. */
static void add_head(struct pel_wire *w, const struct source *s, uint64_t wall_offset_ns,
                     struct pel_arena *a)
{
    const struct pel_span_entry *e = s->e;
    uint64_t start_ns = e->stamp_ns[PEL_STAMP_FIRST_BYTE],
             end_ns = e->stamp_ns[PEL_STAMP_LAST_BYTE];
    char room[NAME_LEN_MAX];

    pel_encode_ids(w, e->trace_id, e->span_id,
                   e->flags & PEL_SPAN_HAS_PARENT ? e->parent_span_id : NULL, trace_state(s, a));
    pel_wire_text(w, PEL_OTLP_SPAN_NAME, name_of(s, room));
    pel_wire_varint(w, PEL_OTLP_SPAN_KIND, OTLP__SPAN_KIND__SPAN_KIND_SERVER);
    pel_wire_fixed64(w, PEL_OTLP_SPAN_START, start_ns + wall_offset_ns);
    pel_wire_fixed64(w, PEL_OTLP_SPAN_END,
                     (end_ns > start_ns ? end_ns : start_ns) + wall_offset_ns);
}

/* The exception that the app raised, if there was one. */
static void add_event(struct pel_wire *w, const struct source *s, uint64_t wall_offset_ns)
{
    const uint64_t *stamps = s->e->stamp_ns;
    uint64_t at_ns =
        stamps[PEL_STAMP_APP_END] ? stamps[PEL_STAMP_APP_END] : stamps[PEL_STAMP_LAST_BYTE];

    if (s->text[PEL_SPAN_STR_EXC_TYPE].len)
        pel_encode_exception(w, at_ns + wall_offset_ns, s->text[PEL_SPAN_STR_EXC_TYPE],
                             s->text[PEL_SPAN_STR_EXC_MESSAGE], s->text[PEL_SPAN_STR_EXC_STACK]);
}

struct pel_export_node *pel_encode_span(const struct pel_span_entry *e, unsigned slot,
                                        uint64_t wall_offset_ns, struct pel_arena *scratch)
{
    struct pel_wire w = pel_encode_room();
    struct source s = source_of(e);
    const char *begin = w.p, *attributes;

    add_head(&w, &s, wall_offset_ns, scratch);
    attributes = w.p;
    add_request(&w, &s);
    add_response(&w, e);
    add_ours(&w, e, slot);
    pel_keyvalue_packed(&w, ATTRIBUTE, attributes, s.text[PEL_SPAN_STR_ATTRIBUTES]);
    add_event(&w, &s, wall_offset_ns);
    if (e->flags & PEL_SPAN_HAS_LINK)
        pel_encode_link(&w, &e->link);
    if (e->flags & PEL_SPAN_FAILED)
        pel_encode_failure(&w);
    pel_encode_flags(&w, e->trace_flags, e->flags & PEL_SPAN_HAS_PARENT);
    return pel_encode_node(begin, w.p, e->instance_id, e->pid,
                           e->flags & (PEL_SPAN_SLOW | PEL_SPAN_FAILED));
}
