/* The walk up the DNS tree (RFC 9989 4.10). */
#include <moxmail/dmarc.h>

enum { WALK_LABELS = 7, NAME_MAX_BYTES = 253 };

static struct moxd_str parent(struct moxd_str name)
{
    ptrdiff_t dot = moxd_str_chr(name, '.');

    return dot < 0 ? MOXD_STR("") : moxd_str_from(name, (size_t)dot + 1);
}

static size_t labels(struct moxd_str name)
{
    size_t n = name.n > 0;

    for (size_t i = 0; i < name.n; i++)
        n += name.p[i] == '.';
    return n;
}

/* The one record of the name: several are none (4.10). 1, 0, -1: no answer. */
static int record_of(struct moxd_str domain, const struct moxd_dmarc_resolver *r,
                     struct moxd_arena *a, struct moxd_dmarc_record *out)
{
    const char *name = moxd_arena_printf(a, "_dmarc.%" MOXD_STRF, MOXD_STRA(domain));
    struct moxd_str *txt = NULL, text = { 0 };
    size_t n = 0, found = 0;

    if (strlen(name) > NAME_MAX_BYTES)
        return 0;
    enum moxd_dmarc_status status = r->txt(r->arg, name, a, &txt, &n);
    if (status == MOXD_DMARC_ERROR)
        return -1;
    for (size_t i = 0; status == MOXD_DMARC_FOUND && i < n; i++)
        if (moxd_dmarc_is_record(txt[i])) {
            text = txt[i];
            found++;
        }
    return found == 1 && moxd_dmarc_record_parse(text, a, out, NULL) == 0;
}

/* Without a word of the owners: as the list has it, or the shortest name with a record. */
static struct moxd_str assumed(const struct moxd_dmarc_walk *w, const struct moxd_psl *psl)
{
    struct moxd_str org;

    if (!psl)
        return w->n > 0 ? w->v[w->n - 1].domain : w->start;
    org = moxd_psl_organization(psl, w->start);
    return org.n > 0 ? org : w->start;
}

/* 4.10.2: psd=n is an organization, psd=y above it says that it is one, else the shortest name has it. */
static struct moxd_str organization(const struct moxd_dmarc_walk *w, const struct moxd_psl *psl)
{
    for (size_t i = 0; i < w->n; i++) {
        struct moxd_str below = w->start;
        if (w->v[i].record.psd == MOXD_DMARC_PSD_N)
            return w->v[i].domain;
        if (w->v[i].record.psd != MOXD_DMARC_PSD_Y || w->v[i].domain.n == w->start.n)
            continue;
        while (parent(below).n > w->v[i].domain.n)
            below = parent(below);
        return below;
    }
    return assumed(w, psl);
}

void moxd_dmarc_walk(struct moxd_str domain, const struct moxd_dmarc_resolver *r,
                     struct moxd_arena *a, struct moxd_dmarc_walk *out)
{
    struct moxd_str name = domain;
    unsigned queries = 0;

    *out = (struct moxd_dmarc_walk){ .start = domain };
    while (name.n > 0 && queries++ < MOXD_DMARC_QUERIES_MAX) {
        struct moxd_dmarc_found *f = &out->v[out->n];
        int rc = record_of(name, r, a, &f->record);
        f->domain = name;
        out->n += rc > 0;
        out->errors = out->errors || rc < 0;
        if (rc > 0 && f->record.psd != MOXD_DMARC_PSD_U)
            break;
        do
            name = parent(name);
        while (labels(name) > WALK_LABELS);
    }
    out->org = organization(out, r->psl);
}

static const struct moxd_dmarc_found *at(const struct moxd_dmarc_walk *w, struct moxd_str domain)
{
    for (size_t i = 0; i < w->n; i++)
        if (moxd_str_caseeq(w->v[i].domain, domain))
            return &w->v[i];
    return NULL;
}

const struct moxd_dmarc_found *moxd_dmarc_applies(const struct moxd_dmarc_walk *w)
{
    const struct moxd_dmarc_found *f = at(w, w->start);

    if (!f)
        f = at(w, w->org);
    if (!f && w->n > 0 && w->v[w->n - 1].record.psd == MOXD_DMARC_PSD_Y)
        f = &w->v[w->n - 1];
    return f;
}

enum moxd_dmarc_policy moxd_dmarc_policy_for(const struct moxd_dmarc_found *f, struct moxd_str from,
                                             bool exists)
{
    const struct moxd_dmarc_record *r = &f->record;
    enum moxd_dmarc_policy p = r->p;

    if (!moxd_str_caseeq(f->domain, from)) {
        if (r->sp != MOXD_DMARC_ABSENT)
            p = r->sp;
        if (!exists && r->np != MOXD_DMARC_ABSENT)
            p = r->np;
    }
    return r->testing && p > MOXD_DMARC_NONE ? (enum moxd_dmarc_policy)(p - 1) : p;
}

int moxd_dmarc_wants_reports(struct moxd_str policy_domain, struct moxd_str destination,
                             const struct moxd_dmarc_resolver *r, struct moxd_arena *a)
{
    const char *name = moxd_arena_printf(a, "%" MOXD_STRF "._report._dmarc.%" MOXD_STRF,
                                         MOXD_STRA(policy_domain), MOXD_STRA(destination));
    struct moxd_str *txt = NULL;
    size_t n = 0;

    if (strlen(name) > NAME_MAX_BYTES)
        return 0;
    enum moxd_dmarc_status status = r->txt(r->arg, name, a, &txt, &n);
    for (size_t i = 0; status == MOXD_DMARC_FOUND && i < n; i++)
        if (moxd_dmarc_is_record(txt[i]))
            return 1;
    return status == MOXD_DMARC_ERROR ? -1 : 0;
}
