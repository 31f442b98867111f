/*
 * conf - a document of any shape through pel_conf_load.
 *
 * Bytes become a tree of values: a byte says what kind of value follows, a table or a list goes on
 * until END. tests/fuzz/conf_seed.py writes the same form from a TOML file.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "pellucid/conf.h"

#define DEPTH_MAX 6

enum { END = 0, STRING, INT, FLOAT, TRUE, FALSE, ARRAY, TABLE, KIND_N };

struct input {
    const uint8_t *p;
    size_t len;
};

static uint8_t take_byte(struct input *in)
{
    if (in->len == 0)
        return END;
    in->len--;
    return *in->p++;
}

/* A length, then that many bytes; fewer at the end of the input. */
static struct pel_str take_string(struct input *in)
{
    size_t len = take_byte(in);
    struct pel_str s;

    if (len > in->len)
        len = in->len;
    s = pel_str((const char *)in->p, len);
    in->p += len;
    in->len -= len;
    return s;
}

static uint64_t take_number(struct input *in)
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++)
        number |= (uint64_t)take_byte(in) << 8 * i;
    return number;
}

/* Most keys are known ones, so that the input need not spell them. */
static const char *take_key(struct input *in, char literal[64])
{
    uint8_t choice = take_byte(in);
    struct pel_str s;

    if (choice >= 128)
        return pel_directives[choice % pel_n_directives].section;
    if (choice >= 64)
        return pel_directives[choice % pel_n_directives].key;
    s = pel_str((const char *)in->p, choice < in->len ? choice : in->len);
    in->p += s.len;
    in->len -= s.len;
    memcpy(literal, s.p, s.len);
    literal[s.len] = '\0';
    return literal;
}

static void fill(struct pel_value *v, struct input *in, uint8_t kind, int depth)
{
    uint64_t number;
    char literal[64];

    if (kind == STRING) {
        pel_value_set_string(v, take_string(in));
    } else if (kind == INT || kind == FLOAT) {
        number = take_number(in);
        v->kind = kind == INT ? PEL_VALUE_INT : PEL_VALUE_FLOAT;
        v->integer = (int64_t)number;
        memcpy(&v->real, &number, sizeof(number));
    } else if (kind == TRUE || kind == FALSE) {
        v->kind = PEL_VALUE_BOOL;
        v->integer = kind == TRUE;
    } else if (depth < DEPTH_MAX) {
        v->kind = kind == ARRAY ? PEL_VALUE_ARRAY : PEL_VALUE_TABLE;
        while ((kind = take_byte(in) % KIND_N) != END)
            fill(pel_value_add(v, v->kind == PEL_VALUE_TABLE ? take_key(in, literal) : NULL), in,
                 kind, depth + 1);
    }
}

static void check_loaded(struct pel_conf *conf, struct pel_str text)
{
    for (size_t i = 0; i < pel_n_directives; i++)
        PEL_ASSERT(pel_conf_is_same(conf, conf, i));
    pel_conf_trusts(conf, text);
    pel_conf_route_find(conf, PEL_STR("GET"), text);
    for (size_t i = 0; i < conf->n_routes; i++)
        PEL_ASSERT(conf->routes[i].match && conf->routes[i].name && conf->routes[i].pattern);
    pel_conf_fini(conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct input in = {data, len};
    struct pel_str text = pel_str((const char *)data, len);
    struct pel_value doc = {.kind = PEL_VALUE_STRING};
    struct pel_conf conf;
    struct pel_err err;

    fill(&doc, &in, TABLE, 0);
    if (pel_conf_load(&conf, &doc, &err) == 0)
        check_loaded(&conf, text);
    else
        PEL_ASSERT(*err.text && !strchr(err.text, '\n'));
    pel_value_fini(&doc);
    return 0;
}
