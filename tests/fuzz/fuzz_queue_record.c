/* What is read from the disk of the queue. The first byte chooses the table. What is accepted is written again, and
 * then is what its encoder makes; nothing reads past the end. */
#include "fuzz.h"

#include "queue_extra.h"
#include "queue_history.h"
#include "queue_record.h"

enum { ROOM = 1 << 20 };

union record {
    struct queue_message message;
    struct queue_item item;
    struct queue_retired retired;
};

static void table(struct moxd_str s, const struct queue_table *t, struct moxd_arena *a)
{
    union record first = { 0 }, second = { 0 };
    struct moxd_buf once = MOXD_BUF_INIT(ROOM), twice = MOXD_BUF_INIT(ROOM);

    if (queue_decode(s, t, a, &first, NULL) == 0) {
        queue_encode(&once, t, &first);
        moxd_assert(once.overflow || queue_decode(moxd_buf_str(&once), t, a, &second, NULL) == 0);
        queue_encode(&twice, t, &second);
        moxd_assert(once.overflow || moxd_str_eq(moxd_buf_str(&once), moxd_buf_str(&twice)));
    }
    moxd_buf_fini(&once);
    moxd_buf_fini(&twice);
}

static void message(struct moxd_str s, struct moxd_arena *a)
{
    table(s, &queue_message_table, a);
}

/* Scheduling reads its first fields without the others. */
static void item(struct moxd_str s, struct moxd_arena *a)
{
    struct queue_item whole = { 0 };
    struct queue_due due;

    table(s, &queue_item_table, a);
    if (queue_decode_due(s, &due) == 0 && queue_decode(s, &queue_item_table, a, &whole, NULL) == 0)
        moxd_assert(due.id == whole.id && due.next == whole.next);
}

static void retired(struct moxd_str s, struct moxd_arena *a)
{
    table(s, &queue_retired_table, a);
}

static void history(struct moxd_str s, struct moxd_arena *a)
{
    const struct queue_attempt one = { .code = 250, .text = "2.0.0 ok", .ok = true };
    struct moxd_str rest = s, longer = queue_history_add(s, &one, a);
    struct queue_attempt at;
    size_t before = 0, after = 0;

    while (queue_history_next(&rest, a, &at))
        before++;
    moxd_assert(rest.n <= s.n);
    while (queue_history_next(&longer, a, &at))
        after++;
    moxd_assert(after <= QUEUE_HISTORY_MAX || after <= before);
}

static void extra(struct moxd_str s, struct moxd_arena *a)
{
    const struct queue_extra *v, *again;
    size_t n = queue_extra_decode(s, a, &v);
    struct moxd_str out;

    if (n > 0 && queue_extra_encode(v, n, a, &out, NULL) == 0)
        moxd_assert(queue_extra_decode(out, a, &again) == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(struct moxd_str s, struct moxd_arena * a) = {
        ['m'] = message, ['i'] = item, ['r'] = retired, ['h'] = history, ['x'] = extra,
    };
    struct moxd_arena *a = moxd_arena_new(0);

    if (size > 0 && data[0] < MOXD_NELEMS(kinds) && kinds[data[0]])
        kinds[data[0]](moxd_str((const char *)data + 1, size - 1), a);
    moxd_arena_free(a);
    return 0;
}
