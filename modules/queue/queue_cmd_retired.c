/* moxctl queue retired list, print */
#include "queue_cmd.h"
#include "queue_result.h"

#include <moxmail/date.h>

enum { PAGE = 200 };

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

    if (l->n == l->max || l->looked == 10 * PAGE) {
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

static int print_page(struct listing *l, struct moxd_ctl *c, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(PAGE * 5000);

    for (size_t i = 0; i < l->n; i++)
        queue_put_line(&b, &l->v[i].msg, &l->v[i].item,
                       queue_outcome_name((enum queue_outcome)l->v[i].outcome), l->arena);
    int rc = b.n > 0 ? queue_flush(c, &b, err) : 0;
    moxd_buf_fini(&b);
    return rc;
}

int queue_cmd_retired_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    struct queue *q = queue_of(m);
    struct queue_filter f;
    int rc = queue_filter_parse(argc, argv, moxd_ctl_arena(c), &f, err);

    size_t left = rc == 0 && f.max > 0 ? f.max : SIZE_MAX;
    if (rc == 0)
        rc = moxd_ctl_write(c, queue_list_head, strlen(queue_list_head)) < 0 ? -1 : 0;
    while (rc == 0 && left > 0 && f.start != 0) {
        struct listing l = {
            .q = q, .f = &f, .arena = moxd_arena_new(0), .max = left < PAGE ? left : PAGE
        };
        rc = q->store->view(q->store_self, NULL, op_list, &l, err);
        if (rc == 0)
            rc = print_page(&l, c, err);
        left -= l.n;
        f.start = l.next;
        moxd_arena_free(l.arena);
    }
    if (rc == 0 && f.start != 0)
        rc = moxd_ctl_printf(c, "more: start=%llu\n", (unsigned long long)f.start) < 0 ? -1 : 0;
    return rc;
}

int queue_cmd_retired_print(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    struct queue *q = queue_of(m);
    uint64_t id = 0;
    struct queue_filter f = { .hold = -1, .ids = &id, .nids = 1 };
    struct listing l = { .q = q, .f = &f, .arena = moxd_ctl_arena(c), .max = 1 };

    (void)argc;
    if (moxd_str_u64(moxd_cstr(argv[0]), UINT64_MAX / 2, &id) < 0 || id == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "\"%s\" is no id: moxctl queue retired list shows them", argv[0]);
    f.start = id;
    if (q->store->view(q->store_self, NULL, op_list, &l, err) < 0)
        return -1;
    if (l.n == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s is not remembered", argv[0]);
    struct moxd_buf b = MOXD_BUF_INIT(256 * 1024);
    moxd_buf_addf(&b, "%-14s%s\n%-14s", "result",
                  queue_outcome_name((enum queue_outcome)l.v[0].outcome), "left");
    moxd_date_put_rfc3339(&b, l.v[0].left / MOXD_SEC);
    moxd_buf_addc(&b, '\n');
    l.v[0].item.next = 0;
    queue_put_details(&b, &l.v[0].msg, &l.v[0].item, l.arena);
    int rc = queue_flush(c, &b, err);
    moxd_buf_fini(&b);
    return rc;
}
