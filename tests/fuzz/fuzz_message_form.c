/* Stored structures: any bytes are refused or give a structure inside the message. */
#include "fuzz.h"

#include "tests/message_check.h"

enum { SIZE = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_msg *m = NULL;
    if (moxd_msg_decode(a, moxd_str((const char *)data, size), SIZE, &m, NULL) == 0) {
        for (uint32_t i = 0; i < m->nparts; i++)
            check_part(m, i);
        check_stored_form(a, m);
    }
    moxd_arena_free(a);
    return 0;
}
