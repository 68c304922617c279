/* Recipients as people read them. */
#include <moxmail/date.h>

#include "queue_cmd.h"
#include "queue_extra.h"

const char queue_list_head[] =
    "ID       ACCOUNT      QUEUED  NEXT    TRIES  TRACE                   FROM > TO: LAST REPLY\n";

void queue_put_ago(struct moxd_buf *b, int64_t from, int64_t to)
{
    if (to - from < MOXD_SEC)
        moxd_buf_adds(b, "now");
    else
        queue_duration_put(b, to - from);
}

bool queue_last_attempt(struct moxd_str history, struct moxd_arena *a, struct queue_attempt *out)
{
    struct queue_attempt at;
    bool any = false;

    while (queue_history_next(&history, a, &at)) {
        *out = at;
        any = true;
    }
    return any;
}

/* Of the other side, so nothing that moves a cursor. */
static void put_clean(struct moxd_buf *b, struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        moxd_buf_addc(b, (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i]);
}

static void pad(struct moxd_buf *b, size_t start, size_t width)
{
    do
        moxd_buf_addc(b, ' ');
    while (b->n - start < width);
}

void queue_put_line(struct moxd_buf *b, const struct queue_message *msg,
                    const struct queue_item *item, const char *state, struct moxd_arena *a)
{
    struct queue_attempt last;
    int64_t now = moxd_wall();
    size_t at = b->n;

    moxd_buf_addu(b, item->id);
    pad(b, at, 9);
    at = b->n;
    moxd_buf_adds(b, msg->account ? msg->account : "-");
    pad(b, at, 13);
    at = b->n;
    queue_put_ago(b, item->queued, now);
    pad(b, at, 8);
    at = b->n;
    if (state)
        moxd_buf_adds(b, state);
    else
        queue_put_ago(b, now, item->next);
    pad(b, at, 8);
    moxd_buf_addf(b, "%-5u  %-22s  ", item->attempts, msg->trace ? msg->trace : "-");
    put_clean(b, msg->from[0] ? moxd_cstr(msg->from) : MOXD_STR("<>"));
    moxd_buf_adds(b, " > ");
    put_clean(b, moxd_cstr(item->to));
    if (queue_last_attempt(item->history, a, &last) && last.text) {
        struct moxd_str text = moxd_cstr(last.text);
        moxd_buf_adds(b, ": ");
        put_clean(b, moxd_str_cut(&text, '\n'));
    }
    moxd_buf_addc(b, '\n');
}

/* --- details ----------------------------------------------------------------------------------- */

static void put_field(struct moxd_buf *b, const char *name, const char *value)
{
    if (!value || !value[0])
        return;
    moxd_buf_addf(b, "%-14s", name);
    put_clean(b, moxd_cstr(value));
    moxd_buf_addc(b, '\n');
}

static void put_time(struct moxd_buf *b, const char *name, int64_t ns)
{
    if (ns == 0)
        return;
    moxd_buf_addf(b, "%-14s", name);
    moxd_date_put_rfc3339(b, ns / MOXD_SEC);
    moxd_buf_addc(b, '\n');
}

static void put_reported(struct moxd_buf *b, const struct queue_attempt *at)
{
    moxd_buf_addf(b, " notification: %s", at->reported);
    if (at->host && at->host[0]) {
        moxd_buf_adds(b, ", by ");
        put_clean(b, moxd_cstr(at->host));
    }
    moxd_buf_addc(b, '\n');
}

static void put_tried(struct moxd_buf *b, const struct queue_attempt *at)
{
    moxd_buf_addf(b, " %s in %lld ms",
                  at->ok          ? "delivered"
                  : at->permanent ? "refused"
                                  : "failed",
                  (long long)(at->duration / MOXD_MS));
    if (at->transport)
        moxd_buf_addf(b, ", transport %s", at->transport);
    if (at->host)
        moxd_buf_addf(b, ", host %s", at->host);
    if (at->remote)
        moxd_buf_addf(b, " (%s)", at->remote);
    if (at->local)
        moxd_buf_addf(b, " from %s", at->local);
    moxd_buf_addf(b, ", %s%s\n", at->tls ? at->tls : "no TLS",
                  at->tls && at->verified ? " verified" : "");
}

static void put_attempt(struct moxd_buf *b, const struct queue_attempt *at)
{
    struct moxd_str text = moxd_cstr(at->text ? at->text : "");

    moxd_date_put_rfc3339(b, at->start / MOXD_SEC);
    if (at->reported)
        put_reported(b, at);
    else
        put_tried(b, at);
    while (text.n > 0) {
        struct moxd_str line = moxd_str_cut(&text, '\n');
        moxd_buf_adds(b, at->ours ? "    (ours) " : "    ");
        put_clean(b, line);
        moxd_buf_addc(b, '\n');
    }
}

const char *queue_requiretls_name(uint32_t requiretls)
{
    static const char *const names[] = { "", "yes", "no" };

    return requiretls < MOXD_NELEMS(names) ? names[requiretls] : "";
}

static void put_extra(struct moxd_buf *b, struct moxd_str s, struct moxd_arena *a)
{
    const struct queue_extra *v;
    size_t n = queue_extra_decode(s, a, &v);

    for (size_t i = 0; i < n; i++)
        put_field(b, "extra", moxd_arena_printf(a, "%s: %s", v[i].key, v[i].value));
}

void queue_put_details(struct moxd_buf *b, const struct queue_message *msg,
                       const struct queue_item *item, struct moxd_arena *a)
{
    struct moxd_str history = item->history;
    struct queue_attempt at;

    moxd_buf_addf(b, "%-14s%llu\n%-14s%llu\n", "id", (unsigned long long)item->id, "message",
                  (unsigned long long)item->body);
    put_field(b, "trace", msg->trace);
    put_field(b, "account", msg->account);
    put_field(b, "from", item->fromid ? item->fromid : msg->from[0] ? msg->from : "<>");
    put_field(b, "to", item->to);
    put_field(b, "message-id", msg->message_id);
    put_field(b, "subject", msg->subject);
    put_field(b, "origin", msg->origin);
    moxd_buf_addf(b, "%-14s%llu\n", "size", (unsigned long long)msg->size);
    put_time(b, "queued", item->queued);
    put_time(b, "next", item->next);
    put_field(b, "hold", item->hold ? "yes" : NULL);
    put_field(b, "requiretls", queue_requiretls_name(item->requiretls));
    put_field(b, "transport", item->transport);
    put_field(b, "notify", item->notify);
    put_extra(b, msg->extra, a);
    moxd_buf_addf(b, "%-14s%u\n", "attempts", item->attempts);
    while (queue_history_next(&history, a, &at))
        put_attempt(b, &at);
}

int queue_print_args(int argc, char **argv, uint64_t *id, bool *json, struct moxd_err *err)
{
    *json = strcmp(argv[0], "-json") == 0;
    if (argc != (*json ? 2 : 1))
        return moxd_err_set(err, MOXD_ERR_INVALID, "say [-json] and one id");
    if (moxd_str_u64(moxd_cstr(argv[argc - 1]), UINT64_MAX / 2, id) < 0 || *id == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is no id: lists begin with them",
                            argv[argc - 1]);
    return 0;
}

int queue_flush(struct moxd_ctl *c, struct moxd_buf *b, struct moxd_err *err)
{
    int rc = moxd_ctl_write(c, b->p, b->n);

    moxd_buf_reset(b);
    return rc < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "the output was closed") : 0;
}
