/* Addresses that an account does not send to any more, because they refused for good (QUEUE-18, P-QUEUE-09).
 *
 * queue.suppress: account NUL address in lower case -> struct queue_suppressed. Until the third failure in a row it
 * only counts. */
#include "queue_suppress.h"

#include <moxmail/text.h>

#include "queue_result.h"

enum { FAILURES = 3 };

#define F(f) QUEUE_FIELD(struct queue_suppressed, f)
static const struct queue_field fields[] = { F(account),  F(address),  F(since),
                                             F(failures), F(active),   F(manual),
                                             F(reason),   F(reported), F(taken) };
#undef F
static const struct queue_table table = { fields, MOXD_NELEMS(fields) };

/* Case is folded as Unicode does. */
static struct moxd_str folded(const char *address, struct moxd_arena *a)
{
    struct moxd_str s = moxd_cstr(address);
    struct moxd_search *search;

    if (!moxd_str_is_ascii(s) && moxd_search_new(&search, &s, 1, NULL) == 0) {
        s = moxd_arena_str(a, moxd_search_needle(search, 0));
        moxd_search_free(search);
        return s;
    }
    char *lower = moxd_arena_cstr(a, s);
    for (char *p = lower; *p; p++)
        *p = moxd_lower(*p);
    return moxd_str(lower, s.n);
}

static struct moxd_str key_of(const char *account, const char *address, struct moxd_arena *a)
{
    struct moxd_str f = folded(address, a);
    size_t n = strlen(account) + 1;
    char *key = moxd_arena_alloc(a, n + f.n);

    memcpy(key, account, n);
    memcpy(key + n, f.p, f.n);
    return moxd_str(key, n + f.n);
}

bool queue_suppress_at_once(int code, const char *enhanced)
{
    static const char *const details[] = { ".1.1", ".1.2", ".1.3", ".1.6", ".1.10", ".2.1", NULL };

    if (code < 500)
        return false;
    if (!enhanced || !enhanced[0])
        return code == 550 || code == 551 || code == 553 || code == 556;
    for (size_t i = 0; details[i]; i++)
        if (enhanced[0] == '5' && strcmp(enhanced + 1, details[i]) == 0)
            return true;
    return false;
}

/* Refusals that may be about us, or about what was sent: they say nothing of the address. */
static bool about_us(const struct smtpclient_reply *r)
{
    return r->ours || (r->enhanced && r->enhanced[0] && strncmp(r->enhanced + 1, ".7.", 3) == 0);
}

int queue_suppress_get(const struct store_v1 *store, struct store_tx *tx, const char *account,
                       const char *address, struct moxd_arena *a, struct queue_suppressed *out,
                       struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(64 * 1024);
    struct moxd_str key = key_of(account, address, a);
    int rc = key.n > 512 ? 0 : store_tx_find(store, tx, "queue.suppress", key, &b, err);

    *out = (struct queue_suppressed){ 0 };
    if (rc > 0 && queue_decode(moxd_buf_str(&b), &table, a, out, err) < 0)
        rc = -1;
    moxd_buf_fini(&b);
    return rc;
}

int queue_suppress_decode(struct moxd_str val, struct moxd_arena *a, struct queue_suppressed *out)
{
    *out = (struct queue_suppressed){ 0 };
    return queue_decode(val, &table, a, out, NULL);
}

int queue_suppress_put(const struct store_v1 *store, struct store_tx *tx,
                       const struct queue_suppressed *s, struct moxd_arena *a, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(8 * 1024);
    struct moxd_str key = key_of(s->account, s->address, a);

    if (key.n > 512)
        return 0;
    queue_encode(&b, &table, s);
    int rc = store->tx_put(tx, "queue.suppress", key, moxd_buf_str(&b), err);
    moxd_buf_fini(&b);
    return rc;
}

int queue_suppress_del(const struct store_v1 *store, struct store_tx *tx, const char *account,
                       const char *address, struct moxd_arena *a, struct moxd_err *err)
{
    struct moxd_str key = key_of(account, address, a);

    return key.n > 512 ? 0 : store->tx_del(tx, "queue.suppress", key, err);
}

/* What counted failures begins anew; an entry stays until somebody removes it. */
static int good(struct queue *q, struct store_tx *tx, struct queue_suppressed *s, bool reported,
                struct moxd_arena *a, struct moxd_err *err)
{
    if (s->active)
        return 0;
    if (reported || !s->reported)
        return queue_suppress_del(q->store, tx, s->account, s->address, a, err);
    s->taken++;
    return queue_suppress_put(q->store, tx, s, a, err);
}

static int record(struct queue *q, struct store_tx *tx, const struct queue_message *msg,
                  const struct queue_item *item, const struct queue_verdict *v, bool reported,
                  struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct queue_suppressed s;

    if (!msg->account || (!v->ok && about_us(&v->reply)))
        return 0;
    int rc = queue_suppress_get(q->store, tx, msg->account, item->to, a, &s, err);
    if (rc < 0)
        return -1;
    s.account = msg->account;
    s.address = item->to;
    if (v->ok)
        return rc > 0 ? good(q, tx, &s, reported, a, err) : 0;
    if (s.active)
        return 0;
    /* One that was taken since is this one; another is one that arrived. */
    s.failures = s.taken > (reported ? 1 : 0) ? 1 : s.failures + 1;
    s.taken = 0;
    s.reported = reported;
    s.since = moxd_wall();
    s.reason = v->reply.text;
    s.active = s.failures >= FAILURES || queue_suppress_at_once(v->reply.code, v->reply.enhanced);
    return queue_suppress_put(q->store, tx, &s, a, err);
}

int queue_suppress_record(struct queue *q, struct store_tx *tx, const struct queue_message *msg,
                          const struct queue_item *item, const struct queue_verdict *v,
                          struct moxd_err *err)
{
    return record(q, tx, msg, item, v, false, err);
}

int queue_suppress_reported(struct queue *q, struct store_tx *tx, const struct queue_message *msg,
                            const struct queue_item *item, const struct queue_verdict *v,
                            struct moxd_err *err)
{
    return record(q, tx, msg, item, v, true, err);
}
