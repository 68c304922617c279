/* Users and privileges. */
#ifndef MOXD_CORE_PRIV_H
#define MOXD_CORE_PRIV_H

#include <moxd/err.h>
#include <sys/types.h>

struct core_user {
    const char *name;
    uid_t uid;
    gid_t gid;
};

/* Looks the service user up; NOTFOUND with what to do about it. */
int core_user_find(const char *name, struct core_user *out, struct moxd_err *err) MOXD_CHECKED;
/* Becomes the user for good: no supplementary groups, no way back (tried), no new privileges through
 * exec. Root only; when the user is root itself, only the latter is done. */
int core_priv_drop(const struct core_user *user, struct moxd_err *err) MOXD_CHECKED;
/* For every process: nobody may trace it or read its memory, and exec gains nothing. With `debug` it
 * stays traceable. */
void core_priv_harden(bool debug);

#endif
