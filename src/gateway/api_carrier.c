#include "gateway/api.h"

#include "pellucid/hex.h"

PyObject *pel_api_hex(const uint8_t *bytes, size_t len)
{
    PyObject *text = PyUnicode_New((Py_ssize_t)(2 * len), 127);

    if (text)
        pel_put_hex((char *)PyUnicode_1BYTE_DATA(text), bytes, len);
    return text;
}

PyObject *pel_api_ids(const struct pel_api_request *r, const uint8_t span_id[8])
{
    PyObject *trace = PEL_API_HEX(r->trace_id), *span = pel_api_hex(span_id, 8), *ids = NULL;

    if (trace && span)
        ids = PyTuple_Pack(2, trace, span);
    Py_XDECREF(trace);
    Py_XDECREF(span);
    return ids;
}

/* A str of the field; what is kept (may be NULL) once the request is over. Without: an empty one.
 */
static PyObject *text_of(PyObject *kept, struct pel_str field)
{
    return kept ? Py_NewRef(kept) : PyUnicode_DecodeLatin1(field.p, (Py_ssize_t)field.len, NULL);
}

/* What of it goes into header fields, with span_id in the place of the request's span. */
static struct pel_trace trace_of(const struct pel_api_request *r, const uint8_t span_id[8])
{
    struct pel_trace trace = {.flags = r->flags, .is_debug = r->is_debug};

    memcpy(trace.trace_id, r->trace_id, sizeof(trace.trace_id));
    memcpy(trace.span_id, span_id, sizeof(trace.span_id));
    return trace;
}

/* Appends the pair unless value is empty; takes value, which may be NULL with an exception. */
static int add(PyObject *list, enum pel_header_id id, PyObject *value)
{
    struct pel_str name = pel_header_name(id);
    PyObject *pair = NULL;
    int rc = value ? 0 : -1;

    if (value && PyUnicode_GET_LENGTH(value) > 0) {
        pair = Py_BuildValue("(s#O)", name.p, (Py_ssize_t)name.len, value);
        rc = pair ? PyList_Append(list, pair) : -1;
    }
    Py_XDECREF(pair);
    Py_XDECREF(value);
    return rc;
}

static int add_trace(PyObject *list, const struct pel_api_request *r, const struct pel_trace *trace)
{
    struct pel_str state = r->rq ? r->rq->rec.trace.state : PEL_STR("");
    char parent[PEL_TRACEPARENT_LEN];

    pel_trace_format(trace, parent);
    if (add(list, PEL_HEADER_TRACEPARENT, PyUnicode_DecodeLatin1(parent, sizeof(parent), NULL)) < 0)
        return -1;
    return add(list, PEL_HEADER_TRACESTATE, text_of(r->state, state));
}

/* The same in the other formats. */
static int add_other_trace(PyObject *list, const struct pel_trace *trace)
{
    struct pel_header fields[PEL_TRACE_OTHERS_MAX];
    char text[PEL_TRACE_OTHERS_LEN];
    size_t n = pel_trace_put_others(pel_api.other_fields, trace, text, fields);

    for (size_t i = 0; i < n; i++)
        if (add(list, fields[i].id, text_of(NULL, fields[i].value)) < 0)
            return -1;
    return 0;
}

/* before + "," + more; takes both, which may be NULL with an exception. */
static PyObject *join(PyObject *before, PyObject *more)
{
    PyObject *joined = NULL;

    if (before && more)
        joined = PyUnicode_FromFormat("%U,%U", before, more);
    Py_XDECREF(before);
    Py_XDECREF(more);
    return joined;
}

PyObject *pel_api_baggage(const struct pel_request *rq)
{
    const struct pel_head *head = rq->head;
    PyObject *all = PyUnicode_New(0, 0);

    if (rq->rec.trace.is_strange || !(head->known & PEL_HEADER_BIT(PEL_HEADER_BAGGAGE)))
        return all;
    for (size_t i = 0; all && i < head->n_headers; i++) {
        const struct pel_header *h = &head->headers[i];
        PyObject *members;

        if (h->id != PEL_HEADER_BAGGAGE || h->value.len == 0)
            continue;
        members = PyUnicode_DecodeLatin1(h->value.p, (Py_ssize_t)h->value.len, NULL);
        if (PyUnicode_GET_LENGTH(all) == 0)
            Py_SETREF(all, members);
        else
            all = join(all, members);
    }
    return all;
}

static int add_baggage(PyObject *list, const struct pel_api_request *r)
{
    PyObject *baggage = r->baggage ? Py_NewRef(r->baggage) : NULL;

    if (!baggage)
        baggage = r->rq ? pel_api_baggage(r->rq) : PyUnicode_New(0, 0);
    return add(list, PEL_HEADER_BAGGAGE, baggage);
}

PyObject *pel_api_carrier(const struct pel_api_request *r, const uint8_t span_id[8])
{
    struct pel_trace trace = trace_of(r, span_id);
    PyObject *list = PyList_New(0), *fields = NULL;
    int rc = list ? 0 : -1;

    if (rc == 0 && pel_api.hands_trace_on)
        rc = add_trace(list, r, &trace);
    if (rc == 0 && pel_api.other_fields)
        rc = add_other_trace(list, &trace);
    if (rc == 0 && pel_api.hands_baggage_on)
        rc = add_baggage(list, r);
    if (rc == 0)
        fields = PyList_AsTuple(list);
    Py_XDECREF(list);
    return fields;
}
