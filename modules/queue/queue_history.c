#include "queue_history.h"

#include <moxd/enc.h>

#define F(f) QUEUE_FIELD(struct queue_attempt, f)
static const struct queue_field fields[] = {
    F(start), F(duration), F(transport), F(host), F(remote), F(local), F(tls),       F(verified),
    F(stage), F(code),     F(enhanced),  F(text), F(ours),   F(ok),    F(permanent), F(reported),
};
#undef F
static const struct queue_table table = { fields, MOXD_NELEMS(fields) };

/* One with its length, without reading it. */
static bool cut(struct moxd_str *rest, struct moxd_str *whole, struct moxd_str *record)
{
    if (rest->n < 4)
        return false;
    size_t n = moxd_get_be32(rest->p);
    if (n > rest->n - 4)
        return false;
    *whole = moxd_str_sub(*rest, 0, 4 + n);
    *record = moxd_str_sub(*rest, 4, n);
    *rest = moxd_str_from(*rest, 4 + n);
    return true;
}

bool queue_history_next(struct moxd_str *history, struct moxd_arena *a, struct queue_attempt *out)
{
    struct moxd_str whole, record;

    *out = (struct queue_attempt){ 0 };
    return cut(history, &whole, &record) && queue_decode(record, &table, a, out, NULL) == 0;
}

/* Without its second attempt when there are too many. */
static void copy_old(struct moxd_buf *b, struct moxd_str history)
{
    struct moxd_str rest = history, whole, record;
    size_t n = 0, i = 0;

    while (cut(&rest, &whole, &record))
        n++;
    for (rest = history; cut(&rest, &whole, &record); i++)
        if (n < QUEUE_HISTORY_MAX || i != 1)
            moxd_buf_addstr(b, whole);
}

struct moxd_str queue_history_add(struct moxd_str history, const struct queue_attempt *at,
                                  struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(60 * 1024), record = MOXD_BUF_INIT(16 * 1024);
    struct queue_attempt cutat = *at;
    unsigned char n[4];

    if (at->text && strlen(at->text) > QUEUE_HISTORY_TEXT_MAX) {
        struct moxd_str text = moxd_str(at->text, QUEUE_HISTORY_TEXT_MAX);
        while (text.n > 0 && !moxd_str_is_utf8(text) && text.n > QUEUE_HISTORY_TEXT_MAX - 4)
            text.n--;
        cutat.text = moxd_arena_cstr(a, text);
    }
    queue_encode(&record, &table, &cutat);
    moxd_put_be32(n, (uint32_t)record.n);
    copy_old(&b, history);
    moxd_buf_add(&b, n, sizeof(n));
    moxd_buf_addstr(&b, moxd_buf_str(&record));
    struct moxd_str all = b.overflow ? history : moxd_arena_str(a, moxd_buf_str(&b));
    moxd_buf_fini(&record);
    moxd_buf_fini(&b);
    return all;
}
