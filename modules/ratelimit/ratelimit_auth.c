/* Failed logins: counted by network, and the connection is slowed down. */
#include "ratelimit.h"

static struct ratelimit *of(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct ratelimit, m);
}

enum moxd_verdict ratelimit_on_auth_check(struct moxd_instance *m, const struct auth_event *ev,
                                          struct moxd_reply *reply)
{
    const struct ratelimit *r = of(m);
    struct ratelimit_full full;
    struct moxd_network ip;

    if (!ratelimit_concerns(r, ev->env->remote_ip, &ip) ||
        !ratelimit_full(r, &ip, 1u << RATELIMIT_FAILED | 1u << RATELIMIT_FAILED_DAY, &full))
        return MOXD_NEXT;
    ratelimit_refused(r, &full, reply);
    return moxd_reply_set(reply, 454, "4.7.0",
                          "too many failed logins from your network, try again later");
}

/* Whether somebody was wrong about a name or a password, rather than broke off, or we are broken. */
static bool counts(const char *result)
{
    static const char *const wrong[] = { "badcreds", "baduser", "badpassword", "badchanbind" };

    for (size_t i = 0; i < MOXD_NELEMS(wrong); i++)
        if (strcmp(result, wrong[i]) == 0)
            return true;
    return false;
}

static void slow_down(struct moxd_stream *st, bool slow, const struct auth_env *env)
{
    moxd_stream_slow(st, slow);
    if (slow)
        moxd_info(env->log, "connection slowed down", moxd_kvu("failed-logins", env->failures));
}

void ratelimit_on_auth(struct moxd_instance *m, const struct auth_event *ev)
{
    struct ratelimit *r = of(m);
    struct moxd_stream *st = ev->env->stream;
    bool ok = strcmp(ev->result, "ok") == 0;
    struct moxd_network ip;

    if (!ratelimit_concerns(r, ev->env->remote_ip, &ip))
        return;
    if (counts(ev->result)) {
        ratelimit_count(r, &ip, RATELIMIT_FAILED);
        ratelimit_count(r, &ip, RATELIMIT_FAILED_DAY);
    }
    if (!st)
        return;
    if (ok)
        ratelimit_conn_owned(r, st, ev->account);
    if (r->conf->slow_after > 0)
        slow_down(st, !ok && ev->env->failures >= r->conf->slow_after, ev->env);
}
