/* PREVIEW (RFC 8970): the store keeps previews once they were made (P-STORE-08). */
#include "fetch.h"

int imap_previews(struct imap_session *s, const struct store_msg *v, size_t n, struct moxd_arena *a,
                  struct moxd_str **out, struct moxd_err *err)
{
    uint64_t *ids = moxd_arena_calloc(a, n + 1, sizeof(*ids));

    *out = moxd_arena_calloc(a, n + 1, sizeof(**out));
    for (size_t i = 0; i < n; i++)
        ids[i] = v[i].id;
    return s->im->store->previews(s->acc, ids, n, true, a, *out, err);
}

/* NIL is allowed only for LAZY: a message that has no preview has an empty one. */
int imap_put_preview(struct imap_msg *msg, bool lazy, struct moxd_err *err)
{
    struct imap_session *s = msg->s;
    struct moxd_str text = msg->preview;

    if (!text.p && !lazy &&
        s->im->store->previews(s->acc, &msg->info->id, 1, false, msg->a, &text, err) < 0)
        return 1;
    if (!text.p && !lazy)
        text = MOXD_STR("");
    moxd_buf_adds(&s->out, "PREVIEW ");
    moxd_imap_put_string(&s->out, text, imap_utf8(s));
    return 0;
}
