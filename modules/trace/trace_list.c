/* Recent messages, and those with a Message-ID: read in pages, so that nobody waits for long. */
#include "trace.h"

#include <moxd/enc.h>

enum { PAGE = 1000 };

struct listing {
    struct trace *t;
    const struct trace_query *q;
    struct trace_key from; /* where the page begins */
    size_t looked;
    bool more;
    /* The last ones that match, in a ring: */
    struct entry {
        struct trace_id id;
        struct moxd_buf record;
    } * v;
    size_t n; /* of all that matched */
};

static bool matches(const char *part, const char *text)
{
    return !part || moxd_str_casefind(moxd_cstr(text), moxd_cstr(part)) >= 0;
}

static void keep(struct listing *l, struct moxd_str key, struct moxd_str val)
{
    struct entry *e = &l->v[l->n++ % l->q->limit];

    e->id = trace_key_id(key);
    moxd_buf_reset(&e->record);
    e->record.max = val.n;
    moxd_buf_addstr(&e->record, val);
}

static int one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct listing *l = arg;
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct trace_head h;

    if (l->looked++ == PAGE) {
        l->more = key.n <= sizeof(l->from.p);
        l->from.n = l->more ? key.n : 0;
        memcpy(l->from.p, key.p, l->from.n);
        return 1;
    }
    if (trace_head_decode(val, a, &h, NULL) == 0 && matches(l->q->from, h.from) &&
        matches(l->q->to, h.to))
        keep(l, key, val);
    return 0;
}

static int op_page(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct listing *l = arg;

    l->looked = 0;
    l->more = false;
    return l->t->store->tx_from(tx, "trace.head", MOXD_STR(""), trace_key_str(&l->from), one, l,
                                err) < 0
               ? -1
               : 0;
}

static int print(struct listing *l, struct moxd_ctl *c, struct moxd_err *err) MOXD_SUSPENDS;
static int print(struct listing *l, struct moxd_ctl *c, struct moxd_err *err)
{
    uint64_t limit = l->q->limit;
    struct moxd_buf b = MOXD_BUF_INIT(64 * 1024);
    int rc = 0;

    for (size_t i = l->n > limit ? l->n - limit : 0; rc == 0 && i < l->n; i++) {
        struct moxd_arena *a = moxd_arena_new(0);
        const struct entry *e = &l->v[i % limit];
        struct trace_head h;
        if (trace_head_decode(moxd_buf_str(&e->record), a, &h, NULL) == 0) {
            h.id = e->id;
            moxd_buf_reset(&b);
            trace_print_line(&b, &h, l->q->json);
            rc = moxd_ctl_write(c, b.p, b.n);
        }
        moxd_arena_free(a);
    }
    moxd_buf_fini(&b);
    return rc < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "the output was closed") : 0;
}

int trace_list(struct trace *t, struct moxd_ctl *c, const struct trace_query *q,
               struct moxd_err *err)
{
    static const struct trace_id none;
    struct listing l = { .t = t, .q = q, .from = trace_key_head(q->since, &none), .more = true };
    int rc = 0;

    l.v = moxd_xcalloc(q->limit, sizeof(*l.v));
    while (rc == 0 && l.more)
        rc = t->store->view(t->store_self, NULL, op_page, &l, err);
    if (rc == 0 && l.n == 0)
        rc = moxd_err_set(err, MOXD_ERR_NOTFOUND,
                          "nothing is known of such a message; -since 7d looks further back");
    if (rc == 0)
        rc = print(&l, c, err);
    for (size_t i = 0; i < q->limit; i++)
        moxd_buf_fini(&l.v[i].record);
    moxd_freep(&l.v);
    return rc;
}

/* --- by Message-ID ----------------------------------------------------------------------------- */

struct finding {
    struct trace *t;
    struct trace_key prefix;
    struct moxd_arena *a;
    struct trace_id *v;
    size_t n, cap;
};

static int found(void *arg, struct moxd_str key, struct moxd_str val)
{
    enum { MAX = 1000 };
    struct finding *f = arg;

    (void)val;
    *(struct trace_id *)moxd_arena_push(f->a, &f->v, &f->n, &f->cap, sizeof(*f->v)) =
        trace_key_id(key);
    return f->n == MAX;
}

static int op_find(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct finding *f = arg;

    f->n = 0;
    return f->t->store->tx_each(tx, "trace.message", trace_key_str(&f->prefix), found, f, err) < 0
               ? -1
               : 0;
}

int trace_find_message(struct trace *t, struct moxd_str message_id, struct moxd_arena *a,
                       struct trace_id **v, size_t *n, struct moxd_err *err)
{
    struct finding f = { .t = t, .prefix = trace_key_message(message_id, NULL), .a = a };

    if (t->store->view(t->store_self, NULL, op_find, &f, err) < 0)
        return -1;
    *v = f.v;
    *n = f.n;
    return 0;
}
