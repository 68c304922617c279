/* SEARCH (RFC 9051 6.4.4, RFC 3501 6.4.4). The tree is built with a stack of open keys instead of
 * recursion, so that nesting costs memory that is bounded and no stack. */
#include "parser.h"

enum argument { ARG_NONE, ARG_STRING, ARG_FIELD, ARG_NAMED, ARG_DATE, ARG_NUMBER, ARG_KEYWORD,
                ARG_UID, ARG_SECONDS, ARG_MODSEQ, ARG_OBJECTID, ARG_FILTER };

static const struct search_word {
    const char *name;
    enum moxd_imap_key_kind kind;
    enum argument arg;
    bool negate;
    const char *fixed; /* flag or field that the word stands for */
} words[] = {
    { "ALL", MOXD_IMAP_KEY_ALL, ARG_NONE, false, NULL },
    { "ANSWERED", MOXD_IMAP_KEY_FLAG, ARG_NONE, false, "\\Answered" },
    { "BCC", MOXD_IMAP_KEY_HEADER, ARG_FIELD, false, "Bcc" },
    { "BEFORE", MOXD_IMAP_KEY_BEFORE, ARG_DATE, false, NULL },
    { "BODY", MOXD_IMAP_KEY_BODY, ARG_STRING, false, NULL },
    { "CC", MOXD_IMAP_KEY_HEADER, ARG_FIELD, false, "Cc" },
    { "DELETED", MOXD_IMAP_KEY_FLAG, ARG_NONE, false, "\\Deleted" },
    { "DRAFT", MOXD_IMAP_KEY_FLAG, ARG_NONE, false, "\\Draft" },
    { "EMAILID", MOXD_IMAP_KEY_EMAILID, ARG_OBJECTID, false, NULL },
    { "FILTER", MOXD_IMAP_KEY_FILTER, ARG_FILTER, false, NULL },
    { "FLAGGED", MOXD_IMAP_KEY_FLAG, ARG_NONE, false, "\\Flagged" },
    { "FROM", MOXD_IMAP_KEY_HEADER, ARG_FIELD, false, "From" },
    { "HEADER", MOXD_IMAP_KEY_HEADER, ARG_NAMED, false, NULL },
    { "KEYWORD", MOXD_IMAP_KEY_FLAG, ARG_KEYWORD, false, NULL },
    { "LARGER", MOXD_IMAP_KEY_LARGER, ARG_NUMBER, false, NULL },
    { "MODSEQ", MOXD_IMAP_KEY_MODSEQ, ARG_MODSEQ, false, NULL },
    { "NEW", MOXD_IMAP_KEY_NEW, ARG_NONE, false, NULL },
    { "OLD", MOXD_IMAP_KEY_OLD, ARG_NONE, false, NULL },
    { "OLDER", MOXD_IMAP_KEY_OLDER, ARG_SECONDS, false, NULL },
    { "ON", MOXD_IMAP_KEY_ON, ARG_DATE, false, NULL },
    { "RECENT", MOXD_IMAP_KEY_RECENT, ARG_NONE, false, NULL },
    { "SAVEDATESUPPORTED", MOXD_IMAP_KEY_ALL, ARG_NONE, false, NULL },
    { "SAVEDBEFORE", MOXD_IMAP_KEY_SAVEDBEFORE, ARG_DATE, false, NULL },
    { "SAVEDON", MOXD_IMAP_KEY_SAVEDON, ARG_DATE, false, NULL },
    { "SAVEDSINCE", MOXD_IMAP_KEY_SAVEDSINCE, ARG_DATE, false, NULL },
    { "SEEN", MOXD_IMAP_KEY_FLAG, ARG_NONE, false, "\\Seen" },
    { "SENTBEFORE", MOXD_IMAP_KEY_SENTBEFORE, ARG_DATE, false, NULL },
    { "SENTON", MOXD_IMAP_KEY_SENTON, ARG_DATE, false, NULL },
    { "SENTSINCE", MOXD_IMAP_KEY_SENTSINCE, ARG_DATE, false, NULL },
    { "SINCE", MOXD_IMAP_KEY_SINCE, ARG_DATE, false, NULL },
    { "SMALLER", MOXD_IMAP_KEY_SMALLER, ARG_NUMBER, false, NULL },
    { "SUBJECT", MOXD_IMAP_KEY_HEADER, ARG_FIELD, false, "Subject" },
    { "TEXT", MOXD_IMAP_KEY_TEXT, ARG_STRING, false, NULL },
    { "THREADID", MOXD_IMAP_KEY_THREADID, ARG_OBJECTID, false, NULL },
    { "TO", MOXD_IMAP_KEY_HEADER, ARG_FIELD, false, "To" },
    { "UID", MOXD_IMAP_KEY_UID, ARG_UID, false, NULL },
    { "UNANSWERED", MOXD_IMAP_KEY_FLAG, ARG_NONE, true, "\\Answered" },
    { "UNDELETED", MOXD_IMAP_KEY_FLAG, ARG_NONE, true, "\\Deleted" },
    { "UNDRAFT", MOXD_IMAP_KEY_FLAG, ARG_NONE, true, "\\Draft" },
    { "UNFLAGGED", MOXD_IMAP_KEY_FLAG, ARG_NONE, true, "\\Flagged" },
    { "UNKEYWORD", MOXD_IMAP_KEY_FLAG, ARG_KEYWORD, true, NULL },
    { "UNSEEN", MOXD_IMAP_KEY_FLAG, ARG_NONE, true, "\\Seen" },
    { "YOUNGER", MOXD_IMAP_KEY_YOUNGER, ARG_SECONDS, false, NULL },
};

/* RFC 5032 3: nz-number */
static int seconds(struct imap_parser *p, uint64_t *out)
{
    uint32_t n;

    if (mail_imap_nz_number(p, &n) < 0)
        return -1;
    *out = n;
    return 0;
}

/* RFC 8474 7: 1*255(ALPHA / DIGIT / "_" / "-") */
static int objectid(struct imap_parser *p, struct moxd_str *out)
{
    if (mail_imap_atom(p, out) < 0)
        return -1;
    for (size_t i = 0; i < out->n; i++)
        if (!moxd_is_alpha(out->p[i]) && !moxd_is_digit(out->p[i]) && out->p[i] != '_' &&
            out->p[i] != '-')
            return mail_imap_fail(p, "an object identifier before");
    return out->n <= 255 ? 0 : mail_imap_fail(p, "at most 255 characters before");
}

/* RFC 5466 4: 1*<any ATOM-CHAR except "/"> */
static int filter_name(struct imap_parser *p, struct moxd_str *out)
{
    if (mail_imap_atom(p, out) < 0)
        return -1;
    return memchr(out->p, '/', out->n) ? mail_imap_fail(p, "the name of a filter before") : 0;
}

static int argument(struct imap_parser *p, const struct search_word *w, struct moxd_imap_key *key)
{
    if (w->arg == ARG_NONE)
        return 0;
    if (mail_imap_space(p) < 0)
        return -1;
    switch (w->arg) {
    case ARG_KEYWORD:
        return mail_imap_atom(p, &key->str);
    case ARG_DATE:
        return mail_imap_date(p, &key->day);
    case ARG_NUMBER:
        return mail_imap_number(p, INT64_MAX, &key->number);
    case ARG_FILTER:
        return filter_name(p, &key->str);
    case ARG_OBJECTID:
        return objectid(p, &key->str);
    case ARG_SECONDS:
        return seconds(p, &key->number);
    case ARG_UID:
        return mail_imap_set(p, &key->set);
    case ARG_MODSEQ:
        return mail_imap_search_modseq(p, &key->number);
    case ARG_NAMED:
        if (mail_imap_astring(p, &key->field) < 0 || mail_imap_space(p) < 0)
            return -1;
        return mail_imap_astring(p, &key->str);
    default:
        return mail_imap_astring(p, &key->str);
    }
}

static const struct search_word *find_word(struct moxd_str name)
{
    for (size_t i = 0; i < MOXD_NELEMS(words); i++)
        if (moxd_str_caseeqs(name, words[i].name))
            return &words[i];
    return NULL;
}

/* A key without keys inside. */
static int leaf(struct imap_parser *p, struct moxd_imap_key *key)
{
    const struct search_word *w;
    struct imap_parser before = *p;
    struct moxd_str name;

    if (!mail_imap_at_end(p) && strchr("0123456789*$", p->rest.p[0])) {
        key->kind = MOXD_IMAP_KEY_SEQ;
        p->seqs |= p->rest.p[0] != '$';
        return mail_imap_set(p, &key->set);
    }
    if (mail_imap_atom(p, &name) < 0)
        return -1;
    w = find_word(name);
    if (!w)
        return mail_imap_fail(&before, "a search key");
    key->kind = w->kind;
    key->negate = w->negate;
    if (w->arg == ARG_FIELD)
        key->field = moxd_cstr(w->fixed);
    else if (w->fixed)
        key->str = moxd_cstr(w->fixed);
    return argument(p, w, key);
}

/* Keys that still take children: `left` of them, or any number up to a parenthesis or the end. */
struct open_key {
    struct moxd_imap_key *key, **tail;
    unsigned left;
    bool parens;
};
struct search_stack {
    struct open_key v[MOXD_IMAP_SEARCH_DEPTH_MAX];
    size_t n, keys;
};

static int push(struct imap_parser *p, struct search_stack *st, struct moxd_imap_key *key,
                unsigned left, bool parens)
{
    if (st->n >= MOXD_NELEMS(st->v))
        return mail_imap_limit(p, "nested search keys");
    st->v[st->n++] = (struct open_key){ key, &key->child, left, parens };
    return 0;
}

static struct moxd_imap_key *add_child(struct imap_parser *p, struct search_stack *st)
{
    struct open_key *top = &st->v[st->n - 1];
    struct moxd_imap_key *key = moxd_arena_alloc(p->a, sizeof(*key));

    *top->tail = key;
    top->tail = &key->next;
    if (top->left > 0)
        top->left--;
    return key;
}

/* True when the key that begins here takes keys itself; it is then open on the stack. */
static int open_or_leaf(struct imap_parser *p, struct search_stack *st, bool *opened)
{
    struct moxd_imap_key *key;

    if (st->keys++ >= MOXD_IMAP_SEARCH_KEYS_MAX)
        return mail_imap_limit(p, "search keys");
    key = add_child(p, st);
    *opened = true;
    if (mail_imap_take(p, '(')) {
        key->kind = MOXD_IMAP_KEY_AND;
        return push(p, st, key, 0, true);
    }
    if (mail_imap_take_word(p, "NOT ")) {
        key->kind = MOXD_IMAP_KEY_NOT;
        return push(p, st, key, 1, false);
    }
    if (mail_imap_take_word(p, "OR ")) {
        key->kind = MOXD_IMAP_KEY_OR;
        return push(p, st, key, 2, false);
    }
    *opened = false;
    return leaf(p, key);
}

/* Closes what is complete; then either all is done or a space leads to the next key. */
static int close_keys(struct imap_parser *p, struct search_stack *st, bool *done)
{
    while (st->n > 1) {
        struct open_key *top = &st->v[st->n - 1];

        if (top->parens ? !mail_imap_take(p, ')') : top->left > 0)
            break;
        st->n--;
    }
    *done = st->n == 1 && mail_imap_at_end(p);
    return *done ? 0 : mail_imap_space(p);
}

int mail_imap_search_keys(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    struct search_stack *st = moxd_arena_alloc(p->a, sizeof(*st));
    struct moxd_imap_key *root = moxd_arena_alloc(p->a, sizeof(*root));
    bool opened, done = false;

    cmd->search = root;
    root->kind = MOXD_IMAP_KEY_AND;
    if (push(p, st, root, 0, true) < 0)
        return -1;
    while (!done) {
        if (open_or_leaf(p, st, &opened) < 0)
            return -1;
        if (!opened && close_keys(p, st, &done) < 0)
            return -1;
    }
    return 0;
}

static const struct {
    const char *name;
    unsigned bit;
} returns[] = {
    { "MIN", MOXD_IMAP_RETURN_MIN }, { "MAX", MOXD_IMAP_RETURN_MAX },
    { "ALL", MOXD_IMAP_RETURN_ALL }, { "COUNT", MOXD_IMAP_RETURN_COUNT },
    { "SAVE", MOXD_IMAP_RETURN_SAVE }, { "PARTIAL", MOXD_IMAP_RETURN_PARTIAL },
    { "CONTEXT", MOXD_IMAP_RETURN_CONTEXT }, { "UPDATE", MOXD_IMAP_RETURN_UPDATE },
};

/* RFC 5267 4.4, RFC 9394 3.1: one PARTIAL or one ALL. */
static int one_extent(struct imap_parser *p, unsigned had, unsigned bit)
{
    const unsigned extents = MOXD_IMAP_RETURN_PARTIAL | MOXD_IMAP_RETURN_ALL;
    bool twice = bit == MOXD_IMAP_RETURN_PARTIAL ? (had & extents)
                                                 : (bit & extents) && (had & MOXD_IMAP_RETURN_PARTIAL);

    return twice ? mail_imap_fail(p, "only one of PARTIAL and ALL before") : 0;
}

/* partial-range = nz-number ":" nz-number / MINUS nz-number ":" MINUS nz-number */
int mail_imap_partial(struct imap_parser *p, struct moxd_imap_partial *out)
{
    out->from_end = mail_imap_take(p, '-');
    if (mail_imap_nz_number(p, &out->a) < 0 || mail_imap_expect(p, ':', "a range") < 0 ||
        (out->from_end && mail_imap_expect(p, '-', "a range from the end") < 0))
        return -1;
    return mail_imap_nz_number(p, &out->b);
}

/* modifier-update = "UPDATE" [ "(" fetch-att *(SP fetch-att) ")" ] (RFC 5465 8), with a space in 7. */
static int update_items(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    if (moxd_str_starts(p->rest, MOXD_STR(" (")))
        mail_imap_take(p, ' ');
    if (!mail_imap_peek(p, '('))
        return 0;
    return cmd->nitems > 0 ? mail_imap_fail(p, "attributes only once") : mail_imap_fetch_items(p, cmd);
}

static int return_opt(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    struct moxd_str name;

    if (mail_imap_atom(p, &name) < 0)
        return -1;
    for (size_t i = 0; i < MOXD_NELEMS(returns); i++) {
        if (moxd_str_caseeqs(name, returns[i].name)) {
            if (one_extent(p, cmd->search_return, returns[i].bit) < 0)
                return -1;
            cmd->search_return |= returns[i].bit;
            if (returns[i].bit == MOXD_IMAP_RETURN_UPDATE)
                return update_items(p, cmd);
            if (returns[i].bit != MOXD_IMAP_RETURN_PARTIAL)
                return 0;
            return mail_imap_space(p) < 0 ? -1 : mail_imap_partial(p, &cmd->partial);
        }
    }
    return mail_imap_fail(p, "a known RETURN option before");
}

/* search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")" */
int mail_imap_return_opts(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    if (!mail_imap_take_word(p, "RETURN ("))
        return 0;
    cmd->has_search_return = true;
    if (!mail_imap_take(p, ')')) {
        do {
            if (return_opt(p, cmd) < 0)
                return -1;
        } while (mail_imap_take(p, ' '));
        if (mail_imap_expect(p, ')', "a closing parenthesis") < 0)
            return -1;
    }
    /* RFC 9051 6.4.4: without options, ALL is meant. */
    if (cmd->search_return == 0)
        cmd->search_return = MOXD_IMAP_RETURN_ALL;
    return mail_imap_space(p);
}

int mail_imap_search(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    if (mail_imap_return_opts(p, cmd) < 0)
        return -1;
    if (mail_imap_take_word(p, "CHARSET ")) {
        if (mail_imap_astring(p, &cmd->charset) < 0 || mail_imap_space(p) < 0)
            return -1;
    }
    return mail_imap_search_keys(p, cmd);
}

int moxd_imap_parse_search(struct moxd_str text, struct moxd_arena *a, struct moxd_imap_key **out,
                           bool *seqs, struct moxd_err *err)
{
    struct imap_parser p = { .rest = text, .total = text.n, .a = a, .err = err };
    struct moxd_imap_cmd cmd = { 0 };

    if (mail_imap_search_keys(&p, &cmd) < 0)
        return -1;
    *out = cmd.search;
    *seqs = p.seqs;
    return 0;
}
