/* Record data: the first byte chooses the type. */
#include "fuzz.h"

#include "dns/rdata.h"

static void check_name(const char *name)
{
    enum { LONGEST = 1016 }; /* 255 bytes of wire, each at most four characters */
    size_t n = strlen(name);

    moxd_assert(n <= LONGEST);
    for (size_t i = 0; i < n; i++)
        moxd_assert(name[i] > ' ' && name[i] < 0x7f && !(name[i] >= 'A' && name[i] <= 'Z'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum moxd_dns_type types[] = {
        MOXD_DNS_A,   MOXD_DNS_NS,   MOXD_DNS_CNAME, MOXD_DNS_PTR,  MOXD_DNS_MX,
        MOXD_DNS_TXT, MOXD_DNS_AAAA, MOXD_DNS_SRV,   MOXD_DNS_TLSA,
    };
    struct moxd_dns_record rr;

    if (size == 0)
        return 0;
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str s = moxd_str((const char *)data + 1, size - 1);
    if (core_rdata_decode(types[data[0] % MOXD_NELEMS(types)], s, a, &rr) == 0) {
        moxd_assert(moxd_str_eq(rr.data, s));
        moxd_assert(rr.text.n <= s.n);
        if (rr.name != NULL)
            check_name(rr.name);
    }
    moxd_arena_free(a);
    return 0;
}
