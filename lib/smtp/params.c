/* What MAIL and RCPT have in common: a path, and parameters (RFC 5321 4.1.2). */
#include "smtp.h"

enum { PARAMS_MAX = 32 }; /* of a table: they are bits */

static size_t blanks(struct moxd_str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] == ' ')
        n++;
    return n;
}

static int take_path(struct moxd_str *args, unsigned opts, struct moxd_arena *a,
                     struct moxd_address *out, bool *utf8, struct moxd_err *err)
{
    unsigned flags = mail_smtp_address_flags(opts);
    struct moxd_str start = *args;
    if (opts & MOXD_SMTP_EXT_SMTPUTF8)
        flags |= MOXD_ADDRESS_UTF8;
    if (moxd_path_take(args, flags, a, out, err) < 0)
        return -1;
    *utf8 = !moxd_str_is_ascii(moxd_str_sub(start, 0, start.n - args->n));
    return 0;
}

int mail_smtp_path(struct moxd_str *args, const char *keyword, unsigned opts, struct moxd_arena *a,
                   struct moxd_address *out, bool *utf8, struct moxd_err *err)
{
    struct moxd_str key = moxd_cstr(keyword);
    if (!moxd_str_casestarts(*args, key))
        return mail_smtp_fail(err, "expected %s<address>", keyword);
    *args = moxd_str_from(*args, key.n);
    if (blanks(*args) > 0 && (opts & MOXD_SMTP_PEDANTIC))
        return mail_smtp_fail(err, "no space is allowed behind %s", keyword);
    *args = moxd_str_from(*args, blanks(*args));
    if (take_path(args, opts, a, out, utf8, err) < 0)
        return -1;
    if (args->n > 0 && args->p[0] != ' ')
        return mail_smtp_fail(err, "expected a space behind \">\"");
    return 0;
}

/* esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-") */
static bool is_keyword(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!moxd_is_alpha(s.p[i]) && !moxd_is_digit(s.p[i]) && (i == 0 || s.p[i] != '-'))
            return false;
    return s.n > 0;
}

/* esmtp-value = 1*(%d33-60 / %d62-126), and UTF-8 with SMTPUTF8 (RFC 6531 3.3) */
static bool is_value(struct moxd_str s, unsigned opts)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == '=' || c == 0x7f || (c > 0x7f && !(opts & MOXD_SMTP_EXT_SMTPUTF8)))
            return false;
    }
    return s.n > 0 && moxd_str_is_utf8(s);
}

static const struct mail_smtp_param *find(const struct mail_smtp_param *table, struct moxd_str name,
                                          unsigned opts)
{
    for (; table->name != NULL; table++)
        if ((table->ext & opts) && moxd_str_caseeqs(name, table->name))
            return table;
    return NULL;
}

/* esmtp-param = esmtp-keyword ["=" esmtp-value]; *seen has a bit for each parameter of the table. */
static int set_param(struct moxd_str text, const struct mail_smtp_param *table, uint32_t *seen,
                     void *out, unsigned opts, struct moxd_arena *a, struct moxd_err *err)
{
    struct moxd_str value = text, name = moxd_str_cut(&value, '=');
    bool has_value = value.p != NULL;
    if (!is_keyword(name) || (has_value && !is_value(value, opts)))
        return mail_smtp_fail(err, "malformed parameter");
    const struct mail_smtp_param *p = find(table, name, opts);
    if (p == NULL)
        return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 555, "5.5.4",
                                 "parameter %" MOXD_STRF " is not known here",
                                 MOXD_STRA(moxd_str_sub(name, 0, 40)));
    size_t i = (size_t)(p - table);
    moxd_assert(i < PARAMS_MAX);
    uint32_t bits = UINT32_C(1) << i | (p->once_with_previous ? UINT32_C(1) << (i - 1) : 0);
    if (*seen & bits)
        return mail_smtp_fail(err, "parameter %s is given twice, or with one that excludes it",
                              p->name);
    *seen |= bits;
    if (has_value != p->has_value)
        return mail_smtp_fail(err, "parameter %s %s a value", p->name,
                              p->has_value ? "needs" : "has not");
    return p->set(out, value, opts, a, err);
}

int mail_smtp_params(struct moxd_str args, const struct mail_smtp_param *table, void *out,
                     unsigned opts, struct moxd_arena *a, struct moxd_err *err)
{
    uint32_t seen = 0;
    while (args.n > 0) {
        size_t n = blanks(args);
        if (n > 1 && (opts & MOXD_SMTP_PEDANTIC))
            return mail_smtp_fail(err, "more than one space before a parameter");
        args = moxd_str_from(args, n);
        struct moxd_str text = moxd_str_sub(args, 0, args.n);
        ptrdiff_t end = moxd_str_chr(args, ' ');
        text.n = end >= 0 ? (size_t)end : args.n;
        args = moxd_str_from(args, text.n);
        if (set_param(text, table, &seen, out, opts, a, err) < 0)
            return -1;
    }
    return 0;
}

int mail_smtp_word(struct moxd_str s, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++)
        if (moxd_str_caseeqs(s, words[i]))
            return i;
    return -1;
}

int mail_smtp_xtext(struct moxd_str s, struct moxd_arena *a, struct moxd_str *out)
{
    struct moxd_buf b MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(s.n);
    if (moxd_xtext_decode(&b, s) < 0)
        return -1;
    *out = moxd_arena_str(a, moxd_buf_str(&b));
    return 0;
}
