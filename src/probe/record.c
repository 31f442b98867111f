#include "pellucid/record.h"

static const char *const error_texts[] = {
#define PEL_ERROR(name, text, meaning) text,
#include "pellucid/tbl/errors.h"
#undef PEL_ERROR
};

const char *const pel_request_phase_texts[PEL_REQUEST_PHASE_N] = {
#define PEL_REQUEST_PHASE(name, text, meaning) text,
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

/* A stamp as the end of a phase that began at from_ns: not before that, not after the request's
 * end, and that end where there is none. */
static uint64_t phase_end(uint64_t stamp_ns, uint64_t from_ns, uint64_t end_ns)
{
    if (stamp_ns == 0 || stamp_ns > end_ns)
        return end_ns;
    return stamp_ns > from_ns ? stamp_ns : from_ns;
}

void pel_record_phases(const struct pel_record *rec, uint64_t phases_ns[PEL_REQUEST_PHASE_N])
{
    const uint64_t *at = rec->stamp_ns;
    uint64_t from_ns = at[PEL_STAMP_FIRST_BYTE], end_ns = from_ns + pel_record_duration_ns(rec);
    uint64_t called_ns = at[PEL_STAMP_APP_START];
    /* Of a request that a worker has died with the head's end is not known: it had one. */
    uint64_t ends_ns[PEL_REQUEST_PHASE_N] = {
        [PEL_REQUEST_PHASE_HEAD] = at[PEL_STAMP_HEAD] ? at[PEL_STAMP_HEAD] : called_ns,
        [PEL_REQUEST_PHASE_BODY] = called_ns ? called_ns - rec->queue_ns : 0,
        [PEL_REQUEST_PHASE_QUEUE] = called_ns,
        [PEL_REQUEST_PHASE_APP] = at[PEL_STAMP_APP_END],
        [PEL_REQUEST_PHASE_WRITE] = end_ns,
    };

    for (size_t i = 0; i < PEL_REQUEST_PHASE_N; i++) {
        uint64_t to_ns = phase_end(ends_ns[i], from_ns, end_ns);

        phases_ns[i] = to_ns - from_ns;
        from_ns = to_ns;
    }
}
