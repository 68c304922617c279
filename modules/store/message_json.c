#include "message_json.h"

#include <jansson.h>
#include <moxmail/header_address.h>
#include <moxmail/transfer.h>
#include <stdlib.h>

struct json_parts {
    struct moxd_arena *a;
    const struct moxd_reader *r;
    const struct moxd_msg *m;
    struct moxd_err *err;
};

static void set(json_t *o, const char *key, json_t *value)
{
    moxd_assert(json_object_set_new(o, key, value) == 0); /* only memory can be missing */
}

static void append(json_t *list, json_t *value)
{
    moxd_assert(json_array_append_new(list, value) == 0);
}

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *utf8(struct moxd_buf *b)
{
    json_t *out = json_stringn(moxd_buf_cstr(b), b->n);

    moxd_buf_fini(b);
    return out != NULL ? out : json_null();
}

static json_t *text(struct moxd_str s)
{
    struct moxd_buf b = MOXD_BUF_INIT(SIZE_MAX / 2);

    moxd_msg_text(&b, s);
    return utf8(&b);
}

static void set_text(json_t *o, const char *key, struct moxd_str s)
{
    if (s.p != NULL)
        set(o, key, text(s));
}

/* --- header ------------------------------------------------------------------------------------ */

static json_t *fields(struct moxd_str header)
{
    json_t *list = json_array();
    struct moxd_field f;

    while (moxd_field_next(&header, &f)) {
        json_t *field = json_object();
        set_text(field, "name", f.name);
        set_text(field, "value", f.name.n > 0 ? f.value : f.raw);
        append(list, field);
    }
    return list;
}

static json_t *address(const struct moxd_hdraddr *ha)
{
    json_t *o = json_object();
    struct moxd_buf b = MOXD_BUF_INIT(SIZE_MAX / 2);

    set_text(o, "name", ha->name);
    moxd_buf_addstr(&b, ha->localpart);
    if (ha->domain.n > 0)
        moxd_buf_addc(&b, '@');
    moxd_buf_addstr(&b, ha->domain);
    set(o, "address", text(moxd_buf_str(&b)));
    moxd_buf_fini(&b);
    return o;
}

/* A group has its members in it. */
static json_t *addresses(struct moxd_str value)
{
    json_t *all = json_array(), *list = all;
    struct moxd_hdraddr_iter it;
    struct moxd_hdraddr ha;

    moxd_hdraddr_init(&it, value);
    while (moxd_hdraddr_next(&it, &ha)) {
        if (ha.kind == MOXD_HDRADDR_MAILBOX) {
            append(list, address(&ha));
            continue;
        }
        list = all;
        if (ha.kind == MOXD_HDRADDR_GROUP) {
            json_t *group = json_object();
            set_text(group, "group", ha.name);
            append(all, group);
            set(group, "members", list = json_array());
        }
    }
    moxd_hdraddr_fini(&it);
    return all;
}

static json_t *envelope(const struct moxd_envelope *env)
{
    static const struct {
        const char *name;
        bool addresses;
    } keys[MOXD_ENV_N] = {
        [MOXD_ENV_DATE] = { "date", false },
        [MOXD_ENV_SUBJECT] = { "subject", false },
        [MOXD_ENV_FROM] = { "from", true },
        [MOXD_ENV_SENDER] = { "sender", true },
        [MOXD_ENV_REPLY_TO] = { "reply-to", true },
        [MOXD_ENV_TO] = { "to", true },
        [MOXD_ENV_CC] = { "cc", true },
        [MOXD_ENV_BCC] = { "bcc", true },
        [MOXD_ENV_IN_REPLY_TO] = { "in-reply-to", false },
        [MOXD_ENV_MESSAGE_ID] = { "message-id", false },
    };
    json_t *o = json_object();

    for (int i = 0; i < MOXD_ENV_N; i++)
        if (env->f[i].p != NULL)
            set(o, keys[i].name, keys[i].addresses ? addresses(env->f[i]) : text(env->f[i]));
    return o;
}

/* --- parts ------------------------------------------------------------------------------------- */

static void set_params(json_t *o, const char *key, const struct moxd_params *params)
{
    json_t *all = json_object();

    for (size_t i = 0; i < params->n; i++) {
        struct moxd_buf name = MOXD_BUF_INIT(SIZE_MAX / 2), value = MOXD_BUF_INIT(SIZE_MAX / 2);
        moxd_msg_text(&name, params->v[i].name);
        moxd_param_text(&value, &params->v[i]);
        json_t *v = utf8(&value);
        if (json_object_set_new(all, moxd_buf_cstr(&name), v) < 0) /* a name that is no text */
            set(all, "", json_null());
        moxd_buf_fini(&name);
    }
    set(o, key, all);
}

static json_t *flags(unsigned bits)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        { MOXD_PART_BROKEN_TYPE, "broken-type" },
        { MOXD_PART_OPAQUE, "opaque" },
        { MOXD_PART_NUL, "nul" },
        { MOXD_PART_8BIT, "8bit" },
    };
    json_t *list = json_array();

    for (size_t i = 0; i < MOXD_NELEMS(names); i++)
        if (bits & names[i].bit)
            append(list, json_string(names[i].name));
    return list;
}

static void set_content(json_t *o, const struct moxd_part *p)
{
    set_text(o, "type", p->type);
    set_text(o, "subtype", p->subtype);
    set_params(o, "parameters", &p->params);
    if (p->disposition.p != NULL) {
        set_text(o, "disposition", p->disposition);
        set_params(o, "disposition-parameters", &p->dparams);
    }
    set_text(o, "id", p->id);
    set_text(o, "description", p->description);
    set_text(o, "language", p->language);
    set_text(o, "location", p->location);
    set_text(o, "md5", p->md5);
    const char *cte = moxd_cte_name(p->cte);
    if (cte != NULL)
        set(o, "encoding", json_string(cte));
    else
        set_text(o, "encoding", p->cte_text);
}

static int set_decoded_size(const struct json_parts *j, json_t *o, const struct moxd_part *p)
{
    uint64_t n = 0;

    if (p->kind != MOXD_PART_LEAF)
        return 0;
    if (moxd_transfer_range(j->r, p->body, p->end, p->cte, moxd_sink_count(&n), j->err) < 0)
        return -1;
    set(o, "decoded-size", number(n));
    return 0;
}

static json_t *range(uint64_t start, uint64_t end)
{
    json_t *o = json_object();

    set(o, "offset", number(start));
    set(o, "size", number(end - start));
    return o;
}

/* Without the parts in it. */
static int set_part(const struct json_parts *j, json_t *o, const struct moxd_part *p)
{
    struct moxd_buf path = MOXD_BUF_INIT(SIZE_MAX / 2);
    struct moxd_str header;

    if (moxd_header_load(j->r, p->header, p->body, j->a, &header, j->err) < 0)
        return -1;
    moxd_msg_path(j->m, p, &path);
    set(o, "part", json_string(moxd_buf_cstr(&path)));
    moxd_buf_fini(&path);
    set_content(o, p);
    json_t *body = range(p->body, p->end);
    set(body, "lines", number(p->lines));
    set(o, "header", range(p->header, p->body));
    set(o, "body", body);
    if (set_decoded_size(j, o, p) < 0)
        return -1;
    set(o, "flags", flags(p->flags));
    if (p->envelope != NULL)
        set(o, "envelope", envelope(p->envelope));
    set(o, "fields", fields(header));
    return 0;
}

/* Parents come before their children. */
static int add_parts(const struct json_parts *j, json_t *top)
{
    json_t **made = moxd_xcalloc(j->m->nparts, sizeof(json_t *));
    int rc = 0;

    for (uint32_t i = 0; i < j->m->nparts && rc == 0; i++) {
        const struct moxd_part *p = &j->m->parts[i];
        json_t *list;

        made[i] = json_object();
        if (i == 0) {
            set(top, "message", made[i]);
        } else {
            if ((list = json_object_get(made[p->parent], "parts")) == NULL)
                set(made[p->parent], "parts", list = json_array());
            append(list, made[i]);
        }
        rc = set_part(j, made[i], p);
    }
    free(made);
    return rc;
}

static int dump(const char *p, size_t n, void *out)
{
    moxd_buf_add(out, p, n);
    return ((struct moxd_buf *)out)->overflow ? -1 : 0;
}

int store_message_json(const struct moxd_reader *r, struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct json_parts j = { .a = a, .r = r, .err = err };
    struct moxd_msg *m;

    if (moxd_msg_parse(a, r, &m, err) < 0)
        return -1;
    j.m = m;
    json_t *top = json_object();
    set(top, "size", number(m->size));
    set(top, "limited", json_boolean(m->flags & MOXD_MSG_LIMITED));
    int rc = add_parts(&j, top);
    if (rc == 0 && json_dump_callback(top, dump, out, JSON_INDENT(2)) < 0)
        rc = moxd_err_set(err, MOXD_ERR_LIMIT, "the output is too large");
    json_decref(top);
    return rc;
}
