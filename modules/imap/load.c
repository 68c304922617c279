/* Reading many messages in one job of a store worker. */
#include "fetch.h"

/* Read at once: that many wait in memory while the client is slow. */
enum { BYTES_MAX = 256 * 1024 };

struct loading {
    struct imap_session *s;
    uint32_t mailbox;
    const struct store_uids *uids;
    const struct imap_want *want;
    struct moxd_arena *a;
    struct store_msg *infos;
    struct imap_loaded *loaded;
    size_t ninfos, infos_cap, nloaded, loaded_cap;
    uint64_t bytes;
    uint32_t last;
};

struct store_msg imap_copy_info(const struct store_msg *info, struct moxd_arena *a)
{
    struct store_msg m = *info;
    const char **names;

    if (m.keywords.n == 0)
        return m;
    names = moxd_arena_calloc(a, m.keywords.n, sizeof(*names));
    for (size_t i = 0; i < m.keywords.n; i++)
        names[i] = moxd_arena_strdup(a, m.keywords.v[i]);
    m.keywords.v = names;
    return m;
}

/* Whether what is stored beside the message does not do. */
static bool wants_body(const struct loading *l, const struct imap_loaded *m)
{
    const struct imap_want *want = l->want;

    if (want->body)
        return true;
    if ((want->with & STORE_WITH_HEADER) &&
        !(m->has_summary && moxd_summary_knows(&m->summary, &want->fields)))
        return true;
    if (want->ascii && m->has_summary && m->summary.international)
        return true;
    if (!(want->with & STORE_WITH_STRUCTURE))
        return false;
    if (want->ascii && !m->has_summary &&
        (moxd_msg_form_flags(m->structure) & MOXD_MSG_INTERNATIONAL))
        return true;
    return !moxd_msg_form_current(m->structure);
}

static int add(void *arg, struct store_tx *tx, const struct store_item *item, struct moxd_err *err)
{
    struct loading *l = arg;
    struct store_msg *info =
        moxd_arena_push(l->a, &l->infos, &l->ninfos, &l->infos_cap, sizeof(*info));
    struct imap_loaded *m =
        moxd_arena_push(l->a, &l->loaded, &l->nloaded, &l->loaded_cap, sizeof(*m));
    struct moxd_str body;
    int r = 0;

    *info = imap_copy_info(item->msg, l->a);
    m->has_summary = item->header.n > 0 &&
                     moxd_summary_read(&m->summary, moxd_arena_str(l->a, item->header)) == 0;
    m->structure = moxd_arena_str(l->a, item->structure);
    if (wants_body(l, m))
        r = l->s->im->store->tx_body(tx, item, &body, err);
    if (r > 0)
        m->data = moxd_arena_str(l->a, body);
    l->bytes += item->header.n + item->structure.n + m->data.n;
    l->last = info->uid;
    return r < 0 ? -1 : l->bytes > BYTES_MAX;
}

static int load(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct loading *l = arg;
    int r;

    l->infos = NULL;
    l->loaded = NULL;
    l->ninfos = l->infos_cap = l->nloaded = l->loaded_cap = 0;
    l->bytes = 0;
    r = l->s->im->store->tx_messages(tx, l->mailbox, l->uids, l->want->with, add, l, err);
    if (r == 0)
        l->last = UINT32_MAX;
    return r < 0 ? -1 : 0;
}

void imap_uids_after(struct store_uids *uids, uint32_t uid, struct moxd_arena *a)
{
    struct store_uid_range *r;
    size_t i = 0;

    while (i < uids->n && uids->v[i].last <= uid)
        i++;
    *uids = (struct store_uids){ uids->v + i, uids->n - i };
    if (uids->n == 0 || uids->v[0].first > uid)
        return;
    r = moxd_arena_dup(a, uids->v, uids->n * sizeof(*r));
    r[0].first = uid + 1;
    uids->v = r;
}

int imap_load(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
              const struct store_uids *uids, const struct imap_want *want, struct moxd_arena *a,
              struct store_msg **infos, struct imap_loaded **loaded, size_t *n, uint32_t *last,
              struct moxd_err *err)
{
    struct loading l = { .s = s, .mailbox = mailbox, .uids = uids, .want = want, .a = a };

    if (s->im->store->view(s->im->store_self, acc, load, &l, err) < 0)
        return -1;
    *infos = l.infos;
    *loaded = l.loaded;
    *n = l.ninfos;
    *last = l.last;
    return 0;
}
