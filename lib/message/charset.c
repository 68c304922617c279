/* Conversion to UTF-8 with iconv, and without it where that is safer. */
#include <moxmail/charset.h>

#include <errno.h>
#include <iconv.h>

#include "charset_jis.h"
#include "charset_names.h"

enum { OUT_CHUNK = 1024 /* bytes converted at once, on the stack */ };

static const struct moxd_str replacement = { "\xEF\xBF\xBD", 3 };

bool moxd_charset_init(struct moxd_charset *c, struct moxd_str label)
{
    char buf[MOXD_CHARSET_NAME_MAX + 1];
    const char *name = mail_charset_name(label, buf);
    *c = (struct moxd_charset){ .kind = MOXD_CHARSET_UNKNOWN };
    if (name && strcmp(name, "UTF-8") == 0) {
        c->kind = MOXD_CHARSET_UTF8;
        return true;
    }
    bool jis = name && strcmp(name, MAIL_CHARSET_JIS) == 0;
    iconv_t cd = name ? iconv_open("UTF-8", jis ? "CP932" : name) : (iconv_t)-1;
    if (cd == (iconv_t)-1)
        return false;
    c->cd = cd;
    c->kind = jis ? MOXD_CHARSET_JIS : MOXD_CHARSET_ICONV;
    return true;
}

void moxd_charset_fini(struct moxd_charset *c)
{
    if (c->kind == MOXD_CHARSET_ICONV || c->kind == MOXD_CHARSET_JIS)
        iconv_close(c->cd);
    c->cd = NULL;
    c->kind = MOXD_CHARSET_UNKNOWN;
}

static void lossy_ascii(struct moxd_str in, struct moxd_buf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        if ((unsigned char)in.p[i] < 0x80)
            moxd_buf_addc(out, in.p[i]);
        else
            moxd_buf_addstr(out, replacement);
    }
}

/* Converts what it can of *in, which is left at what it cannot. Returns errno of the last step. */
static int iconv_run(struct moxd_charset *c, struct moxd_str *in, struct moxd_buf *out)
{
    for (;;) {
        char chunk[OUT_CHUNK], *op = chunk, *ip = (char *)(uintptr_t)in->p;
        size_t left = sizeof(chunk), before = in->n;
        int e = iconv(c->cd, &ip, &in->n, &op, &left) == (size_t)-1 ? errno : 0;
        in->p = ip;
        size_t n = sizeof(chunk) - left;
        moxd_utf8_repair(out, moxd_str(chunk, n), true);
        if (e != E2BIG || (n == 0 && in->n == before))
            return e;
    }
}

/* Puts the state back to where nothing is pending, and emits what was. */
static void iconv_flush(struct moxd_charset *c, struct moxd_buf *out)
{
    char chunk[OUT_CHUNK], *op = chunk;
    size_t left = sizeof(chunk);
    iconv(c->cd, NULL, NULL, &op, &left);
    moxd_utf8_repair(out, moxd_str(chunk, sizeof(chunk) - left), true);
}

/* Converts; returns how many bytes at the end are an incomplete character. */
static size_t convert(struct moxd_charset *c, struct moxd_str in, bool last, struct moxd_buf *out)
{
    if (c->kind == MOXD_CHARSET_UTF8)
        return moxd_utf8_repair(out, in, last);
    if (c->kind == MOXD_CHARSET_UNKNOWN) {
        lossy_ascii(in, out);
        return 0;
    }
    while (in.n > 0) {
        int e = iconv_run(c, &in, out);
        if (in.n == 0)
            break;
        if (e == EINVAL && !last && in.n < MOXD_CHARSET_TAIL_MAX)
            return in.n;
        moxd_buf_addstr(out, replacement);
        in = moxd_str_from(in, 1);
    }
    if (last)
        iconv_flush(c, out);
    return 0;
}

/* Converts the character that the chunk before had cut, with enough bytes of this one to be surely
 * whole; *in is left at what comes after. True when this chunk was all needed for it. */
static bool complete_tail(struct moxd_charset *c, struct moxd_str *in, bool last,
                          struct moxd_buf *out)
{
    char both[2 * MOXD_CHARSET_TAIL_MAX];
    size_t n = in->n < MOXD_CHARSET_TAIL_MAX ? in->n : MOXD_CHARSET_TAIL_MAX, all = c->ntail + n;
    memcpy(both, c->tail, c->ntail);
    if (n > 0)
        memcpy(both + c->ntail, in->p, n);
    size_t rest = convert(c, moxd_str(both, all), last && n == in->n, out);
    bool used_up = n == in->n;
    c->ntail = 0;
    if (used_up) {
        moxd_assert(rest < MOXD_CHARSET_TAIL_MAX);
        memcpy(c->tail, both + (all - rest), rest);
        c->ntail = rest;
        return true;
    }
    moxd_assert(rest <= n);
    *in = moxd_str_from(*in, n - rest);
    return false;
}

static void write_chunk(struct moxd_charset *c, struct moxd_str in, bool last, struct moxd_buf *out)
{
    if (c->ntail > 0 && complete_tail(c, &in, last, out))
        return;
    size_t rest = convert(c, in, last, out);
    moxd_assert(rest < MOXD_CHARSET_TAIL_MAX);
    if (rest > 0)
        memcpy(c->tail, in.p + (in.n - rest), rest);
    c->ntail = rest;
}

static void write_jis(struct moxd_charset *c, struct moxd_str in, bool last, struct moxd_buf *out)
{
    do {
        char sjis[OUT_CHUNK + sizeof(c->jis.held)];
        struct moxd_str some = moxd_str_sub(in, 0, OUT_CHUNK);
        in = moxd_str_from(in, some.n);
        bool end = last && in.n == 0;
        size_t n = mail_jis_to_sjis(&c->jis, some, end, sjis);
        write_chunk(c, moxd_str(sjis, n), end, out);
    } while (in.n > 0);
}

void moxd_charset_write(struct moxd_charset *c, struct moxd_str in, bool last, struct moxd_buf *out)
{
    if (c->kind == MOXD_CHARSET_JIS)
        write_jis(c, in, last, out);
    else
        write_chunk(c, in, last, out);
    if (last)
        c->jis = (struct moxd_jis){ 0 };
}

bool moxd_charset_to_utf8(struct moxd_buf *out, struct moxd_str charset, struct moxd_str in)
{
    struct moxd_charset c;
    bool known = moxd_charset_init(&c, charset);
    moxd_charset_write(&c, in, true, out);
    moxd_charset_fini(&c);
    return known;
}

bool moxd_charset_known(struct moxd_str name)
{
    struct moxd_charset c;
    bool known = moxd_charset_init(&c, name);
    moxd_charset_fini(&c);
    return known;
}
