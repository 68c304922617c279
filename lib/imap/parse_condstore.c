/* CONDSTORE and QRESYNC (RFC 7162 7): parameters of SELECT, modifiers of FETCH and STORE, the search key. */
#include "parser.h"

int mail_imap_modseq(struct imap_parser *p, uint64_t min, uint64_t *out)
{
    p->condstore = true;
    if (mail_imap_number(p, INT64_MAX, out) < 0)
        return -1;
    return *out < min ? mail_imap_fail(p, "a modification sequence above 0") : 0;
}

/* "*" and "$" are not allowed; a range is written lower number first. */
static int known_set(struct imap_parser *p, struct moxd_imap_set *out)
{
    if (mail_imap_set(p, out) < 0)
        return -1;
    for (size_t i = 0; i < out->n; i++)
        if (out->v[i].a == MOXD_IMAP_STAR || out->v[i].b == MOXD_IMAP_STAR)
            return mail_imap_fail(p, "a set without *");
    return out->saved ? mail_imap_fail(p, "a set without $") : 0;
}

/* How many numbers it holds; -1 when they do not ascend. */
static int64_t count_ascending(const struct moxd_imap_set *set)
{
    uint32_t last = 0;
    int64_t n = 0;

    for (size_t i = 0; i < set->n; i++) {
        if (set->v[i].a <= last || set->v[i].b < set->v[i].a)
            return -1;
        last = set->v[i].b;
        n += (int64_t)last - set->v[i].a + 1;
    }
    return n;
}

/* seq-match-data = "(" known-sequence-set SP known-uid-set ")" */
static int seq_match(struct imap_parser *p, struct moxd_imap_qresync *q)
{
    if (mail_imap_expect(p, '(', "sequence match data") < 0 || known_set(p, &q->seqs) < 0 ||
        mail_imap_space(p) < 0 || known_set(p, &q->seq_uids) < 0)
        return -1;
    if (count_ascending(&q->seqs) < 0 ||
        count_ascending(&q->seqs) != count_ascending(&q->seq_uids))
        return mail_imap_fail(p, "two ascending sets of the same length before");
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

/* "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")" */
static int qresync(struct imap_parser *p, struct moxd_imap_qresync *q)
{
    bool more;

    if (q->given)
        return mail_imap_fail(p, "QRESYNC once");
    q->given = true;
    if (!mail_imap_take_word(p, " (") || mail_imap_nz_number(p, &q->uidvalidity) < 0 ||
        mail_imap_space(p) < 0 || mail_imap_modseq(p, 1, &q->modseq) < 0)
        return mail_imap_fail(p, "(uidvalidity modseq ...)");
    more = mail_imap_take(p, ' ');
    if (more && !mail_imap_peek(p, '(')) {
        if (known_set(p, &q->uids) < 0)
            return -1;
        more = mail_imap_take(p, ' ');
    }
    if (more && seq_match(p, q) < 0)
        return -1;
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

static int select_param(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    p->condstore = true;
    if (mail_imap_take_word(p, "QRESYNC"))
        return qresync(p, &c->qresync);
    return mail_imap_take_word(p, "CONDSTORE") ? 0 : mail_imap_fail(p, "a SELECT parameter");
}

static int fetch_modifier(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    if (mail_imap_take_word(p, "CHANGEDSINCE ")) {
        c->has_changedsince = true;
        return mail_imap_modseq(p, 1, &c->changedsince);
    }
    if (c->uid && c->partial.a == 0 && mail_imap_take_word(p, "PARTIAL ")) /* RFC 9394 3.3 */
        return mail_imap_partial(p, &c->partial);
    c->vanished = mail_imap_take_word(p, "VANISHED");
    return c->vanished ? 0 : mail_imap_fail(p, "a FETCH modifier");
}

static int store_modifier(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    if (!mail_imap_take_word(p, "UNCHANGEDSINCE ") || c->has_unchangedsince)
        return mail_imap_fail(p, "UNCHANGEDSINCE, once");
    c->has_unchangedsince = true;
    return mail_imap_modseq(p, 0, &c->unchangedsince);
}

typedef int param_fn(struct imap_parser *p, struct moxd_imap_cmd *c);

/* RFC 4466 2: "(" param *(SP param) ")" */
static int params(struct imap_parser *p, struct moxd_imap_cmd *c, param_fn *one)
{
    if (mail_imap_expect(p, '(', "parameters in parentheses") < 0)
        return -1;
    do {
        if (one(p, c) < 0)
            return -1;
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

int mail_imap_select_params(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_take(p, ' ') ? params(p, c, select_param) : 0;
}

/* RFC 7162 3.2.6: VANISHED only in UID FETCH, and only beside CHANGEDSINCE. */
int mail_imap_fetch_modifiers(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    if (mail_imap_take(p, ' ') && params(p, c, fetch_modifier) < 0)
        return -1;
    if (c->vanished && !(c->uid && c->has_changedsince))
        return mail_imap_fail(p, "UID FETCH and CHANGEDSINCE with VANISHED");
    return 0;
}

int mail_imap_store_modifiers(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    if (!mail_imap_peek(p, '('))
        return 0;
    return params(p, c, store_modifier) < 0 ? -1 : mail_imap_space(p);
}

/* search-modsequence = "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer. The store has one
 * sequence for a message, so the entry is checked and ignored (3.1.5). */
int mail_imap_search_modseq(struct imap_parser *p, uint64_t *out)
{
    struct moxd_str entry;

    if (mail_imap_peek(p, '"')) {
        if (mail_imap_string(p, &entry) < 0)
            return -1;
        if (!moxd_str_casestarts(entry, MOXD_STR("/flags/")) || entry.n == strlen("/flags/"))
            return mail_imap_fail(p, "\"/flags/...\" before");
        if (!mail_imap_take_word(p, " priv ") && !mail_imap_take_word(p, " shared ") &&
            !mail_imap_take_word(p, " all "))
            return mail_imap_fail(p, "priv, shared or all");
    }
    return mail_imap_modseq(p, 0, out);
}
