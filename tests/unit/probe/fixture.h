/* fixture - shared memory, a configuration and a typical request for the tests of src/probe. */
#ifndef PELLUCID_TESTS_PROBE_FIXTURE_H
#define PELLUCID_TESTS_PROBE_FIXTURE_H

#include <signal.h>
#include <unistd.h>

#include "../check.h"
#include "pellucid/conf.h"
#include "pellucid/metrics.h"
#include "pellucid/probe.h"
#include "pellucid/span.h"
#include "pellucid/time.h"

/* What pel_conf_load makes of an empty file, as far as probes look at it. */
static inline struct pel_conf fixture_conf(void)
{
    static char *keep[] = {(char *)"slow", (char *)"error"};

    return (struct pel_conf){
        .http_access_log = (char *)"-",
        .otlp_endpoint = (char *)"",
        .otlp_traces_endpoint = (char *)"",
        .otlp_metrics_endpoint = (char *)"",
        .otlp_logs_endpoint = (char *)"",
        .admin_bind = (char *)"127.0.0.1:9464",
        .requests_slow_ms = 1000,
        .trace_ratio = 1.0,
        .trace_keep = {keep, PEL_ARRAY_LEN(keep)},
    };
}

static inline struct pel_shm fixture_shm(unsigned n_slots)
{
    static char *methods[] = {(char *)"GET", (char *)"POST", (char *)"PUT"};
    struct pel_strings known = {methods, PEL_ARRAY_LEN(methods)};
    struct pel_shm shm;
    struct pel_err err;

    assert_int_equal(pel_shm_create(&shm, n_slots, &known, &err), 0);
    return shm;
}

/* A sampled GET of 3 ms that ended well, at start_ns + 3 ms. */
static inline struct pel_record fixture_record(uint64_t start_ns)
{
    struct pel_record rec = {
        .bytes_in = 300,
        .bytes_out = 1200,
        .body_out = 1000,
        .thread_id = 4242,
        .connection_requests = 1,
        .status = 200,
        .version_minor = 1,
        .method = PEL_STR("GET"),
        .path = PEL_STR("/orders/17"),
        .query = PEL_STR("full=1"),
        .scheme = PEL_STR("http"),
        .host = PEL_STR("shop.example:8000"),
        .client = PEL_STR("192.0.2.7"),
        .peer = PEL_STR("127.0.0.1"),
        .peer_port = 40000,
        .user_agent = PEL_STR("curl/7.88.1"),
        .referer = PEL_STR("https://shop.example/"),
        .route = PEL_STR("/orders/{id}"),
        .route_source = PEL_ROUTE_FRAMEWORK,
        .trace.flags = 3,
    };

    memset(rec.trace.trace_id, 0xab, sizeof(rec.trace.trace_id));
    memset(rec.trace.span_id, 0xcd, sizeof(rec.trace.span_id));
    for (int i = 0; i < PEL_STAMP_N; i++)
        pel_record_stamp(&rec, (enum pel_stamp)i, start_ns);
    pel_record_stamp(&rec, PEL_STAMP_READY, start_ns + 88000);
    pel_record_stamp(&rec, PEL_STAMP_APP_START, start_ns + 100000);
    pel_record_stamp(&rec, PEL_STAMP_RESPONSE_START, start_ns + 2000000);
    pel_record_stamp(&rec, PEL_STAMP_APP_END, start_ns + 2500000);
    pel_record_stamp(&rec, PEL_STAMP_LAST_BYTE, start_ns + 3000000);
    pel_record_phases(&rec, start_ns + 3000000, rec.phase_ns);
    return rec;
}

/* The next span in the ring of a slot; the memory is the fixture's, until the next call. */
static inline const struct pel_span_entry *fixture_span(struct pel_shm *shm, unsigned slot)
{
    static _Alignas(8) char room[PEL_RING_ENTRY_MAX];
    struct pel_ring_entry *e = (struct pel_ring_entry *)(void *)room;

    if (pel_ring_read(&pel_shm_slot(shm, slot)->ring, e) != 1)
        return NULL;
    assert_int_equal(e->type, PEL_RING_SPAN);
    assert_true(pel_span_is_valid((struct pel_span_entry *)(void *)room));
    return (struct pel_span_entry *)(void *)room;
}

/* Counts a request that took ns in its stream and returns that. */
static inline struct pel_shm_series *fixture_count(struct pel_shm *shm, unsigned slot,
                                                   const struct pel_record *rec, uint64_t ns)
{
    struct pel_shm_series_table *table = &pel_shm_slot(shm, slot)->series;
    struct pel_shm_series *s = pel_series_find(table, rec, NULL);
    struct pel_record copy = *rec;

    pel_record_stamp(&copy, PEL_STAMP_LAST_BYTE, copy.stamp_ns[PEL_STAMP_FIRST_BYTE] + ns);
    pel_record_phases(&copy, copy.stamp_ns[PEL_STAMP_LAST_BYTE], copy.phase_ns);
    pel_series_add(table, s, &copy);
    return s;
}

static inline uint64_t fixture_metric(struct pel_shm *shm, unsigned slot, enum pel_metric m)
{
    return atomic_load(&pel_shm_slot(shm, slot)->metrics[m]);
}

#endif
