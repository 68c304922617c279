/* COPY, MOVE, EXPUNGE (RFC 9051 6.4.3, 6.4.7 to 6.4.9). */
#include "across.h"

int imap_writable(struct imap_session *s, unsigned rights)
{
    if (s->sel->readonly)
        return imap_no(s, "READ-ONLY", "the mailbox was opened read-only") < 0 ? -1 : 1;
    if ((s->sel->rights & rights) == rights)
        return 0;
    return imap_no(s, "NOPERM", "you do not have the right to do that") < 0 ? -1 : 1;
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

static int find_target(struct imap_session *s, struct imap_place *dst)
{
    struct moxd_err err = { 0 };

    if (imap_place_find(s, s->cmd.mailbox, 0, MOXD_IMAP_RIGHT_I, dst, &err) == 0)
        return 0;
    if (err.kind == MOXD_ERR_NOTFOUND)
        return imap_no(s, "TRYCREATE", "%s", err.pub) < 0 ? -1 : 1;
    return imap_fail(s, &err) < 0 ? -1 : 1;
}

/* COPY and MOVE: one transaction, which may take long. */
struct copying {
    struct imap_session *s;
    struct store_uids uids;
    struct imap_place dst;
    struct store_copied *v;
    size_t n;
    int r;
    struct moxd_err err;
};

static void copy(void *arg)
{
    struct copying *c = arg;
    struct imap_session *s = c->s;

    if (imap_copies_within(s, &c->dst))
        c->r = s->im->store->copy(s->sel->acc, s->sel->mailbox, &c->uids, c->dst.mb.id, s->a, &c->v,
                                  &c->n, &c->err);
    else
        c->r = imap_copy_across(s, &c->uids, &c->dst, &c->v, &c->n, &c->err);
}

/* What was copied is gone from here when it is there; if that fails, it is in both. */
static void move_across(struct copying *c)
{
    struct imap_session *s = c->s;
    struct store_uids copied;

    c->r = imap_copy_across(s, &c->uids, &c->dst, &c->v, &c->n, &c->err);
    if (c->r < 0 || c->n == 0)
        return;
    copied = imap_copied_from(s, c->v, c->n);
    c->r = imap_remove_messages(s, s->sel->acc, s->sel->mailbox, &copied, &c->err);
}

static void move(void *arg)
{
    struct copying *c = arg;
    struct imap_session *s = c->s;

    if (imap_copies_within(s, &c->dst))
        c->r = s->im->store->move(s->sel->acc, s->sel->mailbox, &c->uids, c->dst.mb.id, s->a, &c->v,
                                  &c->n, NULL, &c->err);
    else
        move_across(c);
}

/* 1: answered with NO. */
static int copy_or_move(struct imap_session *s, void (*fn)(void *arg), struct copying *c)
{
    int r;

    *c = (struct copying){ .s = s };
    if (imap_command_set(s, &c->uids, &c->err) < 0)
        return imap_fail(s, &c->err) < 0 ? -1 : 1;
    if ((r = find_target(s, &c->dst)) != 0)
        return r;
    if (imap_patiently(s, fn, c) < 0)
        return -1;
    if (c->r < 0)
        return imap_fail(s, &c->err) < 0 ? -1 : 1;
    if (c->n > 0)
        imap_notify_own_uids(s, c->dst.acc, c->dst.mb.id, c->v[0].dst_uid, c->v[c->n - 1].dst_uid);
    return 0;
}

int imap_cmd_copy(struct imap_session *s)
{
    struct moxd_buf code = MOXD_BUF_INIT(IMAP_OUT_MAX);
    struct copying c;
    int r = copy_or_move(s, copy, &c);

    if (r != 0)
        return r < 0 ? -1 : 0;
    if (c.n == 0)
        return imap_ok(s, NULL, "nothing to copy");
    copyuid(&code, c.dst.mb.uidvalidity, c.v, c.n);
    r = imap_ok(s, moxd_buf_cstr(&code), "copied");
    moxd_buf_fini(&code);
    return r;
}

/* RFC 9051 6.4.8: COPYUID comes untagged, before the EXPUNGEs, which the changes bring. */
int imap_cmd_move(struct imap_session *s)
{
    struct copying c;
    int r;

    /* RFC 6851 4.2: as for STORE and EXPUNGE. */
    if ((r = imap_writable(s, MOXD_IMAP_RIGHT_T | MOXD_IMAP_RIGHT_E)) != 0 ||
        (r = copy_or_move(s, move, &c)) != 0)
        return r < 0 ? -1 : 0;
    if (c.n > 0) {
        moxd_buf_adds(&s->out, "* OK [");
        copyuid(&s->out, c.dst.mb.uidvalidity, c.v, c.n);
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

    if ((r = imap_writable(s, MOXD_IMAP_RIGHT_E)) != 0)
        return r < 0 ? -1 : 0;
    if (s->cmd.uid && imap_command_set(s, &uids, &err) < 0)
        return imap_fail(s, &err);
    if (s->im->store->expunge(s->sel->acc, s->sel->mailbox, s->cmd.uid ? &uids : NULL, s->a, &gone,
                              NULL, &err) < 0)
        return imap_fail(s, &err);
    return gone.n > 0 ? imap_ok_removed(s, "expunged") : imap_ok(s, NULL, "nothing to expunge");
}
