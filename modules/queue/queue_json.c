/* Recipients as programs read them: one JSON object (RFC 8259) on a line. */
#include <jansson.h>
#include <moxmail/date.h>
#include <stdlib.h>

#include "queue_cmd.h"
#include "queue_extra.h"

/* Texts of other servers need not be UTF-8, and JSON must be. */
static json_t *text(const char *s)
{
    json_t *t = json_string(s);
    char *clean;

    if (t)
        return t;
    clean = moxd_xstrdup(s);
    for (char *p = clean; *p; p++)
        *p = (unsigned char)*p > 127 ? '?' : *p;
    t = json_string(clean);
    free(clean);
    return t;
}

static void put(json_t *o, const char *name, const char *value)
{
    if (value && value[0])
        json_object_set_new(o, name, text(value));
}

static void put_number(json_t *o, const char *name, uint64_t value)
{
    json_object_set_new(o, name, json_integer((json_int_t)value));
}

static void put_true(json_t *o, const char *name, bool value)
{
    if (value)
        json_object_set_new(o, name, json_true());
}

static void put_time(json_t *o, const char *name, int64_t ns)
{
    struct moxd_buf b = MOXD_BUF_INIT(64);

    if (ns != 0) {
        moxd_date_put_rfc3339(&b, ns / MOXD_SEC);
        put(o, name, moxd_buf_cstr(&b));
    }
    moxd_buf_fini(&b);
}

static json_t *attempt(const struct queue_attempt *at)
{
    json_t *o = json_object();

    put_time(o, "time", at->start);
    put(o, "reported", at->reported);
    if (!at->reported)
        put_number(o, "milliseconds", (uint64_t)(at->duration / MOXD_MS));
    put(o, "transport", at->transport);
    put(o, "host", at->host);
    put(o, "remote", at->remote);
    put(o, "local", at->local);
    put(o, "tls", at->tls);
    put_true(o, "verified", at->verified);
    put_true(o, "ok", at->ok);
    put_true(o, "permanent", at->permanent);
    put_true(o, "ours", at->ours);
    put_number(o, "code", at->code);
    put(o, "enhanced", at->enhanced);
    put(o, "reply", at->text);
    return o;
}

static json_t *attempts(struct moxd_str history, struct moxd_arena *a)
{
    json_t *v = json_array();
    struct queue_attempt at;

    while (queue_history_next(&history, a, &at))
        json_array_append_new(v, attempt(&at));
    return v;
}

static json_t *extra(struct moxd_str s, struct moxd_arena *a)
{
    json_t *o = json_object();
    const struct queue_extra *v;
    size_t n = queue_extra_decode(s, a, &v);

    for (size_t i = 0; i < n; i++)
        put(o, v[i].key, v[i].value);
    return o;
}

static void describe(json_t *o, const struct queue_message *msg, const struct queue_item *item,
                     struct moxd_arena *a)
{
    put_number(o, "id", item->id);
    put_number(o, "message", item->body);
    put(o, "trace", msg->trace);
    put(o, "account", msg->account);
    json_object_set_new(o, "from", text(item->fromid ? item->fromid : msg->from));
    put(o, "to", item->to);
    put(o, "messageid", msg->message_id);
    put(o, "subject", msg->subject);
    put(o, "origin", msg->origin);
    put_number(o, "size", msg->size);
    put_time(o, "queued", item->queued);
    put_time(o, "next", item->next);
    put_true(o, "hold", item->hold);
    put(o, "requiretls", queue_requiretls_name(item->requiretls));
    put(o, "transport", item->transport);
    put(o, "notify", item->notify);
    put(o, "envid", msg->envid);
    json_object_set_new(o, "extra", extra(msg->extra, a));
    json_object_set_new(o, "attempts", attempts(item->history, a));
}

void queue_put_json(struct moxd_buf *b, const struct queue_message *msg,
                    const struct queue_item *item, const char *result, int64_t left,
                    struct moxd_arena *a)
{
    json_t *o = json_object();
    char *line;

    put(o, "result", result);
    put_time(o, "left", left);
    describe(o, msg, item, a);
    line = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
    moxd_assert(line);
    moxd_buf_adds(b, line);
    moxd_buf_addc(b, '\n');
    free(line);
    json_decref(o);
}
