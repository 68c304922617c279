/* on_domain_add: a new domain gets two RSA keys, selectors named by the year, of which the first signs: the
 * second can be published now and is there when keys are to be changed (P-AUTHN-02). */
#include "dkim_selector.h"

#include <errno.h>
#include <fcntl.h>
#include <moxd/offload.h>
#include <moxd/path.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    KEYS = 2,
    FILE_DOMAIN_MAX = 150, /* characters of the domain in a file name, which has at most 255 */
};

struct new_key {
    const char *selector, *path;
    enum moxd_dkim_key_type type;
    struct moxd_dkim_key public;
};
struct new_keys {
    struct moxd_arena *a;
    const char *dir;
    struct new_key v[KEYS];
    size_t n;
    int rc;
    struct moxd_err err;
};

static int write_all(int fd, struct moxd_str s)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno != EINTR)
            return -1;
        s = moxd_str_from(s, n > 0 ? (size_t)n : 0);
    }
    return fsync(fd);
}

static int write_key(const char *path, const struct moxd_dkim_private *key, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct moxd_buf pem = MOXD_BUF_INIT(DKIM_KEY_FILE_MAX);
    int rc = -1;

    if (fd >= 0) {
        moxd_dkim_private_pem(&pem, key);
        rc = write_all(fd, moxd_buf_str(&pem));
    }
    if (rc < 0)
        (void)moxd_err_sys(err, "%s", path);
    moxd_buf_wipe(&pem);
    return rc;
}

/* The names in the folder, too, are on disk before domains.conf has them. */
static int sync_dir(const char *dir, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && fsync(fd) == 0 ? 0 : moxd_err_sys(err, "%s", dir);
}

static int make_key(struct new_keys *keys, struct new_key *k)
{
    struct moxd_dkim_private *key = moxd_dkim_private_generate(k->type, DKIM_RSA_BITS, &keys->err);

    if (key == NULL)
        return -1;
    moxd_dkim_private_public(key, keys->a, &k->public);
    int rc = write_key(k->path, key, &keys->err);
    moxd_dkim_private_unref(key);
    return rc;
}

static void make_keys(void *arg)
{
    struct new_keys *keys = arg;

    keys->rc = mkdir(keys->dir, 0700) == 0 || errno == EEXIST
                   ? 0
                   : moxd_err_sys(&keys->err, "%s", keys->dir);
    for (size_t i = 0; i < keys->n && keys->rc == 0; i++)
        keys->rc = make_key(keys, &keys->v[i]);
    if (keys->rc == 0)
        keys->rc = sync_dir(keys->dir, &keys->err);
}

static void utc(struct tm *tm)
{
    time_t now = (time_t)(moxd_wall() / MOXD_SEC);

    gmtime_r(&now, tm);
}

static void name_key(struct new_keys *keys, const char *selector, const char *domain,
                     enum moxd_dkim_key_type type)
{
    struct new_key *k = &keys->v[keys->n++];
    char stamp[32];
    struct tm tm;

    utc(&tm);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &tm);
    const char *kind = type == MOXD_DKIM_KEY_RSA
                           ? moxd_arena_printf(keys->a, "rsa%d", (int)DKIM_RSA_BITS)
                           : "ed25519";
    const char *name =
        moxd_arena_printf(keys->a, "%.40s._domainkey.%.*s.%s.%s.privatekey.pkcs8.pem", selector,
                          (int)FILE_DOMAIN_MAX, domain, stamp, kind);
    k->selector = selector;
    k->type = type;
    k->path = moxd_path_join(keys->a, keys->dir, name);
}

static void name_keys(struct new_keys *keys, const char *domain)
{
    struct tm tm;

    utc(&tm);
    for (int i = 0; i < KEYS; i++)
        name_key(keys, moxd_arena_printf(keys->a, "%d%c", tm.tm_year + 1900, 'a' + i), domain,
                 MOXD_DKIM_KEY_RSA);
}

static void build(struct moxd_node *domain, void *arg)
{
    const struct new_keys *keys = arg;
    struct moxd_node *dkim = moxd_node_add_block(domain, "dkim", NULL);

    for (size_t i = 0; i < KEYS; i++)
        moxd_node_set(moxd_node_add_block(dkim, "selector", keys->v[i].selector), "key",
                      keys->v[i].path);
    moxd_node_set_list(dkim, "sign", &keys->v[0].selector, 1);
}

void dkim_put_record(struct moxd_buf *b, const char *selector, const char *domain,
                     const struct moxd_dkim_key *key)
{
    struct moxd_buf text = MOXD_BUF_INIT(DKIM_KEY_FILE_MAX);

    moxd_dkim_key_put(&text, key);
    moxd_buf_addf(b, "%s._domainkey.%s. TXT ", selector, domain);
    moxd_dkim_txt_put(b, moxd_buf_str(&text));
    moxd_buf_adds(b, "\n");
    moxd_buf_fini(&text);
}

static void say(struct moxd_buf *b, const struct new_keys *keys, const char *domain)
{
    moxd_buf_adds(b, "records to publish, so that others can verify what the domain sends:\n");
    for (size_t i = 0; i < KEYS; i++)
        dkim_put_record(b, keys->v[i].selector, domain, &keys->v[i].public);
}

static struct new_keys *new_keys(struct moxd_arena *a)
{
    struct new_keys *keys = moxd_arena_alloc(a, sizeof(*keys));

    keys->a = a;
    keys->dir = moxd_path_join(a, moxd_conf_core()->data_dir, "dkim");
    return keys;
}

int dkim_new_key(const char *domain, const char *selector, enum moxd_dkim_key_type type,
                 struct moxd_arena *a, const char **path, struct moxd_dkim_key *public,
                 struct moxd_err *err)
{
    struct new_keys *keys = new_keys(a);

    name_key(keys, selector, domain, type);
    if (moxd_offload(MOXD_LANE_CPU, make_keys, keys) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (keys->rc < 0) {
        *err = keys->err;
        return -1;
    }
    *path = keys->v[0].path;
    *public = keys->v[0].public;
    return 0;
}

void dkim_drop_key(const char *path)
{
    (void)unlink(path);
}

enum moxd_verdict dkim_on_domain_add(struct moxd_instance *m,
                                     const struct accounts_domain_event *ev,
                                     struct accounts_new_domain *nd)
{
    struct new_keys *keys = new_keys(ev->arena);

    (void)m;
    name_keys(keys, ev->domain);
    (void)moxd_offload(MOXD_LANE_CPU, make_keys, keys);
    if (keys->rc < 0) {
        enum moxd_verdict v = moxd_reply_set(&nd->reply, 451, "4.3.0", "no DKIM keys");
        (void)snprintf(nd->reply.detail, sizeof(nd->reply.detail), "%.250s", keys->err.priv);
        return v;
    }
    accounts_new_domain_build(nd, build, keys);
    say(nd->say, keys, ev->domain);
    return MOXD_NEXT;
}
