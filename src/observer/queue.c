#include <stdlib.h>

#include "queue.h"

static struct pel_span_node *node_of(struct pel_list *link)
{
    return PEL_CONTAINER_OF(link, struct pel_span_node, link);
}

void pel_queue_init(struct pel_queue *q, size_t max_bytes)
{
    *q = (struct pel_queue){.max_bytes = max_bytes};
    pel_list_init(&q->important);
    pel_list_init(&q->ordinary);
}

static struct pel_list *oldest_list(struct pel_queue *q)
{
    return pel_list_is_empty(&q->ordinary) ? &q->important : &q->ordinary;
}

static struct pel_span_node *pop(struct pel_queue *q, struct pel_list *list)
{
    struct pel_span_node *node = node_of(pel_list_pop(list));

    q->n--;
    q->bytes -= node->len;
    return node;
}

void pel_queue_fini(struct pel_queue *q)
{
    while (q->n)
        free(pop(q, oldest_list(q)));
}

void pel_queue_push(struct pel_queue *q, struct pel_span_node *node)
{
    while (q->n && q->bytes + node->len > q->max_bytes) {
        free(pop(q, oldest_list(q)));
        q->n_dropped++;
    }
    pel_list_push_tail(node->is_important ? &q->important : &q->ordinary, &node->link);
    q->n++;
    q->bytes += node->len;
}

static size_t take_from(struct pel_queue *q, struct pel_list *list, struct pel_list *out,
                        size_t max_n, size_t max_bytes, size_t *bytes)
{
    size_t n = 0;

    while (n < max_n && !pel_list_is_empty(list)) {
        struct pel_span_node *node = node_of(list->next);

        if (*bytes && *bytes + node->len > max_bytes)
            break;
        pop(q, list);
        pel_list_push_tail(out, &node->link);
        *bytes += node->len;
        n++;
    }
    return n;
}

size_t pel_queue_take(struct pel_queue *q, struct pel_list *out, size_t max_n, size_t max_bytes,
                      size_t *bytes)
{
    size_t n;

    *bytes = 0;
    n = take_from(q, &q->important, out, max_n, max_bytes, bytes);
    return n + take_from(q, &q->ordinary, out, max_n - n, max_bytes, bytes);
}

uint64_t pel_queue_oldest_ns(const struct pel_queue *q)
{
    uint64_t important_ns = UINT64_MAX, ordinary_ns = UINT64_MAX;

    if (q->n == 0)
        return 0;
    if (!pel_list_is_empty(&q->important))
        important_ns = node_of(q->important.next)->made_ns;
    if (!pel_list_is_empty(&q->ordinary))
        ordinary_ns = node_of(q->ordinary.next)->made_ns;
    return important_ns < ordinary_ns ? important_ns : ordinary_ns;
}
