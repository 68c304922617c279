/* What the servers of a domain offered, by the account that wrote to it (QUEUE-19).
 *
 * queue.offers: account NUL domain -> struct queue_offers. */
#include "queue_offers.h"

#define F(f) QUEUE_FIELD(struct queue_offers, f)
static const struct queue_field fields[] = { F(domain), F(time), F(starttls), F(requiretls) };
#undef F
static const struct queue_table table = { fields, MOXD_NELEMS(fields) };

#define FRESH (INT64_C(86400) * MOXD_SEC) /* so long the same is not written again */

static struct moxd_str key_of(const char *account, const char *domain, struct moxd_arena *a)
{
    size_t n = strlen(account), nd = strlen(domain);
    char *key = moxd_arena_alloc(a, n + 1 + nd);

    memcpy(key, account, n);
    memcpy(key + n + 1, domain, nd);
    return moxd_str(key, n + 1 + nd);
}

int queue_offers_decode(struct moxd_str val, struct moxd_arena *a, struct queue_offers *out)
{
    *out = (struct queue_offers){ 0 };
    return queue_decode(val, &table, a, out, NULL);
}

static bool known(const struct queue_offers *had, const struct queue_offers *now)
{
    return had->starttls == now->starttls && had->requiretls == now->requiretls &&
           now->time - had->time < FRESH;
}

int queue_offers_record(struct queue_job *job, struct store_tx *tx, struct moxd_err *err)
{
    const struct store_v1 *store = job->q->store;
    const struct smtpclient_facts *f = job->facts;
    bool direct = !job->transport || job->transport->kind == QUEUE_KIND_DIRECT ||
                  job->transport->kind == QUEUE_KIND_SOCKS;

    if (!job->msg.account || !direct || !f || !f->esmtp || job->q->conf->local)
        return 0;
    struct queue_offers now = { job->items[0].domain, moxd_wall(), f->starttls, f->requiretls },
                        had;
    struct moxd_str key = key_of(job->msg.account, now.domain, job->arena);
    struct moxd_buf b = MOXD_BUF_INIT(4096);
    int rc = store_tx_find(store, tx, "queue.offers", key, &b, err);

    if (rc >= 0 && (rc == 0 || queue_offers_decode(moxd_buf_str(&b), job->arena, &had) < 0 ||
                    !known(&had, &now))) {
        moxd_buf_reset(&b);
        queue_encode(&b, &table, &now);
        rc = store->tx_put(tx, "queue.offers", key, moxd_buf_str(&b), err);
    }
    moxd_buf_fini(&b);
    return rc < 0 ? -1 : 0;
}
