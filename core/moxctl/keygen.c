/* moxctl tlspubkey gen: a private key for a mail program that logs in with it (AUTH-13). */
#include "moxctl/moxctl.h"

#include <moxd/tls.h>
#include <stdio.h>
#include <unistd.h>

/* What is there already may be the only copy of a key in use. */
static int check_free(const char *path)
{
    if (access(path, F_OK) < 0)
        return 0;
    fprintf(stderr, "moxctl: %s is there already: choose another name\n", path);
    return -1;
}

static void explain(const char *stem)
{
    printf("%s.key.pem: the private key, for the mail program alone\n"
           "%s.cert.pem: the certificate that goes with it; only its public key counts\n"
           "Let it log in:\n"
           "    moxctl tlspubkey add ADDRESS NAME <%s.cert.pem\n"
           "For programs that want both in one file:\n"
           "    openssl pkcs12 -export -in %s.cert.pem -inkey %s.key.pem -out %s.p12\n",
           stem, stem, stem, stem, stem, stem);
}

int moxctl_tlspubkey_gen(struct moxctl *x, int argc, char **argv)
{
    static const char *const names[] = { "mail-client", NULL };
    const char *cert = moxd_arena_printf(x->a, "%s.cert.pem", argv[0]);
    const char *key = moxd_arena_printf(x->a, "%s.key.pem", argv[0]);
    struct moxd_err err = { 0 };

    (void)argc;
    if (check_free(cert) < 0 || check_free(key) < 0)
        return MOXCTL_FAILED;
    if (moxd_tls_selfsigned(cert, key, names, &err) < 0) {
        fprintf(stderr, "moxctl: %s\n", err.priv);
        return MOXCTL_FAILED;
    }
    explain(argv[0]);
    return MOXCTL_OK;
}
