#include "process/ballast.h"
#include "process/lock.h"
#include "process/parent_priv.h"
#include "process/perms.h"

#include <errno.h>
#include <moxd/stream.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UMASK = 0077 };

static int say(const struct moxd_err *err)
{
    (void)fprintf(stderr, "moxd: %s\n", err->priv);
    return -1;
}

/* Root gives its privileges up, others have none. */
static int find_user(struct core_parent *p)
{
    struct moxd_err err = { 0 };

    if (geteuid() != 0)
        return 0;
    if (core_user_find(p->core->user, &p->user, &err) < 0)
        return say(&err);
    if (p->user.uid == 0)
        moxd_warn(&p->log, "the server runs as root, since moxd.conf says so");
    else
        p->as = &p->user;
    return 0;
}

static int make_data_dir(struct core_parent *p)
{
    const char *dir = p->core->data_dir;
    struct moxd_err err = { 0 };

    if (mkdir(dir, 0700) < 0) {
        if (errno == EEXIST)
            return 0;
        (void)moxd_err_sys(&err, "data-dir %s", dir);
        return say(&err);
    }
    moxd_info(&p->log, "made the data directory", moxd_kvs("data-dir", dir));
    if (p->as)
        moxd_log_check(&p->log, chown(dir, p->as->uid, p->as->gid), dir);
    return 0;
}

static void repair_permissions(struct core_parent *p)
{
    const char **keys = moxd_arena_calloc(p->plan.a, p->keys.n + 1, sizeof(*keys));

    if (!p->as || p->core->no_fix_permissions)
        return;
    for (size_t i = 0; i < p->keys.n; i++)
        keys[i] = p->keys.v[i].path[1];
    core_perms_repair(&(struct core_perms){ .data_dir = p->core->data_dir,
                                            .config_path = p->core->config_path,
                                            .domains_path = p->core->domains_path,
                                            .keys = keys,
                                            .user = p->as,
                                            .log = &p->log });
}

static int take_data_dir(struct core_parent *p)
{
    struct moxd_err err = { 0 };

    if (make_data_dir(p) < 0)
        return -1;
    p->lock = core_lock_take(p->core->data_dir, p->as, &err);
    if (p->lock < 0)
        return say(&err);
    repair_permissions(p);
    (void)core_ballast_make(p->core->data_dir, p->as, &p->log);
    return 0;
}

static void log_bind(const struct core_parent *p, const struct core_bind *b)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);
    char ip[64];

    if (getsockname(b->fd, (struct sockaddr *)&addr, &len) < 0)
        return;
    moxd_info(&p->log, "listening", moxd_kvs("listener", b->listener),
              moxd_kvs("service", b->service),
              moxd_kvs("address", moxd_addr_ip((const struct sockaddr *)&addr, ip)),
              moxd_kvu("port", moxd_addr_port((const struct sockaddr *)&addr)));
}

static int bind_all(struct core_parent *p)
{
    core_binds_plan(p->plan.conf, p->plan.set, p->plan.a, &p->binds);
    if (core_binds_open(&p->binds, p->plan.problems) < 0) {
        (void)core_plan_report(&p->plan);
        return -1;
    }
    for (size_t i = 0; i < p->binds.n; i++)
        log_bind(p, &p->binds.v[i]);
    return 0;
}

/* The path, so that an upgrade gets what is installed there by then. */
static char *own_path(void)
{
    char *path = realpath("/proc/self/exe", NULL);

    return path ? path : moxd_xstrdup(MOXD_SBINDIR "/moxd");
}

int core_parent_setup(struct core_parent *p)
{
    (void)umask(UMASK);
    p->exe = own_path();
    int rc = core_plan_make(&p->plan, p->o->config);
    (void)core_plan_report(&p->plan);
    if (rc < 0)
        return -1;
    p->core = core_conf_of(p->plan.conf);
    moxd_log_set_level(NULL, (enum moxd_level)p->core->log_level);
    core_keys_plan(p->plan.conf, p->plan.a, &p->keys);
    if (find_user(p) < 0 || take_data_dir(p) < 0 || bind_all(p) < 0)
        return -1;
    core_priv_harden(p->core->log_level >= MOXD_DEBUG);
    return 0;
}

void core_parent_fini(struct core_parent *p)
{
    core_binds_close(&p->binds);
    moxd_closep(&p->lock);
    moxd_closep(&p->ready_fd);
    if (p->plan.set)
        core_plan_fini(&p->plan);
    free(p->exe);
}
