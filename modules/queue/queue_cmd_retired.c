/* moxctl queue retired list, print */
#include "queue_cmd.h"
#include "queue_result.h"

#include <moxmail/date.h>

enum { LOOK = 2000 }; /* records in one go, so that others get at the store meanwhile */

struct listing {
    struct queue *q;
    const struct queue_filter *f;
    struct moxd_arena *arena;
    struct queue_retired *v;
    size_t n, cap, looked, max;
    uint64_t next;
    struct moxd_err *err;
};

static int one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct listing *l = arg;

    if (l->n == l->max || l->looked == LOOK) {
        l->next = queue_key_id(key);
        return 1;
    }
    l->looked++;
    struct queue_retired *r = moxd_arena_push(l->arena, &l->v, &l->n, &l->cap, sizeof(*r));
    if (queue_decode_retired(val, l->arena, r, l->err) < 0)
        return -1;
    if (!r->msg.from)
        r->msg.from = "";
    if (!queue_filter_matches(l->f, &r->msg, &r->item))
        l->n--;
    return 0;
}

static int op_list(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct listing *l = arg;
    struct queue_key from = queue_key(l->f->start);

    l->n = l->looked = 0;
    l->next = 0;
    l->err = err;
    return l->q->store->tx_from(tx, "queue.retired", MOXD_STR(""), queue_key_str(&from), one, l,
                                err) < 0
               ? -1
               : 0;
}

static int page(struct queue *q, struct queue_page *p, struct moxd_err *err) MOXD_SUSPENDS;
static int page(struct queue *q, struct queue_page *p, struct moxd_err *err)
{
    struct listing l = { .q = q, .f = p->f, .arena = p->arena, .max = p->max };

    if (q->store->view(q->store_self, NULL, op_list, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        queue_put_line(p->out, &l.v[i].msg, &l.v[i].item,
                       queue_outcome_name((enum queue_outcome)l.v[i].outcome), p->arena);
    p->n = l.n;
    p->next = l.next;
    return 0;
}

int queue_cmd_retired_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    return queue_list_pages(queue_of(m), c, argc, argv, page, err);
}

static void put_details(const struct queue_retired *r, struct moxd_buf *b, struct moxd_arena *a)
{
    moxd_buf_addf(b, "%-14s%s\n%-14s", "result", queue_outcome_name((enum queue_outcome)r->outcome),
                  "left");
    moxd_date_put_rfc3339(b, r->left / MOXD_SEC);
    moxd_buf_addc(b, '\n');
    queue_put_details(b, &r->msg, &r->item, a);
}

int queue_cmd_retired_print(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    struct queue *q = queue_of(m);
    uint64_t id = 0;
    struct queue_filter f = { .hold = -1, .ids = &id, .nids = 1 };
    struct listing l = { .q = q, .f = &f, .arena = moxd_ctl_arena(c), .max = 1 };
    struct moxd_buf b = MOXD_BUF_INIT(256 * 1024);
    bool json;

    if (queue_print_args(argc, argv, &id, &json, err) < 0)
        return -1;
    f.start = id;
    if (q->store->view(q->store_self, NULL, op_list, &l, err) < 0)
        return -1;
    if (l.n == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "%llu is not remembered",
                            (unsigned long long)id);
    const struct queue_retired *r = &l.v[0];
    if (json)
        queue_put_json(&b, &r->msg, &r->item, queue_outcome_name((enum queue_outcome)r->outcome),
                       r->left, l.arena);
    else
        put_details(r, &b, l.arena);
    int rc = queue_flush(c, &b, err);
    moxd_buf_fini(&b);
    return rc;
}
