/* A domain, a line end, and a public suffix list: the organization is a name above the domain, whole labels of it. */
#include "fuzz.h"

#include <moxmail/psl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str list = moxd_str((const char *)data, size);
    struct moxd_str domain = moxd_str_cut(&list, '\n');
    struct moxd_psl *psl = moxd_psl_parse(list, NULL);

    if (psl && domain.n <= 253) {
        struct moxd_str org = moxd_psl_organization(psl, domain);
        moxd_assert(org.n <= domain.n);
        moxd_assert(org.n == 0 || org.p + org.n == domain.p + domain.n);
        moxd_assert(org.n == 0 || org.n == domain.n || org.p[-1] == '.');
        if (org.n > 0)
            moxd_assert(moxd_str_eq(moxd_psl_organization(psl, org), org));
    }
    moxd_psl_free(psl);
    return 0;
}
