#include "daemon/check.h"

#include "daemon/plan.h"
#include "process/bind.h"
#include "process/keys.h"
#include "process/priv.h"

#include <errno.h>
#include <ifaddrs.h>
#include <moxd/path.h>
#include <moxd/tls.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1024 * 1024 };

static void print(struct moxd_buf *b)
{
    (void)fwrite(moxd_buf_cstr(b), 1, b->n, stdout);
    moxd_buf_fini(b);
}

/* The pair is put to use as the server would, which finds keys that do not match and the like. */
static void check_key(const struct core_key *key, struct moxd_problems *problems)
{
    struct moxd_err err = { 0 };
    struct moxd_tls_opts opts = { .hostname = "localhost", .lenient_sni = true };
    int fd[2];

    if (core_key_open(key, fd, &err) < 0) {
        moxd_problem(problems, key->pos, NULL, "%s", err.priv);
        return;
    }
    struct moxd_tls_pair pair = {
        .cert_path = key->path[0], .key_path = key->path[1], .cert_fd = fd[0], .key_fd = fd[1]
    };
    struct moxd_tls *tls = moxd_tls_new(&opts, &pair, 1, &err);
    if (!tls)
        moxd_problem(problems, key->pos, NULL, "%s", err.priv);
    else if (moxd_tls_warning(tls))
        moxd_problem_warning(problems, key->pos, "%s", moxd_tls_warning(tls));
    moxd_tls_free(tls);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static bool is_wildcard(const struct sockaddr_storage *addr)
{
    if (addr->ss_family == AF_INET)
        return ((const struct sockaddr_in *)addr)->sin_addr.s_addr == INADDR_ANY;
    return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)addr)->sin6_addr);
}

static bool same_ip(const struct sockaddr_storage *a, const struct sockaddr *b)
{
    if (!b || a->ss_family != b->sa_family)
        return false;
    if (b->sa_family == AF_INET)
        return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)b)->sin_addr.s_addr;
    return b->sa_family == AF_INET6 &&
           IN6_ARE_ADDR_EQUAL(&((const struct sockaddr_in6 *)a)->sin6_addr,
                              &((const struct sockaddr_in6 *)b)->sin6_addr);
}

/* All of 127.0.0.0/8 is there, whatever the interface lists. */
static bool is_loopback4(const struct sockaddr_storage *addr)
{
    return addr->ss_family == AF_INET &&
           ntohl(((const struct sockaddr_in *)addr)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* A listener has a bind for each of its services; one message is enough. */
static bool looked_at(const struct core_binds *binds, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(binds->v[k].listener, binds->v[i].listener) == 0 &&
            strcmp(binds->v[k].address, binds->v[i].address) == 0)
            return true;
    return false;
}

static void check_addresses(const struct core_binds *binds, struct moxd_problems *problems)
{
    struct ifaddrs *list;

    if (getifaddrs(&list) < 0)
        return;
    for (size_t i = 0; i < binds->n; i++) {
        const struct core_bind *b = &binds->v[i];
        bool found = is_wildcard(&b->addr) || is_loopback4(&b->addr);
        for (const struct ifaddrs *ifa = list; ifa && !found; ifa = ifa->ifa_next)
            found = same_ip(&b->addr, ifa->ifa_addr);
        if (!found && !looked_at(binds, i))
            moxd_problem(problems, b->pos, "`ip addr` shows the addresses that it has",
                         "listener \"%s\": this machine does not have the address %s", b->listener,
                         b->address);
    }
    freeifaddrs(list);
}

static void check_trust(const struct moxd_core_conf *core, struct moxd_problems *problems)
{
    const struct core_tls_conf *tls = core->tls;

    for (size_t i = 0; i < tls->ca.n; i++) {
        struct moxd_err err = { 0 };
        if (moxd_tls_trust(&tls->ca.v[i], 1, true, &err) < 0)
            moxd_problem(problems, tls->ca.pos[i], NULL, "%s", err.priv);
    }
}

static void check_user(const struct moxd_core_conf *core, struct moxd_problems *problems)
{
    struct core_user user;
    struct moxd_err err = { 0 };

    if (geteuid() == 0 && core_user_find(core->user, &user, &err) < 0)
        moxd_problem(problems, core->head.pos, NULL, "%s", err.priv);
}

static void check_data_dir(const struct moxd_core_conf *core, struct moxd_problems *problems)
{
    struct stat st;

    if (stat(core->data_dir, &st) < 0 && errno != ENOENT)
        moxd_problem(problems, core->head.pos, NULL, "data-dir %s: %s", core->data_dir,
                     strerror(errno));
    else if (stat(core->data_dir, &st) == 0 && !S_ISDIR(st.st_mode))
        moxd_problem(problems, core->head.pos, NULL, "data-dir %s: not a directory",
                     core->data_dir);
}

static void check_world(struct core_plan *plan)
{
    const struct moxd_core_conf *core = core_conf_of(plan->conf);
    struct core_keys keys;
    struct core_binds binds;

    core_keys_plan(plan->conf, plan->a, &keys);
    for (size_t i = 0; i < keys.n; i++)
        check_key(&keys.v[i], plan->problems);
    core_binds_plan(plan->conf, plan->set, plan->a, &binds);
    check_addresses(&binds, plan->problems);
    check_trust(core, plan->problems);
    check_user(core, plan->problems);
    check_data_dir(core, plan->problems);
}

/* The module alone: what it needs and what fires its points need not be there. */
static int check_module(const char *path)
{
    struct moxd_problems *problems = core_problems_new();
    struct core_modules *set = core_modules_new();
    struct moxd_buf out = MOXD_BUF_INIT(OUTPUT_MAX);
    const char *file = strchr(path, '/') ? path : NULL;
    MOXD_CLEANUP(moxd_freep) char *here = file ? NULL : moxd_path_dup(".", path);

    core_modules_load_file(set, file ? file : here, (struct moxd_pos){ .file = path }, problems);
    size_t errors = core_problems_errors(problems);
    core_modules_show(set, &out);
    print(&out);
    core_problems_write(problems, &out);
    (void)fwrite(moxd_buf_cstr(&out), 1, out.n, stderr);
    moxd_buf_fini(&out);
    core_modules_free(set);
    core_problems_free(problems);
    return errors ? CORE_EXIT_FAILED : CORE_EXIT_OK;
}

int core_check(const struct core_options *o)
{
    struct core_plan plan;

    if (o->module)
        return check_module(o->module);
    if (core_plan_make(&plan, o->config) == 0 || plan.conf)
        check_world(&plan);
    size_t errors = core_plan_report(&plan);
    if (errors)
        (void)fprintf(stderr, "moxd: %zu error%s\n", errors, errors == 1 ? "" : "s");
    else
        (void)printf("%s: all is well\n", o->config);
    core_plan_fini(&plan);
    return errors ? CORE_EXIT_FAILED : CORE_EXIT_OK;
}

int core_show_order(const struct core_options *o)
{
    struct core_plan plan;
    struct moxd_buf out = MOXD_BUF_INIT(OUTPUT_MAX);
    int rc = core_plan_make(&plan, o->config);

    (void)core_plan_report(&plan);
    if (rc == 0 && o->markdown)
        core_hooks_markdown(plan.set, &out);
    else if (rc == 0)
        core_hooks_show(plan.set, &out);
    print(&out);
    core_plan_fini(&plan);
    return rc < 0 ? CORE_EXIT_FAILED : CORE_EXIT_OK;
}
