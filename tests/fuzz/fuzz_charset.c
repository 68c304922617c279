/* Charsets and transfer encodings. The first line names the charset, its first byte the chunk size;
 * the rest is text, whole and in chunks. */
#include "fuzz.h"

#include <moxmail/charset.h>
#include <moxmail/text.h>
#include <moxmail/transfer.h>

#include <stdlib.h>

enum { ROOM = 16 << 20 };

static void charset(struct moxd_str name, struct moxd_str text, size_t chunk)
{
    struct moxd_charset c;
    struct moxd_buf whole = MOXD_BUF_INIT(ROOM), pieces = MOXD_BUF_INIT(ROOM);
    moxd_charset_to_utf8(&whole, name, text);
    moxd_assert(moxd_str_is_utf8(moxd_buf_str(&whole)));
    moxd_assert(whole.n <= text.n * MOXD_CHARSET_GROWTH + MOXD_CHARSET_TAIL_MAX);
    moxd_charset_init(&c, name);
    do {
        struct moxd_str some = moxd_str_sub(text, 0, chunk);
        text = moxd_str_from(text, some.n);
        moxd_charset_write(&c, some, text.n == 0, &pieces);
    } while (text.n > 0);
    moxd_assert(moxd_str_is_utf8(moxd_buf_str(&pieces)));
    if (c.kind != MOXD_CHARSET_ICONV)
        moxd_assert(moxd_str_eq(moxd_buf_str(&whole), moxd_buf_str(&pieces)));
    moxd_charset_fini(&c);
    moxd_buf_fini(&whole);
    moxd_buf_fini(&pieces);
}

static void transfer(enum moxd_cte cte, struct moxd_str text, size_t chunk)
{
    struct moxd_transfer t;
    char *whole = malloc(text.n + MOXD_TRANSFER_SLACK),
         *piece = malloc(chunk + MOXD_TRANSFER_SLACK);
    size_t at = 0;
    moxd_transfer_init(&t, cte);
    size_t n = moxd_transfer_write(&t, text, true, whole);
    moxd_assert(n <= text.n);
    moxd_transfer_init(&t, cte);
    do {
        struct moxd_str some = moxd_str_sub(text, 0, chunk);
        text = moxd_str_from(text, some.n);
        size_t got = moxd_transfer_write(&t, some, text.n == 0, piece);
        moxd_assert(at + got <= n && memcmp(whole + at, piece, got) == 0);
        at += got;
    } while (text.n > 0);
    moxd_assert(at == n);
    free(whole);
    free(piece);
}

/* Searching in chunks finds what searching at once finds. */
static void search(struct moxd_str needle, struct moxd_str text, size_t chunk)
{
    struct moxd_search *s;
    struct moxd_buf utf8 = MOXD_BUF_INIT(ROOM);
    if (moxd_search_new(&s, &needle, 1, NULL))
        return;
    moxd_utf8_repair(&utf8, text, true);
    moxd_search_write(s, moxd_buf_str(&utf8));
    moxd_search_end(s);
    bool found = moxd_search_found_all(s);
    moxd_search_reset(s);
    for (size_t at = 0; at < utf8.n;) {
        size_t n = chunk < utf8.n - at ? chunk : utf8.n - at;
        while (at + n < utf8.n && ((unsigned char)utf8.p[at + n] & 0xC0) == 0x80)
            n++;
        moxd_search_write(s, moxd_str(utf8.p + at, n));
        at += n;
    }
    moxd_search_end(s);
    moxd_assert(moxd_search_found_all(s) == found);
    moxd_search_free(s);
    moxd_buf_fini(&utf8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str text = moxd_str((const char *)data, size);
    struct moxd_str name = moxd_str_cut(&text, '\n');
    size_t chunk = size > 0 ? data[0] % 40 + 1 : 1;
    charset(name, text, chunk);
    transfer(MOXD_CTE_QP, text, chunk);
    transfer(MOXD_CTE_BASE64, text, chunk);
    search(name, text, chunk);
    return 0;
}
