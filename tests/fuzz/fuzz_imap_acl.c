/* Stored lists of rights: any bytes are refused or read, and what was read is written as it was. */
#include "fuzz.h"

#include <moxmail/imap_acl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str in = moxd_str((const char *)data, size);
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    struct moxd_imap_acl acl;
    unsigned rights;

    if (moxd_imap_acl_decode(a, in, &acl, NULL) == 0) {
        moxd_imap_acl_encode(&acl, &b);
        moxd_assert(moxd_str_eq(moxd_buf_str(&b), in));
        for (size_t i = 0; i < acl.n; i++) {
            moxd_assert(moxd_imap_acl_get(&acl, acl.v[i].id) == acl.v[i].rights);
            (void)moxd_imap_acl_rights(&acl, acl.v[i].id);
        }
    }
    (void)!moxd_imap_rights_parse(in, &rights, NULL);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
    return 0;
}
