#ifndef MAIL_DKIM_PRIVATE_H
#define MAIL_DKIM_PRIVATE_H

#include <openssl/evp.h>
#include <stdatomic.h>

struct moxd_dkim_private {
    EVP_PKEY *pkey;
    enum moxd_dkim_alg alg;
    atomic_uint refs;
};

#endif
