/* Policies in the server's table "mtasts.policies": domain -> a line of JSON, and the policy file as it was fetched. */
#include "mtasts.h"

#include <jansson.h>
#include <stdlib.h>

static const char table[] = "mtasts.policies";

bool mtasts_valid(const struct mtasts_record *r)
{
    return r->has_policy && r->fetched + r->policy.max_age * MOXD_SEC > moxd_wall();
}

static const char *text(const json_t *v, const char *name, struct moxd_arena *a)
{
    const char *s = json_string_value(json_object_get(v, name));

    return moxd_arena_strdup(a, s ? s : "");
}

static int64_t number(const json_t *v, const char *name)
{
    return json_integer_value(json_object_get(v, name));
}

static void decode(struct moxd_str value, struct moxd_arena *a, struct mtasts_record *out)
{
    struct moxd_str rest = value, line = moxd_str_cut(&rest, '\n');
    json_t *v = json_loadb(line.p ? line.p : "", line.n, 0, NULL);

    out->id = text(v, "id", a);
    out->fetched = number(v, "fetched");
    out->used = number(v, "used");
    out->failed = number(v, "failed");
    out->failed_id = text(v, "failed-id", a);
    out->why = text(v, "why", a);
    out->what = text(v, "what", a);
    json_decref(v);
    out->file = moxd_arena_str(a, rest);
    out->has_policy =
        out->fetched > 0 && moxd_mtasts_policy_parse(out->file, a, &out->policy, NULL) == 0;
}

static void encode(const struct mtasts_record *r, struct moxd_buf *b)
{
    json_t *v = json_pack("{ss sI sI sI ss ss}", "id", r->id, "fetched", (json_int_t)r->fetched,
                          "used", (json_int_t)r->used, "failed", (json_int_t)r->failed, "failed-id",
                          r->failed_id, "why", r->why);
    json_t *what = json_string(r->what);
    char *line;

    (void)json_object_set_new(v, "what", what ? what : json_string("?"));
    line = json_dumps(v, JSON_COMPACT);
    moxd_buf_addf(b, "%s\n", line ? line : "");
    moxd_buf_addstr(b, r->file);
    free(line);
    json_decref(v);
}

struct job {
    const struct mtasts *t;
    const char *domain;
    struct moxd_buf value;
    bool found;
    /* of a listing */
    struct moxd_arena *a;
    struct mtasts_record *v;
    size_t n, cap;
};

static int get(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;

    moxd_buf_reset(&j->value);
    int rc = store_tx_find(j->t->store, tx, table, moxd_cstr(j->domain), &j->value, err);
    j->found = rc > 0;
    return rc < 0 ? -1 : 0;
}

int mtasts_find(struct mtasts *t, const char *domain, struct moxd_arena *a,
                struct mtasts_record *out, struct moxd_err *err)
{
    struct job j = { .t = t, .domain = domain, .value = MOXD_BUF_INIT(1 << 17) };
    int rc = t->store->view(t->store_self, NULL, get, &j, err);

    *out = (struct mtasts_record){
        .domain = moxd_arena_strdup(a, domain), .id = "", .failed_id = "", .why = "", .what = ""
    };
    if (rc == 0 && j.found)
        decode(moxd_buf_str(&j.value), a, out);
    moxd_buf_fini(&j.value);
    return rc < 0 ? -1 : j.found;
}

static int put(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;

    return j->t->store->tx_put(tx, table, moxd_cstr(j->domain), moxd_buf_str(&j->value), err);
}

int mtasts_save(struct mtasts *t, const struct mtasts_record *r, struct moxd_err *err)
{
    struct job j = { .t = t, .domain = r->domain, .value = MOXD_BUF_INIT(1 << 17) };

    encode(r, &j.value);
    int rc = t->store->transact(t->store_self, NULL, put, &j, err);
    moxd_buf_fini(&j.value);
    return rc;
}

static int del(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;

    return j->t->store->tx_del(tx, table, moxd_cstr(j->domain), err);
}

int mtasts_drop(struct mtasts *t, const char *domain, struct moxd_err *err)
{
    struct job j = { .t = t, .domain = domain };

    return t->store->transact(t->store_self, NULL, del, &j, err);
}

static int on_record(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct job *j = arg;
    struct mtasts_record *r = moxd_arena_push(j->a, &j->v, &j->n, &j->cap, sizeof(*j->v));

    r->domain = moxd_arena_cstr(j->a, key);
    decode(value, j->a, r);
    return 0;
}

static int each(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;

    j->v = NULL; /* it may run again */
    j->n = j->cap = 0;
    return j->t->store->tx_each(tx, table, MOXD_STR(""), on_record, j, err) < 0 ? -1 : 0;
}

int mtasts_all(struct mtasts *t, struct moxd_arena *a, struct mtasts_record **out, size_t *n,
               struct moxd_err *err)
{
    struct job j = { .t = t, .a = a };
    int rc = t->store->view(t->store_self, NULL, each, &j, err);

    *out = j.v;
    *n = j.n;
    return rc;
}
