#include "pellucid/http.h"

const char *pel_status_reason(uint16_t status)
{
    switch (status) {
#define PEL_STATUS(code, reason)                                                                   \
    case code:                                                                                     \
        return reason;
#include "pellucid/tbl/statuses.h"
#undef PEL_STATUS
    default:
        return "";
    }
}
