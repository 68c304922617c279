/* Reports as JSON (RFC 8460 4.4), with jansson. */
#include <jansson.h>
#include <moxmail/date.h>
#include <moxmail/tlsrpt.h>
#include <stdlib.h>

/* What peers said need not be UTF-8. */
static json_t *text(const char *s)
{
    json_t *v = json_string(s);

    return v ? v : json_string("?");
}

static void set(json_t *object, const char *name, const char *value)
{
    if (value && *value)
        (void)json_object_set_new(object, name, text(value));
}

static json_t *date(int64_t sec)
{
    struct moxd_buf b = MOXD_BUF_INIT(100);
    json_t *v;

    moxd_date_put_rfc3339(&b, sec);
    v = json_string(moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return v;
}

static json_t *list(const char *const *v)
{
    json_t *array = json_array();

    for (; *v; v++)
        (void)json_array_append_new(array, text(*v));
    return array;
}

static json_t *failure(const struct moxd_tlsrpt_failure *f)
{
    json_t *v = json_object();

    set(v, "result-type", f->result);
    set(v, "sending-mta-ip", f->sending_ip);
    set(v, "receiving-mx-hostname", f->mx);
    set(v, "receiving-mx-helo", f->helo);
    set(v, "receiving-ip", f->receiving_ip);
    (void)json_object_set_new(v, "failed-session-count", json_integer((json_int_t)f->count));
    set(v, "additional-information", f->info);
    set(v, "failure-reason-code", f->reason);
    return v;
}

static json_t *policy(const struct moxd_tlsrpt_policy *p)
{
    json_t *failures = json_array(), *about = json_object();

    for (size_t i = 0; i < p->n; i++)
        (void)json_array_append_new(failures, failure(&p->v[i]));
    set(about, "policy-type", p->type);
    if (*p->strings)
        (void)json_object_set_new(about, "policy-string", list(p->strings));
    set(about, "policy-domain", p->domain);
    if (*p->mx)
        (void)json_object_set_new(about, "mx-host", list(p->mx));
    return json_pack("{so s{sI sI} so}", "policy", about, "summary",
                     "total-successful-session-count", (json_int_t)p->successes,
                     "total-failure-session-count", (json_int_t)p->failures, "failure-details",
                     failures);
}

void moxd_tlsrpt_write(struct moxd_buf *b, const struct moxd_tlsrpt_report *r)
{
    json_t *root = json_object(), *policies = json_array();

    for (size_t i = 0; i < r->n; i++)
        (void)json_array_append_new(policies, policy(&r->v[i]));
    (void)json_object_set_new(root, "organization-name", text(r->organization));
    (void)json_object_set_new(
        root, "date-range",
        json_pack("{so so}", "start-datetime", date(r->begin), "end-datetime", date(r->end)));
    (void)json_object_set_new(root, "contact-info", text(r->contact));
    (void)json_object_set_new(root, "report-id", text(r->id));
    (void)json_object_set_new(root, "policies", policies);
    char *s = json_dumps(root, JSON_INDENT(1));
    moxd_buf_adds(b, s ? s : "");
    free(s);
    json_decref(root);
}
