/*
 * baton - how the application threads of a worker share one loop (threaded gateways).
 *
 * Whoever holds the baton runs the loop, without the GIL; when that has found requests, the holder
 * takes the GIL and runs the app for them, one after another, and writes the answers itself: a fast
 * app pays for no hand-over. While the holder is in the app, or waits for the GIL, the baton is
 * marked as loose and another thread may take it: one that comes back from the app itself, or one
 * that idles and was called. The watcher (watcher.h) calls one when the holder stays away too long.
 *
 * Thread 0 is the main thread of the process, so that signal handlers of the app work; the others
 * are threading.Thread objects named pellucid-1, pellucid-2, ...
 */
#ifndef PELLUCID_WORKER_BATON_H
#define PELLUCID_WORKER_BATON_H

#include <pthread.h>

#include "loop.h"
#include "pysignal.h"
#include "watcher.h"

struct pel_baton;

/* One application thread. */
struct pel_thread {
    struct pel_baton *baton;
    struct pel_list idle;   /* in baton->idle; guarded by baton->lock */
    pthread_cond_t cond;    /* with baton->lock */
    bool is_called;         /* guarded by baton->lock */
    uint32_t id;            /* index + 1 */
    clockid_t cpu_clock;    /* of the thread; valid once is_in_app was true */
    _Atomic bool is_in_app; /* has the GIL or has released it itself; false: waits for it */
    PyThreadState *state;   /* while the GIL is released; else NULL */
    PyObject *object;       /* threading.Thread; NULL for the main thread */
};

struct pel_baton {
    struct pel_loop *loop;
    struct pel_thread *threads;
    unsigned n_threads;

    /* Who holds the loop: 0 nobody, the id of a thread, or the watcher; with PEL_BATON_LOOSE it may
     * be taken. */
    _Atomic uint32_t owner;
    /* Times that it was made loose: a sign of progress. One writer at a time, the holder. */
    _Atomic uint64_t n_loose;
    /* Above zero the app was seen to block lately: whoever leaves for the app calls another thread
     * at once. Set to PEL_BLOCKINESS_MAX, and less with each request that does not block. */
    _Atomic unsigned blockiness;

    pthread_mutex_t lock;
    struct pel_list idle; /* threads with nothing to do, the last to come first */
    _Atomic unsigned n_idle;
    struct pel_list surplus; /* requests found by the watcher, for threads without the baton */
    _Atomic size_t n_surplus;
    _Atomic bool is_stopping;
    _Atomic bool has_strangers; /* threads of the app's own may want the GIL; GIL held */
    _Atomic bool has_signal;    /* a handler written in Python waits for the main thread */
    struct pel_pysignal pysignal;
    struct pel_watcher watcher;
};

#define PEL_BLOCKINESS_MAX 32
#define PEL_BATON_LOOSE 0x80000000U
#define PEL_BATON_WATCHER 0x40000000U

/* Serves until the loop is stopped. Main thread, with the GIL, which it holds again at the end, and
 * with it the loop. *n_stuck is the number of threads that have not come back from the app. 0, or
 * -1 with err when the threads could not be started. */
int pel_baton_run(struct pel_loop *loop, unsigned *n_stuck, struct pel_err *err);

/* The life of an application thread; the GIL is held before and after. */
void pel_baton_serve(struct pel_thread *t);

/* Takes the baton when it is free or loose. */
bool pel_baton_take(struct pel_baton *b, uint32_t id);

/* The ready requests may be run without the baton, which the watcher keeps. Loop held. */
void pel_baton_spare(struct pel_baton *b);

/* Calls a thread that idles; false when none does. */
bool pel_baton_call(struct pel_baton *b);

/* Calls the main thread if it idles, to run signal handlers. */
void pel_baton_call_main(struct pel_baton *b);

/* All threads leave when they are out of the app. */
void pel_baton_stop(struct pel_baton *b);

#endif
