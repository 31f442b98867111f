#include "../probe/fixture.h"

#include "observer/exposition_sink.h"
#include "observer/http_metrics.h"

static const struct pel_exemplars no_exemplars;
static struct pel_buf out;

static const char *finished(struct pel_exposition *e)
{
    pel_exposition_end(e);
    pel_buf_add(&out, "", 1);
    return out.p;
}

static void names_and_units_are_translated(void **state)
{
    static const struct pel_label labels[] = {
        {.key = "a.b", .text = PEL_STR("x\"y\\z\n\xff")},
        {.key = "c", .type = PEL_ATTRIBUTE_INT, .number = -4},
    };
    struct pel_exposition e = {.out = &out};

    pel_buf_init(&out);
    pel_exposition_family(&e, "pellucid.network.in", "By", "counter", "Bytes.");
    pel_exposition_begin(&e, "");
    pel_exposition_value(&e, 5);
    pel_exposition_family(&e, "pellucid.request.app.time", "ns", "counter", "Time.");
    pel_exposition_begin(&e, "");
    pel_exposition_value(&e, 1500000000);
    pel_exposition_family(&e, "http.server.active_requests", "{request}", "gauge", "Now.");
    pel_exposition_begin(&e, "");
    pel_exposition_labels(&e, labels, PEL_ARRAY_LEN(labels));
    pel_exposition_value(&e, 2);
    assert_string_equal(
        finished(&e),
        "# HELP pellucid_network_in_bytes_total Bytes.\n"
        "# TYPE pellucid_network_in_bytes_total counter\n"
        "pellucid_network_in_bytes_total 5\n"
        "# HELP pellucid_request_app_time_seconds_total Time.\n"
        "# TYPE pellucid_request_app_time_seconds_total counter\n"
        "pellucid_request_app_time_seconds_total 1.500000000\n"
        "# HELP http_server_active_requests Now.\n"
        "# TYPE http_server_active_requests gauge\n"
        "http_server_active_requests{a_b=\"x\\\"y\\\\z\\n\xef\xbf\xbd\",c=\"-4\"} 2\n");
    pel_buf_fini(&out);
}

static void count_is_a_suffix_of_histograms(void **state)
{
    struct pel_exposition e = {.out = &out};

    pel_buf_init(&out);
    pel_exposition_family(&e, "process.thread.count", "{thread}", "gauge", "Threads.");
    pel_exposition_begin(&e, "");
    pel_exposition_value(&e, 5);
    assert_string_equal(finished(&e), "# HELP process_thread Threads.\n"
                                      "# TYPE process_thread gauge\n"
                                      "process_thread 5\n");
    pel_buf_fini(&out);
}

static void what_is_added_to_a_name_is_not_added_twice(void **state)
{
    static const struct {
        const char *type, *name, *unit, *shown;
    } cases[] = {
        {"counter", "shop.orders_total", "", "shop_orders"},
        {"counter", "shop_orders.total", "{order}", "shop_orders"},
        {"counter", "sent_bytes", "By", "sent_bytes"},
        {"counter", "sent.bytes_total", "By", "sent_bytes"},
        {"counter", "sent_total", "By", "sent_bytes"},
        {"counter", "sent_bytes", "", "sent_bytes"},
        {"counter", "subtotal", "", "subtotal"},
        {"counter", "total", "", "total"},
        {"counter", "x.count", "", "x"},
        {"histogram", "took_seconds", "s", "took_seconds"},
        {"histogram", "seconds", "s", "seconds_seconds"},
        {"histogram", "microseconds", "s", "microseconds_seconds"},
        {"histogram", "cart_total", "", "cart_total"},
    };
    char name[PEL_EXPOSITION_NAME_LEN];

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        pel_exposition_name(name, cases[i].name, cases[i].unit, cases[i].type);
        assert_string_equal(name, cases[i].shown);
    }
}

/* One bad name makes Prometheus refuse the whole page. */
static void labels_of_an_app_do_no_harm(void **state)
{
    static const struct pel_label labels[] = {
        {.key = "a.b", .text = PEL_STR("1")},
        {.key = "3d", .text = PEL_STR("x")},
        {.key = "a_b", .type = PEL_ATTRIBUTE_INT, .number = 2},
        {.key = "_3d", .text = PEL_STR("y")},
        {.key = "le", .text = PEL_STR("7")},
        {.key = "a-b", .text = PEL_STR("3")},
        {.key = "a.bc", .text = PEL_STR("")},
        {.key = "__name__", .text = PEL_STR("z")},
        {.key = "\xc3\xa9", .text = PEL_STR("e")},
        {.key = "_", .text = PEL_STR("u")},
    };
    struct pel_exposition e = {.out = &out};

    pel_buf_init(&out);
    pel_exposition_family(&e, "shop.orders", "", "counter", "\"Orders\"\\.");
    pel_exposition_begin(&e, "");
    pel_exposition_labels(&e, labels, PEL_ARRAY_LEN(labels));
    pel_exposition_value(&e, 5);
    assert_string_equal(finished(&e),
                        "# HELP shop_orders_total \"Orders\"\\\\.\n"
                        "# TYPE shop_orders_total counter\n"
                        "shop_orders_total{a_b=\"1;2;3\",_3d=\"x;y\",_le=\"7\",key__name__=\"z\","
                        "key__=\"e\",_=\"u\"} 5\n");
    pel_buf_fini(&out);
}

static void openmetrics_differs_in_its_frame(void **state)
{
    struct pel_exposition e = {.out = &out, .is_openmetrics = true};

    pel_buf_init(&out);
    pel_exposition_family(&e, "pellucid.network.in", "By", "counter", "Bytes.");
    pel_exposition_begin(&e, "");
    pel_exposition_value(&e, 5);
    pel_exposition_family(&e, "target", "", "info", "The \"target\".");
    pel_exposition_begin(&e, "_info");
    pel_exposition_value(&e, 1);
    assert_string_equal(finished(&e), "# HELP pellucid_network_in_bytes Bytes.\n"
                                      "# TYPE pellucid_network_in_bytes counter\n"
                                      "# UNIT pellucid_network_in_bytes bytes\n"
                                      "pellucid_network_in_bytes_total 5\n"
                                      "# HELP target The \\\"target\\\".\n"
                                      "# TYPE target info\n"
                                      "target_info 1\n"
                                      "# EOF\n");
    pel_buf_fini(&out);
}

static void streams_of_workers_are_added_up(void **state)
{
    struct pel_exposition e = {.out = &out};
    struct pel_record rec = fixture_record(1000);
    struct pel_shm shm = fixture_shm(3);
    struct pel_exposition_sink sink;
    const char *text;

    for (unsigned i = 0; i < 3; i++)
        atomic_store(&pel_shm_slot(&shm, i)->is_used, 1);
    fixture_count(&shm, 0, &rec, 3000000);
    fixture_count(&shm, 2, &rec, 20 * PEL_NS_PER_SEC);
    rec.status = 500;
    fixture_count(&shm, 1, &rec, 1);
    pel_buf_init(&out);
    pel_exposition_sink_init(&sink, &e);
    pel_http_metrics_collect(&sink.sink, &shm, &no_exemplars);
    pel_exposition_sink_fini(&sink);
    text = finished(&e);
    assert_non_null(strstr(text, "_count{http_request_method=\"GET\",url_scheme=\"http\","
                                 "http_response_status_code=\"200\",http_route=\"/orders/{id}\","
                                 "network_protocol_version=\"1.1\"} 2\n"));
    assert_non_null(strstr(text, "network_protocol_version=\"1.1\",le=\"0.005\"} 1\n"));
    assert_non_null(strstr(text, "network_protocol_version=\"1.1\",le=\"10\"} 1\n"));
    assert_non_null(strstr(text, "network_protocol_version=\"1.1\",le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(text, "network_protocol_version=\"1.1\"} 20.003000000\n"));
    assert_non_null(strstr(text, "http_response_status_code=\"500\",http_route=\"/orders/{id}\","
                                 "network_protocol_version=\"1.1\",error_type=\"500\"} 1\n"));
    pel_buf_fini(&out);
    pel_shm_close(&shm);
}

static void active_requests_of_workers_are_added_up(void **state)
{
    struct pel_exposition e = {.out = &out};
    struct pel_shm shm = fixture_shm(3);
    struct pel_exposition_sink sink;
    unsigned put = 2 * pel_method_index(PEL_STR("PUT")) + 1;
    const char *text;

    for (unsigned i = 0; i < 2; i++) {
        struct pel_shm_slot *slot = pel_shm_slot(&shm, i);

        atomic_store(&slot->is_used, 1);
        atomic_store(&slot->active[put].begun, 5);
        atomic_store(&slot->active[put].ended, 3 - i);
        atomic_store(&slot->active[0].begun, i);
        atomic_store(&slot->active[0].ended, 2 * i);            /* a worker gone mad */
        atomic_store(&slot->active[PEL_ACTIVE_N - 4].begun, 1); /* of no known method */
    }
    pel_buf_init(&out);
    pel_exposition_sink_init(&sink, &e);
    pel_http_metrics_collect(&sink.sink, &shm, &no_exemplars);
    pel_exposition_sink_fini(&sink);
    text = strstr(finished(&e), "# TYPE http_server_active_requests gauge\n");
    assert_non_null(text);
    assert_string_equal(strchr(text, '\n') + 1,
                        "http_server_active_requests{http_request_method=\"GET\","
                        "url_scheme=\"http\"} 0\n"
                        "http_server_active_requests{http_request_method=\"PUT\","
                        "url_scheme=\"https\"} 5\n");
    pel_buf_fini(&out);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_units_are_translated),
        cmocka_unit_test(count_is_a_suffix_of_histograms),
        cmocka_unit_test(what_is_added_to_a_name_is_not_added_twice),
        cmocka_unit_test(labels_of_an_app_do_no_harm),
        cmocka_unit_test(openmetrics_differs_in_its_frame),
        cmocka_unit_test(streams_of_workers_are_added_up),
        cmocka_unit_test(active_requests_of_workers_are_added_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
