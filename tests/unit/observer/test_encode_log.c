/* Lines of the log as OTLP log records, decoded again. */
#include "../probe/fixture.h"

#include <stdlib.h>

#include "observer/encode.h"
#include "otlp.pb-c.h"

static const uint8_t instance[16] = {7};

/* What becomes of a line; freed with otlp__log_record__free_unpacked. */
static Otlp__LogRecord *encoded(const struct pel_log_event *event)
{
    static _Alignas(8) char room[PEL_RING_ENTRY_MAX];
    struct pel_shm shm = fixture_shm(1);
    struct pel_export_node *node;
    Otlp__LogRecord *record;

    assert_true(pel_logline_write(&shm.header->ring, event, instance, 42));
    assert_int_equal(pel_ring_read(&shm.header->ring, (struct pel_ring_entry *)(void *)room), 1);
    pel_shm_close(&shm);
    node = pel_encode_logline((const struct pel_logline_entry *)(void *)room, 5);
    assert_int_equal(node->pid, 42);
    assert_int_equal(node->is_important, pel_log_infos[event->entry].level == PEL_LEVEL_ERROR);
    record = otlp__log_record__unpack(NULL, node->len, (const uint8_t *)node->bytes);
    assert_non_null(record);
    pel_export_node_free(node);
    return record;
}

static const char *text(const Otlp__LogRecord *record, const char *key)
{
    for (size_t i = 0; i < record->n_attributes; i++)
        if (strcmp(record->attributes[i]->key, key) == 0)
            return record->attributes[i]->value->string_value;
    return NULL;
}

static void an_exception_is_an_event_of_its_trace(void **state)
{
    static const uint8_t id[16] = {0x4b, 0xf9};
    const struct pel_log_field fields[] = {{"exception.type", .value = PEL_STR("KeyError")}};
    Otlp__LogRecord *record = encoded(&(struct pel_log_event){.entry = PEL_LOG_APP_RAISED,
                                                              .message = PEL_STR("raised \xff"),
                                                              .detail = PEL_STR("Traceback"),
                                                              .trace_id = id,
                                                              .span_id = id,
                                                              .fields = fields,
                                                              .n_fields = 1});

    assert_string_equal(record->event_name, "http.server.request.exception");
    assert_int_equal(record->severity_number, 17);
    assert_string_equal(record->severity_text, "ERROR");
    assert_string_equal(record->body->string_value, "raised \xef\xbf\xbd");
    assert_int_equal(record->trace_id.len, 16);
    assert_memory_equal(record->trace_id.data, id, 16);
    assert_int_equal(record->span_id.len, 8);
    assert_int_equal(record->observed_time_unix_nano, 5);
    assert_string_equal(text(record, "exception.type"), "KeyError");
    assert_string_equal(text(record, "exception.stacktrace"), "Traceback");
    assert_string_equal(text(record, "pellucid.log.code"), "PEL501");
    otlp__log_record__free_unpacked(record, NULL);
}

static void another_line_has_no_trace(void **state)
{
    Otlp__LogRecord *record = encoded(
        &(struct pel_log_event){.entry = PEL_LOG_CONFIG_WARNING, .message = PEL_STR("ignored")});

    assert_null(record->event_name);
    assert_int_equal(record->severity_number, 13);
    assert_string_equal(record->severity_text, "WARN");
    assert_false(record->has_trace_id || record->has_span_id);
    assert_int_equal(record->n_attributes, 1);
    otlp__log_record__free_unpacked(record, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exception_is_an_event_of_its_trace),
        cmocka_unit_test(another_line_has_no_trace),
    };

    return cmocka_run_group_tests_name("encode_log", tests, NULL, NULL);
}
