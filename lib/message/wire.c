/* The compact form of a structure: LEB128 numbers, offsets as differences, strings with their
 * length + 1 (0: absent).
 *
 *   form  = version size flags nparts *part
 *   part  = up kind-and-cte flags (header - parent's header) (body - header) (end - body) lines
 *           type subtype params cte-text disposition dparams id description language location md5
 *           [envelope: 10 strings, of a message's root]
 *
 * up is the distance to the parent in the list of parts. */
#include "wire.h"

static void put(struct moxd_buf *b, uint64_t v)
{
    for (; v > 127; v >>= 7)
        moxd_buf_addc(b, (char)(v | 0x80));
    moxd_buf_addc(b, (char)v);
}

static void put_str(struct moxd_buf *b, struct moxd_str s)
{
    put(b, s.p ? s.n + 1 : 0);
    moxd_buf_addstr(b, s);
}

static void put_params(struct moxd_buf *b, const struct moxd_params *params)
{
    put(b, params->n);
    for (size_t i = 0; i < params->n; i++) {
        put(b, params->v[i].ext);
        put_str(b, params->v[i].name);
        put_str(b, params->v[i].value);
    }
}

static void put_part(struct moxd_buf *b, const struct moxd_msg *m, uint32_t i)
{
    const struct moxd_part *p = &m->parts[i];
    put(b, i - p->parent);
    put(b, (uint64_t)p->kind << 4 | (uint64_t)p->cte);
    put(b, p->flags);
    put(b, p->header - m->parts[p->parent].header);
    put(b, p->body - p->header);
    put(b, p->end - p->body);
    put(b, p->lines);
    put_str(b, p->type);
    put_str(b, p->subtype);
    put_params(b, &p->params);
    put_str(b, p->cte_text);
    put_str(b, p->disposition);
    put_params(b, &p->dparams);
    put_str(b, p->id);
    put_str(b, p->description);
    put_str(b, p->language);
    put_str(b, p->location);
    put_str(b, p->md5);
    for (int f = 0; p->envelope && f < MOXD_ENV_N; f++)
        put_str(b, p->envelope->f[f]);
}

void moxd_msg_encode(const struct moxd_msg *m, struct moxd_buf *out)
{
    put(out, MAIL_WIRE_VERSION);
    put(out, m->size);
    put(out, m->flags);
    put(out, m->nparts);
    for (uint32_t i = 0; i < m->nparts; i++)
        put_part(out, m, i);
}
