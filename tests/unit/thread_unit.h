/* Messages of threads, and where they are, for the tests of both. */
#ifndef MOXD_UNIT_THREAD_H
#define MOXD_UNIT_THREAD_H

#include "store_unit.h"

#include "thread.h"

#define DAY (24 * 3600 * INT64_C(1000000000))

/* A message by what threads are made of: fields without their names, NULL for none. */
struct mail {
    const char *id, *refs, *reply, *subject, *type;
    int64_t received;
    bool later;
};

static inline uint64_t add_mail_to(struct store_account *acc, const char *mailbox, struct mail m)
{
    struct moxd_buf b = MOXD_BUF_INIT(100000);
    if (m.id)
        moxd_buf_addf(&b, "Message-ID: %s\r\n", m.id);
    if (m.refs)
        moxd_buf_addf(&b, "References: %s\r\n", m.refs);
    if (m.reply)
        moxd_buf_addf(&b, "In-Reply-To: %s\r\n", m.reply);
    if (m.subject)
        moxd_buf_addf(&b, "Subject: %s\r\n", m.subject);
    if (m.type)
        moxd_buf_addf(&b, "Content-Type: %s\r\n", m.type);
    moxd_buf_adds(&b, "\r\nbody\r\n");
    struct store_draft *d = draft_of(b.p, b.n);
    struct store_add add = { .acc = acc, .mailbox_name = mailbox, .link_later = m.later,
                             .received.ns = m.received != 0 ? m.received : moxd_wall() };
    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    moxd_buf_fini(&b);
    return add.id;
}

static inline uint64_t add_mail(struct store_account *acc, struct mail m)
{
    return add_mail_to(acc, "INBOX", m);
}
#define MAIL(...) ((struct mail){ __VA_ARGS__ })

static inline struct store_thread thread_of(struct store_account *acc, uint64_t id, struct moxd_arena *a)
{
    struct store_thread *v = NULL;
    ck_err(api->threads(acc, &id, 1, a, &v, err));
    return v[0];
}

/* "thread: ancestors", with ! for a missing link, m for muted, c for collapsed. */
static inline const char *place(struct store_account *acc, uint64_t id, struct moxd_arena *a)
{
    struct store_thread t = thread_of(acc, id, a);
    char *s = moxd_arena_printf(a, "%llu:", (unsigned long long)t.thread);
    for (size_t i = 0; i < t.nancestors; i++)
        s = moxd_arena_printf(a, "%s %llu", s, (unsigned long long)t.ancestors[i]);
    return moxd_arena_printf(a, "%s%s%s%s", s, t.state & STORE_THREAD_MISSING ? "!" : "",
                             t.state & STORE_THREAD_MUTED ? "m" : "",
                             t.state & STORE_THREAD_COLLAPSED ? "c" : "");
}
#define ck_place(id, want) ck_assert_str_eq(place(acc, id, a), want)

static inline const char *members(struct store_account *acc, uint64_t thread, struct moxd_arena *a)
{
    uint64_t *ids = NULL;
    size_t n = 0;
    char *s = moxd_arena_strdup(a, "");
    ck_err(api->thread_messages(acc, thread, a, &ids, &n, err));
    for (size_t i = 0; i < n; i++)
        s = moxd_arena_printf(a, "%s%s%llu", s, i > 0 ? " " : "", (unsigned long long)ids[i]);
    return s;
}

static inline void set(struct store_account *acc, uint64_t id, unsigned mask, unsigned state)
{
    ck_err(api->set_thread(acc, &id, 1, mask, state, err));
}

#endif
