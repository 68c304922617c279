/* Passwords that were right a moment ago (P-STORE-12), so that a client which logs in again and again
 * does not cost a slow hash each time. Holds a keyed digest of account and password, never the
 * password. Loop thread only. */
#ifndef AUTH_CACHE_H
#define AUTH_CACHE_H

#include <moxd/str.h>

enum { AUTH_CACHE_MAX = 4096, AUTH_CACHE_KEY_LEN = 32 };

struct auth_cache_entry;
struct auth_cache {
    unsigned char key[AUTH_CACHE_KEY_LEN]; /* random, of this process */
    struct auth_cache_entry *entries;      /* oldest first */
};

void auth_cache_init(struct auth_cache *c);
void auth_cache_fini(struct auth_cache *c);
/* Remembers it for `ns` from now; 0: not at all. */
void auth_cache_add(struct auth_cache *c, const char *account, struct moxd_str password,
                    int64_t ns);
bool auth_cache_has(struct auth_cache *c, const char *account, struct moxd_str password);
/* Forgets everything about the account: its password changes. */
void auth_cache_forget(struct auth_cache *c, const char *account);

#endif
