/* The part of a notification that people read. */
#include "dsn.h"

#include <moxmail/date.h>

enum {
    WIDTH = 72,
    WORD_MAX = 400,
    SHOWN_RCPTS = 50,        /* recipients that are described; more are counted */
    SHOWN_DIAGNOSTIC = 2000, /* bytes of a reply that are shown; all of it is in the report */
    SUBJECT_MAX = 300,
};

struct wording {
    const char *title, *one, *many, *next;
};
static const struct wording words[MOXD_DSN_ACTIONS] = {
    [MOXD_DSN_FAILED] = { "Not delivered",
                          "Your message could not be delivered. It will not be tried again.",
                          "Your message could not be delivered to some of its recipients. It will "
                          "not be "
                          "tried again for them.",
                          "Once the cause is gone, send the message again to those recipients." },
    [MOXD_DSN_DELAYED] = { "Delayed", "Your message could not be delivered yet. It is tried again.",
                           "Your message could not be delivered to some of its recipients yet. It "
                           "is tried "
                           "again.",
                           "There is nothing that you must do. You will hear when it is given "
                           "up." },
    [MOXD_DSN_DELIVERED] = { "Delivered", "Your message was delivered.",
                             "Your message was delivered to these recipients.", NULL },
    [MOXD_DSN_RELAYED] = { "Passed on", "Your message was passed on.",
                           "Your message was passed on to these recipients.", NULL },
    [MOXD_DSN_EXPANDED] = { "Passed on", "Your message was passed on to several people.",
                            "Your message was passed on to several people.", NULL },
};

/* The first kind in the order of the enumeration that is there: a failure before all others. */
static const struct wording *wording(const struct moxd_dsn *d)
{
    enum moxd_dsn_action worst = MOXD_DSN_EXPANDED;

    for (size_t i = 0; i < d->nrcpts; i++)
        if (d->rcpts[i].action < worst)
            worst = d->rcpts[i].action;
    return &words[worst];
}

const char *mail_dsn_title(const struct moxd_dsn *d)
{
    return wording(d)->title;
}

/* Cuts the next word off; a long one in pieces. */
static struct moxd_str next_word(struct moxd_str *text)
{
    struct moxd_str rest = *text, word = moxd_str_cut(&rest, ' ');

    if (word.n <= WORD_MAX) {
        *text = rest;
        return word;
    }
    word = mail_dsn_cut(word, WORD_MAX);
    *text = moxd_str_from(*text, word.n);
    return word;
}

static void wrap(struct moxd_buf *b, const char *indent, struct moxd_str text)
{
    size_t column = 0;

    while (text.p && text.n > 0) {
        struct moxd_str word = next_word(&text);
        if (column > 0 && column + 1 + word.n > WIDTH) {
            moxd_buf_adds(b, "\r\n");
            column = 0;
        }
        moxd_buf_adds(b, column == 0 ? indent : " ");
        column += word.n + (column == 0 ? strlen(indent) : 1);
        mail_dsn_clean(b, word, true);
    }
    moxd_buf_adds(b, "\r\n");
}

static void put_date(struct moxd_buf *b, const char *label, int64_t sec)
{
    moxd_buf_adds(b, label);
    moxd_date_put(b, (struct moxd_date){ .sec = sec });
    moxd_buf_adds(b, "\r\n");
}

/* By which the sender knows the message again. */
static void put_about(struct moxd_buf *b, const struct moxd_dsn *d)
{
    struct moxd_buf subject = MOXD_BUF_INIT(MOXD_HEADER_MAX);
    struct moxd_field f;

    if (moxd_header_find(d->original.header, "Subject", &f))
        moxd_field_text(&subject, f.value);
    if (subject.n > 0) {
        moxd_buf_adds(b, "    Subject: ");
        mail_dsn_clean(b, mail_dsn_cut(moxd_buf_str(&subject), SUBJECT_MAX), true);
        moxd_buf_adds(b, "\r\n");
    }
    if (d->arrived != 0)
        put_date(b, "    Sent:    ", d->arrived);
    if (d->trace.n > 0) {
        moxd_buf_adds(b, "    Id:      ");
        mail_dsn_clean(b, d->trace, true);
        moxd_buf_adds(b, "\r\n");
    }
    moxd_buf_adds(b, "\r\n");
    moxd_buf_fini(&subject);
}

static void put_said(struct moxd_buf *b, const struct moxd_dsn *d, const struct moxd_dsn_rcpt *r)
{
    struct moxd_str rest = mail_dsn_cut(mail_dsn_diagnostic(d, r), SHOWN_DIAGNOSTIC);

    if (rest.n == 0)
        return;
    moxd_buf_adds(b, "\r\n    ");
    mail_dsn_clean(b, r->ours ? MOXD_STR("What happened") : r->remote, true);
    moxd_buf_adds(b, r->ours ? ":\r\n" : " said:\r\n");
    while (rest.n > 0)
        wrap(b, "        ", moxd_str_cut(&rest, '\n'));
}

static void put_recipient(struct moxd_buf *b, const struct moxd_dsn *d,
                          const struct moxd_dsn_rcpt *r)
{
    mail_dsn_clean(b, r->address, true);
    moxd_buf_addf(b, ": %s\r\n", moxd_dsn_action_name(r->action));
    wrap(b, "    ",
         r->why.n > 0 ? r->why : moxd_cstr(mail_dsn_advice(r->action, mail_dsn_status(r))));
    if (r->action == MOXD_DSN_DELAYED && r->retry_until != 0)
        put_date(b, "    It is tried until ", r->retry_until);
    if (r->action == MOXD_DSN_FAILED || r->action == MOXD_DSN_DELAYED)
        put_said(b, d, r);
    moxd_buf_adds(b, "\r\n");
}

void mail_dsn_text(struct moxd_buf *b, const struct moxd_dsn *d)
{
    const struct wording *w = wording(d);

    moxd_buf_adds(b, "This is the mail server ");
    mail_dsn_clean(b, d->hostname, true);
    moxd_buf_adds(b, ".\r\n\r\n");
    wrap(b, "", moxd_cstr(d->nrcpts == 1 ? w->one : w->many));
    moxd_buf_adds(b, "\r\n");
    put_about(b, d);
    for (size_t i = 0; i < d->nrcpts && i < SHOWN_RCPTS; i++)
        put_recipient(b, d, &d->rcpts[i]);
    if (d->nrcpts > SHOWN_RCPTS)
        moxd_buf_addf(b,
                      "The same is reported for %zu more; they are in the attached report.\r\n\r\n",
                      d->nrcpts - SHOWN_RCPTS);
    if (w->next)
        wrap(b, "", moxd_cstr(w->next));
    wrap(b, "", MOXD_STR("The attached report has all details for your administrator."));
}
