/* Reads the compact form of a structure. Nothing in it is trusted: it may be damaged on disk. */
#include <moxmail/message.h>

#include "varint.h"

struct in {
    struct moxd_str rest;
    struct moxd_arena *a;
    bool bad; /* something did not fit; what was read since is 0 or empty */
};

static uint64_t get(struct in *in, uint64_t max)
{
    uint64_t v;

    if (mail_varint_get(&in->rest, max, &v) == 0)
        return v;
    in->bad = true;
    return 0;
}

static struct moxd_str get_str(struct in *in)
{
    uint64_t n = get(in, (uint64_t)in->rest.n + 1);
    if (n == 0 || n - 1 > in->rest.n) {
        in->bad |= n != 0;
        return moxd_str(NULL, 0);
    }
    struct moxd_str s = moxd_str(in->rest.p, (size_t)n - 1);
    in->rest = moxd_str_from(in->rest, s.n);
    return s;
}

static struct moxd_params get_params(struct in *in)
{
    struct moxd_params params = { .n = (size_t)get(in, MOXD_PARAMS_MAX) };
    params.v = params.n ? moxd_arena_calloc(in->a, params.n, sizeof(*params.v)) : NULL;
    for (size_t i = 0; i < params.n; i++) {
        params.v[i].ext = get(in, 1);
        params.v[i].name = get_str(in);
        params.v[i].value = get_str(in);
    }
    return params;
}

static void get_texts(struct in *in, struct moxd_part *p, bool envelope)
{
    p->type = get_str(in);
    p->subtype = get_str(in);
    p->params = get_params(in);
    p->cte_text = get_str(in);
    p->disposition = get_str(in);
    p->dparams = get_params(in);
    p->id = get_str(in);
    p->description = get_str(in);
    p->language = get_str(in);
    p->location = get_str(in);
    p->md5 = get_str(in);
    in->bad |= p->type.n == 0 || p->subtype.n == 0;
    if (!envelope)
        return;
    struct moxd_envelope *env = moxd_arena_alloc(in->a, sizeof(*env));
    for (int f = 0; f < MOXD_ENV_N; f++)
        env->f[f] = get_str(in);
    p->envelope = env;
}

/* Links a part to its parent, which must be open still: the part before or one of its ancestors. */
static bool link_part(struct moxd_msg *m, uint32_t i)
{
    struct moxd_part *p = &m->parts[i], *parent = &m->parts[p->parent];
    uint32_t before = i - 1, sibling = 0;
    size_t depth = 1;
    for (; before != p->parent && before != 0; before = m->parts[before].parent)
        sibling = before;
    for (uint32_t up = p->parent; up != 0; up = m->parts[up].parent)
        depth++;
    if (before != p->parent || depth > MOXD_MSG_DEPTH_MAX)
        return false;
    if (sibling)
        m->parts[sibling].next = i;
    parent->children++;
    p->number = parent->kind == MOXD_PART_MULTIPART ? parent->children : 0;
    bool alone = parent->kind == MOXD_PART_MULTIPART || parent->children == 1;
    bool inside = p->header >= parent->body && p->end <= parent->end;
    bool after = !sibling || p->header >= m->parts[sibling].end;
    return parent->kind != MOXD_PART_LEAF && alone && inside && after;
}

static void get_part(struct in *in, struct moxd_msg *m, uint32_t i)
{
    struct moxd_part *p = &m->parts[i];
    p->parent = i - (uint32_t)get(in, i);
    uint64_t kind = get(in, MOXD_PART_MESSAGE << 4 | MOXD_CTE_OTHER);
    p->kind = (enum moxd_part_kind)(kind >> 4);
    p->cte = (enum moxd_cte)(kind & 15);
    p->flags = (unsigned)get(in, 31);
    uint64_t from = m->parts[p->parent].header;
    p->header = from + get(in, m->size - from);
    p->body = p->header + get(in, m->size - p->header);
    p->end = p->body + get(in, m->size - p->body);
    p->lines = get(in, p->end - p->body);
    get_texts(in, p, i > 0 && (p->flags & MOXD_PART_ROOT));
    if (in->bad || (i > 0 && p->parent == i) || p->cte > MOXD_CTE_OTHER ||
        (i > 0 && !link_part(m, i)) || (p->number == 0) != !!(p->flags & MOXD_PART_ROOT))
        in->bad = true;
}

static bool complete(const struct moxd_msg *m)
{
    for (uint32_t i = 0; i < m->nparts; i++)
        if ((m->parts[i].kind != MOXD_PART_LEAF) != (m->parts[i].children > 0))
            return false;
    return m->parts[0].header == 0 && m->parts[0].end == m->size;
}

static bool get_msg(struct in *in, uint64_t size, struct moxd_msg *m)
{
    if (get(in, MOXD_MSG_FORM) != MOXD_MSG_FORM || get(in, size) != size)
        return false;
    m->size = size;
    m->flags = (unsigned)get(in, MOXD_MSG_LIMITED | MOXD_MSG_INTERNATIONAL);
    m->nparts = (uint32_t)get(in, MOXD_MSG_PARTS_MAX);
    if (m->nparts == 0)
        return false;
    m->parts = moxd_arena_calloc(in->a, m->nparts, sizeof(*m->parts));
    for (uint32_t i = 0; i < m->nparts && !in->bad; i++)
        get_part(in, m, i);
    return !in->bad && in->rest.n == 0 && complete(m);
}

int moxd_msg_decode(struct moxd_arena *a, struct moxd_str data, uint64_t size,
                    struct moxd_msg **out, struct moxd_err *err)
{
    struct in in = { moxd_arena_str(a, data), a, false };
    struct moxd_msg *m = moxd_arena_alloc(a, sizeof(*m));
    if (!get_msg(&in, size, m))
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "stored message structure does not fit");
    *out = m;
    return 0;
}
