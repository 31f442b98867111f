#include "../probe/fixture.h"

#include "observer/exceptions.h"
#include "pellucid/exception.h"

static struct {
    size_t n;
    uint64_t lines[8], counts[8];
} points;

static void family(struct pel_sink *sink, const struct pel_metric_info *info)
{
    assert_string_equal(info->name, "pellucid.app.exceptions");
}

static void point(struct pel_sink *sink, const struct pel_labels *ls, uint64_t value)
{
    assert_true(points.n < PEL_ARRAY_LEN(points.lines));
    assert_string_equal(ls->items[ls->n - 1].key, "code.line.number");
    points.lines[points.n] = (uint64_t)ls->items[ls->n - 1].number;
    points.counts[points.n++] = value;
}

/* Two files may have modules of one name; the file is no label, so each line is one series. */
static void files_of_one_module_name_are_one_series(void **state)
{
    static const struct {
        const char *file;
        uint32_t line, n;
    } raised[] = {{"/a/views.py", 10, 1},
                  {"/a/views.py", 20, 2},
                  {"/b/views.py", 10, 4},
                  {"/b/views.py", 20, 8}};
    struct pel_sink sink = {.family = family, .point = point};
    struct pel_record rec = fixture_record(pel_now_ns());
    struct pel_shm shm = fixture_shm(1);
    struct pel_conf conf = fixture_conf();
    struct pel_probes *ps = pel_probes_start(&conf, &shm, 0, -1, NULL);

    for (size_t i = 0; i < PEL_ARRAY_LEN(raised); i++) {
        struct pel_exception exc = {
            .type = PEL_STR("KeyError"),
            .function = PEL_STR("views.load"),
            .file = pel_str(raised[i].file, strlen(raised[i].file)),
            .line = raised[i].line,
        };

        for (uint32_t n = 0; n < raised[i].n; n++)
            pel_exception_count(ps, &rec, &exc);
    }
    pel_exceptions_collect(&sink, &shm);
    assert_int_equal(points.n, 2);
    assert_int_equal(points.lines[0], 10);
    assert_int_equal(points.counts[0], 5);
    assert_int_equal(points.lines[1], 20);
    assert_int_equal(points.counts[1], 10);
    pel_probes_stop(ps);
    pel_shm_close(&shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_one_module_name_are_one_series),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
