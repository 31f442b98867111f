#include "pellucid/metrics.h"
#include "pellucid/record.h"

static const char *const error_texts[] = {
#define PEL_ERROR(name, text, meaning) text,
#include "pellucid/tbl/errors.h"
#undef PEL_ERROR
};

const char *pel_error_text(enum pel_error error)
{
    return (unsigned)error < PEL_ERROR_N ? error_texts[error] : "";
}

bool pel_record_is_failed(const struct pel_record *rec)
{
    bool is_refused =
        rec->status >= 400 && rec->status < 500 &&
        (rec->error == PEL_ERROR_BAD_REQUEST || rec->error == PEL_ERROR_LIMIT ||
         rec->error == PEL_ERROR_HEADER_TIMEOUT || rec->error == PEL_ERROR_BODY_TIMEOUT);

    return rec->status >= 500 || (rec->error != PEL_ERROR_NONE && !is_refused);
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
