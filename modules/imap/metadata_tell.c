/* METADATA without values: what others changed, for clients that enabled it (RFC 5464 4.4.2) or asked for it with
 * NOTIFY (RFC 5465 5.6, 5.7). */
#include "metadata.h"
#include <moxmail/imap_syntax.h>
#include <stdlib.h>

struct note {
    uint64_t account; /* of another one, by id, in which NOTIFY watches; 0: one's own */
    uint32_t mailbox; /* 0: of the server */
    char *name;       /* the client's; heap */
};
struct imap_metadata {
    struct note *v;
    size_t n, cap;
    bool lost; /* there was more: all are told */
};

static void clear(struct imap_metadata *md)
{
    for (size_t i = 0; i < md->n; i++)
        free(md->v[i].name);
    md->n = 0;
}

void imap_metadata_free(struct imap_metadata *md)
{
    if (!md)
        return;
    clear(md);
    free(md->v);
    free(md);
}

static struct imap_metadata *notes_of(struct imap_session *s)
{
    if (!s->metadata)
        s->metadata = moxd_xcalloc(1, sizeof(*s->metadata));
    return s->metadata;
}

static bool is_known(const struct imap_metadata *md, uint64_t account, uint32_t mailbox,
                     const char *name)
{
    for (size_t i = 0; i < md->n; i++)
        if (md->v[i].account == account && md->v[i].mailbox == mailbox &&
            strcmp(md->v[i].name, name) == 0)
            return true;
    return false;
}

static void add(struct imap_metadata *md, uint64_t account, uint32_t mailbox, const char *name)
{
    if (md->lost || is_known(md, account, mailbox, name))
        return;
    if (md->n == IMAP_METADATA_NOTES_MAX) {
        clear(md);
        md->lost = true;
        return;
    }
    if (md->n == md->cap) {
        md->cap = md->cap ? 2 * md->cap : 8;
        md->v = moxd_xreallocarray(md->v, md->cap, sizeof(*md->v));
    }
    md->v[md->n++] = (struct note){ account, mailbox, moxd_xstrdup(name) };
}

static bool is_own(const struct imap_session *s, const struct store_account *acc,
                   const struct store_change *c)
{
    return c->modseq == s->own.annotations &&
           s->im->store->account_id(acc) == s->own.annotated_account;
}

/* Not what others have for themselves. */
static bool is_shown(const char *name)
{
    return strncmp(name, "/viewer/", 8) != 0;
}

void imap_metadata_note(struct imap_session *s, const struct store_change *c)
{
    bool wants = s->notify ? imap_notify_metadata(s, c->mailbox) : s->enabled & IMAP_EN_METADATA;

    if (!wants || is_own(s, s->acc, c))
        return;
    for (size_t i = 0; i < c->keywords.n; i++)
        if (is_shown(c->keywords.v[i]))
            add(notes_of(s), 0, c->mailbox, c->keywords.v[i]);
}

void imap_metadata_note_other(struct imap_session *s, struct store_account *acc,
                              const struct store_change *c)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);

    for (size_t i = 0; i < c->keywords.n && !is_own(s, acc, c); i++) {
        const char *name = imap_annotation_out(s, a, acc, c->keywords.v[i]);

        if (name)
            add(notes_of(s), s->im->store->account_id(acc), c->mailbox, name);
    }
}

void imap_metadata_lost(struct imap_session *s)
{
    if (s->enabled & IMAP_EN_METADATA)
        notes_of(s)->lost = true;
}

/* The name of the mailbox for the client. Of mailboxes that are gone, or may not be seen any more, nothing is told: NULL. */
static const char *name_of(struct imap_session *s, const struct note *note, struct moxd_arena *a)
{
    struct store_mailbox mb = { .name = "" };
    struct moxd_err err = { 0 };

    if (note->account != 0)
        return imap_notify_name(s, note->account, note->mailbox);
    if (note->mailbox != 0 &&
        s->im->store->mailbox(s->acc, moxd_str(NULL, 0), note->mailbox, a, &mb, &err) < 0) {
        if (err.kind != MOXD_ERR_NOTFOUND)
            moxd_error(&s->log, "mailbox with annotations cannot be read", moxd_kve(&err));
        return NULL;
    }
    return mb.name;
}

/* One line for each mailbox; those of it are next to each other. */
static int tell(struct imap_session *s, const struct note *v, size_t n, struct moxd_arena *a)
{
    for (size_t i = 0; i < n;) {
        const struct note *first = &v[i];
        const char *name = name_of(s, first, a);

        if (name) {
            moxd_buf_adds(&s->out, "* METADATA ");
            imap_name_out(s, &s->out, name);
        }
        for (; i < n && v[i].mailbox == first->mailbox && v[i].account == first->account; i++) {
            if (!name)
                continue;
            moxd_buf_addc(&s->out, ' ');
            moxd_imap_put_astring(&s->out, moxd_cstr(v[i].name), imap_utf8(s));
        }
        if (name && imap_send_out(s) < 0)
            return -1;
    }
    return 0;
}

static int tell_all(struct imap_session *s, struct moxd_arena *a)
{
    struct store_annotation *an;
    struct moxd_err err = { 0 };
    struct note *v;
    size_t n, k = 0;

    if (s->im->store->annotations(s->acc, 0, true, a, &an, &n, &err) < 0) {
        moxd_error(&s->log, "annotations cannot be read", moxd_kve(&err));
        return 0;
    }
    v = moxd_arena_calloc(a, n + 1, sizeof(*v));
    for (size_t i = 0; i < n; i++)
        if (is_shown(an[i].name))
            v[k++] = (struct note){ 0, an[i].mailbox, (char *)(uintptr_t)an[i].name };
    return tell(s, v, k, a);
}

static int by_mailbox(const void *a, const void *b)
{
    const struct note *x = a, *y = b;

    if (x->account != y->account)
        return x->account < y->account ? -1 : 1;
    return x->mailbox == y->mailbox ? strcmp(x->name, y->name) : (x->mailbox > y->mailbox ? 1 : -1);
}

int imap_metadata_tell(struct imap_session *s)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    struct imap_metadata *md = s->metadata;
    int r;

    if (!md)
        return 0;
    s->metadata = NULL;
    a = moxd_arena_new(0);
    if (md->n > 1)
        qsort(md->v, md->n, sizeof(*md->v), by_mailbox);
    r = md->lost ? tell_all(s, a) : tell(s, md->v, md->n, a);
    imap_metadata_free(md);
    return r;
}
