/*
 * text - bytes from workers and clients as text for others: UTF-8, JSON, HTML.
 *
 * Pure functions; whatever goes in, what comes out is well-formed.
 */
#ifndef PELLUCID_OBSERVER_TEXT_H
#define PELLUCID_OBSERVER_TEXT_H

#include "pellucid/arena.h"
#include "pellucid/buf.h"

/* A terminated copy in the arena that is valid UTF-8: each bad byte, and NUL, becomes U+FFFD. */
char *pel_text_utf8(struct pel_arena *a, struct pel_str s);

/* A terminated copy for a terminal: what is not printable ASCII is \xNN. */
char *pel_text_printable(struct pel_arena *a, struct pel_str s);

/* Valid UTF-8 as an HTML text or attribute value. */
void pel_text_add_html(struct pel_buf *out, struct pel_str s);

void pel_text_add_hex(struct pel_buf *out, const uint8_t *bytes, size_t len);

/* 2026-11-22T15:30:00.123456Z */
void pel_text_add_time(struct pel_buf *out, uint64_t wall_ns);

/* A length of time for people: 812 us, 3.42 ms, 1.20 s, 4 min, 2 h. */
void pel_text_add_duration(struct pel_buf *out, uint64_t ns);

#endif
