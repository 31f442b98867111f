#include "gateway/asgi_after.h"

#include <stdlib.h>

#include "pellucid/arena.h"
#include "pellucid/gateway.h"
#include "pellucid/mem.h"

struct pel_asgi_after {
    struct pel_arena arena; /* of the record's slices */
    struct pel_record rec;
};

struct pel_asgi_after *pel_asgi_after_new(const struct pel_record *rec)
{
    struct pel_asgi_after *a = pel_mem_new(1, sizeof(*a));

    pel_arena_init(&a->arena);
    a->rec.trace = rec->trace;
    a->rec.trace.state = PEL_STR_NONE;
    a->rec.route_source = rec->route_source;
    a->rec.method = pel_arena_dup(&a->arena, rec->method);
    a->rec.path = pel_arena_dup(&a->arena, rec->path);
    a->rec.route = pel_arena_dup(&a->arena, rec->route);
    return a;
}

void pel_asgi_after_free(struct pel_asgi_after *a)
{
    if (!a)
        return;
    pel_arena_reset(&a->arena);
    free(a);
}

void pel_asgi_after_raised(const struct pel_asgi_after *a, PyObject *exc)
{
    pel_gateway_app_raised_late(&a->rec, exc);
}
