/* COPY, MOVE, EXPUNGE (RFC 9051 6.4.3, 6.4.7 to 6.4.9). */
#include "imap.h"

int imap_writable(struct imap_session *s)
{
    if (!s->sel->readonly)
        return 0;
    return imap_no(s, "READ-ONLY", "the mailbox was opened read-only") < 0 ? -1 : 1;
}

/* RFC 9051 9 uid-set: the shortest form, "3:5,9". The two sets of COPYUID belong together in order. */
static void put_copied(struct moxd_buf *b, const struct store_copied *v, size_t n, bool src)
{
    struct moxd_imap_set_out set = { .b = b };

    for (size_t i = 0; i < n; i++) {
        uint32_t uid = src ? v[i].src_uid : v[i].dst_uid;

        moxd_imap_set_add(&set, uid, uid);
    }
    moxd_imap_set_end(&set);
}

/* RFC 9051 7.1: COPYUID, with the UIDVALIDITY of the target. */
static void copyuid(struct moxd_buf *b, uint32_t uidvalidity, const struct store_copied *v,
                    size_t n)
{
    moxd_buf_addf(b, "COPYUID %u ", uidvalidity);
    put_copied(b, v, n, true);
    moxd_buf_addc(b, ' ');
    put_copied(b, v, n, false);
}

static int find_target(struct imap_session *s, struct store_mailbox *mb)
{
    struct moxd_err err = { 0 };
    struct moxd_str name;

    if (imap_name_in(s, s->cmd.mailbox, &name, &err) == 0 &&
        s->im->store->mailbox(s->acc, name, 0, s->a, mb, &err) == 0)
        return 0;
    if (err.kind == MOXD_ERR_NOTFOUND)
        return imap_no(s, "TRYCREATE", "%s", err.pub) < 0 ? -1 : 1;
    return imap_fail(s, &err) < 0 ? -1 : 1;
}

int imap_cmd_copy(struct imap_session *s)
{
    struct moxd_buf code = MOXD_BUF_INIT(IMAP_OUT_MAX);
    struct store_copied *v;
    struct store_mailbox dst;
    struct store_uids uids;
    struct moxd_err err = { 0 };
    size_t n;
    int r;

    if (imap_command_set(s, &uids, &err) < 0)
        return imap_fail(s, &err);
    if ((r = find_target(s, &dst)) != 0)
        return r < 0 ? -1 : 0;
    if (s->im->store->copy(s->acc, s->sel->mailbox, &uids, dst.id, s->a, &v, &n, &err) < 0)
        return imap_fail(s, &err);
    if (n == 0)
        return imap_ok(s, NULL, "nothing to copy");
    copyuid(&code, dst.uidvalidity, v, n);
    r = imap_ok(s, moxd_buf_cstr(&code), "copied");
    moxd_buf_fini(&code);
    return r;
}

/* RFC 9051 6.4.8: COPYUID comes untagged, before the EXPUNGEs, which the changes bring. */
int imap_cmd_move(struct imap_session *s)
{
    struct store_copied *v;
    struct store_mailbox dst;
    struct store_uids uids;
    struct moxd_err err = { 0 };
    size_t n;
    int r;

    if ((r = imap_writable(s)) != 0)
        return r < 0 ? -1 : 0;
    if (imap_command_set(s, &uids, &err) < 0)
        return imap_fail(s, &err);
    if ((r = find_target(s, &dst)) != 0)
        return r < 0 ? -1 : 0;
    if (s->im->store->move(s->acc, s->sel->mailbox, &uids, dst.id, s->a, &v, &n, NULL, &err) < 0)
        return imap_fail(s, &err);
    if (n > 0) {
        moxd_buf_adds(&s->out, "* OK [");
        copyuid(&s->out, dst.uidvalidity, v, n);
        moxd_buf_adds(&s->out, "] moved");
        return imap_send_out(s) < 0 ? -1 : imap_ok_removed(s, "done");
    }
    return imap_ok(s, NULL, "nothing to move");
}

int imap_cmd_expunge(struct imap_session *s)
{
    struct store_uids uids, gone;
    struct moxd_err err = { 0 };
    int r;

    if ((r = imap_writable(s)) != 0)
        return r < 0 ? -1 : 0;
    if (s->cmd.uid && imap_command_set(s, &uids, &err) < 0)
        return imap_fail(s, &err);
    if (s->im->store->expunge(s->acc, s->sel->mailbox, s->cmd.uid ? &uids : NULL, s->a, &gone, NULL,
                              &err) < 0)
        return imap_fail(s, &err);
    return gone.n > 0 ? imap_ok_removed(s, "expunged") : imap_ok(s, NULL, "nothing to expunge");
}
