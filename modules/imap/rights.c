/* Rights to the selected mailbox of another account, which its owner may change at any time. All lists are changed by
 * sessions of this process. */
#include "place.h"
#include <utlist.h>

void imap_rights_follow(struct imap_session *s)
{
    DL_APPEND(s->im->followers, s);
}

void imap_rights_unfollow(struct imap_session *s)
{
    DL_DELETE(s->im->followers, s);
}

void imap_rights_changed(struct imap_session *s, const struct store_account *acc, uint32_t mailbox)
{
    struct imap_session *other;

    imap_notify_rights_changed(s, acc);
    DL_FOREACH (s->im->followers, other) {
        if (!imap_is_selected(other, acc, mailbox))
            continue;
        other->sel->stale = true;
        if (other != s)
            moxd_poke(other->fiber);
    }
}

int imap_rights_refresh(struct imap_session *s)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    struct moxd_imap_acl acl;
    struct moxd_err err = { 0 };
    unsigned rights = 0;

    if (!s->sel || !s->sel->stale)
        return 0;
    s->sel->stale = false;
    a = moxd_arena_new(0);
    if (imap_acl_read_in(s, s->sel->acc, s->sel->mailbox, a, &acl, &err) < 0)
        moxd_error(&s->log, "rights cannot be read", moxd_kve(&err));
    else
        rights = moxd_imap_acl_rights(&acl, moxd_cstr(s->who.account));
    if (!(rights & MOXD_IMAP_RIGHT_R)) {
        (void)imap_bye(s, "the selected mailbox may no longer be read");
        return -1;
    }
    s->sel->rights_news |= imap_settable(s->sel) != imap_flags_of_rights(rights);
    s->sel->rights = rights;
    return 0;
}

int imap_rights_tell(struct imap_session *s)
{
    if (!s->sel->rights_news)
        return 0;
    s->sel->rights_news = false;
    return imap_send_flags(s) < 0 ? -1 : imap_tell_permanent(s);
}
