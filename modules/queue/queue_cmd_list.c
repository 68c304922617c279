/* moxctl queue list, show, dump */
#include "queue_cmd.h"

enum { PAGE = 200 };

static int print_page(struct moxd_ctl *c, const struct queue_found *found, struct moxd_arena *a,
                      struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(PAGE * 5000);

    for (size_t i = 0; i < found->n; i++)
        queue_put_line(&b, &found->msgs[i], &found->items[i], found->items[i].hold ? "held" : NULL,
                       a);
    int rc = found->n > 0 ? queue_flush(c, &b, err) : 0;
    moxd_buf_fini(&b);
    return rc;
}

/* Pages, so that a queue of any length can be listed. */
static int print_all(struct queue *q, struct moxd_ctl *c, struct queue_filter *f,
                     struct moxd_err *err)
{
    size_t left = f->max > 0 ? f->max : SIZE_MAX;
    struct queue_found found;
    int rc = moxd_ctl_write(c, queue_list_head, strlen(queue_list_head)) < 0 ? -1 : 0;

    while (rc == 0 && left > 0 && f->start != 0) {
        struct moxd_arena *a = moxd_arena_new(0);
        rc = queue_find(q, f, left < PAGE ? left : PAGE, a, &found, err);
        if (rc == 0)
            rc = print_page(c, &found, a, err);
        left -= rc == 0 ? found.n : 0;
        f->start = rc == 0 ? found.next : 0;
        moxd_arena_free(a);
    }
    if (rc == 0 && f->start != 0)
        rc = moxd_ctl_printf(c, "more: start=%llu\n", (unsigned long long)f->start) < 0 ? -1 : 0;
    return rc;
}

int queue_cmd_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    struct queue_filter f;

    if (queue_filter_parse(argc, argv, moxd_ctl_arena(c), &f, err) < 0)
        return -1;
    return print_all(queue_of(m), c, &f, err);
}

/* The one recipient with that id. */
static int find_one(struct queue *q, const char *arg, struct moxd_arena *a, struct queue_found *out,
                    struct moxd_err *err)
{
    uint64_t id;
    struct queue_filter f = { .hold = -1, .ids = &id, .nids = 1 };

    if (moxd_str_u64(moxd_cstr(arg), UINT64_MAX / 2, &id) < 0 || id == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is no id: moxctl queue list shows them",
                            arg);
    f.start = id;
    if (queue_find(q, &f, 1, a, out, err) < 0)
        return -1;
    return out->n == 1 ? 0 : moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s is not in the queue", arg);
}

int queue_cmd_show(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct moxd_buf b = MOXD_BUF_INIT(256 * 1024);
    struct queue_found found;
    int rc = find_one(queue_of(m), argv[0], a, &found, err);

    (void)argc;
    if (rc == 0) {
        queue_put_details(&b, &found.msgs[0], &found.items[0], a);
        rc = queue_flush(c, &b, err);
    }
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

    (void)argc;
    if (find_one(q, argv[0], moxd_ctl_arena(c), &found, err) < 0 ||
        q->store->kept_open(q->store_self, found.items[0].body, &body, err) < 0)
        return -1;
    int rc = write_body(q, c, body, err);
    q->store->body_close(body);
    return rc;
}
