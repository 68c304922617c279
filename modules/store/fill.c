/* Making what is kept of parsed messages where it is missing: of accounts from before there was such a
 * thing, after a change of its form, after a restore, on command. In portions, so that the account stays
 * usable; a message that is changed or expunged meanwhile is passed over. */
#include "parsed.h"
#include "store.h"

#include <stdlib.h>

/* Messages looked at, and bytes of bodies parsed, with one hold of the account's lock. */
enum { LOOKED = 500, MADE = 100, BYTES = 1 << 20 };

struct one {
    struct store_place at;
    uint64_t id;
    bool in_file, made;
    struct store_parsed parsed;
};
struct portion {
    struct store_account *acc;
    bool all;
    struct store_place from; /* the first that was not looked at */
    bool end;
    size_t looked, n;
    uint64_t bytes;
    struct one v[MADE];
    struct store_tx *tx;
    struct moxd_err *err;
};

/* --- finding ----------------------------------------------------------------------------------- */

static int parse_here(struct portion *p, struct one *one, const struct store_rec *rec)
{
    struct store_key key = store_key_u64(STORE_T_DATA, store_rec_body(rec));
    struct moxd_str val = { 0 };
    int rc = store_get(p->tx, &key, &val, p->err);

    if (rc < 0)
        return -1;
    struct moxd_reader r = moxd_reader_mem(&val);
    one->made = store_parse(&r, &one->parsed, NULL) == 0;
    p->bytes += val.n;
    return 0;
}

static int look(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct portion *p = arg;
    struct store_rec rec;

    if (key.n != 9 || store_rec_decode(val, &rec) < 0)
        return store_corrupt(p->tx, "message record", p->err);
    p->from = (struct store_place){ moxd_get_be32(key.p + 1), moxd_get_be32(key.p + 5) };
    if (p->looked == LOOKED || p->n == MADE || p->bytes > BYTES)
        return 1;
    p->looked++;
    int rc = p->all ? 0 : store_parsed_there(p->tx, p->from, p->err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    struct one *one = &p->v[p->n++];
    one->at = p->from;
    one->id = rec.id;
    one->made = false;
    one->in_file = rec.where == STORE_IN_FILE;
    return one->in_file ? 0 : parse_here(p, one, &rec);
}

static int op_find(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct portion *p = arg;
    struct store_key from = store_key_message(p->from.mailbox, p->from.uid);
    struct store_key all = store_key_table(STORE_T_MESSAGE);

    p->tx = tx;
    p->err = err;
    p->looked = p->n = 0;
    p->bytes = 0;
    int rc = store_scan(tx, &from, store_key_str(&all), look, p, err);
    p->end = rc == 0;
    return rc < 0 ? -1 : 0;
}

/* --- parsing what is in files ------------------------------------------------------------------ */

struct file_job {
    struct store_body *body;
    struct one *one;
};

static ssize_t read_body(const void *ctx, uint64_t off, void *p, size_t n)
{
    struct store_body *body = (struct store_body *)(uintptr_t)ctx;

    return store_body_read(body, off, p, n, NULL);
}

static int parse_file(void *arg, struct moxd_err *err)
{
    struct file_job *job = arg;
    struct moxd_reader r = { read_body, job->body, store_body_size(job->body) };

    return store_parse(&r, &job->one->parsed, err);
}

/* One that cannot be read is left without, and parsed whenever somebody asks for it. */
static void parse_one(struct portion *p, struct one *one)
{
    struct file_job job = { .one = one };

    if (store_body_open(p->acc, one->id, &job.body, NULL) < 0)
        return;
    one->made = store_offload(MOXD_LANE_CPU, parse_file, &job, NULL) == 0;
    store_body_close(job.body);
}

/* --- keeping it -------------------------------------------------------------------------------- */

static int op_keep(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct portion *p = arg;
    struct store_rec rec;

    for (size_t i = 0; i < p->n; i++) {
        const struct one *one = &p->v[i];
        int rc = one->made ? store_msg_get(tx, one->at.mailbox, one->at.uid, &rec, err) : 0;

        if (rc < 0 ||
            (rc > 0 && rec.id == one->id && store_parsed_put(tx, one->at, &one->parsed, err) < 0))
            return -1;
    }
    return 0;
}

static int run_portion(struct portion *p, struct store_fill_progress *progress,
                       struct moxd_err *err)
{
    if (store_read(p->acc, op_find, p, err) < 0)
        return -1;
    for (size_t i = 0; i < p->n; i++) {
        if (p->v[i].in_file)
            parse_one(p, &p->v[i]);
        progress->made += p->v[i].made;
        progress->failed += !p->v[i].made;
    }
    progress->looked += p->looked;
    return p->n == 0 ? 0 : store_write_soon(p->acc, op_keep, p, err);
}

/* --- all of it --------------------------------------------------------------------------------- */

static int op_complete(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    (void)arg;
    return store_parsed_set_complete(tx, true, err);
}

static int run(struct store_account *acc, bool all, struct store_fill_progress *progress,
               struct moxd_err *err)
{
    struct portion *p = moxd_xcalloc(1, sizeof(*p));
    int rc = 0;

    p->acc = acc;
    p->all = all;
    for (size_t i = 0; i < MADE; i++)
        store_parsed_init(&p->v[i].parsed);
    acc->fill.again = false;
    while (rc == 0 && !p->end && !acc->s->stopping) {
        rc = run_portion(p, progress, err);
        if (rc == 0 && progress->tell)
            progress->tell(progress->arg, progress);
        if (p->end && acc->fill.again) {
            acc->fill.again = p->end = p->all = false;
            p->from = (struct store_place){ 0 };
        }
    }
    if (rc == 0 && p->end && !acc->fill.again)
        rc = store_write_soon(acc, op_complete, NULL, err);
    for (size_t i = 0; i < MADE; i++)
        store_parsed_fini(&p->v[i].parsed);
    free(p);
    return rc;
}

int store_fill(struct store_account *acc, bool all, struct store_fill_progress *p,
               struct moxd_err *err)
{
    while (acc->fill.running)
        if (moxd_waitq_wait(&acc->fill.done, MOXD_NEVER) != MOXD_OK)
            return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    acc->fill.running = true;
    int rc = run(acc, all, p, err);
    acc->fill.running = false;
    moxd_waitq_wake_all(&acc->fill.done);
    return rc;
}

static void fill_account(struct store_account *acc)
{
    const struct moxd_log *log = &acc->s->m.log;
    struct store_fill_progress p = { 0 };
    struct moxd_err err = { 0 };
    int64_t start = moxd_mono();

    if (store_fill(acc, false, &p, &err) < 0 && !acc->removed && !acc->s->stopping)
        moxd_warn(log, "parsing messages", moxd_kvs("account", acc->name), moxd_kve(&err));
    else if (p.made + p.failed > 0)
        moxd_info(log, "messages parsed", moxd_kvs("account", acc->name),
                  moxd_kvu("messages", p.made), moxd_kvu("failed", p.failed),
                  moxd_kvu("ms", (uint64_t)(moxd_mono() - start) / 1000000));
}

static void fill_main(void *arg)
{
    struct store_account *acc = arg;
    struct store *s = acc->s;

    moxd_fiber_shield();
    (void)moxd_fifolock_exclusive(&s->background, MOXD_NEVER);
    acc->fill.soon = false;
    if (!s->stopping && !acc->removed)
        fill_account(acc);
    moxd_fifolock_release(&s->background);
    moxd_fiber_unshield();
    store_account_close(acc);
    store_spawn_ended(s);
}

void store_fill_later(struct store_account *acc)
{
    if (acc->fill.running || acc->fill.soon)
        return;
    acc->fill.soon = true;
    store_spawn(acc->s, "store-parse", fill_main, store_account_ref(acc));
}
