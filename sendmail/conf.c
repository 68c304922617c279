/* /etc/moxsubmit.conf: who may read it holds the password. */
#include "sendmail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const tls_modes[] = { "immediate", "starttls", "none", NULL };
static const char *const requiretls_modes[] = { "default", "yes", "no", NULL };

static int check_host(struct moxd_str s, struct moxd_err *err)
{
    struct sockaddr_storage address;
    char text[64];

    if (moxd_str_copy(s, text, sizeof(text)) == 0 && moxd_addr_parse(text, 0, &address) > 0)
        return 0;
    return moxd_domain_check(s, err);
}

static int check_address(struct moxd_str s, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_address ad;
    int rc = moxd_address_parse(s, MOXD_ADDRESS_UTF8, a, &ad, err);

    moxd_arena_free(a);
    return rc;
}

static int check_allowed(struct moxd_str s, struct moxd_err *err)
{
    return moxd_str_starts(s, MOXD_STR("@")) ? moxd_domain_check(moxd_str_from(s, 1), err)
                                             : check_address(s, err);
}

static int check_absolute(struct moxd_str s, struct moxd_err *err)
{
    return moxd_str_starts(s, MOXD_STR("/"))
               ? 0
               : moxd_err_set(err, MOXD_ERR_INVALID, "must be an absolute path");
}

static const struct moxd_directive directives[] = {
    { .name = "host",
      MOXD_AT_STRING(struct sendmail_conf, host),
      .flags = MOXD_D_REQUIRED,
      .max = 253,
      .check = check_host,
      .example = "\"mail.example.org\"",
      .doc = "The server that takes mail from users." },
    { .name = "port",
      MOXD_AT_INT(struct sendmail_conf, port),
      .max = 65535,
      .example = "465",
      .doc = "Its port. Default: 465, 587 with tls = starttls, 25 with tls = none." },
    { .name = "tls",
      MOXD_AT_ENUM(struct sendmail_conf, tls),
      .values = tls_modes,
      .deflt = "immediate",
      .doc = "immediate: TLS from the first byte. starttls: required too, and asked for. none: in "
             "clear, for a server on this machine. With TLS the certificate must be valid for the "
             "host." },
    { .name = "ca",
      MOXD_AT_STRINGS(struct sendmail_conf, ca),
      .check = check_absolute,
      .example = "[\"/etc/moxd/ca.pem\"]",
      .doc = "Files with authorities that are trusted besides those of the system; also the "
             "server's own certificate, if it signed that itself." },
    { .name = "username",
      MOXD_AT_STRING(struct sendmail_conf, username),
      .max = 255,
      .flags = MOXD_D_COMMON,
      .example = "\"host@example.org\"",
      .doc = "Login at the server." },
    { .name = "password",
      MOXD_AT_STRING(struct sendmail_conf, password),
      .max = 255,
      .flags = MOXD_D_SECRET | MOXD_D_COMMON,
      .example = "\"secret\"",
      .doc = "Password at the server." },
    { .name = "mechanisms",
      MOXD_AT_STRINGS(struct sendmail_conf, mechanisms),
      .example = "[\"SCRAM-SHA-256-PLUS\", \"SCRAM-SHA-256\"]",
      .doc = "SASL mechanisms that may be used, the best first. Default: the strongest that the "
             "server offers of EXTERNAL, SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, SCRAM-SHA-256, "
             "SCRAM-SHA-1, CRAM-MD5, PLAIN, LOGIN." },
    { .name = "client-key",
      MOXD_AT_PATH(struct sendmail_conf, client_key),
      .example = "\"/etc/moxsubmit.key.pem\"",
      .doc = "File with a private key and certificates, or with an Ed25519 key alone (or any "
             "other), in PEM: login by the key of the TLS client, without a password." },
    { .name = "from",
      MOXD_AT_STRING(struct sendmail_conf, from),
      .flags = MOXD_D_REQUIRED,
      .max = 320,
      .check = check_address,
      .example = "\"host@example.org\"",
      .doc = "The sender of all mail, in MAIL FROM and in From; names of authors stay." },
    { .name = "from-allowed",
      MOXD_AT_STRINGS(struct sendmail_conf, from_allowed),
      .check = check_allowed,
      .example = "[\"me@example.org\", \"@lists.example.org\"]",
      .doc = "Further senders that are left as they are, addresses or all of a domain." },
    { .name = "default-recipient",
      MOXD_AT_STRING(struct sendmail_conf, default_recipient),
      .flags = MOXD_D_COMMON,
      .max = 320,
      .check = check_address,
      .example = "\"admin@example.org\"",
      .doc = "Who gets mail for local users, such as root: addresses without a domain, or with "
             "localhost or the hostname, which mail programs add." },
    { .name = "hostname",
      MOXD_AT_STRING(struct sendmail_conf, hostname),
      .max = 253,
      .check = moxd_domain_check,
      .example = "\"this.example.org\"",
      .doc = "Name of this machine, for the server. Default: the system's name." },
    { .name = "require-tls",
      MOXD_AT_ENUM(struct sendmail_conf, requiretls),
      .values = requiretls_modes,
      .deflt = "default",
      .doc =
          "yes: mail goes only over TLS with servers that are verified, all the way (REQUIRETLS, "
          "RFC 8689). no: it goes even where TLS fails (TLS-Required: No). default: as the "
          "recipient's domain wants it." },
    { .name = "failed-dir",
      MOXD_AT_PATH(struct sendmail_conf, failed_dir),
      .check = check_absolute,
      .example = "\"/var/spool/moxsubmit\"",
      .doc = "Directory for messages that could not be sent. Its group is that of the program, "
             "which must be able to write there; others must not. Default: moxsubmit.failures in "
             "the caller's home directory." },
    { .name = "max-size",
      MOXD_AT_SIZE(struct sendmail_conf, max_size),
      .deflt = "50M",
      .min = 1024,
      .max = INT64_C(1) << 30,
      .doc = "Largest message." },
    { .name = "max-recipients",
      MOXD_AT_INT(struct sendmail_conf, max_recipients),
      .deflt = "100",
      .min = 1,
      .max = 1000,
      .doc = "Most recipients of a message." },
    { 0 },
};

static void check(void *block, struct moxd_problems *out)
{
    const struct sendmail_conf *c = block;

    if (!c->username != !c->password)
        moxd_problem(out, c->head.pos, NULL, "username and password belong together");
    if (c->tls == SENDMAIL_TLS_NONE && c->client_key)
        moxd_problem(out, c->head.pos, NULL, "client-key is of no use with tls = none");
    if (c->tls == SENDMAIL_TLS_NONE && c->requiretls == SENDMAIL_REQUIRETLS_YES)
        moxd_problem(out, c->head.pos, NULL, "require-tls = yes cannot be with tls = none");
}

const struct moxd_block sendmail_conf_block = {
    .size = sizeof(struct sendmail_conf),
    .directives = directives,
    .check = check,
};

const char *sendmail_own_name(const struct sendmail *sm)
{
    struct moxd_domain d;
    char name[256] = "";

    if (sm->conf->hostname)
        return sm->conf->hostname;
    if (gethostname(name, sizeof(name) - 1) < 0 ||
        moxd_domain_parse(moxd_cstr(name), 0, sm->a, &d, NULL) < 0)
        return "localhost";
    return d.ascii.p;
}

static int read_file(const char *path, struct moxd_buf *out, struct stat *st)
{
    MOXD_CLEANUP(moxd_closep)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char piece[4096];
    ssize_t n;

    if (fd < 0 || fstat(fd, st) < 0)
        return -1;
    while ((n = read(fd, piece, sizeof(piece))) > 0)
        moxd_buf_add(out, piece, (size_t)n);
    moxd_wipe(piece, sizeof(piece));
    if (out->overflow)
        errno = EFBIG;
    return n < 0 || out->overflow ? -1 : 0;
}

/* What is wrong in a file that the caller may not read could tell what is in it. access() asks with the caller's
 * rights. */
static int wrong(struct sendmail *sm, const char *path, const struct moxd_buf *problems)
{
    if (access(path, R_OK) == 0)
        return sendmail_fail(sm, EX_CONFIG, "%s", moxd_buf_cstr(problems));
    return sendmail_fail(sm, EX_CONFIG,
                         "there are mistakes in %s: moxd-sendmail --check-config tells those who "
                         "may read it",
                         path);
}

static int load_identity(struct sendmail *sm)
{
    struct moxd_err err = { 0 };

    if (!sm->conf->client_key)
        return EX_OK;
    sm->identity = moxd_tls_identity_load(sm->conf->client_key, &err);
    return sm->identity ? EX_OK : sendmail_fail(sm, EX_CONFIG, "client-key: %s", err.priv);
}

static int parse(struct sendmail *sm, const char *path, const struct moxd_buf *text)
{
    struct moxd_buf problems = MOXD_BUF_INIT(1 << 20);
    int rc = EX_OK;

    sm->file = moxd_conf_file_parse(path, moxd_buf_str(text), &sendmail_conf_block, &problems);
    if (sm->file)
        sm->conf = moxd_conf_file_block(sm->file);
    else
        rc = wrong(sm, path, &problems);
    moxd_buf_fini(&problems);
    return rc == EX_OK ? load_identity(sm) : rc;
}

static const char *path_of(struct sendmail *sm)
{
    char *path = sm->o.config ? realpath(sm->o.config, NULL) : NULL;
    const char *copy = path ? moxd_arena_strdup(sm->a, path) : SENDMAIL_CONF;

    if (sm->o.config && !path)
        copy = sm->o.config;
    free(path);
    return copy;
}

int sendmail_conf_load(struct sendmail *sm)
{
    const char *path = path_of(sm);
    struct moxd_buf text = MOXD_BUF_INIT(SENDMAIL_CONF_MAX);
    struct stat st;
    int rc;

    if (read_file(path, &text, &st) < 0)
        rc = sendmail_fail(sm, EX_CONFIG, "cannot read %s: %s%s", path, strerror(errno),
                           errno == EACCES ? "; the program must be setgid to the group of the file"
                                           : "");
    else
        rc = parse(sm, path, &text);
    moxd_buf_wipe(&text);
    return rc;
}

int sendmail_conf_check(struct sendmail *sm)
{
    const char *path = path_of(sm);
    struct stat st;
    int rc = sendmail_conf_load(sm);

    if (rc != EX_OK) {
        (void)fprintf(stderr, "moxd-sendmail: %s\n", sm->reason);
        return rc;
    }
    if (stat(path, &st) == 0 && st.st_mode & S_IROTH && (sm->conf->password || sm->identity))
        (void)fprintf(stderr, "moxd-sendmail: warning: everybody can read %s: chmod o= %s\n", path,
                      path);
    (void)printf("%s: all is well\n", path);
    return EX_OK;
}

void sendmail_conf_example(void)
{
    struct moxd_buf out = MOXD_BUF_INIT(1 << 20);

    moxd_buf_adds(&out, "# " SENDMAIL_CONF
                        ": how moxd-sendmail, as /usr/sbin/sendmail, hands mail to a server.\n"
                        "#     groupadd moxsubmit\n"
                        "#     chgrp moxsubmit " SENDMAIL_CONF " && chmod 0640 " SENDMAIL_CONF "\n"
                        "#     chgrp moxsubmit .../moxd-sendmail && chmod 2755 .../moxd-sendmail\n"
                        "#     moxd-sendmail --check-config\n\n");
    moxd_conf_file_example(&sendmail_conf_block, &out);
    (void)fwrite(out.p, 1, out.n, stdout);
    moxd_buf_fini(&out);
}
