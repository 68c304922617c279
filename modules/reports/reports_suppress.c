/* Addresses that get no reports (P-AUTHN-06): table "reports.suppressed", address or URL in lower case -> until when, and
 * why. For addresses that bounce, and people who did not ask. */
#include "reports.h"

#include <moxmail/date.h>
#include <stdlib.h>

static const char table[] = "reports.suppressed";
enum { ADDRESS_MAX = 400, COMMENT_MAX = 400 };

struct job {
    struct reports *r;
    char key[ADDRESS_MAX];
    struct moxd_str value;
    struct moxd_buf found;
    bool is_there;
};

static int set_key(struct job *j, const char *address, struct moxd_err *err)
{
    struct moxd_str s = moxd_cstr(address);

    if (moxd_str_casestarts(s, MOXD_STR("mailto:")))
        s = moxd_str_from(s, 7);
    if (s.n == 0 || s.n >= ADDRESS_MAX || moxd_str_copy(s, j->key, sizeof(j->key)) < 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "neither an address nor a URL");
    for (char *c = j->key; *c; c++)
        *c = moxd_lower(*c);
    return 0;
}

static int find(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;

    moxd_buf_reset(&j->found);
    int rc = store_tx_find(j->r->store, tx, table, moxd_cstr(j->key), &j->found, err);
    j->is_there = rc > 0;
    return rc < 0 ? -1 : 0;
}

static int64_t until(struct moxd_str value)
{
    uint64_t sec = 0;

    return moxd_str_take_u64(&value, INT64_MAX / MOXD_SEC, &sec) < 0 ? 0 : (int64_t)sec;
}

int reports_suppressed(struct reports *r, const char *address, struct moxd_err *err)
{
    struct job j = { .r = r, .found = MOXD_BUF_INIT(4096) };

    if (set_key(&j, address, err) < 0)
        return 1; /* it would not be an address to send to */
    int rc = r->store->view(r->store_self, NULL, find, &j, err);
    if (rc == 0)
        rc = j.is_there && until(moxd_buf_str(&j.found)) > moxd_wall() / MOXD_SEC;
    moxd_buf_fini(&j.found);
    return rc;
}

static int put(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;

    return j->value.p ? j->r->store->tx_put(tx, table, moxd_cstr(j->key), j->value, err)
                      : j->r->store->tx_del(tx, table, moxd_cstr(j->key), err);
}

/* ---- moxctl reports suppress|unsuppress|suppressed */

enum { DAY = 86400, DAYS = 3650 };

static int cmd_suppress(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                        struct moxd_err *err)
{
    struct job j = { .r = reports_self(m) };
    uint64_t days = DAYS;

    if (set_key(&j, argv[0], err) < 0)
        return -1;
    if (argc > 1 && moxd_str_u64(moxd_cstr(argv[1]), DAYS, &days) < 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s is no number of days up to %d", argv[1],
                            (int)DAYS);
    j.value = moxd_cstr(moxd_arena_printf(moxd_ctl_arena(c), "%lld %.*s",
                                          (long long)(moxd_wall() / MOXD_SEC + (int64_t)days * DAY),
                                          (int)COMMENT_MAX, argc > 2 ? argv[2] : ""));
    return j.r->store->transact(j.r->store_self, NULL, put, &j, err);
}

static int cmd_unsuppress(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    struct job j = { .r = reports_self(m) };

    (void)c, (void)argc;
    return set_key(&j, argv[0], err) < 0
               ? -1
               : j.r->store->transact(j.r->store_self, NULL, put, &j, err);
}

static int on_record(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct job *j = arg;
    struct moxd_str rest = value;

    moxd_buf_addf(&j->found, "%" MOXD_STRF " until=", MOXD_STRA(key));
    moxd_date_put_rfc3339(&j->found, until(value));
    (void)moxd_str_cut(&rest, ' ');
    moxd_buf_addf(&j->found, " %" MOXD_STRF "\n", MOXD_STRA(rest));
    return j->found.overflow;
}

static int each(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;

    moxd_buf_reset(&j->found);
    return j->r->store->tx_each(tx, table, MOXD_STR(""), on_record, j, err) < 0 ? -1 : 0;
}

static int cmd_suppressed(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    struct job j = { .r = reports_self(m), .found = MOXD_BUF_INIT(16 << 20) };

    (void)argc, (void)argv;
    int rc = j.r->store->view(j.r->store_self, NULL, each, &j, err);
    if (rc == 0)
        (void)moxd_ctl_write(c, moxd_buf_cstr(&j.found), j.found.n);
    moxd_buf_fini(&j.found);
    return rc;
}

const struct moxd_command reports_commands[] = {
    { .name = "reports address",
      .args = "dmarc|tls DOMAIN ADDRESS|none",
      .summary = "set where reports of others about a domain go",
      .help = "ADDRESS is one of an account or an alias here, also of another domain; it is told "
              "to others by "
              "the domain's record in DNS.",
      .min_args = 3,
      .max_args = 3,
      .run = reports_cmd_address },
    { .name = "reports suppress",
      .args = "ADDRESS|URL [DAYS [COMMENT]]",
      .summary = "send no reports to an address",
      .help = "Neither about TLS nor about DMARC; for ten years when DAYS is not given.",
      .min_args = 1,
      .max_args = 3,
      .run = cmd_suppress },
    { .name = "reports unsuppress",
      .args = "ADDRESS|URL",
      .summary = "send reports to an address again",
      .help = "When it asks for them.",
      .min_args = 1,
      .max_args = 1,
      .run = cmd_unsuppress },
    { .name = "reports suppressed",
      .args = "",
      .summary = "list the addresses that get no reports",
      .help = "One line each, with the time when it ends.",
      .run = cmd_suppressed },
    { 0 },
};
