#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "privileges.h"

#define EXIT_CANNOT_EXEC 127

void pel_command_add_arg(struct pel_command *c, const char *text)
{
    c->argv = pel_mem_resize(c->argv, c->argc + 2, sizeof(*c->argv));
    c->argv[c->argc] = pel_mem_dup(pel_str(text, strlen(text)));
    c->argv[++c->argc] = NULL;
}

void pel_command_init(struct pel_command *c, char *const *argv)
{
    *c = (struct pel_command){.argv = NULL};
    for (; *argv; argv++)
        pel_command_add_arg(c, *argv);
}

void pel_command_fini(struct pel_command *c)
{
    for (size_t i = 0; i < c->argc; i++)
        free(c->argv[i]);
    free(c->argv);
    free(c->fds);
    *c = (struct pel_command){.argv = NULL};
}

void pel_command_add_inherited(struct pel_command *c, int fd)
{
    c->fds = pel_mem_resize(c->fds, c->n_fds + 1, sizeof(*c->fds));
    c->fds[c->n_fds++] = fd;
}

void pel_command_add_fds(struct pel_command *c, const char *name, const int *fds, size_t n)
{
    struct pel_buf text;

    pel_buf_init(&text);
    pel_buf_addf(&text, "%s=", name);
    for (size_t i = 0; i < n; i++) {
        pel_buf_addf(&text, "%s%d", i ? "," : "", fds[i]);
        if (fds[i] != -1)
            pel_command_add_inherited(c, fds[i]);
    }
    pel_buf_add(&text, "", 1);
    pel_command_add_arg(c, text.p);
    pel_buf_fini(&text);
}

void pel_command_add_fd(struct pel_command *c, const char *name, int fd)
{
    pel_command_add_fds(c, name, &fd, 1);
}

static bool is_ours_alone(const char *variable)
{
    static const char *const names[] = {"NOTIFY_SOCKET=", "WATCHDOG_",  "LISTEN_PID=",
                                        "LISTEN_FDS=",    "LISTEN_FDN", "PELLUCID_UPGRADE="};

    for (size_t i = 0; i < PEL_ARRAY_LEN(names); i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static char *assignment(const char *name, const char *value)
{
    size_t len = strlen(name) + strlen(value) + 2;
    char *text = pel_mem_new(len, 1);

    snprintf(text, len, "%s=%s", name, value);
    return text;
}

/* The environment of the child: without what systemd meant for us, with the user's own home. It is
 * made in the child, which execs or ends, so nobody frees it. */
static char **environment(const struct pel_command *c, const struct pel_privileges *as)
{
    size_t n = 0, kept = 0;
    char **env;

    while (environ[n])
        n++;
    env = pel_mem_new(n + 5, sizeof(*env));
    for (size_t i = 0; i < n; i++) {
        bool is_users = as->name && (strncmp(environ[i], "HOME=", 5) == 0 ||
                                     strncmp(environ[i], "USER=", 5) == 0 ||
                                     strncmp(environ[i], "LOGNAME=", 8) == 0);

        if (!is_ours_alone(environ[i]) && !is_users)
            env[kept++] = environ[i];
    }
    if (as->name) {
        env[kept++] = assignment("HOME", as->home);
        env[kept++] = assignment("USER", as->name);
        env[kept++] = assignment("LOGNAME", as->name);
    }
    if (c->variable)
        env[kept++] = (char *)(uintptr_t)c->variable;
    env[kept] = NULL;
    return env;
}

PEL_NORETURN static void become(struct pel_command *c, const struct pel_privileges *as,
                                const sigset_t *mask)
{
    struct sigaction dfl = {.sa_handler = SIG_DFL};

    pel_log_set_watch(NULL, NULL); /* who watches is in the parent */
    for (int sig = 1; sig < NSIG; sig++)
        sigaction(sig, &dfl, NULL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    for (size_t i = 0; i < c->n_fds; i++)
        fcntl(c->fds[i], F_SETFD, 0);
    if (pel_privileges_drop(as) == -1)
        pel_log(PEL_LOG_USER_REFUSED, "cannot become user %s: %m",
                as->name ? as->name : "(group only)");
    else if (execve(c->argv[0], c->argv, environment(c, as)) == -1)
        pel_log(PEL_LOG_EXEC_FAILED, "cannot execute %s%s%s: %m", c->argv[0],
                as->name ? " as " : "", as->name ? as->name : "");
    _exit(EXIT_CANNOT_EXEC);
}

pid_t pel_command_spawn(struct pel_command *c, const struct pel_privileges *as, struct pel_err *err)
{
    sigset_t all, none, before;
    pid_t pid;

    /* Until exec the child has our handlers: a signal to the group would be handled twice here. */
    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        become(c, as, &none);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid == -1)
        return pel_err_sys(err, "cannot fork");
    return pid;
}

static int write_all(int fd, const char *p, size_t len)
{
    while (len) {
        ssize_t n = write(fd, p, len);

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int pel_command_document(const char *name, const char *text, struct pel_err *err)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd == -1)
        return pel_err_sys(err, "cannot make a memory file");
    if (write_all(fd, text, strlen(text)) == -1 || lseek(fd, 0, SEEK_SET) == -1) {
        pel_err_sys(err, "cannot write a memory file");
        close(fd);
        return -1;
    }
    return fd;
}
