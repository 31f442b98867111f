#include "timing.h"
#include "h1.h"
#include "pellucid/cputime.h"
#include "pellucid/put.h"
#include "pellucid/time.h"

#define METRICS_MAX 6
#define METRIC_ROOM (sizeof(", total;dur=") + PEL_MS_MAX)

/* "app;dur=1.204", in milliseconds. */
static char *put_metric(char *at, struct pel_str name, uint64_t ns)
{
    at = pel_put(at, name);
    at = pel_put(at, PEL_STR(";dur="));
    return pel_put_ms(at, ns);
}

void pel_timing_add(struct pel_h1 *h1)
{
    const struct pel_record *rec = &h1->rq.rec;
    uint64_t now_ns = pel_now_ns(), phase_ns[PEL_REQUEST_PHASE_N];
    char text[METRICS_MAX * METRIC_ROOM], *at = text;
    struct pel_field field = {PEL_STR("Server-Timing"), PEL_STR_NONE};
    struct pel_spent spent;

    pel_record_phases(rec, now_ns, phase_ns);
    at = put_metric(at, PEL_STR("head"), phase_ns[PEL_REQUEST_PHASE_HEAD]);
    at = put_metric(at, PEL_STR(", body"), phase_ns[PEL_REQUEST_PHASE_BODY]);
    at = put_metric(at, PEL_STR(", queue"), phase_ns[PEL_REQUEST_PHASE_QUEUE]);
    at = put_metric(at, PEL_STR(", app"), phase_ns[PEL_REQUEST_PHASE_APP]);
    at = put_metric(at, PEL_STR(", total"), now_ns - rec->stamp_ns[PEL_STAMP_FIRST_BYTE]);
    h1->conn->loop->gateway->spent(&h1->rq, now_ns, &spent);
    if (pel_cputime_is_known(&spent))
        at = put_metric(at, PEL_STR(", cpu"), spent.cpu_ns);
    field.value = pel_str(text, (size_t)(at - text));
    pel_response_add(&h1->out, &field);
}
