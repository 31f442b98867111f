/* Span entries as OTLP, read back with the generated decoder. */
#include "span.h"

#include <unistd.h>

#include "observer/encode.h"
#include "pellucid/attribute.h"
#include "otlp.pb-c.h"

#define OFFSET_NS 1700000000000000000ULL

static Otlp__Span *encoded(const struct pel_span_entry *e)
{
    struct pel_arena a;
    struct pel_export_node *node;
    Otlp__Span *span;

    pel_arena_init(&a);
    node = pel_encode_span(e, 3, OFFSET_NS, &a);
    pel_arena_reset(&a);
    span = otlp__span__unpack(NULL, node->len, (const uint8_t *)node->bytes);
    assert_non_null(span);
    pel_export_node_free(node);
    return span;
}

static const Otlp__AnyValue *attribute(Otlp__KeyValue *const *as, size_t n, const char *key)
{
    const Otlp__AnyValue *found = NULL;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(as[i]->key, key) != 0)
            continue;
        assert_null(found);
        found = as[i]->value;
    }
    return found;
}

static const char *text(const Otlp__Span *span, const char *key)
{
    const Otlp__AnyValue *v = attribute(span->attributes, span->n_attributes, key);

    return v && v->value_case == OTLP__ANY_VALUE__VALUE_STRING_VALUE ? v->string_value : NULL;
}

static int64_t number(const Otlp__Span *span, const char *key)
{
    const Otlp__AnyValue *v = attribute(span->attributes, span->n_attributes, key);

    return v && v->value_case == OTLP__ANY_VALUE__VALUE_INT_VALUE ? v->int_value : -1;
}

static double real(const Otlp__Span *span, const char *key)
{
    const Otlp__AnyValue *v = attribute(span->attributes, span->n_attributes, key);

    return v && v->value_case == OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE ? v->double_value : -1;
}

static void span_follows_the_conventions(void **state)
{
    struct pel_record rec = fixture_record(1000000000);
    Otlp__Span *span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));

    assert_string_equal(span->name, "GET /orders/{id}");
    assert_int_equal(span->kind, 2);
    assert_int_equal(span->start_time_unix_nano, OFFSET_NS + 1000000000);
    assert_int_equal(span->end_time_unix_nano, OFFSET_NS + 1003000000);
    assert_int_equal(span->trace_id.len, 16);
    assert_memory_equal(span->trace_id.data, rec.trace.trace_id, 16);
    assert_int_equal(span->span_id.len, 8);
    assert_false(span->has_parent_span_id);
    assert_int_equal(span->flags, 0x103);
    assert_null(span->trace_state);
    assert_null(span->status);
    assert_int_equal(span->n_events, 0);
    assert_string_equal(text(span, "http.request.method"), "GET");
    assert_string_equal(text(span, "url.path"), "/orders/17");
    assert_string_equal(text(span, "url.query"), "full=1");
    assert_string_equal(text(span, "url.scheme"), "http");
    assert_string_equal(text(span, "http.route"), "/orders/{id}");
    assert_int_equal(number(span, "http.response.status_code"), 200);
    assert_string_equal(text(span, "network.protocol.version"), "1.1");
    assert_string_equal(text(span, "server.address"), "shop.example");
    assert_int_equal(number(span, "server.port"), 8000);
    assert_string_equal(text(span, "client.address"), "192.0.2.7");
    assert_string_equal(text(span, "network.peer.address"), "127.0.0.1");
    assert_int_equal(number(span, "network.peer.port"), 40000);
    assert_string_equal(text(span, "user_agent.original"), "curl/7.88.1");
    assert_null(text(span, "error.type"));
    assert_null(text(span, "http.request.method_original"));
    assert_null(text(span, "pellucid.sampling.reason"));
    assert_float_equal(real(span, "pellucid.request.queue.duration"), 12e-6, 1e-12);
    assert_float_equal(real(span, "pellucid.request.app.duration"), 2.4e-3, 1e-12);
    assert_float_equal(real(span, "pellucid.response.ttfb"), 2e-3, 1e-12);
    assert_int_equal(number(span, "pellucid.worker.id"), 3);
    assert_int_equal(number(span, "pellucid.worker.requests"), 9);
    otlp__span__free_unpacked(span, NULL);
}

static void cpu_time_is_told_as_what_it_is(void **state)
{
    struct pel_record rec = fixture_record(1000);
    Otlp__Span *span;

    rec.spent.cpu_ns = 2000000;
    rec.spent.cpu_slack_ns = 200000;
    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
    assert_float_equal(real(span, "pellucid.request.cpu.duration"), 2e-3, 1e-12);
    otlp__span__free_unpacked(span, NULL);
    rec.spent.cpu_slack_ns = 200001;
    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
    assert_float_equal(real(span, "pellucid.request.cpu.max"), 2e-3, 1e-12);
    otlp__span__free_unpacked(span, NULL);
}

static void waits_are_told(void **state)
{
    struct pel_record rec = fixture_record(1000);
    Otlp__Span *span;

    rec.spent.gil_wait_ns = 5000000;
    rec.accept_ns = 200000000;
    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
    assert_float_equal(real(span, "pellucid.request.gil.wait.duration"), 5e-3, 1e-12);
    assert_float_equal(real(span, "pellucid.connection.accept.duration"), 0.2, 1e-12);
    otlp__span__free_unpacked(span, NULL);
}

static void parent_is_remote(void **state)
{
    struct pel_record rec = fixture_record(1000);
    Otlp__Span *span;

    rec.trace.has_parent = true;
    rec.trace.flags = 1;
    memset(rec.trace.parent_span_id, 0xef, 8);
    rec.trace.state = PEL_STR("congo=t61,ot=th:8");
    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
    assert_true(span->has_parent_span_id);
    assert_memory_equal(span->parent_span_id.data, rec.trace.parent_span_id, 8);
    assert_int_equal(span->flags, 0x301);
    assert_string_equal(span->trace_state, "congo=t61,ot=th:8");
    otlp__span__free_unpacked(span, NULL);
}

static void client_that_is_not_trusted_is_a_link(void **state)
{
    struct pel_record rec = fixture_record(1000);
    Otlp__Span *span;

    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
    assert_int_equal(span->n_links, 0);
    otlp__span__free_unpacked(span, NULL);
    rec.trace.has_link = true;
    memset(rec.trace.link.trace_id, 0x11, 16);
    memset(rec.trace.link.span_id, 0x22, 8);
    rec.trace.link.flags = 1;
    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
    assert_int_equal(span->n_links, 1);
    assert_memory_equal(span->links[0]->trace_id.data, rec.trace.link.trace_id, 16);
    assert_memory_equal(span->links[0]->span_id.data, rec.trace.link.span_id, 8);
    assert_int_equal(span->links[0]->flags, 0x301);
    assert_false(span->has_parent_span_id);
    otlp__span__free_unpacked(span, NULL);
}

static void kept_span_has_no_known_probability(void **state)
{
    static const struct {
        struct pel_str in;
        const char *out; /* NULL: none */
    } cases[] = {
        {PEL_STR("congo=t61,ot=th:8,b=2"), "congo=t61,b=2"},
        {PEL_STR("ot=th:8"), NULL},
        {PEL_STR("ot=th:8, b=2"), "b=2"},
        {PEL_STR("a=1,ot=th:8;rv:6e6d1a75832a2f"), "ot=rv:6e6d1a75832a2f,a=1"},
        {PEL_STR("ot=rv:6e6d1a75832a2f"), "ot=rv:6e6d1a75832a2f"},
        {PEL_STR("a=1, ot=th:8"), "a=1"},
        {PEL_STR("not=1"), "not=1"},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_record rec = fixture_record(1000);
        Otlp__Span *span;

        rec.trace.flags = 0;
        rec.trace.state = cases[i].in;
        span = encoded(span_of(&rec, PEL_SPAN_SLOW));
        if (cases[i].out)
            assert_string_equal(span->trace_state, cases[i].out);
        else
            assert_null(span->trace_state);
        assert_int_equal(span->flags, 0x100);
        assert_string_equal(text(span, "pellucid.sampling.reason"), "slow");
        otlp__span__free_unpacked(span, NULL);
    }
}

static void failure_is_an_error_with_its_exception(void **state)
{
    struct pel_record rec = fixture_record(1000000000);
    const Otlp__Event *event;
    Otlp__Span *span;

    rec.status = 500;
    rec.error = PEL_ERROR_APP_EXCEPTION;
    rec.exc_type = PEL_STR("builtins.ValueError");
    rec.exc_message = PEL_STR("no \xff such order");
    rec.exc_stack = PEL_STR("Traceback ...");
    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED | PEL_SPAN_FAILED));
    assert_int_equal(span->status->code, 2);
    assert_string_equal(text(span, "error.type"), "app_exception");
    assert_int_equal(span->n_events, 1);
    event = span->events[0];
    assert_string_equal(event->name, "exception");
    assert_int_equal(event->time_unix_nano, OFFSET_NS + 1002500000);
    assert_string_equal(
        attribute(event->attributes, event->n_attributes, "exception.message")->string_value,
        "no \xef\xbf\xbd such order");
    otlp__span__free_unpacked(span, NULL);
}

static void status_is_the_error_where_nothing_else_is(void **state)
{
    struct pel_record rec = fixture_record(1000);
    Otlp__Span *span;

    rec.status = 503;
    span = encoded(span_of(&rec, PEL_SPAN_FAILED));
    assert_string_equal(text(span, "error.type"), "503");
    assert_int_equal(span->status->code, 2);
    assert_string_equal(text(span, "pellucid.sampling.reason"), "error");
    otlp__span__free_unpacked(span, NULL);

    rec.status = 404;
    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
    assert_null(text(span, "error.type"));
    assert_null(span->status);
    otlp__span__free_unpacked(span, NULL);
}

static void unknown_method_is_other(void **state)
{
    struct pel_record rec = fixture_record(1000);
    Otlp__Span *span;

    rec.method = PEL_STR("BREW");
    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
    assert_string_equal(span->name, "HTTP /orders/{id}");
    assert_string_equal(text(span, "http.request.method"), "_OTHER");
    assert_string_equal(text(span, "http.request.method_original"), "BREW");
    otlp__span__free_unpacked(span, NULL);

    rec.method = PEL_STR("_OTHER"); /* as sent */
    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
    assert_string_equal(span->name, "HTTP /orders/{id}");
    assert_string_equal(text(span, "http.request.method_original"), "_OTHER");
    otlp__span__free_unpacked(span, NULL);

    rec.method = PEL_STR("POST");
    rec.route_source = PEL_ROUTE_NONE;
    span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
    assert_string_equal(span->name, "POST");
    assert_null(text(span, "http.route"));
    otlp__span__free_unpacked(span, NULL);
}

static void host_is_split_as_urls_have_it(void **state)
{
    static const struct {
        struct pel_str host;
        bool is_https;
        const char *address;
        int64_t port;
    } cases[] = {
        {PEL_STR("a.example"), false, "a.example", 80},
        {PEL_STR("a.example"), true, "a.example", 443},
        {PEL_STR("a.example:8080"), true, "a.example", 8080},
        {PEL_STR("[2001:db8::1]"), false, "2001:db8::1", 80},
        {PEL_STR("[2001:db8::1]:99"), false, "2001:db8::1", 99},
        {PEL_STR("a:99999"), false, "a", -1},
        {PEL_STR("a:x"), false, "a", -1},
        {PEL_STR(""), false, NULL, -1},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_record rec = fixture_record(1000);
        Otlp__Span *span;

        rec.host = cases[i].host;
        rec.scheme = cases[i].is_https ? PEL_STR("https") : PEL_STR("http");
        span = encoded(span_of(&rec, PEL_SPAN_SAMPLED));
        if (cases[i].address)
            assert_string_equal(text(span, "server.address"), cases[i].address);
        else
            assert_null(text(span, "server.address"));
        assert_int_equal(number(span, "server.port"), cases[i].port);
        otlp__span__free_unpacked(span, NULL);
    }
}

static void request_groups_spans_by_worker(void **state)
{
    struct pel_pair pair = {(char *)"service.name", (char *)"shop"};
    struct pel_conf conf = fixture_conf();
    struct pel_record rec = fixture_record(1000);
    Otlp__ExportTraceServiceRequest *request;
    struct pel_list nodes, *link;
    struct pel_buf out;

    conf.otlp_resource = (struct pel_pairs){&pair, 1};
    pel_list_init(&nodes);
    for (int i = 0; i < 5; i++) {
        struct pel_arena a;
        struct pel_export_node *node;

        pel_arena_init(&a);
        node = pel_encode_span(span_of(&rec, PEL_SPAN_SAMPLED), 0, OFFSET_NS, &a);
        node->instance_id[15] = (uint8_t)(i % 2);
        pel_list_push_tail(&nodes, &node->link);
        pel_arena_reset(&a);
    }
    pel_buf_init(&out);
    pel_encode_request(&out, &conf, &nodes);
    request = otlp__export_trace_service_request__unpack(NULL, out.len, (uint8_t *)out.p);
    assert_non_null(request);
    assert_int_equal(request->n_resource_spans, 2);
    for (size_t i = 0; i < 2; i++) {
        const Otlp__ResourceSpans *r = request->resource_spans[i];
        Otlp__Resource *resource = otlp__resource__unpack(NULL, r->resource.len, r->resource.data);

        assert_string_equal(
            attribute(resource->attributes, resource->n_attributes, "service.name")->string_value,
            "shop");
        assert_string_equal(
            attribute(resource->attributes, resource->n_attributes, "service.instance.id")
                ->string_value,
            i ? "01234567-89ab-4def-8001-020304050601" : "01234567-89ab-4def-8001-020304050600");
        assert_int_equal(
            attribute(resource->attributes, resource->n_attributes, "process.pid")->int_value, 77);
        assert_int_equal(r->n_scope_spans, 1);
        assert_string_equal(r->scope_spans[0]->scope->name, "pellucid");
        assert_int_equal(r->scope_spans[0]->n_spans, i ? 2 : 3);
        otlp__resource__free_unpacked(resource, NULL);
    }
    otlp__export_trace_service_request__free_unpacked(request, NULL);
    pel_buf_fini(&out);
    while ((link = pel_list_pop(&nodes)))
        pel_export_node_free(PEL_CONTAINER_OF(link, struct pel_export_node, link));
}

/* The entry of a child as a worker writes it; the memory is the caller's. */
static void write_child(const struct pel_child *child, struct pel_ring_entry *room)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_conf conf = fixture_conf();
    struct pel_probes *ps = pel_probes_start(&conf, &shm, 0, -1, NULL);

    assert_true(pel_child_is_wanted(ps));
    pel_child_write(ps, child);
    assert_int_equal(pel_ring_read(&pel_shm_slot(&shm, 0)->ring, room), 1);
    assert_int_equal(room->type, PEL_RING_CHILD);
    assert_true(pel_child_is_valid((const struct pel_child_entry *)(void *)room));
    pel_probes_stop(ps);
    pel_shm_close(&shm);
}

static Otlp__Span *encoded_child(const struct pel_child *child)
{
    static _Alignas(8) char room[PEL_RING_ENTRY_MAX];
    struct pel_ring_entry *entry = (struct pel_ring_entry *)(void *)room;
    struct pel_export_node *node;
    Otlp__Span *span;

    write_child(child, entry);
    node = pel_encode_child((const struct pel_child_entry *)(void *)entry, OFFSET_NS);
    assert_int_equal(node->pid, getpid());
    assert_true(node->is_important == (child->strings[PEL_CHILD_EXC_TYPE].len > 0));
    span = otlp__span__unpack(NULL, node->len, (const uint8_t *)node->bytes);
    assert_non_null(span);
    pel_export_node_free(node);
    return span;
}

static void child_is_an_internal_span(void **state)
{
    char room[PEL_ATTRIBUTE_PACKED_MAX];
    struct pel_child child = {.start_ns = 1000,
                              .end_ns = 3000,
                              .trace_id = {1},
                              .span_id = {2},
                              .parent_span_id = {3},
                              .trace_flags = 3};
    Otlp__Span *span;

    child.strings[PEL_CHILD_NAME] = PEL_STR("load");
    child.strings[PEL_CHILD_TRACE_STATE] = PEL_STR("a=1");
    child.strings[PEL_CHILD_ATTRIBUTES] =
        pel_str(room, pel_attribute_put(room, 0,
                                        &(struct pel_attribute){.type = PEL_ATTRIBUTE_INT,
                                                                .key = PEL_STR("rows"),
                                                                .integer = 5}));
    span = encoded_child(&child);
    assert_string_equal(span->name, "load");
    assert_int_equal(span->kind, 1);
    assert_int_equal(span->start_time_unix_nano, OFFSET_NS + 1000);
    assert_int_equal(span->end_time_unix_nano, OFFSET_NS + 3000);
    assert_memory_equal(span->trace_id.data, child.trace_id, 16);
    assert_memory_equal(span->span_id.data, child.span_id, 8);
    assert_memory_equal(span->parent_span_id.data, child.parent_span_id, 8);
    assert_int_equal(span->flags, 0x103);
    assert_string_equal(span->trace_state, "a=1");
    assert_int_equal(number(span, "rows"), 5);
    assert_int_equal(span->n_attributes, 1);
    assert_null(span->status);
    assert_int_equal(span->n_events, 0);
    otlp__span__free_unpacked(span, NULL);
}

static void child_that_failed(void **state)
{
    static char long_text[20000];
    struct pel_child child = {.start_ns = 1000, .end_ns = 3000};
    Otlp__Span *span;

    memset(long_text, 'x', sizeof(long_text));
    child.strings[PEL_CHILD_NAME] = pel_str(long_text, sizeof(long_text));
    child.strings[PEL_CHILD_EXC_TYPE] = PEL_STR("KeyError");
    child.strings[PEL_CHILD_EXC_STACK] = pel_str(long_text, sizeof(long_text));
    span = encoded_child(&child);
    assert_int_equal(strlen(span->name), 256);
    assert_int_equal(span->status->code, 2);
    assert_string_equal(text(span, "error.type"), "KeyError");
    assert_int_equal(span->n_events, 1);
    assert_string_equal(span->events[0]->name, "exception");
    assert_int_equal(span->events[0]->time_unix_nano, OFFSET_NS + 3000);
    assert_int_equal(span->events[0]->n_attributes, 2);
    otlp__span__free_unpacked(span, NULL);
}

static void app_attributes_do_not_replace_ours(void **state)
{
    char room[PEL_ATTRIBUTE_PACKED_MAX];
    struct pel_record rec = fixture_record(1000000000);
    struct pel_attribute a = {.key = PEL_STR("url.path"), .text = PEL_STR("/mine")};
    size_t len = pel_attribute_put(room, 0, &a);
    Otlp__Span *span;

    a.key = PEL_STR("mine");
    rec.attributes = pel_str(room, pel_attribute_put(room, len, &a));
    rec.is_kept = true;
    span = encoded(span_of(&rec, PEL_SPAN_KEPT));
    assert_string_equal(text(span, "url.path"), "/orders/17");
    assert_string_equal(text(span, "mine"), "/mine");
    assert_string_equal(text(span, "pellucid.sampling.reason"), "kept");
    otlp__span__free_unpacked(span, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_is_an_internal_span),
        cmocka_unit_test(child_that_failed),
        cmocka_unit_test(app_attributes_do_not_replace_ours),
        cmocka_unit_test(span_follows_the_conventions),
        cmocka_unit_test(cpu_time_is_told_as_what_it_is),
        cmocka_unit_test(waits_are_told),
        cmocka_unit_test(parent_is_remote),
        cmocka_unit_test(client_that_is_not_trusted_is_a_link),
        cmocka_unit_test(kept_span_has_no_known_probability),
        cmocka_unit_test(failure_is_an_error_with_its_exception),
        cmocka_unit_test(status_is_the_error_where_nothing_else_is),
        cmocka_unit_test(unknown_method_is_other),
        cmocka_unit_test(host_is_split_as_urls_have_it),
        cmocka_unit_test(request_groups_spans_by_worker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
