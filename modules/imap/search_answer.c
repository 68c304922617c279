/* What SEARCH and its kin answer (RFC 9051 7.3.4, RFC 4731, RFC 5182, RFC 5267). */
#include "search.h"
#include <stdlib.h>

void imap_found_add(struct imap_found *f, uint32_t uid)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->uids = moxd_xreallocarray(f->uids, f->cap, sizeof(*f->uids));
    }
    f->uids[f->n++] = uid;
}

void imap_found_fini(struct imap_found *f)
{
    free(f->uids);
    *f = (struct imap_found){ 0 };
}

/* RFC 4731 3.2: with MIN and MAX alone, that of those two. */
static int modseq_of_ends(const struct imap_search *se, struct imap_found *f, struct moxd_err *err)
{
    unsigned want = se->cmd->search_return;
    uint32_t min = f->uids[want & MOXD_IMAP_RETURN_MIN ? 0 : f->n - 1];
    uint32_t max = f->uids[want & MOXD_IMAP_RETURN_MAX ? f->n - 1 : 0];
    struct store_uid_range r[] = { { min < max ? min : max, min < max ? min : max },
                                   { min < max ? max : min, min < max ? max : min } };
    struct store_uids ends = { r, min == max ? 1 : 2 };
    struct store_entry *v;
    size_t n;

    if (se->s->im->store->entries(se->s->acc, se->mailbox, &ends, se->a, &v, &n, NULL, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (v[i].modseq > f->modseq)
            f->modseq = v[i].modseq;
    return 0;
}

int imap_found_modseq(const struct imap_search *se, struct imap_found *f, struct moxd_err *err)
{
    unsigned want = se->cmd->search_return & ~(unsigned)MOXD_IMAP_RETURN_SAVE;

    f->modseq = 0;
    if (!se->cmd->condstore || f->n == 0)
        return 0;
    if (want != 0 && (want & ~(unsigned)(MOXD_IMAP_RETURN_MIN | MOXD_IMAP_RETURN_MAX)) == 0)
        return modseq_of_ends(se, f, err);
    f->modseq = se->modseq;
    return 0;
}

uint32_t imap_shown(const struct imap_session *s, uint32_t uid)
{
    return s->cmd.uid ? uid : imap_view_seq(&s->sel->view, uid);
}

/* In the order of the result; only what ascends is written as a range (RFC 5267 3.2). */
static void put_set(struct imap_session *s, const uint32_t *uids, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t first = imap_shown(s, uids[i]), last = first;

        moxd_buf_addf(&s->out, "%s%u", i ? "," : "", first);
        for (i++; i < n && imap_shown(s, uids[i]) == last + 1; i++)
            last++;
        if (last > first)
            moxd_buf_addf(&s->out, ":%u", last);
    }
}

/* Without matches MIN, MAX and ALL are left out. */
int imap_send_esearch(struct imap_session *s, const struct imap_found *f)
{
    unsigned want = s->cmd.search_return;

    moxd_buf_adds(&s->out, "* ESEARCH (TAG ");
    moxd_imap_put_string(&s->out, s->cmd.tag, false);
    moxd_buf_adds(&s->out, s->cmd.uid ? ") UID" : ")");
    if (f->n > 0 && (want & MOXD_IMAP_RETURN_MIN))
        moxd_buf_addf(&s->out, " MIN %u", imap_shown(s, f->uids[0]));
    if (f->n > 0 && (want & MOXD_IMAP_RETURN_MAX))
        moxd_buf_addf(&s->out, " MAX %u", imap_shown(s, f->uids[f->n - 1]));
    if (want & MOXD_IMAP_RETURN_COUNT)
        moxd_buf_addf(&s->out, " COUNT %zu", f->n);
    if (f->n > 0 && (want & MOXD_IMAP_RETURN_ALL)) {
        moxd_buf_adds(&s->out, " ALL ");
        put_set(s, f->uids, f->n);
    }
    if (f->modseq > 0)
        moxd_buf_addf(&s->out, " MODSEQ %llu", (unsigned long long)f->modseq);
    return imap_send_out(s);
}

int imap_send_found(struct imap_session *s, const char *word, const struct imap_found *f)
{
    moxd_buf_addf(&s->out, "* %s", word);
    for (size_t i = 0; i < f->n; i++)
        moxd_buf_addf(&s->out, " %u", imap_shown(s, f->uids[i]));
    if (f->modseq > 0)
        moxd_buf_addf(&s->out, " (MODSEQ %llu)", (unsigned long long)f->modseq);
    return imap_send_out(s);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* A set has no order but that of the mailbox, also when the result came from SORT. */
static void save(struct imap_session *s, const uint32_t *uids, size_t n)
{
    uint32_t *v = moxd_arena_calloc(s->a, n + 1, sizeof(*v));

    for (size_t i = 0; i < n; i++)
        v[i] = uids[i];
    qsort(v, n, sizeof(*v), by_number);
    if (n == 2 && v[0] == v[1])
        n = 1; /* MIN and MAX are the same message */
    imap_view_save(&s->sel->view, v, n);
}

/* RFC 5182 2.1: with MIN or MAX and without ALL and COUNT, only those are saved. */
void imap_save_found(struct imap_session *s, const struct imap_found *f)
{
    unsigned want = s->cmd.search_return;
    bool min = want & MOXD_IMAP_RETURN_MIN, max = want & MOXD_IMAP_RETURN_MAX;
    uint32_t ends[2];
    size_t n = 0;

    if (!(want & MOXD_IMAP_RETURN_SAVE))
        return;
    if (!(min || max) || (want & (MOXD_IMAP_RETURN_ALL | MOXD_IMAP_RETURN_COUNT))) {
        save(s, f->uids, f->n);
        return;
    }
    if (f->n > 0 && min)
        ends[n++] = f->uids[0];
    if (f->n > 0 && max)
        ends[n++] = f->uids[f->n - 1];
    save(s, ends, n);
}

/* RFC 9051 6.4.4.1: a SEARCH RETURN (SAVE) that is answered with NO leaves the variable empty. */
int imap_search_refuse(struct imap_session *s, const struct moxd_err *err)
{
    if (s->cmd.search_return & MOXD_IMAP_RETURN_SAVE)
        imap_view_save(&s->sel->view, NULL, 0);
    if (err->kind == MOXD_ERR_NOTFOUND)
        return imap_no(s, "BADCHARSET (US-ASCII UTF-8)", "%s", err->pub);
    return imap_fail(s, err);
}
