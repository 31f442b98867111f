#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "supervisor/report.h"

#define EXITED(code) ((code) << 8)
#define DUMPED 0x80

static void every_status_has_a_text(void **state)
{
    static const struct {
        int status;
        const char *text;
    } cases[] = {
        {EXITED(0), "exit 0"},
        {EXITED(3), "exit 3"},
        {SIGKILL, "SIGKILL"},
        {SIGSEGV | DUMPED, "SIGSEGV, core dumped"},
        {PEL_STATUS_UNKNOWN, "exit status unknown"},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        char text[64];

        pel_status_text(cases[i].status, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
    }
}

static void only_exit_0_is_clean(void **state)
{
    assert_true(pel_status_is_clean(EXITED(0)));
    assert_false(pel_status_is_clean(EXITED(1)));
    assert_false(pel_status_is_clean(SIGTERM));
    assert_false(pel_status_is_clean(PEL_STATUS_UNKNOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_text),
        cmocka_unit_test(only_exit_0_is_clean),
    };

    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
