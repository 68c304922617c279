/* What is read from the disk of a store: records, names of files, and what the database says when they
 * are damaged. The first byte chooses. A record that is accepted is what its encoder makes. */
#include "fuzz.h"

#include "damage.h"
#include "env.h"
#include "expunged.h"
#include "thread.h"

#include <stdlib.h>
#include <strings.h>

static unsigned char buf[STORE_RECORD_MAX];

/* Of these records there are two versions; the older, shorter one is written as the newer. */
static void meta(struct moxd_str s)
{
    static unsigned char newest[STORE_RECORD_MAX];
    struct store_meta m, again;

    if (store_meta_decode(s, &m) < 0)
        return;
    struct moxd_str now = store_meta_encode(&m, newest);
    moxd_assert(store_meta_decode(now, &again) == 0);
    moxd_assert(moxd_str_eq(store_meta_encode(&again, buf), now));
    moxd_assert(now.n > s.n || moxd_str_eq(now, s));
}

static void mbox(struct moxd_str s)
{
    static unsigned char newest[STORE_RECORD_MAX];
    struct store_mbox m, again;

    if (store_mbox_decode(s, &m) < 0)
        return;
    struct moxd_str now = store_mbox_encode(&m, newest);
    moxd_assert(store_mbox_decode(now, &again) == 0);
    moxd_assert(moxd_str_eq(store_mbox_encode(&again, buf), now));
    moxd_assert(now.n > s.n || moxd_str_eq(now, s));
}

static void thread(struct moxd_str s)
{
    static unsigned char longer[STORE_THREAD_RECORD_MAX];
    struct store_thread_rec r;

    if (store_thread_decode(s, &r) == 0)
        moxd_assert(moxd_str_eq(store_thread_encode(&r, longer), s));
}

static void head(struct moxd_str s)
{
    static struct store_head h;

    store_head_parse(&h, s);
    moxd_assert(h.msgid_n <= MOXD_MSGID_MAX && h.nrefs <= STORE_REFS_MAX);
    for (unsigned i = 0; i < h.nrefs; i++)
        moxd_assert(h.refs[i] != 0);
}

static void rec(struct moxd_str s)
{
    struct store_rec r;

    if (store_rec_decode(s, &r) == 0)
        moxd_assert(moxd_str_eq(store_rec_encode(&r, buf), s));
}

static void erase(struct moxd_str s)
{
    struct store_erase r;

    if (store_erase_decode(s, &r) == 0)
        moxd_assert(moxd_str_eq(store_erase_encode(&r, buf), s));
}

static void expunged(struct moxd_str s)
{
    struct store_expunged v[STORE_EXPUNGED_MAX];
    int n = store_expunged_decode(s, v);

    if (n > 0)
        moxd_assert(moxd_str_eq(store_expunged_encode(v, (size_t)n, buf), s));
}

static void kwlist(struct moxd_str s)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(1 << 17);
    struct moxd_str *v;
    size_t n;

    if (store_kwlist_decode(s, a, &v, &n) == 0) {
        store_kwlist_encode(v, n, &b);
        moxd_assert(moxd_str_eq(moxd_buf_str(&b), s));
    }
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}

static void account(struct moxd_str s)
{
    struct store_account_rec r;

    if (store_account_rec_decode(s, &r) == 0)
        moxd_assert(moxd_str_eq(store_account_rec_encode(&r, buf), s));
}

static void file(struct moxd_str s)
{
    char *name = moxd_str_dup(s), again[STORE_FILE_NAME];
    uint64_t id = store_env_file_account(name);

    if (id != 0) {
        store_env_account_file(id, again);
        moxd_assert(strcasecmp(name, again) == 0);
    }
    free(name);
}

static void damage(struct moxd_str s)
{
    char *msg = moxd_str_dup(s);
    struct store_damage d = { 0 };

    store_damage_note(&d, msg);
    moxd_assert(memchr(d.file, '\0', sizeof(d.file)) != NULL && strchr(d.file, '/') == NULL);
    free(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(struct moxd_str s) = {
        ['m'] = meta,    ['b'] = mbox, ['r'] = rec,    ['e'] = erase,  ['k'] = kwlist,
        ['a'] = account, ['f'] = file, ['d'] = damage, ['t'] = thread, ['h'] = head,
        ['x'] = expunged,
    };

    if (size > 0 && data[0] < MOXD_NELEMS(kinds) && kinds[data[0]] != NULL)
        kinds[data[0]](moxd_str((const char *)data + 1, size - 1));
    return 0;
}
