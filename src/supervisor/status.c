#include <stdio.h>

#include "member.h"
#include "state.h"
#include "status.h"

/* Half the time allowed: the beat stops with the loop, or when nobody serves. */
static void on_beat(struct pel_deadline *d)
{
    struct pel_supervisor *sv = PEL_CONTAINER_OF(d, struct pel_supervisor, watchdog);

    if (sv->phase >= PEL_PHASE_STOPPING || pel_members_ready(sv))
        pel_notify_send(&sv->notify, "WATCHDOG=1");
    pel_deadline_set(&sv->deadlines, d, sv->notify.watchdog_ns / 2);
}

void pel_status_start(struct pel_supervisor *sv)
{
    pel_deadline_init(&sv->watchdog, on_beat);
    if (sv->notify.watchdog_ns)
        on_beat(&sv->watchdog);
}

static void text_of(const struct pel_supervisor *sv, char *out, size_t len)
{
    unsigned wanted = sv->current ? sv->current->n_wanted : 0;

    snprintf(out, len, "%u of %u worker%s ready", pel_members_ready(sv), wanted,
             wanted == 1 ? "" : "s");
}

void pel_status_ready(struct pel_supervisor *sv)
{
    text_of(sv, sv->status, sizeof(sv->status));
    pel_notify_send(&sv->notify, "READY=1\nSTATUS=%s", sv->status);
}

void pel_status_update(struct pel_supervisor *sv)
{
    char text[sizeof(sv->status)];

    if (sv->phase != PEL_PHASE_SERVING || sv->next)
        return;
    text_of(sv, text, sizeof(text));
    if (strcmp(text, sv->status) == 0)
        return;
    memcpy(sv->status, text, sizeof(text));
    pel_notify_send(&sv->notify, "STATUS=%s", text);
}
