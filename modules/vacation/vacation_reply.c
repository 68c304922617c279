/* The answer (RFC 3834 3, RFC 5230 5). */
#include "vacation.h"

#include <moxd/enc.h>
#include <moxmail/date.h>
#include <moxmail/header.h>
#include <moxmail/header_write.h>
#include <moxmail/newline.h>
#include <moxmail/thread.h>
#include <moxmail/transfer.h>

enum { SUBJECT_MAX = 300, HEADER_MAX_BYTES = 64 * 1024, RANDOM = 12 };

static void put_subject(struct moxd_buf *b, const struct vacation_answer *an,
                        struct moxd_str header)
{
    struct moxd_buf text = MOXD_BUF_INIT(MOXD_HEADER_MAX);
    struct moxd_header_writer w;
    struct moxd_field f;

    if (an->subject)
        moxd_buf_adds(&text, an->subject);
    else if (moxd_header_find(header, "Subject", &f)) {
        moxd_buf_adds(&text, "Auto: ");
        moxd_field_text(&text, f.value);
    } else
        moxd_buf_adds(&text, "Automated reply");
    if (text.n > SUBJECT_MAX)
        moxd_buf_truncate(&text, SUBJECT_MAX);
    moxd_hw_begin(&w, b, "Subject");
    moxd_hw_text(&w, moxd_buf_str(&text)); /* repairs a character that was cut */
    moxd_hw_end(&w);
    moxd_buf_fini(&text);
}

/* 3834 3.1.5. */
static void put_references(struct moxd_buf *b, struct moxd_str header)
{
    struct moxd_header_writer w;
    struct moxd_str id, rest;
    struct moxd_field f;

    if (!moxd_header_find(header, "Message-ID", &f))
        return;
    rest = f.value;
    if (!moxd_msgid_next(&rest, &id) || id.n == 0 || id.n > 900 || !moxd_str_is_ascii(id))
        return;
    moxd_hw_begin(&w, b, "In-Reply-To");
    moxd_hw_wordf(&w, "<%" MOXD_STRF ">", MOXD_STRA(id));
    moxd_hw_end(&w);
    moxd_hw_begin(&w, b, "References");
    moxd_hw_wordf(&w, "<%" MOXD_STRF ">", MOXD_STRA(id));
    moxd_hw_end(&w);
}

static void put_message_id(struct moxd_buf *b)
{
    char bytes[RANDOM];

    moxd_random(bytes, sizeof(bytes));
    moxd_buf_adds(b, "Message-ID: <");
    moxd_hex_encode(b, moxd_str(bytes, sizeof(bytes)));
    moxd_buf_addf(b, "@%s>\r\n", moxd_conf_core()->hostname);
}

static void put_header(struct moxd_buf *b, const struct smtp_copy *ev,
                       const struct vacation_answer *an)
{
    moxd_buf_addf(b, "From: <%s>\r\nTo: <%s>\r\n", ev->address, an->to);
    put_subject(b, an, ev->message->header);
    moxd_buf_adds(b, "Date: ");
    moxd_date_put(b, (struct moxd_date){ .sec = moxd_wall() / MOXD_SEC });
    moxd_buf_adds(b, "\r\n");
    put_message_id(b);
    put_references(b, ev->message->header);
    moxd_buf_adds(b, "Auto-Submitted: auto-replied (vacation)\r\n"
                     "MIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
}

static void put_body(struct moxd_buf *b, const char *text)
{
    struct moxd_buf lines = MOXD_BUF_INIT(2 * VACATION_TEXT_MAX + 2);
    struct moxd_newline nl = { .cr = false };
    struct moxd_encode e;

    moxd_newline_write(&nl, moxd_cstr(text), true, &lines);
    moxd_buf_adds(&lines, "\r\n");
    moxd_encode_init(&e, MOXD_CTE_QP);
    moxd_encode_write(&e, moxd_buf_str(&lines), true, b);
    moxd_buf_fini(&lines);
}

/* With a signature, when a domain of ours has keys: others ask for one. */
static int queue_it(struct vacation *v, const struct smtp_copy *ev,
                    const struct vacation_answer *an, struct store_draft *draft,
                    struct moxd_str header, struct moxd_err *err) MOXD_SUSPENDS;
static int queue_it(struct vacation *v, const struct smtp_copy *ev,
                    const struct vacation_answer *an, struct store_draft *draft,
                    struct moxd_str header, struct moxd_err *err)
{
    struct moxd_buf signatures = MOXD_BUF_INIT(DKIM_FIELDS_MAX);
    struct queue_rcpt rcpt = { .to = an->to, .notify = "NEVER" };
    struct queue_new new = {
        .from = "",
        .rcpts = &rcpt,
        .n = 1,
        .draft = draft,
        .requiretls = queue_requiretls_of(ev->message),
        .smtputf8 =
            !moxd_str_is_ascii(moxd_cstr(an->to)) || !moxd_str_is_ascii(moxd_cstr(ev->address)),
        .no_dsn = true,
        .origin = "vacation",
        .cause = ev->message->mail->id,
    };
    int rc = v->dkim ? v->dkim->sign(v->dkim_self, MOXD_STR(""), header, draft, header.n,
                                     &signatures, err)
                     : 0;

    new.prefix = moxd_buf_str(&signatures);
    if (rc >= 0)
        rc = v->queue->add(v->queue_self, &new, NULL, err);
    moxd_buf_fini(&signatures);
    return rc;
}

int vacation_reply(struct vacation *v, const struct smtp_copy *ev, const struct vacation_answer *an,
                   struct moxd_err *err)
{
    struct moxd_buf header = MOXD_BUF_INIT(HEADER_MAX_BYTES);
    struct moxd_buf body = MOXD_BUF_INIT(4 * MOXD_ENCODE_GROWTH * VACATION_TEXT_MAX);
    struct store_draft *draft = v->store->draft_new(v->store_self);

    put_header(&header, ev, an);
    put_body(&body, an->text);
    int rc = v->store->draft_write(draft, header.p, header.n, err);
    if (rc == 0)
        rc = v->store->draft_write(draft, body.p, body.n, err);
    if (rc == 0)
        rc = queue_it(v, ev, an, draft, moxd_buf_str(&header), err);
    v->store->draft_free(draft);
    moxd_buf_fini(&header);
    moxd_buf_fini(&body);
    return rc;
}
