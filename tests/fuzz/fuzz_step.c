/* Records of traces: any bytes are read, or not; what is read can be shown, and written again as it was. */
#include "fuzz.h"

#include <moxmail/step.h>

static void check_shown(const struct moxd_step *s)
{
    struct moxd_buf line = MOXD_BUF_INIT(1 << 20);

    moxd_step_show(&line, s);
    struct moxd_str text = moxd_buf_str(&line);
    moxd_assert(moxd_str_is_utf8(text));
    for (size_t i = 0; i < text.n; i++)
        moxd_assert((unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f);
    moxd_buf_reset(&line);
    moxd_step_json(&line, s);
    text = moxd_buf_str(&line);
    moxd_assert(moxd_str_is_utf8(text) && text.p[0] == '{' && text.p[text.n - 1] == '}');
    moxd_buf_fini(&line);
}

static void check_written(const struct moxd_step *s, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20), again = MOXD_BUF_INIT(1 << 20);
    struct moxd_step back;

    moxd_step_put(&b, s);
    struct moxd_str rest = moxd_buf_str(&b);
    moxd_assert(!b.overflow && moxd_step_next(&rest, a, &back, NULL) == 1 && rest.n == 0);
    moxd_step_put(&again, &back);
    moxd_assert(moxd_str_eq(moxd_buf_str(&b), moxd_buf_str(&again)));
    moxd_buf_fini(&b);
    moxd_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str rest = moxd_str((const char *)data, size);
    struct moxd_step s;

    while (moxd_step_next(&rest, a, &s, NULL) > 0) {
        check_shown(&s);
        check_written(&s, a);
    }
    moxd_arena_free(a);
    return 0;
}
