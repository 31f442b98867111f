#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "handoff.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"
#include "state.h"

#define RETRY_NS (5 * PEL_NS_PER_MS)
#define PARCELS_MAX 1024 /* descriptors held at a time */

enum fate { DELIVERED, NOBODY_THERE, ALL_FULL };

static enum fate deliver(struct pel_supervisor *sv, const struct pel_msg *msg, int fd)
{
    enum fate fate = NOBODY_THERE;

    for (unsigned i = 1; i <= sv->n_members; i++) {
        unsigned slot = (sv->handoff_turn + i) % sv->n_members;
        struct pel_member *m = &sv->members[slot];

        if (m->state != PEL_MEMBER_READY || m->slot == msg->slot)
            continue;
        if (pel_channel_send(&m->channel, msg, fd) == 0) {
            sv->handoff_turn = slot;
            return DELIVERED;
        }
        if (errno == EAGAIN)
            fate = ALL_FULL;
    }
    return fate;
}

static void on_retry(struct pel_deadline *d)
{
    struct pel_supervisor *sv = PEL_CONTAINER_OF(d, struct pel_supervisor, handoff_retry);
    size_t done = 0;

    while (done < sv->n_parcels &&
           deliver(sv, &sv->parcels[done].msg, sv->parcels[done].fd) != ALL_FULL)
        close(sv->parcels[done++].fd);
    sv->n_parcels -= done;
    if (!sv->n_parcels)
        return;
    memmove(sv->parcels, sv->parcels + done, sv->n_parcels * sizeof(*sv->parcels));
    pel_deadline_set(&sv->deadlines, &sv->handoff_retry, RETRY_NS);
}

void pel_handoff_init(struct pel_supervisor *sv)
{
    pel_deadline_init(&sv->handoff_retry, on_retry);
}

void pel_handoff_fini(struct pel_supervisor *sv)
{
    for (size_t i = 0; i < sv->n_parcels; i++)
        close(sv->parcels[i].fd);
    free(sv->parcels);
    sv->parcels = NULL;
    sv->n_parcels = 0;
}

static void keep(struct pel_supervisor *sv, const struct pel_msg *msg, int fd)
{
    if (!sv->parcels)
        sv->parcels = pel_mem_new(PARCELS_MAX, sizeof(*sv->parcels));
    sv->parcels[sv->n_parcels++] = (struct pel_parcel){.msg = *msg, .fd = fd};
    if (!pel_deadline_is_set(&sv->handoff_retry))
        pel_deadline_set(&sv->deadlines, &sv->handoff_retry, RETRY_NS);
}

void pel_handoff(struct pel_supervisor *sv, const struct pel_member *from,
                 const struct pel_msg *msg, int fd)
{
    struct pel_msg parcel = *msg;
    enum fate fate;

    if (fd == -1)
        return;
    parcel.slot = from->slot;
    /* Those that wait go first. */
    fate = sv->n_parcels ? ALL_FULL : deliver(sv, &parcel, fd);
    if (fate == ALL_FULL && sv->n_parcels < PARCELS_MAX) {
        keep(sv, &parcel, fd);
        return;
    }
    if (fate != DELIVERED)
        pel_log(PEL_LOG_CONNECTION_UNADOPTED,
                "a connection of worker %u finds nobody to take it; closed", from->slot);
    close(fd);
}
