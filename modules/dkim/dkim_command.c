/* moxctl dkim: keys and key records; messages are in dkim_command_message.c. */
#include "dkim_command.h"
#include "dkim_selector.h"

#include <moxd/offload.h>
#include <moxmail/address.h>

const char *dkim_dnssec_text(enum smtp_dnssec status)
{
    static const char *const words[] = {
        [SMTP_DNSSEC_NONE] = "nothing was looked up",
        [SMTP_DNSSEC_INSECURE] = "not authentic (no DNSSEC)",
        [SMTP_DNSSEC_SECURE] = "authentic (DNSSEC)",
        [SMTP_DNSSEC_BOGUS] = "forged or broken, by DNSSEC",
    };
    return words[status];
}

int dkim_print(struct moxd_ctl *c, const char *before, struct moxd_str s, const char *after)
{
    return moxd_ctl_printf(c, "%s%s%s", before, moxd_ctl_plain_str(c, s), after);
}

/* --- keys ------------------------------------------------------------------------------------------ */

struct generate {
    enum moxd_dkim_key_type type;
    struct moxd_dkim_private *key;
    struct moxd_err err;
};

static void generate(void *arg)
{
    struct generate *g = arg;
    g->key = moxd_dkim_private_generate(g->type, DKIM_RSA_BITS, &g->err);
}

static int print_new(struct moxd_ctl *c, enum moxd_dkim_key_type type, struct moxd_err *err)
{
    struct generate g = { .type = type };
    struct moxd_buf pem = MOXD_BUF_INIT(DKIM_KEY_FILE_MAX);

    (void)moxd_offload(MOXD_LANE_CPU, generate, &g);
    if (g.key == NULL) {
        *err = g.err;
        return -1;
    }
    moxd_dkim_private_pem(&pem, g.key);
    int rc = moxd_ctl_write(c, pem.p, pem.n);
    moxd_buf_wipe(&pem);
    moxd_dkim_private_unref(g.key);
    return rc < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "output closed") : 0;
}

static int cmd_gened25519(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    (void)m, (void)argc, (void)argv;
    return print_new(c, MOXD_DKIM_KEY_ED25519, err);
}

static int cmd_genrsa(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    (void)m, (void)argc, (void)argv;
    return print_new(c, MOXD_DKIM_KEY_RSA, err);
}

static struct moxd_dkim_private *read_key(struct moxd_ctl *c, struct moxd_err *err)
{
    struct moxd_buf pem = MOXD_BUF_INIT(DKIM_KEY_FILE_MAX);
    char piece[1024];
    long n;

    while ((n = moxd_ctl_read(c, piece, sizeof(piece))) > 0)
        moxd_buf_add(&pem, piece, (size_t)n);
    moxd_wipe(piece, sizeof(piece));
    struct moxd_dkim_private *key = NULL;
    if (n < 0)
        (void)moxd_err_set(err, MOXD_ERR_CLOSED, "input broke off");
    else
        key = moxd_dkim_private_parse(moxd_buf_str(&pem), err);
    moxd_buf_wipe(&pem);
    return key;
}

/* The record as a zone file has it; without parentheses also for web forms (DNS-05). */
static int cmd_txt(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    struct moxd_dkim_private *key;
    struct moxd_dkim_key public;
    struct moxd_buf text = MOXD_BUF_INIT(DKIM_KEY_FILE_MAX);
    struct moxd_buf zone = MOXD_BUF_INIT(2 * DKIM_KEY_FILE_MAX);

    (void)m;
    if (argc > 0 && moxd_ctl_file(c, argv[0]) < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "input broke off");
    key = read_key(c, err);
    if (key == NULL)
        return -1;
    moxd_dkim_private_public(key, moxd_ctl_arena(c), &public);
    moxd_dkim_private_unref(key);
    moxd_dkim_key_put(&text, &public);
    moxd_dkim_txt_put(&zone, moxd_buf_str(&text));
    int rc = moxd_ctl_printf(c, "SELECTOR._domainkey.DOMAIN. TXT %s\n", moxd_buf_cstr(&zone));
    if (text.n > MOXD_DKIM_TXT_STRING && rc >= 0)
        rc = moxd_ctl_printf(c,
                             "\nWeb forms of DNS providers usually want it in one piece:\n"
                             "%s\n",
                             moxd_buf_cstr(&text));
    moxd_buf_fini(&text);
    moxd_buf_fini(&zone);
    return rc < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "output closed") : 0;
}

/* --- records --------------------------------------------------------------------------------------- */

static void print_record(struct moxd_ctl *c, const struct dkim_record *r)
{
    static const char *const types[] = {
        [MOXD_DKIM_KEY_UNKNOWN] = "unknown",
        [MOXD_DKIM_KEY_RSA] = "RSA",
        [MOXD_DKIM_KEY_ED25519] = "Ed25519",
    };
    const struct moxd_dkim_key *key = &r->key;

    (void)dkim_print(c, "record: ", r->text, "\n");
    if (key->p.n == 0)
        (void)moxd_ctl_printf(c, "key: revoked\n");
    else
        (void)moxd_ctl_printf(c, "key: %s, %u bits\n", types[key->type], moxd_dkim_key_bits(key));
    if (key->testing)
        (void)moxd_ctl_printf(c, "test mode: signatures that fail count as none (t=y)\n");
    if (key->strict)
        (void)moxd_ctl_printf(c, "not for subdomains (t=s)\n");
    if (!moxd_dkim_key_serves(key, "email"))
        (void)moxd_ctl_printf(c, "not for email (s=)\n");
}

static int parse_name(const char *text, struct moxd_arena *a, struct moxd_str *out,
                      struct moxd_err *err)
{
    struct moxd_domain d;

    if (moxd_domain_parse(moxd_cstr(text), MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE, a, &d,
                          err) < 0)
        return moxd_err_wrap(err, "%s", text);
    *out = d.ascii;
    return 0;
}

static int cmd_lookup(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct moxd_str selector, domain;
    struct dkim_record r;

    (void)m, (void)argc;
    if (parse_name(argv[0], a, &selector, err) < 0 || parse_name(argv[1], a, &domain, err) < 0)
        return -1;
    dkim_lookup(selector, domain, a, &r);
    (void)moxd_ctl_printf(c, "name: %s\ndns: %s\n", r.name, dkim_dnssec_text(r.dnssec));
    if (r.why.reason)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s", r.why.reason);
    print_record(c, &r);
    return 0;
}

const struct moxd_command dkim_commands[] = {
    { .name = "dkim gened25519",
      .summary = "print a new Ed25519 private key",
      .run = cmd_gened25519,
      .help =
          "In PEM (PKCS#8). Not every server that verifies knows Ed25519 (RFC 8463) yet: let an "
          "RSA key sign as well. A good file name is "
          "SELECTOR._domainkey.DOMAIN.ed25519.privatekey.pkcs8.pem." },
    { .name = "dkim genrsa",
      .summary = "print a new RSA private key of 2048 bits",
      .run = cmd_genrsa,
      .help = "In PEM (PKCS#8). A good file name is "
              "SELECTOR._domainkey.DOMAIN.rsa2048.privatekey.pkcs8.pem." },
    { .name = "dkim lookup",
      .args = "SELECTOR DOMAIN",
      .min_args = 2,
      .max_args = 2,
      .summary = "look up a key record and say what is in it",
      .run = cmd_lookup },
    { .name = "dkim selectors add",
      .args = "DOMAIN SELECTOR [rsa | ed25519]",
      .min_args = 2,
      .max_args = 3,
      .summary = "make a key for a domain, and print the record to publish",
      .run = dkim_cmd_selectors_add,
      .help = "The key is written into the data directory, the selector into domains.conf. It "
              "signs nothing "
              "before \"dkim selectors use\" says so: the record must be known first." },
    { .name = "dkim selectors list",
      .args = "DOMAIN",
      .min_args = 1,
      .max_args = 1,
      .summary = "list the selectors of a domain, and which of them sign",
      .run = dkim_cmd_selectors_list },
    { .name = "dkim selectors rm",
      .args = "DOMAIN SELECTOR",
      .min_args = 2,
      .max_args = 2,
      .summary = "remove a selector that does not sign any more",
      .run = dkim_cmd_selectors_rm },
    { .name = "dkim selectors use",
      .args = "DOMAIN [SELECTOR...]",
      .min_args = 1,
      .max_args = -1,
      .summary = "set which selectors of a domain sign; none: it does not sign",
      .run = dkim_cmd_selectors_use },
    { .name = "dkim sign",
      .args = "FILE | -",
      .min_args = 1,
      .max_args = 1,
      .flags = MOXD_CMD_STDIN,
      .summary = "print the signatures that a message would get",
      .run = dkim_cmd_sign,
      .help = "The fields to be put before the message, made with the keys of the domain in its "
              "From field. Bare line feeds count as CRLF." },
    { .name = "dkim txt",
      .args = "[FILE]",
      .max_args = 1,
      .flags = MOXD_CMD_STDIN | MOXD_CMD_SECRET,
      .summary = "print the DNS record for a private key",
      .run = cmd_txt,
      .help = "The key is read from the file or from standard input. The record belongs at "
              "SELECTOR._domainkey.DOMAIN." },
    { .name = "dkim verify",
      .args = "FILE | -",
      .min_args = 1,
      .max_args = 1,
      .flags = MOXD_CMD_STDIN,
      .summary = "verify the signatures of a message",
      .run = dkim_cmd_verify,
      .help = "Prints the result of each signature and why. The exit status is 0 when one of them "
              "passes. Bare line feeds count as CRLF." },
    { 0 },
};
