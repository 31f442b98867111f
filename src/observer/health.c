#include <inttypes.h>
#include <stdio.h>

#include "health.h"
#include "pellucid/log.h"
#include "pellucid/time.h"

#define LOG_EVERY_NS (30 * PEL_NS_PER_SEC)

void pel_health_lost(struct pel_health *h, uint64_t n)
{
    h->n_lost_unlogged += n;
}

static void complain(struct pel_health *h, const char *why)
{
    uint64_t now_ns = pel_now_ns();

    snprintf(h->last_failure, sizeof(h->last_failure), "%s", why);
    h->last_failure_wall_ns = pel_wall_ns();
    if (h->logged_ns && now_ns - h->logged_ns < LOG_EVERY_NS)
        return;
    if (h->n_lost_unlogged)
        pel_log(PEL_LOG_EXPORT_FAILED, "export to %s: %s; %" PRIu64 " %s lost", h->receiver, why,
                h->n_lost_unlogged, h->items);
    else
        pel_log(PEL_LOG_EXPORT_FAILED, "export to %s: %s", h->receiver, why);
    h->logged_ns = now_ns;
    h->is_failure_logged = h->is_failing;
    h->n_lost_unlogged = 0;
}

void pel_health_succeeded(struct pel_health *h, uint64_t n_rejected, const char *warning)
{
    h->is_failing = false;
    h->last_ok_wall_ns = pel_wall_ns();
    if (h->is_failure_logged) {
        pel_log(PEL_LOG_EXPORT_RECOVERED, "export to %s works again; %" PRIu64 " %s lost meanwhile",
                h->receiver, h->n_lost_unlogged, h->items);
        h->n_lost_unlogged = 0;
    }
    h->is_failure_logged = false;
    h->n_lost_unlogged += n_rejected;
    if (warning[0])
        complain(h, warning);
}

void pel_health_failed(struct pel_health *h, const char *why)
{
    h->is_failing = true;
    complain(h, why);
}

void pel_health_end(const struct pel_health *h)
{
    if (h->n_lost_unlogged)
        pel_log(PEL_LOG_EXPORT_LOST, "%" PRIu64 " %s could not be exported before the stop",
                h->n_lost_unlogged, h->items);
}
