#include <pthread.h>

#include "gateway/route.h"
#include "gateway/wsgi.h"

/* For threads that wait for another one to leave an exchange: rare enough to share. The mutex is
 * only ever held for a moment, so taking it with the GIL held is harmless. */
static pthread_mutex_t wait_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wait_cond = PTHREAD_COND_INITIALIZER;

/* Gives the GIL up until some thread leaves some exchange. The mutex is taken before the GIL goes,
 * and pel_exchange_leave (GIL held) needs it to wake us: no wake-up is lost. */
static void wait_for_leave(struct pel_exchange *x)
{
    x->n_waiting++;
    pthread_mutex_lock(&wait_mutex);
    Py_BEGIN_ALLOW_THREADS pthread_cond_wait(&wait_cond, &wait_mutex);
    pthread_mutex_unlock(&wait_mutex);
    Py_END_ALLOW_THREADS x->n_waiting--;
}

int pel_exchange_enter(struct pel_exchange *x)
{
    unsigned long self = PyThread_get_thread_ident();

    while (PEL_UNLIKELY(x->owner && x->owner != self))
        wait_for_leave(x);
    if (PEL_UNLIKELY(x->owner || !x->rq)) {
        PyErr_SetString(PyExc_RuntimeError,
                        x->owner ? "the request is in use by this thread" : "the request is over");
        return -1;
    }
    x->owner = self;
    return 0;
}

void pel_exchange_lock(struct pel_exchange *x)
{
    int result = pel_exchange_enter(x);

    PEL_ASSERT(result == 0);
}

void pel_exchange_leave(struct pel_exchange *x)
{
    x->owner = 0;
    if (PEL_UNLIKELY(x->n_waiting)) {
        pthread_mutex_lock(&wait_mutex);
        pthread_cond_broadcast(&wait_cond);
        pthread_mutex_unlock(&wait_mutex);
    }
}

void pel_exchange_end(struct pel_exchange *x)
{
    while (PEL_UNLIKELY(x->owner))
        wait_for_leave(x);
    x->rq = NULL;
    x->environ = NULL;
}

int pel_exchange_send_head(struct pel_exchange *x, int64_t body_len, struct pel_err *err)
{
    struct pel_request *rq = x->rq;
    struct pel_err why;

    if (rq->has_head)
        return 0;
    if (!x->is_started)
        return pel_err_set(err, "it sent its body before it called start_response");
    if (x->declares_length)
        body_len = -1;
    if (rq->ops->send_head(rq, x->status, x->reason, x->fields, x->n_fields, body_len, &why) < 0)
        return pel_err_set(err, "its response head is unusable: %s", why.text);
    return 0;
}

bool pel_exchange_exceeds(const struct pel_exchange *x, uint64_t len)
{
    const struct pel_request *rq = x->rq;

    return rq->res.framing == PEL_FRAMING_LENGTH &&
           rq->rec.body_out + len > (uint64_t)rq->res.content_length;
}

void pel_exchange_app_failed(struct pel_exchange *x)
{
    PyObject *exc = pel_py_take_exception();

    if (x->environ) {
        pel_gateway_read_route(x->rq, x->environ, NULL);
        pel_route_read_raised(x->rq, x->environ, exc);
    }
    pel_py_give_exception(exc);
    if (x->is_misused && x->rq->rec.error == PEL_ERROR_NONE)
        x->rq->rec.error = PEL_ERROR_APP_PROTOCOL;
    pel_gateway_app_failed(x->rq);
}

PyObject *pel_exchange_raise_gone(const struct pel_request *rq, const char *doing)
{
    switch (rq->rec.error) {
    case PEL_ERROR_BODY_TIMEOUT:
    case PEL_ERROR_WRITE_TIMEOUT:
        PyErr_Format(PyExc_TimeoutError, "the client was too slow while %s", doing);
        break;
    case PEL_ERROR_BAD_REQUEST:
    case PEL_ERROR_LIMIT:
        PyErr_Format(PyExc_OSError, "the client sent an unusable body while %s", doing);
        break;
    default:
        PyErr_Format(PyExc_ConnectionResetError, "the client disconnected while %s", doing);
    }
    return NULL;
}
