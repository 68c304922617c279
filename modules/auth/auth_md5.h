/* MD5 (RFC 1321) as CRAM-MD5 needs it: the state of HMAC-MD5 after its key (RFC 2104 4) is what is
 * stored instead of the password (AUTH-02). OpenSSL 3 does not hand out the state of a digest in
 * progress, so the compression function is here. Pure. For nothing else: MD5 is broken as a hash. */
#ifndef AUTH_MD5_H
#define AUTH_MD5_H

#include <moxd/str.h>

enum { AUTH_MD5_LEN = 16, AUTH_MD5_BLOCK = 64 };

struct auth_md5 {
    uint32_t h[4];
};
/* HMAC states after the padded key went through inner and outer hash. */
struct auth_cram {
    struct auth_md5 inner, outer;
};

void auth_md5(struct moxd_str s, unsigned char out[AUTH_MD5_LEN]);
void auth_cram_derive(struct moxd_str key, struct auth_cram *out);
/* HMAC-MD5(key, s) from the states. */
void auth_cram_mac(const struct auth_cram *c, struct moxd_str s, unsigned char out[AUTH_MD5_LEN]);

#endif
