/*
 * list - a doubly linked ring of nodes embedded in what they link. Owns nothing; a node is on one
 * list at most. An initialised node not on a list points to itself.
 */
#ifndef PELLUCID_LIST_H
#define PELLUCID_LIST_H

#include "pellucid/base.h"

struct pel_list {
    struct pel_list *prev, *next;
};

static inline void pel_list_init(struct pel_list *l)
{
    l->prev = l->next = l;
}

static inline bool pel_list_is_empty(const struct pel_list *l)
{
    return l->next == l;
}

static inline void pel_list_push_tail(struct pel_list *l, struct pel_list *node)
{
    node->prev = l->prev;
    node->next = l;
    l->prev->next = node;
    l->prev = node;
}

/* All nodes of from go to the end of l. */
static inline void pel_list_splice_tail(struct pel_list *l, struct pel_list *from)
{
    if (pel_list_is_empty(from))
        return;
    from->next->prev = l->prev;
    from->prev->next = l;
    l->prev->next = from->next;
    l->prev = from->prev;
    pel_list_init(from);
}

/* Takes node off whatever list it is on; harmless on a node that is on none. */
static inline void pel_list_remove(struct pel_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    pel_list_init(node);
}

/* The first node taken off, or NULL. */
static inline struct pel_list *pel_list_pop(struct pel_list *l)
{
    struct pel_list *node = l->next;

    if (node == l)
        return NULL;
    pel_list_remove(node);
    return node;
}

#endif
