#include "../probe/fixture.h"

#include "observer/outcome.h"

static struct pel_outcome outcome(long status, const char *answer, size_t len)
{
    struct pel_post post = {.status = status, .is_retryable = true, .error = "Connection refused"};
    struct pel_outcome o;

    pel_buf_init(&post.answer);
    pel_buf_add(&post.answer, answer, len);
    pel_outcome_read(&o, &post, "spans");
    pel_buf_fini(&post.answer);
    return o;
}

static void status_decides(void **state)
{
    static const struct {
        long status;
        enum pel_verdict verdict;
    } cases[] = {
        {200, PEL_VERDICT_DONE},  {202, PEL_VERDICT_DONE},  {400, PEL_VERDICT_LOST},
        {401, PEL_VERDICT_LOST},  {404, PEL_VERDICT_LOST},  {408, PEL_VERDICT_LOST},
        {413, PEL_VERDICT_SPLIT}, {301, PEL_VERDICT_LOST},  {429, PEL_VERDICT_RETRY},
        {500, PEL_VERDICT_LOST},  {501, PEL_VERDICT_LOST},  {502, PEL_VERDICT_RETRY},
        {503, PEL_VERDICT_RETRY}, {504, PEL_VERDICT_RETRY}, {0, PEL_VERDICT_RETRY},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++)
        assert_int_equal(outcome(cases[i].status, "", 0).verdict, cases[i].verdict);
}

static void partial_success_is_read(void **state)
{
    /* partial_success { rejected_spans: 3 error_message: "too old" } */
    static const char partial[] = "\x0a\x0b\x08\x03\x12\x07too old";
    static const char warning[] = "\x0a\x09\x12\x07too old";
    struct pel_outcome o = outcome(200, partial, sizeof(partial) - 1);

    assert_int_equal(o.verdict, PEL_VERDICT_DONE);
    assert_int_equal(o.n_rejected, 3);
    assert_string_equal(o.why, "3 spans rejected: too old");
    o = outcome(200, warning, sizeof(warning) - 1);
    assert_int_equal(o.n_rejected, 0);
    assert_string_equal(o.why, "accepted, with a warning: too old");
    o = outcome(200, "{\"partialSuccess\":{}}", 21);
    assert_int_equal(o.verdict, PEL_VERDICT_DONE);
    assert_string_equal(o.why, "");
}

static void refusal_says_why(void **state)
{
    static const char refusal[] = "\x08\x03\x12\x07no room";

    assert_string_equal(outcome(400, refusal, sizeof(refusal) - 1).why, "HTTP status 400, no room");
    assert_string_equal(outcome(400, "<html>", 6).why, "HTTP status 400");
    assert_string_equal(outcome(0, "", 0).why, "Connection refused");
}

static void retry_after_is_seconds_or_a_date(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"5\r\n", 5},
        {" 0 \r\n", 0},
        {"Wed, 21 Oct 2015 07:28:30 GMT\r\n", 30},
        {"Wed, 21 Oct 2015 07:00:00 GMT\r\n", 0},
        {"soon\r\n", -1},
        {"\r\n", -1},
        {"-5\r\n", -1},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++)
        assert_int_equal(
            pel_retry_after_parse(cases[i].text, strlen(cases[i].text), 1445412480 - 0),
            cases[i].seconds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_decides),
        cmocka_unit_test(partial_success_is_read),
        cmocka_unit_test(refusal_says_why),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
