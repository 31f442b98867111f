/* Lines of the log on their way to the observer. */
#include "fixture.h"
#include "pellucid/attribute.h"
#include "pellucid/log.h"
#include "pellucid/logline.h"

static _Alignas(8) char room[PEL_RING_ENTRY_MAX];
static const struct pel_logline_entry *const entry = (const void *)room;

/* The next entry of the ring of slot 0; false when there is none. */
static bool next(struct pel_shm *shm)
{
    if (pel_ring_read(&pel_shm_slot(shm, 0)->ring, (struct pel_ring_entry *)(void *)room) != 1)
        return false;
    assert_int_equal(entry->ring.type, PEL_RING_LOGLINE);
    assert_true(pel_logline_is_valid(entry));
    return true;
}

static void a_line_arrives_with_all_it_has(void **state)
{
    static const uint8_t id[16] = {0x4b}, instance[16] = {0x11};
    static char longer[10000];
    const struct pel_log_field fields[] = {{"http.route", .value = PEL_STR("/orders/{id}")},
                                           {"url.path", .value = PEL_STR("")},
                                           {"code.line.number", .number = 88}};
    struct pel_log_event event = {.entry = PEL_LOG_APP_RAISED,
                                  .message = PEL_STR("raised"),
                                  .detail = pel_str(longer, sizeof(longer)),
                                  .trace_id = id,
                                  .span_id = id,
                                  .fields = fields,
                                  .n_fields = PEL_ARRAY_LEN(fields)};
    struct pel_shm shm = fixture_shm(1);
    struct pel_attribute a;
    struct pel_str packed;

    assert_true(pel_logline_write(&pel_shm_slot(&shm, 0)->ring, &event, instance, 42));
    assert_true(next(&shm));
    assert_int_equal(entry->entry, PEL_LOG_APP_RAISED);
    assert_int_equal(entry->pid, 42);
    assert_memory_equal(entry->trace_id, id, 16);
    assert_memory_equal(entry->instance_id, instance, 16);
    assert_str(pel_logline_string(entry, PEL_LOGLINE_MESSAGE), "raised");
    assert_int_equal(pel_logline_string(entry, PEL_LOGLINE_DETAIL).len, 8192);
    packed = pel_logline_string(entry, PEL_LOGLINE_ATTRIBUTES);
    assert_true(pel_attribute_next(&packed, &a));
    assert_str(a.key, "http.route");
    assert_true(pel_attribute_next(&packed, &a));
    assert_str(a.key, "code.line.number");
    assert_int_equal(a.integer, 88);
    assert_false(pel_attribute_next(&packed, &a));
    pel_shm_close(&shm);
}

static void what_is_not_sound_is_refused(void **state)
{
    struct pel_logline_entry e = {.ring = {sizeof(e), PEL_RING_LOGLINE}};

    assert_true(pel_logline_is_valid(&e));
    e.entry = PEL_LOG_N;
    assert_false(pel_logline_is_valid(&e));
    e.entry = 0;
    e.str_len[PEL_LOGLINE_DETAIL] = 1;
    assert_false(pel_logline_is_valid(&e));
    e.str_len[PEL_LOGLINE_DETAIL] = 0;
    e.ring.len = sizeof(e) - 8;
    assert_false(pel_logline_is_valid(&e));
}

static void a_worker_sends_lines_where_logs_are_exported(void **state)
{
    static char *signals[] = {(char *)"logs"};
    struct pel_conf conf = fixture_conf();
    struct pel_shm shm = fixture_shm(1);
    struct pel_probes *ps;
    struct pel_err err;

    pel_log_init(PEL_LEVEL_ERROR, PEL_LOG_TEXT, "test");
    conf.http_access_log = (char *)"off";
    conf.otlp_signals = (struct pel_strings){signals, 1};
    ps = pel_probes_start(&conf, &shm, 0, -1, &err);
    pel_log(PEL_LOG_CONFIG_WARNING, "nowhere to send it to");
    assert_false(next(&shm));
    pel_probes_stop(ps);

    conf.otlp_endpoint = (char *)"http://127.0.0.1:4318";
    ps = pel_probes_start(&conf, &shm, 0, -1, &err);
    pel_log(PEL_LOG_STOPPED, "no warning");
    pel_log(PEL_LOG_CONFIG_WARNING, "a warning");
    assert_true(next(&shm));
    assert_str(pel_logline_string(entry, PEL_LOGLINE_MESSAGE), "a warning");
    assert_false(next(&shm));
    for (int i = 0; i < 100000 && !fixture_metric(&shm, 0, PEL_METRIC_LOG_RECORDS_DROPPED); i++)
        pel_log(PEL_LOG_CONFIG_WARNING, "the ring is full, and nobody waits");
    assert_int_equal(fixture_metric(&shm, 0, PEL_METRIC_LOG_RECORDS_DROPPED), 1);
    pel_probes_stop(ps);
    pel_log(PEL_LOG_CONFIG_WARNING, "nobody watches");
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_arrives_with_all_it_has),
        cmocka_unit_test(what_is_not_sound_is_refused),
        cmocka_unit_test(a_worker_sends_lines_where_logs_are_exported),
    };

    return cmocka_run_group_tests_name("logline", tests, NULL, NULL);
}
