#include "../probe/fixture.h"

#include "observer/redact.h"

static const struct {
    const char *in, *out;
} cases[] = {
    {"", ""},
    {"a=1&b=2", "a=1&b=2"},
    {"sig=abc", "sig=REDACTED"},
    {"a=1&sig=abc&b=2", "a=1&sig=REDACTED&b=2"},
    {"X-Amz-Signature=s&X-Amz-Credential=c&X-Amz-Security-Token=t",
     "X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED"},
    {"AWSAccessKeyId=k&Signature=s&X-Goog-Signature=g",
     "AWSAccessKeyId=REDACTED&Signature=REDACTED&X-Goog-Signature=REDACTED"},
    {"SIG=abc", "SIG=abc"},
    {"sig", "sig"},
    {"sig=", "sig=REDACTED"},
    {"signature=abc", "signature=abc"},
    {"xsig=1&&sig=2&", "xsig=1&&sig=REDACTED"},
    {"sig=a=b", "sig=REDACTED"},
};

static void values_of_secret_keys_are_replaced(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_arena a;

        pel_arena_init(&a);
        assert_str(pel_redact_query(&a, pel_str(cases[i].in, strlen(cases[i].in))), cases[i].out);
        pel_arena_reset(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_secret_keys_are_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
