#include "keywords.h"

#include <stdlib.h>

/* A byte that a keyword may have: that of an atom (RFC 9051 9, ATOM-CHAR), in lower case. */
static bool keyword_char(char c)
{
    return c > ' ' && c < 0x7f && strchr("(){%*\"\\]", c) == NULL && !(c >= 'A' && c <= 'Z');
}

static int check_keyword(struct moxd_str s, struct moxd_err *err)
{
    if (s.n == 0 || s.n > STORE_KEYWORD_LEN_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "keyword is longer than %d bytes",
                            STORE_KEYWORD_LEN_MAX);
    for (size_t i = 0; i < s.n; i++)
        if (!keyword_char(s.p[i]))
            return moxd_err_set(err, MOXD_ERR_INVALID, "keyword has a character that is not allowed");
    return 0;
}

int store_keywords_check(struct store_keywords kw, struct moxd_err *err)
{
    if (kw.n > STORE_KEYWORDS_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d keywords", STORE_KEYWORDS_MAX);
    for (size_t i = 0; i < kw.n; i++) {
        if (check_keyword(moxd_cstr(kw.v[i]), err) < 0)
            return -1;
        if (i > 0 && strcmp(kw.v[i - 1], kw.v[i]) >= 0)
            return moxd_err_set(err, MOXD_ERR_INVALID, "keywords are not sorted");
    }
    return 0;
}

int store_kwlist_load(struct store_tx *tx, uint32_t mailbox, struct store_kwlist **out,
                      struct moxd_err *err)
{
    struct store_key key = store_key_u32(STORE_T_KEYWORDS, mailbox);
    struct store_kwlist *l = moxd_arena_alloc(tx->arena, sizeof(*l));
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    l->mailbox = mailbox;
    *out = l;
    if (rc <= 0)
        return rc;
    val = moxd_arena_str(tx->arena, val);
    if (store_kwlist_decode(val, tx->arena, &l->v, &l->n) < 0)
        return store_corrupt(tx, "keywords of a mailbox", err);
    l->cap = l->n;
    return 0;
}

/* Told before the messages that have the new keywords. */
static void tell(struct store_tx *tx, const struct store_kwlist *l)
{
    (void)store_tx_change(tx, STORE_CHANGE_KEYWORDS);
    struct store_batch *b = tx->batch;
    size_t at = 0;

    while (at < b->n - 1 && b->v[at].mailbox != l->mailbox)
        at++;
    memmove(b->v + at + 1, b->v + at, (b->n - 1 - at) * sizeof(*b->v));
    b->v[at] = (struct store_change){
        .kind = STORE_CHANGE_KEYWORDS, .mailbox = l->mailbox, .modseq = store_tx_modseq(tx),
        .keywords = store_kwlist_all(l, b->arena),
    };
}

int store_kwlist_save(struct store_tx *tx, struct store_kwlist *l, struct moxd_err *err)
{
    struct store_key key = store_key_u32(STORE_T_KEYWORDS, l->mailbox);
    struct moxd_buf b = MOXD_BUF_INIT(STORE_MAILBOX_KEYWORDS_MAX * (STORE_KEYWORD_LEN_MAX + 1) + 8);

    if (!l->changed)
        return 0;
    store_kwlist_encode(l->v, l->n, &b);
    int rc = store_put(tx, &key, moxd_buf_str(&b), err);
    moxd_buf_fini(&b);
    if (rc == 0)
        tell(tx, l);
    l->changed = false;
    return rc;
}

static int find(const struct store_kwlist *l, struct moxd_str kw)
{
    for (size_t i = 0; i < l->n; i++)
        if (moxd_str_eq(l->v[i], kw))
            return (int)i;
    return -1;
}

/* The number of a keyword, added when it is new; -1 when the list is full. */
static int number(struct store_tx *tx, struct store_kwlist *l, struct moxd_str kw)
{
    int i = find(l, kw);
    if (i >= 0)
        return i;
    if (l->n == STORE_MAILBOX_KEYWORDS_MAX)
        return -1;
    struct moxd_str *added = moxd_arena_push(tx->arena, &l->v, &l->n, &l->cap, sizeof(*added));
    *added = moxd_arena_str(tx->arena, kw);
    l->changed = true;
    return (int)l->n - 1;
}

static int by_number(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

int store_kwlist_numbers(struct store_tx *tx, struct store_kwlist *l, struct store_keywords kw,
                         uint16_t *idx, unsigned *n, struct moxd_err *err)
{
    moxd_assert(kw.n <= STORE_KEYWORDS_MAX);
    for (size_t i = 0; i < kw.n; i++) {
        int k = number(tx, l, moxd_cstr(kw.v[i]));
        if (k < 0)
            return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d different keywords in a mailbox",
                                STORE_MAILBOX_KEYWORDS_MAX);
        idx[i] = (uint16_t)k;
    }
    *n = (unsigned)kw.n;
    qsort(idx, kw.n, sizeof(*idx), by_number);
    return 0;
}

void store_kwlist_known(const struct store_kwlist *l, struct store_keywords kw, uint16_t *idx,
                        unsigned *n)
{
    *n = 0;
    for (size_t i = 0; i < kw.n; i++) {
        int k = find(l, moxd_cstr(kw.v[i]));
        if (k >= 0)
            idx[(*n)++] = (uint16_t)k;
    }
    qsort(idx, *n, sizeof(*idx), by_number);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int store_kwlist_names(struct store_tx *tx, const struct store_kwlist *l, const uint16_t *idx,
                       unsigned n, struct moxd_arena *a, struct store_keywords *out,
                       struct moxd_err *err)
{
    *out = (struct store_keywords){ 0 };
    if (n == 0)
        return 0;
    const char **v = moxd_arena_calloc(a, n, sizeof(*v));
    for (unsigned i = 0; i < n; i++) {
        if (idx[i] >= l->n)
            return store_corrupt(tx, "message with an unknown keyword", err);
        v[i] = moxd_arena_cstr(a, l->v[idx[i]]);
    }
    qsort(v, n, sizeof(*v), by_text);
    *out = (struct store_keywords){ v, n };
    return 0;
}

struct store_keywords store_kwlist_all(const struct store_kwlist *l, struct moxd_arena *a)
{
    if (l->n == 0)
        return (struct store_keywords){ 0 };
    const char **v = moxd_arena_calloc(a, l->n, sizeof(*v));
    for (size_t i = 0; i < l->n; i++)
        v[i] = moxd_arena_cstr(a, l->v[i]);
    qsort(v, l->n, sizeof(*v), by_text);
    return (struct store_keywords){ v, l->n };
}

struct store_keywords store_keywords_copy(struct store_keywords kw, struct moxd_arena *a)
{
    if (kw.n == 0)
        return (struct store_keywords){ 0 };
    const char **v = moxd_arena_calloc(a, kw.n, sizeof(*v));
    for (size_t i = 0; i < kw.n; i++)
        v[i] = moxd_arena_strdup(a, kw.v[i]);
    return (struct store_keywords){ v, kw.n };
}
