#include "pellucid/log.h"

#include "probes.h"
#include "thread_context.h"

static bool is_wanted(const struct pel_conf *conf)
{
    return conf->trace_publish_context;
}

/* Without it profiles are not linked with traces; that is no reason not to serve. */
static int start(struct pel_probes *ps, struct pel_err *err)
{
    if (pel_process_context_open(&ps->context, ps->conf, ps->worker.instance_id, ps->worker.pid,
                                 pel_thread_context_keys, err) < 0)
        pel_log(PEL_LOG_CONTEXT_NOT_PUBLISHED, "trace.publish_context: %s", err->text);
    return 0;
}

static void app_enter(struct pel_probes *ps, struct pel_record *rec)
{
    pel_thread_context_enter(rec);
}

static void app_leave(struct pel_probes *ps, struct pel_record *rec)
{
    pel_thread_context_leave();
}

static void stop(struct pel_probes *ps)
{
    pel_process_context_close(&ps->context);
}

const struct pel_probe pel_probe_context = {
    .name = "context",
    .is_wanted = is_wanted,
    .start = start,
    .app_enter = app_enter,
    .app_leave = app_leave,
    .stop = stop,
};
