/*
 * logline - a line of the server's own log on its way to the observer: one ring entry.
 *
 * Written where [otlp] exports logs, for warnings and errors: by workers into the ring of their
 * slot, by the supervisor into that of the header, for the templates, too, which tell it. (The
 * observer needs no ring: observer/ownlog.h.) Lines that find a ring full are counted and lost;
 * nobody waits. The texts follow each other without terminators, in the order of enum
 * pel_logline_string.
 */
#ifndef PELLUCID_LOGLINE_H
#define PELLUCID_LOGLINE_H

#include "pellucid/log.h"
#include "pellucid/ring.h"

enum pel_logline_string {
    PEL_LOGLINE_MESSAGE = 0,
    PEL_LOGLINE_DETAIL,
    PEL_LOGLINE_ATTRIBUTES, /* packed: attribute.h */
    PEL_LOGLINE_STR_N
};

struct pel_logline_entry {
    struct pel_ring_entry ring;
    uint64_t at_wall_ns;
    uint8_t trace_id[16], span_id[8]; /* zeros: of no request */
    uint8_t instance_id[16];          /* service.instance.id of who wrote it */
    int32_t pid;
    uint16_t entry; /* enum pel_log_entry */
    uint16_t str_len[PEL_LOGLINE_STR_N];
    char strings[];
};

/* Producer: false when the ring is full. Texts are cut to their bounds. */
bool pel_logline_write(struct pel_shm_ring *ring, const struct pel_log_event *event,
                       const uint8_t instance_id[16], int32_t pid);

/* The same entry in memory of one's own: out has room for PEL_RING_ENTRY_MAX bytes. */
void pel_logline_make(struct pel_logline_entry *out, const struct pel_log_event *event,
                      const uint8_t instance_id[16], int32_t pid);

/* Consumer: as in span.h. */
bool pel_logline_is_valid(const struct pel_logline_entry *entry);
struct pel_str pel_logline_string(const struct pel_logline_entry *entry,
                                  enum pel_logline_string which);

#endif
