/* What threads and the process publish for profilers. */
#include "fixture.h"

#include <pthread.h>
#include <sys/mman.h>

#include "otlp.pb-c.h"
#include "pellucid/method.h"
#include "probe/process_context.h"
#include "probe/thread_context.h"

static const uint8_t instance[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0x4d, 0xef, 0x80};

static struct pel_record record_of(uint8_t id)
{
    struct pel_record rec = fixture_record(pel_now_ns());

    memset(rec.trace.trace_id, id, sizeof(rec.trace.trace_id));
    memset(rec.trace.span_id, id + 1, sizeof(rec.trace.span_id));
    rec.trace.flags = 3;
    rec.route = PEL_STR("/orders/{id}");
    rec.route_source = PEL_ROUTE_CONFIG;
    return rec;
}

static void thread_tells_whom_it_works_for(void **state)
{
    struct pel_record rec = record_of(0x40);

    assert_null(otel_thread_ctx_v1);
    pel_thread_context_enter(&rec);
    assert_non_null(otel_thread_ctx_v1);
    assert_int_equal(otel_thread_ctx_v1->is_valid, 1);
    assert_int_equal(otel_thread_ctx_v1->trace_flags, 3);
    assert_memory_equal(otel_thread_ctx_v1->trace_id, rec.trace.trace_id, 16);
    assert_memory_equal(otel_thread_ctx_v1->span_id, rec.trace.span_id, 8);
    assert_int_equal(otel_thread_ctx_v1->attributes_len, 2 + 3 + 2 + 12);
    assert_memory_equal(otel_thread_ctx_v1->attributes, "\0\3GET\1\14/orders/{id}", 19);
    pel_thread_context_leave();
    assert_null(otel_thread_ctx_v1);
}

static void *look(void *arg)
{
    *(bool *)arg = otel_thread_ctx_v1 == NULL;
    return NULL;
}

static void other_threads_work_for_nobody(void **state)
{
    struct pel_record rec = record_of(0x41);
    bool is_null = false;
    pthread_t thread;

    pel_thread_context_enter(&rec);
    assert_int_equal(pthread_create(&thread, NULL, look, &is_null), 0);
    pthread_join(thread, NULL);
    assert_true(is_null);
    pel_thread_context_leave();
}

static void what_does_not_fit_is_left_out(void **state)
{
    static char route[PEL_THREAD_CONTEXT_ATTRIBUTES_LEN];
    struct pel_record first = record_of(0x42), second = record_of(0x43);

    memset(route, 'r', sizeof(route));
    first.route = pel_str(route, sizeof(route) - 5 - 2);
    pel_thread_context_enter(&first);
    assert_int_equal(otel_thread_ctx_v1->attributes_len, sizeof(route));
    second.route = pel_str(route, sizeof(route) - 5 - 1);
    pel_thread_context_enter(&second);
    assert_int_equal(otel_thread_ctx_v1->attributes_len, 2 + 3);
    assert_memory_equal(otel_thread_ctx_v1->span_id, second.trace.span_id, 8);
    pel_thread_context_leave();
}

static void guessed_routes_are_not_told(void **state)
{
    struct pel_record rec = record_of(0x44);

    rec.route_source = PEL_ROUTE_TEMPLATED;
    pel_thread_context_enter(&rec);
    assert_int_equal(otel_thread_ctx_v1->attributes_len, 2 + 3);
    pel_thread_context_leave();
}

struct found {
    unsigned n;
    unsigned long at;
};

static struct found find_mapping(void)
{
    struct found found = {0, 0};
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps))
        if (strstr(line, "OTEL_CTX")) {
            found.n++;
            found.at = strtoul(line, NULL, 16);
        }
    fclose(maps);
    return found;
}

static const char *text_of(const Otlp__Resource *r, const char *key)
{
    for (size_t i = 0; i < r->n_attributes; i++)
        if (strcmp(r->attributes[i]->key, key) == 0)
            return r->attributes[i]->value->string_value;
    return NULL;
}

static void process_tells_who_it_is(void **state)
{
    static struct pel_pair pairs[] = {{(char *)"service.name", (char *)"sh\xff"
                                                                       "p"}};
    struct pel_conf conf = fixture_conf();
    struct pel_process_context c;
    const struct {
        char signature[8];
        uint32_t version, len;
        uint64_t published_ns, payload;
    } * header;
    const uint8_t *payload;
    Otlp__Resource *r;
    struct pel_err err;
    struct found found;

    conf.otlp_resource = (struct pel_pairs){pairs, PEL_ARRAY_LEN(pairs)};
    assert_int_equal(
        pel_process_context_open(&c, &conf, instance, 42, pel_thread_context_keys, &err), 0);
    found = find_mapping();
    assert_int_equal(found.n, 1);
    header = (const void *)found.at;
    assert_memory_equal(header->signature, "OTEL_CTX", 8);
    assert_int_equal(header->version, 2);
    assert_true(header->published_ns > 0);
    payload = (const uint8_t *)(uintptr_t)header->payload;
    assert_int_equal(payload[0], 0x0a); /* resource; of a length in two bytes */
    r = otlp__resource__unpack(NULL, (payload[1] & 0x7f) | (size_t)payload[2] << 7, payload + 3);
    assert_non_null(r);
    assert_string_equal(text_of(r, "service.name"), "sh\xef\xbf\xbdp");
    assert_string_equal(text_of(r, "service.instance.id"), "01234567-89ab-4def-8000-000000000000");
    otlp__resource__free_unpacked(r, NULL);
    pel_process_context_close(&c);
    assert_int_equal(find_mapping().n, 0);
}

static int know_methods(void **state)
{
    struct pel_shm shm = fixture_shm(1);

    pel_shm_close(&shm);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thread_tells_whom_it_works_for),
        cmocka_unit_test(other_threads_work_for_nobody),
        cmocka_unit_test(what_does_not_fit_is_left_out),
        cmocka_unit_test(guessed_routes_are_not_told),
        cmocka_unit_test(process_tells_who_it_is),
    };

    return cmocka_run_group_tests(tests, know_methods, NULL);
}
