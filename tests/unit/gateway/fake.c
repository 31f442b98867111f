#include "fake.h"

#include "pellucid/child.h"
#include "pellucid/exception.h"
#include "pellucid/instrument.h"
#include "pellucid/probe.h"
#include "value.h"

struct pel_conf fake_conf;
unsigned fake_n_entered, fake_n_left;

/* --- the probes --- */

void pel_probes_app_enter(struct pel_probes *ps, struct pel_record *rec)
{
    PEL_ASSERT(rec->stamp_ns[PEL_STAMP_APP_START] != 0 && fake_n_entered == fake_n_left);
    fake_n_entered++;
}

void pel_probes_app_leave(struct pel_probes *ps, struct pel_record *rec)
{
    fake_n_left++;
}

void pel_exception_count(struct pel_probes *ps, const struct pel_record *rec,
                         const struct pel_exception *exc)
{
    PEL_ASSERT(exc->type.len > 0 && rec->exc_type.p);
}

struct pel_shm_instruments *pel_instruments_of(struct pel_probes *ps)
{
    static struct pel_shm_instruments instruments;

    return &instruments;
}

/* No spans of the app's own. */
bool pel_child_is_wanted(const struct pel_probes *ps)
{
    return false;
}

void pel_child_write(struct pel_probes *ps, const struct pel_child *child)
{
}

/* --- configuration --- */

PyObject *fake_raise(const struct pel_err *err)
{
    PyErr_SetString(PyExc_ValueError, err->text);
    return NULL;
}

int fake_load(PyObject *doc)
{
    struct pel_value value;
    struct pel_err err;
    int rc;

    if (pel_value_from_python(&value, doc, Py_None) < 0)
        return -1;
    rc = pel_conf_load(&fake_conf, &value, &err);
    pel_value_fini(&value);
    if (rc < 0)
        fake_raise(&err);
    return rc;
}

/* --- heads --- */

struct pel_http_parser *fake_parse(struct pel_request *rq, const char *raw, size_t len)
{
    struct pel_http_parser *parser = pel_http_parser_new(&fake_conf);
    struct pel_record *rec = &rq->rec;
    size_t used;

    pel_arena_init(&rq->arena);
    pel_http_parser_start(parser, &rq->arena);
    if (pel_http_parser_feed(parser, raw, len, &used) != PEL_HTTP_HEAD)
        return parser;
    rq->head = pel_http_parser_head(parser);
    rec->method = rq->head->method;
    rec->path = rq->head->path;
    rec->query = rq->head->query;
    rec->version_minor = rq->head->version_minor;
    return parser;
}

void fake_connect(struct pel_request *rq, bool is_unix)
{
    struct pel_record *rec = &rq->rec;
    struct pel_origin origin;

    rq->is_unix = is_unix;
    rec->peer = is_unix ? PEL_STR("/run/x.sock") : PEL_STR("127.0.0.1");
    rec->peer_port = is_unix ? 0 : 50123;
    rq->server_name = rec->peer;
    rq->server_port = is_unix ? 0 : 8000;
    pel_origin_resolve(&fake_conf, rq->head, is_unix, false, &rq->arena, rec, &origin);
    rq->prefix = origin.prefix;
    pel_trace_accept(&fake_conf, rq->head, is_unix, &rq->arena, rec);
}

int fake_send_head(struct pel_request *rq, struct pel_buf *out, uint16_t status,
                   struct pel_str reason, const struct pel_field *fields, size_t n_fields,
                   int64_t body_len, struct pel_err *err)
{
    PEL_ASSERT(!rq->has_head);
    if (pel_response_head(&rq->res, out, &fake_conf, rq->head, status, reason, fields, n_fields,
                          body_len, true, err) < 0)
        return PEL_WRITE_BAD;
    rq->has_head = true;
    rq->rec.status = status;
    return PEL_WRITE_DONE;
}
