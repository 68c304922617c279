/* Notifications about mail of our users (RFC 3461 6): composed here, and brought to who sent the message, which is
 * somebody here, or for forwarded mail another server's user. */
#include "queue_dsn.h"

#include <moxd/enc.h>
#include <moxd/offload.h>
#include <moxmail/address.h>
#include <moxmail/header.h>
#include <stdlib.h>

#include "queue_explain.h"
#include "queue_sign.h"

enum {
    FULL_ASKED_MAX =
        10 * 1024 * 1024, /* bytes of an original that goes back when RET=FULL wants it ... */
    FULL_MAX = 64 * 1024, /* ... and when nobody said anything (RFC 3461 4.3 leaves it to us) */
    RANDOM = 12,
};

/* A notification that is being made. */
struct notice {
    struct queue *q;
    const struct queue_message *msg;
    struct store_body *body; /* or NULL, and then the header is known */
    struct moxd_str header;
    uint64_t size;
    struct moxd_arena *a;
    struct moxd_dsn dsn;
    struct moxd_dsn_rcpt *rcpts;
    struct moxd_dsn_parts parts;
    char id[32]; /* of the notification */
    struct moxd_str signature;
    int rc;
    struct moxd_err err;
};

/* --- what it says ------------------------------------------------------------------------------ */

static struct moxd_str decode_envid(const char *envid, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(QUEUE_TEXT_MAX);
    struct moxd_str s = MOXD_STR("");

    if (envid && moxd_xtext_decode(&b, moxd_cstr(envid)) == 0)
        s = moxd_arena_str(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return s;
}

/* The reply may have no enhanced code; then its class is what is known (RFC 3461 6.3 (g)). */
static struct moxd_str status(const struct queue_told *told)
{
    const struct smtpclient_reply *r = told->reply;

    if (!r || told->action == MOXD_DSN_RELAYED || told->action == MOXD_DSN_DELIVERED)
        return MOXD_STR("");
    if (r->enhanced && r->enhanced[0])
        return moxd_cstr(r->enhanced);
    return r->code / 100 == 4 ? MOXD_STR("4.0.0") : MOXD_STR("");
}

static void describe_rcpt(const struct queue_told *told, struct moxd_dsn_rcpt *out)
{
    const struct smtpclient_reply *r = told->reply;

    *out = (struct moxd_dsn_rcpt){
        .address = moxd_cstr(told->item->to),
        .orcpt = moxd_cstr(told->item->orcpt),
        .action = told->action,
        .status = status(told),
        .remote = moxd_cstr(told->host),
        .diagnostic = moxd_cstr(r ? r->text : NULL),
        .ours = !r || r->ours || !told->host,
        .why = moxd_cstr(told->why),
        .attempted = told->attempted / MOXD_SEC,
        .retry_until = told->retry_until / MOXD_SEC,
    };
}

static struct moxd_str random_name(struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(2 * RANDOM);
    char bytes[RANDOM];

    moxd_random(bytes, sizeof(bytes));
    moxd_hex_encode(&b, moxd_str(bytes, sizeof(bytes)));
    struct moxd_str s = moxd_arena_str(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return s;
}

/* RFC 3461 4.3: only what failed goes back whole. RFC 8689 5: of what had to be encrypted on its way nothing but the
 * header does. */
static bool returns_whole(const struct notice *n, const struct queue_told *v, size_t nv)
{
    bool asked = n->msg->ret && strcmp(n->msg->ret, "FULL") == 0;

    if (!n->body || v->action != MOXD_DSN_FAILED || (n->msg->ret && !asked))
        return false;
    for (size_t i = 0; i < nv; i++)
        if (v[i].item->requiretls == QUEUE_TLS_REQUIRED)
            return false;
    return n->size <= (asked ? FULL_ASKED_MAX : FULL_MAX);
}

static void describe(struct notice *n, const struct queue_told *v, size_t nv)
{
    const char *hostname = moxd_conf_core()->hostname;
    struct moxd_arena *a = n->a;

    n->rcpts = moxd_arena_calloc(a, nv, sizeof(*n->rcpts));
    for (size_t i = 0; i < nv; i++)
        describe_rcpt(&v[i], &n->rcpts[i]);
    n->dsn = (struct moxd_dsn){
        .from = moxd_cstr(moxd_arena_printf(a, "postmaster@%s", hostname)),
        .to = moxd_cstr(n->msg->from),
        .message_id = moxd_cstr(
            moxd_arena_printf(a, "%" MOXD_STRF "@%s", MOXD_STRA(random_name(a)), hostname)),
        .boundary = random_name(a),
        .hostname = moxd_cstr(hostname),
        .envid = decode_envid(n->msg->envid, a),
        .trace = n->msg->trace
                     ? moxd_cstr(n->msg->trace)
                     : moxd_cstr(moxd_arena_printf(a, "%llu", (unsigned long long)v->item->id)),
        .date = moxd_wall() / MOXD_SEC,
        .arrived = n->msg->queued / MOXD_SEC,
        .held_until = n->msg->deadline / MOXD_SEC,
        .rcpts = n->rcpts,
        .nrcpts = nv,
        .utf8 = n->msg->smtputf8,
        .original = { .size = n->size,
                      .eightbit = n->msg->body8bit,
                      .whole = returns_whole(n, v, nv),
                      .utf8 = n->msg->smtputf8 },
    };
}

/* --- on a worker ------------------------------------------------------------------------------- */

struct source {
    const struct store_v1 *store;
    struct store_body *body;
};

static ssize_t read_body(const void *ctx, uint64_t off, void *p, size_t n)
{
    const struct source *src = ctx;

    return src->store->body_read(src->body, off, p, n, NULL);
}

static void compose(void *arg)
{
    struct notice *n = arg;
    struct source src = { n->q->store, n->body };
    struct moxd_reader r = { .read_at = read_body, .ctx = &src, .size = n->size };

    n->rc = n->body ? moxd_header_read(&r, n->a, &n->header, NULL, &n->err) : 0;
    n->dsn.original.header = n->header;
    if (n->rc == 0)
        n->rc = moxd_dsn_write(&n->dsn, &n->parts, &n->err);
}

static bool is_forwarded(const struct queue_message *msg)
{
    return msg->origin && strcmp(msg->origin, "forward") == 0;
}

/* --- where it goes ----------------------------------------------------------------------------- */

static int write_draft(struct notice *n, struct store_draft *draft,
                       struct moxd_err *err) MOXD_SUSPENDS;
static int write_draft(struct notice *n, struct store_draft *draft, struct moxd_err *err)
{
    const struct store_v1 *store = n->q->store;
    const struct moxd_dsn_parts *parts = &n->parts;

    if (store->draft_write(draft, parts->before.p, parts->before.n, err) < 0)
        return -1;
    if (parts->body && queue_local_copy(n->q, n->body, draft, err) < 0)
        return -1;
    return store->draft_write(draft, parts->after.p, parts->after.n, err);
}

/* The reverse-path of a forwarded message is on another server. */
static int send_away(struct notice *n, struct store_draft *draft,
                     struct moxd_err *err) MOXD_SUSPENDS;
static int send_away(struct notice *n, struct store_draft *draft, struct moxd_err *err)
{
    struct queue_rcpt rcpt = { .to = n->msg->from, .notify = "NEVER" };
    struct queue_new new = {
        .from = "",
        .rcpts = &rcpt,
        .n = 1,
        .prefix = n->signature,
        .draft = draft,
        .smtputf8 = n->parts.smtputf8,
        .body8bit = n->parts.eightbit,
        .no_dsn = true,
        .origin = "dsn",
        .trace = n->id,
        .cause = n->msg->trace,
    };

    return queue_add(&n->q->m, &new, NULL, err);
}

/* Servers that get it, also by a user's forwarding, ask for one. Without it is better than no notification. */
static void sign(struct notice *n, struct store_draft *draft) MOXD_SUSPENDS;
static void sign(struct notice *n, struct store_draft *draft)
{
    struct moxd_str header = moxd_buf_str(&n->parts.before);
    struct moxd_err err = { 0 };

    header.n = moxd_header_end(header);
    if (queue_sign(n->q, header, draft, n->a, &n->signature, &err) < 0)
        moxd_warn(&n->q->m.log, "a notification is not signed", moxd_kve(&err));
}

/* To the sender's own account when the address that was used is a list, or gone since. What could not be forwarded
 * would not find its way there a second time. */
static int bring(struct notice *n, struct store_draft *draft, struct moxd_err *err) MOXD_SUSPENDS;
static int bring(struct notice *n, struct store_draft *draft, struct moxd_err *err)
{
    const struct queue_message *msg = n->msg;
    struct smtp_given given = {
        .from = "",
        .to = msg->from,
        .origin = "dsn",
        .trace = n->id,
        .draft = draft,
        .own = true,
        .stays = is_forwarded(msg),
        .smtputf8 = n->parts.smtputf8,
        .body8bit = n->parts.eightbit,
    };

    if (write_draft(n, draft, err) < 0)
        return -1;
    sign(n, draft);
    given.prefix = n->signature;
    int found = queue_local_find(n->q, msg->from, n->a, err);
    if (found < 0 && !msg->account)
        return -1;
    if (found == 0 && !msg->account)
        return send_away(n, draft, err);
    if (found <= 0)
        given.into = msg->account;
    queue_explain_written(n->q, n->id, "dsn", msg->from, msg->trace);
    return queue_local_give(n->q, &given, err);
}

/* --- all together ------------------------------------------------------------------------------ */

/* No backscatter: only for mail of users of ours, and for what we forward. No loops: never about mail with the null
 * path, or about a notification. */
static bool tells(const struct queue_message *msg)
{
    return msg->from[0] != '\0' && !msg->no_dsn && (msg->account || is_forwarded(msg));
}

static int send_notice(struct notice *n, const struct queue_told *v, size_t nv,
                       struct moxd_err *err) MOXD_SUSPENDS;
static int send_notice(struct notice *n, const struct queue_told *v, size_t nv,
                       struct moxd_err *err)
{
    const struct store_v1 *store = n->q->store;

    queue_explain_id(n->id);
    describe(n, v, nv);
    if (moxd_offload(MOXD_LANE_CPU, compose, n) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (n->rc < 0) {
        *err = n->err;
        return -1;
    }
    struct store_draft *draft = store->draft_new(n->q->store_self);
    int rc = bring(n, draft, err);
    store->draft_free(draft);
    moxd_dsn_parts_fini(&n->parts);
    if (rc == 0)
        moxd_info(&n->q->m.log, "sender told", moxd_kvs("from", n->msg->from),
                  moxd_kvs("action", moxd_dsn_action_name(v->action)), moxd_kvu("id", v->item->id),
                  moxd_kvs("to", v->item->to), moxd_kvu("recipients", nv),
                  moxd_kvs("trace", n->msg->trace ? n->msg->trace : ""),
                  moxd_kvs("notification", n->id));
    if (rc == 0)
        queue_explain_told(n->q, n->msg, v, n->id);
    return rc;
}

int queue_dsn_send(struct queue *q, const struct queue_message *msg, struct store_body *body,
                   const struct queue_told *v, size_t n, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct notice notice = { .q = q, .msg = msg, .body = body, .a = a };

    if (!tells(msg) || n == 0)
        return 0;
    notice.size = body ? q->store->body_size(body) : 0;
    return send_notice(&notice, v, n, err);
}

int queue_dsn_about(struct queue *q, const struct queue_message *msg, struct moxd_str header,
                    const struct queue_told *v, size_t n, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct notice notice = { .q = q, .msg = msg, .header = header, .size = msg->size, .a = a };

    if (!tells(msg) || n == 0)
        return 0;
    return send_notice(&notice, v, n, err);
}
