/* Stored summaries of headers: any bytes are refused or give fields inside them; and a header's own summary
 * answers as the header does. */
#include "fuzz.h"

#include "tests/message_check.h"

static void stored(struct moxd_str data)
{
    static const struct moxd_str names[] = { { "From", 4 },
                                             { "References", 10 },
                                             { "Received", 8 } };
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf out = MOXD_BUF_INIT(4 << 20);
    struct moxd_summary_query q;
    struct moxd_summary s;
    struct moxd_field f;

    if (moxd_summary_read(&s, data) == 0) {
        moxd_summary_query(&q, names, MOXD_NELEMS(names), a);
        (void)moxd_summary_knows(&s, &q);
        moxd_summary_filter(&s, &q, &out);
        for (struct moxd_str rest = s.fields; moxd_summary_next(&rest, &q, &f);)
            moxd_assert(f.value.n <= data.n);
        moxd_summary_query_envelope(&q, a);
        (void)moxd_summary_envelope(&s, &q, a);
    }
    moxd_buf_fini(&out);
    moxd_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str text = moxd_str((const char *)data, size);

    stored(text);
    check_summary(moxd_str_sub(text, 0, moxd_header_end(text)));
    return 0;
}
