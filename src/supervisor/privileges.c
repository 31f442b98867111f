#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "pellucid/mem.h"
#include "privileges.h"

static bool parse_id(const char *text, unsigned long *out)
{
    char *end;

    *out = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out < UINT32_MAX;
}

static void find_groups(struct pel_privileges *p)
{
    int n = 64;

    for (;;) {
        p->n_groups = n;
        p->groups = pel_mem_resize(p->groups, (size_t)n, sizeof(*p->groups));
        if (getgrouplist(p->name, p->gid, p->groups, &p->n_groups) != -1)
            return;
        n = p->n_groups > n ? p->n_groups : 2 * n;
    }
}

static int find_user(struct pel_privileges *p, const char *user, struct pel_err *err)
{
    struct passwd *pw = getpwnam(user);
    unsigned long id;

    if (!pw && parse_id(user, &id))
        pw = getpwuid((uid_t)id);
    if (!pw)
        return pel_err_set(err, "server.user: there is no user \"%s\" on this machine", user);
    p->uid = pw->pw_uid;
    p->gid = pw->pw_gid;
    p->name = pel_mem_dup(pel_str(pw->pw_name, strlen(pw->pw_name)));
    p->home = pel_mem_dup(pel_str(pw->pw_dir, strlen(pw->pw_dir)));
    return 0;
}

static int find_group(struct pel_privileges *p, const char *group, struct pel_err *err)
{
    struct group *gr = getgrnam(group);
    unsigned long id;

    if (gr)
        p->gid = gr->gr_gid;
    else if (parse_id(group, &id))
        p->gid = (gid_t)id;
    else
        return pel_err_set(err, "server.group: there is no group \"%s\" on this machine", group);
    return 0;
}

int pel_privileges_find(struct pel_privileges *p, const char *user, const char *group,
                        struct pel_err *err)
{
    *p = (struct pel_privileges){.uid = geteuid(), .gid = getegid()};
    if (!*user && !*group)
        return 0;
    if ((*user && find_user(p, user, err) == -1) || (*group && find_group(p, group, err) == -1))
        goto fini;
    if (geteuid() != 0) {
        if (p->uid == geteuid() && p->gid == getegid())
            goto stay;
        pel_err_set(err,
                    "server.%s: only root can run the app as another; start as root or leave "
                    "it out",
                    *user ? "user" : "group");
        goto fini;
    }
    if (p->name)
        find_groups(p);
    p->is_set = true;
    return 0;

fini:
    pel_privileges_fini(p);
    return -1;
stay:
    pel_privileges_fini(p);
    return 0;
}

void pel_privileges_fini(struct pel_privileges *p)
{
    free(p->groups);
    free(p->name);
    free(p->home);
    *p = (struct pel_privileges){.is_set = false};
}

int pel_privileges_drop(const struct pel_privileges *p)
{
    if (!p->is_set)
        return 0;
    if (setgroups((size_t)p->n_groups, p->groups) == -1 ||
        setresgid(p->gid, p->gid, p->gid) == -1 || setresuid(p->uid, p->uid, p->uid) == -1)
        return -1;
    if (p->uid != 0 && setuid(0) != -1) {
        errno = EPERM; /* the way back must be shut */
        return -1;
    }
    return 0;
}
