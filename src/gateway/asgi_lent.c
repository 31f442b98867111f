#include "gateway/asgi.h"
#include "gateway/asgi_exchange.h"
#include "gateway/strings.h"

/* As many as have their app at once, within reason. */
#define LENT_N 64

/* The dicts in a scope of which each request has a copy: those of the template, and the empty ones
 * in its extensions. */
enum { ASGI, STATE, EXTENSIONS, COPY_N, INNER_N = 3 };

struct pel_asgi_lent {
    PyObject *scope;                    /* owned while at rest, else by the call */
    PyObject *copies[COPY_N];           /* borrowed: in the scope */
    PyObject *inner[INNER_N];           /* borrowed: in copies[EXTENSIONS] */
    uint64_t version, versions[COPY_N]; /* as they were lent, or came to rest */
    uint64_t template_version;          /* the server and the path are those of then */
    bool is_usual;
    struct pel_asgi_lent *next;
};

/* Scopes at rest, and room for more. */
static struct {
    struct pel_asgi_lent pool[LENT_N], *rested, *empty;
} lent;

static PyObject *const *const copy_keys[COPY_N] = {
    [ASGI] = &pel_interned.asgi,
    [STATE] = &pel_interned.state,
    [EXTENSIONS] = &pel_interned.extensions,
};

void pel_asgi_lent_init(void)
{
    lent.rested = lent.empty = NULL;
    for (size_t i = 0; PEL_PY_HAS_DICT_VERSION && i < LENT_N; i++) {
        lent.pool[i].next = lent.empty;
        lent.empty = &lent.pool[i];
    }
}

void pel_asgi_lent_fini(void)
{
    lent.empty = NULL;
    while (lent.rested) {
        PyObject *scope = lent.rested->scope;

        lent.rested = lent.rested->next;
        Py_DECREF(scope);
    }
}

/* scope[key] = a copy of what the template has; borrowed, or NULL with an exception. */
static PyObject *set_copy(PyObject *scope, PyObject *key)
{
    PyObject *copy = PyDict_Copy(PyDict_GetItemWithError(pel_asgi_template.scope, key));
    int rc = copy ? PyDict_SetItem(scope, key, copy) : -1;

    Py_XDECREF(copy);
    return rc == 0 ? copy : NULL;
}

static int set_latest(PyObject *scope, PyObject *key)
{
    return PyDict_SetItem(scope, key, PyDict_GetItemWithError(pel_asgi_template.scope, key));
}

/* What has changed since the scope was lent before. */
static int refresh(struct pel_asgi_lent *l)
{
    if (l->template_version != pel_asgi_template.version &&
        (set_latest(l->scope, pel_interned.server) < 0 ||
         set_latest(l->scope, pel_interned.path) < 0 ||
         set_latest(l->scope, pel_interned.raw_path) < 0))
        return -1;
    if (PyDict_GET_SIZE(l->copies[STATE]) == 0 && PyDict_GET_SIZE(pel_asgi.state) == 0)
        return 0;
    l->copies[STATE] = set_copy(l->scope, pel_interned.state);
    return l->copies[STATE] ? 0 : -1;
}

static struct pel_asgi_lent *pop(struct pel_asgi_lent **list)
{
    struct pel_asgi_lent *l = *list;

    if (l)
        *list = l->next;
    return l;
}

static void push(struct pel_asgi_lent **list, struct pel_asgi_lent *l)
{
    l->next = *list;
    *list = l;
}

/* Its values become dicts of its own. They are borrowed; 0, or -1 with an exception. */
static int set_inner(PyObject *extensions, PyObject *inner[INNER_N])
{
    PyObject *key, *value;
    Py_ssize_t at = 0;

    for (size_t i = 0; i < INNER_N && PyDict_Next(extensions, &at, &key, &value); i++) {
        int rc;

        inner[i] = PyDict_New();
        rc = inner[i] ? PyDict_SetItem(extensions, key, inner[i]) : -1;
        Py_XDECREF(inner[i]);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* Fills l, which owns nothing. 0, or -1 with an exception. */
static int copy_template(struct pel_asgi_lent *l)
{
    l->scope = PyDict_Copy(pel_asgi_template.scope);
    for (size_t i = 0; l->scope && i < COPY_N; i++) {
        l->copies[i] = set_copy(l->scope, *copy_keys[i]);
        if (!l->copies[i])
            Py_CLEAR(l->scope);
    }
    if (l->scope && set_inner(l->copies[EXTENSIONS], l->inner) < 0)
        Py_CLEAR(l->scope);
    return l->scope ? 0 : -1;
}

static void note_versions(struct pel_asgi_lent *l)
{
    l->version = pel_py_dict_version(l->scope);
    for (size_t i = 0; i < COPY_N; i++)
        l->versions[i] = pel_py_dict_version(l->copies[i]);
}

/* Nobody else has it, and it is as it was. While that is so of the scope, it has the copies, and
 * these the inner ones. */
static bool is_untouched(const struct pel_asgi_lent *l)
{
    if (Py_REFCNT(l->scope) != 1 || pel_py_dict_version(l->scope) != l->version)
        return false;
    for (size_t i = 0; i < COPY_N; i++)
        if (Py_REFCNT(l->copies[i]) != 1 || pel_py_dict_version(l->copies[i]) != l->versions[i])
            return false;
    for (size_t i = 0; i < INNER_N; i++)
        if (Py_REFCNT(l->inner[i]) != 1 || PyDict_GET_SIZE(l->inner[i]) != 0)
            return false;
    return true;
}

/* One at rest, or NULL. Who looks at all objects there are may have touched it meanwhile. */
static struct pel_asgi_lent *pop_rested(void)
{
    struct pel_asgi_lent *l;

    while ((l = pop(&lent.rested)) && PEL_UNLIKELY(!is_untouched(l))) {
        Py_DECREF(l->scope);
        push(&lent.empty, l);
    }
    return l;
}

struct pel_asgi_scope pel_asgi_lent_take(void)
{
    struct pel_asgi_lent *l = pop_rested(), made;
    struct pel_asgi_scope s = {NULL, l};

    if (PEL_LIKELY(l != NULL)) {
        s.dict = l->scope;
        if (refresh(l) < 0)
            pel_asgi_scope_drop(&s, false);
        return s;
    }
    if (copy_template(&made) < 0)
        return s;
    s = (struct pel_asgi_scope){made.scope, pop(&lent.empty)};
    if (s.lender)
        *s.lender = made;
    return s;
}

void pel_asgi_lent_mark(struct pel_asgi_lent *l, bool is_usual)
{
    l->is_usual = is_usual;
    l->template_version = pel_asgi_template.version;
    note_versions(l);
}

/* Nothing of its request stays in it, nor what the app keeps in the state of its lifespan. */
static bool clean(struct pel_asgi_lent *l)
{
    if (PyDict_GET_SIZE(l->copies[STATE]))
        PyDict_Clear(l->copies[STATE]);
    if (PyDict_SetItem(l->scope, pel_interned.headers, Py_None) == 0 &&
        PyDict_SetItem(l->scope, pel_interned.client, Py_None) == 0) {
        note_versions(l);
        return true;
    }
    PyErr_Clear();
    return false;
}

void pel_asgi_scope_drop(struct pel_asgi_scope *s, bool may_rest)
{
    struct pel_asgi_scope dropped = *s;
    struct pel_asgi_lent *l = dropped.lender;

    *s = (struct pel_asgi_scope){NULL, NULL};
    if (may_rest && l && l->is_usual && pel_asgi_template.scope && is_untouched(l) && clean(l)) {
        push(&lent.rested, l);
        return;
    }
    if (l)
        push(&lent.empty, l);
    Py_XDECREF(dropped.dict);
}
