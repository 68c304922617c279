/* STORE, COPY, MOVE, EXPUNGE (RFC 9051 6.4.3, 6.4.6 to 6.4.9). */
#include "imap.h"

static int writable(struct imap_session *s)
{
    if (!s->sel->readonly)
        return 0;
    return imap_no(s, "READ-ONLY", "the mailbox was opened read-only") < 0 ? -1 : 1;
}

/* RFC 9051 9 uid-set: the shortest form, "3:5,9". The two sets of COPYUID belong together in order. */
static void put_copied(struct moxd_buf *b, const struct store_copied *v, size_t n, bool src)
{
    for (size_t i = 0; i < n;) {
        uint32_t first = src ? v[i].src_uid : v[i].dst_uid, last = first;

        moxd_buf_addf(b, "%s%u", i > 0 ? "," : "", first);
        for (i++; i < n && (src ? v[i].src_uid : v[i].dst_uid) == last + 1; i++)
            last++;
        if (last > first)
            moxd_buf_addf(b, ":%u", last);
    }
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

    if ((r = writable(s)) != 0)
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
        if (imap_send_out(s) < 0)
            return -1;
    }
    return imap_ok(s, NULL, "done");
}

int imap_cmd_expunge(struct imap_session *s)
{
    struct store_uids uids, gone;
    struct moxd_err err = { 0 };
    int r;

    if ((r = writable(s)) != 0)
        return r < 0 ? -1 : 0;
    if (s->cmd.uid && imap_command_set(s, &uids, &err) < 0)
        return imap_fail(s, &err);
    if (s->im->store->expunge(s->acc, s->sel->mailbox, s->cmd.uid ? &uids : NULL, s->a, &gone, NULL,
                              &err) < 0)
        return imap_fail(s, &err);
    return imap_ok(s, NULL, "expunged");
}

static int send_flags(struct imap_session *s, const struct store_entry *e)
{
    uint32_t seq = imap_view_seq(&s->sel->view, e->uid);

    if (seq == 0)
        return 0;
    if (imap_announce_keywords(s, e->keywords) < 0)
        return -1;
    moxd_buf_addf(&s->out, s->cmd.uid ? "* %u FETCH (UID %u FLAGS " : "* %u FETCH (FLAGS ", seq,
                  e->uid);
    imap_flags_out(&s->out, e->flags, e->keywords);
    moxd_buf_addc(&s->out, ')');
    return imap_send_out(s);
}

/* Answers what was asked; the store's echo of it is then not told again. With .SILENT only what is newer
 * than `before` can be the client's own doing. */
static int tell_stored(struct imap_session *s, const struct store_entry *v, size_t n,
                       uint64_t before)
{
    for (size_t i = 0; i < n; i++) {
        if (!s->cmd.silent && send_flags(s, &v[i]) < 0)
            return -1;
        if (!s->cmd.silent || v[i].modseq > before)
            imap_view_told(&s->sel->view, v[i].uid, v[i].modseq, s->cmd.silent);
    }
    return 0;
}

static int store_flags(struct imap_session *s, const struct store_uids *uids,
                       const struct store_flag_change *fc)
{
    uint64_t before = s->im->store->modseq(s->acc);
    struct store_uids modified;
    struct store_entry *v;
    struct moxd_err err = { 0 };
    size_t n;

    if (s->im->store->set_flags(s->acc, s->sel->mailbox, uids, fc, s->a, &v, &n, &modified, &err) <
        0)
        return imap_fail(s, &err);
    return tell_stored(s, v, n, before) < 0 ? -1 : imap_ok(s, NULL, "stored");
}

int imap_cmd_store(struct imap_session *s)
{
    static const enum store_flag_mode modes[] = { STORE_FLAGS_SET, STORE_FLAGS_ADD,
                                                  STORE_FLAGS_REMOVE };
    struct store_flag_change fc = { .mode = modes[s->cmd.store_mode] };
    struct store_uids uids;
    struct moxd_err err = { 0 };
    int r;

    if ((r = writable(s)) != 0)
        return r < 0 ? -1 : 0;
    if (imap_command_set(s, &uids, &err) < 0 ||
        imap_flags_in(s, &s->cmd.flags, &fc.flags, &fc.keywords, &err) < 0)
        return imap_fail(s, &err);
    return store_flags(s, &uids, &fc);
}
