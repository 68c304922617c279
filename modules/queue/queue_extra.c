/* Data that travels with a message, as one field of its record: records of the codec, each behind its length. Pure. */
#include "queue_extra.h"

#include <moxd/enc.h>

#define F(f) QUEUE_FIELD(struct queue_extra, f)
static const struct queue_field fields[] = { F(key), F(value) };
#undef F
static const struct queue_table table = { fields, MOXD_NELEMS(fields) };

static void add(struct moxd_buf *b, const struct queue_extra *one)
{
    struct moxd_buf record = MOXD_BUF_INIT(2 * QUEUE_EXTRA_MAX);
    unsigned char n[4];

    queue_encode(&record, &table, one);
    moxd_put_be32(n, (uint32_t)record.n);
    moxd_buf_add(b, n, sizeof(n));
    moxd_buf_addstr(b, moxd_buf_str(&record));
    b->overflow |= record.overflow;
    moxd_buf_fini(&record);
}

int queue_extra_encode(const struct queue_extra *v, size_t n, struct moxd_arena *a,
                       struct moxd_str *out, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(QUEUE_EXTRA_MAX);

    for (size_t i = 0; i < n && !b.overflow; i++)
        add(&b, &v[i]);
    bool fits = !b.overflow;
    *out = fits ? moxd_arena_str(a, moxd_buf_str(&b)) : MOXD_STR("");
    moxd_buf_fini(&b);
    return fits ? 0
                : moxd_err_set(err, MOXD_ERR_LIMIT, "extra data of a message has %d bytes at most",
                               (int)QUEUE_EXTRA_MAX);
}

static bool cut(struct moxd_str *rest, struct moxd_arena *a, struct queue_extra *out)
{
    *out = (struct queue_extra){ NULL, NULL };
    if (rest->n < 4)
        return false;
    size_t n = moxd_get_be32(rest->p);
    if (n > rest->n - 4)
        return false;
    struct moxd_str record = moxd_str_sub(*rest, 4, n);
    *rest = moxd_str_from(*rest, 4 + n);
    return queue_decode(record, &table, a, out, NULL) == 0 && out->key && out->value;
}

size_t queue_extra_decode(struct moxd_str s, struct moxd_arena *a, const struct queue_extra **out)
{
    struct queue_extra *v = NULL, one;
    size_t n = 0, cap = 0;

    while (cut(&s, a, &one))
        *(struct queue_extra *)moxd_arena_push(a, &v, &n, &cap, sizeof(*v)) = one;
    *out = v;
    return n;
}
