#include "pellucid/got.h"

#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__) && defined(__LP64__)
#define ENTRY_CALL R_X86_64_JUMP_SLOT
#define ENTRY_ADDRESS R_X86_64_GLOB_DAT
#elif defined(__aarch64__) && defined(__LP64__)
#define ENTRY_CALL R_AARCH64_JUMP_SLOT
#define ENTRY_ADDRESS R_AARCH64_GLOB_DAT
#endif

#ifdef ENTRY_CALL

/* One loaded object, as its program headers and its dynamic section have it. */
struct object {
    uintptr_t within; /* what it is looked for by */
    uintptr_t base;
    uintptr_t relro, relro_end; /* pages that are read-only once it is relocated */
    const ElfW(Dyn) * dynamic;  /* NULL: not found */
    const ElfW(Sym) * symbols;
    const char *strings;
};

/* glibc has made addresses of these, musl leaves them as they are in the file. */
static uintptr_t address_of(const struct object *o, const ElfW(Dyn) * d)
{
    return d->d_un.d_ptr < o->base ? o->base + d->d_un.d_ptr : d->d_un.d_ptr;
}

static bool holds(const struct dl_phdr_info *info, uintptr_t within)
{
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];

        if (p->p_type == PT_LOAD && within - info->dlpi_addr - p->p_vaddr < p->p_memsz)
            return true;
    }
    return false;
}

static uintptr_t page_of(uintptr_t address)
{
    return address & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

static int look_at(struct dl_phdr_info *info, size_t size, void *data)
{
    struct object *o = data;

    if (!holds(info, o->within))
        return 0;
    o->base = info->dlpi_addr;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];

        if (p->p_type == PT_DYNAMIC)
            o->dynamic = (const ElfW(Dyn) *)(o->base + p->p_vaddr);
        if (p->p_type == PT_GNU_RELRO) {
            /* The loader leaves a page that is only in part so as it is. */
            o->relro = page_of(o->base + p->p_vaddr);
            o->relro_end = page_of(o->base + p->p_vaddr + p->p_memsz);
        }
    }
    return 1;
}

static const ElfW(Dyn) * find(const struct object *o, ElfW(Sxword) tag)
{
    for (const ElfW(Dyn) *d = o->dynamic; d->d_tag != DT_NULL; d++)
        if (d->d_tag == tag)
            return d;
    return NULL;
}

static int set(const struct object *o, uintptr_t entry, uintptr_t function)
{
    size_t page_len = (size_t)sysconf(_SC_PAGESIZE);
    void *page = (void *)page_of(entry);
    bool is_read_only = entry >= o->relro && entry < o->relro_end;

    if (is_read_only && mprotect(page, page_len, PROT_READ | PROT_WRITE) < 0)
        return -1;
    atomic_store((_Atomic uintptr_t *)entry, function);
    if (is_read_only)
        mprotect(page, page_len, PROT_READ); /* where that fails it is writable, and works */
    return 0;
}

/* The number of entries set in one table of relocations, or -1 with errno. */
static int set_all(const struct object *o, ElfW(Sxword) table, ElfW(Sxword) table_len,
                   const char *name, uintptr_t function)
{
    const ElfW(Dyn) *at = find(o, table), *len = find(o, table_len);
    const ElfW(Rela) * r;
    int n = 0;

    if (!at || !len)
        return 0;
    r = (const ElfW(Rela) *)address_of(o, at);
    for (size_t left = len->d_un.d_val / sizeof(*r); left > 0; left--, r++) {
        uint64_t type = ELF64_R_TYPE(r->r_info);
        const char *found = o->strings + o->symbols[ELF64_R_SYM(r->r_info)].st_name;

        if ((type != ENTRY_CALL && type != ENTRY_ADDRESS) || strcmp(found, name) != 0)
            continue;
        if (set(o, o->base + r->r_offset, function) < 0)
            return -1;
        n++;
    }
    return n;
}

static int open_object(struct object *o)
{
    const ElfW(Dyn) * symbols, *strings;

    if (dl_iterate_phdr(look_at, o) == 0 || !o->dynamic)
        return -1;
    symbols = find(o, DT_SYMTAB);
    strings = find(o, DT_STRTAB);
    if (!symbols || !strings)
        return -1;
    o->symbols = (const ElfW(Sym) *)address_of(o, symbols);
    o->strings = (const char *)address_of(o, strings);
    return 0;
}

int pel_got_replace(uintptr_t within, const char *name, pel_got_function function,
                    struct pel_err *err)
{
    struct object o = {.within = within};
    int n_calls, n_addresses;

    if (open_object(&o) < 0)
        return pel_err_set(err, "no loaded object holds %#lx", (unsigned long)within);
    n_calls = set_all(&o, DT_JMPREL, DT_PLTRELSZ, name, (uintptr_t)function);
    n_addresses = set_all(&o, DT_RELA, DT_RELASZ, name, (uintptr_t)function);
    if (n_calls < 0 || n_addresses < 0)
        return pel_err_sys(err, "the entry of %s cannot be written", name);
    if (n_calls + n_addresses == 0)
        return pel_err_set(err, "%s is not called through a table", name);
    return 0;
}

#else

int pel_got_replace(uintptr_t within, const char *name, pel_got_function function,
                    struct pel_err *err)
{
    return pel_err_set(err, "the tables of this machine are not known");
}

#endif
