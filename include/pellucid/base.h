/*
 * base - the first include of every file: attributes, assertions, slices.
 *
 * Pure definitions; no process or thread owns anything here. An assertion is a bug of ours: it is
 * kept in release builds, says where it stands and aborts, so that the supervisor replaces the
 * process and the log names the line.
 */
#ifndef PELLUCID_BASE_H
#define PELLUCID_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PEL_VERSION "0.1.0"

#define PEL_MUST_CHECK __attribute__((warn_unused_result))
#define PEL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define PEL_NORETURN __attribute__((noreturn))
#define PEL_LIKELY(x) __builtin_expect(!!(x), 1)
#define PEL_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define PEL_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PEL_CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Logs "bug at file:line (function): what" and aborts. */
PEL_NORETURN void pel_bug(const char *file, int line, const char *func, const char *what);

#define PEL_ASSERT(cond) (PEL_LIKELY(cond) ? (void)0 : pel_bug(__FILE__, __LINE__, __func__, #cond))
#define PEL_UNREACHABLE(why) pel_bug(__FILE__, __LINE__, __func__, why)

/* Bytes somebody else owns; not NUL-terminated. p may be NULL only when len is 0. */
struct pel_str {
    const char *p;
    size_t len;
};

#define PEL_STR(literal) ((struct pel_str){(literal), sizeof(literal) - 1})
#define PEL_STR_NONE ((struct pel_str){NULL, 0})

static inline struct pel_str pel_str(const char *p, size_t len)
{
    return (struct pel_str){p, len};
}

static inline bool pel_str_eq(struct pel_str a, struct pel_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* ASCII case-insensitive, whatever the locale. */
bool pel_str_ieq(struct pel_str a, struct pel_str b);

#endif
