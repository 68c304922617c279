/* Reads aggregate reports: libxml2 calls us for each element, nothing but the result is kept. Many senders have
 * XML that is not well-formed, so the parser goes on after errors. */
#include <moxmail/dmarc_report.h>
#include <moxmail/report.h>

#include <libxml/parser.h>

enum { DEPTH_MAX = 64, PATH_SIZE = 100 /* the longest that we know has 41 */, CHUNK = 32768 };

struct reader {
    xmlParserCtxtPtr ctxt;
    struct moxd_arena *a;
    struct moxd_dmarc_report *r;
    struct moxd_buf text;             /* of the element that is open */
    char paths[DEPTH_MAX][PATH_SIZE]; /* of each open element below feedback: "record/row/count" */
    unsigned depth;                   /* of feedback: 0 */
    bool inside, seen;
    bool begin, end, limit, doctype;
};

/* ---- values */

static const char *keep(struct reader *rd, bool word)
{
    struct moxd_str s = moxd_str_trim(moxd_buf_str(&rd->text));
    char *p;

    if (s.n > MOXD_DMARC_REPORT_TEXT_MAX)
        for (s.n = MOXD_DMARC_REPORT_TEXT_MAX; s.n > 0 && ((unsigned char)s.p[s.n] & 0xc0) == 0x80;)
            s.n--;
    p = moxd_arena_cstr(rd->a, s);
    for (char *c = p; *c; c++)
        *c = (unsigned char)*c < ' ' || *c == 127 ? ' ' : word ? moxd_lower(*c) : *c;
    for (char *c = moxd_str_is_utf8(s) ? NULL : p; c && *c; c++)
        *c = (signed char)*c < 0 ? '?' : *c;
    return p;
}

static uint64_t number(const struct reader *rd, bool *ok)
{
    uint64_t n = 0;

    *ok = moxd_str_u64(moxd_str_trim(moxd_buf_str(&rd->text)), INT64_MAX, &n) == 0;
    return n;
}

static struct moxd_dmarc_report_row *row(struct reader *rd)
{
    return rd->r->n > 0 ? &rd->r->v[rd->r->n - 1] : NULL;
}

static void set_begin(struct reader *rd)
{
    rd->r->begin = (int64_t)number(rd, &rd->begin);
}

static void set_end(struct reader *rd)
{
    rd->r->end = (int64_t)number(rd, &rd->end);
}

static void set_count(struct reader *rd)
{
    bool ok;

    row(rd)->count = number(rd, &ok);
}

static void set_error(struct reader *rd)
{
    struct moxd_dmarc_report *r = rd->r;

    if (r->nerrors < MOXD_DMARC_ERRORS_MAX)
        *(const char **)moxd_arena_push(rd->a, &r->errors, &r->nerrors, &r->cerrors,
                                        sizeof(*r->errors)) = keep(rd, false);
}

static void set_envelope_from(struct reader *rd)
{
    row(rd)->envelope_from = keep(rd, false);
    row(rd)->null_sender = !*row(rd)->envelope_from;
}

/* ---- which element is what */

enum place { REPORT, ROW, REASON, DKIM, SPF };

static const struct element {
    const char *path;
    enum place place;
    size_t offset;
    bool word;
    void (*set)(struct reader *rd); /* instead of place and offset */
} elements[] = {
#define AT(f) .place = REPORT, .offset = offsetof(struct moxd_dmarc_report, f)
    { "version", AT(version) },
    { "report_metadata/org_name", AT(organization) },
    { "report_metadata/email", AT(email) },
    { "report_metadata/extra_contact_info", AT(contact) },
    { "report_metadata/report_id", AT(id) },
    { "report_metadata/generator", AT(generator) },
    { "report_metadata/error", .set = set_error },
    { "report_metadata/date_range/begin", .set = set_begin },
    { "report_metadata/date_range/end", .set = set_end },
    { "policy_published/domain", AT(domain) },
    { "policy_published/p", AT(p), .word = true },
    { "policy_published/sp", AT(sp), .word = true },
    { "policy_published/np", AT(np), .word = true },
    { "policy_published/adkim", AT(adkim), .word = true },
    { "policy_published/aspf", AT(aspf), .word = true },
    { "policy_published/fo", AT(fo) },
    { "policy_published/testing", AT(testing), .word = true },
    { "policy_published/pct", AT(pct) },
    { "policy_published/discovery_method", AT(discovery), .word = true },
#undef AT
#define AT(f) .place = ROW, .offset = offsetof(struct moxd_dmarc_report_row, f)
    { "record/row/source_ip", AT(source_ip) },
    { "record/row/count", .set = set_count },
    { "record/row/policy_evaluated/disposition", AT(disposition), .word = true },
    { "record/row/policy_evaluated/dkim", AT(dkim), .word = true },
    { "record/row/policy_evaluated/spf", AT(spf), .word = true },
    { "record/identifiers/header_from", AT(header_from) },
    { "record/identifiers/envelope_from", .set = set_envelope_from },
    { "record/identifiers/envelope_to", AT(envelope_to) },
    { "record/identities/header_from", AT(header_from) }, /* a draft before RFC 7489 */
    { "record/identities/envelope_to", AT(envelope_to) },
#undef AT
#define AT(f) .place = REASON, .offset = offsetof(struct moxd_dmarc_report_reason, f)
    { "record/row/policy_evaluated/reason/type", AT(type), .word = true },
    { "record/row/policy_evaluated/reason/comment", AT(comment) },
#undef AT
#define AT(p, f) .place = p, .offset = offsetof(struct moxd_dmarc_report_auth, f)
    { "record/auth_results/dkim/domain", AT(DKIM, domain) },
    { "record/auth_results/dkim/selector", AT(DKIM, selector) },
    { "record/auth_results/dkim/result", AT(DKIM, result), .word = true },
    { "record/auth_results/dkim/human_result", AT(DKIM, human) },
    { "record/auth_results/spf/domain", AT(SPF, domain) },
    { "record/auth_results/spf/scope", AT(SPF, scope), .word = true },
    { "record/auth_results/spf/result", AT(SPF, result), .word = true },
    { "record/auth_results/spf/human_result", AT(SPF, human) },
#undef AT
};

static const struct element *element(const char *path)
{
    for (size_t i = 0; i < MOXD_NELEMS(elements); i++)
        if (strcmp(elements[i].path, path) == 0)
            return &elements[i];
    return NULL;
}

/* ---- elements that begin something */

static void *push(struct reader *rd, void *v, size_t *n, size_t *cap, size_t size)
{
    return moxd_arena_push(rd->a, v, n, cap, size);
}

static void new_row(struct reader *rd)
{
    struct moxd_dmarc_report *r = rd->r;

    rd->limit = rd->limit || r->n >= MOXD_DMARC_ROWS_MAX;
    if (!rd->limit)
        *(struct moxd_dmarc_report_row *)push(rd, &r->v, &r->n, &r->cap, sizeof(*r->v)) =
            (struct moxd_dmarc_report_row){
                "", 0, "", "", "", .header_from = "", .envelope_from = "", .envelope_to = ""
            };
}

static void new_auth(struct reader *rd, struct moxd_dmarc_report_auth **v, size_t *n, size_t *cap)
{
    if (*n < MOXD_DMARC_SIGNATURES_MAX)
        *(struct moxd_dmarc_report_auth *)push(rd, v, n, cap, sizeof(**v)) =
            (struct moxd_dmarc_report_auth){ "", "", "", "", "" };
}

static void new_dkim(struct reader *rd)
{
    new_auth(rd, &row(rd)->dkims, &row(rd)->ndkims, &row(rd)->cdkims);
}

static void new_spf(struct reader *rd)
{
    new_auth(rd, &row(rd)->spfs, &row(rd)->nspfs, &row(rd)->cspfs);
}

static void new_reason(struct reader *rd)
{
    struct moxd_dmarc_report_row *w = row(rd);

    if (w->nreasons < MOXD_DMARC_REASONS_MAX)
        *(struct moxd_dmarc_report_reason *)push(rd, &w->reasons, &w->nreasons, &w->creasons,
                                                 sizeof(*w->reasons)) =
            (struct moxd_dmarc_report_reason){ "", "" };
}

static const struct {
    const char *path;
    void (*begin)(struct reader *rd);
} beginnings[] = {
    { "record", new_row },
    { "record/auth_results/dkim", new_dkim },
    { "record/auth_results/spf", new_spf },
    { "record/row/policy_evaluated/reason", new_reason },
};

/* ---- called by libxml2 */

static void stop(struct reader *rd)
{
    xmlStopParser(rd->ctxt);
}

/* Where a missing or misspelt end tag has left elements open, these still begin at the top; and what holds a value
 * holds no elements. */
static bool is_top(const char *name)
{
    return strcmp(name, "report_metadata") == 0 || strcmp(name, "policy_published") == 0 ||
           strcmp(name, "record") == 0;
}

static void set_path(char *path, const char *above, const char *name)
{
    const char *end = strrchr(above, '/');
    size_t n = strlen(above);

    if (is_top(name))
        n = 0;
    else if (element(above))
        n = end ? (size_t)(end - above) : 0;
    memcpy(path, above, n);
    path[n] = '\0';
    if (n + strlen(name) + 2 > PATH_SIZE) /* none that we know */
        return;
    if (n > 0)
        path[n++] = '/';
    memcpy(path + n, name, strlen(name) + 1);
}

static void open_element(struct reader *rd, const char *name)
{
    char *path;

    if (rd->depth + 1 >= DEPTH_MAX || moxd_arena_size(rd->a) > MOXD_DMARC_REPORT_MEMORY) {
        rd->limit = true;
        return;
    }
    path = rd->paths[rd->depth + 1];
    set_path(path, rd->paths[rd->depth++], name);
    for (size_t i = 0; i < MOXD_NELEMS(beginnings) && !rd->limit; i++)
        if (strcmp(beginnings[i].path, path) == 0)
            beginnings[i].begin(rd);
}

static void on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int nnamespaces, const xmlChar **namespaces, int nattributes, int ndefaulted,
                     const xmlChar **attributes)
{
    struct reader *rd = ((xmlParserCtxtPtr)arg)->_private;

    (void)prefix, (void)uri, (void)nnamespaces, (void)namespaces, (void)nattributes;
    (void)ndefaulted, (void)attributes;
    moxd_buf_reset(&rd->text);
    if (rd->inside)
        open_element(rd, (const char *)name);
    else
        rd->inside = !rd->seen && strcmp((const char *)name, "feedback") == 0;
    rd->seen = rd->seen || rd->inside;
    if (rd->limit)
        stop(rd);
}

/* The struct that is being filled; NULL: none, since there were too many. */
static void *at_place(struct reader *rd, enum place place)
{
    struct moxd_dmarc_report_row *w = row(rd);

    if (place != REPORT && !w)
        return NULL;
    switch (place) {
    case REPORT:
        return rd->r;
    case ROW:
        return w;
    case REASON:
        return w->nreasons > 0 ? &w->reasons[w->nreasons - 1] : NULL;
    case DKIM:
        return w->ndkims > 0 ? &w->dkims[w->ndkims - 1] : NULL;
    case SPF:
        return w->nspfs > 0 ? &w->spfs[w->nspfs - 1] : NULL;
    }
    return NULL;
}

static void take(struct reader *rd, const struct element *e)
{
    char *p;

    if (e->set)
        e->set(rd);
    else if ((p = at_place(rd, e->place)))
        *(const char **)(void *)(p + e->offset) = keep(rd, e->word);
}

static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct reader *rd = ((xmlParserCtxtPtr)arg)->_private;

    (void)name, (void)prefix, (void)uri;
    if (!rd->inside)
        return;
    if (rd->depth == 0) {
        rd->inside = false;
        return;
    }
    const struct element *e = element(rd->paths[rd->depth--]);
    if (e)
        take(rd, e);
    moxd_buf_reset(&rd->text);
}

static void on_text(void *arg, const xmlChar *p, int n)
{
    struct reader *rd = ((xmlParserCtxtPtr)arg)->_private;

    if (rd->inside && n > 0 && rd->text.n < rd->text.max) {
        size_t room = rd->text.max - rd->text.n;
        moxd_buf_add(&rd->text, p, (size_t)n < room ? (size_t)n : room);
    }
}

/* Entities are what makes small files large; no report needs a document type. */
static void on_doctype(void *arg, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
    struct reader *rd = ((xmlParserCtxtPtr)arg)->_private;

    (void)name, (void)id, (void)system;
    rd->doctype = true;
    stop(rd);
}

static void silent(void *arg, xmlErrorPtr error)
{
    (void)arg, (void)error;
}

/* ---- all of it */

static int feed(struct reader *rd, struct moxd_str xml, struct moxd_err *err)
{
    xmlSAXHandler sax = { .initialized = XML_SAX2_MAGIC,
                          .internalSubset = on_doctype,
                          .startElementNs = on_start,
                          .endElementNs = on_end,
                          .characters = on_text,
                          .cdataBlock = on_text,
                          .serror = silent };

    rd->ctxt = xmlCreatePushParserCtxt(&sax, NULL, NULL, 0, NULL);
    if (!rd->ctxt)
        return moxd_err_set(err, MOXD_ERR_INTERNAL, "XML cannot be read");
    rd->ctxt->_private = rd;
    (void)xmlCtxtUseOptions(rd->ctxt, XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR |
                                          XML_PARSE_NOWARNING);
    for (size_t i = 0; i < xml.n && !rd->limit && !rd->doctype; i += CHUNK) {
        struct moxd_str piece = moxd_str_sub(xml, i, CHUNK);
        (void)xmlParseChunk(rd->ctxt, piece.p, (int)piece.n, i + CHUNK >= xml.n);
    }
    xmlDocPtr doc = rd->ctxt->myDoc;
    xmlFreeParserCtxt(rd->ctxt);
    xmlFreeDoc(doc);
    return 0;
}

static void fill_absent(struct moxd_dmarc_report *r)
{
    for (size_t i = 0; i < MOXD_NELEMS(elements); i++) {
        const struct element *e = &elements[i];
        const char **at = (const char **)(void *)((char *)r + e->offset);
        if (!e->set && e->place == REPORT && !*at)
            *at = "";
    }
}

static int check(const struct reader *rd, struct moxd_err *err)
{
    const struct moxd_dmarc_report *r = rd->r;
    const char *missing = !rd->seen                ? "feedback element"
                          : !rd->begin || !rd->end ? "valid date_range"
                          : !*r->domain            ? "domain of the policy"
                          : r->n == 0              ? "record"
                                                   : NULL;

    if (rd->doctype)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "the report has a document type declaration");
    if (rd->limit)
        return moxd_err_set(err, MOXD_ERR_LIMIT,
                            "the report has too many records or too much in one");
    return missing ? moxd_err_set(err, MOXD_ERR_SYNTAX, "the report has no %s", missing) : 0;
}

int moxd_dmarc_report_parse(struct moxd_str xml, struct moxd_arena *a,
                            struct moxd_dmarc_report *out, struct moxd_err *err)
{
    struct reader *rd = moxd_arena_alloc(a, sizeof(*rd));

    *rd =
        (struct reader){ .a = a, .r = out, .text = MOXD_BUF_INIT(4 * MOXD_DMARC_REPORT_TEXT_MAX) };
    *out = (struct moxd_dmarc_report){ 0 };
    if (xml.n > MOXD_REPORT_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the report is too large");
    int rc = feed(rd, xml, err);
    moxd_buf_fini(&rd->text);
    fill_absent(out);
    return rc < 0 ? -1 : check(rd, err);
}
