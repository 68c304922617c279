/* What the store keeps beside messages: previews once they were made (RFC 8970, P-STORE-08), threads (RFC 8474). */
#include "fetch.h"

int imap_previews(struct imap_session *s, struct store_account *acc, const struct store_msg *v,
                  size_t n, struct moxd_arena *a, struct moxd_str **out, struct moxd_err *err)
{
    uint64_t *ids = moxd_arena_calloc(a, n + 1, sizeof(*ids));

    *out = moxd_arena_calloc(a, n + 1, sizeof(**out));
    for (size_t i = 0; i < n; i++)
        ids[i] = v[i].id;
    return s->im->store->previews(acc, ids, n, true, a, *out, err);
}

int imap_threads(struct imap_session *s, struct store_account *acc, const struct store_msg *v,
                 size_t n, struct moxd_arena *a, uint64_t **out, struct moxd_err *err)
{
    uint64_t *ids = moxd_arena_calloc(a, n + 1, sizeof(*ids));
    struct store_thread *threads;

    *out = moxd_arena_calloc(a, n + 1, sizeof(**out));
    for (size_t i = 0; i < n; i++)
        ids[i] = v[i].id;
    if (s->im->store->threads(acc, ids, n, a, &threads, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        (*out)[i] = threads[i].thread;
    return 0;
}

int imap_msg_thread(struct imap_msg *msg, struct moxd_err *err)
{
    uint64_t *thread;

    if (msg->thread_known)
        return 0;
    if (imap_threads(msg->s, msg->acc, msg->info, 1, msg->a, &thread, err) < 0)
        return -1;
    msg->thread = *thread;
    msg->thread_known = true;
    return 0;
}

/* NIL is allowed only for LAZY: a message that has no preview has an empty one. */
int imap_put_preview(struct imap_msg *msg, bool lazy, struct moxd_err *err)
{
    struct imap_session *s = msg->s;
    struct moxd_str text = msg->preview;

    if (!text.p && !lazy &&
        s->im->store->previews(msg->acc, &msg->info->id, 1, false, msg->a, &text, err) < 0)
        return 1;
    if (!text.p && !lazy)
        text = MOXD_STR("");
    moxd_buf_adds(&s->out, "PREVIEW ");
    moxd_imap_put_string(&s->out, text, imap_utf8(s));
    return 0;
}
