/* The header as it goes out: From is ours, what is missing is added, what others must not see is taken away. */
#include "sendmail.h"

#include <moxd/clock.h>
#include <moxd/enc.h>
#include <moxmail/date.h>
#include <moxmail/header.h>
#include <moxmail/header_address.h>
#include <moxmail/header_write.h>
#include <string.h>
#include <time.h>

struct writing {
    struct sendmail *sm;
    struct moxd_buf *out;
    struct moxd_str from_value; /* of the first From; p NULL: there is none */
    size_t nfrom;
    bool from_stays, from_done;
    bool resent; /* there are Resent-To and the like: those count (RFC 5322 3.6.6) */
    bool date, message_id, tls_required;
};

static bool is_one_of(struct moxd_str name, const char *const *names)
{
    for (; *names; names++)
        if (moxd_str_caseeqs(name, *names))
            return true;
    return false;
}

static bool is_dropped(struct moxd_str name)
{
    static const char *const names[] = { "Bcc", "Resent-Bcc", "Return-Path", "Content-Length",
                                         NULL };

    return is_one_of(name, names) || moxd_str_casestarts(name, MOXD_STR("X-Moxsubmit-"));
}

static bool is_recipients(const struct writing *w, struct moxd_str name)
{
    static const char *const plain[] = { "To", "Cc", "Bcc", NULL };
    static const char *const resent[] = { "Resent-To", "Resent-Cc", "Resent-Bcc", NULL };

    return is_one_of(name, w->resent ? resent : plain);
}

/* --- what is there ------------------------------------------------------------------------------ */

static void look_at(struct writing *w, const struct moxd_field *f)
{
    static const char *const resent[] = { "Resent-To", "Resent-Cc", "Resent-Bcc", NULL };

    w->resent = w->resent || is_one_of(f->name, resent);
    w->date = w->date || moxd_str_caseeqs(f->name, "Date");
    w->message_id = w->message_id || moxd_str_caseeqs(f->name, "Message-ID");
    w->tls_required = w->tls_required || moxd_str_caseeqs(f->name, "TLS-Required");
    if (moxd_str_caseeqs(f->name, "From") && w->nfrom++ == 0)
        w->from_value = f->value;
}

/* The mbox line that some programs begin with is no field. */
static void skip_mbox_line(struct moxd_str *msg)
{
    if (moxd_str_starts(*msg, MOXD_STR("From ")))
        (void)moxd_str_cut(msg, '\n');
}

/* The fields, without what ends them: a blank line, or a line that is no field, with which the body begins. */
static struct moxd_str header_of(struct moxd_str msg, struct writing *w, struct moxd_str *body)
{
    struct moxd_str rest = msg;
    struct moxd_str before = rest;
    struct moxd_field f;

    while (moxd_field_next(&rest, &f) && f.name.n > 0) {
        look_at(w, &f);
        before = rest;
    }
    *body = before;
    if (moxd_str_starts(*body, MOXD_STR("\r\n")))
        *body = moxd_str_from(*body, 2);
    return moxd_str_sub(msg, 0, msg.n - before.n);
}

/* --- From --------------------------------------------------------------------------------------- */

static int address_of(const struct moxd_hdraddr *ha, struct moxd_arena *a, struct moxd_address *out)
{
    return ha->bad || ha->domain.n == 0
               ? -1
               : moxd_address_make(ha->localpart, ha->domain, MOXD_ADDRESS_UTF8, a, out, NULL);
}

/* Whether all authors are addresses that may stay; the first one sends it then. */
static bool may_stay(struct writing *w, struct moxd_address *first)
{
    struct moxd_hdraddr_iter it;
    struct moxd_hdraddr ha;
    struct moxd_address ad;
    size_t n = 0;
    bool ok = w->nfrom == 1;

    moxd_hdraddr_init(&it, w->from_value);
    while (ok && moxd_hdraddr_next(&it, &ha)) {
        ok = ha.kind == MOXD_HDRADDR_MAILBOX && address_of(&ha, w->sm->a, &ad) == 0 &&
             sendmail_may_be_from(w->sm, &ad);
        if (ok && n++ == 0)
            *first = ad;
    }
    moxd_hdraddr_fini(&it);
    return ok && n > 0;
}

/* The name of the author, or else the address, as text: who wrote it should be seen. */
static void author(struct writing *w, struct moxd_buf *out)
{
    struct moxd_hdraddr_iter it;
    struct moxd_hdraddr ha;

    moxd_hdraddr_init(&it, w->from_value);
    if (w->nfrom > 0 && moxd_hdraddr_next(&it, &ha)) {
        if (ha.name.n > 0)
            moxd_field_text(out, ha.name);
        else if (ha.localpart.n > 0)
            moxd_buf_addf(out, "%.*s%s%.*s", (int)ha.localpart.n, ha.localpart.p,
                          ha.domain.n > 0 ? "@" : "", (int)ha.domain.n,
                          ha.domain.n > 0 ? ha.domain.p : "");
    }
    moxd_hdraddr_fini(&it);
    if (out->n == 0 && w->sm->o.full_name)
        moxd_buf_adds(out, w->sm->o.full_name);
}

static void write_from(struct writing *w)
{
    struct moxd_buf name = MOXD_BUF_INIT(SENDMAIL_NAME_MAX);
    struct moxd_header_writer hw;

    author(w, &name);
    moxd_hw_begin(&hw, w->out, "From");
    if (name.n > 0 && !name.overflow)
        moxd_hw_phrase(&hw, moxd_buf_str(&name));
    moxd_hw_wordf(&hw, "<%s>", w->sm->conf->from);
    moxd_hw_end(&hw);
    moxd_buf_fini(&name);
    w->from_done = true;
}

/* MAIL FROM: -f if it may be, else the author if that stays, else what is configured. */
static int choose_sender(struct writing *w)
{
    struct sendmail *sm = w->sm;
    struct moxd_address ad, given;

    if (moxd_address_parse(moxd_cstr(sm->conf->from), MOXD_ADDRESS_UTF8, sm->a, &ad, NULL) < 0)
        return sendmail_fail(sm, EX_CONFIG, "from is no address");
    w->from_stays = may_stay(w, &ad);
    if (sm->o.from &&
        moxd_address_parse(moxd_cstr(sm->o.from), MOXD_ADDRESS_UTF8, sm->a, &given, NULL) == 0 &&
        sendmail_may_be_from(sm, &given))
        ad = given;
    sm->sender = moxd_address_text(&ad, false, sm->a).p;
    sm->utf8 = moxd_address_needs_utf8(&ad);
    return EX_OK;
}

/* --- all of it ----------------------------------------------------------------------------------- */

static int copy_field(struct writing *w, const struct moxd_field *f)
{
    int rc = EX_OK;

    if (w->sm->o.from_header && is_recipients(w, f->name))
        rc = sendmail_rcpts_add(w->sm, f->value);
    if (moxd_str_caseeqs(f->name, "From") && !w->from_stays) {
        if (!w->from_done)
            write_from(w);
    } else if (!is_dropped(f->name) && (w->from_stays || !moxd_str_caseeqs(f->name, "Sender"))) {
        moxd_buf_addstr(w->out, f->raw);
    }
    return rc;
}

static void add_date(struct writing *w)
{
    time_t now = (time_t)(moxd_wall() / MOXD_SEC);
    struct tm tm;
    int zone = localtime_r(&now, &tm) ? (int)(tm.tm_gmtoff / 60) : 0;

    moxd_buf_adds(w->out, "Date: ");
    moxd_date_put(w->out, (struct moxd_date){ .sec = now, .zone = zone });
    moxd_buf_adds(w->out, "\r\n");
}

static void add_message_id(struct writing *w)
{
    unsigned char id[16];
    struct moxd_str sender = moxd_cstr(w->sm->sender);
    ptrdiff_t at = moxd_str_rchr(sender, '@');

    moxd_random(id, sizeof(id));
    moxd_buf_adds(w->out, "Message-ID: <");
    moxd_hex_encode(w->out, moxd_str((const char *)id, sizeof(id)));
    moxd_buf_addstr(w->out, moxd_str_from(sender, (size_t)at));
    moxd_buf_adds(w->out, ">\r\n");
}

static void add_missing(struct writing *w)
{
    if (!w->from_stays && !w->from_done)
        write_from(w);
    if (!w->date)
        add_date(w);
    if (!w->message_id)
        add_message_id(w);
    if (w->sm->conf->requiretls == SENDMAIL_REQUIRETLS_NO && !w->tls_required)
        moxd_buf_adds(w->out, "TLS-Required: No\r\n"); /* RFC 8689 5 */
}

static void note_message_id(struct sendmail *sm)
{
    struct moxd_field f;

    if (moxd_header_find(moxd_buf_str(&sm->text), "Message-ID", &f))
        sm->message_id = moxd_arena_cstr(sm->a, moxd_str_trim(f.value));
}

int sendmail_message(struct sendmail *sm)
{
    struct writing w = { .sm = sm, .out = &sm->text };
    struct moxd_str msg = moxd_buf_str(&sm->raw), body;
    struct moxd_field f;

    skip_mbox_line(&msg);
    struct moxd_str header = header_of(msg, &w, &body);
    if (header.n > MOXD_HEADER_MAX)
        return sendmail_fail(sm, EX_DATAERR, "the header is larger than %d bytes", MOXD_HEADER_MAX);
    sm->text.max = sm->raw.n + MOXD_HEADER_MAX;
    int rc = choose_sender(&w);
    while (rc == EX_OK && moxd_field_next(&header, &f))
        rc = copy_field(&w, &f);
    if (rc == EX_OK) {
        add_missing(&w);
        moxd_buf_adds(w.out, "\r\n");
        moxd_buf_addstr(w.out, body);
        note_message_id(sm);
        return sm->text.overflow ? sendmail_fail(sm, EX_DATAERR, "the header is too large") : EX_OK;
    }
    moxd_buf_fini(&sm->text);
    return rc;
}
