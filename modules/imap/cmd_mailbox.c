/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS (RFC 9051 6.3.4 to 6.3.8, 6.3.11). */
#include "acl.h"
#include "imap_mailbox.h"
#include "objectid.h"

/* A trailing "/" only says that children will follow (RFC 9051 6.3.4). */
static struct moxd_str without_slash(struct moxd_str name)
{
    return name.n > 1 && name.p[name.n - 1] == '/' ? moxd_str_sub(name, 0, name.n - 1) : name;
}

/* `name` was changed. */
static int done(struct imap_session *s, int r, struct moxd_str name, const struct moxd_err *err,
                const char *text)
{
    if (r == 0)
        imap_notify_own(s, name);
    return r < 0 ? imap_fail(s, err) : imap_ok(s, NULL, "%s", text);
}

static int special_use(const struct moxd_imap_list *list, unsigned *use, struct moxd_err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        unsigned bit = imap_special_use_bit(list->v[i]);

        if (!bit)
            return moxd_err_set(err, MOXD_ERR_INVALID, "unknown special use %" MOXD_STRF,
                                MOXD_STRA(list->v[i]));
        *use |= bit;
    }
    return 0;
}

/* RFC 8474 4.1: the identifier is told. */
static int created(struct imap_session *s, uint32_t id)
{
    char code[IMAP_OBJECTID_MAX + 16], oid[IMAP_OBJECTID_MAX];
    struct moxd_err err = { 0 };
    struct store_mailbox mb;

    if (s->im->store->mailbox(s->acc, MOXD_STR(""), id, s->a, &mb, &err) < 0)
        return imap_fail(s, &err);
    snprintf(code, sizeof(code), "MAILBOXID (%s)", imap_mailboxid(s, s->acc, &mb, oid));
    return imap_ok(s, code, "created");
}

/* RFC 6154 3: [USEATTR] when the special use cannot be given. */
int imap_cmd_create(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    struct imap_acl_heritage heritage;
    struct moxd_str name = { 0 };
    unsigned use = 0;
    uint32_t id;
    int r;

    if (special_use(&s->cmd.list, &use, &err) < 0)
        return imap_no(s, "USEATTR", "%s", err.pub);
    r = imap_name_in(s, s->cmd.mailbox, &name, &err);
    if (r == 0) {
        imap_acl_find_heritage(s, without_slash(name), &heritage);
        r = s->im->store->mailbox_create(s->acc, without_slash(name), use, false, &id, &err);
    }
    if (r < 0 && use && err.kind == MOXD_ERR_STATE)
        return imap_no(s, "USEATTR", "%s", err.pub);
    if (r < 0)
        return imap_fail(s, &err);
    imap_acl_inherit(s, without_slash(name), &heritage);
    imap_notify_own(s, without_slash(name));
    return created(s, id);
}

/* 0: there is none. */
static uint32_t id_of(struct imap_session *s, struct moxd_str name)
{
    struct store_mailbox mb;

    return s->im->store->mailbox(s->acc, name, 0, s->a, &mb, NULL) == 0 ? mb.id : 0;
}

/* A client that deletes the mailbox it has selected knows that it is gone. One that somebody else has
 * selected is told with BYE (RFC 2180 3). */
int imap_cmd_delete(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    struct moxd_str name = { 0 };
    uint32_t id = 0;
    int r = imap_name_in(s, s->cmd.mailbox, &name, &err);

    if (r == 0) {
        id = id_of(s, name);
        r = s->im->store->mailbox_delete(s->acc, name, &err);
    }
    if (r == 0 && imap_is_selected(s, s->acc, id))
        imap_deselect(s);
    if (r == 0)
        imap_acl_forget(s, id);
    /* RFC 5530: the mailbox has children. */
    if (r < 0 && err.kind == MOXD_ERR_STATE)
        return imap_no(s, "HASCHILDREN", "%s", err.pub);
    return done(s, r, name, &err, "deleted");
}

int imap_cmd_rename(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    struct moxd_str from, to = { 0 };
    int r = imap_name_in(s, s->cmd.mailbox, &from, &err);

    if (r == 0)
        r = imap_name_in(s, s->cmd.arg, &to, &err);
    if (r == 0)
        r = s->im->store->mailbox_rename(s->acc, from, without_slash(to), &err);
    return done(s, r, without_slash(to), &err, "renamed");
}

int imap_cmd_subscribe(struct imap_session *s)
{
    bool on = s->cmd.verb == MOXD_IMAP_SUBSCRIBE;
    struct moxd_err err = { 0 };
    struct moxd_str name = { 0 };
    int r = imap_name_in(s, s->cmd.mailbox, &name, &err);

    if (r == 0)
        r = s->im->store->subscribe(s->acc, name, on, &err);
    return done(s, r, name, &err, on ? "subscribed" : "unsubscribed");
}

/* A mailbox that went away meanwhile has nothing. */
static uint64_t deleted_storage(struct imap_session *s, struct store_account *acc,
                                const struct store_mailbox *mb, unsigned atts)
{
    struct moxd_err err = { 0 };
    uint64_t bytes = 0;

    if ((atts & MOXD_IMAP_STATUS_DELETED_STORAGE) &&
        imap_deleted_storage(s, acc, mb, &bytes, &err) < 0 && err.kind != MOXD_ERR_NOTFOUND)
        moxd_error(&s->log, "deleted messages not counted", moxd_kve(&err));
    return bytes;
}

int imap_send_status(struct imap_session *s, struct store_account *acc,
                     const struct store_mailbox *mb, unsigned atts)
{
    size_t recent = atts & MOXD_IMAP_STATUS_RECENT ? imap_recent_count(s, acc, mb) : 0;
    const struct {
        unsigned bit;
        const char *name;
        uint64_t value;
    } values[] = {
        { MOXD_IMAP_STATUS_MESSAGES, "MESSAGES", mb->total },
        { MOXD_IMAP_STATUS_UIDNEXT, "UIDNEXT", mb->uidnext },
        { MOXD_IMAP_STATUS_UIDVALIDITY, "UIDVALIDITY", mb->uidvalidity },
        { MOXD_IMAP_STATUS_UNSEEN, "UNSEEN", mb->unseen },
        { MOXD_IMAP_STATUS_DELETED, "DELETED", mb->deleted },
        { MOXD_IMAP_STATUS_SIZE, "SIZE", mb->size },
        { MOXD_IMAP_STATUS_RECENT, "RECENT", recent },
        { MOXD_IMAP_STATUS_DELETED_STORAGE, "DELETED-STORAGE", deleted_storage(s, acc, mb, atts) },
        { MOXD_IMAP_STATUS_HIGHESTMODSEQ, "HIGHESTMODSEQ", mb->highestmodseq },
    };
    char id[IMAP_OBJECTID_MAX];
    const char *sep = "";

    moxd_buf_adds(&s->out, "* STATUS ");
    imap_name_out(s, &s->out, mb->name);
    moxd_buf_adds(&s->out, " (");
    for (size_t i = 0; i < MOXD_NELEMS(values); i++) {
        if (!(atts & values[i].bit))
            continue;
        moxd_buf_addf(&s->out, "%s%s %llu", sep, values[i].name,
                      (unsigned long long)values[i].value);
        sep = " ";
    }
    if (atts & MOXD_IMAP_STATUS_MAILBOXID)
        moxd_buf_addf(&s->out, "%sMAILBOXID (%s)", sep, imap_mailboxid(s, acc, mb, id));
    moxd_buf_addc(&s->out, ')');
    return imap_send_out(s);
}

int imap_cmd_status(struct imap_session *s)
{
    struct store_mailbox mb;
    int r = imap_find_mailbox(s, s->cmd.mailbox, &mb);

    if (r != 0)
        return r < 0 ? -1 : 0;
    return imap_send_status(s, s->acc, &mb, s->cmd.status_atts) < 0
               ? -1
               : imap_ok(s, NULL, "status told");
}
