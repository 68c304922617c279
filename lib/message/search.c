/* Substring search in text that comes in pieces, by case-folded characters. */
#include <moxmail/text.h>

#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

enum {
    CARRY_MAX =
        64,      /* bytes of a character with its marks that may still combine with what follows */
    STEP = 4096, /* bytes folded at once */
    WINDOW = MOXD_SEARCH_NEEDLE_MAX + 16 * (STEP + CARRY_MAX), /* folding makes text longer */
};

struct needle {
    struct moxd_str folded;
    bool found;
};

struct moxd_search {
    struct needle v[MOXD_SEARCH_NEEDLES_MAX];
    size_t n, left; /* how many; how many are not yet found */
    size_t longest;
    struct moxd_buf window;     /* folded text: what a match may have begun in, then what is new */
    char raw[CARRY_MAX + STEP]; /* not yet folded text */
    size_t nraw;
    moxd_search_tap *tap;       /* instead of needles */
    void *tap_arg;
};

/* Appends the folded form; text has whole characters. */
static void fold(struct moxd_buf *out, struct moxd_str text)
{
    if (moxd_str_is_ascii(text)) {
        char *p = moxd_buf_room(out, text.n);
        for (size_t i = 0; p && i < text.n; i++)
            p[i] = moxd_lower(text.p[i]);
        if (p)
            moxd_buf_grew(out, text.n);
        return;
    }
    size_t n = 0;
    uint8_t *p = u8_casefold((const uint8_t *)text.p, text.n, NULL, UNINORM_NFC, NULL, &n);
    if (p)
        moxd_buf_add(out, p, n);
    free(p);
}

static int add_needle(struct moxd_search *s, struct moxd_str text, struct moxd_err *err)
{
    if (text.n > MOXD_SEARCH_NEEDLE_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "search text is too long");
    if (!moxd_str_is_utf8(text))
        return moxd_err_set(err, MOXD_ERR_INVALID, "search text is not UTF-8");
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_SEARCH_NEEDLE_MAX);
    fold(&b, text);
    if (b.overflow) {
        moxd_buf_fini(&b);
        return moxd_err_set(err, MOXD_ERR_LIMIT, "search text is too long");
    }
    size_t n = b.n;
    s->v[s->n++].folded = moxd_str(moxd_buf_steal(&b), n);
    s->longest = n > s->longest ? n : s->longest;
    return 0;
}

int moxd_search_new(struct moxd_search **out, const struct moxd_str *needles, size_t n,
                    struct moxd_err *err)
{
    if (n > MOXD_SEARCH_NEEDLES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "too many search texts");
    struct moxd_search *s = moxd_xcalloc(1, sizeof(*s));
    moxd_buf_init(&s->window, WINDOW);
    for (size_t i = 0; i < n; i++) {
        if (add_needle(s, needles[i], err) == 0)
            continue;
        moxd_search_free(s);
        return -1;
    }
    moxd_search_reset(s);
    *out = s;
    return 0;
}

struct moxd_search *moxd_search_new_tap(moxd_search_tap *fn, void *arg)
{
    struct moxd_search *s = moxd_xcalloc(1, sizeof(*s));

    moxd_buf_init(&s->window, WINDOW);
    s->tap = fn;
    s->tap_arg = arg;
    s->longest = MOXD_SEARCH_OVERLAP + 1;
    moxd_search_reset(s);
    return s;
}

struct moxd_str moxd_search_needle(const struct moxd_search *s, size_t i)
{
    moxd_assert(i < s->n);
    return s->v[i].folded;
}

void moxd_search_free(struct moxd_search *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        free((void *)(uintptr_t)s->v[i].folded.p);
    moxd_buf_fini(&s->window);
    free(s);
}

void moxd_search_freep(struct moxd_search **s)
{
    moxd_search_free(*s);
    *s = NULL;
}

void moxd_search_reset(struct moxd_search *s)
{
    s->nraw = 0;
    s->left = s->tap != NULL;
    moxd_buf_reset(&s->window);
    for (size_t i = 0; i < s->n; i++) {
        s->v[i].found = s->v[i].folded.n == 0;
        s->left += !s->v[i].found;
    }
}

/* Folds the first n bytes of the raw text, looks for the needles, and keeps of the window what the
 * start of a match may be in. */
static void step(struct moxd_search *s, size_t n)
{
    if (n == 0)
        return;
    fold(&s->window, moxd_str(s->raw, n));
    moxd_assert(!s->window.overflow);
    memmove(s->raw, s->raw + n, s->nraw - n);
    s->nraw -= n;
    if (s->tap)
        s->tap(s->tap_arg, moxd_buf_str(&s->window), false);
    for (size_t i = 0; i < s->n; i++) {
        struct needle *needle = &s->v[i];
        if (needle->found || moxd_str_find(moxd_buf_str(&s->window), needle->folded) < 0)
            continue;
        needle->found = true;
        s->left--;
    }
    if (s->longest > 0 && s->window.n >= s->longest)
        moxd_buf_consume(&s->window, s->window.n - (s->longest - 1));
}

/* How much of the raw text no following character can combine with: up to the last character that
 * is no combining mark. */
static size_t settled(const struct moxd_search *s)
{
    const uint8_t *start = (const uint8_t *)s->raw, *p = start + s->nraw;
    ucs4_t c = 0;
    while (p > start && start + s->nraw - p < CARRY_MAX - 4) {
        p = u8_prev(&c, p, start);
        moxd_assert(p);
        if (uc_combining_class(c) == UC_CCC_NR)
            break;
    }
    return (size_t)(p - start);
}

void moxd_search_write(struct moxd_search *s, struct moxd_str utf8)
{
    while (utf8.n > 0 && s->left > 0) {
        size_t n = utf8.n < sizeof(s->raw) - s->nraw ? utf8.n : sizeof(s->raw) - s->nraw;
        while (n > 0 && n < utf8.n && ((unsigned char)utf8.p[n] & 0xC0) == 0x80)
            n--;
        memcpy(s->raw + s->nraw, utf8.p, n);
        s->nraw += n;
        utf8 = moxd_str_from(utf8, n);
        step(s, settled(s));
    }
}

void moxd_search_end(struct moxd_search *s)
{
    if (s->left > 0 && s->nraw > 0)
        step(s, s->nraw);
    if (s->tap && s->window.n > 0)
        s->tap(s->tap_arg, moxd_buf_str(&s->window), true);
    s->nraw = 0;
    moxd_buf_reset(&s->window);
}

bool moxd_search_found(const struct moxd_search *s, size_t i)
{
    moxd_assert(i < s->n);
    return s->v[i].found;
}

bool moxd_search_found_all(const struct moxd_search *s)
{
    return s->left == 0;
}
