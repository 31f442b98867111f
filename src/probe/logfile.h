/*
 * logfile - whole lines to a descriptor that may be slow, without ever waiting for it.
 *
 * Owner: one struct, one thread at a time. Lines are collected and leave many at a time: to a file
 * (opened with O_APPEND by whoever made it) in one write, to anything else in pieces of whole lines
 * up to PIPE_BUF, which the kernel does not mix with those of other workers. While the reader is
 * slow up to PEL_LOGFILE_LEN bytes are held back; then lines are lost, and counted.
 */
#ifndef PELLUCID_PROBE_LOGFILE_H
#define PELLUCID_PROBE_LOGFILE_H

#include <limits.h>

#include "pellucid/shm.h"

#define PEL_LOGFILE_WRITE_LEN (32U << 10)
#define PEL_LOGFILE_LINE_MAX PIPE_BUF

struct pel_logfile {
    int fd;                  /* owned; -1 = none, lines are dropped without being counted */
    struct pel_shm_log *log; /* borrowed */
    uint64_t n_lost;         /* lines, since the owner last took the number */
    bool is_regular, is_socket;
    bool must_poll; /* a write could block: ask first */
    bool is_torn;   /* the last thing that reached fd was part of a line, or may have been */
};

/* Lines that log holds already stay in it. */
void pel_logfile_init(struct pel_logfile *f, struct pel_shm_log *log);
/* Writes what it can, waiting up to wait_ms for the reader, then counts the rest as lost; closes.
 */
void pel_logfile_fini(struct pel_logfile *f, int wait_ms);

/* Takes fd over (-1: none), after writing what is held back to the old one if there was one. */
void pel_logfile_set_fd(struct pel_logfile *f, int fd);

/* Room for one line of PEL_LOGFILE_LINE_MAX bytes, or NULL when the line is lost. */
char *pel_logfile_reserve(struct pel_logfile *f);
/* The line is there: len bytes, the last one a newline. */
void pel_logfile_commit(struct pel_logfile *f, size_t len);

/* Bytes held back. */
size_t pel_logfile_pending(const struct pel_logfile *f);

/* Writes as much as goes without waiting. True when something is left. */
bool pel_logfile_write(struct pel_logfile *f);

#endif
