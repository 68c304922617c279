/* /private annotations of a mailbox are everybody's own (RFC 5464 3.3). Those of its owner have their name in the store;
 * those of others are beside them, as "/viewer/" and the id of the account. */
#include "metadata.h"

static const char viewer[] = "/viewer/";

static bool is_own(const struct imap_session *s, const struct store_account *acc)
{
    return s->im->store->account_id(acc) == s->im->store->account_id(s->acc);
}

static const char *prefix_of(const struct imap_session *s, struct moxd_arena *a)
{
    return moxd_arena_printf(a, "%s%llx/", viewer,
                             (unsigned long long)s->im->store->account_id(s->acc));
}

const char *imap_annotation_in(struct imap_session *s, struct store_account *acc,
                               struct moxd_str entry)
{
    struct moxd_str private = MOXD_STR("/private/");

    if (is_own(s, acc) || !moxd_str_starts(entry, private))
        return moxd_arena_cstr(s->a, entry);
    return moxd_arena_printf(s->a, "%s%" MOXD_STRF, prefix_of(s, s->a),
                             MOXD_STRA(moxd_str_from(entry, private.n)));
}

const char *imap_annotation_out(struct imap_session *s, struct moxd_arena *a,
                                struct store_account *acc, const char *name)
{
    struct moxd_str n = moxd_cstr(name), mine;

    if (is_own(s, acc))
        return moxd_str_starts(n, moxd_cstr(viewer)) ? NULL : name;
    mine = moxd_cstr(prefix_of(s, a));
    if (moxd_str_starts(n, mine))
        return moxd_arena_printf(a, "/private/%" MOXD_STRF, MOXD_STRA(moxd_str_from(n, mine.n)));
    return moxd_str_starts(n, MOXD_STR("/shared/")) ? name : NULL;
}
