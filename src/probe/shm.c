#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pellucid/mem.h"
#include "pellucid/shm.h"
#include "pellucid/time.h"

#define PAGE_LEN 4096U

static const char *const end_words[] = {
#define PEL_END(name, word, meaning) word,
#include "pellucid/tbl/ends.h"
#undef PEL_END
};

const char *pel_end_word(enum pel_end end)
{
    PEL_ASSERT((unsigned)end < PEL_END_N);
    return end_words[end];
}

static size_t page_round(size_t len)
{
    return (len + PAGE_LEN - 1) & ~(size_t)(PAGE_LEN - 1);
}

static int map(struct pel_shm *shm, size_t len, struct pel_err *err)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, shm->fd, 0);

    if (p == MAP_FAILED)
        return pel_err_sys(err, "cannot map %zu bytes of shared memory", len);
    shm->header = p;
    shm->len = len;
    return 0;
}

/* The length is sealed, so that no process can make another die of SIGBUS. */
static int seal(int fd, struct pel_err *err)
{
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return pel_err_sys(err, "cannot seal the shared memory");
    return 0;
}

static void fill_header(struct pel_shm_header *h, unsigned n_slots)
{
    h->version = PEL_SHM_VERSION;
    h->n_slots = n_slots;
    h->slot_len = (uint32_t)page_round(sizeof(struct pel_shm_slot));
    h->slot_offset = page_round(sizeof(*h));
    if (getrandom(h->instance_id, sizeof(h->instance_id), 0) < 0)
        memcpy(h->instance_id, &(uint64_t){pel_wall_ns()}, sizeof(uint64_t));
    h->instance_id[6] = (uint8_t)((h->instance_id[6] & 0x0f) | 0x40);
    h->instance_id[8] = (uint8_t)((h->instance_id[8] & 0x3f) | 0x80);
    h->supervisor_pid = (int32_t)getpid();
    h->started_ns = pel_now_ns();
    h->started_wall_ns = pel_wall_ns();
    h->magic = PEL_SHM_MAGIC;
}

static void take_places(struct pel_shm *shm)
{
    shm->n_slots = shm->header->n_slots;
    shm->slot_offset = shm->header->slot_offset;
    shm->slot_len = shm->header->slot_len;
}

int pel_shm_create(struct pel_shm *shm, unsigned n_slots, const struct pel_strings *known_methods,
                   struct pel_err *err)
{
    size_t len = page_round(sizeof(struct pel_shm_header)) +
                 n_slots * page_round(sizeof(struct pel_shm_slot));

    *shm = (struct pel_shm){.fd = pel_mem_file("pellucid", len), .event_fd = -1};
    if (shm->fd < 0)
        return pel_err_sys(err, "cannot make %zu bytes of shared memory", len);
    shm->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (shm->event_fd < 0) {
        pel_err_sys(err, "eventfd");
        goto fail;
    }
    if (seal(shm->fd, err) < 0 || map(shm, len, err) < 0)
        goto fail;
    fill_header(shm->header, n_slots);
    pel_methods_put(&shm->header->methods, known_methods);
    pel_methods_take(&shm->header->methods);
    take_places(shm);
    return 0;
fail:
    pel_shm_close(shm);
    return -1;
}

static int check_places(const struct pel_shm *shm, struct pel_err *err)
{
    if (shm->slot_len < sizeof(struct pel_shm_slot) || shm->slot_offset % PAGE_LEN != 0 ||
        shm->slot_len % PAGE_LEN != 0 || shm->slot_offset > shm->len ||
        (shm->len - shm->slot_offset) / shm->slot_len < shm->n_slots)
        return pel_err_set(err, "the shared memory is shorter than its %u slots", shm->n_slots);
    return 0;
}

static int check_header(const struct pel_shm *shm, struct pel_err *err)
{
    const struct pel_shm_header *h = shm->header;

    if (h->magic != PEL_SHM_MAGIC)
        return pel_err_set(err, "descriptor %d is not Pellucid's shared memory", shm->fd);
    if (h->version != PEL_SHM_VERSION)
        return pel_err_set(err,
                           "the shared memory has layout %u, this program knows %u: restart the "
                           "server with one version of Pellucid",
                           h->version, PEL_SHM_VERSION);
    return 0;
}

int pel_shm_attach(struct pel_shm *shm, int fd, int event_fd, struct pel_err *err)
{
    struct stat st;

    *shm = (struct pel_shm){.fd = fd, .event_fd = event_fd};
    if (fstat(fd, &st) < 0) {
        pel_err_sys(err, "shared memory descriptor %d", fd);
        goto fail;
    }
    if ((size_t)st.st_size < sizeof(struct pel_shm_header)) {
        pel_err_set(err, "descriptor %d is not Pellucid's shared memory", fd);
        goto fail;
    }
    if (map(shm, (size_t)st.st_size, err) < 0 || check_header(shm, err) < 0)
        goto fail;
    take_places(shm);
    if (check_places(shm, err) < 0)
        goto fail;
    pel_methods_take(&shm->header->methods);
    return 0;
fail:
    pel_shm_close(shm);
    return -1;
}

void pel_shm_close(struct pel_shm *shm)
{
    if (shm->header)
        munmap(shm->header, shm->len);
    if (shm->fd >= 0)
        close(shm->fd);
    if (shm->event_fd >= 0)
        close(shm->event_fd);
    *shm = (struct pel_shm){.fd = -1, .event_fd = -1};
}

uint64_t pel_shm_sum(const struct pel_shm *shm, enum pel_metric m)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        if (pel_shm_slot_is_used(slot))
            sum += atomic_load_explicit(&slot->metrics[m], memory_order_acquire);
    }
    return sum;
}
