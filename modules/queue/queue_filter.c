#include "queue_filter.h"

#include <stdlib.h>

enum { IDS_MAX = 1000 };

/* --- reading ----------------------------------------------------------------------------------- */

struct parsing {
    struct moxd_arena *arena;
    struct queue_filter *f;
};
typedef int parse_fn(struct parsing *p, struct moxd_str value, void *field, struct moxd_err *err);

static int parse_text(struct parsing *p, struct moxd_str value, void *field, struct moxd_err *err)
{
    if (value.n == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "a value is missing");
    *(const char **)field = moxd_arena_cstr(p->arena, value);
    return 0;
}

static int parse_ids(struct parsing *p, struct moxd_str value, void *field, struct moxd_err *err)
{
    uint64_t *ids = moxd_arena_calloc(p->arena, IDS_MAX, sizeof(*ids));
    size_t n = 0;

    (void)field;
    while (value.n > 0) {
        struct moxd_str one = moxd_str_cut(&value, ',');
        if (n == IDS_MAX || moxd_str_u64(one, UINT64_MAX / 2, &ids[n]) < 0 || ids[n] == 0)
            return moxd_err_set(err, MOXD_ERR_INVALID,
                                "ids are numbers with commas between, at most %d", IDS_MAX);
        n++;
    }
    p->f->ids = ids;
    p->f->nids = n;
    return n > 0 ? 0 : moxd_err_set(err, MOXD_ERR_INVALID, "ids are missing");
}

static int parse_bool(struct parsing *p, struct moxd_str value, void *field, struct moxd_err *err)
{
    (void)p;
    if (!moxd_str_eqs(value, "yes") && !moxd_str_eqs(value, "no"))
        return moxd_err_set(err, MOXD_ERR_INVALID, "\"yes\" or \"no\"");
    *(int *)field = moxd_str_eqs(value, "yes");
    return 0;
}

/* "now", "+2h" from now, "-2h" ago. */
int queue_time_parse(struct moxd_str value, int64_t *out, struct moxd_err *err)
{
    int64_t ns = 0;
    bool ago = value.n > 0 && value.p[0] == '-';
    bool now = moxd_str_eqs(value, "now");

    if (!now && value.n > 0 && (value.p[0] == '+' || ago))
        value = moxd_str_from(value, 1);
    if (!now && queue_duration_parse(value, &ns) < 0)
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "a time is \"now\", or from now like +30m, or ago like -2h");
    *out = moxd_wall() + (ago ? -ns : ns);
    return 0;
}

static int parse_time(struct parsing *p, struct moxd_str value, void *field, struct moxd_err *err)
{
    (void)p;
    return queue_time_parse(value, field, err);
}

static int parse_number(struct parsing *p, struct moxd_str value, void *field, struct moxd_err *err)
{
    (void)p;
    return moxd_str_u64(value, UINT64_MAX / 2, field) < 0
               ? moxd_err_set(err, MOXD_ERR_INVALID, "not a number")
               : 0;
}

#define F(f) offsetof(struct queue_filter, f)
static const struct {
    const char *name;
    size_t offset;
    parse_fn *parse;
} words[] = {
    { "account", F(account), parse_text },
    { "from", F(from), parse_text },
    { "to", F(to), parse_text },
    { "ids", F(ids), parse_ids },
    { "hold", F(hold), parse_bool },
    { "transport", F(transport), parse_text },
    { "next-before", F(next_before), parse_time },
    { "next-after", F(next_after), parse_time },
    { "submitted-before", F(queued_before), parse_time },
    { "submitted-after", F(queued_after), parse_time },
    { "start", F(start), parse_number },
    { "max", F(max), parse_number },
};
#undef F

static int parse_word(struct parsing *p, struct moxd_str word, struct moxd_err *err)
{
    struct moxd_str value = word, name = moxd_str_cut(&value, '=');

    if (moxd_str_eqs(word, "all")) {
        p->f->all = true;
        return 0;
    }
    for (size_t i = 0; i < MOXD_NELEMS(words); i++)
        if (value.p != NULL && moxd_str_eqs(name, words[i].name))
            return words[i].parse(p, value, (char *)p->f + words[i].offset, err) < 0
                       ? moxd_err_wrap(err, "%s", words[i].name)
                       : 0;
    return moxd_err_set(
        err, MOXD_ERR_INVALID,
        "\"%" MOXD_STRF "\" is no filter: there are account=, from=, to=, ids=, hold=, transport=, "
        "next-before=, next-after=, submitted-before=, submitted-after=, start=, max=",
        MOXD_STRA(word));
}

int queue_filter_parse(int argc, char **argv, struct moxd_arena *a, struct queue_filter *out,
                       struct moxd_err *err)
{
    struct parsing p = { a, out };

    *out = (struct queue_filter){ .hold = -1, .start = 1 };
    for (int i = 0; i < argc; i++)
        if (parse_word(&p, moxd_cstr(argv[i]), err) < 0)
            return -1;
    return 0;
}

/* --- matching ---------------------------------------------------------------------------------- */

bool queue_address_matches(const char *want, const char *address)
{
    const char *at = strrchr(address, '@');
    struct moxd_str w = moxd_cstr(want);

    if (moxd_str_chr(w, '@') > 0)
        return moxd_str_caseeqs(w, address);
    if (w.n > 0 && w.p[0] == '@')
        w = moxd_str_from(w, 1);
    return at && moxd_str_caseeqs(w, at + 1);
}

static bool id_matches(const struct queue_filter *f, uint64_t id)
{
    for (size_t i = 0; i < f->nids; i++)
        if (f->ids[i] == id)
            return true;
    return f->nids == 0;
}

/* "-" is none. */
static bool name_matches(const char *want, const char *have)
{
    return !want || strcmp(want, have ? have : "-") == 0;
}

static bool time_matches(int64_t t, int64_t before, int64_t after)
{
    return (before == 0 || t < before) && (after == 0 || t > after);
}

bool queue_filter_matches(const struct queue_filter *f, const struct queue_message *msg,
                          const struct queue_item *item)
{
    return id_matches(f, item->id) && name_matches(f->account, msg->account) &&
           (!f->from || queue_address_matches(f->from, msg->from)) &&
           (!f->to || queue_address_matches(f->to, item->to)) &&
           name_matches(f->transport, item->transport) && (f->hold < 0 || f->hold == item->hold) &&
           time_matches(item->next, f->next_before, f->next_after) &&
           time_matches(item->queued, f->queued_before, f->queued_after);
}

bool queue_filter_empty(const struct queue_filter *f)
{
    return !f->account && !f->from && !f->to && f->nids == 0 && !f->transport && f->hold < 0 &&
           f->next_before == 0 && f->next_after == 0 && f->queued_before == 0 &&
           f->queued_after == 0;
}

/* --- finding ----------------------------------------------------------------------------------- */

enum { LOOK = 2000 }; /* records in one go, so that others get at the store meanwhile */

struct finding {
    struct queue *q;
    const struct queue_filter *f;
    struct moxd_arena *arena;
    struct queue_item *v; /* candidates of this go */
    size_t n, cap, looked, max;
    uint64_t from;
    bool more;
    struct moxd_err *err;
};

static int candidate(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct finding *s = arg;

    if (s->looked == LOOK || s->n == s->max) {
        s->more = true;
        return 1;
    }
    s->looked++;
    s->from = queue_key_id(key) + 1;
    struct queue_item *item = moxd_arena_push(s->arena, &s->v, &s->n, &s->cap, sizeof(*item));
    if (queue_decode_item(key, val, s->arena, item, s->err) < 0)
        return -1;
    /* What the message says comes later: a scan must not meet other reads. */
    struct queue_message any = { .account = s->f->account, .from = "" };
    struct queue_filter f = *s->f;
    f.from = f.account = NULL;
    if (!queue_filter_matches(&f, &any, item))
        s->n--;
    return 0;
}

static int op_find(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct finding *s = arg;
    struct queue_key from = queue_key(s->from);

    s->err = err;
    s->n = s->looked = 0;
    s->more = false;
    return s->q->store->tx_from(tx, "queue.item", MOXD_STR(""), queue_key_str(&from), candidate, s,
                                err) < 0
               ? -1
               : 0;
}

struct messages {
    struct finding *s;
    struct queue_message *v;
};

static int op_messages(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct messages *m = arg;
    struct finding *s = m->s;

    for (size_t i = 0; i < s->n; i++) {
        if (i > 0 && s->v[i - 1].body == s->v[i].body)
            m->v[i] = m->v[i - 1];
        else if (queue_get_message(s->q->store, tx, s->v[i].body, s->arena, &m->v[i], err) < 0)
            return -1;
    }
    return 0;
}

static void take(struct finding *s, const struct queue_message *msgs, struct queue_found *out)
{
    for (size_t i = 0; i < s->n && out->n < s->max; i++)
        if (msgs[i].body != 0 && queue_filter_matches(s->f, &msgs[i], &s->v[i])) {
            out->items[out->n] = s->v[i];
            out->msgs[out->n++] = msgs[i];
            out->next = s->v[i].id + 1;
        }
}

int queue_find(struct queue *q, const struct queue_filter *f, size_t max, struct moxd_arena *a,
               struct queue_found *out, struct moxd_err *err)
{
    struct finding s = { .q = q, .f = f, .arena = a, .max = max, .from = f->start };

    *out = (struct queue_found){ .items = moxd_arena_calloc(a, max, sizeof(*out->items)),
                                 .msgs = moxd_arena_calloc(a, max, sizeof(*out->msgs)) };
    do {
        if (q->store->view(q->store_self, NULL, op_find, &s, err) < 0)
            return -1;
        struct messages m = { &s, moxd_arena_calloc(a, s.n + 1, sizeof(*m.v)) };
        if (q->store->view(q->store_self, NULL, op_messages, &m, err) < 0)
            return -1;
        take(&s, m.v, out);
    } while (s.more && out->n < max);
    if (out->n < max)
        out->next = 0;
    return 0;
}
