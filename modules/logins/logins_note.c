/* What the hooks tell, until it is written. Never suspends. */
#include "logins.h"

#include <stdlib.h>

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

struct logins_pending {
    unsigned char key[LOGINS_KEY];
    struct logins_attempt at; /* texts on the heap */
    UT_hash_handle hh;
};

static struct logins_pending *find(struct logins *l, const unsigned char key[LOGINS_KEY])
{
    struct logins_pending *p;

    HASH_FIND(hh, l->pending, key, LOGINS_KEY, p);
    return p;
}

static void free_one(struct logins_pending *p)
{
    for (size_t i = 0; i < LOGINS_FIELDS; i++)
        free((void *)(uintptr_t)p->at.field[i]);
    free(p);
}

static struct logins_pending *add(struct logins *l, const struct logins_attempt *at,
                                  const unsigned char key[LOGINS_KEY])
{
    struct logins_pending *p;

    if (HASH_COUNT(l->pending) >= LOGINS_PENDING_MAX) {
        moxd_metric_inc(l->dropped, NULL, NULL);
        return NULL;
    }
    p = moxd_xcalloc(1, sizeof(*p));
    memcpy(p->key, key, LOGINS_KEY);
    p->at = *at;
    for (size_t i = 0; i < LOGINS_FIELDS; i++)
        p->at.field[i] = moxd_xstrdup(at->field[i]);
    HASH_ADD(hh, l->pending, key, LOGINS_KEY, p);
    (void)moxd_waitq_wake(&l->more);
    return p;
}

static struct logins_attempt attempt_of(const struct auth_event *ev)
{
    struct logins_attempt at = { .first = moxd_wall() / MOXD_SEC, .count = 1 };
    const struct moxd_stream *st = ev->env->stream;

    at.last = at.first;
    at.field[LOGINS_ACCOUNT] = ev->account;
    at.field[LOGINS_LOGIN] = ev->login;
    at.field[LOGINS_REMOTE] = ev->env->remote_ip;
    at.field[LOGINS_PROTOCOL] = ev->env->protocol;
    at.field[LOGINS_MECHANISM] = ev->mechanism;
    at.field[LOGINS_RESULT] = ev->result;
    at.field[LOGINS_CLIENT] = ev->env->client;
    at.field[LOGINS_TLS] = st && moxd_stream_is_tls(st) ? moxd_stream_tls_version(st) : NULL;
    for (size_t i = 0; i < LOGINS_FIELDS; i++)
        at.field[i] = at.field[i] ? at.field[i] : "";
    return at;
}

static struct logins_pending *note(struct logins *l, const struct logins_attempt *at)
{
    unsigned char key[LOGINS_KEY];
    struct logins_pending *p;

    logins_key(at, key);
    p = find(l, key);
    if (!p)
        return add(l, at, key);
    p->at.last = at->last;
    p->at.count++;
    return p;
}

/* Takes back what was noted without the client's name; false when it is written already. */
static bool take_back(struct logins *l, struct logins_attempt unnamed)
{
    unsigned char key[LOGINS_KEY];
    struct logins_pending *p;

    unnamed.field[LOGINS_CLIENT] = "";
    logins_key(&unnamed, key);
    p = find(l, key);
    if (!p)
        return false;
    if (--p->at.count == 0) {
        HASH_DEL(l->pending, p);
        free_one(p);
    }
    return true;
}

void logins_on_auth(struct moxd_instance *m, const struct auth_event *ev)
{
    struct logins_attempt at = attempt_of(ev);

    (void)note(MOXD_CONTAINER(m, struct logins, m), &at);
}

void logins_on_auth_client(struct moxd_instance *m, const struct auth_event *ev)
{
    struct logins *l = MOXD_CONTAINER(m, struct logins, m);
    struct logins_attempt at = attempt_of(ev);
    bool waiting = take_back(l, at);
    struct logins_pending *p = note(l, &at);

    if (p && !waiting)
        p->at.unnamed++;
}

/* --- for the writer --------------------------------------------------------------------------------- */

static int by_account(const struct logins_pending *a, const struct logins_pending *b)
{
    return strcmp(a->at.field[LOGINS_ACCOUNT], b->at.field[LOGINS_ACCOUNT]);
}

struct logins_pending *logins_take(struct logins *l)
{
    struct logins_pending *all;

    HASH_SORT(l->pending, by_account);
    all = l->pending;
    l->pending = NULL;
    return all;
}

const struct logins_attempt *logins_pending_attempt(const struct logins_pending *p)
{
    return &p->at;
}

struct logins_pending *logins_pending_next(struct logins_pending *p)
{
    return p->hh.next;
}

void logins_pending_free(struct logins_pending *all)
{
    struct logins_pending *p, *tmp;

    HASH_ITER (hh, all, p, tmp) {
        HASH_DEL(all, p);
        free_one(p);
    }
}
