/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS (RFC 9051 6.3.4 to 6.3.8, 6.3.11). */
#include "imap_mailbox.h"
#include "objectid.h"
#include "place.h"

/* A trailing "/" only says that children will follow (RFC 9051 6.3.4). */
static struct moxd_str without_slash(struct moxd_str name)
{
    return name.n > 1 && name.p[name.n - 1] == '/' ? moxd_str_sub(name, 0, name.n - 1) : name;
}

/* NOTIFY need not tell the client what it did itself. */
static void note_own(struct imap_session *s, const struct imap_place *p)
{
    const char *name = imap_place_name(s, p->owner, moxd_arena_cstr(s->a, p->name));

    imap_notify_own(s, moxd_cstr(name));
}

/* A mailbox was changed. */
static int done(struct imap_session *s, int r, const struct imap_place *p,
                const struct moxd_err *err, const char *text)
{
    if (r == 0)
        note_own(s, p);
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
static int created(struct imap_session *s, struct store_account *acc, uint32_t id)
{
    char code[IMAP_OBJECTID_MAX + 16], oid[IMAP_OBJECTID_MAX];
    struct moxd_err err = { 0 };
    struct store_mailbox mb;

    if (s->im->store->mailbox(acc, MOXD_STR(""), id, s->a, &mb, &err) < 0)
        return imap_fail(s, &err);
    snprintf(code, sizeof(code), "MAILBOXID (%s)", imap_mailboxid(s, acc, &mb, oid));
    return imap_ok(s, code, "created");
}

/* Special uses of another account are its owner's business. */
static int create(struct imap_session *s, struct imap_place *p, unsigned use, uint32_t *id,
                  struct moxd_err *err)
{
    struct imap_acl_heritage heritage;

    if (imap_place_in(s, without_slash(s->cmd.mailbox), p, err) < 0 ||
        imap_place_may_create(s, p, err) < 0)
        return -1;
    if (p->owner && use)
        return moxd_err_set(err, MOXD_ERR_STATE, "only the owner gives special uses");
    p->name = without_slash(p->name);
    imap_acl_find_heritage(s, p->acc, p->name, &heritage);
    if (s->im->store->mailbox_create(p->acc, p->name, use, false, id, err) < 0)
        return -1;
    imap_acl_inherit(s, p->acc, p->name, &heritage);
    return 0;
}

/* RFC 6154 3: [USEATTR] when the special use cannot be given. */
int imap_cmd_create(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    struct imap_place p;
    unsigned use = 0;
    uint32_t id;
    int r;

    if (special_use(&s->cmd.list, &use, &err) < 0)
        return imap_no(s, "USEATTR", "%s", err.pub);
    r = create(s, &p, use, &id, &err);
    if (r < 0 && use && err.kind == MOXD_ERR_STATE)
        return imap_no(s, "USEATTR", "%s", err.pub);
    if (r < 0)
        return imap_fail(s, &err);
    note_own(s, &p);
    return created(s, p.acc, id);
}

/* A client that deletes the mailbox it has selected knows that it is gone. One that somebody else has
 * selected is told with BYE (RFC 2180 3). */
int imap_cmd_delete(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    struct imap_place p;
    int r = imap_place_find(s, s->cmd.mailbox, 0, MOXD_IMAP_RIGHT_X, &p, &err);

    if (r == 0)
        r = s->im->store->mailbox_delete(p.acc, p.name, &err);
    if (r == 0 && imap_is_selected(s, p.acc, p.mb.id))
        imap_deselect(s);
    if (r == 0)
        imap_acl_forget(s, p.acc, p.mb.id);
    /* RFC 5530: the mailbox has children. */
    if (r < 0 && err.kind == MOXD_ERR_STATE)
        return imap_no(s, "HASCHILDREN", "%s", err.pub);
    return done(s, r, &p, &err, "deleted");
}

static int rename_place(struct imap_session *s, struct imap_place *to, struct moxd_err *err)
{
    const struct store_v1 *store = s->im->store;
    struct imap_place from;
    struct moxd_str name;

    if (imap_place_in(s, s->cmd.mailbox, &from, err) < 0 ||
        imap_place_in(s, without_slash(s->cmd.arg), to, err) < 0)
        return -1;
    to->name = without_slash(to->name);
    if (from.owner && imap_place_look(s, 0, MOXD_IMAP_RIGHT_X, &from, err) < 0)
        return -1;
    if (store->account_id(from.acc) != store->account_id(to->acc))
        return moxd_err_set(err, MOXD_ERR_INVALID, "a mailbox cannot be moved to another account");
    if (from.owner && store->canonical_name(from.name, s->a, &name, NULL) == 0 &&
        moxd_str_eqs(name, "INBOX"))
        return moxd_err_set(err, MOXD_ERR_INVALID, "only its owner can rename an INBOX");
    if (imap_place_may_create(s, to, err) < 0)
        return -1;
    return store->mailbox_rename(from.acc, from.name, to->name, err);
}

int imap_cmd_rename(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    struct imap_place to = { 0 };
    int r = rename_place(s, &to, &err);

    return done(s, r, &to, &err, "renamed");
}

/* Subscriptions are the user's own, whatever they name. */
int imap_cmd_subscribe(struct imap_session *s)
{
    bool on = s->cmd.verb == MOXD_IMAP_SUBSCRIBE;
    struct imap_place other, p = { .acc = s->acc };
    struct moxd_err err = { 0 };
    int r = imap_name_in(s, s->cmd.mailbox, &p.name, &err);

    if (r == 0 && imap_place_of(s, p.name, &other, NULL) == 0 && other.owner)
        p.name = moxd_cstr(imap_place_name(s, other.owner, moxd_arena_cstr(s->a, other.name)));
    if (r == 0)
        r = s->im->store->subscribe(s->acc, p.name, on, &err);
    return done(s, r, &p, &err, on ? "subscribed" : "unsubscribed");
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
    struct imap_place p;
    int r = imap_find(s, s->cmd.mailbox, MOXD_IMAP_RIGHT_R, &p);

    if (r != 0)
        return r < 0 ? -1 : 0;
    return imap_send_status(s, p.acc, &p.mb, s->cmd.status_atts) < 0
               ? -1
               : imap_ok(s, NULL, "status told");
}
