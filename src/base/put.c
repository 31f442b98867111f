#include "pellucid/put.h"

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
