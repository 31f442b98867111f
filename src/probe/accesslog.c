#include <time.h>

#include "pellucid/cputime.h"
#include "pellucid/escape.h"
#include "pellucid/hex.h"
#include "pellucid/put.h"
#include "pellucid/time.h"

#include "accesslog.h"

#define GATHER_NS (10 * PEL_NS_PER_MS)
#define STOP_WAIT_MS 1000

/* Most bytes, escaped, of what clients and apps send. */
enum {
    CLIENT_MAX = 128,
    METHOD_MAX = 48,
    PATH_MAX_LEN = 1100,
    QUERY_MAX = 700,
    REFERER_MAX = 400,
    AGENT_MAX = 400,
    HOST_MAX = 128,
    ROUTE_MAX = 160,
    EXCEPTION_MAX = 128,
    REST_MAX = 900, /* names, numbers, times and punctuation */
};
_Static_assert(CLIENT_MAX + METHOD_MAX + PATH_MAX_LEN + QUERY_MAX + REFERER_MAX + AGENT_MAX +
                       HOST_MAX + ROUTE_MAX + EXCEPTION_MAX + REST_MAX <=
                   PEL_LOGFILE_LINE_MAX,
               "a line always fits");

#define ADD(p, literal) pel_put((p), PEL_STR(literal))

static char *add_cstr(char *p, const char *s)
{
    return pel_put(p, pel_str(s, strlen(s)));
}

static uint64_t span_ns(const struct pel_record *rec, enum pel_stamp from, enum pel_stamp to)
{
    uint64_t a = rec->stamp_ns[from], b = rec->stamp_ns[to];

    return a && b > a ? b - a : 0;
}

/* Brings the clock texts to the second of the record's end and returns its wall time. The offset of
 * the two clocks is taken anew each second, so that steps of the wall clock are followed. */
static uint64_t update_clock(struct pel_accesslog *al, const struct pel_record *rec)
{
    uint64_t end_ns = rec->stamp_ns[PEL_STAMP_LAST_BYTE];
    uint64_t wall_ns = end_ns + al->offset_ns;
    time_t second;
    struct tm tm;

    if (PEL_LIKELY(end_ns && wall_ns / PEL_NS_PER_SEC == al->second))
        return wall_ns;
    al->offset_ns = pel_wall_ns() - pel_now_ns();
    wall_ns = (end_ns ? end_ns : pel_now_ns()) + al->offset_ns;
    al->second = wall_ns / PEL_NS_PER_SEC;
    second = (time_t)al->second;
    localtime_r(&second, &tm);
    al->local_len = strftime(al->local_text, sizeof(al->local_text), "%d/%b/%Y:%H:%M:%S %z", &tm);
    gmtime_r(&second, &tm);
    strftime(al->utc_text, sizeof(al->utc_text), "%Y-%m-%dT%H:%M:%S", &tm);
    return wall_ns;
}

static char *add_text_or_dash(char *p, struct pel_str s, size_t max)
{
    return s.len ? p + pel_escape_text(p, max, s) : ADD(p, "-");
}

static char *add_request_line(char *p, const struct pel_record *rec)
{
    if (rec->method.len == 0)
        return ADD(p, "\"-\"");
    *p++ = '"';
    p += pel_escape_text(p, METHOD_MAX, rec->method);
    *p++ = ' ';
    p += pel_escape_text(p, PATH_MAX_LEN, rec->path);
    if (rec->query.len) {
        *p++ = '?';
        p += pel_escape_text(p, QUERY_MAX, rec->query);
    }
    p = ADD(p, " HTTP/1.");
    *p++ = (char)('0' + rec->version_minor % 10);
    *p++ = '"';
    return p;
}

static char *add_timings(char *p, const struct pel_record *rec)
{
    p = ADD(p, " queue_ms=");
    p = pel_put_ms(p, rec->phase_ns[PEL_REQUEST_PHASE_QUEUE]);
    p = ADD(p, " app_ms=");
    p = pel_put_ms(p, rec->phase_ns[PEL_REQUEST_PHASE_APP]);
    p = ADD(p, " total_ms=");
    p = pel_put_ms(p, pel_record_duration_ns(rec));
    if (!pel_cputime_is_known(&rec->spent))
        return p;
    p = ADD(p, " cpu_ms=");
    return pel_put_ms(p, rec->spent.cpu_ns);
}

size_t pel_accesslog_format_text(struct pel_accesslog *al, char *out, const struct pel_record *rec)
{
    char *p = out;

    update_clock(al, rec);
    p = add_text_or_dash(p, rec->client, CLIENT_MAX);
    p = ADD(p, " - - [");
    p = pel_put(p, pel_str(al->local_text, al->local_len));
    p = ADD(p, "] ");
    p = add_request_line(p, rec);
    *p++ = ' ';
    p = pel_put_number(p, rec->status);
    *p++ = ' ';
    p = pel_put_number(p, rec->body_out);
    p = ADD(p, " \"");
    p = add_text_or_dash(p, rec->referer, REFERER_MAX);
    p = ADD(p, "\" \"");
    p = add_text_or_dash(p, rec->user_agent, AGENT_MAX);
    p = ADD(p, "\" trace_id=");
    p = pel_put_hex(p, rec->trace.trace_id, sizeof(rec->trace.trace_id));
    p = ADD(p, " span_id=");
    p = pel_put_hex(p, rec->trace.span_id, sizeof(rec->trace.span_id));
    p = add_timings(p, rec);
    if (rec->error != PEL_ERROR_NONE) {
        p = ADD(p, " error=");
        p = add_cstr(p, pel_error_text(rec->error));
    }
    *p++ = '\n';
    return (size_t)(p - out);
}

/* ,"name":"escaped" */
static char *add_field(char *p, struct pel_str name, struct pel_str value, size_t max)
{
    p = ADD(p, ",\"");
    p = pel_put(p, name);
    p = ADD(p, "\":\"");
    p += pel_escape_json(p, max, value);
    *p++ = '"';
    return p;
}

static char *add_optional(char *p, struct pel_str name, struct pel_str value, size_t max)
{
    return value.len ? add_field(p, name, value, max) : p;
}

static char *add_number(char *p, struct pel_str name, uint64_t value)
{
    p = ADD(p, ",\"");
    p = pel_put(p, name);
    p = ADD(p, "\":");
    return pel_put_number(p, value);
}

static char *add_time(char *p, struct pel_str name, uint64_t ns)
{
    p = ADD(p, ",\"");
    p = pel_put(p, name);
    p = ADD(p, "\":");
    return pel_put_ms(p, ns);
}

static char *add_positive_time(char *p, struct pel_str name, uint64_t ns)
{
    return ns ? add_time(p, name, ns) : p;
}

static char *add_json_time(char *p, const struct pel_accesslog *al, uint64_t wall_ns)
{
    uint64_t us = wall_ns / PEL_NS_PER_US % 1000000;

    p = ADD(p, "{\"time\":\"");
    p = add_cstr(p, al->utc_text);
    *p++ = '.';
    for (uint64_t unit = 100000; unit; unit /= 10)
        *p++ = (char)('0' + us / unit % 10);
    return ADD(p, "Z\"");
}

static char *add_json_request(char *p, const struct pel_record *rec)
{
    char protocol[] = "HTTP/1.x";

    protocol[7] = (char)('0' + rec->version_minor % 10);
    p = add_field(p, PEL_STR("client"), rec->client, CLIENT_MAX);
    p = add_field(p, PEL_STR("method"), rec->method, METHOD_MAX);
    p = add_field(p, PEL_STR("path"), rec->path, PATH_MAX_LEN);
    p = add_optional(p, PEL_STR("query"), rec->query, QUERY_MAX);
    p = add_field(p, PEL_STR("protocol"), pel_str(protocol, 8), 16);
    p = add_number(p, PEL_STR("status"), rec->status);
    p = add_number(p, PEL_STR("body_bytes"), rec->body_out);
    p = add_number(p, PEL_STR("bytes_in"), rec->bytes_in);
    p = add_number(p, PEL_STR("bytes_out"), rec->bytes_out);
    p = add_optional(p, PEL_STR("host"), rec->host, HOST_MAX);
    p = add_optional(p, PEL_STR("referer"), rec->referer, REFERER_MAX);
    p = add_optional(p, PEL_STR("user_agent"), rec->user_agent, AGENT_MAX);
    return add_optional(p, PEL_STR("route"), pel_record_route(rec), ROUTE_MAX);
}

static char *add_json_timings(char *p, const struct pel_record *rec)
{
    p = ADD(p, ",\"trace_id\":\"");
    p = pel_put_hex(p, rec->trace.trace_id, sizeof(rec->trace.trace_id));
    p = ADD(p, "\",\"span_id\":\"");
    p = pel_put_hex(p, rec->trace.span_id, sizeof(rec->trace.span_id));
    *p++ = '"';
    p = add_positive_time(p, PEL_STR("proxy_ms"), rec->proxy_ns);
    p = add_positive_time(p, PEL_STR("accept_ms"), rec->accept_ns);
    p = add_positive_time(p, PEL_STR("head_ms"), rec->phase_ns[PEL_REQUEST_PHASE_HEAD]);
    p = add_positive_time(p, PEL_STR("body_ms"), rec->phase_ns[PEL_REQUEST_PHASE_BODY]);
    p = add_time(p, PEL_STR("queue_ms"), rec->phase_ns[PEL_REQUEST_PHASE_QUEUE]);
    p = add_time(p, PEL_STR("ttfb_ms"),
                 span_ns(rec, PEL_STAMP_FIRST_BYTE, PEL_STAMP_RESPONSE_START));
    p = add_time(p, PEL_STR("app_ms"), rec->phase_ns[PEL_REQUEST_PHASE_APP]);
    p = add_positive_time(p, PEL_STR("write_ms"), rec->phase_ns[PEL_REQUEST_PHASE_WRITE]);
    p = add_time(p, PEL_STR("total_ms"), pel_record_duration_ns(rec));
    p = add_positive_time(p, PEL_STR("gil_wait_ms"), rec->spent.gil_wait_ns);
    return pel_cputime_is_known(&rec->spent) ? add_time(p, PEL_STR("cpu_ms"), rec->spent.cpu_ns)
                                             : p;
}

size_t pel_accesslog_format_json(struct pel_accesslog *al, char *out, const struct pel_record *rec,
                                 unsigned worker, int pid)
{
    const char *error = pel_error_text(rec->error);
    char *p = add_json_time(out, al, update_clock(al, rec));

    p = add_json_request(p, rec);
    p = add_json_timings(p, rec);
    p = add_optional(p, PEL_STR("error"), pel_str(error, strlen(error)), 64);
    p = add_optional(p, PEL_STR("exception"), rec->exc_type, EXCEPTION_MAX);
    p = add_number(p, PEL_STR("worker"), worker);
    p = add_number(p, PEL_STR("pid"), (uint64_t)pid);
    p = ADD(p, "}\n");
    return (size_t)(p - out);
}

static bool is_wanted(const struct pel_conf *conf)
{
    return strcmp(conf->http_access_log, "off") != 0;
}

static int start(struct pel_probes *ps, struct pel_err *err)
{
    tzset();
    pel_logfile_init(&ps->accesslog.file, &ps->slot->log);
    pel_logfile_set_fd(&ps->accesslog.file, ps->access_fd);
    ps->access_fd = -1;
    return 0;
}

static void count_lost(struct pel_probes *ps)
{
    if (PEL_LIKELY(ps->accesslog.file.n_lost == 0))
        return;
    pel_metric_add(ps->slot, PEL_METRIC_LOG_LINES_DROPPED, ps->accesslog.file.n_lost);
    ps->accesslog.file.n_lost = 0;
}

static void finish(struct pel_probes *ps, struct pel_record *rec)
{
    struct pel_accesslog *al = &ps->accesslog;
    char *line;

    if (rec->conf_route && !rec->conf_route->access_log)
        return;
    line = pel_logfile_reserve(&al->file);
    if (PEL_LIKELY(line != NULL)) {
        size_t len = ps->conf->http_access_log_format == PEL_ACCESS_LOG_JSON
                         ? pel_accesslog_format_json(al, line, rec, ps->slot_index, ps->worker.pid)
                         : pel_accesslog_format_text(al, line, rec);

        pel_logfile_commit(&al->file, len);
        atomic_store_explicit(&ps->is_dirty, true, memory_order_relaxed);
    }
    count_lost(ps);
}

/* At a low rate each line leaves at once; at a high one many share a write. */
static bool flush(struct pel_probes *ps)
{
    struct pel_accesslog *al = &ps->accesslog;
    uint64_t now_ns;
    bool is_left;

    if (pel_logfile_pending(&al->file) == 0)
        return false;
    now_ns = pel_clock_ns(CLOCK_MONOTONIC_COARSE);
    if (now_ns - al->written_ns < GATHER_NS)
        return true;
    al->written_ns = now_ns;
    is_left = pel_logfile_write(&al->file);
    count_lost(ps);
    return is_left;
}

static void stop(struct pel_probes *ps)
{
    pel_logfile_fini(&ps->accesslog.file, STOP_WAIT_MS);
    count_lost(ps);
}

const struct pel_probe pel_probe_accesslog = {
    .name = "access_log",
    .is_wanted = is_wanted,
    .start = start,
    .finish = finish,
    .flush = flush,
    .stop = stop,
};
