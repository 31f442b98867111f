/*
 * log - the server's own log: one line, one write(2), to stderr.
 *
 * Any process, any thread. Lines are text ("2026-11-22T15:30:00.123Z info supervisor[12] worker 3
 * ready") or JSON, as [log] format says; bytes that could forge a line are escaped. Nothing is
 * allocated and errno is kept; a line longer than PEL_LOG_LINE_MAX is cut ("...").
 */
#ifndef PELLUCID_LOG_H
#define PELLUCID_LOG_H

#include "pellucid/base.h"

#define PEL_LOG_LINE_MAX 8192

enum pel_log_level {
    PEL_LOG_DEBUG = 0,
    PEL_LOG_INFO,
    PEL_LOG_WARNING,
    PEL_LOG_ERROR,
};

enum pel_log_format { PEL_LOG_TEXT = 0, PEL_LOG_JSON };

/* Called once by each process after it knows its role ("supervisor", "template", "worker 3"). */
void pel_log_init(enum pel_log_level level, enum pel_log_format format, const char *role);

void pel_log(enum pel_log_level level, const char *fmt, ...) PEL_PRINTF(2, 3);

#define pel_debug(...) pel_log(PEL_LOG_DEBUG, __VA_ARGS__)
#define pel_info(...) pel_log(PEL_LOG_INFO, __VA_ARGS__)
#define pel_warning(...) pel_log(PEL_LOG_WARNING, __VA_ARGS__)
#define pel_error(...) pel_log(PEL_LOG_ERROR, __VA_ARGS__)

/* A text of several lines (a traceback): a head line, then the text as it stands in text format
 * (each line indented), or as one escaped field "detail" in JSON. text need not be terminated. */
void pel_log_block(enum pel_log_level level, const char *head, struct pel_str text);

#endif
