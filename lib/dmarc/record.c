/* Records (RFC 9989 4.7): tag lists, read leniently and written strictly. */
#include <moxmail/dmarc.h>

static const char *const policies[] = { "", "none", "quarantine", "reject" };

const char *moxd_dmarc_policy_name(enum moxd_dmarc_policy p)
{
    return (unsigned)p < MOXD_NELEMS(policies) ? policies[p] : "";
}

/* Cuts the next "name = value" off the list; blanks around both are gone. */
static bool next_tag(struct moxd_str *rest, struct moxd_str *name, struct moxd_str *value)
{
    while (rest->n > 0) {
        *value = moxd_str_cut(rest, ';');
        ptrdiff_t eq = moxd_str_chr(*value, '=');
        if (eq < 0)
            continue;
        *name = moxd_str_trim(moxd_str_sub(*value, 0, (size_t)eq));
        *value = moxd_str_trim(moxd_str_from(*value, (size_t)eq + 1));
        return true;
    }
    return false;
}

/* "DMARC1" is of octets, not of letters in any case. */
bool moxd_dmarc_is_record(struct moxd_str txt)
{
    struct moxd_str first = moxd_str_cut(&txt, ';'), name, value;

    return next_tag(&first, &name, &value) && moxd_str_caseeqs(name, "v") &&
           moxd_str_eqs(value, "DMARC1");
}

/* What is built up while tags are read. */
struct reader {
    struct moxd_dmarc_record *r;
    struct moxd_arena *a;
    bool bad_policy; /* sp or np has no valid value */
};

static enum moxd_dmarc_policy policy(struct reader *rd, struct moxd_str value, bool sub)
{
    for (size_t i = MOXD_DMARC_NONE; i < MOXD_NELEMS(policies); i++)
        if (moxd_str_caseeqs(value, policies[i]))
            return (enum moxd_dmarc_policy)i;
    rd->bad_policy = rd->bad_policy || sub;
    return MOXD_DMARC_ABSENT;
}

static void set_p(struct reader *rd, struct moxd_str value)
{
    rd->r->p = policy(rd, value, false);
}

static void set_sp(struct reader *rd, struct moxd_str value)
{
    rd->r->sp = policy(rd, value, true);
}

static void set_np(struct reader *rd, struct moxd_str value)
{
    rd->r->np = policy(rd, value, true);
}

static void set_adkim(struct reader *rd, struct moxd_str value)
{
    rd->r->adkim_strict = moxd_str_caseeqs(value, "s");
}

static void set_aspf(struct reader *rd, struct moxd_str value)
{
    rd->r->aspf_strict = moxd_str_caseeqs(value, "s");
}

static void set_psd(struct reader *rd, struct moxd_str value)
{
    rd->r->psd = moxd_str_caseeqs(value, "y")   ? MOXD_DMARC_PSD_Y
                 : moxd_str_caseeqs(value, "n") ? MOXD_DMARC_PSD_N
                                                : MOXD_DMARC_PSD_U;
}

static void set_t(struct reader *rd, struct moxd_str value)
{
    rd->r->testing = moxd_str_caseeqs(value, "y");
}

static void set_fo(struct reader *rd, struct moxd_str value)
{
    static const char letters[] = "01ds";
    unsigned fo = 0;

    while (value.n > 0) {
        struct moxd_str word = moxd_str_trim(moxd_str_cut(&value, ':'));
        const char *at = word.n == 1 && word.p[0] ? strchr(letters, moxd_lower(word.p[0])) : NULL;
        if (at)
            fo |= 1U << (at - letters);
    }
    rd->r->fo = fo ? fo : MOXD_DMARC_FO_ALL;
}

/* RFC 7489 6.4 had "!" and a size behind a URI: 10m. */
static void take_size(struct moxd_str size, struct moxd_dmarc_uri *out)
{
    static const char units[] = "kmgt";
    uint64_t n = 0;
    unsigned shift = 0;

    if (moxd_str_take_u64(&size, UINT32_MAX, &n) < 0)
        return;
    const char *unit = size.n == 1 && size.p[0] ? strchr(units, moxd_lower(size.p[0])) : NULL;
    if (unit)
        shift = 10 * (unsigned)(unit - units + 1);
    out->max_size = n > UINT64_MAX >> shift ? UINT64_MAX : n << shift;
}

static bool is_uri(struct moxd_str s)
{
    ptrdiff_t colon = moxd_str_chr(s, ':');

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return colon > 0 && (size_t)colon + 1 < s.n;
}

static const struct moxd_dmarc_uri *uris(struct reader *rd, struct moxd_str value, size_t *n)
{
    struct moxd_dmarc_uri *v = NULL;
    size_t cap = 0;

    *n = 0;
    while (value.n > 0 && *n < MOXD_DMARC_URIS_MAX) {
        struct moxd_str item = moxd_str_trim(moxd_str_cut(&value, ','));
        struct moxd_dmarc_uri uri = { .uri = moxd_str_trim(moxd_str_cut(&item, '!')) };
        if (!is_uri(uri.uri))
            continue;
        take_size(item, &uri);
        *(struct moxd_dmarc_uri *)moxd_arena_push(rd->a, &v, n, &cap, sizeof(*v)) = uri;
    }
    return v;
}

static void set_rua(struct reader *rd, struct moxd_str value)
{
    rd->r->rua = uris(rd, value, &rd->r->nrua);
}

static void set_ruf(struct reader *rd, struct moxd_str value)
{
    rd->r->ruf = uris(rd, value, &rd->r->nruf);
}

static const struct tag {
    const char *name;
    void (*set)(struct reader *rd, struct moxd_str value);
} tags[] = { { "p", set_p },       { "sp", set_sp },   { "np", set_np }, { "adkim", set_adkim },
             { "aspf", set_aspf }, { "psd", set_psd }, { "t", set_t },   { "fo", set_fo },
             { "rua", set_rua },   { "ruf", set_ruf } };

/* Of a tag that is there twice the first counts. */
static void read_tags(struct reader *rd, struct moxd_str rest)
{
    struct moxd_str name, value;
    unsigned seen = 0;

    while (next_tag(&rest, &name, &value))
        for (size_t i = 0; i < MOXD_NELEMS(tags); i++)
            if (moxd_str_caseeqs(name, tags[i].name) && !(seen & 1U << i)) {
                seen |= 1U << i;
                tags[i].set(rd, value);
            }
}

int moxd_dmarc_record_parse(struct moxd_str txt, struct moxd_arena *a,
                            struct moxd_dmarc_record *out, struct moxd_err *err)
{
    struct reader rd = { .r = out, .a = a };
    struct moxd_str rest = txt;

    *out = (struct moxd_dmarc_record){ .fo = MOXD_DMARC_FO_ALL, .text = txt };
    if (!moxd_dmarc_is_record(txt))
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "it does not begin with v=DMARC1");
    if (txt.n > MOXD_DMARC_RECORD_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "it has more than %d bytes",
                            (int)MOXD_DMARC_RECORD_MAX);
    (void)moxd_str_cut(&rest, ';');
    read_tags(&rd, rest);
    if (out->p != MOXD_DMARC_ABSENT && !rd.bad_policy)
        return 0;
    if (out->nrua == 0)
        return moxd_err_set(
            err, MOXD_ERR_SYNTAX,
            "it has no valid policy in p, sp or np, and no rua that reports could go to");
    out->p = MOXD_DMARC_NONE;
    out->sp = out->np = MOXD_DMARC_ABSENT;
    return 0;
}

/* ---- writing */

static void write_uris(struct moxd_buf *b, const char *name, const struct moxd_dmarc_uri *v,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        moxd_buf_addf(b, "%s", i > 0 ? "," : "; ");
        if (i == 0)
            moxd_buf_addf(b, "%s=", name);
        for (size_t k = 0; k < v[i].uri.n; k++) {
            unsigned char c = (unsigned char)v[i].uri.p[k];
            if (c <= ' ' || c > '~' || strchr(",!;", c))
                moxd_buf_addf(b, "%%%02X", c);
            else
                moxd_buf_addc(b, (char)c);
        }
    }
}

static void write_policy(struct moxd_buf *b, const char *name, enum moxd_dmarc_policy p)
{
    if (p != MOXD_DMARC_ABSENT)
        moxd_buf_addf(b, "; %s=%s", name, moxd_dmarc_policy_name(p));
}

static void write_fo(struct moxd_buf *b, unsigned fo)
{
    const char *between = "; fo=";

    if (fo == 0 || fo == MOXD_DMARC_FO_ALL)
        return;
    for (unsigned i = 0; i < 4; i++)
        if (fo & 1U << i) {
            moxd_buf_addf(b, "%s%c", between, "01ds"[i]);
            between = ":";
        }
}

void moxd_dmarc_record_write(struct moxd_buf *b, const struct moxd_dmarc_record *r)
{
    moxd_buf_adds(b, "v=DMARC1");
    write_policy(b, "p", r->p);
    write_policy(b, "sp", r->sp);
    write_policy(b, "np", r->np);
    moxd_buf_adds(b, r->adkim_strict ? "; adkim=s" : "");
    moxd_buf_adds(b, r->aspf_strict ? "; aspf=s" : "");
    moxd_buf_adds(b, r->psd == MOXD_DMARC_PSD_Y   ? "; psd=y"
                     : r->psd == MOXD_DMARC_PSD_N ? "; psd=n"
                                                  : "");
    moxd_buf_adds(b, r->testing ? "; t=y" : "");
    write_uris(b, "rua", r->rua, r->nrua);
    write_uris(b, "ruf", r->ruf, r->nruf);
    write_fo(b, r->fo);
}
