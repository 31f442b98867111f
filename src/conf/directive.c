#include "pellucid/conf.h"

const struct pel_directive pel_directives[] = {
#define PEL_DIRECTIVE(section, key, type, dflt, allowed, min, max, reload, text)                   \
    {#section, #key, #type, dflt, allowed, #reload, text, min, max},
#include "pellucid/tbl/directives.h"
#undef PEL_DIRECTIVE
};

const size_t pel_n_directives = PEL_ARRAY_LEN(pel_directives);
