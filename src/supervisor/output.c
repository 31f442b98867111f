#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "output.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "state.h"

static int open_file(const char *path, struct pel_err *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

    return fd == -1 ? pel_err_sys(err, "log.output: cannot open %s", path) : fd;
}

int pel_output_open(struct pel_supervisor *sv, const char *path, struct pel_err *err)
{
    int fd;

    if (strcmp(path, "-") == 0)
        return 0;
    fd = open_file(path, err);
    if (fd == -1)
        return -1;
    sv->log_output = pel_mem_dup(pel_str(path, strlen(path)));
    pel_log_take(fd);
    close(fd);
    return 0;
}

void pel_output_close(struct pel_supervisor *sv)
{
    free(sv->log_output);
    sv->log_output = NULL;
}

static void tell(struct pel_channel *channel, const char *name, unsigned slot, int fd)
{
    struct pel_msg msg = {.type = PEL_MSG_REOPEN_LOG, .slot = slot};

    if (pel_channel_is_open(channel) && pel_channel_send(channel, &msg, fd) == -1)
        pel_log(PEL_LOG_LOG_NOT_TAKEN, "%s %u goes on with the old log: %m", name, slot);
}

static void hand_round(struct pel_supervisor *sv, int fd)
{
    tell(&sv->observer.channel, "observer", 0, fd);
    tell(&sv->watcher.channel, "watcher", 0, fd);
    for (struct pel_list *at = sv->generations.next; at != &sv->generations; at = at->next) {
        struct pel_generation *gen = PEL_CONTAINER_OF(at, struct pel_generation, link);

        tell(&gen->template.channel, "template", gen->number, fd);
    }
    for (unsigned i = 0; i < sv->n_members; i++)
        if (sv->members[i].state != PEL_MEMBER_NONE)
            tell(&sv->members[i].channel, "worker", sv->members[i].slot, fd);
}

void pel_output_reopen(struct pel_supervisor *sv)
{
    struct pel_err err;
    int fd;

    if (!sv->log_output)
        return;
    fd = open_file(sv->log_output, &err);
    if (fd == -1) {
        pel_log(PEL_LOG_LOG_NOT_REOPENED, "%s; the old file goes on", err.text);
        return;
    }
    pel_log_take(fd);
    hand_round(sv, fd);
    close(fd);
    pel_log(PEL_LOG_LOG_REOPENED, "reopened %s", sv->log_output);
}
