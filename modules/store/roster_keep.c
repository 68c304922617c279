/* Which rosters are kept: those used last, as many as `mailbox-cache-size` allows, and none for longer than it
 * is of use. All on the loop. */
#include "roster.h"

#include <utlist.h>

/* One that nobody asked for in so long is dropped. */
#define UNUSED_MAX (10 * 60 * MOXD_SEC)
/* Of what is marked as gone this part (and a few) may stay until somebody selects the mailbox. */
enum { GONE_PART = 4, GONE_FEW = 1000 };

/* --- dropping ---------------------------------------------------------------------------------- */

void store_roster_drop(struct store_roster *r)
{
    struct store *s = r->acc->s;

    HASH_DEL(r->acc->rosters, r);
    DL_DELETE(s->rosters, r);
    s->roster_bytes -= r->counted;
    store_roster_free(r);
}

void store_rosters_drop(struct store_account *acc)
{
    struct store_roster *r, *tmp;

    HASH_ITER(hh, acc->rosters, r, tmp)
        store_roster_drop(r);
}

static void on_time(void *arg)
{
    struct store *s = arg;
    int64_t now = moxd_mono();

    while (s->rosters != NULL && s->rosters->used + UNUSED_MAX <= now)
        store_roster_drop(s->rosters);
    moxd_timer_set(s->roster_timer, s->rosters != NULL ? s->rosters->used + UNUSED_MAX : MOXD_NEVER);
}

void store_rosters_start(struct store *s)
{
    s->roster_timer = moxd_timer_new(on_time, s);
}

void store_rosters_stop(struct store *s)
{
    while (s->rosters != NULL)
        store_roster_drop(s->rosters);
    moxd_timer_free(s->roster_timer);
    s->roster_timer = NULL;
}

/* --- keeping ----------------------------------------------------------------------------------- */

static void count(struct store *s, struct store_roster *r)
{
    s->roster_bytes -= r->counted;
    r->counted = store_roster_bytes(r);
    s->roster_bytes += r->counted;
}

static void make_room(struct store *s)
{
    while (s->roster_bytes > s->opt.rosters)
        store_roster_drop(s->rosters);
}

struct store_roster *store_roster_find(struct store_account *acc, uint32_t mailbox)
{
    struct store *s = acc->s;
    struct store_roster *r;

    HASH_FIND(hh, acc->rosters, &mailbox, sizeof(mailbox), r);
    if (r == NULL)
        return NULL;
    r->used = moxd_mono();
    DL_DELETE(s->rosters, r);
    DL_APPEND(s->rosters, r);
    return r;
}

bool store_roster_keep(struct store_account *acc, struct store_roster *r)
{
    struct store *s = acc->s;

    if (r->partial || store_roster_bytes(r) > s->opt.rosters || acc->removed ||
        store_roster_find(acc, r->mailbox) != NULL)
        return false;
    r->acc = acc;
    r->used = moxd_mono();
    HASH_ADD(hh, acc->rosters, mailbox, sizeof(r->mailbox), r);
    if (s->rosters == NULL)
        moxd_timer_set(s->roster_timer, r->used + UNUSED_MAX);
    DL_APPEND(s->rosters, r);
    count(s, r);
    make_room(s);
    return true;
}

/* --- what transactions did --------------------------------------------------------------------- */

/* The roster that the change concerns, NULL for none. *last: that of the change before. */
static struct store_roster *concerned(struct store_account *acc, const struct store_change *c,
                                      struct store_roster *last)
{
    struct store_roster *r;

    if (last != NULL && last->mailbox == c->mailbox)
        return last;
    HASH_FIND(hh, acc->rosters, &c->mailbox, sizeof(c->mailbox), r);
    return r;
}

/* NULL when it was dropped. */
static struct store_roster *change(struct store_roster *r, const struct store_change *c)
{
    bool partial;

    if (c->kind == STORE_CHANGE_MAILBOX_REMOVE || c->kind == STORE_CHANGE_UIDVALIDITY) {
        store_roster_drop(r);
        return NULL;
    }
    if (c->kind != STORE_CHANGE_ADD && c->kind != STORE_CHANGE_FLAGS && c->kind != STORE_CHANGE_EXPUNGE)
        return r;
    if (store_roster_change(r, c) == 0)
        return r;
    partial = r->partial;
    if (!partial)
        moxd_error(&r->acc->s->m.log, "list of a mailbox in memory is wrong, and dropped",
                   moxd_kvs("account", r->acc->name), moxd_kvu("mailbox", r->mailbox),
                   moxd_kvu("uid", c->uid));
    moxd_assert(partial || !r->acc->s->opt.check);
    store_roster_drop(r);
    return NULL;
}

void store_rosters_commit(struct store_account *acc, const struct store_batch *batch)
{
    struct store_roster *r = NULL, *tmp;

    if (batch == NULL || acc->rosters == NULL)
        return;
    for (size_t i = 0; i < batch->n && acc->rosters != NULL; i++) {
        r = concerned(acc, &batch->v[i], r);
        if (r != NULL)
            r = change(r, &batch->v[i]);
    }
    HASH_ITER(hh, acc->rosters, r, tmp) {
        if (r->ngone > GONE_FEW + r->n / GONE_PART)
            store_roster_compact(r);
        count(acc->s, r);
    }
    make_room(acc->s);
}
