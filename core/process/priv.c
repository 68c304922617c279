#include "process/priv.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

int core_user_find(const char *name, struct core_user *out, struct moxd_err *err)
{
    errno = 0;
    const struct passwd *pw = getpwnam(name);

    if (!pw && errno != 0 && errno != ENOENT)
        return moxd_err_sys(err, "looking up the user \"%s\"", name);
    if (!pw)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND,
                            "there is no user \"%s\" to run as: make one (useradd --system "
                            "--no-create-home --shell /usr/sbin/nologin %s), or set user in "
                            "moxd.conf",
                            name, name);
    *out = (struct core_user){ .name = name, .uid = pw->pw_uid, .gid = pw->pw_gid };
    return 0;
}

void core_priv_harden(bool debug)
{
#ifdef __linux__
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)prctl(PR_SET_DUMPABLE, debug ? 1 : 0, 0, 0, 0);
#else
    (void)debug;
#endif
}

/* Whether any of the three ids could still be something else. */
static bool is_only(const struct core_user *user)
{
    uid_t u[3];
    gid_t g[3];

    if (getresuid(&u[0], &u[1], &u[2]) < 0 || getresgid(&g[0], &g[1], &g[2]) < 0)
        return false;
    for (int i = 0; i < 3; i++)
        if (u[i] != user->uid || g[i] != user->gid)
            return false;
    return setuid(0) < 0 && setgid(0) < 0;
}

int core_priv_drop(const struct core_user *user, struct moxd_err *err)
{
    if (user->uid == 0)
        return 0;
    if (setgroups(1, &user->gid) < 0 || setgid(user->gid) < 0 || setuid(user->uid) < 0)
        return moxd_err_sys(err, "becoming the user \"%s\"", user->name);
    if (!is_only(user))
        return moxd_err_set(err, MOXD_ERR_INTERNAL,
                            "could not give up root's privileges for good as user \"%s\"",
                            user->name);
    return 0;
}
