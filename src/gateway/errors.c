#include <stdio.h>

#include "pellucid/gateway.h"
#include "pellucid/hex.h"
#include "pellucid/log.h"
#include "pellucid/metrics.h"
#include "gateway/api.h"
#include "gateway/cause.h"
#include "gateway/forked.h"
#include "gateway/handled.h"
#include "gateway/place.h"
#include "gateway/strings.h"

#define TYPE_MAX 256
#define MESSAGE_MAX 1024
#define PATH_LEN 512
#define STACK_MAX PEL_SHM_STACK_LEN

/*
 * Whatever an app raises ends its request and no more: SystemExit and KeyboardInterrupt too, since
 * an app has no business ending a worker that serves others. (The supervisor's signals never reach
 * Python as KeyboardInterrupt.)
 */

/* --- text for the record --- */

/* Where to cut so that no UTF-8 sequence is split: the last start of one at or before at. */
static size_t char_start(const char *p, size_t at)
{
    while (at > 0 && ((unsigned char)p[at] & 0xc0) == 0x80)
        at--;
    return at;
}

/* A copy of at most max bytes. What is longer loses its middle: both ends of a traceback matter. */
static struct pel_str copy_cut(struct pel_arena *arena, const char *p, size_t len, size_t max)
{
    static const char mark[] = "\n  [...]\n";
    size_t head, tail;
    char *out;

    if (len <= max)
        return pel_arena_dup(arena, pel_str(p, len));
    head = char_start(p, (max - sizeof(mark)) / 2);
    tail = len - char_start(p, len - (max - sizeof(mark)) / 2);
    out = pel_arena_alloc(arena, head + sizeof(mark) - 1 + tail);
    memcpy(out, p, head);
    memcpy(out + head, mark, sizeof(mark) - 1);
    memcpy(out + head + sizeof(mark) - 1, p + len - tail, tail);
    return pel_str(out, head + sizeof(mark) - 1 + tail);
}

/* UTF-8 of a str, which is taken and may be NULL with an exception: then an empty text. */
static struct pel_str take_text(struct pel_arena *arena, PyObject *str, size_t max)
{
    PyObject *bytes = str ? PyUnicode_AsEncodedString(str, "utf-8", "backslashreplace") : NULL;
    struct pel_str text = {"", 0};

    if (bytes)
        text = copy_cut(arena, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes), max);
    PyErr_Clear();
    Py_XDECREF(bytes);
    Py_XDECREF(str);
    return text;
}

/* "ValueError", "django.http.Http404": as the OpenTelemetry attribute exception.type wants it. */
static PyObject *type_name(PyObject *exc)
{
    PyObject *type = (PyObject *)Py_TYPE(exc);
    PyObject *module = pel_py_attr(type, pel_interned.module);
    PyObject *name = pel_py_attr(type, pel_interned.qualname), *result;

    if (!module || !name || !PyUnicode_Check(module) ||
        PyUnicode_CompareWithASCIIString(module, "builtins") == 0)
        result = name ? Py_NewRef(name) : PyUnicode_FromString(Py_TYPE(exc)->tp_name);
    else
        result = PyUnicode_FromFormat("%U.%S", module, name);
    Py_XDECREF(module);
    Py_XDECREF(name);
    return result;
}

static PyObject *format_stack(PyObject *exc)
{
    PyObject *traceback = PyImport_ImportModule("traceback"), *lines = NULL, *text = NULL;
    PyObject *nothing = PyUnicode_New(0, 0); /* what is interned may be what has failed */

    if (traceback)
        lines = PyObject_CallMethod(traceback, "format_exception", "O", exc);
    if (lines && nothing)
        text = PyUnicode_Join(nothing, lines);
    Py_XDECREF(nothing);
    Py_XDECREF(lines);
    Py_XDECREF(traceback);
    return text;
}

void pel_gateway_describe(PyObject *exc, struct pel_arena *arena, struct pel_str *type,
                          struct pel_str *message, struct pel_str *stack)
{
    *type = take_text(arena, type_name(exc), TYPE_MAX);
    *message = take_text(arena, PyObject_Str(exc), MESSAGE_MAX);
    *stack = take_text(arena, format_stack(exc), STACK_MAX);
}

/* --- log lines --- */

static struct pel_probes *probes;

void pel_gateway_count_errors(struct pel_probes *ps)
{
    probes = ps;
}

/* "GET /orders/7 <what> [trace 4bf9...]" */
static void make_head(char *out, size_t size, const struct pel_record *rec, const char *what)
{
    char trace[sizeof(rec->trace.trace_id) * 2 + 1];
    size_t path_len = rec->path.len < PATH_LEN ? rec->path.len : PATH_LEN;

    *pel_put_hex(trace, rec->trace.trace_id, sizeof(rec->trace.trace_id)) = '\0';
    snprintf(out, size, "%.*s %.*s %s [trace %s]",
             (int)(rec->method.len < 32 ? rec->method.len : 32), rec->method.p ? rec->method.p : "",
             (int)path_len, rec->path.p ? rec->path.p : "", what, trace);
}

/* An app that falls over because its client has left is no fault of the app. */
static bool is_client_fault(const struct pel_record *rec, PyObject *exc)
{
    switch (rec->error) {
    case PEL_ERROR_CLIENT_GONE:
    case PEL_ERROR_BODY_TIMEOUT:
    case PEL_ERROR_WRITE_TIMEOUT:
    case PEL_ERROR_BAD_REQUEST:
    case PEL_ERROR_LIMIT:
        return PyErr_GivenExceptionMatches(exc, PyExc_OSError);
    default:
        return false;
    }
}

/* When an app raises. */
struct occasion {
    enum pel_log_entry entry;
    const char *text;
};

static const struct occasion in_request = {.entry = PEL_LOG_APP_RAISED, .text = ""};
static const struct occasion after_it = {.entry = PEL_LOG_APP_RAISED_LATE,
                                         .text = " after its response was complete"};

/* Attribute names of the HTTP and exception semantic conventions. */
static void log_exception(const struct occasion *o, const struct pel_record *rec,
                          const struct pel_exception *e, const char *head)
{
    struct pel_str stack = e->stack;
    const struct pel_log_field fields[] = {
        {"exception.type", .value = e->type},
        {"exception.message", .value = e->message},
        {"http.request.method", .value = pel_method_bounded(rec->method)},
        {"http.route", .value = pel_record_route(rec)},
        {"url.path",
         .value = pel_str(rec->path.p, rec->path.len < PATH_LEN ? rec->path.len : PATH_LEN)},
        {"code.function.name", .value = e->function},
        {"code.file.path", .value = e->file},
        {"code.line.number", .number = e->line},
    };

    while (stack.len && stack.p[stack.len - 1] == '\n')
        stack.len--;
    pel_log_event(&(struct pel_log_event){
        .entry = o->entry,
        .message = pel_str(head, strlen(head)),
        .detail = stack,
        .trace_id = rec->trace.trace_id,
        .span_id = rec->trace.span_id,
        .fields = fields,
        .n_fields = PEL_ARRAY_LEN(fields),
    });
}

/* "raised ValueError: no such order" */
static void make_raised_head(char *out, size_t size, const struct pel_record *rec,
                             struct pel_str type, struct pel_str message, const char *occasion)
{
    char what[1400];

    snprintf(what, sizeof(what), "raised %.*s%s: %.*s", (int)type.len, type.p, occasion,
             (int)message.len, message.p);
    make_head(out, size, rec, what);
}

static void report(const struct occasion *o, const struct pel_record *rec, struct pel_exception *e)
{
    char head[2100];

    make_raised_head(head, sizeof(head), rec, e->type, e->message, o->text);
    if (e->type.len == 0) /* its metaclass has spoilt it */
        e->type = PEL_STR("?");
    log_exception(o, rec, e, head);
    if (probes)
        pel_exception_count(probes, rec, e);
}

static void describe(struct pel_request *rq, PyObject *exc)
{
    struct pel_record *rec = &rq->rec;

    pel_gateway_describe(exc, &rq->arena, &rec->exc_type, &rec->exc_message, &rec->exc_stack);
}

static void report_at_place(struct pel_request *rq, PyObject *exc)
{
    struct pel_record *rec = &rq->rec;
    struct pel_exception e;

    pel_api_note_route(rq);
    pel_place_find(exc, &rq->arena, &e);
    e.type = rec->exc_type;
    e.message = rec->exc_message;
    e.stack = rec->exc_stack;
    report(&in_request, rec, &e);
}

void pel_gateway_app_raised(struct pel_request *rq, PyObject *exc)
{
    struct pel_record *rec = &rq->rec;
    PyObject *cause = pel_cause_find(exc);
    char head[2100];

    describe(rq, cause);
    if (is_client_fault(rec, cause)) {
        make_raised_head(head, sizeof(head), rec, rec->exc_type, rec->exc_message, "");
        pel_log(PEL_LOG_APP_RAISED_FOR_CLIENT, "%s", head);
    } else {
        report_at_place(rq, cause);
    }
    Py_DECREF(cause);
}

void pel_gateway_app_raised_late(const struct pel_record *rec, PyObject *exc)
{
    PyObject *cause = pel_cause_find(exc);
    struct pel_exception e;
    struct pel_arena arena;

    pel_arena_init(&arena);
    pel_place_find(cause, &arena, &e);
    pel_gateway_describe(cause, &arena, &e.type, &e.message, &e.stack);
    report(&after_it, rec, &e);
    pel_arena_reset(&arena);
    Py_DECREF(cause);
}

void pel_gateway_app_failed(struct pel_request *rq)
{
    struct pel_record *rec = &rq->rec;
    PyObject *exc = pel_py_take_exception();

    PEL_ASSERT(exc != NULL);
    if (PEL_UNLIKELY(pel_gateway_is_forked))
        pel_forked_raised(exc);
    Py_XDECREF(pel_handled_take(rq)); /* not handled, after all */
    if (rec->error == PEL_ERROR_NONE)
        rec->error = PEL_ERROR_APP_EXCEPTION;
    pel_gateway_app_raised(rq, exc);
    Py_DECREF(exc);
}

void pel_gateway_app_misbehaved(struct pel_request *rq, const char *what)
{
    struct pel_record *rec = &rq->rec;
    char text[1100], head[2100];

    if (PEL_UNLIKELY(pel_gateway_is_forked))
        pel_gateway_end_forked();
    rec->error = PEL_ERROR_APP_PROTOCOL;
    rec->exc_message = pel_arena_dup(&rq->arena, pel_str(what, strlen(what)));
    snprintf(text, sizeof(text), "the app broke its protocol: %s", what);
    make_head(head, sizeof(head), rec, text);
    pel_log(PEL_LOG_APP_PROTOCOL, "%s", head);
}

void pel_gateway_log_exception(enum pel_log_entry entry, const char *head)
{
    PyObject *exc = pel_py_take_exception();
    struct pel_arena arena;

    PEL_ASSERT(exc != NULL);
    pel_arena_init(&arena);
    pel_log_block(entry, head, take_text(&arena, format_stack(exc), STACK_MAX));
    pel_arena_reset(&arena);
    Py_DECREF(exc);
}
