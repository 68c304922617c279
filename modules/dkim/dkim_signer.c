/* dkim/1.3: the key of a domain for others. */
#include "dkim.h"

/* The first RSA key, else the first. */
static size_t choose(const struct dkim_signing *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (moxd_dkim_private_alg(s->v[i].key) == MOXD_DKIM_RSA_SHA256)
            return i;
    return 0;
}

int dkim_signer(struct moxd_instance *m, struct moxd_str domain, bool utf8, struct moxd_arena *a,
                struct moxd_dkim_signing *how, struct moxd_dkim_private **key, struct moxd_err *err)
{
    struct dkim_signing s = {
        .d = MOXD_CONTAINER(m, struct dkim, m), .a = a, .domain = domain, .utf8 = utf8
    };

    moxd_assert(domain.n > 0);
    int rc = dkim_signing_prepare(&s, err);
    if (rc == 0 && s.n > 0) {
        size_t i = choose(&s);
        *how = s.v[i].how;
        *key = moxd_dkim_private_ref(s.v[i].key);
        rc = 1;
    }
    dkim_signing_fini(&s);
    return rc;
}
