#include "cutter.h"

#include <stdlib.h>

struct search_cutter {
    uint64_t *seen; /* a bit for each trigram of the space that is being read */
    uint32_t *keys;
    size_t n, first; /* keys; the first one of the space */
    enum search_space space;
    bool overflow;
    struct moxd_search *tap;
    struct moxd_text *text;
};

static const struct {
    const char *field;
    enum search_space space;
} fields[] = {
    { "Subject", SEARCH_SUBJECT }, { "From", SEARCH_FROM }, { "To", SEARCH_TO },
    { "Cc", SEARCH_TO },           { "Bcc", SEARCH_TO },
};

enum search_space search_space_of(const char *field)
{
    for (size_t i = 0; i < MOXD_NELEMS(fields); i++)
        if (moxd_str_caseeqs(moxd_cstr(field), fields[i].field))
            return fields[i].space;
    return SEARCH_HEADER;
}

/* --- collecting -------------------------------------------------------------------------------- */

static void add(struct search_cutter *c, unsigned char a, unsigned char b, unsigned char d)
{
    uint32_t gram = (uint32_t)a << 16 | (uint32_t)b << 8 | d;
    uint64_t bit = UINT64_C(1) << gram % 64;

    if (c->seen[gram / 64] & bit)
        return;
    if (c->n == SEARCH_CUT_MAX) {
        c->overflow = true;
        return;
    }
    c->seen[gram / 64] |= bit;
    c->keys[c->n++] = search_key(c->space, a, b, d);
}

static void on_text(void *arg, struct moxd_str folded, bool end)
{
    struct search_cutter *c = arg;
    const unsigned char *p = (const unsigned char *)folded.p;

    for (size_t i = 0; i + 2 < folded.n; i++)
        add(c, p[i], p[i + 1], p[i + 2]);
    if (end && folded.n >= 2)
        add(c, p[folded.n - 2], p[folded.n - 1], 0);
    if (end && folded.n >= 1)
        add(c, p[folded.n - 1], 0, 0);
}

static void enter(struct search_cutter *c, enum search_space space)
{
    for (size_t i = c->first; i < c->n; i++) {
        uint32_t gram = c->keys[i] & ((1U << SEARCH_GRAM_BITS) - 1);

        c->seen[gram / 64] = 0;
    }
    c->first = c->n;
    c->space = space;
}

/* --- reading ----------------------------------------------------------------------------------- */

static void cut_values(struct search_cutter *c, struct moxd_str header)
{
    struct moxd_field f;

    while (moxd_field_next(&header, &f))
        moxd_search_value(c->tap, f.value);
}

static void cut_fields(struct search_cutter *c, struct moxd_str header)
{
    enum search_space space = SEARCH_SPACES;

    for (size_t i = 0; i < MOXD_NELEMS(fields); i++) {
        if (fields[i].space != space)
            enter(c, space = fields[i].space);
        moxd_search_header(c->tap, header, fields[i].field);
    }
}

static int cut(struct search_cutter *c, const struct moxd_reader *r, struct moxd_arena *a,
               struct moxd_err *err)
{
    struct moxd_str header;
    struct moxd_msg *msg;

    if (moxd_msg_parse(a, r, &msg, err) < 0 || moxd_header_read(r, a, &header, NULL, err) < 0)
        return -1;
    enter(c, SEARCH_BODY);
    if (moxd_search_message(c->tap, c->text, r, msg, MOXD_SEARCH_IN_BODY, err) < 0)
        return -1;
    enter(c, SEARCH_HEADER);
    if (moxd_search_message(c->tap, c->text, r, msg, MOXD_SEARCH_IN_HEADER, err) < 0)
        return -1;
    cut_values(c, header);
    cut_fields(c, header);
    return c->overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "too many different trigrams") : 0;
}

int search_cut(struct search_cutter *c, const struct moxd_reader *r, const uint32_t **keys,
               size_t *n, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    int rc;

    moxd_search_reset(c->tap);
    c->n = c->first = 0;
    c->overflow = false;
    rc = cut(c, r, a, err);
    enter(c, SEARCH_SPACES);
    *keys = c->keys;
    *n = c->n;
    return rc;
}

struct search_cutter *search_cutter_new(void)
{
    struct search_cutter *c = moxd_xcalloc(1, sizeof(*c));

    c->seen = moxd_xcalloc((1U << SEARCH_GRAM_BITS) / 64, sizeof(*c->seen));
    c->keys = moxd_xcalloc(SEARCH_CUT_MAX, sizeof(*c->keys));
    c->tap = moxd_search_new_tap(on_text, c);
    c->text = moxd_text_new();
    return c;
}

void search_cutter_free(struct search_cutter *c)
{
    if (!c)
        return;
    moxd_text_free(c->text);
    moxd_search_free(c->tap);
    free(c->keys);
    free(c->seen);
    free(c);
}

/* --- asking ------------------------------------------------------------------------------------ */

size_t search_keys_of(enum search_space space, struct moxd_str folded, uint32_t *keys, size_t max)
{
    const unsigned char *p = (const unsigned char *)folded.p;
    size_t all = folded.n < 3 ? 0 : folded.n - 2, n = all < max ? all : max;

    for (size_t i = 0; i < n; i++) {
        size_t at = n > 1 ? i * (all - 1) / (n - 1) : 0;

        keys[i] = search_key(space, p[at], p[at + 1], p[at + 2]);
    }
    return n;
}
