#include <fcntl.h>
#include <unistd.h>

#include "access.h"
#include "pellucid/log.h"
#include "state.h"

static bool is_file(const char *where)
{
    return strcmp(where, "-") != 0 && strcmp(where, "off") != 0 && *where;
}

int pel_access_open(const char *where, int *out_fd, struct pel_err *err)
{
    int fd = -1;

    if (is_file(where))
        fd = open(where, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    else if (strcmp(where, "-") == 0)
        fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd == -1 && is_file(where))
        return pel_err_sys(err, "http.access_log: cannot open %s", where);
    *out_fd = fd;
    return 0;
}

/* Whoever does not read right now has the message waiting. */
static void hand_round(struct pel_generation *gen)
{
    struct pel_supervisor *sv = gen->sv;
    struct pel_msg msg = {.type = PEL_MSG_REOPEN};

    if (gen->template.pid)
        pel_channel_send(&gen->template.channel, &msg, gen->access_fd);
    for (unsigned i = 0; i < sv->n_members; i++) {
        struct pel_member *m = &sv->members[i];

        if (m->gen != gen)
            continue;
        msg.slot = m->slot;
        if (pel_channel_send(&m->channel, &msg, gen->access_fd) == -1)
            pel_log(PEL_LOG_LOG_NOT_TAKEN, "worker %u goes on with the old access log: %m",
                    m->slot);
    }
}

static void reopen(struct pel_generation *gen)
{
    const char *where = pel_generation_conf(gen)->http_access_log;
    struct pel_err err;
    int fd;

    if (!is_file(where))
        return;
    if (pel_access_open(where, &fd, &err) == -1) {
        pel_log(PEL_LOG_LOG_NOT_REOPENED, "%s; the old file goes on", err.text);
        return;
    }
    close(gen->access_fd);
    gen->access_fd = fd;
    hand_round(gen);
    pel_log(PEL_LOG_LOG_REOPENED, "reopened %s", where);
}

void pel_access_reopen(struct pel_supervisor *sv)
{
    for (struct pel_list *at = sv->generations.next; at != &sv->generations; at = at->next)
        reopen(PEL_CONTAINER_OF(at, struct pel_generation, link));
}
