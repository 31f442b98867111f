#include "pellucid/record.h"

static const char *const error_texts[] = {
#define PEL_ERROR(name, text, meaning) text,
#include "pellucid/tbl/errors.h"
#undef PEL_ERROR
};

const char *const pel_request_phase_texts[PEL_REQUEST_PHASE_N] = {
#define PEL_REQUEST_PHASE(name, text, end, meaning) text,
#include "pellucid/tbl/phases.h"
#undef PEL_REQUEST_PHASE
};

const char *pel_error_text(enum pel_error error)
{
    return (unsigned)error < PEL_ERROR_N ? error_texts[error] : "";
}

bool pel_is_failed(uint16_t status, enum pel_error error)
{
    bool is_refused = status >= 400 && status < 500 &&
                      (error == PEL_ERROR_BAD_REQUEST || error == PEL_ERROR_LIMIT ||
                       error == PEL_ERROR_HEADER_TIMEOUT || error == PEL_ERROR_BODY_TIMEOUT);

    return status >= 500 || (error != PEL_ERROR_NONE && !is_refused);
}

bool pel_record_is_failed(const struct pel_record *rec)
{
    return pel_is_failed(rec->status, rec->error);
}

struct pel_str pel_record_route(const struct pel_record *rec)
{
    if (rec->route_source == PEL_ROUTE_NONE || rec->route_source == PEL_ROUTE_TEMPLATED)
        return PEL_STR_NONE;
    return rec->route;
}

uint64_t pel_record_duration_ns(const struct pel_record *rec)
{
    uint64_t begin = rec->stamp_ns[PEL_STAMP_FIRST_BYTE], end = rec->stamp_ns[PEL_STAMP_LAST_BYTE];

    return begin && end > begin ? end - begin : 0;
}

static const enum pel_stamp phase_ends[PEL_REQUEST_PHASE_N] = {
#define PEL_REQUEST_PHASE(name, text, end, meaning) PEL_STAMP_##end,
#include "pellucid/tbl/phases.h"
#undef PEL_REQUEST_PHASE
};

/* The phase the request is in, or was in at its end. */
static unsigned last_phase(const struct pel_record *rec)
{
    unsigned i = PEL_REQUEST_PHASE_WRITE;

    while (i > 0 && rec->stamp_ns[phase_ends[i - 1]] == 0)
        i--;
    return i;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
    if (value < low)
        return low;
    return value < high ? value : high;
}

static void move(uint64_t *from, uint64_t *to, uint64_t ns)
{
    ns = ns < *from ? ns : *from;
    *from -= ns;
    *to += ns;
}

void pel_record_phases(const struct pel_record *rec, uint64_t end_ns,
                       uint64_t phases_ns[PEL_REQUEST_PHASE_N])
{
    uint64_t at_ns = rec->stamp_ns[PEL_STAMP_FIRST_BYTE];
    unsigned last = last_phase(rec);

    memset(phases_ns, 0, PEL_REQUEST_PHASE_N * sizeof(*phases_ns));
    if (at_ns == 0 || end_ns <= at_ns)
        return;
    for (unsigned i = 0; i < last; i++) {
        uint64_t until_ns = clamp(rec->stamp_ns[phase_ends[i]], at_ns, end_ns);

        phases_ns[i] = until_ns - at_ns;
        at_ns = until_ns;
    }
    phases_ns[last] = end_ns - at_ns;
    move(&phases_ns[PEL_REQUEST_PHASE_APP], &phases_ns[PEL_REQUEST_PHASE_BODY],
         rec->spent.body_wait_ns);
    move(&phases_ns[PEL_REQUEST_PHASE_APP], &phases_ns[PEL_REQUEST_PHASE_WRITE],
         rec->spent.write_wait_ns);
}
