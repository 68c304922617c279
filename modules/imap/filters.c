/* Named searches (RFC 5466): the value of a server annotation takes the place of FILTER. It is one key, in
 * parentheses as it were, also below NOT and OR. */
#include "filters.h"

static const char values[] = "/filters/values/";

bool imap_is_filter(struct moxd_str entry)
{
    const struct moxd_str private = MOXD_STR("/private"), shared = MOXD_STR("/shared");
    struct moxd_str rest =
        moxd_str_from(entry, moxd_str_starts(entry, private) ? private.n : shared.n);

    return (moxd_str_starts(entry, private) || moxd_str_starts(entry, shared)) &&
           moxd_str_starts(rest, moxd_cstr(values)) &&
           !memchr(rest.p + sizeof(values) - 1, '/', rest.n - (sizeof(values) - 1));
}

struct expanding {
    struct imap_session *s;
    struct moxd_arena *a;
    struct store_annotation *v; /* of the server; NULL until something was looked for */
    size_t n;
    bool loaded, any, seqs;
    unsigned count;
    struct moxd_err *err;
};

static int load(struct expanding *x)
{
    if (x->loaded)
        return 0;
    x->loaded = true;
    return x->s->im->store->annotations(x->s->acc, 0, false, x->a, &x->v, &x->n, x->err);
}

static const struct store_annotation *find(const struct expanding *x, const char *scope,
                                           struct moxd_str name)
{
    const char *entry = moxd_arena_printf(x->a, "%s%s%" MOXD_STRF, scope, values, MOXD_STRA(name));

    for (size_t i = 0; i < x->n; i++)
        if (moxd_str_caseeqs(moxd_cstr(entry), x->v[i].name))
            return &x->v[i];
    return NULL;
}

/* RFC 5466 3.1: a private one before a shared one. */
static const struct store_annotation *look_up(const struct expanding *x, struct moxd_str name)
{
    const struct store_annotation *an = find(x, "/private", name);

    return an ? an : find(x, "/shared", name);
}

static int undefined(const struct expanding *x, struct moxd_str name)
{
    return moxd_err_set(x->err, MOXD_ERR_STATE, "%" MOXD_STRF, MOXD_STRA(name));
}

static int expand(struct expanding *x, struct moxd_imap_key *key, unsigned passes);

/* RFC 9586 3: not in this session; RFC 7377 2: not in several mailboxes. */
static bool may_number(const struct imap_session *s)
{
    return !imap_uidonly(s) && s->cmd.verb != MOXD_IMAP_ESEARCH;
}

static int replace(struct expanding *x, struct moxd_imap_key *key, unsigned passes)
{
    const struct store_annotation *an;
    struct moxd_imap_key *root;
    bool seqs = false;

    x->any = true;
    if (load(x) < 0)
        return -1;
    an = look_up(x, key->str);
    /* A loop does not end before the passes do. */
    if (!an || passes >= IMAP_FILTER_PASSES_MAX || x->count++ >= IMAP_FILTERS_MAX ||
        moxd_imap_parse_search(an->value, x->a, &root, &seqs, NULL) < 0 ||
        (seqs && !may_number(x->s)))
        return undefined(x, key->str);
    x->seqs |= seqs;
    key->kind = MOXD_IMAP_KEY_AND;
    key->child = root;
    return expand(x, root, passes + 1);
}

static int expand(struct expanding *x, struct moxd_imap_key *key, unsigned passes)
{
    for (; key; key = key->next) {
        int r = key->kind == MOXD_IMAP_KEY_FILTER ? replace(x, key, passes)
                                                  : expand(x, key->child, passes);

        if (r < 0)
            return -1;
    }
    return 0;
}

static bool is_utf8(struct moxd_str charset)
{
    return charset.n == 0 || moxd_str_caseeqs(charset, "UTF-8") ||
           moxd_str_caseeqs(charset, "US-ASCII");
}

int imap_filters_expand(struct imap_session *s, struct moxd_imap_key *root, struct moxd_str charset,
                        struct moxd_arena *a, bool *seqs, struct moxd_err *err)
{
    struct expanding x = { .s = s, .a = a, .err = err };

    if (expand(&x, root, 0) < 0)
        return -1;
    *seqs = x.seqs;
    return x.any && !is_utf8(charset)
               ? moxd_err_set(err, MOXD_ERR_SYNTAX, "FILTER implies the charset UTF-8")
               : 0;
}
