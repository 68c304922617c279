/* The messages of an APPEND, in one draft of the store. */
#include "across.h"
#include "append.h"

void imap_append_fail(struct imap_appending *ap, const char *code)
{
    if (!ap->failed)
        ap->code = code;
    ap->failed = true;
}

static struct store_time received(const struct moxd_imap_append_step *step)
{
    if (step->has_date)
        return (struct store_time){ .ns = step->date.ns, .zone = step->date.zone };
    return (struct store_time){ .ns = moxd_wall() };
}

void imap_append_begin(struct imap_appending *ap, const struct moxd_imap_append_step *step)
{
    unsigned settable = imap_flags_of_rights(ap->to.rights);
    struct imap_session *s = ap->s;
    struct store_add *add;
    uint64_t *start;

    if (ap->failed)
        return;
    add = moxd_arena_push(s->a, &ap->adds, &ap->n, &ap->cap, sizeof(*add));
    start = moxd_arena_push(s->a, &ap->starts, &ap->starts_n, &ap->starts_cap, sizeof(*start));
    *start = s->im->store->draft_size(ap->draft);
    *add = (struct store_add){
        .acc = ap->to.acc, .mailbox = ap->to.mb.id, .origin = "imap", .received = received(step)
    };
    ap->cr = ap->nul = false;
    if (imap_flags_in(s, &step->flags, &add->flags, &add->keywords, &ap->err) < 0)
        imap_append_fail(ap, NULL);
    /* RFC 4314 4: what may not be set is left out. */
    add->flags &= settable;
    if (!(settable & STORE_FLAG_KEYWORDS))
        add->keywords.n = 0;
}

static uint64_t message_size(const struct imap_appending *ap)
{
    return ap->s->im->store->draft_size(ap->draft) - ap->starts[ap->n - 1];
}

/* RFC 3502: an empty message cancels the command. NUL bytes could not be told to a client in a literal
 * (RFC 9051 4.3.1, RFC 3516 4.4). */
void imap_append_end(struct imap_appending *ap)
{
    if (ap->failed)
        return;
    if (ap->nul) {
        moxd_err_set(&ap->err, MOXD_ERR_INVALID, "a message with NUL bytes cannot be stored");
        imap_append_fail(ap, "UNKNOWN-CTE");
    } else if (message_size(ap) == 0) {
        moxd_err_set(&ap->err, MOXD_ERR_INVALID, "cancelled by an empty message");
        imap_append_fail(ap, NULL);
    }
}

bool imap_append_fits(struct imap_appending *ap, uint64_t more)
{
    uint64_t max = (uint64_t)ap->s->conf->max_append_size;
    uint64_t all = ap->s->im->store->draft_size(ap->draft);

    if (more > ap->room || all > ap->room - more) {
        moxd_err_set(&ap->err, MOXD_ERR_LIMIT, "the mailbox is full");
        imap_append_fail(ap, "OVERQUOTA");
        return false;
    }
    if (more <= max && message_size(ap) <= max - more && all <= IMAP_APPEND_ALL_MAX * max - more)
        return true;
    moxd_err_set(&ap->err, MOXD_ERR_LIMIT,
                 "messages may have at most %llu bytes, those of one command %d times as many",
                 (unsigned long long)max, IMAP_APPEND_ALL_MAX);
    imap_append_fail(ap, "TOOBIG");
    return false;
}

static int put(struct imap_appending *ap, const char *p, size_t n)
{
    return n == 0 ? 0 : ap->s->im->store->draft_write(ap->draft, p, n, &ap->err);
}

/* P-STORE-07: some clients append messages with bare LF. */
int imap_append_write(struct imap_appending *ap, const char *p, size_t n)
{
    size_t start = 0;

    ap->nul |= n > 0 && memchr(p, '\0', n) != NULL;
    for (size_t i = 0; i < n; i++) {
        bool bare = p[i] == '\n' && !ap->cr;

        ap->cr = p[i] == '\r';
        if (!bare)
            continue;
        if (put(ap, p + start, i - start) < 0 || put(ap, "\r", 1) < 0)
            return -1;
        start = i;
    }
    return put(ap, p + start, n - start);
}

static int store_many(struct imap_appending *ap)
{
    const struct store_v1 *store = ap->s->im->store;
    struct store_draft **parts = moxd_arena_calloc(ap->s->a, ap->n, sizeof(struct store_draft *));
    uint64_t end = store->draft_size(ap->draft);
    int r;

    for (size_t i = ap->n; i-- > 0; end = ap->starts[i])
        parts[i] = store->draft_part(ap->draft, ap->starts[i], end - ap->starts[i]);
    r = store->add_many(ap->s->im->store_self, parts, ap->adds, ap->n, &ap->err);
    for (size_t i = 0; i < ap->n; i++)
        store->draft_free(parts[i]);
    return r;
}

/* A message of another account is removed once the new one is there. */
static int replace(struct imap_appending *ap)
{
    const struct store_v1 *store = ap->s->im->store;
    struct moxd_instance *self = ap->s->im->store_self;
    struct imap_selected *sel = ap->s->sel;
    struct store_uid_range old = { ap->replaced, ap->replaced };

    if (store->account_id(sel->acc) == store->account_id(ap->to.acc))
        return store->replace(self, ap->draft, ap->adds, sel->mailbox, ap->replaced, &ap->err);
    if (store->add(self, ap->draft, ap->adds, 1, NULL, &ap->err) < 0)
        return -1;
    return imap_remove_messages(ap->s, sel->acc, sel->mailbox, &(struct store_uids){ &old, 1 },
                                &ap->err);
}

int imap_append_store(struct imap_appending *ap)
{
    struct imap *im = ap->s->im;

    if (ap->replaced > 0)
        return replace(ap);
    if (ap->n == 1)
        return im->store->add(im->store_self, ap->draft, ap->adds, 1, NULL, &ap->err);
    return store_many(ap);
}
