/* The message that carries a report. */
#include <moxd/enc.h>
#include <moxmail/date.h>
#include <moxmail/header_write.h>
#include <moxmail/report.h>

enum { BASE64_LINE = 57 /* bytes that are 76 characters (RFC 2045 6.8) */ };

/* How the two kinds differ. */
static const struct {
    const char *extension, *container, *type, *title;
} forms[] = {
    [MOXD_REPORT_DMARC] = { "xml.gz", "multipart/mixed;", "application/gzip",
                            "DMARC aggregate report" },
    [MOXD_REPORT_TLS] = { "json.gz", "multipart/report; report-type=\"tlsrpt\";",
                          "application/tlsrpt+gzip", "TLS report" },
};

void moxd_report_filename(struct moxd_buf *b, const struct moxd_report_name *n)
{
    moxd_buf_addf(b, "%s!%s!%lld!%lld!%s.%s", n->submitter, n->domain, (long long)n->begin,
                  (long long)n->end, n->id, forms[n->kind].extension);
}

static void put_field(struct moxd_buf *b, const char *name, const char *value)
{
    struct moxd_header_writer w;

    moxd_hw_begin(&w, b, name);
    moxd_hw_word(&w, moxd_cstr(value));
    moxd_hw_end(&w);
}

static void put_to(struct moxd_buf *b, const char *const *to)
{
    struct moxd_header_writer w;

    moxd_hw_begin(&w, b, "To");
    for (; *to; to++)
        moxd_hw_wordf(&w, "%s%s", *to, to[1] ? "," : "");
    moxd_hw_end(&w);
}

/* RFC 9990 2.6.2, RFC 8460 5.3: the words have their order. */
static void put_subject(struct moxd_buf *b, const struct moxd_report_name *n)
{
    struct moxd_header_writer w;

    moxd_hw_begin(&w, b, "Subject");
    moxd_hw_wordf(&w, "Report Domain:");
    moxd_hw_wordf(&w, "%s", n->domain);
    moxd_hw_word(&w, MOXD_STR("Submitter:"));
    moxd_hw_wordf(&w, "%s", n->submitter);
    moxd_hw_word(&w, MOXD_STR("Report-ID:"));
    moxd_hw_wordf(&w, "<%s@%s>", n->id, n->submitter);
    moxd_hw_end(&w);
}

static void put_header(struct moxd_buf *b, const struct moxd_report_mail *m, const char *boundary)
{
    moxd_buf_addf(b, "From: <%s>\r\n", m->from);
    put_to(b, m->to);
    put_subject(b, &m->name);
    moxd_buf_adds(b, "Date: ");
    moxd_date_put(b, (struct moxd_date){ .sec = m->date });
    moxd_buf_addf(b, "\r\nMessage-ID: <%s>\r\n", m->message_id);
    if (m->name.kind == MOXD_REPORT_TLS) {
        put_field(b, "TLS-Report-Domain", m->name.domain);
        put_field(b, "TLS-Report-Submitter", m->name.submitter);
        moxd_buf_adds(b, "TLS-Required: No\r\n");
    }
    moxd_buf_addf(b,
                  "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                  "Content-Type: %s\r\n\tboundary=\"%s\"\r\n\r\n",
                  forms[m->name.kind].container, boundary);
}

static void put_text(struct moxd_buf *b, const char *text)
{
    struct moxd_str rest = moxd_cstr(text);

    while (rest.n > 0) {
        moxd_buf_addstr(b, moxd_str_cut(&rest, '\n'));
        moxd_buf_adds(b, "\r\n");
    }
}

static void put_base64(struct moxd_buf *b, struct moxd_str data)
{
    for (size_t i = 0; i < data.n; i += BASE64_LINE) {
        moxd_b64_encode(b, moxd_str_sub(data, i, BASE64_LINE));
        moxd_buf_adds(b, "\r\n");
    }
}

void moxd_report_mail(struct moxd_buf *b, const struct moxd_report_mail *m)
{
    struct moxd_buf name = MOXD_BUF_INIT(4096), boundary = MOXD_BUF_INIT(100);

    moxd_report_filename(&name, &m->name);
    moxd_buf_addf(&boundary, "=_%.64s", m->name.id); /* neither text nor base64 have "=_" */
    put_header(b, m, moxd_buf_cstr(&boundary));
    moxd_buf_addf(b, "--%s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n",
                  moxd_buf_cstr(&boundary));
    put_text(b, m->text);
    moxd_buf_addf(b,
                  "\r\n--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n"
                  "Content-Description: %s\r\n"
                  "Content-Disposition: attachment;\r\n\tfilename=\"%s\"\r\n\r\n",
                  moxd_buf_cstr(&boundary), forms[m->name.kind].type, forms[m->name.kind].title,
                  moxd_buf_cstr(&name));
    put_base64(b, m->data);
    moxd_buf_addf(b, "--%s--\r\n", moxd_buf_cstr(&boundary));
    moxd_buf_fini(&name);
    moxd_buf_fini(&boundary);
}
