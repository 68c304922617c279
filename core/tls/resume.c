/* Sessions that our clients may resume (RFC 8446 2.2, RFC 5077): one for each key, the oldest go first. Loop thread
 * only. A session is taken out when it is used, so that no ticket is used twice (RFC 8446 C.4); the server gives
 * a new one with the connection. */
#include "tls/tls_priv.h"

#include <moxd/clock.h>
#include <openssl/err.h>
#include <stdlib.h>
/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

#define SESSION_SECONDS 3600 /* a changed certificate or authority counts after that */

struct kept {
    char *key;
    SSL_SESSION *session;
    UT_hash_handle hh;
};
static struct kept *all; /* in the order in which they came */

static void remove_kept(struct kept *k)
{
    HASH_DEL(all, k);
    SSL_SESSION_free(k->session);
    free(k->key);
    free(k);
}

static struct kept *find(const char *key)
{
    struct kept *k;

    HASH_FIND_STR(all, key, k);
    return k;
}

static void free_key(void *parent, void *key, CRYPTO_EX_DATA *data, int index, long l, void *p)
{
    (void)parent, (void)data, (void)index, (void)l, (void)p;
    free(key);
}

/* Where a connection has its key. */
static int key_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_key);
    moxd_assert(index >= 0);
    return index;
}

/* Takes the session when it is kept. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    const char *key = SSL_get_ex_data(ssl, key_index());
    struct kept *k = key != NULL ? find(key) : NULL;

    if (key == NULL || SSL_SESSION_is_resumable(session) != 1)
        return 0;
    if (k != NULL)
        remove_kept(k);
    else if (HASH_COUNT(all) >= CORE_TLS_SESSIONS_MAX)
        remove_kept(all);
    k = moxd_xcalloc(1, sizeof(*k));
    k->key = moxd_xstrdup(key);
    k->session = session;
    HASH_ADD_KEYPTR(hh, all, k->key, strlen(k->key), k);
    return 1;
}

void core_tls_resume_ctx(SSL_CTX *ctx)
{
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_timeout(ctx, SESSION_SECONDS);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
}

static bool is_old(const SSL_SESSION *session)
{
    int64_t age = moxd_wall() / MOXD_SEC - SSL_SESSION_get_time(session);

    return age < 0 || age >= SESSION_SECONDS || SSL_SESSION_is_resumable(session) != 1;
}

void core_tls_resume(SSL *ssl, const char *key)
{
    struct kept *k;

    if (strlen(key) > CORE_TLS_SESSION_KEY_MAX)
        return;
    SSL_set_ex_data(ssl, key_index(), moxd_xstrdup(key));
    k = find(key);
    if (k == NULL)
        return;
    if (!is_old(k->session))
        SSL_set_session(ssl, k->session);
    remove_kept(k);
    ERR_clear_error();
}

void core_tls_resume_not(SSL *ssl)
{
    char *key = SSL_get_ex_data(ssl, key_index());
    struct kept *k = key != NULL ? find(key) : NULL;

    if (k != NULL)
        remove_kept(k);
    SSL_set_ex_data(ssl, key_index(), NULL);
    free(key);
}
