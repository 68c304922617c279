/* Prolonging a chain (RFC 8617 5.1). */
#include <moxmail/arc.h>
#include <moxmail/header_write.h>

#include "../dkim/dkim.h"
#include "../dkim/private.h"

enum { FIELD_MAX = 64 * 1024 };

/* 4.1.1: what Authentication-Results would say, behind the instance. */
static void put_results(struct moxd_buf *b, unsigned instance, const struct moxd_arc_sealing *s)
{
    struct moxd_buf field = MOXD_BUF_INIT(FIELD_MAX);
    struct moxd_str value;

    moxd_authres_write(&field, s->id, s->results, s->nresults);
    value = moxd_buf_str(&field);
    (void)moxd_str_cut(&value, ':');
    moxd_buf_addf(b, "ARC-Authentication-Results: i=%u;", instance);
    moxd_buf_addstr(b, value);
    moxd_buf_fini(&field);
}

static void put_seal(struct moxd_buf *b, unsigned instance, const struct moxd_arc_sealing *s,
                     const struct moxd_dkim_private *k)
{
    struct moxd_header_writer w;

    moxd_hw_begin(&w, b, "ARC-Seal");
    moxd_hw_wordf(&w, "i=%u;", instance);
    moxd_hw_wordf(&w, "a=%s;", moxd_dkim_alg_name(k->alg));
    moxd_hw_wordf(&w, "cv=%s;", moxd_arc_status_name(s->status));
    moxd_hw_wordf(&w, "d=%" MOXD_STRF ";", MOXD_STRA(s->how.domain));
    moxd_hw_wordf(&w, "s=%" MOXD_STRF ";", MOXD_STRA(s->how.selector));
    moxd_hw_wordf(&w, "t=%lld;", (long long)s->how.signed_at);
    moxd_hw_wordf(&w, "b=");
}

/* 5.1.1, or 5.1.2 for a chain that failed: then the new set alone. */
static size_t scope(const struct moxd_arc_chain *c, const struct moxd_arc_sealing *s,
                    struct moxd_str results, struct moxd_str message, struct moxd_str *out)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n && s->status == MOXD_ARC_PASS; i++) {
        out[n++] = c->sets[i].results_field->raw;
        out[n++] = c->sets[i].message_field->raw;
        out[n++] = c->sets[i].seal_field->raw;
    }
    out[n++] = results;
    out[n++] = message;
    return n;
}

/* The signature of the message, and the seal over all; the seal goes on top. */
static int sign(const struct moxd_arc_chain *c, const struct moxd_dkim_header *h,
                const struct moxd_arc_sealing *s, const struct moxd_dkim_private *k,
                struct moxd_str body, struct moxd_buf parts[3], struct moxd_err *err)
{
    struct moxd_str fields[3 * MOXD_ARC_SETS_MAX + 2];
    struct moxd_dkim_signing how = s->how;
    unsigned instance = (unsigned)c->n + 1;
    size_t n;

    how.header_relaxed = how.body_relaxed = true;
    how.seal = false;
    how.expires = -1;
    how.identity = MOXD_STR("");
    put_results(&parts[2], instance, s);
    if (mail_dkim_sign_as(instance, h, &how, k, body, &parts[1], err) < 0)
        return -1;
    put_seal(&parts[0], instance, s, k);
    n = scope(c, s, moxd_buf_str(&parts[2]), moxd_buf_str(&parts[1]), fields);
    return mail_dkim_sign_fields(fields, n, &parts[0], 0, true, k, err);
}

int moxd_arc_seal(const struct moxd_arc_chain *c, const struct moxd_dkim_header *h,
                  const struct moxd_arc_sealing *s, const struct moxd_dkim_private *k,
                  struct moxd_str body, struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_buf parts[3] = { MOXD_BUF_INIT(FIELD_MAX), MOXD_BUF_INIT(FIELD_MAX),
                                 MOXD_BUF_INIT(2 * FIELD_MAX) };
    int rc = 0;

    moxd_assert(s->status != MOXD_ARC_PASS || c->sets);
    if (c->ended || c->n >= MOXD_ARC_SETS_MAX)
        return 0;
    rc = sign(c, h, s, k, body, parts, err);
    for (size_t i = 0; i < 3; i++) {
        if (rc == 0 && parts[i].overflow)
            rc = moxd_err_set(err, MOXD_ERR_LIMIT, "no room for a set of ARC");
        if (rc == 0)
            moxd_buf_addstr(out, moxd_buf_str(&parts[i]));
        moxd_buf_fini(&parts[i]);
    }
    return rc;
}
