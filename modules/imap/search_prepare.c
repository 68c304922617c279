#include "filters.h"
#include "search_key.h"
#include <moxmail/charset.h>

static void free_search(void *p)
{
    moxd_search_free(p);
}

static void free_text(void *p)
{
    moxd_text_free(p);
}

/* RFC 9051 6.4.4: text is compared without case, in whatever charset the message has it. */
static int needle(struct imap_search *se, struct moxd_str str, struct search_key *k,
                  struct moxd_err *err)
{
    struct moxd_str charset = se->cmd->charset;
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_SEARCH_NEEDLE_MAX * MOXD_CHARSET_GROWTH);
    struct moxd_str text;
    int r;

    (void)moxd_charset_to_utf8(&b, charset.n ? charset : MOXD_STR("utf-8"), str);
    text = moxd_buf_str(&b);
    r = b.overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "search text is too long")
                   : moxd_search_new(&k->text, &text, 1, err);
    moxd_buf_fini(&b);
    if (r == 0)
        moxd_arena_cleanup(se->a, free_search, k->text);
    return r;
}

static int text(struct imap_search *se, const struct moxd_imap_key *key, struct search_key *k,
                struct moxd_err *err)
{
    k->field = moxd_arena_cstr(se->a, key->field);
    moxd_summary_query(&k->query, &key->field, 1, se->a);
    if (key->kind != MOXD_IMAP_KEY_HEADER && !se->workspace) {
        se->workspace = moxd_text_new();
        moxd_arena_cleanup(se->a, free_text, se->workspace);
    }
    if (key->kind == MOXD_IMAP_KEY_HEADER && key->str.n == 0)
        return 0;
    if (se->ntexts++ >= IMAP_SEARCH_TEXTS_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d texts to search for",
                            IMAP_SEARCH_TEXTS_MAX);
    return needle(se, key->str, k, err);
}

static int flag(struct imap_search *se, const struct moxd_imap_key *key, struct search_key *k)
{
    /* A flag that cannot exist matches nothing. */
    if (imap_flag_name(key->str, se->a, &k->flag, &k->keyword) < 0)
        k->keyword = "";
    return 0;
}

static enum imap_search_needs needs(enum moxd_imap_key_kind kind)
{
    switch (kind) {
    case MOXD_IMAP_KEY_BEFORE:
    case MOXD_IMAP_KEY_ON:
    case MOXD_IMAP_KEY_SINCE:
    case MOXD_IMAP_KEY_OLDER:
    case MOXD_IMAP_KEY_YOUNGER:
    case MOXD_IMAP_KEY_SAVEDBEFORE:
    case MOXD_IMAP_KEY_SAVEDON:
    case MOXD_IMAP_KEY_SAVEDSINCE:
    case MOXD_IMAP_KEY_EMAILID:
    case MOXD_IMAP_KEY_THREADID:
    case MOXD_IMAP_KEY_LARGER:
    case MOXD_IMAP_KEY_SMALLER:
        return IMAP_NEEDS_INFO;
    case MOXD_IMAP_KEY_HEADER:
    case MOXD_IMAP_KEY_SENTBEFORE:
    case MOXD_IMAP_KEY_SENTON:
    case MOXD_IMAP_KEY_SENTSINCE:
        return IMAP_NEEDS_HEADER;
    case MOXD_IMAP_KEY_BODY:
    case MOXD_IMAP_KEY_TEXT:
        return IMAP_NEEDS_CONTENT;
    default:
        return IMAP_NEEDS_FLAGS;
    }
}

static int one(struct imap_search *se, const struct moxd_imap_key *key, struct search_key *k,
               struct moxd_err *err)
{
    k->key = key;
    k->needs = needs(key->kind);
    se->with |= k->needs == IMAP_NEEDS_HEADER    ? STORE_WITH_HEADER
                : k->needs == IMAP_NEEDS_CONTENT ? STORE_WITH_STRUCTURE
                                                 : 0;
    se->threads |= key->kind == MOXD_IMAP_KEY_THREADID;
    switch (key->kind) {
    case MOXD_IMAP_KEY_FLAG:
        return flag(se, key, k);
    case MOXD_IMAP_KEY_UID:
    case MOXD_IMAP_KEY_SEQ:
        imap_view_search_set(se->view, &key->set, key->kind == MOXD_IMAP_KEY_UID, se->a, &k->uids);
        return 0;
    case MOXD_IMAP_KEY_HEADER:
    case MOXD_IMAP_KEY_BODY:
    case MOXD_IMAP_KEY_TEXT:
        return text(se, key, k, err);
    case MOXD_IMAP_KEY_SENTBEFORE:
    case MOXD_IMAP_KEY_SENTON:
    case MOXD_IMAP_KEY_SENTSINCE:
        k->field = "Date";
        moxd_summary_query(&k->query, &(struct moxd_str){ "Date", 4 }, 1, se->a);
        return 0;
    default:
        return 0;
    }
}

/* The same tree of our own; depth and number are bounded by the parser. */
static int copy(struct imap_search *se, const struct moxd_imap_key *key, struct search_key **out,
                struct moxd_err *err)
{
    struct search_key **tail;

    *out = moxd_arena_alloc(se->a, sizeof(**out));
    if (one(se, key, *out, err) < 0)
        return -1;
    tail = &(*out)->child;
    for (const struct moxd_imap_key *c = key->child; c; c = c->next) {
        if (copy(se, c, tail, err) < 0)
            return -1;
        if ((*tail)->needs > (*out)->needs)
            (*out)->needs = (*tail)->needs;
        tail = &(*tail)->next;
    }
    return 0;
}

/* What can match at all: a set that every match must be in, or everything. */
static void scope(struct imap_search *se)
{
    for (const struct search_key *c = se->root->child; c; c = c->next) {
        if (c->key->kind == MOXD_IMAP_KEY_UID || c->key->kind == MOXD_IMAP_KEY_SEQ) {
            se->scope = c->uids;
            return;
        }
    }
    imap_view_all(se->view, se->a, &se->scope);
}

static void make_lasting(struct imap_search *se, struct search_key *k)
{
    if (k->key->kind == MOXD_IMAP_KEY_UID && !k->key->set.saved)
        imap_view_any_uids(se->view, &k->key->set, se->a, &k->uids);
    for (struct search_key *c = k->child; c; c = c->next)
        make_lasting(se, c);
}

void imap_search_lasting(struct imap_search *se)
{
    make_lasting(se, se->root);
}

int imap_search_prepare(struct imap_session *s, const struct moxd_imap_cmd *cmd,
                        struct moxd_arena *a, struct imap_search *se, struct moxd_err *err)
{
    bool seqs;

    if (imap_filters_expand(s, cmd->search, cmd->charset, a, &seqs, err) < 0)
        return -1;
    s->cmd.search_seqs |= seqs;
    return imap_search_prepare_in(s, cmd, a, se, s->sel->acc, s->sel->mailbox, &s->sel->view, err);
}

int imap_search_prepare_in(struct imap_session *s, const struct moxd_imap_cmd *cmd,
                           struct moxd_arena *a, struct imap_search *se, struct store_account *acc,
                           uint32_t mailbox, const struct imap_view *view, struct moxd_err *err)
{
    *se = (struct imap_search){
        .s = s, .cmd = cmd, .a = a, .acc = acc, .mailbox = mailbox, .view = view, .now = moxd_wall()
    };
    if (cmd->charset.n > 0 && !moxd_charset_known(cmd->charset))
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "unknown charset");
    if (copy(se, cmd->search, &se->root, err) < 0)
        return -1;
    se->needs = se->root->needs;
    scope(se);
    return 0;
}
