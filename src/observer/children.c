#include <stdlib.h>

#include "children.h"
#include "pellucid/attribute.h"
#include "pellucid/mem.h"

#define N_CHAINS 512

/* Before each entry; positions count all bytes ever written, with 0 before the first. */
struct head {
    uint32_t len;      /* with this head; a multiple of 8 */
    bool is_pad;       /* nothing but what is left before the end of the room */
    uint64_t previous; /* position of the one before in its chain */
};

struct pel_children_room {
    uint64_t begin, end;       /* positions of the oldest, and behind the newest */
    uint64_t newest[N_CHAINS]; /* position of the last one of each chain */
    /* The head of a pad may be longer than the pad. */
    _Alignas(8) char bytes[PEL_CHILDREN_LEN + sizeof(struct head)];
};

static struct head *head_at(struct pel_children_room *room, uint64_t position)
{
    return (struct head *)(void *)(room->bytes + position % PEL_CHILDREN_LEN);
}

static struct pel_child_entry *entry_of(struct head *head)
{
    return (struct pel_child_entry *)(void *)(head + 1);
}

void pel_children_fini(struct pel_children *c)
{
    free(c->room);
    c->room = NULL;
}

/* The first pairs, as many as there is room for. */
static struct pel_str first_attributes(struct pel_str packed)
{
    struct pel_str rest = packed, fit = pel_str(packed.p, 0);
    struct pel_attribute a;

    while (pel_attribute_next(&rest, &a) &&
           (size_t)(rest.p - packed.p) <= PEL_CHILDREN_ATTRIBUTES_MAX)
        fit.len = (size_t)(rest.p - packed.p);
    return fit;
}

static void choose(const struct pel_child_entry *e, struct pel_str out[PEL_CHILD_STR_N])
{
    struct pel_str message = pel_child_string(e, PEL_CHILD_EXC_MESSAGE);

    if (message.len > PEL_CHILDREN_MESSAGE_MAX)
        message.len = PEL_CHILDREN_MESSAGE_MAX;
    out[PEL_CHILD_NAME] = pel_child_string(e, PEL_CHILD_NAME);
    out[PEL_CHILD_TRACE_STATE] = PEL_STR_NONE;
    out[PEL_CHILD_ATTRIBUTES] = first_attributes(pel_child_string(e, PEL_CHILD_ATTRIBUTES));
    out[PEL_CHILD_EXC_TYPE] = pel_child_string(e, PEL_CHILD_EXC_TYPE);
    out[PEL_CHILD_EXC_MESSAGE] = message;
    out[PEL_CHILD_EXC_STACK] = PEL_STR_NONE;
}

static void drop_oldest(struct pel_children *c)
{
    struct head *head = head_at(c->room, c->room->begin);

    if (!head->is_pad && entry_of(head)->end_ns > c->lost_until_ns)
        c->lost_until_ns = entry_of(head)->end_ns;
    c->room->begin += head->len;
}

/* len bytes in one piece at the end, where the oldest have to go for it. */
static struct head *append(struct pel_children *c, uint32_t len, bool is_pad)
{
    struct pel_children_room *room = c->room;
    struct head *head;

    while (room->end + len - room->begin > PEL_CHILDREN_LEN)
        drop_oldest(c);
    head = head_at(room, room->end);
    head->len = len;
    head->is_pad = is_pad;
    room->end += len;
    return head;
}

static void fill(struct pel_child_entry *out, const struct pel_child_entry *e, uint32_t len,
                 const struct pel_str strings[PEL_CHILD_STR_N])
{
    char *p = out->strings;

    memcpy(out, e, sizeof(*e));
    out->ring.len = len;
    for (size_t i = 0; i < PEL_CHILD_STR_N; i++) {
        out->str_len[i] = (uint16_t)strings[i].len;
        if (strings[i].len)
            memcpy(p, strings[i].p, strings[i].len);
        p += strings[i].len;
    }
}

void pel_children_add(struct pel_children *c, const struct pel_child_entry *e)
{
    size_t len = sizeof(struct head) + sizeof(*e), chain = pel_trace_id_end(e->trace_id) % N_CHAINS;
    struct pel_str strings[PEL_CHILD_STR_N];
    struct head *head;
    uint32_t left;

    choose(e, strings);
    for (size_t i = 0; i < PEL_CHILD_STR_N; i++)
        len += strings[i].len;
    len = (len + 7) / 8 * 8;
    if (!c->room) {
        c->room = pel_mem_new(1, sizeof(*c->room));
        c->room->begin = c->room->end = PEL_CHILDREN_LEN;
    }
    left = PEL_CHILDREN_LEN - (uint32_t)(c->room->end % PEL_CHILDREN_LEN);
    if (left < len)
        append(c, left, true);
    head = append(c, (uint32_t)len, false);
    fill(entry_of(head), e, (uint32_t)(len - sizeof(*head)), strings);
    head->previous = c->room->newest[chain];
    c->room->newest[chain] = c->room->end - len;
}

const struct pel_child_entry *pel_children_next(const struct pel_children *c,
                                                const uint8_t trace_id[16], uint64_t *at)
{
    struct pel_children_room *room = c->room;

    if (!room)
        return NULL;
    if (*at == UINT64_MAX)
        *at = room->newest[pel_trace_id_end(trace_id) % N_CHAINS];
    else
        *at = *at < room->begin ? 0 : head_at(room, *at)->previous;
    for (; *at >= room->begin; *at = head_at(room, *at)->previous)
        if (memcmp(entry_of(head_at(room, *at))->trace_id, trace_id, 16) == 0)
            return entry_of(head_at(room, *at));
    return NULL;
}
