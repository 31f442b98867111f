#include "generation.h"
#include "recycle.h"
#include "settle.h"
#include "state.h"
#include "status.h"
#include "stop.h"
#include "upgrade.h"

static void settle(struct pel_deadline *d)
{
    struct pel_supervisor *sv = PEL_CONTAINER_OF(d, struct pel_supervisor, settle);
    struct pel_list *at = sv->generations.next, *next;

    for (; at != &sv->generations; at = next) {
        struct pel_generation *gen = PEL_CONTAINER_OF(at, struct pel_generation, link);

        next = at->next;
        pel_generation_advance(gen);
        if (pel_generation_is_empty(gen))
            pel_generation_free(gen);
    }
    pel_recycle_next(sv);
    pel_upgrade_advance(sv);
    pel_stop_advance(sv);
    pel_status_update(sv);
}

void pel_settle_init(struct pel_supervisor *sv)
{
    pel_deadline_init(&sv->settle, settle);
}

void pel_settle_soon(struct pel_supervisor *sv)
{
    pel_deadline_set(&sv->deadlines, &sv->settle, 0);
}
