/*
 * log - the server's own log: one line, one write(2), to descriptor 2.
 *
 * Any process, any thread. Each line is an entry of tbl/logs.h, which gives it its level and the
 * code by which people find it. Lines are text ("2026-11-22T15:30:00.123Z info PEL208
 * supervisor[12] worker 3 is ready") or JSON, as [log] format says; bytes that could forge a line
 * are escaped. Nothing is allocated and errno is kept; a line longer than PEL_LOG_LINE_MAX is cut
 * ("...").
 */
#ifndef PELLUCID_LOG_H
#define PELLUCID_LOG_H

#include "pellucid/base.h"

#define PEL_LOG_LINE_MAX 16384

enum pel_log_level {
    PEL_LEVEL_DEBUG = 0,
    PEL_LEVEL_INFO,
    PEL_LEVEL_WARNING,
    PEL_LEVEL_ERROR,
};

enum pel_log_format { PEL_LOG_TEXT = 0, PEL_LOG_JSON };

/* What a line can be about: tbl/logs.h. */
enum pel_log_entry {
#define PEL_LOG(name, code, level, meaning) PEL_LOG_##name,
#include "pellucid/tbl/logs.h"
#undef PEL_LOG
    PEL_LOG_N
};

struct pel_log_info {
    const char *code; /* "PEL208" */
    enum pel_log_level level;
    const char *meaning;
};
extern const struct pel_log_info pel_log_infos[PEL_LOG_N];

const char *pel_log_level_name(enum pel_log_level level); /* "debug", ... */

/* Called once by each process after it knows its role ("supervisor", "template", "worker 3").
 * Lines of a lower level are left out. */
void pel_log_init(enum pel_log_level level, enum pel_log_format format, const char *role);

/* Lines, and all that this process writes to standard error, go to fd from now on, which stays the
 * caller's. */
void pel_log_take(int fd);

void pel_log(enum pel_log_entry entry, const char *fmt, ...) PEL_PRINTF(2, 3);

/* A text of several lines (a traceback): a head line, then the text as it stands in text format
 * (each line indented), or as one escaped field "detail" in JSON. text need not be terminated. */
void pel_log_block(enum pel_log_entry entry, const char *head, struct pel_str text);

/* What is known about a line, by its OpenTelemetry name: a text or a number. Without either it is
 * left out. */
struct pel_log_field {
    const char *key;
    struct pel_str value;
    uint64_t number; /* 0 = none */
};

/* A line with all that is known about it; what it points to is borrowed for the call. */
struct pel_log_event {
    enum pel_log_entry entry;
    struct pel_str message, detail;    /* detail: as text above, or empty */
    const uint8_t *trace_id, *span_id; /* 16 and 8 bytes, or NULL */
    const struct pel_log_field *fields;
    size_t n_fields;
};

/* Text format has message and detail, JSON all of it. */
void pel_log_event(const struct pel_log_event *event);

/*
 * From now on watch is told of each warning and error of this process, whatever the level of the
 * log, on the thread that writes it; it must not log. NULL: nobody is. While there is one thread.
 */
typedef void pel_log_watch_fn(void *arg, const struct pel_log_event *event);
void pel_log_set_watch(pel_log_watch_fn *watch, void *arg);

#endif
