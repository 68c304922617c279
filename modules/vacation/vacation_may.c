/* Which messages get an answer (RFC 3834 2, RFC 5230 4.5 and 4.6). */
#include "vacation.h"

#include <moxmail/header.h>
#include <moxmail/header_address.h>

/* Programs, and who is behind lists (RFC 5230 4.6). */
static bool is_program(struct moxd_str localpart)
{
    static const char *const names[] = { "mailer-daemon", "listserv", "majordomo",
                                         "noreply",       "no-reply", "donotreply",
                                         "do-not-reply",  "bounce",   "bounces" };

    for (size_t i = 0; i < MOXD_NELEMS(names); i++)
        if (moxd_str_caseeqs(localpart, names[i]))
            return true;
    return moxd_str_casestarts(localpart, MOXD_STR("owner-")) ||
           moxd_str_casestarts(localpart, MOXD_STR("bounce-")) ||
           moxd_str_casestarts(localpart, MOXD_STR("bounces+")) ||
           moxd_str_caseends(localpart, MOXD_STR("-request")) ||
           moxd_str_caseends(localpart, MOXD_STR("-bounces"));
}

/* The word that a value begins with; parameters and comments may follow. */
static bool begins_with(struct moxd_str value, const char *word)
{
    struct moxd_str s = moxd_str_trim(value);
    size_t n = 0;

    while (n < s.n && (moxd_is_alpha(s.p[n]) || s.p[n] == '-'))
        n++;
    return moxd_str_caseeqs(moxd_str_sub(s, 0, n), word);
}

static bool says_automatic(const struct moxd_field *f)
{
    if (moxd_str_caseeqs(f->name, "Auto-Submitted"))
        return !begins_with(f->value, "no");
    if (moxd_str_caseeqs(f->name, "Precedence"))
        return begins_with(f->value, "bulk") || begins_with(f->value, "list") ||
               begins_with(f->value, "junk");
    return moxd_str_caseeqs(f->name, "X-Auto-Response-Suppress") ||
           moxd_str_caseeqs(f->name, "X-Autoreply") || moxd_str_caseeqs(f->name, "Feedback-ID");
}

static const char *of_header(struct moxd_str header)
{
    struct moxd_field f;

    while (moxd_field_next(&header, &f)) {
        if (moxd_str_casestarts(f.name, MOXD_STR("List-")))
            return "list";
        if (says_automatic(&f))
            return "automatic";
    }
    return NULL;
}

static bool is_of(const struct vacation *v, const char *account, struct moxd_str localpart,
                  struct moxd_str domain)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct accounts_target to = { 0 };

    return v->accounts->resolve(v->accounts_self, localpart, domain, a, &to, NULL) == 0 &&
           to.account && strcmp(to.account, account) == 0;
}

static bool is_named(const struct vacation *v, const char *account, struct moxd_str value,
                     size_t *left)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct moxd_hdraddr ha;

    moxd_hdraddr_init(&it, value);
    while (*left > 0 && moxd_hdraddr_next(&it, &ha)) {
        if (ha.kind != MOXD_HDRADDR_MAILBOX || ha.domain.n == 0)
            continue;
        (*left)--;
        if (is_of(v, account, ha.localpart, ha.domain))
            return true;
    }
    return false;
}

static bool is_addressed(const struct vacation *v, const char *account, struct moxd_str header)
{
    static const char *const names[] = {
        "To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"
    };
    size_t left = VACATION_ADDRESSED_MAX;
    struct moxd_field f;

    while (moxd_field_next(&header, &f))
        for (size_t i = 0; i < MOXD_NELEMS(names); i++)
            if (moxd_str_caseeqs(f.name, names[i]) && is_named(v, account, f.value, &left))
                return true;
    return false;
}

/* Whose address is forged shall not hear from us. Without checks there is nothing to go by. */
static bool is_forged(const struct vacation *v, const struct smtp_mail *mail)
{
    const struct smtp_auth_result *r;
    bool checked = false;

    if (mail->conn->account)
        return false;
    for (size_t i = 0; (r = v->smtp->auth_result(mail, i)); i++) {
        bool spf = moxd_str_eqs(r->shown.method, "spf") && r->shown.nprops > 0 &&
                   moxd_str_eqs(r->shown.props[0].name, "mailfrom");
        checked |= spf;
        if (moxd_str_eqs(r->shown.result, "pass") &&
            (spf || moxd_str_eqs(r->shown.method, "dmarc")))
            return false;
    }
    return checked;
}

const char *vacation_may(const struct vacation *v, const struct smtp_copy *ev)
{
    const struct smtp_mail *mail = ev->message->mail;
    const char *why;

    if (mail->conn->own || (mail->from.localpart.n == 0 && mail->from.domain.n == 0))
        return "automatic";
    if (is_program(mail->from.localpart))
        return "automatic";
    if (ev->list)
        return "list";
    if ((why = of_header(ev->message->header)))
        return why;
    if (ev->suspicion || is_forged(v, mail))
        return "unauthenticated";
    if (is_of(v, ev->account, mail->from.localpart, mail->from.domain))
        return "own";
    return is_addressed(v, ev->account, ev->message->header) ? NULL : "notaddressed";
}
