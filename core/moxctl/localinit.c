/* The directory of a local test server: configuration, certificate, account (LOCAL-01 to LOCAL-08). */
#include "moxctl/localserve.h"

#include "config/conf.h"
#include "module/find.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <moxd/enc.h>
#include <moxd/path.h>
#include <moxd/tls.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char conf_text[] =
    "# A mail server for trying out, made by moxctl localserve. It is yours to change.\n"
    "hostname = localhost\n"
    "data-dir = data\n"
    "user = \"%s\"\n"
    "pedantic = true\n"
    "modules = [\"accounts\", \"store\", \"auth\", \"smtp\", \"spf\", \"dkim\", \"dmarc\", "
    "\"imap\", \"impex\",\n"
    "    \"logins\", \"ratelimit\", \"rulesets\", \"rejects\", \"smtpclient\", \"queue\", \"trace\",\n"
    "    \"faults\"%s]\n"
    "\n"
    "# Names in DNS are made up, so that checks of senders need no network and those of localhost "
    "pass.\n"
    "dns {\n"
    "    local-only = true\n"
    "    local-data = [\"localhost. 300 IN TXT \\\"v=spf1 ip4:127.0.0.0/8 ip6:::1 ?all\\\"\",\n"
    "        \"local._domainkey.localhost. 300 IN TXT \\\"v=DKIM1; k=ed25519; "
    "p=%" MOXD_STRF "\\\"\"]\n"
    "}\n"
    "spf {\n"
    "    local-names = true\n"
    "    one-recipient = false\n"
    "}\n"
    "\n"
    "# Mail to addresses that are nobody's goes here, whatever their domain.\n"
    "accounts { fallback = \"" LOCAL_USER "\" }\n"
    "\n"
    "# Mail that is submitted goes through the queue, and comes in again by SMTP.\n"
    "queue { local = true }\n"
    "\n"
    "listener \"local\" {\n"
    "    addresses = []\n"
    "    tls {\n"
    "        pair \"local\" { certificate = \"tls/cert.pem\" key = \"tls/key.pem\" }\n"
    "    }\n"
    "    smtp { port = %d }\n"
    "    submission { port = %d }\n"
    "    submissions { port = %d }\n"
    "    imap { port = %d }\n"
    "    imaps { port = %d }\n"
    "}\n";

#define DKIM_KEY "dkim/local._domainkey.localhost.ed25519.privatekey.pkcs8.pem"
static const char domains_text[] = "domain \"localhost\" {\n"
                                   "    dkim {\n"
                                   "        selector \"local\" { key = \"" DKIM_KEY "\" }\n"
                                   "        sign = [\"local\"]\n"
                                   "    }\n"
                                   "}\n"
                                   "\n"
                                   "account \"" LOCAL_ACCOUNT "\" {\n"
                                   "    domain = localhost\n"
                                   "    full-name = \"Local User\"\n"
                                   "    address \"" LOCAL_USER "\" { }\n"
                                   "}\n";

/* ---- addresses */

/* Not every machine has IPv6. */
static bool have_ipv6(void)
{
    struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;

    moxd_closep(&fd);
    return ok;
}

static size_t addresses(const struct local *l, const char *out[2])
{
    if (l->ip) {
        out[0] = l->ip;
        return 1;
    }
    out[0] = "127.0.0.1";
    out[1] = "::1";
    return have_ipv6() ? 2 : 1;
}

/* The text with `addresses` of listener "local" set. -1 when there is no such listener. */
static int put_addresses(const struct local *l, struct moxd_buf *text)
{
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *problems = core_problems_new();
    MOXD_CLEANUP(conf_tree_freep)
    struct conf_tree *tree = conf_tree_parse(l->config, moxd_buf_str(text), problems);
    struct moxd_node *listener = moxd_node_find(&tree->root, "listener", "local");
    const char *ip[2];
    size_t n = addresses(l, ip);

    if (core_problems_errors(problems) || !listener)
        return -1;
    moxd_node_set_list(listener, "addresses", ip, n);
    moxd_buf_reset(text);
    conf_tree_write(tree, text);
    return 0;
}

const char *local_address(struct local *l)
{
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *problems = core_problems_new();
    struct moxd_buf text = { 0 };
    struct moxd_node *listener = NULL;
    const char *ip = NULL;

    if (conf_file_read(l->config, &text, NULL, NULL) == 0) {
        struct conf_tree *tree = conf_tree_parse(l->config, moxd_buf_str(&text), problems);
        listener = moxd_node_find(&tree->root, "listener", "local");
        ip = listener ? moxd_node_value(listener, "addresses") : NULL;
        ip = ip ? moxd_arena_strdup(l->x->a, ip) : NULL;
        conf_tree_free(tree);
    }
    moxd_buf_fini(&text);
    return ip ? ip : "127.0.0.1";
}

/* ---- files */

static const char *in_dir(struct local *l, const char *name)
{
    return moxd_path_join(l->x->a, l->dir, name);
}

static const char *user_name(void)
{
    const struct passwd *pw = getpwuid(geteuid());

    return pw ? pw->pw_name : "moxd";
}

static int make_certificate(struct local *l, struct moxd_err *err)
{
    const char *tls = in_dir(l, "tls"), *ip[2] = { NULL, NULL };
    const char *names[4] = { "localhost" };
    size_t n = addresses(l, ip);

    for (size_t i = 0; i < n; i++)
        names[i + 1] = ip[i];
    if (mkdir(tls, 0700) < 0 && errno != EEXIST)
        return moxd_err_sys(err, "making %s", tls);
    return moxd_tls_selfsigned(in_dir(l, "tls/cert.pem"), in_dir(l, "tls/key.pem"), names, err);
}

/* What is sent from localhost is signed, as it would be elsewhere (DKIM-05). Appends the public key for DNS. */
static int make_dkim_key(struct local *l, struct moxd_buf *public, struct moxd_err *err)
{
    const char *dir = in_dir(l, "dkim");
    unsigned char raw[32];

    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return moxd_err_sys(err, "making %s", dir);
    if (moxd_tls_ed25519_key(in_dir(l, DKIM_KEY), raw, err) < 0)
        return -1;
    moxd_b64_encode(public, moxd_str((const char *)raw, sizeof(raw)));
    return 0;
}

/* The module is left out of builds without SQLite. */
static bool have_search(void)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);

    return core_module_find("search", &(struct moxd_strings){ 0 }, a) != NULL;
}

static int write_config(struct local *l, struct moxd_str dkim_public, struct moxd_err *err)
{
    struct moxd_buf text = MOXD_BUF_INIT(CONF_FILE_MAX);
    int rc;

    moxd_buf_addf(&text, conf_text, user_name(), have_search() ? ", \"search\"" : "",
                  MOXD_STRA(dkim_public), LOCAL_SMTP, LOCAL_SUBMISSION, LOCAL_SUBMISSIONS,
                  LOCAL_IMAP, LOCAL_IMAPS);
    rc = put_addresses(l, &text);
    moxd_assert(rc == 0);
    rc = conf_file_write(l->config, moxd_buf_str(&text), NULL, NULL, err);
    moxd_buf_fini(&text);
    return rc;
}

/* moxd.conf comes last: with it the directory is complete. */
static int make_all(struct local *l, struct moxd_err *err)
{
    struct moxd_buf public = MOXD_BUF_INIT(64);
    int rc = -1;

    if (make_certificate(l, err) == 0 && make_dkim_key(l, &public, err) == 0 &&
        conf_file_write(in_dir(l, "domains.conf"), MOXD_STR(domains_text), NULL, NULL, err) == 0 &&
        conf_file_write(l->fresh, MOXD_STR(""), NULL, NULL, err) == 0)
        rc = write_config(l, moxd_buf_str(&public), err);
    moxd_buf_fini(&public);
    return rc;
}

/* Another address for what is there already. */
static int change_address(struct local *l, struct moxd_err *err)
{
    struct moxd_buf before = { 0 }, text = { 0 };
    int rc = conf_file_read(l->config, &before, NULL, err);

    if (rc == 0)
        rc = conf_file_read(l->config, &text, NULL, err);
    if (rc == 0 && put_addresses(l, &text) < 0)
        rc = moxd_err_set(err, MOXD_ERR_INVALID,
                          "%s has no listener \"local\" whose address -ip could set", l->config);
    if (rc == 0 && !moxd_str_eq(moxd_buf_str(&before), moxd_buf_str(&text))) {
        rc = make_certificate(l, err);
        if (rc == 0)
            rc = conf_file_write(l->config, moxd_buf_str(&text), NULL, NULL, err);
    }
    moxd_buf_fini(&before);
    moxd_buf_fini(&text);
    return rc;
}

/* ---- directory */

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    bool empty = true;

    for (struct dirent *de; dir && (de = readdir(dir));)
        empty = empty && (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0);
    if (dir)
        closedir(dir);
    return empty;
}

static int make_dir(struct local *l, struct moxd_err *err)
{
    char real[PATH_MAX];

    if (mkdir(l->dir, 0700) < 0 && errno != EEXIST)
        return moxd_err_sys(err, "making %s", l->dir);
    if (!realpath(l->dir, real))
        return moxd_err_sys(err, "%s", l->dir);
    l->dir = moxd_arena_strdup(l->x->a, real);
    l->config = in_dir(l, "moxd.conf");
    l->fresh = in_dir(l, ".fresh");
    return 0;
}

static int check_ip(const struct local *l, struct moxd_err *err)
{
    unsigned char addr[sizeof(struct in6_addr)];

    if (!l->ip || inet_pton(AF_INET, l->ip, addr) == 1 || inet_pton(AF_INET6, l->ip, addr) == 1)
        return 0;
    return moxd_err_set(err, MOXD_ERR_INVALID, "-ip %s: not an IP address", l->ip);
}

int local_init(struct local *l, struct moxd_err *err)
{
    if (check_ip(l, err) < 0 || make_dir(l, err) < 0)
        return -1;
    if (access(l->config, F_OK) == 0)
        return l->ip ? change_address(l, err) : 0;
    if (access(in_dir(l, "tls"), F_OK) < 0 && !is_empty(l->dir))
        return moxd_err_set(err, MOXD_ERR_EXISTS,
                            "%s is not empty and has no moxd.conf; name another directory", l->dir);
    return make_all(l, err);
}
