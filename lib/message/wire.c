/* The compact form of a structure: LEB128 numbers, offsets as differences, strings with their
 * length + 1 (0: absent).
 *
 *   form  = version size flags nparts *part
 *   part  = up kind-and-cte flags (header - parent's header) (body - header) (end - body) lines
 *           type subtype params cte-text disposition dparams id description language location md5
 *           [envelope: 10 strings, of the root of a message inside]
 *
 * up is the distance to the parent in the list of parts. */
#include <moxmail/message.h>

#include "varint.h"

static void put_str(struct moxd_buf *b, struct moxd_str s)
{
    mail_varint_put(b, s.p ? s.n + 1 : 0);
    moxd_buf_addstr(b, s);
}

static void put_params(struct moxd_buf *b, const struct moxd_params *params)
{
    mail_varint_put(b, params->n);
    for (size_t i = 0; i < params->n; i++) {
        mail_varint_put(b, params->v[i].ext);
        put_str(b, params->v[i].name);
        put_str(b, params->v[i].value);
    }
}

static void put_part(struct moxd_buf *b, const struct moxd_msg *m, uint32_t i)
{
    const struct moxd_part *p = &m->parts[i];
    mail_varint_put(b, i - p->parent);
    mail_varint_put(b, (uint64_t)p->kind << 4 | (uint64_t)p->cte);
    mail_varint_put(b, p->flags);
    mail_varint_put(b, p->header - m->parts[p->parent].header);
    mail_varint_put(b, p->body - p->header);
    mail_varint_put(b, p->end - p->body);
    mail_varint_put(b, p->lines);
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
    for (int f = 0; i > 0 && p->envelope && f < MOXD_ENV_N; f++)
        put_str(b, p->envelope->f[f]);
}

void moxd_msg_encode(const struct moxd_msg *m, struct moxd_buf *out)
{
    mail_varint_put(out, MOXD_MSG_FORM);
    mail_varint_put(out, m->size);
    mail_varint_put(out, m->flags);
    mail_varint_put(out, m->nparts);
    for (uint32_t i = 0; i < m->nparts; i++)
        put_part(out, m, i);
}

bool moxd_msg_form_current(struct moxd_str data)
{
    uint64_t form;
    return mail_varint_get(&data, MOXD_MSG_FORM, &form) == 0 && form == MOXD_MSG_FORM;
}

unsigned moxd_msg_form_flags(struct moxd_str data)
{
    uint64_t form, size, flags;

    if (mail_varint_get(&data, MOXD_MSG_FORM, &form) < 0 || form != MOXD_MSG_FORM ||
        mail_varint_get(&data, UINT64_MAX, &size) < 0 ||
        mail_varint_get(&data, MOXD_MSG_LIMITED | MOXD_MSG_INTERNATIONAL, &flags) < 0)
        return MOXD_MSG_INTERNATIONAL;
    return (unsigned)flags;
}
