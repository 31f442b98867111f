#include "pellucid/http.h"

/* A power of two, at least three times PEL_HEADER_N, so that probing is short. */
#define SLOTS 256
_Static_assert(PEL_HEADER_N * 3 < SLOTS, "the table of header names has become too full");
_Static_assert(PEL_HEADER_N <= 64, "pel_head.known has a bit for each");

static const struct pel_str names[] = {
    [PEL_HEADER_OTHER] = {"", 0},
#define PEL_HEADER(name, text) [PEL_HEADER_##name] = {text, sizeof(text) - 1},
#include "pellucid/tbl/headers.h"
#undef PEL_HEADER
};

/* Open addressing over the names; filled before main and constant from then on. */
static uint8_t slots[SLOTS];

static unsigned hash(struct pel_str s)
{
    unsigned a = (unsigned char)s.p[0], b = (unsigned char)s.p[s.len / 2],
             c = (unsigned char)s.p[s.len - 1];

    return (a + b * 3 + c * 29 + (unsigned)s.len * 5) % SLOTS;
}

__attribute__((constructor)) static void fill_slots(void)
{
    for (unsigned id = PEL_HEADER_OTHER + 1; id < PEL_HEADER_N; id++) {
        unsigned at = hash(names[id]);

        while (slots[at])
            at = (at + 1) % SLOTS;
        slots[at] = (uint8_t)id;
    }
}

struct pel_str pel_header_name(enum pel_header_id id)
{
    PEL_ASSERT(id < PEL_HEADER_N);
    return names[id];
}

enum pel_header_id pel_header_lookup(struct pel_str lower_name)
{
    if (lower_name.len == 0)
        return PEL_HEADER_OTHER;
    for (unsigned at = hash(lower_name); slots[at]; at = (at + 1) % SLOTS) {
        if (pel_str_eq(names[slots[at]], lower_name))
            return (enum pel_header_id)slots[at];
    }
    return PEL_HEADER_OTHER;
}

struct pel_str pel_head_get(const struct pel_head *head, enum pel_header_id id)
{
    if (!(head->known & PEL_HEADER_BIT(id)))
        return PEL_STR_NONE;
    for (size_t i = 0; i < head->n_headers; i++) {
        if (head->headers[i].id == id)
            return head->headers[i].value;
    }
    return PEL_STR_NONE;
}
