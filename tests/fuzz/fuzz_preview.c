/* Previews of plain and HTML texts: any bytes give at most 200 characters of well-formed text. */
#include "fuzz.h"

#include <moxmail/preview.h>
#include <stdlib.h>
#include <uninorm.h>
#include <unistr.h>

static void check(struct moxd_str s)
{
    size_t n = 0;

    moxd_assert(moxd_str_is_utf8(s));
    moxd_assert(u8_mbsnlen((const uint8_t *)s.p, s.n) <= MOXD_PREVIEW_MAX);
    moxd_assert(s.n == 0 || (s.p[0] != ' ' && s.p[s.n - 1] != ' '));
    for (size_t i = 0; i < s.n; i++)
        moxd_assert((unsigned char)s.p[i] >= ' ' && s.p[i] != 0x7F);
    uint8_t *nfc = u8_normalize(UNINORM_NFC, (const uint8_t *)s.p, s.n, NULL, &n);
    moxd_assert(nfc == NULL || (n == s.n && (n == 0 || memcmp(nfc, s.p, n) == 0)));
    free(nfc);
}

/* The first byte says which kind of text the others are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_text *t = moxd_text_new();
    struct moxd_buf out = MOXD_BUF_INIT(MOXD_PREVIEW_BYTES), all = MOXD_BUF_INIT(1 << 24);
    struct moxd_msg *m;

    moxd_buf_addf(&all, "Content-Type: text/%s; charset=utf-8\r\n\r\n",
                  size > 0 && data[0] == 'h' ? "html" : "plain");
    moxd_buf_add(&all, data + (size > 0), size - (size > 0));
    struct moxd_str text = moxd_buf_str(&all);
    struct moxd_reader r = moxd_reader_mem(&text);
    moxd_assert(moxd_msg_parse(a, &r, &m, NULL) == 0);
    moxd_assert(moxd_preview(t, &r, m, &out, NULL) == 0);
    moxd_assert(!out.overflow);
    check(moxd_buf_str(&out));
    moxd_buf_fini(&out);
    moxd_buf_fini(&all);
    moxd_text_free(t);
    moxd_arena_free(a);
    return 0;
}
