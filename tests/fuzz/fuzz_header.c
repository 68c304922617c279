/* Header text: encoded words, Content-Type parameters, message ids, subjects, line ends. */
#include "fuzz.h"

#include <moxmail/collate.h>
#include <moxmail/encword.h>
#include <moxmail/header.h>
#include <moxmail/header_write.h>
#include <moxmail/mime.h>
#include <moxmail/newline.h>
#include <moxmail/thread.h>

enum { ROOM = 8 << 20 };

static void parameters(struct moxd_str s)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str type, subtype, tag;
    struct moxd_params params = { 0 };
    struct moxd_buf b = MOXD_BUF_INIT(ROOM);
    if (moxd_content_type_parse(a, s, &type, &subtype, &params) == 0)
        moxd_assert(type.n > 0 && subtype.n > 0 && params.n <= MOXD_PARAMS_MAX);
    for (size_t i = 0; i < params.n; i++) {
        moxd_assert(params.v[i].name.n > 0);
        moxd_param_text(&b, &params.v[i]);
    }
    moxd_assert(moxd_str_is_utf8(moxd_buf_str(&b)));
    if (moxd_disposition_parse(a, s, &type, &params) == 0)
        moxd_assert(type.n > 0);
    moxd_cte_parse(s);
    while (moxd_language_next(&s, &tag))
        moxd_assert(tag.n > 0);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}

/* What we write is read back as the same text, and stays within its field. */
static void written(struct moxd_str text)
{
    struct moxd_buf out = MOXD_BUF_INIT(ROOM), back = MOXD_BUF_INIT(ROOM);
    struct moxd_header_writer w;
    moxd_hw_begin(&w, &out, "X");
    moxd_hw_text(&w, text);
    moxd_hw_phrase(&w, text);
    moxd_hw_end(&w);
    struct moxd_str rest = moxd_buf_str(&out);
    struct moxd_field f;
    moxd_assert(moxd_str_is_ascii(rest));
    moxd_assert(moxd_field_next(&rest, &f) && rest.n == 0);
    moxd_field_text(&back, f.value);
    moxd_assert(!out.overflow);
    moxd_buf_fini(&out);
    moxd_buf_fini(&back);
}

static void threads(struct moxd_str s)
{
    struct moxd_buf b = MOXD_BUF_INIT(ROOM);
    struct moxd_str id;
    moxd_base_subject(&b, s, NULL);
    moxd_assert(moxd_str_is_utf8(moxd_buf_str(&b)));
    moxd_casemap(&b, moxd_str_sub(s, 0, MOXD_SUBJECT_MAX));
    moxd_msgid_normalise(&b, moxd_msgid_of(s));
    while (moxd_msgid_next(&s, &id)) {
        moxd_assert(id.n > 0 && id.n <= MOXD_MSGID_MAX);
        moxd_msgid_normalise(&b, id);
    }
    moxd_buf_fini(&b);
}

static void line_ends(struct moxd_str s)
{
    struct moxd_newline nl = { 0 }, again = { 0 };
    struct moxd_buf b = MOXD_BUF_INIT(ROOM);
    moxd_newline_write(&nl, s, true, &b);
    moxd_newline_scan(&again, moxd_buf_str(&b), true);
    moxd_assert(again.bare_lf == 0 && again.lines == nl.lines && again.bare_cr == nl.bare_cr);
    moxd_assert(again.longest == nl.longest && b.n == s.n + nl.bare_lf);
    moxd_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = moxd_str((const char *)data, size);
    struct moxd_buf b = MOXD_BUF_INIT(ROOM);
    moxd_encword_decode(&b, s);
    moxd_assert(moxd_str_is_utf8(moxd_buf_str(&b)));
    moxd_buf_fini(&b);
    parameters(s);
    written(s);
    threads(s);
    line_ends(s);
    return 0;
}
