/* moxctl tlspubkey (AUTH-13). */
#include "auth_key.h"

#include <moxd/enc.h>
#include <moxd/tls.h>

static int parse_id(const char *text, unsigned char id[AUTH_KEY_ID], struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(AUTH_KEY_ID);
    int rc =
        moxd_hex_decode(&b, moxd_cstr(text)) < 0 || b.n != AUTH_KEY_ID
            ? moxd_err_set(err, MOXD_ERR_INVALID,
                           "\"%s\" is no fingerprint: %d hexadecimal digits, as tlspubkey list "
                           "prints them",
                           text, (int)AUTH_KEY_TEXT)
            : 0;

    if (rc == 0)
        memcpy(id, b.p, AUTH_KEY_ID);
    moxd_buf_fini(&b);
    return rc;
}

static int print(struct moxd_ctl *c, const struct auth_tlskey *key)
{
    struct moxd_buf line = MOXD_BUF_INIT(AUTH_KEY_RECORD_MAX);

    moxd_hex_encode(&line, moxd_str((const char *)key->id, AUTH_KEY_ID));
    moxd_buf_addf(&line, " %s %s %s %s\n", key->account, key->login,
                  key->preauth ? "preauth" : "no-preauth", key->name);
    int rc = moxd_ctl_write(c, line.p, line.n);
    moxd_buf_fini(&line);
    return rc < 0 ? -1 : 0;
}

/* A certificate or a public key, from standard input. */
static int read_key(struct moxd_ctl *c, unsigned char id[AUTH_KEY_ID], struct moxd_err *err)
{
    struct moxd_buf pem = MOXD_BUF_INIT(AUTH_KEY_PEM_MAX);
    char piece[4096];
    long n;

    while ((n = moxd_ctl_read(c, piece, sizeof(piece))) > 0)
        moxd_buf_add(&pem, piece, (size_t)n);
    int rc = pem.overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d bytes of input",
                                         (int)AUTH_KEY_PEM_MAX)
                          : moxd_tls_pem_key(moxd_buf_str(&pem), id, err);
    moxd_buf_fini(&pem);
    return n < 0 ? moxd_err_set(err, MOXD_ERR_IO, "standard input cannot be read") : rc;
}

static int check_name(const char *name, struct moxd_err *err)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return moxd_err_set(err, MOXD_ERR_INVALID, "control characters in the name");
    if (n > AUTH_KEY_NAME_MAX || !moxd_str_is_utf8(moxd_cstr(name)))
        return moxd_err_set(err, MOXD_ERR_INVALID, "the name must be UTF-8 of at most %d bytes",
                            (int)AUTH_KEY_NAME_MAX);
    return 0;
}

int auth_cmd_tlspubkey_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    struct auth *auth = MOXD_CONTAINER(m, struct auth, m);
    struct accounts_account account;
    struct auth_tlskey key = { .preauth = true, .name = "" };

    if (strcmp(argv[0], "-no-preauth") == 0) {
        key.preauth = false;
        argc--, argv++;
    }
    if (argc < 1 || argc > 2)
        return moxd_err_set(err, MOXD_ERR_INVALID, "give an address, and a name if you like");
    if (auth->accounts->login(auth->accounts_self, moxd_cstr(argv[0]), moxd_ctl_arena(c), &account,
                              err) < 0)
        return -1;
    key.account = account.name;
    key.login = argv[0];
    key.name = argc > 1 ? argv[1] : "";
    if (check_name(key.name, err) < 0 || read_key(c, key.id, err) < 0 ||
        auth_key_add(auth, &key, err) < 0)
        return -1;
    return print(c, &key);
}

int auth_cmd_tlspubkey_get(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    unsigned char id[AUTH_KEY_ID];
    struct auth_tlskey key;

    (void)argc;
    if (parse_id(argv[0], id, err) < 0)
        return -1;
    int rc = auth_key_get(MOXD_CONTAINER(m, struct auth, m), id, moxd_ctl_arena(c), &key, err);
    if (rc == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no such key");
    return rc < 0 ? -1 : print(c, &key);
}

int auth_cmd_tlspubkey_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    struct auth_tlskey *v;
    size_t n;

    if (auth_key_list(MOXD_CONTAINER(m, struct auth, m), argc > 0 ? argv[0] : NULL,
                      moxd_ctl_arena(c), &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (print(c, &v[i]) < 0)
            return -1;
    return 0;
}

int auth_cmd_tlspubkey_rm(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    unsigned char id[AUTH_KEY_ID];

    (void)argc;
    if (parse_id(argv[0], id, err) < 0 ||
        auth_key_rm(MOXD_CONTAINER(m, struct auth, m), id, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "key %s removed; sessions that use it go on\n", argv[0]) < 0 ? -1 : 0;
}
