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

    if (se->s->im->store->entries(se->acc, se->mailbox, &ends, se->a, &v, &n, NULL, err) < 0)
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
    struct moxd_imap_set_out set = { .b = &s->out };

    for (size_t i = 0; i < n; i++) {
        uint32_t shown = imap_shown(s, uids[i]);

        moxd_imap_set_add(&set, shown, shown);
    }
    moxd_imap_set_end(&set);
}

static void put_partial(struct imap_session *s, const struct imap_found *f)
{
    const struct moxd_imap_partial *p = &s->cmd.partial;
    const char *sign = p->from_end ? "-" : "";
    size_t first, n = imap_partial_of(p, f->n, &first);

    moxd_buf_addf(&s->out, " PARTIAL (%s%u:%s%u ", sign, p->a, sign, p->b);
    if (n > 0)
        put_set(s, f->uids + first, n);
    else
        moxd_buf_adds(&s->out, "NIL");
    moxd_buf_addc(&s->out, ')');
}

void imap_put_esearch(struct imap_session *s, struct moxd_str tag, const struct imap_where *where,
                      bool uid)
{
    moxd_buf_adds(&s->out, "* ESEARCH (TAG ");
    moxd_imap_put_string(&s->out, tag, false);
    if (where) {
        moxd_buf_adds(&s->out, " MAILBOX ");
        imap_name_out(s, &s->out, where->name);
        moxd_buf_addf(&s->out, " UIDVALIDITY %u", where->uidvalidity);
    }
    moxd_buf_adds(&s->out, uid ? ") UID" : ")");
}

/* Without matches MIN, MAX and ALL are left out. */
int imap_send_esearch(struct imap_session *s, const struct imap_found *f)
{
    unsigned want = s->cmd.search_return;

    imap_put_esearch(s, s->cmd.tag, f->where, s->cmd.uid);
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
    if (want & MOXD_IMAP_RETURN_PARTIAL)
        put_partial(s, f);
    if (f->modseq > 0)
        moxd_buf_addf(&s->out, " MODSEQ %llu", (unsigned long long)f->modseq);
    return imap_send_out(s);
}

int imap_send_found(struct imap_session *s, const char *word, const struct imap_found *f)
{
    moxd_buf_addf(&s->out, "* %s", word);
    for (size_t i = 0; i < f->n; i++) {
        moxd_buf_addc(&s->out, ' ');
        moxd_buf_addu(&s->out, imap_shown(s, f->uids[i]));
    }
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
static void save(struct imap_session *s, uint32_t *v, size_t n)
{
    size_t k = 0;

    qsort(v, n, sizeof(*v), by_number);
    for (size_t i = 0; i < n; i++)
        if (k == 0 || v[k - 1] != v[i])
            v[k++] = v[i];
    imap_view_save(&s->sel->view, v, k);
}

/* RFC 5182 2.1, RFC 9394 3.2: with MIN, MAX or PARTIAL and without ALL and COUNT, only those are saved. */
void imap_save_found(struct imap_session *s, const struct imap_found *f)
{
    const unsigned all = MOXD_IMAP_RETURN_ALL | MOXD_IMAP_RETURN_COUNT;
    const unsigned some = MOXD_IMAP_RETURN_MIN | MOXD_IMAP_RETURN_MAX | MOXD_IMAP_RETURN_PARTIAL;
    unsigned want = s->cmd.search_return;
    size_t n = 0, first = 0, count = f->n;
    uint32_t *v;

    if (!(want & MOXD_IMAP_RETURN_SAVE))
        return;
    v = moxd_arena_calloc(s->a, f->n + 2, sizeof(*v));
    if ((want & some) && !(want & all)) {
        if (f->n > 0 && (want & MOXD_IMAP_RETURN_MIN))
            v[n++] = f->uids[0];
        if (f->n > 0 && (want & MOXD_IMAP_RETURN_MAX))
            v[n++] = f->uids[f->n - 1];
        count =
            want & MOXD_IMAP_RETURN_PARTIAL ? imap_partial_of(&s->cmd.partial, f->n, &first) : 0;
    }
    for (size_t i = 0; i < count; i++)
        v[n++] = f->uids[first + i];
    save(s, v, n);
}

/* RFC 9051 6.4.4.1: a SEARCH RETURN (SAVE) that is answered with NO leaves the variable empty. */
int imap_search_refuse(struct imap_session *s, const struct moxd_err *err)
{
    char code[sizeof(err->pub) + 32];

    if (s->cmd.search_return & MOXD_IMAP_RETURN_SAVE)
        imap_view_save(&s->sel->view, NULL, 0);
    if (err->kind == MOXD_ERR_NOTFOUND)
        return imap_no(s, "BADCHARSET (US-ASCII UTF-8)", "%s", err->pub);
    if (err->kind == MOXD_ERR_SYNTAX)
        return imap_bad(s, "BADCHARSET (US-ASCII UTF-8)", "%s", err->pub);
    if (err->kind != MOXD_ERR_STATE)
        return imap_fail(s, err);
    snprintf(code, sizeof(code), "UNDEFINED-FILTER %s", err->pub);
    return imap_no(s, code, "no such filter, or not one that can be used");
}
