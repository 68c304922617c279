/* REFERENCES step 1: parents from the ids in the fields of each message. */
#include "thread_nodes.h"

#include <moxmail/thread.h>

/* 0 when there is no id. */
static uint64_t hash_id(const struct moxd_threads *t, struct moxd_str id)
{
    struct moxd_buf canonical = MOXD_BUF_INIT(MOXD_MSGID_MAX);
    uint64_t hash;

    moxd_msgid_canonical(&canonical, id);
    hash = canonical.n > 0 ? moxd_hash(&t->key, moxd_buf_str(&canonical)) | 1 : 0;
    moxd_buf_fini(&canonical);
    return hash;
}

/* The node of an id, a new dummy if need be; 0 when there are too many of them. */
static uint32_t node_of(struct moxd_threads *t, uint64_t hash)
{
    size_t max = MOXD_THREAD_ABSENT_MIN + MOXD_THREAD_ABSENT_MAX * t->nmsgs;
    uint32_t node = mail_map_get(&t->ids, hash);

    if (node || t->absent >= max)
        return node;
    t->absent++;
    node = mail_thread_node_new(t);
    mail_map_set(&t->ids, hash, node);
    return node;
}

/* The node of the message's own id. Without an id, or with one that another message has, a new one. */
static uint32_t own_node(struct moxd_threads *t, struct moxd_str message_id)
{
    uint64_t hash = hash_id(t, moxd_msgid_of(message_id));
    uint32_t node = hash ? mail_map_get(&t->ids, hash) : 0;

    if (node && !t->nodes[node].msg) {
        t->absent--;
        return node;
    }
    if (!hash || node)
        return mail_thread_node_new(t);
    node = mail_thread_node_new(t);
    mail_map_set(&t->ids, hash, node);
    return node;
}

/* The hashes of the references: of more than there is room for, the first and the last ones. */
struct refs {
    uint64_t v[MOXD_THREAD_REFS_MAX];
    size_t n; /* how many there were */
};

static void add_ref(struct refs *r, uint64_t hash)
{
    size_t i = r->n;

    if (hash == 0)
        return;
    r->n++;
    r->v[i < MOXD_THREAD_REFS_MAX ? i : 1 + (i - 1) % (MOXD_THREAD_REFS_MAX - 1)] = hash;
}

/* The i-th of those that are kept. */
static uint64_t ref_at(const struct refs *r, size_t i)
{
    if (r->n <= MOXD_THREAD_REFS_MAX || i == 0)
        return r->v[i];
    return r->v[1 + (r->n - MOXD_THREAD_REFS_MAX + i - 1) % (MOXD_THREAD_REFS_MAX - 1)];
}

static void read_refs(const struct moxd_threads *t, const struct moxd_thread_msg *msg,
                      struct refs *r)
{
    struct moxd_str rest = msg->references, id;

    r->n = 0;
    while (moxd_msgid_next(&rest, &id))
        add_ref(r, hash_id(t, id));
    rest = msg->in_reply_to;
    if (r->n == 0 && moxd_msgid_next(&rest, &id))
        add_ref(r, hash_id(t, id));
}

/* Not when that would close a loop: the child is the root of its tree. */
static void set_parent(struct moxd_threads *t, uint32_t child, uint32_t parent)
{
    if (child == parent || mail_forest_root(&t->forest, parent) == child)
        return;
    mail_forest_link(&t->forest, child, parent);
    t->nodes[child].parent = parent;
}

/* Step 1 (A): a chain of the references; a parent that is known stays. The last of them, or 0. */
static uint32_t link_refs(struct moxd_threads *t, const struct refs *r)
{
    size_t kept = r->n < MOXD_THREAD_REFS_MAX ? r->n : MOXD_THREAD_REFS_MAX;
    uint32_t last = 0;

    for (size_t i = 0; i < kept; i++) {
        uint32_t node = node_of(t, ref_at(r, i));

        if (node == 0)
            continue;
        mail_forest_grow(&t->forest, t->nnodes);
        if (last && t->nodes[node].parent == 0)
            set_parent(t, node, last);
        last = node;
    }
    return last;
}

/* Step 1 (B): the message's own references outweigh what others say of it. */
void mail_thread_link(struct moxd_threads *t, const struct moxd_thread_msg *msg, uint32_t *node)
{
    struct refs r;
    uint32_t last;

    *node = own_node(t, msg->message_id);
    t->nodes[*node].msg = (uint32_t)t->nmsgs;
    read_refs(t, msg, &r);
    last = link_refs(t, &r);
    mail_forest_grow(&t->forest, t->nnodes);
    if (t->nodes[*node].parent) {
        mail_forest_cut(&t->forest, *node);
        t->nodes[*node].parent = 0;
    }
    if (last)
        set_parent(t, *node, last);
}
