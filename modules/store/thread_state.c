/* Threads of a database that is made anew (rebuild.c): they are found again when the account is opened, from
 * what the messages say. Only what was muted or collapsed is in no message. */
#include "thread.h"

#include "message.h"

#include <stdlib.h>

struct taking {
    struct store_tx *tx;
    struct store_thread_states *out;
};

static int take(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct taking *t = arg;
    struct store_thread_states *out = t->out;
    struct store_thread_rec r;

    if (key.n != 9 || store_thread_decode(moxd_str_from(val, STORE_PLACE_SIZE), &r) < 0)
        return 0;
    unsigned state = r.flags & (STORE_THREAD_MUTED | STORE_THREAD_COLLAPSED);
    if (state == 0)
        return 0;
    struct store_thread_state_of *s =
        moxd_arena_push(t->tx->arena, &out->v, &out->n, &out->cap, sizeof(*s));
    *s = (struct store_thread_state_of){ moxd_get_be64(key.p + 1), state };
    return 0;
}

int store_thread_states_take(struct store_tx *tx, struct store_thread_states *out,
                             struct moxd_err *err)
{
    struct store_key ids = store_key_table(STORE_T_ID), threads = store_key_table(STORE_T_THREAD);
    struct taking t = { tx, out };

    *out = (struct store_thread_states){ 0 };
    if (store_scan(tx, &ids, store_key_str(&ids), take, &t, err) < 0 ||
        store_clear(tx, &threads, err) < 0)
        return -1;
    return store_op_threads_reset(tx, NULL, err);
}

static int by_id(const void *a, const void *b)
{
    const struct store_thread_state_of *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

int store_thread_state_add(struct store_tx *tx, const struct store_thread_states *states,
                           const struct store_rec *msg, struct moxd_str *out, struct moxd_err *err)
{
    unsigned char buf[STORE_THREAD_RECORD_MAX];
    struct store_thread_state_of want = { .id = msg->id }, *s = NULL;

    *out = MOXD_STR("");
    if (states->n > 0)
        s = bsearch(&want, states->v, states->n, sizeof(want), by_id);
    if (s == NULL)
        return 0;
    struct store_thread_rec rec = { .thread = msg->id, .flags = s->state };
    *out = moxd_arena_str(tx->arena, store_thread_encode(&rec, buf));
    return store_thread_put_subject(tx, msg->id, msg->received, &rec, err);
}
