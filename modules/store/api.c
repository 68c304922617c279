/* The interface store/1: arguments checked and brought into stored form, then the operations. */
#include "annotation.h"
#include "recipients.h"
#include "roster.h"
#include "table.h"

static struct store *store_of(struct moxd_instance *self)
{
    return MOXD_CONTAINER(self, struct store, m);
}

/* --- accounts ---------------------------------------------------------------------------------- */

static int api_open(struct moxd_instance *self, const char *name, struct store_account **out,
                    struct moxd_err *err)
{
    return store_account_open(store_of(self), name, out, err);
}

static uint64_t api_account_id(const struct store_account *acc)
{
    return acc->id;
}

static const char *api_account_name(const struct store_account *acc)
{
    return acc->name;
}

static uint64_t api_modseq(const struct store_account *acc)
{
    return acc->base != NULL ? acc->base->modseq : acc->modseq;
}

static int api_remove(struct moxd_instance *self, const char *name, struct moxd_err *err)
{
    return store_account_remove(store_of(self), name, err);
}

/* --- mailboxes --------------------------------------------------------------------------------- */

static int api_mailboxes(struct store_account *acc, struct moxd_arena *a,
                         struct store_mailbox **out, size_t *n, struct moxd_err *err)
{
    struct store_op_mailboxes op = { .arena = a };

    if (store_read(acc, store_op_mailboxes, &op, err) < 0)
        return -1;
    *out = op.v;
    *n = op.n;
    return 0;
}

static int api_mailbox(struct store_account *acc, struct moxd_str name, uint32_t id,
                       struct moxd_arena *a, struct store_mailbox *out, struct moxd_err *err)
{
    struct store_op_mailbox op = { .id = id, .arena = a, .out = out };
    struct store_name stored;

    if (id == 0) {
        if (store_name_parse(name, &stored, err) < 0)
            return -1;
        op.name = store_name_str(&stored);
    }
    return store_read(acc, store_op_mailbox, &op, err);
}

static int api_subscriptions(struct store_account *acc, struct moxd_arena *a, const char ***out,
                             size_t *n, struct moxd_err *err)
{
    struct store_op_subscriptions op = { .arena = a };

    if (store_read(acc, store_op_subscriptions, &op, err) < 0)
        return -1;
    *out = op.v;
    *n = op.n;
    return 0;
}

static const unsigned ALL_USES = STORE_USE_ARCHIVE | STORE_USE_DRAFTS | STORE_USE_JUNK |
                                 STORE_USE_SENT | STORE_USE_TRASH | STORE_USE_FLAGGED |
                                 STORE_USE_ALL | STORE_USE_IMPORTANT;

static int check_use(unsigned use, struct moxd_err *err)
{
    if ((use & ~ALL_USES) == 0)
        return 0;
    return moxd_err_set(err, MOXD_ERR_INVALID, "unknown special use");
}

static int api_create(struct store_account *acc, struct moxd_str name, unsigned special_use,
                      bool subscribe, uint32_t *id, struct moxd_err *err)
{
    struct store_op_create op = { .special_use = special_use, .subscribe = subscribe };
    struct store_name stored;

    if (check_use(special_use, err) < 0 || store_name_parse(name, &stored, err) < 0)
        return -1;
    op.name = store_name_str(&stored);
    if (store_write(acc, store_op_create, &op, err) < 0)
        return -1;
    if (id != NULL)
        *id = op.id;
    return 0;
}

static int api_delete(struct store_account *acc, struct moxd_str name, struct moxd_err *err)
{
    struct store_name stored;

    if (store_name_parse(name, &stored, err) < 0)
        return -1;
    struct moxd_str s = store_name_str(&stored);
    return store_write(acc, store_op_delete, &s, err);
}

static int api_delete_empty(struct store_account *acc, struct moxd_str name, struct moxd_err *err)
{
    struct store_name stored;

    if (store_name_parse(name, &stored, err) < 0)
        return -1;
    struct moxd_str s = store_name_str(&stored);
    return store_write(acc, store_op_delete_empty, &s, err);
}

static int api_rename(struct store_account *acc, struct moxd_str from, struct moxd_str to,
                      struct moxd_err *err)
{
    struct store_name stored_from, stored_to;

    if (store_name_parse(from, &stored_from, err) < 0 || store_name_parse(to, &stored_to, err) < 0)
        return -1;
    struct store_op_rename op = { store_name_str(&stored_from), store_name_str(&stored_to) };
    return store_write(acc, store_op_rename, &op, err);
}

static int api_subscribe(struct store_account *acc, struct moxd_str name, bool on,
                         struct moxd_err *err)
{
    struct store_name stored;

    if (store_name_parse(name, &stored, err) < 0)
        return -1;
    struct store_op_subscribe op = { store_name_str(&stored), on };
    return store_write(acc, store_op_subscribe, &op, err);
}

static int api_set_special_use(struct store_account *acc, uint32_t mailbox, unsigned use,
                               struct moxd_err *err)
{
    struct store_op_special_use op = { mailbox, use };
    return check_use(use, err) < 0 ? -1 : store_write(acc, store_op_special_use, &op, err);
}

static int api_set_recent(struct store_account *acc, uint32_t mailbox, uint32_t uid,
                          struct moxd_err *err)
{
    struct store_op_recent op = { mailbox, uid };
    return store_write_soon(acc, store_op_recent, &op, err);
}

/* --- messages ---------------------------------------------------------------------------------- */

static int api_entries(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                       struct moxd_arena *a, struct store_entry **out, size_t *n,
                       uint64_t *modseq, struct moxd_err *err)
{
    struct store_op_entries op = { .mailbox = mailbox, .uids = uids, .arena = a };

    if (store_roster_read(acc, &op, err) < 0)
        return -1;
    *out = op.v;
    *n = op.n;
    if (modseq != NULL)
        *modseq = op.at;
    return 0;
}

static int api_messages(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                        struct moxd_arena *a, struct store_msg **out, size_t *n,
                        struct moxd_err *err)
{
    struct store_op_messages op = { .mailbox = mailbox, .uids = uids, .arena = a };

    if (store_read(acc, store_op_messages, &op, err) < 0)
        return -1;
    *out = op.v;
    *n = op.n;
    return 0;
}

static int api_select(struct store_account *acc, struct moxd_str name, uint32_t id,
                      struct moxd_arena *a, struct store_mailbox *mb, struct store_entry **out,
                      size_t *n, uint64_t *modseq, struct moxd_err *err)
{
    struct store_op_select op = { .box = { .id = id, .arena = a, .out = mb },
                                  .entries = { .arena = a } };
    struct store_name stored;

    if (id == 0) {
        if (store_name_parse(name, &stored, err) < 0)
            return -1;
        op.box.name = store_name_str(&stored);
    }
    if (store_read(acc, store_op_select, &op, err) < 0)
        return -1;
    *out = op.entries.v;
    *n = op.entries.n;
    *modseq = op.entries.at;
    return 0;
}

static int api_select_uids(struct store_account *acc, struct moxd_str name, uint32_t id,
                           struct moxd_arena *a, struct store_selection *out, struct moxd_err *err)
{
    struct store_op_mailbox op = { .id = id, .arena = a, .out = &out->mailbox };
    struct store_name stored;

    if (id == 0) {
        if (store_name_parse(name, &stored, err) < 0)
            return -1;
        op.name = store_name_str(&stored);
    }
    return store_roster_select(acc, &op, out, err);
}

static int api_changed_since(struct store_account *acc, uint32_t mailbox,
                             const struct store_uids *uids, uint64_t modseq, struct moxd_arena *a,
                             struct store_entry **out, size_t *n, struct store_uids *vanished,
                             struct moxd_err *err)
{
    struct store_op_entries op = { .mailbox = mailbox, .uids = uids, .arena = a, .since = true,
                                   .modseq = modseq, .no_entries = out == NULL,
                                   .no_gone = vanished == NULL };

    if (store_read(acc, store_op_entries, &op, err) < 0)
        return -1;
    if (out != NULL) {
        *out = op.v;
        *n = op.n;
    }
    if (vanished != NULL)
        *vanished = op.gone;
    return 0;
}

static int api_note_get(struct store_account *acc, uint64_t id, const char *name,
                        struct moxd_buf *out, struct moxd_err *err)
{
    struct store_op_note op = { .id = id, .name = moxd_cstr(name), .out = out };
    return store_read(acc, store_op_note_get, &op, err);
}

static int api_note_set(struct store_account *acc, uint64_t id, const char *name,
                        struct moxd_str value, struct moxd_err *err)
{
    struct store_op_note op = { .id = id, .name = moxd_cstr(name), .value = value };
    return store_write_soon(acc, store_op_note_set, &op, err);
}

static int api_add(struct moxd_instance *self, struct store_draft *d, struct store_add *adds,
                   size_t n, size_t *failed, struct moxd_err *err)
{
    return store_add_messages(store_of(self), &d, 1, adds, n, failed, err);
}

static int api_add_many(struct moxd_instance *self, struct store_draft **drafts,
                        struct store_add *adds, size_t n, struct moxd_err *err)
{
    return store_add_messages(store_of(self), drafts, n, adds, n, NULL, err);
}

static int api_add_and(struct moxd_instance *self, struct store_draft **drafts,
                       struct store_add *adds, size_t n,
                       int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err), void *arg,
                       struct moxd_err *err)
{
    return store_add_messages_and(store_of(self), drafts, adds, n, fn, arg, err);
}

static int api_replace(struct moxd_instance *self, struct store_draft *d, struct store_add *add,
                       uint32_t mailbox, uint32_t uid, struct moxd_err *err)
{
    return store_replace_message(store_of(self), d, add, mailbox, uid, err);
}

static int api_set_quota(struct moxd_instance *self, const char *account,
                         const struct store_quota *quota, struct moxd_err *err)
{
    (void)self;
    return store_set_quota(account, quota, err);
}

static int api_annotations(struct store_account *acc, uint32_t mailbox, bool all,
                           struct moxd_arena *a, struct store_annotation **out, size_t *n,
                           struct moxd_err *err)
{
    struct store_op_annotations op = { .mailbox = mailbox, .all = all, .arena = a };

    if (store_read(acc, store_op_annotations, &op, err) < 0)
        return -1;
    *out = op.v;
    *n = op.n;
    return 0;
}

static int api_annotate(struct store_account *acc, uint32_t mailbox,
                        const struct store_annotation *v, size_t n, uint64_t *modseq,
                        struct moxd_err *err)
{
    struct store_op_annotate op = { .mailbox = mailbox, .v = v, .n = n };

    if (store_write(acc, store_op_annotate, &op, err) < 0)
        return -1;
    *modseq = op.modseq;
    return 0;
}

static int api_set_flags_of(struct store_account *acc, uint32_t mailbox,
                            const struct store_uids *uids, struct store_flag_change *fc,
                            unsigned mask, struct moxd_arena *a, struct store_entry **out,
                            size_t *n, struct store_uids *modified, struct moxd_err *err)
{
    struct store_op_flags op = {
        .mailbox = mailbox, .uids = uids, .fc = fc, .mask = mask, .arena = a
    };

    if (store_write(acc, store_op_flags, &op, err) < 0)
        return -1;
    *out = op.v;
    *n = op.n;
    if (modified != NULL)
        *modified = op.modified;
    return 0;
}

static int api_set_flags(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                         struct store_flag_change *fc, struct moxd_arena *a,
                         struct store_entry **out, size_t *n, struct store_uids *modified,
                         struct moxd_err *err)
{
    return api_set_flags_of(acc, mailbox, uids, fc, STORE_FLAGS_ALL | STORE_FLAG_KEYWORDS, a, out,
                            n, modified, err);
}

static int api_copy(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                    uint32_t dst, struct moxd_arena *a, struct store_copied **out, size_t *n,
                    struct moxd_err *err)
{
    struct store_op_copy op = { .mailbox = mailbox, .uids = uids, .dst = dst, .arena = a };

    if (store_copy_messages(acc, &op, err) < 0)
        return -1;
    *out = op.v;
    *n = op.n;
    return 0;
}

static int api_move(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                    uint32_t dst, struct moxd_arena *a, struct store_copied **out, size_t *n,
                    uint64_t *modseq, struct moxd_err *err)
{
    struct store_op_copy op = { .mailbox = mailbox, .uids = uids, .dst = dst, .arena = a };

    if (store_write(acc, store_op_move, &op, err) < 0)
        return -1;
    *out = op.v;
    *n = op.n;
    if (modseq != NULL)
        *modseq = op.modseq;
    return 0;
}

static int api_expunge(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                       struct moxd_arena *a, struct store_uids *out, uint64_t *modseq,
                       struct moxd_err *err)
{
    struct store_op_expunge op = { .mailbox = mailbox, .uids = uids, .arena = a };

    if (store_write(acc, store_op_expunge, &op, err) < 0)
        return -1;
    *out = op.out;
    if (modseq != NULL)
        *modseq = op.modseq;
    return 0;
}

static int api_discard(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                       struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct store_op_expunge op = { .mailbox = mailbox, .uids = uids, .any = true, .arena = a };

    return store_write(acc, store_op_expunge, &op, err);
}

/* --- by id, and as pages list them --------------------------------------------------------------- */

static int api_flag_ids(struct store_account *acc, const uint64_t *ids, size_t n,
                        struct store_flag_change *fc, struct moxd_err *err)
{
    struct store_op_bulk op = { .ids = ids, .n = n, .fc = fc };
    return store_write(acc, store_op_bulk_flags, &op, err);
}

static int api_move_ids(struct store_account *acc, const uint64_t *ids, size_t n, uint32_t dst,
                        bool reads, struct moxd_err *err)
{
    struct store_op_bulk op = { .ids = ids, .n = n, .dst = dst, .reads = reads };
    return store_write(acc, store_op_bulk_move, &op, err);
}

static int api_discard_ids(struct store_account *acc, const uint64_t *ids, size_t n,
                           struct moxd_err *err)
{
    struct store_op_bulk op = { .ids = ids, .n = n };
    return store_write(acc, store_op_bulk_discard, &op, err);
}

static int api_mark_read(struct store_account *acc, uint32_t mailbox, bool below,
                         struct moxd_err *err)
{
    struct store_op_mark_read op = { mailbox, below };
    return store_write(acc, store_op_mark_read, &op, err);
}

static int api_rows(struct store_account *acc, struct store_rows *rows, struct moxd_err *err)
{
    return store_read(acc, store_op_rows, rows, err);
}

/* --- threads ----------------------------------------------------------------------------------- */

static int api_threads(struct store_account *acc, const uint64_t *ids, size_t n,
                       struct moxd_arena *a, struct store_thread **out, struct moxd_err *err)
{
    struct store_op_threads op = { .ids = ids, .n = n, .arena = a };

    if (store_read(acc, store_op_threads, &op, err) < 0)
        return -1;
    *out = op.v;
    return 0;
}

static int api_places(struct store_account *acc, const uint64_t *ids, size_t n,
                      struct moxd_arena *a, struct store_location **out, struct moxd_err *err)
{
    struct store_op_places op = { .ids = ids, .n = n, .arena = a };

    if (store_read(acc, store_op_places, &op, err) < 0)
        return -1;
    *out = op.v;
    return 0;
}

static int api_exists(struct moxd_instance *self, const char *name, bool *out, struct moxd_err *err)
{
    struct moxd_err local = { 0 };
    uint32_t uidvalidity;
    uint64_t id;
    int rc = store_server_id(store_of(self), name, false, &id, &uidvalidity, &local);

    *out = rc == 0;
    if (rc == 0 || local.kind == MOXD_ERR_NOTFOUND)
        return 0;
    if (err != NULL)
        *err = local;
    return -1;
}

static int read_ids(struct store_account *acc, store_fn *fn, struct store_op_ids *op,
                    uint64_t **ids, size_t *n, struct moxd_err *err)
{
    if (store_read(acc, fn, op, err) < 0)
        return -1;
    *ids = op->v;
    *n = op->n;
    return 0;
}

static int api_thread_messages(struct store_account *acc, uint64_t id, struct moxd_arena *a,
                               uint64_t **ids, size_t *n, struct moxd_err *err)
{
    struct store_op_ids op = { .message = id, .arena = a };
    return read_ids(acc, store_op_thread_messages, &op, ids, n, err);
}

static int api_by_message_id(struct store_account *acc, struct moxd_str message_id,
                             struct moxd_arena *a, uint64_t **ids, size_t *n, struct moxd_err *err)
{
    struct store_op_ids op = { .message_id = message_id, .arena = a };
    return read_ids(acc, store_op_by_message_id, &op, ids, n, err);
}

static int api_set_thread(struct store_account *acc, const uint64_t *ids, size_t n, unsigned mask,
                          unsigned state, struct moxd_err *err)
{
    struct store_op_thread_set op = { ids, n, mask, state };

    if ((mask & ~(unsigned)(STORE_THREAD_MUTED | STORE_THREAD_COLLAPSED)) != 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "no such state of a thread");
    return store_write(acc, store_op_thread_set, &op, err);
}

static int api_link_threads(struct store_account *acc, struct moxd_err *err)
{
    return store_threads_finish(store_account_base(acc), NULL, err);
}

/* --- records of modules ------------------------------------------------------------------------ */

static struct store_account *account_or_server(struct moxd_instance *self,
                                               struct store_account *acc)
{
    return acc != NULL ? acc : store_of(self)->server;
}

static int api_transact(struct moxd_instance *self, struct store_account *acc, store_fn *fn,
                        void *arg, struct moxd_err *err)
{
    return store_write(account_or_server(self, acc), fn, arg, err);
}

static int api_view(struct moxd_instance *self, struct store_account *acc, store_fn *fn, void *arg,
                    struct moxd_err *err)
{
    return store_read(account_or_server(self, acc), fn, arg, err);
}

static int api_peek(struct moxd_instance *self, struct store_account *acc, store_fn *fn, void *arg,
                    struct moxd_err *err)
{
    return store_read_now(account_or_server(self, acc), fn, arg, err);
}

static int api_canonical_name(struct moxd_str name, struct moxd_arena *a, struct moxd_str *out,
                              struct moxd_err *err)
{
    struct store_name n;

    if (store_name_parse(name, &n, err) < 0)
        return -1;
    *out = moxd_arena_str(a, store_name_str(&n));
    return 0;
}

static int tx_mailbox(struct store_tx *tx, struct moxd_str name, uint32_t *id, struct moxd_err *err)
{
    struct store_name stored;

    if (store_name_parse(name, &stored, err) < 0)
        return -1;
    return store_box_id(tx, store_name_str(&stored), id, err);
}

const struct store_v1 store_api = {
    .open = api_open,
    .ref = store_account_ref,
    .close = store_account_close,
    .account_id = api_account_id,
    .account_name = api_account_name,
    .modseq = api_modseq,
    .remove = api_remove,
    .mailboxes = api_mailboxes,
    .mailbox = api_mailbox,
    .subscriptions = api_subscriptions,
    .mailbox_create = api_create,
    .mailbox_delete = api_delete,
    .mailbox_rename = api_rename,
    .subscribe = api_subscribe,
    .set_special_use = api_set_special_use,
    .set_recent = api_set_recent,
    .entries = api_entries,
    .select = api_select,
    .messages = api_messages,
    .changed_since = api_changed_since,
    .body_open = store_body_open,
    .body_size = store_body_size,
    .body_read = store_body_read,
    .body_close = store_body_close,
    .note_get = api_note_get,
    .note_set = api_note_set,
    .draft_new = store_draft_new,
    .draft_write = store_draft_write,
    .draft_size = store_draft_size,
    .draft_read = store_draft_read,
    .draft_free = store_draft_free,
    .add = api_add,
    .add_many = api_add_many,
    .set_flags = api_set_flags,
    .copy = api_copy,
    .move = api_move,
    .expunge = api_expunge,
    .watch = store_watch,
    .changes = store_changes,
    .pending = store_pending,
    .unwatch = store_unwatch,
    .transact = api_transact,
    .view = api_view,
    .tx_get = store_table_get,
    .tx_put = store_table_put,
    .tx_del = store_table_del,
    .tx_each = store_table_each,
    .previews = store_previews,
    .draft_part = store_draft_part,
    .replace = api_replace,
    .usage = store_usage,
    .may_add = store_may_add,
    .set_quota = api_set_quota,
    .annotations = api_annotations,
    .annotate = api_annotate,
    .threads = api_threads,
    .thread_messages = api_thread_messages,
    .by_message_id = api_by_message_id,
    .set_thread = api_set_thread,
    .link_threads = api_link_threads,
    .canonical_name = api_canonical_name,
    .tx_messages = store_tx_messages,
    .tx_body = store_tx_body,
    .places = api_places,
    .exists = api_exists,
    .as = store_account_as,
    .set_flags_of = api_set_flags_of,
    .discard = api_discard,
    .tx_sent_to = store_tx_sent_to,
    .keep = store_keep,
    .kept_open = store_kept_open,
    .tx_unkeep = store_tx_unkeep,
    .tx_from = store_table_from,
    .select_uids = api_select_uids,
    .uids_release = store_uid_list_release,
    .tx_mailbox = tx_mailbox,
    .uids_of = store_roster_uids_of,
    .peek = api_peek,
    .tx_kept_open = store_tx_kept_open,
    .add_and = api_add_and,
    .mailbox_delete_empty = api_delete_empty,
    .flag_ids = api_flag_ids,
    .move_ids = api_move_ids,
    .discard_ids = api_discard_ids,
    .mark_read = api_mark_read,
    .rows = api_rows,
};
