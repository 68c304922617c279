#include "objectid.h"

static const char *name(const struct imap_session *s, const struct store_account *acc, char kind,
                        unsigned long long id, char out[IMAP_OBJECTID_MAX])
{
    unsigned long long account = s->im->store->account_id(acc);

    snprintf(out, IMAP_OBJECTID_MAX, "%c%llx-%llx", kind, account, id);
    return out;
}

const char *imap_mailboxid(const struct imap_session *s, const struct store_account *acc,
                           const struct store_mailbox *mb, char out[IMAP_OBJECTID_MAX])
{
    /* Like the UIDVALIDITY, it stays with the mailbox under another name, and not with its name. */
    return name(s, acc, 'F', mb->uidvalidity, out);
}

const char *imap_threadid(const struct imap_session *s, const struct store_account *acc,
                          uint64_t thread, char out[IMAP_OBJECTID_MAX])
{
    return name(s, acc, 'T', thread, out);
}

const char *imap_emailid(const struct imap_session *s, const struct store_account *acc,
                         const struct store_msg *info, char out[IMAP_OBJECTID_MAX])
{
    return name(s, acc, 'M', info->emailid, out);
}
