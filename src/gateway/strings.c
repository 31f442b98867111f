#include "gateway/strings.h"

#define CACHE_N 512       /* a power of two */
#define CACHE_LEN_MAX 256 /* longer ones are seldom repeated, and cost more to compare */

struct pel_interned pel_interned;

static unsigned n_users;
static PyObject *cache[CACHE_N]; /* owned */

/* "content-type" -> "CONTENT_TYPE", "host" -> "HTTP_HOST". */
static PyObject *make_environ_name(enum pel_header_id id)
{
    struct pel_str name = pel_header_name(id);
    bool is_bare = id == PEL_HEADER_CONTENT_TYPE || id == PEL_HEADER_CONTENT_LENGTH;
    char text[64] = "HTTP_";
    size_t len = is_bare ? 0 : 5;

    PEL_ASSERT(name.len + len < sizeof(text));
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];

        text[len++] = (char)(c == '-' ? '_' : c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    text[len] = '\0';
    return PyUnicode_InternFromString(text);
}

static int make_constants(void)
{
#define PEL_INTERNED(member, text)                                                                 \
    if (!(pel_interned.member = PyUnicode_InternFromString(text)))                                 \
        return -1;
    PEL_INTERNED_TABLE
#undef PEL_INTERNED
    for (int id = PEL_HEADER_OTHER + 1; id < PEL_HEADER_N; id++)
        if (!(pel_interned.environ_names[id] = make_environ_name((enum pel_header_id)id)))
            return -1;
    return 0;
}

static void drop_constants(void)
{
#define PEL_INTERNED(member, text) Py_CLEAR(pel_interned.member);
    PEL_INTERNED_TABLE
#undef PEL_INTERNED
    for (size_t id = 0; id < PEL_HEADER_N; id++)
        Py_CLEAR(pel_interned.environ_names[id]);
    for (size_t i = 0; i < CACHE_N; i++)
        Py_CLEAR(cache[i]);
}

int pel_interned_init(void)
{
    if (n_users == 0 && make_constants() < 0) {
        drop_constants();
        return -1;
    }
    n_users++;
    return 0;
}

void pel_interned_fini(void)
{
    PEL_ASSERT(n_users > 0);
    if (--n_users == 0)
        drop_constants();
}

/* Eight bytes a step. A client that makes strings collide only makes them miss the cache. */
static size_t slot_of(struct pel_str s)
{
    uint64_t h = s.len * 0x9E3779B97F4A7C15ULL, word;
    const char *p = s.p;
    size_t left = s.len;

    for (; left >= sizeof(word); left -= sizeof(word), p += sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        h = (h ^ word) * 0x9FB21C651E98DF25ULL;
        h ^= h >> 29;
    }
    word = 0;
    memcpy(&word, p, left);
    h = (h ^ word) * 0x9FB21C651E98DF25ULL;
    return (size_t)(h >> 40) & (CACHE_N - 1);
}

PyObject *pel_str_cached(struct pel_str bytes)
{
    PyObject **slot, *str;

    if (bytes.len == 0)
        return Py_NewRef(pel_interned.empty);
    if (bytes.len > CACHE_LEN_MAX)
        return PyUnicode_DecodeLatin1(bytes.p, (Py_ssize_t)bytes.len, NULL);
    slot = &cache[slot_of(bytes)];
    str = *slot;
    if (str && (size_t)PyUnicode_GET_LENGTH(str) == bytes.len &&
        memcmp(PyUnicode_1BYTE_DATA(str), bytes.p, bytes.len) == 0)
        return Py_NewRef(str);
    str = PyUnicode_DecodeLatin1(bytes.p, (Py_ssize_t)bytes.len, NULL);
    if (str)
        Py_XSETREF(*slot, Py_NewRef(str));
    return str;
}
