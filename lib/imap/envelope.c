/* ENVELOPE: RFC 9051 7.5.2. */
#include <moxmail/imap_fmt.h>

#include <moxmail/header_address.h>
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

void moxd_imap_put_addresses(struct moxd_buf *b, struct moxd_str value, bool utf8)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct moxd_hdraddr ha;
    bool any = false;
    moxd_hdraddr_init(&it, value);
    while (moxd_hdraddr_next(&it, &ha)) {
        moxd_buf_adds(b, any ? "" : "(");
        add_address(b, &ha, utf8);
        any = true;
    }
    moxd_buf_adds(b, any ? ")" : "NIL");
}

void moxd_imap_put_envelope(struct moxd_buf *b, const struct moxd_envelope *env, bool utf8)
{
    for (int f = 0; f < MOXD_ENV_N; f++) {
        struct moxd_str value = env->f[f];
        bool like_from = f == MOXD_ENV_SENDER || f == MOXD_ENV_REPLY_TO;
        if (like_from && value.n == 0)
            value = env->f[MOXD_ENV_FROM];
        moxd_buf_addc(b, f ? ' ' : '(');
        if (f >= MOXD_ENV_FROM && f <= MOXD_ENV_BCC)
            moxd_imap_put_addresses(b, value, utf8);
        else
            moxd_imap_put_string(b, value, utf8);
    }
    moxd_buf_addc(b, ')');
}
