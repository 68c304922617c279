/* Mailboxes of an account into files: which, and their messages, one after the other. */
#include "impex.h"

#include <moxd/clock.h>
#include <moxd/path.h>

#define LLU(x) ((unsigned long long)(x))

/* --- messages ------------------------------------------------------------------------------------ */

long impex_body_piece(struct impex_export *ex, struct store_body *b, uint64_t *off, size_t at,
                      struct moxd_err *err)
{
    long n = ex->im->store->body_read(b, *off, ex->piece + at, IMPEX_PIECE - at, err);

    if (n == 0 && *off < ex->im->store->body_size(b))
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "a message ends early");
    if (n < 0)
        return -1;
    *off += (uint64_t)n;
    return (long)at + n;
}

static int tell(struct impex_export *ex, struct moxd_err *err)
{
    if (ex->messages < ex->told + IMPEX_TELL_EVERY)
        return 0;
    ex->told = ex->messages;
    if (moxd_ctl_printf(ex->c, "%llu of %llu messages\n", LLU(ex->messages), LLU(ex->total)) < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "moxctl is gone");
    return 0;
}

/* One that is gone is no message any more; one that cannot be read is told of at the end. */
static int export_message(struct impex_export *ex, const struct store_msg *msg,
                          struct moxd_err *err)
{
    const struct store_v1 *store = ex->im->store;
    struct moxd_err why = { 0 };
    struct store_body *b;
    int rc;

    if (store->body_open(ex->acc, msg->id, &b, &why) < 0) {
        ex->damaged += why.kind == MOXD_ERR_CORRUPT;
        if (why.kind == MOXD_ERR_CORRUPT || why.kind == MOXD_ERR_NOTFOUND)
            return 0;
        *err = why;
        return -1;
    }
    rc = ex->format->message(ex, msg, b, err);
    store->body_close(b);
    ex->messages++;
    return rc < 0 ? -1 : tell(ex, err);
}

static int export_part(struct impex_export *ex, uint32_t mailbox, uint32_t first, uint32_t last,
                       struct moxd_err *err)
{
    struct store_uid_range range = { first, last };
    struct store_uids uids = { &range, 1 };
    struct store_msg *v;
    size_t n;

    if (ex->im->store->messages(ex->acc, mailbox, &uids, ex->part, &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (export_message(ex, &v[i], err) < 0)
            return -1;
    moxd_arena_reset(ex->part);
    return 0;
}

/* --- mailboxes ----------------------------------------------------------------------------------- */

static const char *path_of(struct impex_export *ex, const struct store_mailbox *mb)
{
    struct moxd_buf path MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(1 << 16);

    impex_path(&path, moxd_cstr(mb->name), ex->format);
    return moxd_path_join(ex->a, ex->dir, moxd_buf_cstr(&path));
}

static int export_mailbox(struct impex_export *ex, const struct store_mailbox *mb,
                          struct moxd_err *err)
{
    struct store_entry *v;
    size_t n, last;
    uint64_t before = ex->messages;

    moxd_arena_reset(ex->a);
    ex->path = path_of(ex, mb);
    if (ex->im->store->entries(ex->acc, mb->id, NULL, ex->a, &v, &n, NULL, err) < 0 ||
        ex->format->begin(ex, v, n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i = last + 1) {
        last = (n - i < IMPEX_MESSAGES ? n : i + IMPEX_MESSAGES) - 1;
        if (export_part(ex, mb->id, v[i].uid, v[last].uid, err) < 0)
            return -1;
    }
    if (ex->format->end(ex, err) < 0)
        return -1;
    ex->mailboxes++;
    if (moxd_ctl_printf(ex->c, "%s: %llu messages\n", mb->name, LLU(ex->messages - before)) < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "moxctl is gone");
    return 0;
}

/* Whether it is one of those that the command names: `name` empty: all. */
static bool is_wanted(const struct store_mailbox *mb, struct moxd_str name, bool single)
{
    struct moxd_str own = moxd_cstr(mb->name);

    if (name.n == 0 || moxd_str_eq(own, name))
        return true;
    return !single && own.n > name.n && moxd_str_starts(own, name) && own.p[name.n] == '/';
}

static int export_all(struct impex_export *ex, struct moxd_str name, bool single,
                      struct moxd_err *err)
{
    struct store_mailbox *v;
    size_t n, k = 0;

    if (ex->im->store->mailboxes(ex->acc, moxd_ctl_arena(ex->c), &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (is_wanted(&v[i], name, single)) {
            ex->total += v[i].total;
            v[k++] = v[i];
        }
    if (k == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no mailbox %" MOXD_STRF,
                            MOXD_STRA(name));
    if (moxd_ctl_put_directory(ex->c, ex->dir, err) < 0)
        return -1;
    for (size_t i = 0; i < k; i++)
        if (export_mailbox(ex, &v[i], err) < 0)
            return -1;
    return 0;
}

/* --- the command --------------------------------------------------------------------------------- */

static int sum_up(struct impex_export *ex, struct moxd_err *err)
{
    if (ex->unnamed > 0 &&
        moxd_ctl_printf(ex->c,
                        "%llu times a keyword was left out: a maildir has names for %d of them\n",
                        LLU(ex->unnamed), IMPEX_LETTERS) < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "moxctl is gone");
    if (moxd_ctl_printf(ex->c, "%llu messages of %llu mailboxes exported into %s\n",
                        LLU(ex->messages), LLU(ex->mailboxes), ex->dir) < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "moxctl is gone");
    if (ex->damaged > 0)
        return moxd_err_set(
            err, MOXD_ERR_CORRUPT,
            "%llu messages could not be read and are missing; \"moxctl store verify "
            "%s\" names them",
            LLU(ex->damaged), ex->im->store->account_name(ex->acc));
    return 0;
}

static int run(struct impex_export *ex, const char *mailbox, bool single, struct moxd_err *err)
{
    struct moxd_str name = moxd_str("", 0);
    int rc;

    if (mailbox &&
        ex->im->store->canonical_name(moxd_cstr(mailbox), moxd_ctl_arena(ex->c), &name, err) < 0)
        return -1;
    ex->a = moxd_arena_new(0);
    ex->part = moxd_arena_new(0);
    ex->piece = moxd_arena_alloc(moxd_ctl_arena(ex->c), IMPEX_PIECE);
    ex->out = (struct moxd_buf)MOXD_BUF_INIT(4 * IMPEX_PIECE);
    ex->now = moxd_wall() / MOXD_SEC;
    rc = export_all(ex, name, single, err);
    moxd_buf_fini(&ex->out);
    moxd_arena_free(ex->part);
    moxd_arena_free(ex->a);
    return rc < 0 ? -1 : sum_up(ex, err);
}

static int export_cmd(struct moxd_instance *m, struct moxd_ctl *c,
                      const struct impex_format *format, int argc, char **argv,
                      struct moxd_err *err)
{
    bool single = strcmp(argv[0], "-single") == 0;
    struct impex_export ex = { .im = MOXD_CONTAINER(m, struct impex, m), .c = c, .format = format };
    struct accounts_account found;
    int rc;

    argc -= single;
    argv += single;
    if (argc < 2 || argc > 3 || (single && argc != 3))
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s",
                            single ? "-single wants the name of a mailbox"
                                   : "ACCOUNT, DIRECTORY and perhaps MAILBOX are wanted");
    ex.dir = argv[1];
    if (accounts_named(ex.im->accounts, ex.im->accounts_self, argv[0], moxd_ctl_arena(c), &found,
                       err) < 0 ||
        ex.im->store->open(ex.im->store_self, found.name, &ex.acc, err) < 0)
        return -1;
    rc = run(&ex, argc == 3 ? argv[2] : NULL, single, err);
    ex.im->store->close(ex.acc);
    return rc;
}

int impex_cmd_export_mbox(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    return export_cmd(m, c, &impex_format_mbox, argc, argv, err);
}

int impex_cmd_export_maildir(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err)
{
    return export_cmd(m, c, &impex_format_maildir, argc, argv, err);
}
