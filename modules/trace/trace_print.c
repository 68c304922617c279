/* A message as people read it: what became of it first, then each step, and when. */
#include "trace.h"

#include <moxmail/date.h>
#include <stdlib.h>

static const char *public_id(const struct trace_head *h, char out[32])
{
    return moxd_cid_public_part(h->id.cid, h->id.n, out);
}

/* --- lists ------------------------------------------------------------------------------------- */

static void line_text(struct moxd_buf *b, const struct trace_head *h)
{
    char id[32];

    moxd_buf_addf(b, "%-22s  ", public_id(h, id));
    moxd_date_put_rfc3339(b, h->start / MOXD_SEC);
    moxd_buf_addf(b, "  %-13s  ", trace_head_outcome(h));
    moxd_step_clean(b, moxd_cstr(h->from[0] ? h->from : "-"));
    moxd_buf_adds(b, " > ");
    moxd_step_clean(b, moxd_cstr(h->to[0] ? h->to : "-"));
    if (h->reason[0]) {
        moxd_buf_adds(b, ": ");
        moxd_step_clean(b, moxd_cstr(h->reason));
    }
    moxd_buf_addc(b, '\n');
}

static void pair(struct moxd_buf *b, const char *name, const char *value)
{
    moxd_buf_addf(b, ",\"%s\":", name);
    moxd_step_json_string(b, moxd_cstr(value));
}

/* Without the closing brace. */
static void head_json(struct moxd_buf *b, const struct trace_head *h)
{
    char id[32];

    moxd_buf_addf(b, "{\"id\":\"%s\",\"cid\":%llu,\"begin\":\"", public_id(h, id),
                  (unsigned long long)h->id.cid);
    moxd_date_put_rfc3339(b, h->start / MOXD_SEC);
    moxd_buf_addc(b, '"');
    pair(b, "outcome", trace_head_outcome(h));
    pair(b, "reason", h->reason);
    pair(b, "from", h->from);
    pair(b, "to", h->to);
    pair(b, "account", h->account);
    pair(b, "ip", h->ip);
    pair(b, "messageid", h->message_id);
    moxd_buf_addf(b, ",\"recipients\":%lld,\"waiting\":%lld,\"delivered\":%lld,\"failed\":%lld",
                  (long long)h->rcpts, (long long)h->waiting, (long long)h->delivered,
                  (long long)h->failed);
}

void trace_print_line(struct moxd_buf *b, const struct trace_head *h, bool json)
{
    if (!json) {
        line_text(b, h);
        return;
    }
    head_json(b, h);
    moxd_buf_adds(b, "}\n");
}

/* --- one message ------------------------------------------------------------------------------- */

struct steps {
    struct moxd_step *v;
    size_t n, cap;
};

static int by_time(const void *a, const void *b)
{
    const struct moxd_step *x = a, *y = b;

    return x->at != y->at ? (x->at < y->at ? -1 : 1) : x < y ? -1 : 1;
}

/* In order: what several modules tell, and what was written in parts, need not be. */
static int decode(struct moxd_str records, struct moxd_arena *a, struct steps *out,
                  struct moxd_err *err)
{
    struct moxd_step s;
    int rc;

    while ((rc = moxd_step_next(&records, a, &s, err)) > 0)
        *(struct moxd_step *)moxd_arena_push(a, &out->v, &out->n, &out->cap, sizeof(s)) = s;
    for (size_t i = 1; rc == 0 && i < out->n; i++)
        if (out->v[i].at < out->v[i - 1].at) {
            qsort(out->v, out->n, sizeof(*out->v), by_time);
            break;
        }
    return rc;
}

static void field(struct moxd_buf *b, const char *name, const char *value)
{
    if (!value || !value[0])
        return;
    moxd_buf_addf(b, "%-12s", name);
    moxd_step_clean(b, moxd_cstr(value));
    moxd_buf_addc(b, '\n');
}

static void head_text(struct moxd_buf *b, const struct trace_head *h)
{
    struct moxd_buf when = MOXD_BUF_INIT(100);
    char id[32], cid[24];

    field(b, trace_head_outcome(h), h->reason[0] ? h->reason : "-");
    field(b, "from", h->from);
    field(b, "to", h->to);
    field(b, "account", h->account);
    field(b, "message-id", h->message_id);
    field(b, "client", h->ip);
    moxd_date_put_rfc3339(&when, h->start / MOXD_SEC);
    moxd_buf_adds(&when, ", ");
    moxd_step_duration(&when, h->last - h->start);
    field(b, "began", moxd_buf_cstr(&when));
    field(b, "id", public_id(h, id));
    snprintf(cid, sizeof(cid), "%llu", (unsigned long long)h->id.cid);
    field(b, "cid", cid);
    moxd_buf_addc(b, '\n');
    moxd_buf_fini(&when);
}

static void step_text(struct moxd_buf *b, int64_t start, const struct moxd_step *s)
{
    size_t at = b->n;

    moxd_buf_addc(b, '+');
    moxd_step_duration(b, s->at - start);
    do
        moxd_buf_addc(b, ' ');
    while (b->n - at < 12 && !b->overflow);
    moxd_step_show(b, s);
    moxd_buf_addc(b, '\n');
}

static const char cut_text[] =
    "(steps are missing: there were more than are kept of one message)\n";

static void all_text(struct moxd_buf *b, const struct trace_head *h, const struct steps *steps)
{
    head_text(b, h);
    for (size_t i = 0; i < steps->n; i++)
        step_text(b, steps->v[0].at, &steps->v[i]);
    if (h->cut)
        moxd_buf_adds(b, cut_text);
}

static void all_json(struct moxd_buf *b, const struct trace_head *h, const struct steps *steps)
{
    head_json(b, h);
    moxd_buf_addf(b, ",\"cut\":%s,\"steps\":[", h->cut ? "true" : "false");
    for (size_t i = 0; i < steps->n; i++) {
        moxd_buf_adds(b, i > 0 ? ",\n" : "\n");
        moxd_step_json(b, &steps->v[i]);
    }
    moxd_buf_adds(b, "\n]}\n");
}

int trace_print(struct moxd_buf *b, const struct trace_head *h, struct moxd_str records, bool json,
                struct moxd_arena *a, struct moxd_err *err)
{
    struct steps steps = { 0 };

    if (decode(records, a, &steps, err) < 0)
        return -1;
    if (json)
        all_json(b, h, &steps);
    else
        all_text(b, h, &steps);
    return 0;
}
