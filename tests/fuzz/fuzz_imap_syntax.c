#include "fuzz.h"

#include <moxd/buf.h>
#include <moxmail/imap_syntax.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str text = moxd_str((const char *)data, size);
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    struct moxd_imap_cmd cmd;
    struct moxd_imap_literal lit;
    struct moxd_err err = { 0 };

    if (moxd_imap_parse(text, a, &cmd, &err) == 0) {
        for (size_t i = 0; i < cmd.nitems; i++)
            moxd_imap_put_section(&b, &cmd.items[i].sec);
        moxd_imap_put_astring(&b, cmd.mailbox, true);
    } else {
        moxd_assert(err.pub[0] != '\0');
    }
    (void)moxd_imap_literal(text, &lit);
    (void)moxd_imap_is_append_data(text);
    (void)moxd_imap_is_secret(text);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
    return 0;
}
