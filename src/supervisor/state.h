/*
 * state - everything the supervisor knows: generations, seats, members, roles.
 *
 * A generation is one reading of the configuration with the template that embodies it. It has a
 * seat for each worker it wants; a member is one worker process, in one slot of the shared memory.
 * A seat has a holder, and an heir while the holder is being replaced. All of it belongs to the
 * supervisor's one thread.
 */
#ifndef PELLUCID_SUPERVISOR_STATE_H
#define PELLUCID_SUPERVISOR_STATE_H

#include "listen.h"
#include "notify.h"
#include "pellucid/conf.h"
#include "pellucid/shm.h"
#include "pellucid/supervisor.h"
#include "privileges.h"
#include "role.h"

enum pel_member_state {
    PEL_MEMBER_NONE = 0,  /* the slot is free */
    PEL_MEMBER_SPAWNING,  /* SPAWN was sent; its pid is not known yet */
    PEL_MEMBER_STARTING,  /* imports the app, runs its lifespan start-up */
    PEL_MEMBER_READY,     /* serves */
    PEL_MEMBER_DRAINING,  /* was told to finish */
    PEL_MEMBER_FINISHING, /* nothing in flight, or failed to start: lifespan shutdown, atexit */
};

struct pel_member {
    struct pel_supervisor *sv;
    unsigned slot; /* also its name: "worker 3" */
    enum pel_member_state state;
    struct pel_generation *gen;
    struct pel_seat *seat; /* NULL: dismissed, or replaced */
    pid_t pid;             /* 0 = not known yet */
    int pidfd;             /* owned; -1 = none */
    struct pel_channel channel;
    struct pel_deadline deadline; /* of its start, or of its end */
    uint64_t spawned_ns, ready_ns;
    enum pel_end end;      /* why it was told to end, or is killed */
    bool is_killed;        /* by us, and the log has said why */
    bool has_failed;       /* FAILED came, and the log has said why */
    struct pel_list queue; /* on sv->recycle_queue while it waits for the lease */
    char reason[64];       /* why it wants to be replaced */
};

struct pel_seat {
    struct pel_generation *gen;
    unsigned index;
    struct pel_member *holder, *heir;
    struct pel_backoff backoff;
    struct pel_deadline retry; /* set while the seat waits to be filled again */
};

enum pel_generation_state {
    PEL_GENERATION_STARTING = 0,
    PEL_GENERATION_SERVING,
    PEL_GENERATION_RETIRING, /* its workers leave, then it is freed */
};

struct pel_generation {
    struct pel_list link; /* on sv->generations */
    struct pel_supervisor *sv;
    unsigned number;
    enum pel_generation_state state;
    struct pel_reading reading;
    struct pel_role template;
    bool is_template_ready, was_template_ready;
    int access_fd;          /* owned; -1 = no access log */
    struct pel_seat *seats; /* sv->n_seats_max of them, those from n_wanted on are left empty */
    unsigned n_wanted;
    unsigned n_members; /* processes alive, dismissed ones included */
    char *told;         /* the traceback that was logged last */
};

enum pel_phase {
    PEL_PHASE_STARTING = 0, /* until the first generation serves */
    PEL_PHASE_SERVING,
    PEL_PHASE_STOPPING, /* workers leave */
    PEL_PHASE_FLUSHING, /* the observer leaves */
    PEL_PHASE_OVER,
};

/* An idle connection on its way from one worker to another. */
struct pel_parcel {
    struct pel_msg msg;
    int fd;
};

struct pel_supervisor {
    struct pel_supervisor_env *env;
    uv_loop_t loop;
    struct pel_deadlines deadlines;
    enum pel_phase phase;
    int exit_status;
    struct pel_sockets listeners, admin;
    struct pel_shm shm;
    struct pel_privileges privileges;
    struct pel_notify notify;
    struct pel_deadline watchdog;
    char status[64];  /* as last told to notify */
    char *log_output; /* path of the log; owned; NULL: standard error */
    uv_signal_t signals[9];
    struct pel_deadline settle;
    struct pel_list roles;                 /* that run */
    struct pel_list generations;           /* oldest first */
    struct pel_generation *current, *next; /* next: starting, to replace current */
    unsigned n_generations;                /* so far; numbers begin at 1 */
    unsigned n_seats_max;
    struct pel_member *members; /* one for each slot */
    unsigned n_members;         /* slots */
    struct pel_role observer, watcher;
    char *companion_doc;      /* what they are started with; owned */
    bool is_observer_foreign; /* started by the version before us */
    bool must_reload_again;   /* asked for while a reload was under way */
    bool is_hasty;            /* stopping, and told so twice */

    bool must_upgrade; /* as soon as nothing else is under way */
    pid_t probe_pid;   /* of the trial start of our successor; 0 = none */
    bool is_probed;    /* it has succeeded */

    struct pel_list recycle_queue;
    struct {
        struct pel_member *old, *heir; /* both NULL: the lease is free */
    } lease;
    struct pel_deadline recycle_pause;

    struct pel_parcel *parcels; /* that found every worker's socket full */
    size_t n_parcels;
    unsigned handoff_turn; /* slot that got the last one */
    struct pel_deadline handoff_retry;
};

static inline const struct pel_conf *pel_generation_conf(const struct pel_generation *gen)
{
    return gen->reading.conf;
}

static inline struct pel_shm_slot *pel_member_slot(const struct pel_member *m)
{
    return pel_shm_slot(&m->sv->shm, m->slot);
}

#endif
