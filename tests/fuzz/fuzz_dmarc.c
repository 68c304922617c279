/* DMARC records: what was read is written, and read again as the same; report addresses; a walk in a zone
 * where every name has the record. */
#include "fuzz.h"

#include <moxmail/dmarc.h>

enum { ROOM = 1 << 20 };

struct zone {
    struct moxd_str txt;
    unsigned queries;
};

static enum moxd_dmarc_status lookup(void *arg, const char *name, struct moxd_arena *a,
                                     struct moxd_str **txt, size_t *n)
{
    struct zone *z = arg;

    moxd_assert(strlen(name) <= 253 && ++z->queries <= 3 * MOXD_DMARC_QUERIES_MAX);
    if (name[7] == 'e')
        return MOXD_DMARC_ERROR;
    *txt = moxd_arena_dup(a, &z->txt, sizeof(z->txt));
    *n = 1;
    return MOXD_DMARC_FOUND;
}

static void again(const struct moxd_dmarc_record *r, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(ROOM);
    struct moxd_dmarc_record s;
    struct moxd_str localpart, domain;

    moxd_dmarc_record_write(&b, r);
    moxd_assert(!b.overflow);
    if (b.n <= MOXD_DMARC_RECORD_MAX) {
        moxd_assert(moxd_dmarc_record_parse(moxd_buf_str(&b), a, &s, NULL) == 0);
        moxd_assert(s.p == r->p && s.sp == r->sp && s.np == r->np && s.psd == r->psd);
        moxd_assert(s.testing == r->testing && s.nrua == r->nrua && s.nruf == r->nruf &&
                    s.fo == r->fo);
    }
    for (size_t i = 0; i < r->nrua; i++)
        if (moxd_dmarc_uri_address(r->rua[i].uri, a, &localpart, &domain) == 0) {
            moxd_buf_reset(&b);
            moxd_dmarc_mailto(&b, localpart, domain);
            moxd_assert(moxd_dmarc_uri_address(moxd_buf_str(&b), a, &localpart, &domain) == 0);
        }
    moxd_buf_fini(&b);
}

/* A line with the author's domain, one with a domain that passed, then the record. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str rest = moxd_str((const char *)data, size);
    struct moxd_str from = moxd_str_cut(&rest, '\n');
    struct moxd_dmarc_auth auth = { .domain = moxd_str_cut(&rest, '\n') };
    struct zone z = { .txt = rest };
    const struct moxd_dmarc_resolver r = { lookup, &z };
    struct moxd_dmarc_record record;
    struct moxd_dmarc_verdict v;
    struct moxd_dmarc_walk w;

    if (moxd_dmarc_record_parse(rest, a, &record, NULL) == 0)
        again(&record, a);
    if (!memchr(data, '\0', from.n) &&
        !memchr(auth.domain.p ? auth.domain.p : "", '\0', auth.domain.n)) {
        moxd_dmarc_walk(from, &r, a, &w);
        moxd_assert(w.n <= MOXD_DMARC_QUERIES_MAX && moxd_str_ends(from, w.org));
        moxd_dmarc_evaluate(&w, &auth, 1, &r, a, &v);
        moxd_assert((v.found != NULL) == (v.policy != MOXD_DMARC_ABSENT));
    }
    moxd_arena_free(a);
    return 0;
}
