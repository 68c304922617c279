/* SPF: a record of a stranger, for a localpart and a HELO of a stranger, in a zone where every name has it
 * (and the names in it), so that includes, redirects and explanations come back. */
#include "fuzz.h"

#include <moxmail/header.h>
#include <moxmail/spf.h>

enum { ROOM = 1 << 20, LOOKUPS = 12 * (MOXD_SPF_NAMES_MAX + 1) + 3 };

struct zone {
    struct moxd_str txt, name;
    unsigned nlookups;
};

static void lookup(void *arg, const char *name, enum moxd_spf_type type, struct moxd_arena *a,
                   struct moxd_spf_answer *out)
{
    struct zone *z = arg;
    size_t n = strlen(name);

    moxd_assert(n > 0 && n <= 253 && ++z->nlookups <= LOOKUPS);
    *out = (struct moxd_spf_answer){ .status = name[0] == 'n'   ? MOXD_SPF_NOTFOUND
                                               : name[0] == 'e' ? MOXD_SPF_ERROR
                                                                : MOXD_SPF_FOUND };
    if (out->status != MOXD_SPF_FOUND)
        return;
    out->n = name[0] == 'm' ? 12 : 1;
    out->v = moxd_arena_calloc(a, out->n, sizeof(*out->v));
    for (size_t i = 0; i < out->n; i++)
        out->v[i].text = type == MOXD_SPF_TYPE_TXT ? z->txt : z->name;
}

static void explanation(const struct moxd_spf_outcome *o)
{
    moxd_assert(o->explanation.n <= MOXD_SPF_EXPLANATION_MAX && moxd_str_is_ascii(o->explanation));
    moxd_assert(o->explanation.n == 0 || o->result == MOXD_SPF_FAIL);
    moxd_assert((o->problem != NULL) ==
                (o->result == MOXD_SPF_TEMPERROR || o->result == MOXD_SPF_PERMERROR));
}

static void received(const struct moxd_spf_args *args, const struct moxd_spf_outcome *o)
{
    struct moxd_buf b = MOXD_BUF_INIT(ROOM);
    struct moxd_field f;

    moxd_spf_received(&b, args, o, "mailfrom");
    struct moxd_str rest = moxd_buf_str(&b);
    moxd_assert(!b.overflow && moxd_field_next(&rest, &f) && rest.n == 0);
    moxd_buf_fini(&b);
}

/* Lines: localpart, HELO, a name; then the record. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str rest = moxd_str((const char *)data, size);
    struct moxd_spf_args args = { .domain = MOXD_STR("a.example"), .receiver = "mx.example" };
    struct moxd_spf_outcome out;
    struct moxd_spf_record record;
    struct zone z = { 0 };

    args.localpart = moxd_str_cut(&rest, '\n');
    args.helo = moxd_str_cut(&rest, '\n');
    z.name = moxd_str_cut(&rest, '\n');
    z.txt = rest;
    moxd_spf_ip(&args, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", size % 2 ? 16 : 4);
    if (moxd_spf_record_parse(rest, a, &record, NULL) == 0)
        moxd_assert(record.nterms + record.nothers <= rest.n);
    moxd_spf_check(&args, &(struct moxd_spf_resolver){ lookup, &z }, a, &out);
    explanation(&out);
    received(&args, &out);
    moxd_arena_free(a);
    return 0;
}
