#include "search.h"

#include <moxd/path.h>

#include <stdio.h>
#include <stdlib.h>

#define RETRY (60 * MOXD_SEC) /* after a full disk, and whatever else may pass */

struct search_account *search_account_get(struct search *s, const char *name)
{
    struct search_account *sa;

    HASH_FIND_STR(s->accounts, name, sa);
    if (sa)
        return sa;
    sa = moxd_xcalloc(1, sizeof(*sa));
    sa->name = moxd_xstrdup(name);
    sa->audit = true; /* what was expunged while nobody looked */
    HASH_ADD_KEYPTR(hh, s->accounts, sa->name, strlen(sa->name), sa);
    return sa;
}

void search_accounts_free(struct search *s)
{
    struct search_account *sa, *tmp;

    HASH_ITER (hh, s->accounts, sa, tmp) {
        HASH_DEL(s->accounts, sa);
        free(sa->gone);
        free(sa->name);
        free(sa);
    }
}

void search_account_queue(struct search *s, struct search_account *sa, int64_t delay)
{
    int64_t due = moxd_mono() + delay;

    if (sa->removed || (sa->queued && sa->due <= due))
        return;
    sa->queued = true;
    sa->due = due;
    moxd_waitq_wake_all(&s->wake);
}

char *search_path(const struct search *s, uint64_t id)
{
    char name[40];

    snprintf(name, sizeof(name), "a-%016llx.idx", (unsigned long long)id);
    return moxd_path_dup(s->dir, name);
}

/* --- the fiber --------------------------------------------------------------------------------- */

static struct search_account *earliest(struct search *s)
{
    struct search_account *sa, *tmp, *best = NULL;

    HASH_ITER (hh, s->accounts, sa, tmp)
        if (sa->queued && (!best || sa->due < best->due))
            best = sa;
    return best;
}

/* What went wrong is told once, and again when it is something else. */
static void report(struct search *s, struct search_account *sa, const struct moxd_err *err)
{
    if (strcmp(sa->trouble, err->priv) != 0)
        moxd_warn(&s->m.log, "search index not brought up to date", moxd_kvs("account", sa->name),
                  moxd_kve(err));
    snprintf(sa->trouble, sizeof(sa->trouble), "%.199s", err->priv);
}

static void run_pass(struct search *s, struct search_account *sa)
{
    struct moxd_err err = { 0 };

    if (moxd_fifolock_exclusive(&s->busy, MOXD_NEVER) != MOXD_OK)
        return;
    sa->queued = false;
    if (sa->removed || search_pass(s, sa, &err) == 0) {
        sa->trouble[0] = '\0';
    } else if (err.kind == MOXD_ERR_CORRUPT) {
        moxd_error(&s->m.log, "search index damaged, made anew", moxd_kvs("account", sa->name),
                   moxd_kve(&err));
        search_account_queue(s, sa,
                             sa->rebuild ? RETRY : MOXD_SEC); /* a disk that breaks is left alone */
        sa->ready = false;
        sa->rebuild = true;
    } else if (err.kind != MOXD_ERR_CANCELLED) {
        report(s, sa, &err);
        search_account_queue(s, sa, RETRY);
    }
    moxd_fifolock_release(&s->busy);
}

void search_main(void *arg)
{
    struct search *s = arg;
    int rc = MOXD_OK;

    while (rc != MOXD_CANCELLED) {
        struct search_account *sa = earliest(s);

        if (!sa || sa->due > moxd_mono()) {
            rc = moxd_waitq_wait(&s->wake, sa ? sa->due : MOXD_NEVER);
            continue;
        }
        run_pass(s, sa);
        rc = moxd_yield();
    }
}

/* --- hooks ------------------------------------------------------------------------------------- */

static void note_gone(struct search_account *sa, uint64_t id)
{
    if (sa->ngone == SEARCH_GONE_MAX) {
        sa->audit = true;
        return;
    }
    if (sa->ngone == sa->gone_cap) {
        sa->gone_cap = sa->gone_cap ? 2 * sa->gone_cap : 16;
        sa->gone = moxd_xreallocarray(sa->gone, sa->gone_cap, sizeof(*sa->gone));
    }
    sa->gone[sa->ngone++] = id;
}

static bool note(struct search_account *sa, const struct store_change *c)
{
    switch (c->kind) {
    case STORE_CHANGE_ADD:
        return true;
    case STORE_CHANGE_EXPUNGE: /* or moved: the store is asked */
        note_gone(sa, c->id);
        return true;
    case STORE_CHANGE_MAILBOX_REMOVE:
        sa->audit = true;
        return true;
    default:
        return false;
    }
}

void search_on_store_commit(struct moxd_instance *m, const struct store_commit_event *ev)
{
    struct search *s = MOXD_CONTAINER(m, struct search, m);
    struct search_account *sa = search_account_get(s, ev->account);
    bool concerns = false;

    for (size_t i = 0; i < ev->n; i++)
        concerns |= note(sa, &ev->changes[i]);
    if (concerns)
        search_account_queue(s, sa, s->conf->delay);
}

static int remove_file(void *arg, struct moxd_err *err)
{
    return search_db_remove(arg, err);
}

/* Before the store removes what is indexed: its id is known only now. */
static int remove_index(struct search *s, struct search_account *sa, struct moxd_err *err)
{
    const char *name = sa->name;
    struct store_account *acc;
    char *path MOXD_CLEANUP(moxd_freep) = NULL;
    bool exists;

    if (s->store->exists(s->store_self, name, &exists, err) < 0)
        return -1;
    if (!exists)
        return 0;
    if (s->store->open(s->store_self, name, &acc, err) < 0)
        return -1;
    path = search_path(s, s->store->account_id(acc));
    s->store->close(acc);
    if (moxd_fifolock_exclusive(&sa->file, MOXD_NEVER) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    int rc = search_offload(remove_file, path, err);
    moxd_fifolock_release(&sa->file);
    return rc;
}

enum moxd_verdict search_on_account_remove(struct moxd_instance *m,
                                           const struct accounts_remove_event *ev,
                                           struct accounts_removal *removal)
{
    struct search *s = MOXD_CONTAINER(m, struct search, m);
    struct search_account *sa = search_account_get(s, ev->account);
    struct moxd_err err = { 0 };
    int rc;

    sa->removed = true; /* a running pass ends */
    sa->ready = sa->queued = false;
    if (moxd_fifolock_exclusive(&s->busy, MOXD_NEVER) != MOXD_OK)
        return MOXD_DEFER;
    rc = remove_index(s, sa, &err);
    sa->removed = false; /* the name may be used again */
    sa->rebuild = sa->audit = true;
    moxd_fifolock_release(&s->busy);
    if (rc == 0)
        return MOXD_NEXT;
    return moxd_reply_set(&removal->reply, 451, "4.3.0", "search index of account %s: %s",
                          ev->account, err.priv);
}
