/* Sends a report: packed on a worker, signed by DKIM, and then the queue's, or posted over HTTPS. */
#include "reports.h"

#include <moxd/enc.h>
#include <moxd/http_client.h>
#include <moxd/offload.h>
#include <moxmail/address.h>
#include <moxmail/dmarc.h>
#include <moxmail/header.h>

enum { MESSAGE_MAX = 2 * MOXD_REPORT_PACKED_MAX, RESPONSE_MAX = 64 * 1024 };
#define POST_TIMEOUT (60 * MOXD_SEC)

struct job {
    struct reports *r;
    const struct reports_out *out;
    struct moxd_arena *a;
    struct moxd_buf packed, message;
    const char *const *to;
    int rc;
    struct moxd_err err;
};

static void pack(void *arg)
{
    struct job *j = arg;

    j->rc = moxd_report_pack(j->out->report, &j->packed, &j->err);
}

static void compose(void *arg)
{
    struct job *j = arg;
    unsigned char random[12];
    struct moxd_buf id = MOXD_BUF_INIT(400);

    moxd_random(random, sizeof(random));
    moxd_hex_encode(&id, moxd_str((const char *)random, sizeof(random)));
    moxd_buf_addf(&id, "@%s", moxd_conf_core()->hostname);
    const struct moxd_report_mail mail = {
        .name = { .kind = j->out->kind,
                  .submitter = moxd_conf_core()->hostname,
                  .domain = j->out->domain,
                  .begin = j->out->begin,
                  .end = j->out->end,
                  .id = j->out->id },
        .from = j->r->contact,
        .to = j->to,
        .message_id = moxd_buf_cstr(&id),
        .date = moxd_wall() / MOXD_SEC,
        .text = moxd_arena_printf(j->a, "This is a report about %s at %s, made by %s.\n",
                                  j->out->kind == MOXD_REPORT_TLS ? "TLS" : "DMARC", j->out->domain,
                                  moxd_conf_core()->hostname),
        .data = moxd_buf_str(&j->packed),
    };
    moxd_report_mail(&j->message, &mail);
    moxd_buf_fini(&id);
    j->rc =
        j->message.overflow ? moxd_err_set(&j->err, MOXD_ERR_LIMIT, "the report is too large") : 0;
}

static int on_worker(struct job *j, void (*fn)(void *arg), struct moxd_err *err)
{
    if (moxd_offload(MOXD_LANE_CPU, fn, j) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (j->rc < 0)
        *err = j->err;
    return j->rc;
}

/* RFC 8460 3: reports without a signature are ignored; so the key's absence is an error of ours. */
static int sign(struct job *j, struct store_draft *draft, struct moxd_buf *fields,
                struct moxd_err *err)
{
    struct reports *r = j->r;
    struct moxd_str message = moxd_buf_str(&j->message);
    size_t end = moxd_header_end(message);

    if (!r->dkim)
        return moxd_err_set(err, MOXD_ERR_STATE, "without the module dkim reports are not signed");
    int rc = r->dkim->sign(r->dkim_self, MOXD_STR(""), moxd_str_sub(message, 0, end), draft, end,
                           fields, err);
    if (rc == 0)
        return moxd_err_set(err, MOXD_ERR_STATE,
                            "no domain at or above %s has a DKIM key, so reports are not sent",
                            moxd_conf_core()->hostname);
    return rc < 0 ? -1 : 0;
}

static int queue(struct job *j, struct store_draft *draft, struct moxd_err *err)
{
    struct moxd_buf fields = MOXD_BUF_INIT(DKIM_FIELDS_MAX);
    struct queue_rcpt rcpt = { .to = j->to[0] };
    int rc = j->r->store->draft_write(draft, j->message.p, j->message.n, err);

    if (rc == 0)
        rc = sign(j, draft, &fields, err);
    const struct queue_new msg = {
        .from = j->r->contact,
        .rcpts = &rcpt,
        .n = 1,
        .prefix = moxd_buf_str(&fields),
        .draft = draft,
        .requiretls = j->out->kind == MOXD_REPORT_TLS ? QUEUE_TLS_OPTIONAL : QUEUE_TLS_DEFAULT,
        .no_dsn = true,
        .origin = j->out->kind == MOXD_REPORT_TLS ? "tlsrpt" : "dmarc",
    };
    if (rc == 0)
        rc = j->r->queue->add(j->r->queue_self, &msg, NULL, err);
    moxd_buf_fini(&fields);
    return rc;
}

/* 1: it is on its way; 0: not wanted, or it is too large; -1. */
static int mail(struct job *j, const char *uri, uint64_t max, struct moxd_err *err)
{
    struct moxd_str localpart, domain;
    struct moxd_address ad;
    const char *to[2] = { NULL, NULL };

    if (moxd_dmarc_uri_address(moxd_cstr(uri), j->a, &localpart, &domain) < 0 ||
        moxd_address_make(localpart, domain, 0, j->a, &ad, NULL) < 0)
        return 0;
    to[0] = moxd_arena_cstr(j->a, moxd_address_text(&ad, false, j->a));
    int rc = reports_suppressed(j->r, to[0], err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (!j->r->queue)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "without the module queue nothing is sent");
    j->to = to;
    moxd_buf_reset(&j->message);
    if (on_worker(j, compose, err) < 0)
        return -1;
    if (max > 0 && j->message.n > max) { /* RFC 7489 6.2; RFC 9990 2.6 */
        moxd_info(&j->r->m.log, "report is too large", moxd_kvs("domain", j->out->domain),
                  moxd_kvs("to", uri), moxd_kvu("max", max), moxd_kvu("size", j->message.n));
        return 0;
    }
    struct store_draft *draft = j->r->store->draft_new(j->r->store_self);
    rc = queue(j, draft, err);
    j->r->store->draft_free(draft);
    return rc < 0 ? -1 : 1;
}

/* RFC 8460 5.4. */
static int post(struct job *j, const char *url, struct moxd_err *err)
{
    static const char *const headers[] = { "Content-Type: application/tlsrpt+gzip", NULL };
    const struct moxd_http_request req = { .url = url,
                                           .headers = headers,
                                           .body = moxd_buf_str(&j->packed),
                                           .max = RESPONSE_MAX,
                                           .deadline = moxd_deadline(POST_TIMEOUT) };
    struct moxd_http_response res;
    int rc = reports_suppressed(j->r, url, err);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (moxd_http_fetch(&req, j->a, &res, err) < 0)
        return -1;
    if (res.status / 100 != 2)
        return moxd_err_set(err, MOXD_ERR_TEMP, "HTTP status %d", res.status);
    return 1;
}

static int one(struct job *j, size_t i, struct moxd_err *err)
{
    const char *uri = j->out->rua[i];

    if (moxd_str_casestarts(moxd_cstr(uri), MOXD_STR("mailto:")))
        return mail(j, uri, j->out->max_size ? j->out->max_size[i] : 0, err);
    if (j->out->kind == MOXD_REPORT_TLS && moxd_str_casestarts(moxd_cstr(uri), MOXD_STR("https:")))
        return post(j, uri, err);
    return 0;
}

int reports_send(struct moxd_instance *m, const struct reports_out *out, unsigned *sent,
                 struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct job j = { .r = reports_self(m),
                     .out = out,
                     .a = a,
                     .packed = MOXD_BUF_INIT(MOXD_REPORT_PACKED_MAX),
                     .message = MOXD_BUF_INIT(MESSAGE_MAX) };
    const char *kind = reports_kinds[out->kind];
    int result = on_worker(&j, pack, err);

    *sent = 0;
    for (size_t i = 0; result == 0 && out->rua[i]; i++) {
        struct moxd_err why = { 0 };
        int rc = one(&j, i, &why);
        *sent += rc > 0;
        moxd_metric_inc(j.r->sent, kind, rc > 0 ? "sent" : rc == 0 ? "suppressed" : "failed");
        if (rc > 0)
            moxd_info(&m->log, "report sent", moxd_kvs("kind", kind),
                      moxd_kvs("domain", out->domain), moxd_kvs("to", out->rua[i]),
                      moxd_kvs("id", out->id));
        if (rc >= 0)
            continue;
        moxd_warn(&m->log, "report not sent", moxd_kvs("kind", kind),
                  moxd_kvs("domain", out->domain), moxd_kvs("to", out->rua[i]), moxd_kve(&why));
        result = -1;
        *err = why;
    }
    moxd_buf_fini(&j.packed);
    moxd_buf_fini(&j.message);
    return result;
}
