#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "generation.h"
#include "member.h"
#include "pellucid/log.h"
#include "state.h"
#include "upgrade.h"

/* The generation of the old version: its configuration is read anew, since only its timeouts and
 * its access log matter to us; its template and workers go on with what they have. */
static struct pel_generation *legacy_generation(struct pel_supervisor *sv, struct pel_err *err)
{
    struct pel_reading reading;
    struct pel_generation *gen;

    if (sv->env->reload(sv->env->data, &reading, err) == -1)
        return NULL;
    gen = pel_generation_new(sv, reading, err);
    if (gen)
        pel_generation_resume(gen);
    return gen;
}

static int take_shm(struct pel_supervisor *sv, const char *line, struct pel_err *err)
{
    int fd, event_fd;

    if (sscanf(line, "%d %d", &fd, &event_fd) != 2)
        return pel_err_set(err, "cannot read what the old version left");
    if (pel_shm_attach(&sv->shm, fd, event_fd, err) == -1)
        return -1;
    sv->n_seats_max = sv->shm.n_slots / 2;
    pel_members_init(sv);
    return 0;
}

static int take_generation(struct pel_supervisor *sv, const char *line, struct pel_err *err)
{
    unsigned number, n_wanted;

    if (sscanf(line, "%u %u", &number, &n_wanted) != 2 || n_wanted > sv->n_seats_max)
        return pel_err_set(err, "cannot read what the old version left");
    sv->n_generations = number - 1;
    sv->current = legacy_generation(sv, err);
    if (!sv->current)
        return -1;
    sv->current->n_wanted = n_wanted;
    return 0;
}

static int take_socket(struct pel_sockets *ss, const char *line, struct pel_err *err)
{
    char path[108];
    int fd;

    if (sscanf(line, "%d %107[^\n]", &fd, path) != 2)
        return pel_err_set(err, "cannot read what the old version left");
    if (pel_listen_take_fd(ss, fd, "upgrade", err) == -1)
        return -1;
    if (path[0] == '/')
        memcpy(ss->items[ss->n - 1].path, path, sizeof(path));
    return 0;
}

static int take_listener(struct pel_supervisor *sv, const char *line, struct pel_err *err)
{
    return take_socket(&sv->listeners, line, err);
}

static int take_admin(struct pel_supervisor *sv, const char *line, struct pel_err *err)
{
    return take_socket(&sv->admin, line, err);
}

static int take_role(struct pel_role *role, const char *line, struct pel_err *err)
{
    int pid, fd;

    if (sscanf(line, "%d %d", &pid, &fd) != 2)
        return pel_err_set(err, "cannot read what the old version left");
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return pel_role_adopt(role, pid, fd, err);
}

static int take_observer(struct pel_supervisor *sv, const char *line, struct pel_err *err)
{
    return take_role(&sv->observer, line, err);
}

static int take_template(struct pel_supervisor *sv, const char *line, struct pel_err *err)
{
    return take_role(&sv->current->template, line, err);
}

static int take_worker(struct pel_supervisor *sv, const char *line, struct pel_err *err)
{
    struct pel_member_legacy w;
    unsigned long long spawned_ns, ready_ns;

    if (sscanf(line, "%u %d %d %d %d %llu %llu", &w.slot, &w.seat, &w.pid, &w.pidfd, &w.control_fd,
               &spawned_ns, &ready_ns) != 7 ||
        w.slot >= sv->n_members || w.seat < -1 || w.seat >= (int)sv->n_seats_max)
        return pel_err_set(err, "cannot read what the old version left");
    w.spawned_ns = spawned_ns;
    w.ready_ns = ready_ns;
    fcntl(w.pidfd, F_SETFD, FD_CLOEXEC);
    fcntl(w.control_fd, F_SETFD, FD_CLOEXEC);
    return pel_member_adopt(sv->current, &w, err);
}

static const struct {
    const char *word;
    int (*take)(struct pel_supervisor *sv, const char *line, struct pel_err *err);
} table[] = {
    {"shm ", take_shm},       {"generation ", take_generation}, {"listen ", take_listener},
    {"admin ", take_admin},   {"observer ", take_observer},     {"template ", take_template},
    {"worker ", take_worker},
};

static int take_line(struct pel_supervisor *sv, const char *line, struct pel_err *err)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(table); i++)
        if (strncmp(line, table[i].word, strlen(table[i].word)) == 0)
            return table[i].take(sv, line + strlen(table[i].word), err);
    return pel_err_set(err, "cannot read what the old version left");
}

int pel_upgrade_inherit(struct pel_supervisor *sv, int state_fd, struct pel_err *err)
{
    FILE *file = fdopen(state_fd, "r");
    char line[256];
    int rc = 0;

    if (!file)
        return pel_err_sys(err, "cannot read what the old version left");
    while (rc == 0 && fgets(line, sizeof(line), file) && *line)
        rc = take_line(sv, line, err);
    fclose(file);
    return rc;
}
