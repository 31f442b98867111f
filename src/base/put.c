#include "pellucid/put.h"

#include "pellucid/hex.h"
#include "pellucid/time.h"

char *pel_put_number(char *at, uint64_t n)
{
    char digits[PEL_NUMBER_MAX];
    size_t i = sizeof(digits);

    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    return pel_put(at, pel_str(digits + i, sizeof(digits) - i));
}

char *pel_put_ms(char *at, uint64_t ns)
{
    uint64_t us = ns / PEL_NS_PER_US, rest = us % 1000;

    at = pel_put_number(at, us / 1000);
    *at++ = '.';
    *at++ = (char)('0' + rest / 100);
    *at++ = (char)('0' + rest / 10 % 10);
    *at++ = (char)('0' + rest % 10);
    return at;
}

char *pel_put_uuid(char *at, const uint8_t id[16])
{
    static const struct {
        unsigned begin, len;
    } groups[] = {{0, 4}, {4, 2}, {6, 2}, {8, 2}, {10, 6}};

    for (size_t i = 0; i < PEL_ARRAY_LEN(groups); i++) {
        if (i > 0)
            *at++ = '-';
        at = pel_put_hex(at, id + groups[i].begin, groups[i].len);
    }
    return at;
}
