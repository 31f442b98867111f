#include "../check.h"
#include "pellucid/redact.h"

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
    {"token=t&Token=t&TOKEN=&tokens=t", "token=REDACTED&Token=REDACTED&TOKEN=REDACTED&tokens=t"},
    {"user=7&api_key=k&sig=s", "user=7&api_key=REDACTED&sig=REDACTED"},
    {"to%6ben=t&%54OKE%4E=t&%73ig=s", "to%6ben=REDACTED&%54OKE%4E=REDACTED&%73ig=REDACTED"},
    {"%53ig=s&to%256ben=t&token%=t&toke%6=t&%toke%6e=t",
     "%53ig=s&to%256ben=t&token%=t&toke%6=t&%toke%6e=t"},
    {"pass+word=p&pass%20word=p&pass%2Bword=p",
     "pass+word=REDACTED&pass%20word=REDACTED&pass%2Bword=p"},
    {"token%00=t&%00=t&%=t&=t", "token%00=t&%00=t&%=t&=t"},
};

static char *own[] = {(char *)"Token", (char *)"api_key", (char *)"pass word"};
static const struct pel_strings names = {own, PEL_ARRAY_LEN(own)};

static struct pel_str text(const char *s)
{
    return pel_str(s, strlen(s));
}

static void values_of_secret_keys_are_replaced(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_arena a;

        pel_arena_init(&a);
        assert_str(pel_redact_query(&names, text(cases[i].in), &a), cases[i].out);
        pel_arena_reset(&a);
    }
}

static void names_are_the_users_own(void **state)
{
    const struct pel_strings none = {NULL, 0};
    struct pel_str query = PEL_STR("token=t");
    struct pel_arena a;

    pel_arena_init(&a);
    assert_ptr_equal(pel_redact_query(&none, query, &a).p, query.p);
    pel_arena_reset(&a);
}

static void url_is_redacted_behind_its_question_mark(void **state)
{
    static const struct {
        const char *in, *out;
    } urls[] = {
        {"", ""},
        {"https://a/token=1", "https://a/token=1"},
        {"https://a/?", "https://a/?"},
        {"https://a/?b=1", "https://a/?b=1"},
        {"https://a/p?b=1&token=secret&c", "https://a/p?b=1&token=REDACTED&c"},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(urls); i++) {
        struct pel_arena a;

        pel_arena_init(&a);
        assert_str(pel_redact_url(&names, text(urls[i].in), &a), urls[i].out);
        pel_arena_reset(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_secret_keys_are_replaced),
        cmocka_unit_test(names_are_the_users_own),
        cmocka_unit_test(url_is_redacted_behind_its_question_mark),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
