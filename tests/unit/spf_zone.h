/* A resolver double for SPF: a zone of lines, tests/data/spf/README says how they look. */
#ifndef MOXD_UNIT_SPF_ZONE_H
#define MOXD_UNIT_SPF_ZONE_H

#include <moxmail/spf.h>

#include <arpa/inet.h>
#include <stdio.h>

enum { ZONE_MAX = 500, ZONE_CNAMES_MAX = 8 };

struct zone_record {
    const char *name, *type; /* type "TIMEOUT" and "EMPTY" too */
    struct moxd_str data;
};
struct zone {
    struct moxd_arena *a;
    struct zone_record v[ZONE_MAX];
    size_t n;
    unsigned nlookups;
};

/* \xHH in place. */
static inline struct moxd_str zone_unescape(char *s)
{
    char *out = s;

    for (const char *p = s; *p; p++) {
        unsigned c = (unsigned char)*p;
        if (p[0] == '\\' && sscanf(p, "\\x%2x", &c) == 1)
            p += 3;
        *out++ = (char)c;
    }
    return moxd_str(s, (size_t)(out - s));
}

/* A line without its "zone": "NAME\tTYPE\tDATA". */
static inline void zone_add(struct zone *z, const char *line)
{
    struct moxd_str rest = moxd_cstr(line);
    struct zone_record *r = &z->v[z->n++];

    ck_assert_uint_le(z->n, ZONE_MAX);
    r->name = moxd_arena_cstr(z->a, moxd_str_cut(&rest, '\t'));
    r->type = moxd_arena_cstr(z->a, moxd_str_cut(&rest, '\t'));
    r->data = zone_unescape(moxd_arena_cstr(z->a, rest));
}

static inline void zone_rr(const struct zone_record *rec, struct moxd_spf_rr *rr)
{
    rr->text = rec->data;
    if (rec->type[0] == 'A')
        ck_assert_int_eq(
            inet_pton(strcmp(rec->type, "A") == 0 ? AF_INET : AF_INET6, rec->data.p, rr->ip), 1);
}

static inline void zone_find(struct zone *z, const char *name, const char *type,
                             struct moxd_arena *a, struct moxd_spf_answer *out, int cnames);

static inline bool zone_follow(struct zone *z, const struct zone_record *rec, const char *type,
                               struct moxd_arena *a, struct moxd_spf_answer *out, int cnames)
{
    if (strcmp(rec->type, "CNAME") != 0)
        return false;
    if (cnames == ZONE_CNAMES_MAX)
        out->status = MOXD_SPF_ERROR;
    else
        zone_find(z, moxd_arena_cstr(a, rec->data), type, a, out, cnames + 1);
    return true;
}

static inline void zone_find(struct zone *z, const char *name, const char *type,
                             struct moxd_arena *a, struct moxd_spf_answer *out, int cnames)
{
    size_t cap = 0;

    for (size_t i = 0; i < z->n; i++) {
        const struct zone_record *rec = &z->v[i];
        if (!moxd_str_caseeqs(moxd_cstr(rec->name), name))
            continue;
        if (zone_follow(z, rec, type, a, out, cnames))
            return;
        if (strcmp(rec->type, "TIMEOUT") == 0 && out->n == 0)
            out->status = MOXD_SPF_ERROR;
        if (strcmp(rec->type, type) != 0)
            continue;
        struct moxd_spf_rr *rr = moxd_arena_push(a, &out->v, &out->n, &cap, sizeof(*rr));
        zone_rr(rec, rr);
        out->status = MOXD_SPF_FOUND;
    }
}

static inline void zone_lookup(void *arg, const char *name, enum moxd_spf_type type,
                               struct moxd_arena *a, struct moxd_spf_answer *out)
{
    static const char *const types[] = { "TXT", "A", "AAAA", "MX", "PTR" };
    struct zone *z = arg;

    z->nlookups++;
    *out = (struct moxd_spf_answer){ .status = MOXD_SPF_NOTFOUND };
    zone_find(z, name, types[type], a, out, 0);
}

#endif
