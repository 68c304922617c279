/* Random operations on the store and on a plain model of it: both must always agree. */
#include "store_unit.h"

enum { MESSAGES_MAX = 4000, BOXES_MAX = 400, STEPS = 1500, BODY_MAX = 9000 };

struct model_msg {
    bool there;
    uint32_t box, uid, flags;
    unsigned kw; /* bit set of keyword[] */
    uint64_t id, modseq, createseq;
    size_t size;
    char first;
};
struct model_box {
    bool there, subscribed, junk;
    char name[40];
    uint32_t id, uidvalidity, uidnext;
};
static struct {
    struct store_account *acc;
    struct moxd_arena *a;
    struct model_msg m[MESSAGES_MAX];
    struct model_box b[BOXES_MAX];
    size_t nm, nb;
    uint64_t modseq;
    uint32_t rnd, validity;
} mo;
static const char *const keyword[] = { "a", "bb", "ccc" };

static uint32_t rnd(uint32_t below)
{
    mo.rnd = mo.rnd * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)(mo.rnd ^ mo.rnd >> 16) * below) >> 32);
}

/* --- the model --------------------------------------------------------------------------------- */

static struct model_box *box_by_name(const char *name)
{
    for (size_t i = 0; i < mo.nb; i++)
        if (mo.b[i].there && strcmp(mo.b[i].name, name) == 0)
            return &mo.b[i];
    return NULL;
}

static struct model_box *random_box(void)
{
    for (;;) {
        struct model_box *b = &mo.b[rnd((uint32_t)mo.nb)];
        if (b->there)
            return b;
    }
}

static const char *random_name(void)
{
    static const char *const names[] = { "x", "x/y", "x/y/z", "w", "w/v", "Archive", "INBOX/i" };
    return names[rnd(MOXD_NELEMS(names))];
}

static bool has_children(const struct model_box *b)
{
    size_t n = strlen(b->name);
    for (size_t i = 0; i < mo.nb; i++)
        if (mo.b[i].there && strncmp(mo.b[i].name, b->name, n) == 0 && mo.b[i].name[n] == '/')
            return true;
    return false;
}

/* Takes over what the store says of a mailbox that is new. */
static void learn_boxes(void)
{
    struct store_mailbox *v;
    size_t n;

    ck_err(api->mailboxes(mo.acc, mo.a, &v, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (box_by_name(v[i].name))
            continue;
        struct model_box *b = &mo.b[mo.nb++];
        ck_assert_uint_le(mo.nb, BOXES_MAX);
        *b = (struct model_box){ .there = true,
                                 .subscribed = v[i].subscribed,
                                 .id = v[i].id,
                                 .uidvalidity = v[i].uidvalidity,
                                 .uidnext = 1,
                                 .junk = v[i].special_use & STORE_USE_JUNK };
        snprintf(b->name, sizeof(b->name), "%s", v[i].name);
        ck_assert_uint_eq(v[i].total, 0);
        ck_assert_uint_eq(v[i].uidnext, 1);
        ck_assert_uint_gt(v[i].uidvalidity, mo.validity); /* never used before */
    }
    for (size_t i = 0; i < n; i++)
        mo.validity = v[i].uidvalidity > mo.validity ? v[i].uidvalidity : mo.validity;
}

static struct model_msg *put(const struct model_msg *from, struct model_box *b, uint64_t id)
{
    struct model_msg *m = &mo.m[mo.nm++];
    ck_assert_uint_le(mo.nm, MESSAGES_MAX);
    *m = *from;
    m->there = true;
    m->box = b->id;
    m->uid = b->uidnext++;
    m->id = id;
    m->modseq = m->createseq = mo.modseq;
    return m;
}

static struct store_keywords keywords(unsigned set)
{
    const char **v = moxd_arena_calloc(mo.a, 3, sizeof(*v));
    size_t n = 0;
    for (size_t i = 0; i < 3; i++)
        if (set & 1u << i)
            v[n++] = keyword[i];
    return (struct store_keywords){ v, n };
}

/* A set of one or two ranges of UIDs. */
static struct store_uids random_uids(const struct model_box *b)
{
    struct store_uid_range *r = moxd_arena_calloc(mo.a, 2, sizeof(*r));
    uint32_t top = b->uidnext + 2;

    r[0].first = 1 + rnd(top);
    r[0].last = r[0].first + rnd(6);
    r[1].first = r[0].last + 2 + rnd(5);
    r[1].last = r[1].first + rnd(30);
    return (struct store_uids){ r, 1 + rnd(2) };
}

static bool in(struct store_uids u, uint32_t uid)
{
    for (size_t i = 0; i < u.n; i++)
        if (uid >= u.v[i].first && uid <= u.v[i].last)
            return true;
    return false;
}

/* --- steps ------------------------------------------------------------------------------------- */

static void step_add(void)
{
    static char body[BODY_MAX];
    struct model_box *b = random_box();
    struct model_msg m = { .flags = rnd(16),
                           .kw = rnd(8),
                           .first = (char)('a' + rnd(26)),
                           .size = rnd(4) ? rnd(300) : rnd(BODY_MAX) };

    memset(body, m.first, m.size);
    struct store_draft *d = draft_of(body, m.size);
    struct store_add add = {
        .acc = mo.acc, .mailbox = b->id, .flags = m.flags, .keywords = keywords(m.kw)
    };
    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    ck_assert_uint_eq(add.modseq, ++mo.modseq);
    ck_assert_uint_eq(add.uid, put(&m, b, add.id)->uid);
}

static void step_flags(void)
{
    struct model_box *b = random_box();
    struct store_uids u = random_uids(b);
    struct store_flag_change fc = { rnd(3), .flags = rnd(16) };
    unsigned kw = rnd(3) ? 0 : rnd(8);
    struct store_entry *e;
    size_t n, matched = 0;
    bool changed = false;

    fc.keywords = keywords(kw);
    ck_err(api->set_flags(mo.acc, b->id, &u, &fc, mo.a, &e, &n, NULL, err));
    for (size_t i = 0; i < mo.nm; i++) {
        struct model_msg *m = &mo.m[i], old = *m;
        if (!m->there || m->box != b->id || !in(u, m->uid))
            continue;
        m->flags = fc.mode == STORE_FLAGS_SET   ? fc.flags
                   : fc.mode == STORE_FLAGS_ADD ? m->flags | fc.flags
                                                : m->flags & ~fc.flags;
        m->kw = fc.mode == STORE_FLAGS_SET   ? kw
                : fc.mode == STORE_FLAGS_ADD ? m->kw | kw
                                             : m->kw & ~kw;
        if (m->flags != old.flags || m->kw != old.kw) {
            m->modseq = mo.modseq + 1;
            changed = true;
        }
        matched++;
    }
    mo.modseq += changed;
    ck_assert_uint_eq(n, matched);
}

static void step_copy_or_move(bool move)
{
    struct model_box *src = random_box(), *dst = random_box();
    struct store_uids u = random_uids(src);
    struct store_copied *c;
    struct store_entry *e;
    size_t n, ne, before = mo.nm;

    if (move && src == dst)
        return;
    if (move)
        ck_err(api->move(mo.acc, src->id, &u, dst->id, mo.a, &c, &n, NULL, err));
    else
        ck_err(api->copy(mo.acc, src->id, &u, dst->id, mo.a, &c, &n, err));
    mo.modseq += n > 0;
    for (size_t i = 0; i < n; i++) {
        struct model_msg *m = NULL;
        for (size_t k = 0; k < before && !m; k++)
            if (mo.m[k].there && mo.m[k].box == src->id && mo.m[k].uid == c[i].src_uid)
                m = &mo.m[k];
        ck_assert_ptr_nonnull(m);
        ck_assert(in(u, m->uid));
        struct store_uids one = { &(struct store_uid_range){ c[i].dst_uid, c[i].dst_uid }, 1 };
        ck_err(api->entries(mo.acc, dst->id, &one, mo.a, &e, &ne, NULL, err));
        ck_assert_uint_eq(ne, 1);
        ck_assert_int_eq(e[0].id == m->id, move);
        uint64_t createseq = m->createseq;
        struct model_msg *made = put(m, dst, e[0].id);
        ck_assert_uint_eq(made->uid, c[i].dst_uid);
        if (dst->junk && src != dst)
            made->flags = (made->flags | STORE_JUNK) & ~(unsigned)STORE_NOTJUNK;
        if (move)
            made->createseq = createseq;
        m->there = m->there && !move;
    }
    for (size_t k = 0; k < before && move; k++)
        ck_assert(!(mo.m[k].there && mo.m[k].box == src->id && in(u, mo.m[k].uid)));
}

static void step_expunge(void)
{
    struct model_box *b = random_box();
    struct store_uids u = random_uids(b), out;
    bool all = rnd(3) == 0, any = false;

    ck_err(api->expunge(mo.acc, b->id, all ? NULL : &u, mo.a, &out, NULL, err));
    for (size_t i = 0; i < mo.nm; i++) {
        struct model_msg *m = &mo.m[i];
        bool goes =
            m->there && m->box == b->id && (m->flags & STORE_DELETED) && (all || in(u, m->uid));
        if (!m->there || m->box != b->id)
            continue;
        ck_assert_int_eq(in(out, m->uid), goes);
        m->there = !goes;
        any |= goes;
    }
    mo.modseq += any;
}

static void step_create(void)
{
    const char *name = random_name();
    uint32_t id;

    if (box_by_name(name)) {
        ck_fails(EXISTS, api->mailbox_create(mo.acc, moxd_cstr(name), 0, false, &id, err));
        return;
    }
    ck_err(api->mailbox_create(mo.acc, moxd_cstr(name), 0, rnd(2) != 0, &id, err));
    mo.modseq++;
    learn_boxes();
}

static void step_delete(void)
{
    const char *name = random_name();
    struct model_box *b = box_by_name(name);

    if (b == NULL) {
        ck_fails(NOTFOUND, api->mailbox_delete(mo.acc, moxd_cstr(name), err));
    } else if (has_children(b)) {
        ck_fails(STATE, api->mailbox_delete(mo.acc, moxd_cstr(name), err));
    } else {
        ck_err(api->mailbox_delete(mo.acc, moxd_cstr(name), err));
        b->there = false;
        for (size_t i = 0; i < mo.nm; i++)
            mo.m[i].there = mo.m[i].there && mo.m[i].box != b->id;
        mo.modseq++;
    }
}

static void step_rename(void)
{
    const char *from = random_name(), *to = random_name();
    struct model_box *b = box_by_name(from);
    size_t n = strlen(from);
    struct moxd_err err = { 0 };

    int rc = api->mailbox_rename(mo.acc, moxd_cstr(from), moxd_cstr(to), &err);
    bool below = strncmp(to, from, n) == 0 && to[n] == '/';
    enum moxd_err_kind want = b == NULL         ? MOXD_ERR_NOTFOUND
                              : box_by_name(to) ? MOXD_ERR_EXISTS
                              : below           ? MOXD_ERR_INVALID
                                                : MOXD_ERR_NONE;
    ck_assert_int_eq(err.kind, want);
    if (rc < 0)
        return;
    mo.modseq++;
    for (size_t i = 0; i < mo.nb; i++) {
        char name[40], *old = mo.b[i].name;
        if (!mo.b[i].there || strncmp(old, from, n) != 0 || (old[n] != '\0' && old[n] != '/'))
            continue;
        ck_assert_int_lt(snprintf(name, sizeof(name), "%s%s", to, old + n), 40);
        memcpy(old, name, sizeof(name));
    }
    learn_boxes(); /* parents */
}

/* --- comparing --------------------------------------------------------------------------------- */

static void compare_message(const struct store_msg *v)
{
    const struct model_msg *m = NULL;
    unsigned kw = 0;

    for (size_t i = 0; i < mo.nm && !m; i++)
        if (mo.m[i].there && mo.m[i].box == v->mailbox && mo.m[i].uid == v->uid)
            m = &mo.m[i];
    ck_assert_msg(m != NULL, "mailbox %u uid %u is not in the model", v->mailbox, v->uid);
    for (size_t i = 0; i < v->keywords.n; i++)
        for (size_t k = 0; k < 3; k++)
            kw |= (unsigned)(strcmp(v->keywords.v[i], keyword[k]) == 0) << k;
    ck_assert_uint_eq(v->id, m->id);
    ck_assert_uint_eq(v->flags, m->flags);
    ck_assert_uint_eq(kw, m->kw);
    ck_assert_uint_eq(v->modseq, m->modseq);
    ck_assert_uint_eq(v->createseq, m->createseq);
    ck_assert_uint_eq(v->size, m->size);
    const char *body = body_text(mo.acc, v->id, mo.a);
    ck_assert_uint_eq(strlen(body), m->size);
    ck_assert(m->size == 0 || (body[0] == m->first && body[m->size - 1] == m->first));
}

static void compare(void)
{
    struct store_mailbox *v;
    size_t n, total = 0, there = 0, boxes = 0;

    wait_erased(mo.acc);
    (void)check_account(mo.acc);
    ck_assert_uint_eq(api->modseq(mo.acc), mo.modseq);
    ck_err(api->mailboxes(mo.acc, mo.a, &v, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct model_box *b = box_by_name(v[i].name);
        struct store_msg *msgs;
        size_t nmsgs;
        ck_assert_ptr_nonnull(b);
        ck_assert_uint_eq(b->id, v[i].id);
        ck_assert_uint_eq(b->uidnext, v[i].uidnext);
        ck_assert_uint_eq(b->uidvalidity, v[i].uidvalidity);
        ck_err(api->messages(mo.acc, v[i].id, NULL, mo.a, &msgs, &nmsgs, err));
        ck_assert_uint_eq(nmsgs, v[i].total);
        for (size_t k = 0; k < nmsgs; k++)
            compare_message(&msgs[k]);
        total += nmsgs;
    }
    for (size_t i = 0; i < mo.nm; i++)
        there += mo.m[i].there;
    for (size_t i = 0; i < mo.nb; i++)
        boxes += mo.b[i].there;
    ck_assert_uint_eq(total, there);
    ck_assert_uint_eq(n, boxes);
}

/* From then on its list is kept in memory; somebody goes on sharing the UIDs for a while. */
static void step_select(void)
{
    static struct store_selection at[8];
    struct store_selection *of = &at[rnd(MOXD_NELEMS(at))];
    const struct model_box *b = random_box();
    size_t n = 0;

    api->uids_release(of->uids);
    of->uids = NULL;
    if (rnd(8) == 0)
        return;
    ck_err(api->select_uids(mo.acc, MOXD_STR(""), b->id, mo.a, of, err));
    for (size_t i = 0; i < mo.nm; i++)
        n += mo.m[i].there && mo.m[i].box == b->id;
    ck_assert_uint_eq(of->n, n);
}

static void step(void)
{
    uint32_t r = rnd(100);

    if (rnd(3) == 0)
        step_select();

    if (r < 40)
        step_add();
    else if (r < 60)
        step_flags();
    else if (r < 80)
        step_copy_or_move(r < 70);
    else if (r < 88)
        step_expunge();
    else if (r < 92)
        step_create();
    else if (r < 95)
        step_delete();
    else
        step_rename();
}

/* proves: STORE-01, STORE-04, STORE-07, STORE-08, STORE-09, P-STORE-02 */
IN_STORE(agrees_with_a_plain_model)
{
    const char *seed = getenv("MOXD_MODEL_SEED");

    mo.rnd = seed ? (uint32_t)strtoul(seed, NULL, 10) : (uint32_t)moxd_mono();
    printf("# seed %u\n", mo.rnd);
    mo.a = moxd_arena_new(0);
    mo.acc = open_account("mjl");
    mo.modseq = api->modseq(mo.acc);
    learn_boxes();
    for (int i = 0; i < STEPS && mo.nm < MESSAGES_MAX - 200; i++) {
        step();
        if (i % 100 == 99) {
            compare();
            moxd_arena_reset(mo.a);
        }
        if (i % 500 == 499) { /* and after a restart */
            api->close(mo.acc);
            store_restart();
            mo.acc = open_account("mjl");
        }
    }
    compare();
    close_account(mo.acc);
    moxd_arena_free(mo.a);
}

UNIT_MAIN("store_model", agrees_with_a_plain_model)
