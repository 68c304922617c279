/* Reads reports (RFC 8460 4.4), with jansson, after a look at how much there is. */
#include <jansson.h>
#include <moxmail/date.h>
#include <moxmail/report.h>
#include <moxmail/tlsrpt.h>

enum { DEPTH_MAX = 32 /* a report has 5 */ };

struct reader {
    struct moxd_arena *a;
    size_t failures; /* in all policies */
};

/* jansson takes some hundred bytes for a value that has two in the text. */
static int bounded(struct moxd_str s, struct moxd_err *err)
{
    size_t values = 0, depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted) {
            values += c == ',' || c == '{' || c == '[';
            depth += c == '{' || c == '[';
            depth -= (c == '}' || c == ']') && depth > 0;
        }
        if (values > MOXD_TLSRPT_VALUES_MAX || depth > DEPTH_MAX)
            return moxd_err_set(err, MOXD_ERR_LIMIT, "the report has too many values");
    }
    return 0;
}

static const char *keep(struct moxd_arena *a, const char *s, size_t n)
{
    if (n > MOXD_TLSRPT_TEXT_MAX)
        for (n = MOXD_TLSRPT_TEXT_MAX; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
            n--;
    return moxd_arena_cstr(a, moxd_str(s, n));
}

static const char *text(const struct reader *r, const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);

    return json_is_string(v) ? keep(r->a, json_string_value(v), json_string_length(v)) : "";
}

/* Numbers may be written as text, too. */
static uint64_t number(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    uint64_t n = 0;

    if (json_is_integer(v))
        return json_integer_value(v) < 0 ? 0 : (uint64_t)json_integer_value(v);
    if (json_is_real(v))
        return json_real_value(v) < 1 || json_real_value(v) > 1e15 ? 0
                                                                   : (uint64_t)json_real_value(v);
    return json_is_string(v) && moxd_str_u64(moxd_cstr(json_string_value(v)), INT64_MAX, &n) == 0
               ? n
               : 0;
}

static const char *const *list(const struct reader *r, const json_t *v)
{
    size_t n = json_is_array(v) ? json_array_size(v) : json_is_string(v) ? 1 : 0, used = 0;
    const char **out;

    if (n > MOXD_TLSRPT_STRINGS_MAX)
        n = MOXD_TLSRPT_STRINGS_MAX;
    out = moxd_arena_calloc(r->a, n + 1, sizeof(*out));
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(v) ? json_array_get(v, i) : v;
        if (json_is_string(one))
            out[used++] = keep(r->a, json_string_value(one), json_string_length(one));
    }
    return out;
}

static void read_failures(struct reader *r, const json_t *v, struct moxd_tlsrpt_policy *p)
{
    size_t n = json_array_size(v);

    if (n > MOXD_TLSRPT_DETAILS_MAX - r->failures)
        n = MOXD_TLSRPT_DETAILS_MAX - r->failures;
    r->failures += n;
    p->v = moxd_arena_calloc(r->a, n, sizeof(*p->v));
    p->n = n;
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(v, i);
        p->v[i] = (struct moxd_tlsrpt_failure){
            .result = text(r, one, "result-type"),
            .sending_ip = text(r, one, "sending-mta-ip"),
            .mx = text(r, one, "receiving-mx-hostname"),
            .helo = text(r, one, "receiving-mx-helo"),
            .receiving_ip = text(r, one, "receiving-ip"),
            .info = text(r, one, "additional-information"),
            .reason = text(r, one, "failure-reason-code"),
            .count = number(one, "failed-session-count"),
        };
    }
}

static void read_policy(struct reader *r, const json_t *v, struct moxd_tlsrpt_policy *p)
{
    const json_t *about = json_object_get(v, "policy"), *sum = json_object_get(v, "summary");

    p->type = text(r, about, "policy-type");
    p->domain = text(r, about, "policy-domain");
    p->strings = list(r, json_object_get(about, "policy-string"));
    p->mx = list(r, json_object_get(about, "mx-host"));
    p->successes = number(sum, "total-successful-session-count");
    p->failures = number(sum, "total-failure-session-count");
    read_failures(r, json_object_get(v, "failure-details"), p);
}

static int read_dates(const struct reader *r, const json_t *v, struct moxd_tlsrpt_report *out)
{
    struct moxd_date begin, end;

    if (moxd_date_parse_rfc3339(moxd_cstr(text(r, v, "start-datetime")), &begin) < 0 ||
        moxd_date_parse_rfc3339(moxd_cstr(text(r, v, "end-datetime")), &end) < 0)
        return -1;
    out->begin = begin.sec;
    out->end = end.sec;
    return 0;
}

static int read_report(struct reader *r, const json_t *root, struct moxd_tlsrpt_report *out,
                       struct moxd_err *err)
{
    const json_t *policies = json_object_get(root, "policies");

    out->organization = text(r, root, "organization-name");
    out->contact = text(r, root, "contact-info");
    out->id = text(r, root, "report-id");
    if (read_dates(r, json_object_get(root, "date-range"), out) < 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "the report has no valid date-range");
    if (!json_is_array(policies))
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "the report has no policies");
    out->n = json_array_size(policies);
    if (out->n > MOXD_TLSRPT_POLICIES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the report has too many policies");
    out->v = moxd_arena_calloc(r->a, out->n, sizeof(*out->v));
    for (size_t i = 0; i < out->n; i++)
        read_policy(r, json_array_get(policies, i), &out->v[i]);
    return 0;
}

int moxd_tlsrpt_parse(struct moxd_str json, struct moxd_arena *a, struct moxd_tlsrpt_report *out,
                      struct moxd_err *err)
{
    struct reader r = { .a = a };
    json_error_t why;

    *out = (struct moxd_tlsrpt_report){ 0 };
    if (json.n > MOXD_REPORT_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the report is too large");
    if (bounded(json, err) < 0)
        return -1;
    json_t *root = json_loadb(json.p ? json.p : "", json.n, 0, &why);
    if (!root)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "the report is no JSON: line %d: %s", why.line,
                            why.text);
    int rc = read_report(&r, root, out, err);
    json_decref(root);
    return rc;
}
