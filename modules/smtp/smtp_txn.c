/* Transactions, and what hooks may change about one. */
#include "smtp_given.h"

struct smtp_txn *smtp_txn_new(struct smtp_session *s)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct smtp_txn *t = moxd_arena_alloc(a, sizeof(*t));

    moxd_assert(!s->txn);
    t->s = s;
    t->arena = a;
    moxd_buf_init(&t->added, SMTP_ADDED_MAX);
    moxd_buf_init(&t->completed, SMTP_ADDED_MAX);
    moxd_slots_init(&t->slots, "smtp-message", a);
    t->mail.conn = &s->facts;
    t->mail.arena = a;
    t->mail.slots = &t->slots;
    t->mail.id = moxd_cid_public_part(s->c->cid, ++s->ntxn, t->id);
    t->message.mail = &t->mail;
    s->txn = t;
    s->log_kv[s->log.nkv++] = moxd_kvs("trace", t->id);
    smtp_tell_txn(s);
    return t;
}

void smtp_txn_free(struct smtp_session *s)
{
    struct smtp_txn *t = s->txn;

    if (!t)
        return;
    smtp_tell_over(s, NULL);
    s->txn = NULL;
    s->log.nkv = s->facts.account != NULL;
    moxd_slots_fini(&t->slots, "smtp-message");
    if (t->message.draft)
        s->smtp->store->draft_free(t->message.draft);
    moxd_buf_fini(&t->added);
    moxd_buf_fini(&t->completed);
    moxd_arena_free(t->arena);
}

struct smtp_txn *smtp_txn_of(const struct smtp_message *msg)
{
    return MOXD_CONTAINER(msg, struct smtp_txn, message);
}

struct source {
    const struct store_v1 *store;
    struct store_draft *draft;
};

static ssize_t read_draft(const void *ctx, uint64_t off, void *buf, size_t n)
{
    const struct source *src = ctx;

    return src->store->draft_read(src->draft, off, buf, n, NULL);
}

struct moxd_reader smtp_txn_reader(struct smtp_txn *t)
{
    struct source *src = moxd_arena_alloc(t->arena, sizeof(*src));

    *src = (struct source){ t->s->smtp->store, t->message.draft };
    return (struct moxd_reader){ .read_at = read_draft,
                                 .ctx = src,
                                 .size = src->store->draft_size(src->draft) };
}

static void add_header(const struct smtp_message *msg, struct moxd_str field)
{
    moxd_buf_addstr(&smtp_txn_of(msg)->added, field);
}

static struct moxd_str added(const struct smtp_message *msg, struct moxd_arena *a)
{
    const struct smtp_txn *t = smtp_txn_of(msg);
    struct moxd_buf b = MOXD_BUF_INIT(2 * SMTP_ADDED_MAX);

    moxd_buf_addstr(&b, moxd_buf_str(&t->added));
    moxd_buf_addstr(&b, moxd_buf_str(&t->completed));
    struct moxd_str fields = moxd_arena_str(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return fields;
}

static void offer(struct moxd_instance *self, const struct smtp_offer *o)
{
    ((struct smtp *)self)->offer = *o;
}

static void set_mailbox(const struct smtp_message *msg, const char *mailbox)
{
    struct smtp_txn *t = smtp_txn_of(msg);
    t->mailbox = moxd_arena_strdup(t->arena, mailbox);
}

static void note(const struct smtp_message *msg, const char *key, const char *value)
{
    struct smtp_txn *t = smtp_txn_of(msg);

    if (t->nnotes == SMTP_NOTES_MAX)
        return;
    struct smtp_note *grown =
        moxd_arena_push(t->arena, &t->notes, &t->nnotes, &t->notes_cap, sizeof(*grown));
    grown->key = moxd_arena_strdup(t->arena, key);
    grown->value = moxd_arena_strdup(t->arena, value);
}

static void suspect(const struct smtp_message *msg, const char *reason,
                    const struct moxd_reply *reply)
{
    struct smtp_txn *t = smtp_txn_of(msg);
    const struct smtp_suspicion *s = t->suspicion;

    if (s && (s->reply.code >= 500 || reply->code < 500))
        return;
    t->suspicion = moxd_arena_alloc(t->arena, sizeof(*t->suspicion));
    t->suspicion->reason = moxd_arena_strdup(t->arena, reason);
    t->suspicion->reply = *reply;
}

static const struct smtp_suspicion *suspicion(const struct smtp_message *msg)
{
    return smtp_txn_of(msg)->suspicion;
}

static void slow_down(const struct smtp_conn *conn)
{
    moxd_stream_slow(MOXD_CONTAINER(conn, struct smtp_session, facts)->st, true);
}

const struct smtp_v1 smtp_interface = {
    .add_header = add_header,
    .set_mailbox = set_mailbox,
    .note = note,
    .add_auth_result = smtp_results_add,
    .auth_result = smtp_results_get,
    .added = added,
    .suspect = suspect,
    .suspicion = suspicion,
    .slow_down = slow_down,
    .offer = offer,
    .give = smtp_give,
};
