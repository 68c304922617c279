/* Which recipients a notification may be about; and that it is shown with what it is about. */
#include <moxd/offload.h>
#include <moxmail/header.h>
#include <moxmail/thread.h>

#include "queue_fromid.h"
#include "queue_returned.h"

/* --- which recipient --------------------------------------------------------------------------- */

static int op_find(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct queue_returned *x = arg;
    const struct store_v1 *store = x->q->store;

    x->nids = x->own ? queue_fromid_find(store, tx, x->account, x->fromid, &x->ids[0], err)
                     : queue_sentid_find(store, tx, x->account, x->report->envid,
                                         x->report->message_id, x->ids, err);
    return x->nids < 0 ? -1 : 0;
}

/* RFC 3461 5.2.7, RFC 5321 4.5.5: null path, one address. RFC 6522 3: the header says what it is. Our own are about
 * what is known. */
bool queue_returned_may_be(const struct smtp_message *msg, const char *account)
{
    const struct smtp_mail *mail = msg->mail;
    struct moxd_field f;

    return mail->from.localpart.n == 0 && mail->from.domain.n == 0 && !mail->conn->account &&
           !mail->conn->own && msg->nrcpts == 1 && account && msg->rcpts[0]->account &&
           strcmp(msg->rcpts[0]->account, account) == 0 &&
           moxd_header_find(msg->header, "Content-Type", &f) &&
           moxd_str_casefind(f.value, MOXD_STR("multipart/report")) >= 0;
}

/* --- reading ----------------------------------------------------------------------------------- */

static ssize_t read_draft(const void *ctx, uint64_t off, void *p, size_t n)
{
    const struct queue_returned *x = ctx;

    return x->q->store->draft_read(x->message->draft, off, p, n, NULL);
}

static void parse(void *arg)
{
    struct queue_returned *x = arg;
    struct moxd_reader r = { .read_at = read_draft, .ctx = x, .size = x->message->size };
    struct moxd_msg *msg;

    x->rc = moxd_msg_parse(x->a, &r, &msg, &x->err) < 0 ||
                    moxd_dsn_parse(&r, msg, x->a, &x->report, &x->err) < 0
                ? -1
                : 0;
}

/* --- all together ------------------------------------------------------------------------------ */

static int find(struct queue_returned *x) MOXD_SUSPENDS;
static int find(struct queue_returned *x)
{
    return x->q->store->view(x->q->store_self, NULL, op_find, x, &x->err);
}

static int read_report(struct queue_returned *x) MOXD_SUSPENDS;
static int read_report(struct queue_returned *x)
{
    return moxd_offload(MOXD_LANE_CPU, parse, x) == MOXD_OK ? x->rc : -1;
}

bool queue_returned_look(struct queue_returned *x)
{
    x->own = queue_fromid_cut(x->message->rcpts[0]->to.localpart, x->fromid);
    int rc = x->own ? find(x) : 0;
    if (x->own && rc == 0 && x->nids == 0)
        x->own = false; /* hex digits that mean something else */
    if (rc == 0)
        rc = read_report(x);
    if (rc == 0 && !x->own)
        rc = find(x);
    /* NOTFOUND: it is about something else, as read receipts are. */
    if (rc < 0 && x->err.kind != MOXD_ERR_NOTFOUND && x->err.kind != MOXD_ERR_NONE)
        moxd_warn(x->message->mail->conn->log, "reading a notification", moxd_kve(&x->err));
    return rc == 0 && x->nids > 0;
}

/* --- threads ----------------------------------------------------------------------------------- */

static int op_message_id(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct queue_returned *x = arg;
    const struct store_v1 *store = x->q->store;
    int rc = queue_get_retired(store, tx, x->ids[0], x->a, &x->r, err);

    if (rc == 0)
        rc = queue_get_item(store, tx, x->ids[0], x->a, &x->r.item, err);
    if (rc > 0 && !x->r.msg.message_id)
        rc = queue_get_message(store, tx, x->r.item.body, x->a, &x->r.msg, err);
    return rc < 0 ? -1 : 0;
}

static bool has(const struct smtp_message *msg, const char *name)
{
    struct moxd_field f;

    return moxd_header_find(msg->header, name, &f);
}

/* RFC 5322 3.6.4: many servers leave it out, and readers show what comes back apart from what was sent. */
static void add_reference(struct queue_returned *x)
{
    const char *id = x->r.msg.message_id;
    struct moxd_str rest = moxd_cstr(id), one;

    if (id && moxd_msgid_next(&rest, &one) && moxd_str_is_ascii(moxd_cstr(id)) &&
        strlen(id) <= QUEUE_SUBJECT_MAX && !strpbrk(id, "\r\n"))
        x->q->smtp->add_header(x->message,
                               moxd_cstr(moxd_arena_printf(x->a, "References: %s\r\n", id)));
}

enum moxd_verdict queue_returned_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                            struct moxd_reply *reply)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    struct queue *q = queue_of(m);
    struct queue_returned *x;

    (void)reply;
    if (ev->nrcpts != 1 || !queue_returned_may_be(ev, ev->rcpts[0]->account) ||
        has(ev, "References") || has(ev, "In-Reply-To"))
        return MOXD_NEXT;
    a = moxd_arena_new(0);
    x = moxd_arena_alloc(a, sizeof(*x));
    *x = (struct queue_returned){ .q = q, .message = ev, .account = ev->rcpts[0]->account, .a = a };
    if (queue_returned_look(x) &&
        q->store->view(q->store_self, NULL, op_message_id, x, &x->err) == 0 &&
        (x->own || queue_sentid_is(&x->r.msg, x->report->envid, x->report->message_id, a)))
        add_reference(x);
    return MOXD_NEXT;
}
