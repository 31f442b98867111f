#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "footprint.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"

/* A reading of so long is followed by a pause of a hundred times that. */
#define PAUSE_FACTOR 100

/* --- reading; any thread --- */

/* The number behind "\nNAME:", in bytes; 0 when it is not there. */
static uint64_t field(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    uint64_t kib;

    return at && sscanf(at + strlen(name), "%" SCNu64, &kib) == 1 ? kib * 1024 : 0;
}

bool pel_footprint_read(struct pel_footprint_item *item, pid_t pid)
{
    char path[64], text[4096];
    ssize_t n;
    int fd;

    *item = (struct pel_footprint_item){.pid = 0};
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0)
        return false; /* it has just ended */
    text[n] = '\0';
    *item = (struct pel_footprint_item){
        .pid = pid,
        .unique_bytes = field(text, "\nPrivate_Clean:") + field(text, "\nPrivate_Dirty:") +
                        field(text, "\nSwap:"),
        .proportional_bytes = field(text, "\nPss:") + field(text, "\nSwapPss:"),
    };
    return true;
}

/* --- the pool's part --- */

static void on_work(uv_work_t *work)
{
    struct pel_footprint *f = work->data;
    uint64_t before_ns = pel_clock_ns(CLOCK_THREAD_CPUTIME_ID);

    for (unsigned i = 0; i < f->shm->n_slots; i++)
        if (f->job[i].pid)
            pel_footprint_read(&f->job[i], f->job[i].pid);
    f->cost_ns = pel_clock_ns(CLOCK_THREAD_CPUTIME_ID) - before_ns;
}

/* --- the loop's part --- */

static pid_t pid_of(const struct pel_footprint *f, unsigned slot)
{
    return atomic_load_explicit(&pel_shm_slot(f->shm, slot)->pid, memory_order_relaxed);
}

static void on_read(uv_work_t *work, int status)
{
    struct pel_footprint *f = work->data;
    uint64_t pause_ns = PEL_FOOTPRINT_MS * PEL_NS_PER_MS;
    struct pel_footprint_item *items = f->items;

    f->is_reading = false;
    f->items = f->job;
    f->job = items;
    if (pause_ns < PAUSE_FACTOR * f->cost_ns)
        pause_ns = PAUSE_FACTOR * f->cost_ns;
    f->next_ns = pel_now_ns() + pause_ns;
}

static void want(struct pel_footprint *f)
{
    if (f->is_reading || pel_now_ns() < f->next_ns)
        return;
    for (unsigned i = 0; i < f->shm->n_slots; i++)
        f->job[i] = (struct pel_footprint_item){.pid = pid_of(f, i)};
    f->is_reading = uv_queue_work(f->loop, &f->work, on_work, on_read) == 0;
}

const struct pel_footprint_item *pel_footprint_of(struct pel_footprint *f, unsigned slot)
{
    const struct pel_footprint_item *item = &f->items[slot];

    want(f);
    return item->pid && item->pid == pid_of(f, slot) ? item : NULL;
}

void pel_footprint_init(struct pel_footprint *f, uv_loop_t *loop, struct pel_shm *shm)
{
    *f = (struct pel_footprint){.loop = loop, .shm = shm};
    f->work.data = f;
    f->items = pel_mem_new(shm->n_slots, sizeof(*f->items));
    f->job = pel_mem_new(shm->n_slots, sizeof(*f->job));
}

void pel_footprint_fini(struct pel_footprint *f)
{
    PEL_ASSERT(!f->is_reading);
    free(f->items);
    free(f->job);
}

/* --- metrics --- */

static const struct {
    struct pel_metric_info info;
    size_t offset; /* of a uint64_t in struct pel_footprint_item */
} families[] = {
    {{PEL_METRIC_KIND_UPDOWN, "By", "pellucid.worker.memory.uss",
      "Memory that a worker shares with nobody, swapped out or not."},
     offsetof(struct pel_footprint_item, unique_bytes)},
    {{PEL_METRIC_KIND_UPDOWN, "By", "pellucid.worker.memory.pss",
      "The same and a worker's share of what it shares."},
     offsetof(struct pel_footprint_item, proportional_bytes)},
};

static void collect_family(struct pel_sink *sink, struct pel_footprint *f, size_t family)
{
    bool is_begun = false;

    for (unsigned slot = 0; slot < f->shm->n_slots; slot++) {
        const struct pel_footprint_item *item = pel_footprint_of(f, slot);
        struct pel_labels ls = {.n = 0};
        const void *value;

        if (!item)
            continue;
        value = (const char *)item + families[family].offset;
        if (!is_begun)
            sink->family(sink, &families[family].info);
        is_begun = true;
        pel_labels_number(&ls, "pellucid.worker.id", slot);
        sink->point(sink, &ls, *(const uint64_t *)value);
    }
}

void pel_footprint_collect(struct pel_sink *sink, struct pel_footprint *f)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(families); i++)
        collect_family(sink, f, i);
}

void pel_footprint_show(struct pel_json *j, struct pel_footprint *f, unsigned slot)
{
    const struct pel_footprint_item *item = pel_footprint_of(f, slot);

    if (!item)
        return;
    pel_json_uint(j, "memory_uss_bytes", item->unique_bytes);
    pel_json_uint(j, "memory_pss_bytes", item->proportional_bytes);
}
