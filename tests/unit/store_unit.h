/* A store of its own for each test, in a directory that is removed afterwards. */
#ifndef MOXD_UNIT_STORE_H
#define MOXD_UNIT_STORE_H

#include "in_fiber.h"

#include "roster.h"
#include "verify.h"

#include <ftw.h>

static const struct store_initial store_initial[] = {
    { "Sent", STORE_USE_SENT },   { "Archive", STORE_USE_ARCHIVE }, { "Trash", STORE_USE_TRASH },
    { "Drafts", STORE_USE_DRAFTS }, { "Junk", STORE_USE_JUNK },
};
static char store_dir[64];
static struct store store_instance;
static const struct store_v1 *const api = &store_api;
static struct moxd_instance *const self = &store_instance.m;

static inline int store_remove_entry(const char *path, const struct stat *st, int type,
                                     struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline void store_dir_make(void)
{
    snprintf(store_dir, sizeof(store_dir), "store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(store_dir));
}

static inline void store_dir_remove(void)
{
    ck_assert_int_eq(nftw(store_dir, store_remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline struct store_options store_test_options(void)
{
    return (struct store_options){
        .env = { .dir = store_dir, .cache = 4 << 20, .checkpoint_log = 8 << 20,
                 .checkpoint_seconds = 60 },
        .rosters = 1 << 20, .body_in_db = 4096, .open_accounts = 8, .initial = store_initial,
        .ninitial = MOXD_NELEMS(store_initial), .check = true,
    };
}

#define ck_err(call)                                                                               \
    do {                                                                                           \
        struct moxd_err err_ = { 0 };                                                              \
        struct moxd_err *err = &err_;                                                              \
        int rc_ = (int)(call);                                                                     \
        ck_assert_msg(rc_ >= 0, "%s: %s", #call, err_.priv);                                       \
    } while (0)
#define ck_fails(kind_, call)                                                                      \
    do {                                                                                           \
        struct moxd_err err_ = { 0 };                                                              \
        struct moxd_err *err = &err_;                                                              \
        int rc_ = (int)(call);                                                                     \
        ck_assert_msg(rc_ < 0, "%s succeeded", #call);                                             \
        ck_assert_msg(err_.kind == MOXD_ERR_##kind_, "%s: %s: %s", #call,                          \
                      moxd_err_kind_name(err_.kind), err_.priv);                                   \
    } while (0)

static inline void store_start(void)
{
    struct store_options opt = store_test_options();
    store_instance.m.log.component = "store";
    ck_err(store_up(&store_instance, &opt, err));
}

static inline void store_restart(void)
{
    store_down(&store_instance);
    store_start();
}

/* IN_STORE(name) { body }: a test on the loop with a running store. */
#define IN_STORE(name)                                                                             \
    static void name##_body(void);                                                                 \
    IN_FIBER(name)                                                                                 \
    {                                                                                              \
        store_dir_make();                                                                          \
        store_start();                                                                             \
        name##_body();                                                                             \
        store_down(&store_instance);                                                               \
        store_dir_remove();                                                                        \
    }                                                                                              \
    static void name##_body(void)

static inline struct store_account *open_account(const char *name)
{
    struct store_account *acc = NULL;
    ck_err(api->open(self, name, &acc, err));
    return acc;
}

/* Everything in the account's data agrees (STORE-05). */
static inline struct store_report check_account(struct store_account *acc)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_report r = { .arena = a };
    ck_err(store_read(acc, store_op_verify, &r, err));
    ck_assert_msg(r.n == 0, "%zu problems: %s", r.n, r.n > 0 ? r.problems[0] : "");
    uint32_t mailbox = 0;
    ck_assert_msg(store_rosters_check(acc, &mailbox, NULL) == 1, "list of mailbox %u", mailbox);
    moxd_arena_free(a);
    return r;
}

static inline void close_account(struct store_account *acc)
{
    (void)check_account(acc);
    api->close(acc);
}

/* Lets fibers and workers run until nothing of expunged messages is left. */
static inline void wait_erased(struct store_account *acc)
{
    while (acc->erasing)
        ck_assert_int_eq(moxd_yield(), MOXD_OK);
}

static inline struct store_draft *draft_of(const char *p, size_t n)
{
    struct store_draft *d = api->draft_new(self);
    ck_err(api->draft_write(d, p, n, err));
    return d;
}

/* Adds a text to a mailbox by name; what was added. */
static inline struct store_add add_text(struct store_account *acc, const char *mailbox,
                                        const char *text, unsigned flags)
{
    struct store_draft *d = draft_of(text, strlen(text));
    struct store_add add = { .acc = acc, .mailbox_name = mailbox, .flags = flags, .origin = "test" };
    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    return add;
}

static inline struct store_mailbox mailbox_of(struct store_account *acc, const char *name,
                                              struct moxd_arena *a)
{
    struct store_mailbox m;
    ck_err(api->mailbox(acc, moxd_cstr(name), 0, a, &m, err));
    return m;
}

/* Entries of a mailbox as "uid flags keywords;", flags in hex. */
static inline char *entries_text(struct store_account *acc, uint32_t mailbox,
                                 const struct store_uids *uids, struct moxd_arena *a)
{
    struct store_entry *v;
    size_t n;
    char *s = moxd_arena_strdup(a, "");
    ck_err(api->entries(acc, mailbox, uids, a, &v, &n, NULL, err));
    for (size_t i = 0; i < n; i++) {
        s = moxd_arena_printf(a, "%s%u %x", s, v[i].uid, v[i].flags);
        for (size_t k = 0; k < v[i].keywords.n; k++)
            s = moxd_arena_printf(a, "%s %s", s, v[i].keywords.v[k]);
        s = moxd_arena_printf(a, "%s;", s);
    }
    return s;
}

static inline char *uids_text(struct store_uids u, struct moxd_arena *a)
{
    char *s = moxd_arena_strdup(a, "");
    for (size_t i = 0; i < u.n; i++)
        s = moxd_arena_printf(a, u.v[i].first == u.v[i].last ? "%s%s%u" : "%s%s%u:%u", s,
                              i > 0 ? "," : "", u.v[i].first, u.v[i].last);
    return s;
}

static inline char *copied_text(const struct store_copied *v, size_t n, struct moxd_arena *a)
{
    char *s = moxd_arena_strdup(a, "");
    for (size_t i = 0; i < n; i++)
        s = moxd_arena_printf(a, "%s%u>%u ", s, v[i].src_uid, v[i].dst_uid);
    return s;
}

/* Names of all mailboxes, "*" after those that are subscribed. */
static inline char *mailboxes_text(struct store_account *acc, struct moxd_arena *a)
{
    struct store_mailbox *v;
    size_t n;
    char *s = moxd_arena_strdup(a, "");
    ck_err(api->mailboxes(acc, a, &v, &n, err));
    for (size_t i = 0; i < n; i++)
        s = moxd_arena_printf(a, "%s%s%s%s", s, i > 0 ? " " : "", v[i].name,
                              v[i].subscribed ? "*" : "");
    return s;
}

#define UIDS(...)                                                                                  \
    (&(struct store_uids){ (const struct store_uid_range[]){ __VA_ARGS__ },                        \
                           sizeof((const struct store_uid_range[]){ __VA_ARGS__ }) /               \
                               sizeof(struct store_uid_range) })
#define KEYWORDS(...)                                                                              \
    ((struct store_keywords){ (const char *const[]){ __VA_ARGS__ },                                \
                              sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *) })

/* The whole body as text, in the arena. */
static inline char *body_text(struct store_account *acc, uint64_t id, struct moxd_arena *a)
{
    struct store_body *b = NULL;
    ck_err(api->body_open(acc, id, &b, err));
    uint64_t size = api->body_size(b), at = 0;
    char *p = moxd_arena_alloc(a, size + 1);
    while (at < size) {
        long n = api->body_read(b, at, p + at, size - at, NULL);
        ck_assert_int_gt(n, 0);
        at += (uint64_t)n;
    }
    ck_assert_int_eq(api->body_read(b, at, p, 1, NULL), 0);
    api->body_close(b);
    return p;
}

/* Changes flags; "uid:flags ...(refused)". */
static inline char *flag(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                  struct store_flag_change fc, struct moxd_arena *a)
{
    struct store_entry *v;
    struct store_uids modified;
    size_t n;
    char *s = moxd_arena_strdup(a, "");

    ck_err(api->set_flags(acc, mailbox, uids, &fc, a, &v, &n, &modified, err));
    for (size_t i = 0; i < n; i++)
        s = moxd_arena_printf(a, "%s%u:%x ", s, v[i].uid, v[i].flags);
    return moxd_arena_printf(a, "%s(%s)", s, uids_text(modified, a));
}

#endif

