/* moxctl queue offers */
#include <moxmail/date.h>

#include "queue_cmd.h"
#include "queue_offers.h"

struct listing {
    struct queue *q;
    const char *account;
    struct moxd_arena *arena;
    struct moxd_buf *b;
};

static int list_one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct listing *l = arg;
    struct queue_offers o;

    (void)key;
    if (queue_offers_decode(val, l->arena, &o) < 0)
        return 0;
    moxd_date_put_rfc3339(l->b, o.time / MOXD_SEC);
    moxd_buf_addf(l->b, " %s starttls=%s requiretls=%s\n", o.domain, o.starttls ? "yes" : "no",
                  o.requiretls ? "yes" : "no");
    return 0;
}

static int op_list(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct listing *l = arg;

    moxd_buf_reset(l->b);
    return l->q->store->tx_each(tx, "queue.offers", moxd_str(l->account, strlen(l->account) + 1),
                                list_one, l, err) < 0
               ? -1
               : 0;
}

int queue_cmd_offers(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err)
{
    struct queue *q = queue_of(m);
    struct moxd_buf b = MOXD_BUF_INIT(64 << 20);
    struct listing l = { q, argv[0], moxd_ctl_arena(c), &b };
    int rc = q->store->view(q->store_self, NULL, op_list, &l, err);

    (void)argc;
    if (rc == 0 && b.n > 0)
        rc = queue_flush(c, &b, err);
    moxd_buf_fini(&b);
    return rc;
}
