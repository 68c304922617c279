#include "fuzz.h"

#include <moxmail/smtp_syntax.h>

static void check_error(int r, const struct moxd_err *err)
{
    moxd_assert(r == 0 ||
                (err->pub[0] != '\0' && err->smtp_code >= 500 && err->enhanced[0] == '5'));
}

static void parse_command(struct moxd_str line, unsigned opts, struct moxd_arena *a)
{
    struct moxd_err err = { 0 };
    struct moxd_smtp_hello hello;
    struct moxd_smtp_mail mail;
    struct moxd_smtp_rcpt rcpt;
    struct moxd_smtp_auth auth;
    struct moxd_smtp_bdat bdat;
    struct moxd_str args;
    enum moxd_smtp_verb verb = moxd_smtp_verb(line, &args);

    check_error(moxd_smtp_parse_hello(args, MOXD_SMTP_EHLO, opts, a, &hello, &err), &err);
    check_error(moxd_smtp_parse_hello(args, MOXD_SMTP_HELO, opts, a, &hello, &err), &err);
    int r = moxd_smtp_parse_mail(args, opts, a, &mail, &err);
    check_error(r, &err);
    moxd_assert(r < 0 || mail.smtputf8 || !moxd_address_needs_utf8(&mail.from));
    r = moxd_smtp_parse_rcpt(args, opts, a, &rcpt, &err);
    check_error(r, &err);
    moxd_assert(r < 0 || !moxd_address_is_null(&rcpt.to));
    check_error(moxd_smtp_parse_auth(args, a, &auth, &err), &err);
    check_error(moxd_smtp_parse_bdat(args, &bdat, &err), &err);
    moxd_assert(moxd_smtp_verb_usage(verb) != NULL);
}

static void parse_reply(struct moxd_str text, struct moxd_arena *a)
{
    struct moxd_smtp_reply reply = { 0 };
    int r;
    do {
        r = moxd_smtp_reply_add(&reply, moxd_str_cut(&text, '\n'), a, NULL);
    } while (r == 1 && text.p != NULL);
    for (size_t i = 0; i < reply.nlines; i++)
        moxd_assert(moxd_smtp_reply_text(&reply, i).n <= reply.lines[i].n);
}

/* The first two bytes choose the options. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str s = moxd_str_from(moxd_str((const char *)data, size), 2);
    unsigned opts = size > 1 ? (unsigned)data[0] << 8 | data[1] : 0;
    parse_command(s, opts, a);
    parse_reply(s, a);
    moxd_arena_free(a);
    return 0;
}
