/* SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 6.3.2, 6.3.3, 6.4.1, 6.4.2). */
#include "context.h"
#include "objectid.h"
#include "place.h"
#include <stdlib.h>

void imap_deselect(struct imap_session *s)
{
    if (!s->sel)
        return;
    imap_recent_close(s);
    imap_view_fini(&s->sel->view);
    imap_known_fini(&s->sel->known);
    imap_contexts_free(s->sel->contexts);
    if (s->sel->watch) {
        s->im->store->unwatch(s->sel->watch);
        imap_rights_unfollow(s);
    }
    s->im->store->uids_release(s->sel->uids);
    s->im->store->close(s->sel->acc);
    free(s->sel);
    s->sel = NULL;
    s->state = IMAP_AUTH;
}

bool imap_is_selected(const struct imap_session *s, const struct store_account *acc,
                      uint32_t mailbox)
{
    const struct store_v1 *store = s->im->store;

    return s->sel && s->sel->mailbox == mailbox &&
           store->account_id(s->sel->acc) == store->account_id(acc);
}

unsigned imap_settable(const struct imap_selected *sel)
{
    return sel->readonly ? 0 : imap_flags_of_rights(sel->rights);
}

/* RFC 4314 5.1.1: as the rights are. */
int imap_tell_permanent(struct imap_session *s)
{
    unsigned flags = imap_settable(s->sel);
    const struct imap_known *k = &s->sel->known;
    struct store_keywords keywords = { (const char *const *)k->v, k->n };

    moxd_buf_adds(&s->out, "* OK [PERMANENTFLAGS ");
    if (!(flags & STORE_FLAG_KEYWORDS))
        keywords.n = 0;
    imap_flags_out(&s->out, flags & STORE_FLAGS_ALL, keywords);
    if (flags & STORE_FLAG_KEYWORDS) {
        moxd_buf_truncate(&s->out, s->out.n - 1);
        moxd_buf_adds(&s->out, " \\*)] new keywords can be made");
    } else {
        moxd_buf_adds(&s->out, flags ? "] some flags can be changed" : "] read-only");
    }
    return imap_send_out(s);
}

/* Every keyword that was ever used here (IMAP-07). */
static int tell_flags(struct imap_session *s, const struct store_mailbox *mb)
{
    if (imap_announce_keywords(s, mb->keywords) < 0 ||
        (s->sel->known.n == 0 && imap_send_flags(s) < 0))
        return -1;
    return imap_tell_permanent(s);
}

/* What a client of IMAP4rev1 expects beside (RFC 3501 6.3.1), and of IMAP4rev2 (RFC 9051 6.3.2). */
static int tell_revision(struct imap_session *s, const struct store_mailbox *mb, uint32_t unseen)
{
    if (s->enabled & IMAP_EN_REV2) {
        moxd_buf_adds(&s->out, "* LIST () \"/\" ");
        imap_name_out(s, &s->out, mb->name);
        return imap_send_out(s);
    }
    s->sel->view.told_recent = s->sel->view.nrecent;
    if (imap_untagged(s, "%zu RECENT", s->sel->view.nrecent) < 0)
        return -1;
    return unseen && !imap_uidonly(s)
               ? imap_untagged(s, "OK [UNSEEN %u] first unseen message", unseen)
               : 0;
}

static int tell(struct imap_session *s, const struct store_mailbox *mb, uint32_t unseen)
{
    char id[IMAP_OBJECTID_MAX];

    if (tell_flags(s, mb) < 0 || imap_untagged(s, "%zu EXISTS", s->sel->view.told) < 0 ||
        tell_revision(s, mb, unseen) < 0 ||
        imap_untagged(s, "OK [UIDVALIDITY %u] UIDs are valid", mb->uidvalidity) < 0)
        return -1;
    if (imap_untagged(s, "OK [MAILBOXID (%s)] identifier of the mailbox",
                      imap_mailboxid(s, s->sel->acc, mb, id)) < 0)
        return -1;
    if (imap_untagged(s, "OK [UIDNEXT %u] predicted next UID", mb->uidnext) < 0)
        return -1;
    return imap_untagged(s, "OK [HIGHESTMODSEQ %llu] modification sequences are kept",
                         (unsigned long long)mb->highestmodseq);
}

/* A mailbox of one's own is read at once; one of another account is looked up with its rights before, and watched.
 * NOTFOUND, DENIED, errors of the store. */
static int find(struct imap_session *s, struct imap_place *p, struct store_watch **watch,
                struct moxd_err *err)
{
    *watch = NULL;
    if (imap_place_in(s, s->cmd.mailbox, p, err) < 0)
        return -1;
    if (!p->owner) {
        p->rights = MOXD_IMAP_RIGHTS_ALL;
        return 0;
    }
    if (imap_place_look(s, 0, MOXD_IMAP_RIGHT_R, p, err) < 0)
        return -1;
    *watch = s->im->store->watch(p->acc, imap_wake, s);
    return 0;
}

/* Everything as of one moment. 1: answered with NO. */
static int load(struct imap_session *s, struct store_selection *of)
{
    const struct store_v1 *store = s->im->store;
    struct store_mailbox *mb = &of->mailbox;
    struct store_watch *watch = NULL;
    struct moxd_err err = { 0 };
    struct imap_place p;

    if (find(s, &p, &watch, &err) < 0 ||
        store->select_uids(p.acc, p.name, p.owner ? p.mb.id : 0, s->a, of, &err) < 0) {
        if (watch)
            store->unwatch(watch);
        return imap_fail(s, &err) < 0 ? -1 : 1;
    }
    mb->name = imap_place_name(s, p.owner, mb->name);
    s->sel = moxd_xcalloc(1, sizeof(*s->sel));
    s->sel->acc = store->ref(p.acc);
    s->sel->watch = watch;
    s->sel->rights = p.rights;
    s->sel->mailbox = mb->id;
    s->sel->readonly = s->cmd.verb == MOXD_IMAP_EXAMINE;
    s->sel->uids = of->uids;
    imap_view_init(&s->sel->view, of->uids, of->n, of->modseq, mb->highestmodseq);
    s->state = IMAP_SELECTED;
    if (watch) {
        imap_rights_follow(s);
        s->sel->stale = true; /* they may have changed since they were looked up */
    }
    imap_recent_open(s, mb);
    return 0;
}

/* RFC 4314 5.2: \Seen is everybody's own. */
static bool is_writable(const struct imap_selected *sel)
{
    return !sel->readonly && (sel->rights & (MOXD_IMAP_RIGHT_I | MOXD_IMAP_RIGHT_E |
                                             MOXD_IMAP_RIGHT_W | MOXD_IMAP_RIGHT_T));
}

int imap_cmd_select(struct imap_session *s)
{
    struct store_selection of;
    bool closed = s->sel != NULL;
    int r;

    if (s->cmd.qresync.given && !(s->enabled & IMAP_EN_QRESYNC))
        return imap_bad(s, NULL, "ENABLE QRESYNC comes before SELECT (QRESYNC)");
    if (s->cmd.condstore)
        s->enabled |= IMAP_EN_CONDSTORE;
    /* A failed SELECT leaves no mailbox selected (RFC 9051 6.3.2). */
    imap_deselect(s);
    if (closed && imap_untagged(s, "OK [CLOSED] previous mailbox closed") < 0)
        return -1;
    r = load(s, &of);
    if (r != 0)
        return r < 0 ? -1 : 0;
    if (tell(s, &of.mailbox, of.first_unseen) < 0 || imap_qresync(s, &of.mailbox) < 0)
        return -1;
    return imap_ok(s, is_writable(s->sel) ? "READ-WRITE" : "READ-ONLY", "selected");
}

int imap_cmd_close(struct imap_session *s)
{
    struct store_uids gone;
    struct moxd_err err = { 0 };
    int r = 0;

    /* RFC 4314 4: who may not expunge closes without it. */
    if (!s->sel->readonly && (s->sel->rights & MOXD_IMAP_RIGHT_E))
        r = s->im->store->expunge(s->sel->acc, s->sel->mailbox, NULL, s->a, &gone, NULL, &err);
    imap_deselect(s);
    return r < 0 ? imap_fail(s, &err) : imap_ok(s, NULL, "closed");
}

int imap_cmd_unselect(struct imap_session *s)
{
    imap_deselect(s);
    return imap_ok(s, NULL, "unselected");
}

int imap_cmd_check(struct imap_session *s)
{
    return imap_ok(s, NULL, "everything is on disk already");
}
