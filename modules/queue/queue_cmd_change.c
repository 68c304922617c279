/* moxctl queue hold, unhold, schedule, transport, requiretls, fail, drop: changes of what filters find. */
#include "queue_cmd.h"
#include "queue_result.h"

enum { PORTION = 200 }; /* in one transaction */

/* What is done to each recipient; false: nothing. */
struct change {
    bool (*apply)(struct queue_item *item, const struct change *ch);
    int64_t time;
    const char *transport;
    uint32_t requiretls;
    bool value;
};

struct changing {
    struct queue *q;
    const struct change *ch;
    const struct queue_found *found;
    struct queue_item *v; /* as they are now */
    bool *changed;
    struct moxd_arena *arena;
};

static int op_change(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct changing *c = arg;
    const struct store_v1 *store = c->q->store;

    for (size_t i = 0; i < c->found->n; i++) {
        c->changed[i] = false;
        int rc = queue_get_item(store, tx, c->found->items[i].id, c->arena, &c->v[i], err);
        if (rc < 0)
            return -1;
        if (rc == 0 || !c->ch->apply(&c->v[i], c->ch))
            continue;
        c->changed[i] = true;
        if (queue_put_item(store, tx, &c->v[i], err) < 0)
            return -1;
    }
    return 0;
}

/* How many, or -1. */
static long change_page(struct queue *q, const struct change *ch, const struct queue_found *found,
                        struct moxd_arena *a, struct moxd_err *err)
{
    struct changing c = { q,
                          ch,
                          found,
                          moxd_arena_calloc(a, found->n + 1, sizeof(*c.v)),
                          moxd_arena_calloc(a, found->n + 1, sizeof(bool)),
                          a };
    long n = 0;

    if (q->store->transact(q->store_self, NULL, op_change, &c, err) < 0)
        return -1;
    for (size_t i = 0; i < found->n; i++) {
        n += c.changed[i];
        if (c.changed[i] && !c.v[i].hold)
            queue_schedule(q, c.v[i].id, c.v[i].next);
    }
    return n;
}

/* All that match, page by page. */
typedef long page_fn(struct queue *q, const void *arg, const struct queue_found *found,
                     struct moxd_arena *a, struct moxd_err *err) MOXD_SUSPENDS;

static int each_page(struct queue *q, struct moxd_ctl *c, int argc, char **argv, page_fn *fn,
                     const void *arg, const char *done, struct moxd_err *err)
{
    struct queue_filter f;
    long total = 0, n = 0;

    if (queue_filter_parse(argc, argv, moxd_ctl_arena(c), &f, err) < 0)
        return -1;
    if (queue_filter_empty(&f) && !f.all)
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "say which: ids=7, to=example.org, ... or \"all\"");
    for (struct queue_found found; n >= 0 && f.start != 0; f.start = found.next) {
        struct moxd_arena *a = moxd_arena_new(0);
        n = queue_find(q, &f, PORTION, a, &found, err) < 0 ? -1 : fn(q, arg, &found, a, err);
        total += n > 0 ? n : 0;
        moxd_arena_free(a);
        if (n < 0)
            return -1;
    }
    return moxd_ctl_printf(c, "%ld recipients %s\n", total, done) < 0 ? -1 : 0;
}

static long change_fn(struct queue *q, const void *arg, const struct queue_found *found,
                      struct moxd_arena *a, struct moxd_err *err)
{
    return change_page(q, arg, found, a, err);
}

static bool apply_hold(struct queue_item *item, const struct change *ch)
{
    bool differs = item->hold != ch->value;

    item->hold = ch->value;
    return differs;
}

static bool apply_schedule(struct queue_item *item, const struct change *ch)
{
    item->next = ch->time;
    return true;
}

static bool apply_transport(struct queue_item *item, const struct change *ch)
{
    item->transport = ch->transport;
    return true;
}

static bool apply_requiretls(struct queue_item *item, const struct change *ch)
{
    item->requiretls = ch->requiretls;
    return true;
}

int queue_cmd_hold(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    const struct change ch = { .apply = apply_hold, .value = true };

    return each_page(queue_of(m), c, argc, argv, change_fn, &ch, "held", err);
}

int queue_cmd_unhold(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err)
{
    const struct change ch = { .apply = apply_hold };

    return each_page(queue_of(m), c, argc, argv, change_fn, &ch, "released", err);
}

int queue_cmd_schedule(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    struct change ch = { .apply = apply_schedule };

    if (queue_time_parse(moxd_cstr(argv[0]), &ch.time, err) < 0)
        return -1;
    return each_page(queue_of(m), c, argc - 1, argv + 1, change_fn, &ch, "scheduled", err);
}

int queue_cmd_transport(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                        struct moxd_err *err)
{
    struct queue *q = queue_of(m);
    struct change ch = { .apply = apply_transport, .transport = argv[0] };

    if (strcmp(argv[0], "default") == 0)
        ch.transport = NULL;
    else if (strcmp(argv[0], "direct") == 0)
        ch.transport = "";
    else if (!queue_transport_find(q->conf, argv[0]))
        return moxd_err_set(err, MOXD_ERR_NOTFOUND,
                            "there is no transport \"%s\" in moxd.conf; \"direct\" and \"default\" "
                            "(routes decide) are "
                            "always there",
                            argv[0]);
    return each_page(q, c, argc - 1, argv + 1, change_fn, &ch, "changed", err);
}

int queue_cmd_requiretls(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                         struct moxd_err *err)
{
    static const struct {
        const char *word;
        enum queue_requiretls value;
    } words[] = { { "yes", QUEUE_TLS_REQUIRED },
                  { "no", QUEUE_TLS_OPTIONAL },
                  { "default", QUEUE_TLS_DEFAULT } };
    struct change ch = { .apply = apply_requiretls };

    for (size_t i = 0; i < MOXD_NELEMS(words); i++)
        if (strcmp(argv[0], words[i].word) == 0) {
            ch.requiretls = words[i].value;
            return each_page(queue_of(m), c, argc - 1, argv + 1, change_fn, &ch, "changed", err);
        }
    return moxd_err_set(err, MOXD_ERR_INVALID, "requiretls is yes, no or default");
}

/* --- ending ------------------------------------------------------------------------------------ */

/* One recipient leaves the queue; `arg`: its sender is not told. */
static long end_page(struct queue *q, const void *arg, const struct queue_found *found,
                     struct moxd_arena *a, struct moxd_err *err)
{
    static const struct smtpclient_reply reply = {
        .stage = SMTPCLIENT_CONNECT,
        .code = 554,
        .enhanced = "5.7.0",
        .text = "delivery was cancelled by the administrator",
        .permanent = true,
        .ours = true,
    };

    (void)a, (void)err;
    for (size_t i = 0; i < found->n; i++) {
        struct queue_job *job = queue_job_alone(q, &found->msgs[i], &found->items[i]);
        job->verdicts[0] = (struct queue_verdict){ .reply = reply, .outcome = QUEUE_CANCELLED };
        job->silent = *(const bool *)arg;
        queue_results(job);
        queue_job_free(job);
    }
    return (long)found->n;
}

int queue_cmd_fail(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    static const bool silent = false;

    return each_page(queue_of(m), c, argc, argv, end_page, &silent, "failed", err);
}

int queue_cmd_drop(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    static const bool silent = true;

    return each_page(queue_of(m), c, argc, argv, end_page, &silent, "dropped", err);
}
