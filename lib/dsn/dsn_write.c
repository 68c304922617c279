/* A notification around the original (RFC 6522, RFC 3464 2). */
#include "dsn.h"

#include <moxmail/date.h>
#include <moxmail/header_write.h>
#include <moxmail/transfer.h>

enum { SUBJECT_MAX = 300, MESSAGE_ID_MAX = 900, AFTER_MAX = 1000 };

/* --- header ----------------------------------------------------------------------------------------- */

static void put_simple(struct moxd_buf *b, const char *name, struct moxd_str value)
{
    moxd_buf_addf(b, "%s: ", name);
    mail_dsn_clean(b, value, true);
    moxd_buf_adds(b, "\r\n");
}

static void put_subject(struct moxd_buf *b, const struct moxd_dsn *d)
{
    struct moxd_buf text = MOXD_BUF_INIT(2 * MOXD_HEADER_MAX);
    struct moxd_header_writer w;
    struct moxd_field f;

    moxd_buf_addf(&text, "%s: ", mail_dsn_title(d));
    if (moxd_header_find(d->original.header, "Subject", &f))
        moxd_field_text(&text, f.value);
    moxd_hw_begin(&w, b, "Subject");
    moxd_hw_text(&w, mail_dsn_cut(moxd_buf_str(&text), SUBJECT_MAX));
    moxd_hw_end(&w);
    moxd_buf_fini(&text);
}

/* QUEUE-15. Only what can be nothing but an id; it is the sender's text. */
static void put_references(struct moxd_buf *b, const struct moxd_dsn *d)
{
    struct moxd_str id = { NULL, 0 };
    struct moxd_field f;

    if (moxd_header_find(d->original.header, "Message-ID", &f))
        id = moxd_str_trim(f.value);
    if (id.n < 3 || id.n > MESSAGE_ID_MAX || id.p[0] != '<' || id.p[id.n - 1] != '>' ||
        (!d->utf8 && !moxd_str_is_ascii(id)) || !moxd_str_is_utf8(id))
        return;
    for (size_t i = 0; i < id.n; i++)
        if ((unsigned char)id.p[i] <= ' ' || id.p[i] == 0x7f)
            return;
    moxd_buf_addf(b, "In-Reply-To: %" MOXD_STRF "\r\n", MOXD_STRA(id));
    moxd_buf_addf(b, "References: %" MOXD_STRF "\r\n", MOXD_STRA(id));
}

static void put_header(struct moxd_buf *b, const struct moxd_dsn *d, bool eightbit)
{
    moxd_buf_adds(b, "From: Mail delivery <");
    mail_dsn_clean(b, d->from, true);
    moxd_buf_adds(b, ">\r\nTo: <");
    mail_dsn_clean(b, d->to, true);
    moxd_buf_adds(b, ">\r\n");
    put_subject(b, d);
    moxd_buf_adds(b, "Date: ");
    moxd_date_put(b, (struct moxd_date){ .sec = d->date });
    moxd_buf_addf(b, "\r\nMessage-ID: <%" MOXD_STRF ">\r\n", MOXD_STRA(d->message_id));
    put_references(b, d);
    put_simple(b, "Auto-Submitted", MOXD_STR("auto-replied")); /* RFC 3834 5 */
    moxd_buf_addf(b,
                  "MIME-Version: 1.0\r\n"
                  "Content-Type: multipart/report; report-type=delivery-status;\r\n"
                  "\tboundary=\"%" MOXD_STRF "\"\r\n",
                  MOXD_STRA(d->boundary));
    if (eightbit)
        put_simple(b, "Content-Transfer-Encoding", MOXD_STR("8bit"));
    moxd_buf_adds(b, "\r\n");
}

/* --- parts ------------------------------------------------------------------------------------------ */

static void begin_part(struct moxd_buf *b, const struct moxd_dsn *d, const char *type,
                       const char *encoding)
{
    moxd_buf_addf(b, "--%" MOXD_STRF "\r\nContent-Type: %s\r\n", MOXD_STRA(d->boundary), type);
    if (encoding)
        moxd_buf_addf(b, "Content-Transfer-Encoding: %s\r\n", encoding);
    moxd_buf_adds(b, "\r\n");
}

static void put_encoded(struct moxd_buf *b, struct moxd_str content)
{
    struct moxd_encode e;

    moxd_encode_init(&e, MOXD_CTE_QP);
    moxd_encode_write(&e, content, true, b);
}

/* A part of text, as it is or in quoted-printable. */
static void put_part(struct moxd_buf *b, const struct moxd_dsn *d, const char *type, bool encode,
                     struct moxd_str content)
{
    bool ascii = moxd_str_is_ascii(content);
    const char *encoding = encode ? "quoted-printable" : ascii ? NULL : "8bit";

    begin_part(b, d, type, encoding);
    if (encode)
        put_encoded(b, content);
    else
        moxd_buf_addstr(b, content);
    moxd_buf_adds(b, "\r\n");
}

static void put_text(struct moxd_buf *b, const struct moxd_dsn *d)
{
    struct moxd_buf text = MOXD_BUF_INIT(MOXD_DSN_WRITE_MAX);

    mail_dsn_text(&text, d);
    put_part(b, d, "text/plain; charset=utf-8", !d->utf8 && !moxd_str_is_ascii(moxd_buf_str(&text)),
             moxd_buf_str(&text));
    moxd_buf_fini(&text);
}

static void put_report(struct moxd_buf *b, const struct moxd_dsn *d)
{
    struct moxd_buf report = MOXD_BUF_INIT(MOXD_DSN_WRITE_MAX);

    mail_dsn_fields(&report, d);
    put_part(b, d,
             moxd_str_is_ascii(moxd_buf_str(&report)) ? "message/delivery-status"
                                                      : "message/global-delivery-status",
             false, moxd_buf_str(&report));
    moxd_buf_fini(&report);
}

/* Lines that no message may have (RFC 5322 2.1.1) are in some; encoded they do no harm. */
static bool has_long_line(struct moxd_str s)
{
    while (s.p && s.n > 0)
        if (moxd_str_cut(&s, '\n').n > 999)
            return true;
    return false;
}

/* RFC 6522 4, RFC 6533 4.3. */
static void put_headers(struct moxd_buf *b, const struct moxd_dsn *d)
{
    struct moxd_str header = moxd_str_trim(d->original.header);
    bool utf8 = d->original.utf8 && !moxd_str_is_ascii(header);
    struct moxd_buf content = MOXD_BUF_INIT(MOXD_HEADER_MAX + 2);

    moxd_buf_addstr(&content, header);
    moxd_buf_adds(&content, "\r\n");
    put_part(b, d, utf8 ? "message/global-headers" : "text/rfc822-headers",
             utf8 ? !d->utf8 : !moxd_str_is_ascii(header) || has_long_line(header),
             moxd_buf_str(&content));
    moxd_buf_fini(&content);
}

static bool needs_utf8(const struct moxd_dsn *d)
{
    if (d->original.utf8 && !moxd_str_is_ascii(d->original.header))
        return true;
    return !moxd_str_is_ascii(d->to) || !moxd_str_is_ascii(d->from);
}

static void put_original(struct moxd_dsn_parts *out, const struct moxd_dsn *d)
{
    const struct moxd_dsn_original *o = &d->original;
    bool eightbit = o->eightbit || !moxd_str_is_ascii(o->header);

    if (!o->whole) {
        put_headers(&out->before, d);
        return;
    }
    out->body = true;
    out->eightbit = eightbit;
    begin_part(&out->before, d,
               o->utf8 && !moxd_str_is_ascii(o->header) ? "message/global" : "message/rfc822",
               eightbit ? "8bit" : NULL);
    moxd_buf_adds(&out->after, "\r\n");
}

int moxd_dsn_write(const struct moxd_dsn *d, struct moxd_dsn_parts *out, struct moxd_err *err)
{
    struct moxd_buf parts = MOXD_BUF_INIT(MOXD_DSN_WRITE_MAX);

    moxd_assert(d->to.n > 0 && d->nrcpts > 0 && d->nrcpts <= MOXD_DSN_RCPTS_MAX);
    *out = (struct moxd_dsn_parts){ 0 };
    moxd_buf_init(&out->before, MOXD_DSN_WRITE_MAX);
    moxd_buf_init(&out->after, AFTER_MAX);
    put_text(&out->before, d);
    put_report(&out->before, d);
    put_original(out, d);
    moxd_buf_addf(&out->after, "--%" MOXD_STRF "--\r\n", MOXD_STRA(d->boundary));
    out->eightbit |= !moxd_str_is_ascii(moxd_buf_str(&out->before));
    out->smtputf8 = d->utf8 && needs_utf8(d);
    put_header(&parts, d, out->eightbit);
    moxd_buf_addstr(&parts, moxd_buf_str(&out->before));
    moxd_buf_fini(&out->before);
    out->before = parts;
    if (!out->before.overflow)
        return 0;
    moxd_dsn_parts_fini(out);
    return moxd_err_set(err, MOXD_ERR_LIMIT, "a notification of more than %d bytes",
                        (int)MOXD_DSN_WRITE_MAX);
}

void moxd_dsn_parts_fini(struct moxd_dsn_parts *parts)
{
    moxd_buf_fini(&parts->before);
    moxd_buf_fini(&parts->after);
}
