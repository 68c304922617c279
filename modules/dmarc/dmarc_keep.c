/* Evaluations are kept for the aggregate reports to the domains that ask for them (RFC 9990). What was found
 * is collected for a moment in memory, so that a flood of mail costs few commits, and is then in the table
 * "dmarc.evaluations" of the server: time (ns) and a number, big-endian -> JSON. */
#include "dmarc.h"

#include <jansson.h>
#include <moxd/enc.h>
#include <stdlib.h>

static const char table[] = "dmarc.evaluations";

enum {
    KEY = 16,
    PENDING_MAX = 10000,   /* evaluations that wait for the disk: more are counted, not kept */
    PRUNE_MAX = 1000,      /* records removed in one transaction; the rest goes with the next */
    RECORD_MAX = 32 * 1024 /* the addresses for reports are most of it */
};
#define DELAY (2 * MOXD_SEC)

struct dmarc_pending {
    struct dmarc_pending *next;
    unsigned char key[KEY];
    size_t n;
    char record[];
};

/* ---- an evaluation as JSON */

/* What peers write need not be UTF-8. */
static json_t *text(struct moxd_str s)
{
    json_t *v = json_stringn(s.p ? s.p : "", s.n);

    return v ? v : json_string("?");
}

static json_t *uris(const struct moxd_dmarc_record *r)
{
    json_t *v = json_array();

    for (size_t i = 0; i < r->nrua; i++)
        json_array_append_new(v, text(r->rua[i].uri));
    return v;
}

/* Bytes that each of them takes; 0: none told. */
static json_t *sizes(const struct moxd_dmarc_record *r)
{
    json_t *v = json_array();

    for (size_t i = 0; i < r->nrua; i++)
        json_array_append_new(
            v, json_integer(r->rua[i].max_size < INT64_MAX ? (json_int_t)r->rua[i].max_size : 0));
    return v;
}

/* Each result that the report tells: method, result, domain, and which property that was. */
static json_t *results(const struct dmarc *d, const struct smtp_mail *mail)
{
    const struct smtp_auth_result *r;
    json_t *v = json_array();

    for (size_t i = 0; (r = d->smtp->auth_result(mail, i)); i++) {
        if (!moxd_str_eqs(r->shown.method, "spf") && !moxd_str_eqs(r->shown.method, "dkim"))
            continue;
        json_t *one = json_object();
        json_object_set_new(one, "method", text(r->shown.method));
        json_object_set_new(one, "result", text(r->shown.result));
        json_object_set_new(one, "domain", text(r->domain));
        for (size_t k = 0; k < r->shown.nprops; k++)
            if (moxd_str_eqs(r->shown.props[k].name, "s"))
                json_object_set_new(one, "selector", text(r->shown.props[k].value));
        if (r->shown.nprops > 0 && moxd_str_eqs(r->shown.method, "spf"))
            json_object_set_new(one, "scope", text(r->shown.props[0].name));
        json_array_append_new(v, one);
    }
    return v;
}

static json_t *published(const struct moxd_dmarc_found *f)
{
    const struct moxd_dmarc_record *r = &f->record;

    return json_pack("{so ss ss ss ss ss sb so so}", "domain", text(f->domain), "p",
                     moxd_dmarc_policy_name(r->p), "sp", moxd_dmarc_policy_name(r->sp), "np",
                     moxd_dmarc_policy_name(r->np), "adkim", r->adkim_strict ? "s" : "r", "aspf",
                     r->aspf_strict ? "s" : "r", "testing", r->testing, "rua", uris(r), "sizes",
                     sizes(r));
}

static json_t *evaluation(const struct dmarc *d, const struct smtp_mail *mail,
                          const struct dmarc_author *author, bool refused)
{
    const struct moxd_dmarc_verdict *v = &author->verdict;

    return json_pack("{sI ss so so so ss ss ss so}", "time", (json_int_t)(moxd_wall() / MOXD_SEC),
                     "ip", mail->conn->remote_ip, "from", text(author->domain), "envelope-from",
                     text(mail->from.domain), "published", published(v->found), "disposition",
                     refused ? "reject" : "none", "dkim", v->dkim_aligned ? "pass" : "fail", "spf",
                     v->spf_aligned ? "pass" : "fail", "results", results(d, mail));
}

/* ---- keeping */

static void add_pending(struct dmarc *d, const char *record)
{
    size_t n = strlen(record);
    struct dmarc_pending *p = moxd_xcalloc(1, sizeof(*p) + n + 1);

    moxd_put_be64(p->key, (uint64_t)moxd_wall());
    moxd_put_be64(p->key + 8, d->serial++);
    memcpy(p->record, record, n);
    p->n = n;
    p->next = d->pending;
    d->pending = p;
    d->npending++;
    (void)moxd_waitq_wake(&d->more);
}

void dmarc_keep(struct dmarc *d, const struct smtp_mail *mail, const struct dmarc_author *author,
                bool refused, bool optional)
{
    const struct moxd_dmarc_verdict *v = &author->verdict;

    if (mail->conn->simulated || !v->found || v->found->record.nrua == 0 ||
        v->result == MOXD_DMARC_RESULT_TEMPERROR)
        return;
    if (d->npending >= PENDING_MAX) {
        moxd_metric_inc(d->dropped, NULL, NULL);
        return;
    }
    json_t *json = evaluation(d, mail, author, refused);
    if (json && author->arc && !refused)
        json_object_set_new(json, "arc", text(moxd_cstr(author->arc)));
    if (json && optional)
        json_object_set_new(json, "optional", json_true());
    char *record = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (record && strlen(record) <= RECORD_MAX)
        add_pending(d, record);
    else
        moxd_metric_inc(d->dropped, NULL, NULL);
    free(record);
    json_decref(json);
}

/* ---- the table */

struct pruning {
    uint64_t before; /* ns */
    unsigned char keys[PRUNE_MAX][KEY];
    size_t n;
};

static int choose(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct pruning *p = arg;

    (void)value;
    if (p->n == PRUNE_MAX || key.n != KEY || moxd_get_be64(key.p) >= p->before)
        return 1;
    memcpy(p->keys[p->n++], key.p, KEY);
    return 0;
}

static int prune(const struct dmarc *d, struct store_tx *tx, struct moxd_err *err)
{
    struct pruning *p = moxd_xcalloc(1, sizeof(*p));
    int rc;

    p->before = (uint64_t)(moxd_wall() - d->conf->keep);
    rc = d->store->tx_each(tx, table, MOXD_STR(""), choose, p, err) < 0 ? -1 : 0;
    for (size_t i = 0; rc == 0 && i < p->n; i++)
        rc = d->store->tx_del(tx, table, moxd_str((const char *)p->keys[i], KEY), err);
    free(p);
    return rc;
}

struct save_job {
    const struct dmarc *d;
    const struct dmarc_pending *all;
};

static int save(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct save_job *job = arg;

    for (const struct dmarc_pending *p = job->all; p; p = p->next)
        if (job->d->store->tx_put(tx, table, moxd_str((const char *)p->key, KEY),
                                  moxd_str(p->record, p->n), err) < 0)
            return -1;
    return prune(job->d, tx, err);
}

void dmarc_flush(struct dmarc *d)
{
    struct dmarc_pending *all, *next;
    struct moxd_err err = { 0 };

    moxd_fiber_shield();
    (void)moxd_fifolock_exclusive(&d->writing, MOXD_NEVER);
    all = d->pending;
    d->pending = NULL;
    d->npending = 0;
    struct save_job job = { d, all };
    if (all && d->store->transact(d->store_self, NULL, save, &job, &err) < 0)
        moxd_warn(&d->m.log, "evaluations are not recorded", moxd_kve(&err));
    for (; all; all = next) {
        next = all->next;
        free(all);
    }
    moxd_fifolock_release(&d->writing);
    moxd_fiber_unshield();
}

void dmarc_writer(void *arg)
{
    struct dmarc *d = arg;

    while (d->pending || moxd_waitq_wait(&d->more, MOXD_NEVER) == MOXD_OK) {
        if (moxd_sleep(DELAY) != MOXD_OK)
            return;
        dmarc_flush(d);
    }
}

/* ---- moxctl dmarc evaluations */

enum { LIST_MAX = 10000 /* records that are shown */ };

struct listing {
    const struct dmarc *d;
    struct moxd_buf out;
    size_t n;
};

static int on_record(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct listing *l = arg;

    (void)key;
    moxd_buf_addstr(&l->out, value);
    moxd_buf_addc(&l->out, '\n');
    return ++l->n == LIST_MAX || l->out.overflow;
}

static int list(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct listing *l = arg;

    moxd_buf_reset(&l->out); /* it may run again */
    l->n = 0;
    return l->d->store->tx_each(tx, table, MOXD_STR(""), on_record, l, err) < 0 ? -1 : 0;
}

/* One line of JSON each, the oldest first. */
int dmarc_cmd_evaluations(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);
    struct listing l = { .d = d, .out = MOXD_BUF_INIT(64 << 20) };

    (void)argc, (void)argv;
    dmarc_flush(d);
    int rc = d->store->view(d->store_self, NULL, list, &l, err);
    if (rc == 0)
        (void)moxd_ctl_write(c, l.out.p, l.out.n);
    moxd_buf_fini(&l.out);
    return rc;
}
