#include "verify.h"

#include <stdlib.h>

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

#include "bodyfile.h"
#include "changed.h"
#include "expunged.h"
#include "parsed.h"

#include <moxmail/summary.h>

/* What was counted in a mailbox. */
struct counted {
    uint32_t id;
    struct store_mbox r;       /* as recorded; the name is in the arena */
    size_t nkw;                /* keywords in its list */
    uint32_t total, unseen, deleted;
    uint64_t size;
    UT_hash_handle hh;
};
/* A message that waits to be erased. */
struct waiting {
    uint64_t id, place, body;
    bool has_place;            /* its id leads there */
    UT_hash_handle hh;
};
struct verify {
    struct store_tx *tx;
    struct store_report *out;
    struct counted *boxes;     /* hash by id */
    struct waiting *waiting;   /* hash by id */
    uint64_t ids;              /* entries of the index of ids */
    uint64_t headers, structures;
    bool changes;              /* blocks of changes are complete: */
    uint64_t changes_from;     /* from there on */
    struct moxd_arena *scratch;
    struct moxd_err *err;
};

void store_problem(struct store_report *out, const char *fmt, ...)
{
    struct moxd_buf b = MOXD_BUF_INIT(500);
    va_list ap;

    va_start(ap, fmt);
    moxd_buf_addv(&b, fmt, ap);
    va_end(ap);
    if (out->n < STORE_PROBLEMS_MAX)
        out->problems[out->n] = moxd_arena_strdup(out->arena, moxd_buf_cstr(&b));
    out->n++;
    moxd_buf_fini(&b);
}
#define problem(v, ...) store_problem((v)->out, __VA_ARGS__)

static int scan(struct verify *v, enum store_table table, store_each *fn)
{
    struct store_key all = store_key_table(table);
    return store_scan(v->tx, &all, store_key_str(&all), fn, v, v->err) < 0 ? -1 : 0;
}

static struct counted *box_of(struct verify *v, uint32_t id)
{
    struct counted *c;
    HASH_FIND(hh, v->boxes, &id, sizeof(id), c);
    return c;
}

/* --- mailboxes --------------------------------------------------------------------------------- */

static int on_mailbox(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    struct counted *c = moxd_arena_alloc(v->tx->arena, sizeof(*c));

    if (key.n != 5 || store_mbox_decode(val, &c->r) < 0) {
        problem(v, "mailbox record that cannot be read");
        return 0;
    }
    c->id = moxd_get_be32(key.p + 1);
    c->r.name = moxd_arena_str(v->tx->arena, c->r.name);
    HASH_ADD(hh, v->boxes, id, sizeof(c->id), c);
    v->out->mailboxes++;
    return 0;
}

static void check_numbers(struct verify *v, const struct counted *c)
{
    const struct store_meta *m = &v->tx->meta;
    struct store_name name;

    if (c->id >= m->next_mailbox)
        problem(v, "mailbox %u: id is not below the next one", c->id);
    if (c->r.uidvalidity >= m->next_uidvalidity)
        problem(v, "mailbox %u: UIDVALIDITY is not below the next one", c->id);
    if (c->r.highestmodseq > m->modseq)
        problem(v, "mailbox %u: modseq above the account's", c->id);
    if (store_name_parse(c->r.name, &name, NULL) < 0 ||
        !moxd_str_eq(store_name_str(&name), c->r.name))
        problem(v, "mailbox %u: bad name", c->id);
}

static int check_name(struct verify *v, const struct counted *c)
{
    struct moxd_str parent = store_name_parent(c->r.name);
    uint32_t id = 0;
    int rc = store_box_id(v->tx, c->r.name, &id, v->err);

    if (rc == 0 || (rc > 0 && id != c->id))
        problem(v, "mailbox %u: its name does not lead to it", c->id);
    if (rc < 0 || parent.n == 0)
        return rc < 0 ? -1 : 0;
    rc = store_box_id(v->tx, parent, &id, v->err);
    if (rc == 0)
        problem(v, "mailbox %u: has no parent", c->id);
    return rc < 0 ? -1 : 0;
}

static int check_mailboxes(struct verify *v)
{
    struct counted *c, *tmp;
    struct store_kwlist *kw;
    uint32_t id;

    HASH_ITER(hh, v->boxes, c, tmp) {
        check_numbers(v, c);
        if (check_name(v, c) < 0 || store_kwlist_load(v->tx, c->id, &kw, v->err) < 0)
            return -1;
        c->nkw = kw->n;
    }
    int rc = store_box_id(v->tx, MOXD_STR("INBOX"), &id, v->err);
    if (rc == 0)
        problem(v, "no INBOX");
    if (v->out->mailboxes != v->tx->meta.mailboxes)
        problem(v, "%llu mailboxes, recorded are %u", (unsigned long long)v->out->mailboxes,
                v->tx->meta.mailboxes);
    return rc < 0 ? -1 : 0;
}

static int on_name(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    const struct counted *c = val.n == 4 ? box_of(v, moxd_get_be32(val.p)) : NULL;

    if (c == NULL || !moxd_str_eq(c->r.name, moxd_str_from(key, 1)))
        problem(v, "name \"%" MOXD_STRF "\" without its mailbox", MOXD_STRA(moxd_str_from(key, 1)));
    return 0;
}

static int on_keywords(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;

    (void)val;
    if (key.n != 5 || box_of(v, moxd_get_be32(key.p + 1)) == NULL)
        problem(v, "keywords without their mailbox");
    return 0;
}

/* --- messages ---------------------------------------------------------------------------------- */

static void count(struct counted *c, const struct store_rec *r)
{
    c->total++;
    c->unseen += (r->flags & STORE_SEEN) == 0;
    c->deleted += (r->flags & STORE_DELETED) != 0;
    c->size += r->size;
}

static int check_place(struct verify *v, uint32_t mailbox, uint32_t uid, uint64_t id)
{
    uint32_t at_mailbox = 0, at_uid = 0;
    int rc = store_msg_find(v->tx, id, &at_mailbox, &at_uid, v->err);

    if (rc == 0 || (rc > 0 && (at_mailbox != mailbox || at_uid != uid)))
        problem(v, "message %llu: its id does not lead to it", (unsigned long long)id);
    return rc < 0 ? -1 : 0;
}

static int check_shared(struct verify *v, const struct store_rec *rec)
{
    struct store_key key = store_key_shared(rec->body, rec->id);
    struct moxd_str val;
    int rc = rec->body != 0 ? store_get(v->tx, &key, &val, v->err) : 1;

    if (rc == 0)
        problem(v, "message %llu: shares a body that does not know it", (unsigned long long)rec->id);
    return rc < 0 ? -1 : 0;
}

/* The stored prefix and the file, or both in one record, add up to the size (STORE-01). */
static int check_body(struct verify *v, const struct store_rec *rec)
{
    struct store_key key = store_key_u64(STORE_T_DATA, store_rec_body(rec));
    uint64_t id = rec->id, want = rec->where == STORE_IN_DB ? rec->size : rec->prefix;
    struct moxd_err why = { 0 };
    struct moxd_str val = { 0 };
    int rc = store_get(v->tx, &key, &val, v->err);

    if (rc < 0)
        return -1;
    if (val.n != want)
        problem(v, "message %llu: %zu bytes stored, recorded are %llu", (unsigned long long)id,
                val.n, (unsigned long long)want);
    if (rec->where == STORE_IN_DB)
        return check_shared(v, rec);
    int fd = store_file_open(v->tx->bt->env, v->tx->bt->id, id, rec->size - rec->prefix, &why);
    if (fd < 0)
        problem(v, "message %llu: %s", (unsigned long long)id, why.priv);
    moxd_closep(&fd);
    return 0;
}

/* A message that changed is in a block that says so. */
static int check_changed(struct verify *v, uint32_t mailbox, uint32_t uid, const struct store_rec *r)
{
    struct store_key key = store_key_place(STORE_T_CHANGED, mailbox, uid / STORE_BLOCK_UIDS);
    struct moxd_str val;

    if (!v->changes || r->modseq <= v->changes_from)
        return 0;
    int rc = store_get(v->tx, &key, &val, v->err);
    if (rc == 0 || (rc > 0 && (val.n != 8 || moxd_get_be64(val.p) < r->modseq)))
        problem(v, "message %llu: its change is not noted", (unsigned long long)r->id);
    return rc < 0 ? -1 : 0;
}

static int on_changed(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    const struct counted *c = key.n == 9 ? box_of(v, moxd_get_be32(key.p + 1)) : NULL;

    if (key.n == 1) /* of the account */
        return 0;
    if (c == NULL || val.n != 8)
        problem(v, "block of changes without its mailbox");
    else if (moxd_get_be64(val.p) > c->r.highestmodseq)
        problem(v, "mailbox %u: change above its modseq", c->id);
    return 0;
}

static int on_message(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    struct store_rec r;

    if (key.n != 9 || store_rec_decode(val, &r) < 0) {
        problem(v, "message record that cannot be read");
        return 0;
    }
    uint32_t mailbox = moxd_get_be32(key.p + 1), uid = moxd_get_be32(key.p + 5);
    struct counted *c = box_of(v, mailbox);
    if (c == NULL) {
        problem(v, "message %llu: no such mailbox", (unsigned long long)r.id);
        return 0;
    }
    count(c, &r);
    v->out->messages++;
    v->out->size += r.size;
    if (uid == 0 || uid >= c->r.uidnext)
        problem(v, "message %llu: UID is not below UIDNEXT", (unsigned long long)r.id);
    if (r.modseq > c->r.highestmodseq)
        problem(v, "message %llu: modseq above its mailbox's", (unsigned long long)r.id);
    if (r.id >= v->tx->meta.next_id)
        problem(v, "message %llu: id is not below the next one", (unsigned long long)r.id);
    if (r.nkw > 0 && r.kw[r.nkw - 1] >= c->nkw)
        problem(v, "message %llu: unknown keyword", (unsigned long long)r.id);
    if (check_place(v, mailbox, uid, r.id) < 0 || check_changed(v, mailbox, uid, &r) < 0)
        return -1;
    return check_body(v, &r);
}

static void check_counts(struct verify *v)
{
    const struct store_meta *m = &v->tx->meta;
    struct counted *c, *tmp;

    HASH_ITER(hh, v->boxes, c, tmp)
        if (c->total != c->r.total || c->unseen != c->r.unseen || c->deleted != c->r.deleted ||
            c->size != c->r.size)
            problem(v, "mailbox %u: counts total %u unseen %u deleted %u size %llu, recorded are "
                       "%u %u %u %llu", c->id, c->total, c->unseen, c->deleted,
                    (unsigned long long)c->size, c->r.total, c->r.unseen, c->r.deleted,
                    (unsigned long long)c->r.size);
    if (v->out->messages != m->messages || v->out->size != m->size)
        problem(v, "%llu messages of %llu bytes, recorded are %llu of %llu",
                (unsigned long long)v->out->messages, (unsigned long long)v->out->size,
                (unsigned long long)m->messages, (unsigned long long)m->size);
}

/* --- what belongs to messages ------------------------------------------------------------------ */

/* What waits to be erased still has its place. */
static struct waiting *waits(struct verify *v, uint64_t id)
{
    struct waiting *w;
    HASH_FIND(hh, v->waiting, &id, sizeof(id), w);
    return w;
}

static int on_id(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    struct store_rec r;

    if (key.n != 9 || val.n < STORE_PLACE_SIZE) {
        problem(v, "entry in the index of ids that cannot be read");
        return 0;
    }
    uint64_t id = moxd_get_be64(key.p + 1);
    struct waiting *w = waits(v, id);
    if (w != NULL && w->place == moxd_get_be64(val.p)) {
        w->has_place = true;
        return 0;
    }
    v->ids++;
    int rc = store_msg_get(v->tx, moxd_get_be32(val.p), moxd_get_be32(val.p + 4), &r, v->err);
    if (rc == 0 || (rc > 0 && r.id != id))
        problem(v, "id %llu without its message", (unsigned long long)id);
    return rc < 0 ? -1 : 0;
}

static int on_erase(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    struct store_erase r;
    uint32_t mailbox, uid;

    if (key.n != 9 || store_erase_decode(val, &r) < 0) {
        problem(v, "record of an expunged message that cannot be read");
        return 0;
    }
    uint64_t id = moxd_get_be64(key.p + 1);
    int rc = store_msg_find(v->tx, id, &mailbox, &uid, v->err);
    if (rc > 0)
        problem(v, "message %llu is there and expunged", (unsigned long long)id);
    v->out->expunged++;
    return rc < 0 ? -1 : 0;
}

static int on_expunged_one(struct verify *v, uint32_t mailbox, const struct store_expunged *e)
{
    struct waiting *w = moxd_arena_alloc(v->tx->arena, sizeof(*w));
    struct store_rec r;
    int rc = store_msg_get(v->tx, mailbox, e->uid, &r, v->err);

    if (rc > 0)
        problem(v, "mailbox %u: UID %u is there and expunged", mailbox, e->uid);
    *w = (struct waiting){ .id = e->id, .place = (uint64_t)mailbox << 32 | e->uid,
                           .body = e->body.body };
    if (waits(v, e->id) != NULL)
        problem(v, "message %llu was expunged twice", (unsigned long long)e->id);
    else
        HASH_ADD(hh, v->waiting, id, sizeof(w->id), w);
    v->out->expunged++;
    return rc < 0 ? -1 : 0;
}

static int on_expunged(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    struct store_expunged e[STORE_EXPUNGED_MAX];
    int n = key.n == 9 ? store_expunged_decode(val, e) : -1;

    if (n < 0 || e[0].uid != moxd_get_be32(key.p + 5)) {
        problem(v, "record of expunged messages that cannot be read");
        return 0;
    }
    for (int i = 0; i < n; i++)
        if (on_expunged_one(v, moxd_get_be32(key.p + 1), &e[i]) < 0)
            return -1;
    return 0;
}

static void check_waiting(struct verify *v)
{
    struct waiting *w, *tmp;

    HASH_ITER(hh, v->waiting, w, tmp)
        if (!w->has_place)
            problem(v, "message %llu is expunged and has no place", (unsigned long long)w->id);
}

/* Whether a message with the id is there, or waits for its erasure. 1, 0, -1. */
static int owned(struct verify *v, uint64_t id)
{
    struct store_key erase = store_key_u64(STORE_T_ERASE, id);
    struct moxd_str val;
    uint32_t mailbox, uid;
    int rc = waits(v, id) != NULL ? 1 : store_msg_find(v->tx, id, &mailbox, &uid, v->err);

    return rc != 0 ? rc : store_get(v->tx, &erase, &val, v->err);
}

/* Whether it is known who shares the body. 1, 0, -1. */
static int has_sharers(struct verify *v, struct moxd_str key)
{
    struct store_key all = store_key_u64(STORE_T_SHARED, moxd_get_be64(key.p + 1)), at;
    struct moxd_str val;

    return key.p[0] != STORE_T_DATA
               ? 0
               : store_first(v->tx, &all, store_key_str(&all), &at, &val, v->err);
}

static int on_shared(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    uint64_t body = key.n == 17 ? moxd_get_be64(key.p + 1) : 0;
    uint64_t id = key.n == 17 ? moxd_get_be64(key.p + 9) : 0;
    struct store_key mark = store_key_u64(STORE_T_ERASE, id);
    struct waiting *w = waits(v, id);
    struct store_rec rec = { 0 };
    uint32_t mailbox, uid;

    int rc = w != NULL ? 0 : store_msg_by_id(v->tx, id, &mailbox, &uid, &rec, v->err);
    bool known = rc > 0 ? rec.body == body : w != NULL && w->body == body;
    if (rc == 0 && w == NULL) { /* of before the database was made anew */
        rc = store_get(v->tx, &mark, &val, v->err);
        known = rc > 0;
    }
    if (!known)
        problem(v, "message %llu: does not share the body %llu", (unsigned long long)id,
                (unsigned long long)body);
    return rc < 0 ? -1 : 0;
}

static int on_owned(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    int rc = key.n >= 9 ? owned(v, moxd_get_be64(key.p + 1)) : 0;

    (void)val;
    if (rc == 0 && key.n >= 9)
        rc = has_sharers(v, key);
    if (rc == 0)
        problem(v, "%s without a message", key.p[0] == STORE_T_NOTE ? "note" : "body");
    return rc < 0 ? -1 : 0;
}

/* Whether what was by this place waits to be erased. 1, 0, -1. */
static int was_expunged(struct verify *v, struct moxd_str key)
{
    struct store_expunged e;

    return key.n != 9 ? 0
                      : store_expunged_find(v->tx, moxd_get_be32(key.p + 1),
                                            moxd_get_be32(key.p + 5), &e, v->err);
}

/* 1 and the message whose parsed form this is; 0 when there is none any more; -1. The record without a
 * place is of the account. */
static int parsed_of(struct verify *v, struct moxd_str key, struct store_rec *r)
{
    int rc = key.n == 9 ? store_msg_get(v->tx, moxd_get_be32(key.p + 1), moxd_get_be32(key.p + 5), r,
                                        v->err)
                        : 0;
    if (rc != 0 || key.n == 1)
        return rc;
    rc = was_expunged(v, key);
    if (rc == 0)
        problem(v, "parsed form without a message");
    return rc < 0 ? -1 : 0;
}

static int on_header(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    struct moxd_summary s;
    struct store_rec r;
    int rc = parsed_of(v, key, &r);

    if (rc <= 0)
        return rc;
    v->headers++;
    if (moxd_summary_read(&s, val) == 0 && s.header_size > r.size)
        problem(v, "message %llu: summary of another message", (unsigned long long)r.id);
    return 0;
}

static int on_structure(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    struct moxd_msg *m;
    struct store_rec r;
    int rc = parsed_of(v, key, &r);

    if (rc <= 0)
        return rc;
    v->structures++;
    if (moxd_msg_form_current(val) && moxd_msg_decode(v->scratch, val, r.size, &m, NULL) < 0)
        problem(v, "message %llu: its structure does not fit", (unsigned long long)r.id);
    moxd_arena_reset(v->scratch);
    return 0;
}

static int check_parsed(struct verify *v)
{
    if (scan(v, STORE_T_HEADER, on_header) < 0 || scan(v, STORE_T_STRUCTURE, on_structure) < 0)
        return -1;
    int rc = store_parsed_complete(v->tx, v->err);
    if (rc > 0 && (v->headers != v->out->messages || v->structures != v->out->messages))
        problem(v, "%llu summaries and %llu structures for %llu messages",
                (unsigned long long)v->headers, (unsigned long long)v->structures,
                (unsigned long long)v->out->messages);
    return rc < 0 ? -1 : 0;
}

static int on_gone(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verify *v = arg;
    struct store_uid_range uids;
    struct store_rec r;
    const struct counted *c = store_gone_decode(key, val, &uids) == 0
                                  ? box_of(v, moxd_get_be32(key.p + 1))
                                  : NULL;

    if (c == NULL) {
        problem(v, "tombstone without its mailbox");
        return 0;
    }
    if (moxd_get_be64(key.p + 5) > c->r.highestmodseq || uids.last >= c->r.uidnext) {
        problem(v, "mailbox %u: tombstone from the future", c->id);
        return 0;
    }
    for (uint32_t uid = uids.first; uid <= uids.last; uid++) {
        int rc = store_msg_get(v->tx, c->id, uid, &r, v->err);
        if (rc < 0)
            return -1;
        if (rc > 0)
            problem(v, "mailbox %u: UID %u is there and expunged", c->id, uid);
    }
    return 0;
}

static int on_file(void *arg, uint64_t id)
{
    struct verify *v = arg;
    int rc = owned(v, id);

    v->out->files++;
    /* One that is being delivered has an id that is in the making. */
    uint64_t next, low;
    store_ids_state(&v->tx->bt->ids, &next, &low);
    if (rc == 0 && id < low)
        problem(v, "file of body %llu without a message", (unsigned long long)id);
    return rc < 0 ? -1 : 0;
}

int store_op_verify(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_report *out = arg;
    struct verify v = { .tx = tx, .out = out, .err = err, .scratch = moxd_arena_new(0) };
    struct moxd_arena *a = out->arena;

    *out = (struct store_report){ .arena = a };
    int rc = store_changed_from(tx, &v.changes_from, err);

    v.changes = rc > 0;
    rc = -1;
    if (scan(&v, STORE_T_MAILBOX, on_mailbox) == 0 && check_mailboxes(&v) == 0 &&
        scan(&v, STORE_T_NAME, on_name) == 0 && scan(&v, STORE_T_KEYWORDS, on_keywords) == 0 &&
        scan(&v, STORE_T_MESSAGE, on_message) == 0 &&
        scan(&v, STORE_T_EXPUNGED, on_expunged) == 0 && scan(&v, STORE_T_ID, on_id) == 0 &&
        scan(&v, STORE_T_ERASE, on_erase) == 0 && scan(&v, STORE_T_NOTE, on_owned) == 0 &&
        scan(&v, STORE_T_DATA, on_owned) == 0 && scan(&v, STORE_T_SHARED, on_shared) == 0 && scan(&v, STORE_T_GONE, on_gone) == 0 &&
        scan(&v, STORE_T_CHANGED, on_changed) == 0 &&
        check_parsed(&v) == 0)
        rc = store_file_each(tx->bt->env, tx->bt->id, 1, on_file, &v, err);
    if (rc == 0)
        rc = store_verify_threads(tx, out, err);
    if (rc == 0)
        rc = store_verify_viewers(tx, out, err);
    if (rc == 0) {
        check_counts(&v);
        check_waiting(&v);
    }
    HASH_CLEAR(hh, v.boxes);
    HASH_CLEAR(hh, v.waiting);
    moxd_arena_free(v.scratch);
    if (rc == 0 && v.ids != out->messages)
        problem(&v, "%llu ids for %llu messages", (unsigned long long)v.ids,
                (unsigned long long)out->messages);
    return rc < 0 ? -1 : 0;
}
