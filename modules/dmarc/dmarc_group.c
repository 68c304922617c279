/* Evaluations added up for reports: by interval and policy, and in those by all that a row says. */
#include "dmarc.h"

#include <jansson.h>
#include <moxd/enc.h>
#include <moxd/offload.h>
#include <stdio.h>
#include <stdlib.h>

static const char evaluations[] = "dmarc.evaluations";
/* End of the interval and domain -> nothing: there was a report. */
static const char reported[] = "dmarc.reported";

enum {
    KEY = 16,
    ROWS_MAX = 10000, /* different ones of a report; the rest of its interval is not in it */
    GROUPS_MAX = 10000,
    MEMORY_MAX = 64 << 20,
    PAGE = 500, /* evaluations read in one view of the store, and their bytes */
    PAGE_BYTES = 1 << 20,
    MARK_MAX = 300,
};

struct job {
    struct dmarc *d;
    struct moxd_arena *a;
    int64_t until;  /* seconds: evaluations before it */
    json_t *groups; /* "END DOMAIN" -> { begin, end, published, wanted, rows: { JSON: count } } */
    size_t bytes;
    struct moxd_buf page; /* records, a line each */
    size_t npage;
    bool more;                          /* after this page */
    char start[KEY + 1], from[KEY + 1]; /* of this page, and of the next */
    size_t nfrom;
    const struct dmarc_group *mark;
};

static const char *text(const json_t *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v, name));

    return s ? s : "";
}

static json_t *group_of(struct job *j, int64_t time, json_t *published)
{
    int64_t hours = j->d->conf->interval, end = dmarc_interval_end(time, hours);
    int64_t begin = dmarc_interval_begin(time, hours);
    char key[MARK_MAX];
    json_t *g;

    (void)snprintf(key, sizeof(key), "%lld %.255s", (long long)end, text(published, "domain"));
    g = json_object_get(j->groups, key);
    if (!g && json_object_size(j->groups) < GROUPS_MAX) {
        g = json_pack("{sI sI sO so}", "begin", (json_int_t)begin, "end", (json_int_t)end,
                      "published", published, "rows", json_object());
        (void)json_object_set_new(j->groups, key, g);
    }
    return g;
}

static void add(struct job *j, json_t *v)
{
    json_t *published = json_object_get(v, "published");
    json_t *g = group_of(j, json_integer_value(json_object_get(v, "time")), published);
    json_t *rows = json_object_get(g, "rows"), *count;

    if (!g)
        return;
    if (!json_is_true(json_object_get(v, "optional")))
        (void)json_object_set_new(g, "wanted", json_true());
    (void)json_object_set(g, "published", published); /* the last one that was seen */
    json_t *row = json_copy(v);
    (void)json_object_del(row, "time");
    (void)json_object_del(row, "published");
    (void)json_object_del(row, "optional");
    (void)json_object_set_new(row, "testing",
                              json_boolean(json_is_true(json_object_get(published, "testing"))));
    char *key = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);
    count = key ? json_object_get(rows, key) : NULL;
    if (count)
        (void)json_integer_set(count, json_integer_value(count) + 1);
    else if (key && json_object_size(rows) < ROWS_MAX && j->bytes < MEMORY_MAX) {
        j->bytes += strlen(key) + 100;
        (void)json_object_set_new(rows, key, json_integer(1));
    }
    free(key);
    json_decref(row);
}

/* ---- reading: a page at a time, so that nobody waits for all of it */

static int on_record(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct job *j = arg;

    if (key.n != KEY || (int64_t)(moxd_get_be64(key.p) / MOXD_SEC) >= j->until)
        return 1;
    memcpy(j->from, key.p, KEY);
    j->from[KEY] = 0; /* what follows it, next time */
    moxd_buf_addstr(&j->page, value);
    moxd_buf_addc(&j->page, '\n');
    j->more = ++j->npage == PAGE || j->page.n >= PAGE_BYTES;
    return j->more;
}

static int read_page(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;

    /* it may run again */
    moxd_buf_reset(&j->page);
    j->npage = 0;
    j->more = false;
    memcpy(j->from, j->start, sizeof(j->from));
    return j->d->store->tx_from(tx, evaluations, MOXD_STR(""), moxd_str(j->from, j->nfrom),
                                on_record, j, err) < 0
               ? -1
               : 0;
}

/* On a worker: JSON has no line ends outside of strings, and none in them. */
static void add_page(void *arg)
{
    struct job *j = arg;
    struct moxd_str rest = moxd_buf_str(&j->page), line;

    while (rest.n > 0) {
        line = moxd_str_cut(&rest, '\n');
        json_t *v = json_loadb(line.p, line.n, 0, NULL);
        if (json_is_object(json_object_get(v, "published")))
            add(j, v);
        json_decref(v);
    }
}

static size_t mark_key(char key[MARK_MAX], int64_t end, const char *domain)
{
    moxd_put_be64(key, (uint64_t)end);
    return 8 + (size_t)snprintf(key + 8, MARK_MAX - 8, "%.255s", domain);
}

/* Takes out those that were reported about. */
static int drop_reported(struct job *j, struct store_tx *tx, struct moxd_err *err)
{
    struct moxd_buf none = MOXD_BUF_INIT(100);
    const char *name;
    char key[MARK_MAX];
    json_t *g;
    void *next;
    int rc = 0;

    json_object_foreach_safe(j->groups, next, name, g)
    {
        int64_t end = json_integer_value(json_object_get(g, "end"));
        size_t n = mark_key(key, end, text(json_object_get(g, "published"), "domain"));
        rc = store_tx_find(j->d->store, tx, reported, moxd_str(key, n), &none, err);
        if (rc < 0)
            break;
        if (rc > 0)
            (void)json_object_del(j->groups, name);
    }
    moxd_buf_fini(&none);
    return rc < 0 ? -1 : 0;
}

static int drop(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    return drop_reported(arg, tx, err);
}

static int collect(struct job *j, struct moxd_err *err) MOXD_SUSPENDS;
static int collect(struct job *j, struct moxd_err *err)
{
    const struct dmarc *d = j->d;

    do {
        if (d->store->view(d->store_self, NULL, read_page, j, err) < 0)
            return -1;
        if (moxd_offload(MOXD_LANE_CPU, add_page, j) != MOXD_OK)
            return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
        memcpy(j->start, j->from, sizeof(j->start));
        j->nfrom = sizeof(j->from);
    } while (j->more);
    return d->store->view(d->store_self, NULL, drop, j, err);
}

/* ---- what a report says */

static const char *copy(struct job *j, const json_t *v, const char *name)
{
    return moxd_arena_strdup(j->a, text(v, name));
}

static void add_auth(struct job *j, const json_t *v, bool null_sender,
                     struct moxd_dmarc_report_row *w)
{
    bool spf = strcmp(text(v, "method"), "spf") == 0;
    bool helo = strcmp(text(v, "scope"), "helo") == 0;
    const struct moxd_dmarc_report_auth au = { .domain = copy(j, v, "domain"),
                                               .selector = spf ? "" : copy(j, v, "selector"),
                                               .scope = spf ? "mfrom" : "",
                                               .result = copy(j, v, "result"),
                                               .human = "" };

    if (!*au.domain)
        return;                                      /* "none" */
    if (spf && helo == null_sender && w->nspfs == 0) /* the identity of MAIL FROM, once */
        *(struct moxd_dmarc_report_auth *)moxd_arena_push(j->a, &w->spfs, &w->nspfs, &w->cspfs,
                                                          sizeof(au)) = au;
    else if (!spf && w->ndkims < MOXD_DMARC_SIGNATURES_MAX)
        *(struct moxd_dmarc_report_auth *)moxd_arena_push(j->a, &w->dkims, &w->ndkims, &w->cdkims,
                                                          sizeof(au)) = au;
}

/* RFC 9990 2.1.11: why it is not what the policy says. */
static void explain(struct job *j, const json_t *v, const struct moxd_dmarc_report *r,
                    struct moxd_dmarc_report_row *w)
{
    bool own = strcmp(w->header_from, r->domain) == 0;
    const char *policy = own || !*r->sp ? r->p : r->sp, *arc = copy(j, v, "arc");
    bool test = !*arc && json_is_true(json_object_get(v, "testing"));

    if (strcmp(w->disposition, "pass") == 0 || strcmp(w->disposition, policy) == 0)
        return;
    w->reasons = moxd_arena_alloc(j->a, sizeof(*w->reasons));
    w->nreasons = 1;
    w->reasons[0] = (struct moxd_dmarc_report_reason){
        .type = test ? "policy_test_mode" : "local_policy",
        .comment = strcmp(w->disposition, "reject") == 0 ? "mail for quarantine is refused" : arc,
    };
}

static void add_row(struct job *j, const char *json, uint64_t count, struct moxd_dmarc_report *r)
{
    json_t *v = json_loads(json, 0, NULL), *results = json_object_get(v, "results");
    struct moxd_dmarc_report_row *w = moxd_arena_push(j->a, &r->v, &r->n, &r->cap, sizeof(*w));
    const char *from = copy(j, v, "envelope-from");

    *w = (struct moxd_dmarc_report_row){ .source_ip = copy(j, v, "ip"),
                                         .count = count,
                                         .disposition = copy(j, v, "disposition"),
                                         .dkim = copy(j, v, "dkim"),
                                         .spf = copy(j, v, "spf"),
                                         .header_from = copy(j, v, "from"),
                                         .envelope_from = from,
                                         .null_sender = !*from };
    if (strcmp(w->dkim, "pass") == 0 || strcmp(w->spf, "pass") == 0)
        w->disposition = "pass";
    for (size_t i = 0; i < json_array_size(results); i++)
        add_auth(j, json_array_get(results, i), w->null_sender, w);
    explain(j, v, r, w);
    json_decref(v);
}

static const char *const *uris(struct job *j, const json_t *v)
{
    size_t n = json_array_size(v);
    const char **out = moxd_arena_calloc(j->a, n + 1, sizeof(*out));

    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_array_get(v, i));
        out[i] = moxd_arena_strdup(j->a, s ? s : "");
    }
    return out;
}

static const uint64_t *sizes(struct job *j, const json_t *v, size_t n)
{
    uint64_t *out = moxd_arena_calloc(j->a, n + 1, sizeof(*out));

    for (size_t i = 0; i < n; i++) {
        json_int_t size = json_integer_value(json_array_get(v, i));
        out[i] = size > 0 ? (uint64_t)size : 0;
    }
    return out;
}

static void fill(struct job *j, const json_t *v, struct dmarc_group *g)
{
    const json_t *p = json_object_get(v, "published");
    const char *key;
    json_t *count;

    *g = (struct dmarc_group){ .begin = json_integer_value(json_object_get(v, "begin")),
                               .end = json_integer_value(json_object_get(v, "end")),
                               .domain = copy(j, p, "domain"),
                               .rua = uris(j, json_object_get(p, "rua")),
                               .sizes = sizes(j, json_object_get(p, "sizes"),
                                              json_array_size(json_object_get(p, "rua"))),
                               .wanted = json_is_true(json_object_get(v, "wanted")) };
    g->report = (struct moxd_dmarc_report){
        .begin = g->begin,
        .end = g->end - 1,
        .domain = g->domain,
        .discovery = j->d->psl ? "psl" : "treewalk",
        .p = copy(j, p, "p"),
        .sp = copy(j, p, "sp"),
        .np = copy(j, p, "np"),
        .adkim = copy(j, p, "adkim"),
        .aspf = copy(j, p, "aspf"),
        .testing = json_is_true(json_object_get(p, "testing")) ? "y" : "n",
    };
    json_object_foreach(json_object_get(v, "rows"), key, count)
        add_row(j, key, (uint64_t)json_integer_value(count), &g->report);
}

int dmarc_groups(struct dmarc *d, bool now, struct moxd_arena *a, struct dmarc_group **out,
                 size_t *n, struct moxd_err *err)
{
    int64_t sec = moxd_wall() / MOXD_SEC;
    struct job j = {
        .d = d, .a = a, .groups = json_object(), .page = MOXD_BUF_INIT(PAGE_BYTES + (64 << 10))
    };
    const char *name;
    json_t *v;

    j.until = now ? sec + 1 : dmarc_interval_begin(sec, d->conf->interval);
    dmarc_flush(d);
    *n = 0;
    int rc = collect(&j, err);
    moxd_buf_fini(&j.page);
    *out = moxd_arena_calloc(a, json_object_size(j.groups), sizeof(**out));
    if (rc == 0)
        json_object_foreach(j.groups, name, v) fill(&j, v, &(*out)[(*n)++]);
    json_decref(j.groups);
    return rc;
}

/* Marks are of use as long as the evaluations are there. */
static int old_mark(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct moxd_str *out = arg;

    (void)value;
    if (key.n > MARK_MAX)
        return 1;
    memcpy((char *)(uintptr_t)out->p, key.p, key.n);
    out->n = key.n;
    return 1;
}

static int put_mark(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct job *j = arg;
    const struct store_v1 *store = j->d->store;
    char key[MARK_MAX], first[MARK_MAX];
    struct moxd_str old = { first, 0 };
    size_t n = mark_key(key, j->mark->end, j->mark->domain);

    if (store->tx_each(tx, reported, MOXD_STR(""), old_mark, &old, err) < 0)
        return -1;
    int64_t before = (moxd_wall() - j->d->conf->keep) / MOXD_SEC - 2 * 86400;
    if (old.n >= 8 && (int64_t)moxd_get_be64(first) < before &&
        store->tx_del(tx, reported, old, err) < 0)
        return -1;
    return store->tx_put(tx, reported, moxd_str(key, n), MOXD_STR("1"), err);
}

int dmarc_reported(struct dmarc *d, const struct dmarc_group *g, struct moxd_err *err)
{
    struct job j = { .d = d, .mark = g };

    return d->store->transact(d->store_self, NULL, put_mark, &j, err);
}
