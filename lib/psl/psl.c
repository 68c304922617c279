/* The rules, sorted by name; a lookup tries each name above the domain. */
#include <moxmail/psl.h>

#include <moxd/arena.h>
#include <moxmail/address.h>
#include <stdlib.h>

enum { PLAIN = 1, WILDCARD = 2 /* names right below it */, EXCEPTION = 4 };

struct rule {
    struct moxd_str name; /* A-labels, without "*." and "!" */
    unsigned kinds;
};
struct moxd_psl {
    struct moxd_arena *a;
    struct rule *v;
    size_t n, cap;
};

/* ---- parsing */

static struct moxd_str first_word(struct moxd_str line)
{
    size_t n = 0;

    while (n < line.n && (unsigned char)line.p[n] > ' ')
        n++;
    return moxd_str_sub(line, 0, n);
}

static unsigned kind_of(struct moxd_str *word)
{
    if (moxd_str_starts(*word, MOXD_STR("!"))) {
        *word = moxd_str_from(*word, 1);
        return EXCEPTION;
    }
    if (moxd_str_starts(*word, MOXD_STR("*."))) {
        *word = moxd_str_from(*word, 2);
        return WILDCARD;
    }
    return PLAIN;
}

static void add(struct moxd_psl *psl, struct moxd_str line, struct moxd_arena *scratch)
{
    struct moxd_str word = first_word(line);
    struct moxd_domain d;

    if (word.n == 0 || moxd_str_starts(word, MOXD_STR("//")))
        return;
    unsigned kind = kind_of(&word);
    if (moxd_domain_parse(word, MOXD_ADDRESS_UTF8, scratch, &d, NULL) < 0 || d.ip_len > 0)
        return;
    struct rule *r = moxd_arena_push(psl->a, &psl->v, &psl->n, &psl->cap, sizeof(*r));
    *r = (struct rule){ moxd_arena_str(psl->a, d.ascii), kind };
}

static int by_name(const void *a, const void *b)
{
    return moxd_str_cmp(((const struct rule *)a)->name, ((const struct rule *)b)->name);
}

static void sort(struct moxd_psl *psl)
{
    size_t n = 0;

    qsort(psl->v, psl->n, sizeof(*psl->v), by_name);
    for (size_t i = 0; i < psl->n; i++)
        if (n > 0 && moxd_str_eq(psl->v[n - 1].name, psl->v[i].name))
            psl->v[n - 1].kinds |= psl->v[i].kinds;
        else
            psl->v[n++] = psl->v[i];
    psl->n = n;
}

struct moxd_psl *moxd_psl_parse(struct moxd_str text, struct moxd_err *err)
{
    if (text.n > MOXD_PSL_SIZE_MAX) {
        (void)moxd_err_set(err, MOXD_ERR_LIMIT, "the list has more than %d bytes",
                           (int)MOXD_PSL_SIZE_MAX);
        return NULL;
    }
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_psl *psl = moxd_arena_alloc(a, sizeof(*psl));
    psl->a = a;
    while (text.n > 0 && psl->n <= MOXD_PSL_RULES_MAX) {
        struct moxd_arena *scratch = moxd_arena_new(0);
        add(psl, moxd_str_cut(&text, '\n'), scratch);
        moxd_arena_free(scratch);
    }
    if (psl->n > 0 && psl->n <= MOXD_PSL_RULES_MAX) {
        sort(psl);
        return psl;
    }
    if (psl->n > 0)
        (void)moxd_err_set(err, MOXD_ERR_LIMIT, "the list has more than %d rules",
                           (int)MOXD_PSL_RULES_MAX);
    else
        (void)moxd_err_set(err, MOXD_ERR_INVALID, "there is no rule in the list");
    moxd_psl_free(psl);
    return NULL;
}

void moxd_psl_free(struct moxd_psl *psl)
{
    if (psl)
        moxd_arena_free(psl->a);
}

/* ---- looking up */

static unsigned kinds_of(const struct moxd_psl *psl, struct moxd_str name)
{
    const struct rule want = { .name = name };
    const struct rule *r = bsearch(&want, psl->v, psl->n, sizeof(want), by_name);

    return r ? r->kinds : 0;
}

static struct moxd_str parent(struct moxd_str name)
{
    ptrdiff_t dot = moxd_str_chr(name, '.');

    return dot < 0 ? MOXD_STR("") : moxd_str_from(name, (size_t)dot + 1);
}

struct moxd_str moxd_psl_organization(const struct moxd_psl *psl, struct moxd_str domain)
{
    struct moxd_str name = domain, below = MOXD_STR("");

    for (; name.n > 0; below = name, name = parent(name)) {
        struct moxd_str up = parent(name);
        unsigned kinds = kinds_of(psl, name);
        if (kinds & EXCEPTION)
            return name;
        if (up.n == 0 || (kinds & PLAIN) || (kinds_of(psl, up) & WILDCARD))
            break; /* the longest rule counts */
    }
    return below;
}
