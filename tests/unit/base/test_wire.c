/* What is written by hand is read by protobuf-c. */
#include "../check.h"

#include "pellucid/wire.h"
#include "otlp.pb-c.h"

static void numbers_take_what_they_need(void **state)
{
    static const struct {
        uint64_t n;
        size_t len;
    } cases[] = {
        {0, 1},           {1, 1},           {127, 1},        {128, 2},        {16383, 2},
        {16384, 3},       {1ULL << 35, 6},  {UINT32_MAX, 5}, {1ULL << 62, 9}, {(1ULL << 63) - 1, 9},
        {1ULL << 63, 10}, {UINT64_MAX, 10},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        char room[16];
        char *end = pel_wire_put_varint(room, cases[i].n);
        uint64_t n = 0;

        assert_int_equal(pel_wire_varint_len(cases[i].n), cases[i].len);
        assert_int_equal(end - room, cases[i].len);
        for (size_t at = 0; at < cases[i].len; at++)
            n |= (uint64_t)(room[at] & 0x7f) << 7 * at;
        assert_true(n == cases[i].n);
    }
}

/* Text of len bytes, of which one is no UTF-8 if it is broken. */
static Otlp__Event *event_of(size_t len, bool is_broken)
{
    static char text[70000], room[80000];
    struct pel_wire w = {room, room + sizeof(room)};
    Otlp__Event *event;

    memset(text, 'x', len);
    if (is_broken)
        text[len / 2] = (char)0xff;
    pel_wire_fixed64(&w, PEL_WIRE_FIXED64(1), 0x0123456789abcdef);
    pel_wire_text(&w, PEL_WIRE_LEN(2), pel_str(text, len));
    event = otlp__event__unpack(NULL, (size_t)(w.p - room), (uint8_t *)room);
    assert_non_null(event);
    assert_true(event->time_unix_nano == 0x0123456789abcdef);
    return event;
}

static void text_of_any_length_is_utf8(void **state)
{
    static const size_t lens[] = {1, 7, 8, 9, 15, 100, 127, 128, 129, 16383, 16384, 65535};

    for (size_t i = 0; i < PEL_ARRAY_LEN(lens); i++) {
        Otlp__Event *event = event_of(lens[i], false);

        assert_int_equal(strlen(event->name), lens[i]);
        otlp__event__free_unpacked(event, NULL);
        event = event_of(lens[i], true);
        assert_int_equal(strlen(event->name), lens[i] + 2);
        assert_memory_equal(event->name + lens[i] / 2, "\xef\xbf\xbd", 3);
        otlp__event__free_unpacked(event, NULL);
    }
}

static void message_gets_its_length_at_the_end(void **state)
{
    static char room[80000], text[70000];
    static const size_t lens[] = {0, 1, 120, 124, 125, 130, 16000, 70000};

    memset(text, 'y', sizeof(text));
    for (size_t i = 0; i < PEL_ARRAY_LEN(lens); i++) {
        struct pel_wire w = {room, room + sizeof(room)};
        char *begin = pel_wire_enter(&w, PEL_WIRE_LEN(15));
        Otlp__Span *span;

        pel_wire_bytes(&w, PEL_WIRE_LEN(2), text, lens[i]);
        pel_wire_varint(&w, PEL_WIRE_VARINT(3), 2);
        pel_wire_leave(&w, begin);
        pel_wire_text(&w, PEL_WIRE_LEN(5), PEL_STR("behind"));
        span = otlp__span__unpack(NULL, (size_t)(w.p - room), (uint8_t *)room);
        assert_non_null(span);
        assert_int_equal(strlen(span->status->message), lens[i]);
        assert_int_equal(span->status->code, 2);
        assert_string_equal(span->name, "behind");
        otlp__span__free_unpacked(span, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_take_what_they_need),
        cmocka_unit_test(text_of_any_length_is_utf8),
        cmocka_unit_test(message_gets_its_length_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
