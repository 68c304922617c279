/* Directives: dkim { } in moxd.conf, and in the domains of domains.conf. */
#include "dkim.h"

#include <moxmail/address.h>

/* From and what readers see and answer to; nobody may add another of these (RFC 6376 5.4.1, 8.15). */
const char *const dkim_sealed_names[] = {
    "From",       "To",           "Cc",           "Reply-To",
    "Subject",    "Date",         "Message-ID",   "In-Reply-To",
    "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    NULL,
};
/* Lists and forwarders add these; RFC 8058 4 wants List-Unsubscribe signed, RFC 8460 5.3 the fields of TLS
 * reports. */
const char *const dkim_other_names[] = {
    "Sender",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Post",
    "List-Owner",
    "List-Archive",
    "List-Subscribe",
    "TLS-Report-Domain",
    "TLS-Report-Submitter",
    NULL,
};

static const struct moxd_directive directives[] = {
    { .name = "max-signatures",
      MOXD_AT_INT(struct dkim_conf, max_signatures),
      .deflt = "8",
      .min = 1,
      .max = DKIM_SIGNATURES_MAX,
      .doc = "Signatures of an incoming message that are verified; each takes a DNS lookup and "
             "time to compute. Further ones are reported as not looked at." },
    { 0 },
};
const struct moxd_block dkim_block = { .size = sizeof(struct dkim_conf), .directives = directives };

static int check_field_name(struct moxd_str s, struct moxd_err *err)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 32 || s.p[i] >= 127 || s.p[i] == ':' || s.p[i] == ';')
            return moxd_err_set(err, MOXD_ERR_INVALID, "not the name of a header field");
    if (s.n == 0 || s.n > MOXD_FIELD_NAME_MAX)
        return moxd_err_set(err, MOXD_ERR_INVALID, "not the name of a header field");
    return 0;
}

static const char *const canonicalizations[] = { "relaxed", "simple", NULL };
static const struct moxd_directive selector_directives[] = {
    { .name = "key",
      MOXD_AT_PATH(struct dkim_selector_conf, key),
      .example =
          "\"dkim/2026a._domainkey.example.org.20260110T101010.rsa2048.privatekey.pkcs8.pem\"",
      .doc = "File with the private key, in PEM (PKCS#8): RSA of 1024 to 8192 bits, or Ed25519. "
             "The server reads it as its own user." },
    { .name = "canonicalization-header",
      MOXD_AT_ENUM(struct dkim_selector_conf, header_canon),
      .deflt = "relaxed",
      .values = canonicalizations,
      .doc = "Whether changes of white space and of case in the header break the signature "
             "(simple) or not (relaxed)." },
    { .name = "canonicalization-body",
      MOXD_AT_ENUM(struct dkim_selector_conf, body_canon),
      .deflt = "relaxed",
      .values = canonicalizations,
      .doc = "The same for white space in the body." },
    { .name = "headers",
      MOXD_AT_STRINGS(struct dkim_selector_conf, headers),
      .check = check_field_name,
      .example = "[\"From\", \"To\", \"Subject\", \"Date\"]",
      .doc = "Names of the header fields that are signed; From must be one. Default: those that "
             "say who wrote to whom, when and about what, and how the body is to be read." },
    { .name = "over-sign",
      MOXD_AT_BOOL(struct dkim_selector_conf, seal),
      .deflt = "true",
      .doc = "Sign that there is no other field with these names, so that nobody can add one." },
    { .name = "expiration",
      MOXD_AT_DURATION(struct dkim_selector_conf, expiration),
      .deflt = "0s",
      .example = "10d",
      .doc = "How long signatures are valid. 0s: for ever. At least five days, since mail may wait "
             "so long for its delivery." },
    { 0 },
};

static bool names_from(const struct moxd_strings *names)
{
    for (size_t i = 0; i < names->n; i++)
        if (moxd_str_caseeqs(moxd_cstr(names->v[i]), "From"))
            return true;
    return names->n == 0;
}

static void check_label(const struct dkim_selector_conf *s, struct moxd_problems *out)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str label = moxd_cstr(s->head.label);
    struct moxd_domain d;

    if (moxd_domain_parse(label, MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE, a, &d, NULL) < 0 ||
        d.ip_len > 0)
        moxd_problem(out, s->head.pos, "letters, digits and hyphens, as in \"2026a\"",
                     "selector \"%s\" cannot be part of a DNS name", s->head.label);
}

static void check_selector(void *block, struct moxd_problems *out)
{
    const struct dkim_selector_conf *s = block;
    struct moxd_err err = { 0 };

    check_label(s, out);
    if (!names_from(&s->headers))
        moxd_problem(out, s->head.pos, "add \"From\" to headers",
                     "a signature must cover From (RFC 6376 5.4)");
    if (s->expiration != 0 && s->expiration < DKIM_EXPIRATION_MIN)
        moxd_problem(out, s->head.pos, "5d or more, or 0s for signatures that do not expire",
                     "signatures would expire while mail waits for its delivery");
    if (s->key == NULL) { /* not MOXD_D_REQUIRED: that would put it into the short example */
        moxd_problem(out, s->head.pos, "key = \"FILE\"", "selector \"%s\" has no key",
                     s->head.label);
        return;
    }
    struct moxd_dkim_private *key = dkim_key_load(s->key, &err);
    if (key == NULL)
        moxd_problem(out, s->head.pos, "moxctl dkim genrsa and moxctl dkim gened25519 make keys",
                     "key of selector \"%s\": %s", s->head.label, err.priv);
    moxd_dkim_private_unref(key);
}

static const struct moxd_block selector_block = {
    .size = sizeof(struct dkim_selector_conf),
    .directives = selector_directives,
    .label_doc = "Name under which the public key is published: SELECTOR._domainkey.DOMAIN.",
    .check = check_selector,
};

const struct dkim_selector_conf *dkim_selector(const struct dkim_domain_conf *conf,
                                               const char *name)
{
    for (size_t i = 0; i < conf->selectors.n; i++) {
        const struct dkim_selector_conf *s = conf->selectors.v[i];
        if (strcmp(s->head.label, name) == 0)
            return s;
    }
    return NULL;
}

static void check_domain(void *block, struct moxd_problems *out)
{
    const struct dkim_domain_conf *conf = block;

    if (conf->sign.n > DKIM_SELECTORS_MAX)
        moxd_problem(out, conf->sign.pos[0], NULL, "at most %d selectors can sign a message",
                     (int)DKIM_SELECTORS_MAX);
    for (size_t i = 0; i < conf->sign.n; i++)
        if (dkim_selector(conf, conf->sign.v[i]) == NULL)
            moxd_problem(out, conf->sign.pos[i], "add a selector block, or leave the name out",
                         "there is no selector \"%s\"", conf->sign.v[i]);
}

static const struct moxd_directive domain_directives[] = {
    { .name = "selector",
      MOXD_AT_BLOCKS(struct dkim_domain_conf, selectors),
      .block = &selector_block,
      .example = "\"2026a\"",
      .doc = "A key of the domain." },
    { .name = "sign",
      MOXD_AT_STRINGS(struct dkim_domain_conf, sign),
      .example = "[\"2026a\"]",
      .doc =
          "Selectors that sign what is submitted with a From address of the domain, or of a "
          "domain below it that signs nothing by itself. Others are ready for a change of keys." },
    { 0 },
};
const struct moxd_block dkim_domain_block = {
    .size = sizeof(struct dkim_domain_conf),
    .directives = domain_directives,
    .check = check_domain,
};
