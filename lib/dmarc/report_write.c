/* Aggregate reports as XML (RFC 9990, appendix A has the schema). */
#include <moxmail/dmarc_report.h>

#include <inttypes.h>

/* What peers said need not be text: what XML cannot hold becomes "?". */
static void put_text(struct moxd_buf *b, const char *s)
{
    bool utf8 = moxd_str_is_utf8(moxd_cstr(s));

    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '<')
            moxd_buf_adds(b, "&lt;");
        else if (c == '>')
            moxd_buf_adds(b, "&gt;");
        else if (c == '&')
            moxd_buf_adds(b, "&amp;");
        else
            moxd_buf_addc(b, c < ' ' || c == 127 || (c > 127 && !utf8) ? '?' : *s);
    }
}

static void put(struct moxd_buf *b, unsigned indent, const char *name, const char *value)
{
    moxd_buf_addf(b, "%*s<%s>", (int)indent, "", name);
    put_text(b, value ? value : "");
    moxd_buf_addf(b, "</%s>\n", name);
}

/* Left out when there is nothing to say. */
static void put_some(struct moxd_buf *b, unsigned indent, const char *name, const char *value)
{
    if (value && *value)
        put(b, indent, name, value);
}

static void put_metadata(struct moxd_buf *b, const struct moxd_dmarc_report *r)
{
    moxd_buf_adds(b, "  <report_metadata>\n");
    put(b, 4, "org_name", r->organization);
    put(b, 4, "email", r->email);
    put_some(b, 4, "extra_contact_info", r->contact);
    put(b, 4, "report_id", r->id);
    moxd_buf_addf(b,
                  "    <date_range>\n      <begin>%" PRId64 "</begin>\n      <end>%" PRId64
                  "</end>\n    </date_range>\n",
                  r->begin, r->end);
    for (size_t i = 0; i < r->nerrors; i++)
        put(b, 4, "error", r->errors[i]);
    put_some(b, 4, "generator", r->generator);
    moxd_buf_adds(b, "  </report_metadata>\n");
}

static void put_policy(struct moxd_buf *b, const struct moxd_dmarc_report *r)
{
    moxd_buf_adds(b, "  <policy_published>\n");
    put(b, 4, "domain", r->domain);
    put_some(b, 4, "discovery_method", r->discovery);
    put(b, 4, "p", r->p);
    put_some(b, 4, "sp", r->sp);
    put_some(b, 4, "np", r->np);
    put_some(b, 4, "fo", r->fo);
    put_some(b, 4, "adkim", r->adkim);
    put_some(b, 4, "aspf", r->aspf);
    put_some(b, 4, "testing", r->testing);
    moxd_buf_adds(b, "  </policy_published>\n");
}

static void put_row(struct moxd_buf *b, const struct moxd_dmarc_report_row *w)
{
    moxd_buf_adds(b, "    <row>\n");
    put(b, 6, "source_ip", w->source_ip);
    moxd_buf_addf(b, "      <count>%" PRIu64 "</count>\n      <policy_evaluated>\n", w->count);
    put(b, 8, "disposition", w->disposition);
    put(b, 8, "dkim", w->dkim);
    put(b, 8, "spf", w->spf);
    for (size_t i = 0; i < w->nreasons; i++) {
        moxd_buf_adds(b, "        <reason>\n");
        put(b, 10, "type", w->reasons[i].type);
        put_some(b, 10, "comment", w->reasons[i].comment);
        moxd_buf_adds(b, "        </reason>\n");
    }
    moxd_buf_adds(b, "      </policy_evaluated>\n    </row>\n    <identifiers>\n");
    put(b, 6, "header_from", w->header_from);
    if (w->null_sender)
        put(b, 6, "envelope_from", "");
    else
        put_some(b, 6, "envelope_from", w->envelope_from);
    put_some(b, 6, "envelope_to", w->envelope_to);
    moxd_buf_adds(b, "    </identifiers>\n");
}

static void put_auth(struct moxd_buf *b, const char *method,
                     const struct moxd_dmarc_report_auth *au)
{
    moxd_buf_addf(b, "      <%s>\n", method);
    put(b, 8, "domain", au->domain);
    put_some(b, 8, "selector", au->selector);
    put_some(b, 8, "scope", au->scope);
    put(b, 8, "result", au->result);
    put_some(b, 8, "human_result", au->human);
    moxd_buf_addf(b, "      </%s>\n", method);
}

void moxd_dmarc_report_write(struct moxd_buf *b, const struct moxd_dmarc_report *r)
{
    moxd_buf_adds(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                     "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
                     "  <version>1.0</version>\n");
    put_metadata(b, r);
    put_policy(b, r);
    for (size_t i = 0; i < r->n; i++) {
        const struct moxd_dmarc_report_row *w = &r->v[i];
        moxd_buf_adds(b, "  <record>\n");
        put_row(b, w);
        moxd_buf_adds(b, "    <auth_results>\n");
        for (size_t k = 0; k < w->ndkims; k++)
            put_auth(b, "dkim", &w->dkims[k]);
        for (size_t k = 0; k < w->nspfs; k++)
            put_auth(b, "spf", &w->spfs[k]);
        moxd_buf_adds(b, "    </auth_results>\n  </record>\n");
    }
    moxd_buf_adds(b, "</feedback>\n");
}
