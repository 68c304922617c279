/* moxctl mtasts lookup|list|refresh|drop */
#include "mtasts.h"

#include <moxmail/address.h>
#include <moxmail/date.h>

static struct mtasts *self(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct mtasts, m);
}

static int take_domain(struct moxd_ctl *c, const char *word, const char **out, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct moxd_domain d;

    if (moxd_domain_parse(moxd_cstr(word), MOXD_ADDRESS_UTF8, a, &d, err) < 0)
        return -1;
    *out = moxd_arena_cstr(a, d.ascii);
    return d.ip_len == 0 ? 0 : moxd_err_set(err, MOXD_ERR_INVALID, "%s is no domain", word);
}

static const char *when(struct moxd_ctl *c, int64_t ns)
{
    struct moxd_buf b = MOXD_BUF_INIT(100);
    const char *s;

    if (ns == 0)
        return "never";
    moxd_date_put_rfc3339(&b, ns / MOXD_SEC);
    s = moxd_arena_strdup(moxd_ctl_arena(c), moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return s;
}

static void show_policy(struct moxd_ctl *c, const struct moxd_mtasts_policy *p)
{
    const char *const *lines = moxd_mtasts_policy_lines(p, moxd_ctl_arena(c));

    for (; *lines; lines++)
        (void)moxd_ctl_printf(c, "%s\n", *lines);
}

/* What is published now; the cache stays as it is. */
static int cmd_lookup(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    struct mtasts_record r = { .id = "" };
    const char *why;

    (void)argc;
    if (take_domain(c, argv[0], &r.domain, err) < 0 ||
        mtasts_lookup(self(m), r.domain, moxd_ctl_arena(c), &r.id, err) != MTASTS_PRESENT)
        return -1;
    (void)moxd_ctl_printf(c, "record id: %s\n", r.id);
    if (mtasts_fetch(self(m), moxd_ctl_arena(c), &r, &why, err) < 0)
        return moxd_err_wrap(err, "%s", why);
    show_policy(c, &r.policy);
    return 0;
}

static int cmd_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    struct mtasts_record *v;
    size_t n;

    (void)argc, (void)argv;
    if (mtasts_all(self(m), moxd_ctl_arena(c), &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct mtasts_record *r = &v[i];
        (void)moxd_ctl_printf(c, "%s mode=%s id=%s fetched=%s expires=%s used=%s", r->domain,
                              r->has_policy ? moxd_mtasts_mode_name(r->policy.mode) : "unknown",
                              *r->id ? r->id : "-", when(c, r->fetched),
                              r->has_policy ? when(c, r->fetched + r->policy.max_age * MOXD_SEC)
                                            : "never",
                              when(c, r->used));
        for (size_t k = 0; k < r->policy.nmx; k++)
            (void)moxd_ctl_printf(c, " mx=%s", r->policy.mx[k]);
        if (r->failed)
            (void)moxd_ctl_printf(c, " failed=%s %s: %s", when(c, r->failed), r->why, r->what);
        (void)moxd_ctl_printf(c, "\n");
    }
    return 0;
}

static int refresh_one(struct mtasts *t, struct moxd_ctl *c, const char *domain,
                       struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct mtasts_record r;

    if (mtasts_policy(t, domain, true, a, &r, err) < 0)
        return -1;
    (void)moxd_ctl_printf(c, "%s: %s%s%s%s\n", domain,
                          r.has_policy ? moxd_mtasts_mode_name(r.policy.mode) : "no policy",
                          *r.why ? ", " : "", r.why, *r.why ? ": " : "");
    if (*r.why)
        (void)moxd_ctl_printf(c, "  %s\n", r.what);
    return 0;
}

static int cmd_refresh(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    struct mtasts_record *v;
    const char *domain;
    size_t n;

    if (argc > 0)
        return take_domain(c, argv[0], &domain, err) < 0 ? -1
                                                         : refresh_one(self(m), c, domain, err);
    if (mtasts_all(self(m), moxd_ctl_arena(c), &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (refresh_one(self(m), c, v[i].domain, err) < 0)
            return -1;
    return 0;
}

static int cmd_drop(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    const char *domain;

    (void)argc;
    return take_domain(c, argv[0], &domain, err) < 0 ? -1 : mtasts_drop(self(m), domain, err);
}

const struct moxd_command mtasts_commands[] = {
    { .name = "mtasts lookup",
      .args = "DOMAIN",
      .summary = "show the MTA-STS policy that a domain publishes",
      .help = "Asks DNS for the record, and the domain's policy host for the policy. What the "
              "server remembers of the domain stays as it is.",
      .min_args = 1,
      .max_args = 1,
      .run = cmd_lookup },
    { .name = "mtasts list",
      .args = "",
      .summary = "list the MTA-STS policies that are remembered",
      .help = "One line for each domain; with the reason where the last fetch failed.",
      .run = cmd_list },
    { .name = "mtasts refresh",
      .args = "[DOMAIN]",
      .summary = "fetch MTA-STS policies anew",
      .help = "That of the domain, or all that are remembered.",
      .max_args = 1,
      .run = cmd_refresh },
    { .name = "mtasts drop",
      .args = "DOMAIN",
      .summary = "forget the MTA-STS policy of a domain",
      .help = "It is fetched again when mail goes there. For a domain that has locked itself out "
              "with a policy that it cannot keep.",
      .min_args = 1,
      .max_args = 1,
      .run = cmd_drop },
    { 0 },
};
