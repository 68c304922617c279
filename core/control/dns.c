/* What the server's resolver answers, for people. */
#include "control/control.h"

#include <inttypes.h>
#include <moxd/dns.h>
#include <moxd/enc.h>

#define LOOKUP_TIMEOUT (60 * MOXD_SEC) /* a resolver tries several servers before it gives up */

static const struct lookup {
    const char *name;
    enum moxd_dns_type types[2]; /* the second may be 0 */
} lookups[] = {
    { "a", { MOXD_DNS_A } },         { "aaaa", { MOXD_DNS_AAAA } },
    { "cname", { MOXD_DNS_CNAME } }, { "ip", { MOXD_DNS_A, MOXD_DNS_AAAA } },
    { "mx", { MOXD_DNS_MX } },       { "ns", { MOXD_DNS_NS } },
    { "ptr", { MOXD_DNS_PTR } },     { "srv", { MOXD_DNS_SRV } },
    { "tlsa", { MOXD_DNS_TLSA } },   { "txt", { MOXD_DNS_TXT } },
};

static const struct lookup *find(const char *word)
{
    for (size_t i = 0; i < MOXD_NELEMS(lookups); i++)
        if (moxd_str_caseeqs(moxd_cstr(word), lookups[i].name))
            return &lookups[i];
    return NULL;
}

static const char *type_name(enum moxd_dns_type type)
{
    static const char *const names[] = {
        [MOXD_DNS_A] = "A",     [MOXD_DNS_NS] = "NS",     [MOXD_DNS_CNAME] = "CNAME",
        [MOXD_DNS_PTR] = "PTR", [MOXD_DNS_MX] = "MX",     [MOXD_DNS_TXT] = "TXT",
        [MOXD_DNS_SRV] = "SRV", [MOXD_DNS_AAAA] = "AAAA", [MOXD_DNS_TLSA] = "TLSA",
    };
    return names[type];
}

/* --- records, as in zone files (RFC 1035 5.1) --------------------------------------------------- */

/* Nothing that a terminal would take for more than text. */
static void add_quoted(struct moxd_buf *b, struct moxd_str s)
{
    moxd_buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if (ch == '"' || ch == '\\')
            moxd_buf_addf(b, "\\%c", ch);
        else if (ch < ' ' || ch >= 0x7f)
            moxd_buf_addf(b, "\\%03u", ch);
        else
            moxd_buf_addc(b, (char)ch);
    }
    moxd_buf_addc(b, '"');
}

/* RFC 6698 2.2. */
static void add_tlsa(struct moxd_buf *b, struct moxd_str data)
{
    const unsigned char *p = (const unsigned char *)data.p;

    if (data.n < 3) {
        moxd_buf_adds(b, "(malformed)");
        return;
    }
    moxd_buf_addf(b, "%u %u %u ", p[0], p[1], p[2]);
    moxd_hex_encode(b, moxd_str_from(data, 3));
}

static void add_record(struct moxd_buf *b, enum moxd_dns_type type,
                       const struct moxd_dns_record *rr)
{
    const unsigned char *p = (const unsigned char *)rr->data.p;
    char ip[64];

    switch (type) {
    case MOXD_DNS_A:
    case MOXD_DNS_AAAA:
        moxd_buf_adds(b, moxd_addr_ip((const struct sockaddr *)&rr->addr, ip));
        break;
    case MOXD_DNS_TXT:
        add_quoted(b, rr->text);
        break;
    case MOXD_DNS_TLSA:
        add_tlsa(b, rr->data);
        break;
    case MOXD_DNS_MX:
        moxd_buf_addf(b, "%u %s.", rr->pref, rr->name);
        break;
    case MOXD_DNS_SRV: /* priority, weight, port (RFC 2782); the decoder has seen that they are there */
        moxd_buf_addf(b, "%u %u %u %s.", rr->pref, (unsigned)p[2] << 8 | p[3],
                      (unsigned)p[4] << 8 | p[5], rr->name);
        break;
    case MOXD_DNS_NS:
    case MOXD_DNS_CNAME:
    case MOXD_DNS_PTR:
        moxd_buf_addf(b, "%s.", rr->name);
        break;
    }
    moxd_buf_addc(b, '\n');
}

/* --- answers ----------------------------------------------------------------------------------- */

static int no_answer(const struct moxd_dns_answer *ans, struct moxd_err *err)
{
    if (ans->status == MOXD_DNS_BOGUS)
        return moxd_err_set(err, MOXD_ERR_INVALID, "the answer is forged or broken, by DNSSEC: %s",
                            ans->why_bogus != NULL ? ans->why_bogus : "bogus");
    return moxd_err_set(err, MOXD_ERR_TEMP, "no name server gives an answer");
}

static void add_answer(struct moxd_buf *b, const char *name, enum moxd_dns_type type,
                       const struct moxd_dns_answer *ans)
{
    const char *secure = ans->secure ? "authentic (DNSSEC)" : "not authentic (no DNSSEC)";

    if (strcmp(name, ans->canonical) != 0)
        moxd_buf_addf(b, "%s is an alias of %s\n", name, ans->canonical);
    if (ans->status == MOXD_DNS_NXDOMAIN)
        moxd_buf_addf(b, "%s does not exist, %s\n", name, secure);
    else
        moxd_buf_addf(b, "%s: %zu %s, TTL %" PRIu32 " s, %s\n", name, ans->n, type_name(type),
                      ans->ttl, secure);
    for (size_t i = 0; i < ans->n; i++)
        add_record(b, type, &ans->rr[i]);
}

/* Appends the answer; how many records it has, or -1. */
static MOXD_SUSPENDS long look_up(struct moxd_ctl *c, const char *name, enum moxd_dns_type type,
                                  struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_dns_answer ans;
    int rc = moxd_dns_query(name, type, c->a, &ans, moxd_deadline(LOOKUP_TIMEOUT));

    if (rc != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_TEMP, "%s", moxd_wait_name(rc));
    if (ans.status == MOXD_DNS_TEMP || ans.status == MOXD_DNS_BOGUS)
        return no_answer(&ans, err);
    add_answer(out, name, type, &ans);
    return (long)ans.n;
}

/* As it is asked for: lower case without the final dot; an address for PTR as its reverse name. NULL when
 * it is not ASCII: names travel in their A-label form (RFC 5890). */
static const char *query_name(struct moxd_ctl *c, const struct lookup *l, const char *word)
{
    struct sockaddr_storage ss;

    if (!moxd_str_is_ascii(moxd_cstr(word)))
        return NULL;
    if (l->types[0] == MOXD_DNS_PTR && moxd_addr_parse(word, 0, &ss) > 0)
        return moxd_dns_reverse((struct sockaddr *)&ss, c->a);
    char *name = moxd_arena_strdup(c->a, word);
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++)
        name[i] = moxd_lower(name[i]);
    if (n > 1 && name[n - 1] == '.')
        name[n - 1] = '\0';
    return name;
}

static int bad_type(const char *word, struct moxd_err *err)
{
    struct moxd_buf names = MOXD_BUF_INIT(200);

    for (size_t i = 0; i < MOXD_NELEMS(lookups); i++)
        moxd_buf_addf(&names, "%s%s", i > 0 ? ", " : "", lookups[i].name);
    moxd_err_set(err, MOXD_ERR_INVALID, "unknown type \"%s\"; types are %s", word,
                 moxd_buf_cstr(&names));
    moxd_buf_fini(&names);
    return -1;
}

int control_cmd_dns_lookup(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    const struct lookup *l = find(argv[0]);
    struct moxd_buf out = MOXD_BUF_INIT(1 << 20);
    long found = 0, n = 0;

    (void)m, (void)argc;
    if (l == NULL)
        return bad_type(argv[0], err);
    const char *name = query_name(c, l, argv[1]);
    if (name == NULL)
        return moxd_err_set(err, MOXD_ERR_INVALID, "write the name in ASCII, as xn--...");
    for (size_t i = 0; i < MOXD_NELEMS(l->types) && l->types[i] != 0 && n >= 0; i++) {
        n = look_up(c, name, l->types[i], &out, err);
        found += n > 0 ? n : 0;
    }
    moxd_ctl_write(c, out.p, out.n);
    moxd_buf_fini(&out);
    if (n < 0)
        return -1;
    return found > 0 ? 0 : moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no such record");
}
