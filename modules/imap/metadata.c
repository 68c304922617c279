/* GETMETADATA and SETMETADATA (RFC 5464 4.2, 4.3). */
#include "metadata.h"
#include "filters.h"
#include <moxmail/imap_syntax.h>

/* RFC 5464 3.2.1.1: always read-only, a URI. */
static const struct moxd_str admin_entry = { "/shared/admin", 13 };

static struct store_annotation admin_of(struct imap_session *s)
{
    char *uri = moxd_arena_printf(s->a, "mailto:postmaster@%s", s->c->hostname);

    return (struct store_annotation){ .name = admin_entry.p, .value = moxd_cstr(uri) };
}

static void put_entry(struct imap_session *s, bool *any, struct moxd_str name,
                      struct moxd_str value)
{
    struct moxd_buf *b = &s->out;

    moxd_buf_addc(b, *any ? ' ' : '(');
    *any = true;
    moxd_imap_put_astring(b, name, imap_utf8(s));
    moxd_buf_addc(b, ' ');
    if (value.n == 0 || !memchr(value.p, '\0', value.n)) {
        moxd_imap_put_string(b, value, imap_utf8(s));
        return;
    }
    moxd_buf_addf(b, "~{%zu}\r\n", value.n); /* literal8 */
    moxd_buf_addstr(b, value);
}

static void begin(struct imap_session *s, const char *mailbox)
{
    moxd_buf_adds(&s->out, "* METADATA ");
    imap_name_out(s, &s->out, mailbox);
    moxd_buf_addc(&s->out, ' ');
}

/* The mailbox of the command, id 0 for the server: 0; 1 answered; -1. */
static int find(struct imap_session *s, struct imap_place *p)
{
    struct moxd_err err = { 0 };

    *p = (struct imap_place){ .acc = s->acc, .mb = { .name = "" } };
    if (s->cmd.mailbox.n == 0)
        return 0;
    if (imap_place_find(s, s->cmd.mailbox, IMAP_METADATA_RIGHTS, MOXD_IMAP_RIGHT_L, p, &err) == 0)
        return 0;
    return imap_fail(s, &err) < 0 ? -1 : 1;
}

/* --- GETMETADATA ---------------------------------------------------------------------------------- */

struct getting {
    struct imap_session *s;
    struct store_account *acc;
    uint64_t longest; /* of those that were left out */
    bool any;         /* something was put */
    bool *found;      /* of the entries of the command */
};

/* Whether the name is the entry, or below it as far as the depth goes. */
static bool covers(struct moxd_str entry, struct moxd_str name, enum moxd_imap_depth depth)
{
    struct moxd_str rest;

    if (moxd_str_eq(entry, name))
        return true;
    if (depth == MOXD_IMAP_DEPTH_0 || !moxd_str_starts(name, entry))
        return false;
    rest = moxd_str_from(name, entry.n);
    if (rest.p[0] != '/')
        return false;
    return depth == MOXD_IMAP_DEPTH_INFINITY || !memchr(rest.p + 1, '/', rest.n - 1);
}

/* Once, whichever entries of the command cover it. */
static void look_at(struct getting *g, const struct store_annotation *an)
{
    const struct moxd_imap_metadata *m = &g->s->cmd.metadata;
    const char *shown = imap_annotation_out(g->s, g->s->a, g->acc, an->name);
    struct moxd_str name = moxd_cstr(shown ? shown : "");
    bool wanted = false;

    for (size_t i = 0; shown && i < m->n; i++) {
        bool covered = covers(m->v[i].name, name, m->depth);

        wanted |= covered;
        g->found[i] |= covered;
    }
    if (!wanted)
        return;
    if (!m->has_maxsize || an->value.n <= m->maxsize)
        put_entry(g->s, &g->any, name, an->value);
    else if (an->value.n > g->longest)
        g->longest = an->value.n;
}

/* Entries that are not there have the value NIL; what may be below them is not named. */
static void put_absent(struct getting *g)
{
    const struct moxd_imap_metadata *m = &g->s->cmd.metadata;

    for (size_t i = 0; i < m->n; i++)
        if (!g->found[i] && m->depth == MOXD_IMAP_DEPTH_0)
            put_entry(g->s, &g->any, m->v[i].name, moxd_str(NULL, 0));
}

static int answer(struct getting *g)
{
    struct imap_session *s = g->s;
    char code[64];

    if (g->any) {
        moxd_buf_addc(&s->out, ')');
        if (imap_send_out(s) < 0)
            return -1;
    } else {
        moxd_buf_reset(&s->out);
    }
    if (g->longest == 0)
        return imap_ok(s, NULL, "annotations told");
    snprintf(code, sizeof(code), "METADATA LONGENTRIES %llu", (unsigned long long)g->longest);
    return imap_ok(s, code, "some are longer");
}

int imap_cmd_getmetadata(struct imap_session *s)
{
    struct getting g = { .s = s };
    struct store_annotation *v, admin = admin_of(s);
    struct moxd_err err = { 0 };
    struct imap_place p;
    size_t n;
    int r = find(s, &p);

    if (r != 0)
        return r < 0 ? -1 : 0;
    if (s->im->store->annotations(p.acc, p.mb.id, false, s->a, &v, &n, &err) < 0)
        return imap_fail(s, &err);
    g.acc = p.acc;
    g.found = moxd_arena_calloc(s->a, s->cmd.metadata.n, sizeof(*g.found));
    begin(s, p.mb.name);
    if (p.mb.id == 0)
        look_at(&g, &admin);
    for (size_t i = 0; i < n; i++)
        look_at(&g, &v[i]);
    put_absent(&g);
    return answer(&g);
}

/* --- SETMETADATA ---------------------------------------------------------------------------------- */

/* RFC 5466 3.2: a filter is a whole and correct search. */
static int check_filter(struct imap_session *s, const struct moxd_imap_entry *e,
                        struct moxd_err *err)
{
    struct moxd_imap_key *root;
    bool seqs;

    if (!e->value.p || !imap_is_filter(e->name))
        return 0;
    return moxd_imap_parse_search(e->value, s->a, &root, &seqs, err);
}

/* 0; 1 answered; -1. */
static int check(struct imap_session *s, uint32_t mailbox)
{
    struct moxd_err err = { 0 };
    const struct moxd_imap_metadata *m = &s->cmd.metadata;
    char code[64];

    for (size_t i = 0; i < m->n; i++) {
        if (m->v[i].value.n > STORE_ANNOTATION_MAX) {
            snprintf(code, sizeof(code), "METADATA MAXSIZE %d", STORE_ANNOTATION_MAX);
            return imap_no(s, code, "a value is too long") < 0 ? -1 : 1;
        }
        if (mailbox == 0 && moxd_str_eq(m->v[i].name, admin_entry))
            return imap_no(s, "NOPERM", "/shared/admin cannot be changed") < 0 ? -1 : 1;
        if (mailbox == 0 && check_filter(s, &m->v[i], &err) < 0)
            return imap_no(s, "CANNOT", "not a search: %s", err.pub) < 0 ? -1 : 1;
    }
    return 0;
}

int imap_cmd_setmetadata(struct imap_session *s)
{
    const struct moxd_imap_metadata *m = &s->cmd.metadata;
    struct store_annotation *v = moxd_arena_calloc(s->a, m->n, sizeof(*v));
    struct moxd_err err = { 0 };
    struct imap_place p;
    int r = find(s, &p);

    if (r == 0)
        r = check(s, p.mb.id);
    if (r != 0)
        return r < 0 ? -1 : 0;
    for (size_t i = 0; i < m->n; i++) {
        v[i].name = imap_annotation_in(s, p.acc, m->v[i].name);
        v[i].value = m->v[i].value;
    }
    s->own.annotated_account = s->im->store->account_id(p.acc);
    r = s->im->store->annotate(p.acc, p.mb.id, v, m->n, &s->own.annotations, &err);
    if (r == 0)
        return imap_ok(s, NULL, "annotations set");
    return err.kind == MOXD_ERR_LIMIT ? imap_no(s, "METADATA TOOMANY", "%s", err.pub)
                                      : imap_fail(s, &err);
}

/* --- LIST ----------------------------------------------------------------------------------------- */

static struct moxd_str value_of(const struct imap_annotations *all, uint32_t mailbox,
                                struct moxd_str name)
{
    size_t lo = 0, hi = all->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct store_annotation *an = &all->v[mid];
        int order = an->mailbox == mailbox ? moxd_str_cmp(moxd_cstr(an->name), name)
                                           : (an->mailbox > mailbox ? 1 : -1);

        if (order == 0)
            return an->value;
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return moxd_str(NULL, 0);
}

int imap_annotations_load(struct imap_session *s, struct store_account *acc,
                          struct imap_annotations *out, struct moxd_err *err)
{
    *out = (struct imap_annotations){ .of = acc };
    return s->im->store->annotations(acc, 0, true, s->a, &out->v, &out->n, err);
}

int imap_send_metadata(struct imap_session *s, struct imap_annotations *all,
                       struct store_account *acc, const struct store_mailbox *mb)
{
    const struct moxd_imap_metadata *m = &s->cmd.metadata;
    struct moxd_err err = { 0 };
    bool any = false;

    if (all->of != acc && imap_annotations_load(s, acc, all, &err) < 0)
        moxd_error(&s->log, "annotations cannot be read", moxd_kve(&err));
    begin(s, mb->name);
    for (size_t i = 0; i < m->n; i++)
        put_entry(s, &any, m->v[i].name,
                  value_of(all, mb->id, moxd_cstr(imap_annotation_in(s, acc, m->v[i].name))));
    moxd_buf_addc(&s->out, ')');
    return imap_send_out(s);
}
