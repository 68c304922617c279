/* Lists of any length, in pages: nothing else waits long for the store, and memory is bounded. */
#include "queue_cmd.h"

enum { PAGE = 200, LINE = 5000, KEY_MAX = 1024 };

/* --- recipients -------------------------------------------------------------------------------- */

static int print_page(struct queue *q, struct moxd_ctl *c, queue_page_fn *page,
                      struct queue_filter *f, size_t *left, struct moxd_err *err) MOXD_SUSPENDS;
static int print_page(struct queue *q, struct moxd_ctl *c, queue_page_fn *page,
                      struct queue_filter *f, size_t *left, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(PAGE * LINE);
    struct queue_page p = { .f = f, .max = *left < PAGE ? *left : PAGE, .arena = a, .out = &b };
    int rc = page(q, &p, err);

    if (rc == 0 && b.n > 0)
        rc = queue_flush(c, &b, err);
    moxd_buf_fini(&b);
    *left -= rc == 0 ? p.n : 0;
    f->start = p.next;
    return rc;
}

int queue_list_pages(struct queue *q, struct moxd_ctl *c, int argc, char **argv,
                     queue_page_fn *page, struct moxd_err *err)
{
    struct queue_filter f;

    if (queue_filter_parse(argc, argv, moxd_ctl_arena(c), &f, err) < 0)
        return -1;
    size_t left = f.max > 0 ? f.max : SIZE_MAX;
    int rc = moxd_ctl_write(c, queue_list_head, strlen(queue_list_head)) < 0 ? -1 : 0;
    while (rc == 0 && left > 0 && f.start != 0)
        rc = print_page(q, c, page, &f, &left, err);
    if (rc == 0 && f.start != 0)
        rc = moxd_ctl_printf(c, "more: start=%llu\n", (unsigned long long)f.start) < 0 ? -1 : 0;
    return rc;
}

/* --- records of accounts ----------------------------------------------------------------------- */

struct listing {
    struct queue *q;
    const char *table;
    struct moxd_str prefix;
    queue_record_fn *line;
    struct moxd_arena *arena; /* of the page */
    struct moxd_buf *out;
    struct key {
        char p[KEY_MAX];
        size_t n;
    } from, next; /* the first keys of this page and of the next one */
    size_t n;
};

static void set_key(struct key *k, struct moxd_str s)
{
    k->n = s.n;
    memcpy(k->p, s.p, s.n);
}

static int one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct listing *l = arg;

    if (l->n == PAGE && key.n <= KEY_MAX) {
        set_key(&l->next, key);
        return 1;
    }
    l->n++;
    l->line(val, l->arena, l->out);
    return 0;
}

static int op_list(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct listing *l = arg;

    l->n = 0;
    moxd_buf_reset(l->out);
    return l->q->store->tx_from(tx, l->table, l->prefix, moxd_str(l->from.p, l->from.n), one, l,
                                err);
}

int queue_list_records(struct queue *q, struct moxd_ctl *c, const char *table, const char *account,
                       queue_record_fn *line, struct moxd_err *err)
{
    struct moxd_str prefix = account ? moxd_str(account, strlen(account) + 1) : MOXD_STR("");
    struct moxd_buf b = MOXD_BUF_INIT(PAGE * LINE);
    struct listing *l;
    int rc;

    if (prefix.n > KEY_MAX)
        return 0;
    l = moxd_xcalloc(1, sizeof(*l));
    l->q = q;
    l->table = table;
    l->line = line;
    l->out = &b;
    l->prefix = prefix;
    set_key(&l->next, prefix);
    do {
        l->from = l->next;
        l->arena = moxd_arena_new(0);
        rc = q->store->view(q->store_self, NULL, op_list, l, err);
        moxd_arena_free(l->arena);
        if (rc >= 0 && b.n > 0 && queue_flush(c, &b, err) < 0)
            rc = -1;
    } while (rc > 0);
    moxd_buf_fini(&b);
    moxd_freep(&l);
    return rc;
}
