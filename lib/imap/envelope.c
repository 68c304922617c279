/* ENVELOPE: RFC 9051 7.5.2. */
#include "envelope.h"

#include <moxmail/header_address.h>
#include <moxmail/imap_fmt.h>
#include <moxmail/imap_syntax.h>

/* address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")". A host that is NIL says that
 * it is a group, so a mailbox without one gets an empty one. */
static void add_address(struct moxd_buf *b, const struct moxd_hdraddr *ha, bool utf8)
{
    static const struct moxd_str nil = { NULL, 0 }, none = { "", 0 };
    struct moxd_str name = nil, mailbox = nil, host = nil;
    if (ha->kind == MOXD_HDRADDR_MAILBOX) {
        name = ha->name;
        mailbox = ha->localpart.n ? ha->localpart : none;
        host = ha->domain.n ? ha->domain : none;
    } else if (ha->kind == MOXD_HDRADDR_GROUP) {
        mailbox = ha->name.n ? ha->name : none;
    }
    moxd_buf_addc(b, '(');
    moxd_imap_put_string(b, name, utf8);
    moxd_buf_addc(b, ' ');
    moxd_imap_put_string(b, ha->route, utf8);
    moxd_buf_addc(b, ' ');
    moxd_imap_put_string(b, mailbox, utf8);
    moxd_buf_addc(b, ' ');
    moxd_imap_put_string(b, host, utf8);
    moxd_buf_addc(b, ')');
}

/* At most *left addresses, which are taken off it; a group that is cut short still gets its end. */
static void add_addresses(struct moxd_buf *b, struct moxd_str value, bool utf8, size_t *left)
{
    static const struct moxd_hdraddr group_end = { .kind = MOXD_HDRADDR_GROUP_END };
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct moxd_hdraddr ha;
    bool any = false, in_group = false;
    moxd_hdraddr_init(&it, value);
    for (; *left > 0 && moxd_hdraddr_next(&it, &ha); --*left) {
        moxd_buf_adds(b, any ? "" : "(");
        add_address(b, &ha, utf8);
        any = true;
        in_group = ha.kind == MOXD_HDRADDR_GROUP || (in_group && ha.kind != MOXD_HDRADDR_GROUP_END);
    }
    if (in_group)
        add_address(b, &group_end, utf8);
    moxd_buf_adds(b, any ? ")" : "NIL");
}

void moxd_imap_put_addresses(struct moxd_buf *b, struct moxd_str value, bool utf8)
{
    size_t left = MOXD_IMAP_ADDRESSES_MAX;
    add_addresses(b, value, utf8, &left);
}

/* What was written for From. */
struct from {
    size_t start, end, addresses;
};

/* Sender and Reply-To that are absent are those of From: written once, then copied. */
static void add_like_from(struct moxd_buf *b, const struct moxd_envelope *env, struct from from,
                          bool utf8, size_t *left)
{
    if (*left < from.addresses || from.addresses == 0 || b->overflow) {
        add_addresses(b, env->f[MOXD_ENV_FROM], utf8, left);
        return;
    }
    char *to = moxd_buf_room(b, from.end - from.start);
    if (to == NULL)
        return;
    memcpy(to, b->p + from.start, from.end - from.start);
    moxd_buf_grew(b, from.end - from.start);
    *left -= from.addresses;
}

void mail_put_envelope(struct moxd_buf *b, const struct moxd_envelope *env, bool utf8, size_t *left)
{
    struct from from = { 0 };
    for (int f = 0; f < MOXD_ENV_N; f++) {
        struct moxd_str value = env->f[f];
        bool like_from = f == MOXD_ENV_SENDER || f == MOXD_ENV_REPLY_TO;
        moxd_buf_addc(b, f ? ' ' : '(');
        if (f == MOXD_ENV_FROM)
            from = (struct from){ .start = b->n, .addresses = *left };
        if (like_from && value.n == 0)
            add_like_from(b, env, from, utf8, left);
        else if (f >= MOXD_ENV_FROM && f <= MOXD_ENV_BCC)
            add_addresses(b, value, utf8, left);
        else
            moxd_imap_put_string(b, value, utf8);
        if (f == MOXD_ENV_FROM)
            from = (struct from){ from.start, b->n, from.addresses - *left };
    }
    moxd_buf_addc(b, ')');
}

void moxd_imap_put_envelope(struct moxd_buf *b, const struct moxd_envelope *env, bool utf8)
{
    size_t left = MOXD_IMAP_ADDRESSES_MAX;
    mail_put_envelope(b, env, utf8, &left);
}
