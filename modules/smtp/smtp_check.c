/* What `moxd -t` says about listeners that cannot work as they are. */
#include "smtp.h"

static const struct smtp_service_conf *service_of(const struct moxd_listener_conf *l,
                                                  const char *name)
{
    const struct smtp_service_conf *sc = moxd_conf_ext(&l->head, name);

    return sc && sc->sc.head.node ? sc : NULL;
}

static void check_listener(const struct moxd_listener_conf *l, struct moxd_problems *out)
{
    const struct smtp_service_conf *smtp = service_of(l, "smtp");
    const struct smtp_service_conf *submission = service_of(l, "submission");

    if (l->tls)
        return;
    if (smtp && smtp->require_starttls)
        moxd_problem(out, smtp->sc.head.pos, "add tls { } to the listener",
                     "require-starttls, and the listener has no TLS: no mail could come in");
    if (submission && submission->require_starttls)
        moxd_problem_warning(out, submission->sc.head.pos,
                             "the listener has no TLS: only clients on loopback can log in");
}

void smtp_check(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_problems *out)
{
    const struct moxd_core_conf *core = moxd_conf_core();

    (void)m, (void)conf;
    for (size_t i = 0; i < core->listeners.n; i++)
        check_listener(core->listeners.v[i], out);
}
