/* moxctl queue list, print, dump */
#include "queue_cmd.h"

static int page(struct queue *q, struct queue_page *p, struct moxd_err *err) MOXD_SUSPENDS;
static int page(struct queue *q, struct queue_page *p, struct moxd_err *err)
{
    struct queue_found found;

    if (queue_find(q, p->f, p->max, p->arena, &found, err) < 0)
        return -1;
    for (size_t i = 0; i < found.n; i++)
        queue_put_line(p->out, &found.msgs[i], &found.items[i], found.items[i].hold ? "held" : NULL,
                       p->arena);
    p->n = found.n;
    p->next = found.next;
    return 0;
}

int queue_cmd_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    return queue_list_pages(queue_of(m), c, argc, argv, page, err);
}

/* The one recipient with that id. */
static int find_one(struct queue *q, int argc, char **argv, bool *json, struct moxd_arena *a,
                    struct queue_found *out, struct moxd_err *err) MOXD_SUSPENDS;
static int find_one(struct queue *q, int argc, char **argv, bool *json, struct moxd_arena *a,
                    struct queue_found *out, struct moxd_err *err)
{
    uint64_t id;
    struct queue_filter f = { .hold = -1, .ids = &id, .nids = 1 };

    if (queue_print_args(argc, argv, &id, json, err) < 0)
        return -1;
    f.start = id;
    if (queue_find(q, &f, 1, a, out, err) < 0)
        return -1;
    return out->n == 1 ? 0
                       : moxd_err_set(err, MOXD_ERR_NOTFOUND, "%llu is not in the queue",
                                      (unsigned long long)id);
}

int queue_cmd_print(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct moxd_buf b = MOXD_BUF_INIT(256 * 1024);
    struct queue_found found;
    bool json;
    int rc = find_one(queue_of(m), argc, argv, &json, a, &found, err);

    if (rc == 0 && json)
        queue_put_json(&b, &found.msgs[0], &found.items[0], NULL, 0, a);
    else if (rc == 0)
        queue_put_details(&b, &found.msgs[0], &found.items[0], a);
    if (rc == 0)
        rc = queue_flush(c, &b, err);
    moxd_buf_fini(&b);
    return rc;
}

static int write_body(struct queue *q, struct moxd_ctl *c, struct store_body *body,
                      struct moxd_err *err)
{
    enum { PIECE = 32 * 1024 };
    char *p MOXD_CLEANUP(moxd_freep) = moxd_xmalloc(PIECE);
    uint64_t off = 0;
    long n;

    while ((n = q->store->body_read(body, off, p, PIECE, err)) > 0) {
        if (moxd_ctl_write(c, p, (size_t)n) < 0)
            return moxd_err_set(err, MOXD_ERR_CLOSED, "the output was closed");
        off += (uint64_t)n;
    }
    return n < 0 ? -1 : 0;
}

int queue_cmd_dump(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    struct queue *q = queue_of(m);
    struct queue_found found;
    struct store_body *body;
    bool json;

    if (find_one(q, argc, argv, &json, moxd_ctl_arena(c), &found, err) < 0 ||
        q->store->kept_open(q->store_self, found.items[0].body, &body, err) < 0)
        return -1;
    int rc = write_body(q, c, body, err);
    q->store->body_close(body);
    return rc;
}
