/*
 * wave - the requests that one turn of the loop finds take each step together.
 *
 * All sockets are read, then all messages that begin are parsed; the app runs for one request after
 * the other, then all answers are sent, then all records are finished. The code of the kernel, the
 * parser, the app and the probes does not fit into the caches at once: taking one request through
 * all of it before the next costs a tenth to a fifth of the CPU time of a quick app.
 *
 * An answer that is kept back waits for the apps of the requests behind it, and under ASGI for what
 * the app does after its last send without awaiting anything. So that is done only while the app is
 * seen to be quick (PEL_WAVE_QUICK_NS), while requests are waiting in fact, and for PEL_WAVE_MAX
 * answers at most; an app that took longer sends what is kept. When one blocks, the thread that
 * takes the loop over sends it (threads), or it waits as everything does then (loop mode). Who
 * kills the worker takes what is kept with it.
 *
 * Bytes that were read lie packed in the loop's buffer until the poll is over; nothing is kept when
 * libuv runs. All functions: loop held.
 */
#ifndef PELLUCID_WORKER_WAVE_H
#define PELLUCID_WORKER_WAVE_H

#include "pellucid/list.h"
#include "pellucid/time.h"

struct pel_conn;
struct pel_h1;
struct pel_loop;

#define PEL_READ_LEN 65536 /* most bytes of one read */

/* Requests found in one turn; the others stay in their sockets, and are found first in the next
 * one. So the memory in use by requests is bounded, and stays in the cache. */
#define PEL_WAVE_FOUND_MAX 128
/* Answers kept back. */
#define PEL_WAVE_MAX 32
/* An app that takes longer is not quick; twice that where it has sent its answer itself.
 * (Sanitizers have a value of their own: CMakeLists.txt.) */
#ifndef PEL_WAVE_QUICK_NS
#define PEL_WAVE_QUICK_NS (30 * PEL_NS_PER_US)
#endif

/* What trust it takes. A quick request gives one; a slow one takes PEL_WAVE_FINE for each time that
 * it could have been quick: so a mood of the machine changes little, and of an app that blocks now
 * and then nobody waits for long. */
#define PEL_WAVE_TRUST 32
#define PEL_WAVE_FINE 4
#define PEL_WAVE_TRUST_MAX 256
#define PEL_WAVE_DEBT_MAX 4096

struct pel_arrival {
    struct pel_conn *conn;
    uint32_t at, len; /* in buf */
};

struct pel_wave {
    struct pel_arrival arrivals[PEL_WAVE_FOUND_MAX];
    size_t n_arrivals, buf_len;
    struct pel_list late; /* connections with something to read for which a turn had no place */
    struct pel_list kept; /* requests whose answers wait; by rq.ready */
    unsigned n_kept;
    int32_t trust; /* that the app is quick: grows with each request, and falls with a slow one */
    char buf[2 * PEL_READ_LEN];
};

/* Everything but buf is zero. */
void pel_wave_init(struct pel_wave *w);

/* Is there a place in this turn for another message, of c, which is readable? If not, or if others
 * have waited for longer, c is read in its turn. */
bool pel_wave_has_place(struct pel_conn *c);
/* A turn begins: reads those for which earlier ones had no place. */
void pel_wave_read_late(struct pel_loop *loop);

/* Where the next read may put PEL_READ_LEN bytes. What has arrived so far may be parsed for it. */
char *pel_wave_room(struct pel_loop *loop);
/* The read brought len bytes, the first of a message, to be parsed later. c is to be left alone
 * until then (c->has_arrived). */
void pel_wave_arrive(struct pel_conn *c, size_t len);
/* Parses what has arrived. */
void pel_wave_parse(struct pel_loop *loop);

/* A request is about to be given to the app: may its answer be kept? */
void pel_wave_admit(struct pel_h1 *h1);
/* The app is done with a request. True when it was slow: what is kept is to be sent. */
bool pel_wave_note(const struct pel_h1 *h1);
/* Takes h1, which is finished and whose answer was kept (h1->is_kept). */
void pel_wave_keep(struct pel_h1 *h1);
/* Sends what is kept, and finishes those requests. */
void pel_wave_send(struct pel_loop *loop);
/* The app is, or may be, slow: sends what is kept, and keeps less for a while. */
void pel_wave_distrust(struct pel_loop *loop);

#endif
