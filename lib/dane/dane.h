/* What the parts of lib/dane share. */
#ifndef MAIL_DANE_H
#define MAIL_DANE_H

#include <moxmail/dane.h>
#include <openssl/x509.h>

enum { MAIL_DANE_DIGEST_MAX = 64 };

/* The digest of a matching type, NULL when it has none. */
const EVP_MD *mail_dane_digest(unsigned matching);
/* What a selector selects, in DER; the caller frees with OPENSSL_free. <= 0: cannot be had. */
int mail_dane_select(X509 *cert, unsigned selector, unsigned char **out);

#endif
