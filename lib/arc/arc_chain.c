/* Reading and verifying a chain (RFC 8617 5.2). */
#include <moxmail/arc.h>
#include <moxmail/taglist.h>

#include "../dkim/dkim.h"

const char *moxd_arc_status_name(enum moxd_arc_status s)
{
    static const char *const names[] = { "none", "fail", "pass" };

    return names[s];
}

static void fail(struct moxd_arc_chain *c, const char *reason)
{
    if (c->status == MOXD_ARC_FAIL)
        return;
    c->status = MOXD_ARC_FAIL;
    c->reason = reason;
}

/* --- collecting ------------------------------------------------------------------------------------- */

/* instance = [CFWS] "i" [CFWS] "=" [CFWS] 1*2DIGIT [CFWS] ";" (4.2.1), the value cut behind it. 0: none. */
static unsigned take_instance(struct moxd_str *value)
{
    struct moxd_str first = moxd_str_cut(value, ';'),
                    name = moxd_str_trim(moxd_str_cut(&first, '='));
    uint64_t n;

    if (!moxd_str_eqs(name, "i") || moxd_str_u64(moxd_str_trim(first), 99, &n) < 0)
        return 0;
    return (unsigned)n;
}

/* In a tag-list i= may be anywhere; senders write it first. */
static unsigned tag_instance(struct moxd_str value, struct moxd_str *cv)
{
    struct moxd_taglist l;
    const struct moxd_tag *i, *c;
    uint64_t n;

    if (moxd_taglist_parse(value, &l) < 0 || (i = moxd_taglist_find(&l, "i")) == NULL ||
        moxd_str_u64(i->value, 99, &n) < 0)
        return 0;
    c = moxd_taglist_find(&l, "cv");
    if (cv)
        *cv = c ? c->value : MOXD_STR("");
    if (cv && moxd_taglist_find(&l, "h")) /* 4.1.3 */
        *cv = MOXD_STR("");
    return (unsigned)n;
}

enum part { RESULTS, MESSAGE, SEAL, PARTS };
struct collected {
    const struct moxd_field *f[PARTS];
    struct moxd_str cv;
};

static int part_of(struct moxd_str name)
{
    static const char *const names[PARTS] = { "ARC-Authentication-Results", "ARC-Message-Signature",
                                              "ARC-Seal" };
    int part = 0;

    while (part < PARTS && !moxd_str_caseeqs(name, names[part]))
        part++;
    return part;
}

static void collect_field(struct moxd_arc_chain *c, struct collected *v, const struct moxd_field *f,
                          int part)
{
    struct moxd_str value = f->value, cv = { NULL, 0 };
    unsigned i =
        part == RESULTS ? take_instance(&value) : tag_instance(value, part == SEAL ? &cv : NULL);

    if (i == 0) {
        fail(c, "a field of ARC without an instance");
        return;
    }
    if (i > MOXD_ARC_SETS_MAX) {
        fail(c, "too many sets");
        return;
    }
    if (v[i - 1].f[part])
        fail(c, "a field of a set is there twice");
    v[i - 1].f[part] = f;
    if (part == SEAL)
        v[i - 1].cv = cv;
    c->n = i > c->n ? i : c->n;
}

/* --- structure -------------------------------------------------------------------------------------- */

static void check_set(struct moxd_arc_chain *c, const struct collected *v, size_t i)
{
    if (!v->f[RESULTS] || !v->f[MESSAGE] || !v->f[SEAL])
        fail(c, "a set is not complete");
    else if (!moxd_str_caseeqs(v->cv, i == 0 ? "none" : "pass"))
        fail(c, "a seal says something else than it may");
}

static void parse_set(struct moxd_arc_chain *c, const struct collected *v, size_t i,
                      struct moxd_arena *a)
{
    struct moxd_arc_set *set = &c->sets[i];
    struct moxd_dkim_verdict why;
    bool last = i + 1 == c->n;

    *set = (struct moxd_arc_set){ .results_field = v->f[RESULTS],
                                  .message_field = v->f[MESSAGE],
                                  .seal_field = v->f[SEAL] };
    if (mail_dkim_sig_parse(MAIL_DKIM_ARC_SEAL, set->seal_field, a, &set->seal, &why) < 0)
        fail(c, why.reason);
    else if (last && mail_dkim_sig_parse(MAIL_DKIM_ARC_MESSAGE, set->message_field, a,
                                         &set->message, &why) < 0)
        fail(c, why.reason);
    else if (set->seal.alg == MOXD_DKIM_RSA_SHA1 || set->message.alg == MOXD_DKIM_RSA_SHA1)
        fail(c, "rsa-sha1 is historic");
}

/* 4.1.2: the message signature must not cover what is added to the chain later; From must be covered, as in DKIM. */
static void check_names(struct moxd_arc_chain *c, const struct moxd_dkim_sig *sig)
{
    bool from = false;

    for (size_t i = 0; i < sig->nnames; i++) {
        from |= moxd_str_caseeqs(sig->names[i], "From");
        if (moxd_str_caseeqs(sig->names[i], "ARC-Seal"))
            fail(c, "the message signature covers a seal");
    }
    if (!from)
        fail(c, "From is not signed");
}

static void collect(const struct moxd_dkim_header *h, struct moxd_arc_chain *c, struct collected *v)
{
    for (size_t i = 0; i < h->n; i++) {
        int part = part_of(h->v[i].name);
        if (part < PARTS)
            collect_field(c, v, &h->v[i], part);
    }
}

void moxd_arc_read(const struct moxd_dkim_header *h, struct moxd_arena *a,
                   struct moxd_arc_chain *out)
{
    struct collected v[MOXD_ARC_SETS_MAX] = { 0 };

    *out = (struct moxd_arc_chain){ .status = MOXD_ARC_PASS };
    if (h->overflow)
        fail(out, "too many header fields");
    collect(h, out, v);
    if (out->n == 0) {
        if (out->status == MOXD_ARC_PASS)
            out->status = MOXD_ARC_NONE;
        return;
    }
    out->ended = moxd_str_caseeqs(v[out->n - 1].cv, "fail");
    if (out->ended)
        fail(out, "the chain was broken before");
    for (size_t i = 0; i < out->n; i++)
        check_set(out, &v[i], i);
    if (out->status == MOXD_ARC_FAIL)
        return;
    out->sets = moxd_arena_calloc(a, out->n, sizeof(*out->sets));
    for (size_t i = 0; i < out->n; i++)
        parse_set(out, &v[i], i, a);
    check_names(out, &out->sets[out->n - 1].message);
}

/* --- signatures ------------------------------------------------------------------------------------- */

/* 5.1.1: all sets up to this one, without this seal, which is the signature's own field. */
static size_t scope(const struct moxd_arc_chain *c, size_t i, struct moxd_str *out)
{
    size_t n = 0;

    for (size_t k = 0; k <= i; k++) {
        out[n++] = c->sets[k].results_field->raw;
        out[n++] = c->sets[k].message_field->raw;
        if (k < i)
            out[n++] = c->sets[k].seal_field->raw;
    }
    return n;
}

struct moxd_dkim_verdict moxd_arc_verify_seal(const struct moxd_arc_chain *c, size_t i,
                                              const struct moxd_dkim_key *key)
{
    struct moxd_str fields[PARTS * MOXD_ARC_SETS_MAX];
    unsigned char hash[MOXD_DKIM_HASH_MAX];
    size_t n;

    moxd_assert(i < c->n && c->sets);
    mail_dkim_fields_hash(fields, scope(c, i, fields), &c->sets[i].seal, hash, &n);
    return mail_dkim_verify_hash(&c->sets[i].seal, key, moxd_str((char *)hash, n), false);
}

int moxd_arc_results(const struct moxd_arc_chain *c, size_t i, struct moxd_arena *a,
                     struct moxd_authres_field *out, struct moxd_err *err)
{
    struct moxd_str value = c->sets[i].results_field->value;

    if (take_instance(&value) == 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "results without an instance");
    return moxd_authres_parse(value, a, out, err);
}
