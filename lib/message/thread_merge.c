/* REFERENCES step 5: threads with one subject become one. */
#include "thread_nodes.h"

#include <stdlib.h>

static bool is_dummy(const struct moxd_threads *t, uint32_t node)
{
    return t->nodes[node].msg == 0;
}

/* The subjects of the threads as they are before any are merged: 0 for an empty one. */
static uint64_t *subjects_of(const struct moxd_threads *t)
{
    uint64_t *v = moxd_xcalloc(t->ntops + 1, sizeof(*v));

    for (size_t i = 0; i < t->ntops; i++)
        v[i] = mail_thread_msg_of(t, t->tops[i])->subject;
    return v;
}

/* Step 5 (B): for each subject the message that the others are put to: a dummy rather than a message, a
 * message rather than a reply. */
static bool is_better(const struct moxd_threads *t, uint32_t node, uint32_t than)
{
    if (than == 0 || is_dummy(t, than))
        return than == 0;
    return is_dummy(t, node) ||
           (mail_thread_msg_of(t, than)->reply && !mail_thread_msg_of(t, node)->reply);
}

static void fill_table(const struct moxd_threads *t, const uint64_t *subjects,
                       struct mail_map *table)
{
    for (size_t i = 0; i < t->ntops; i++)
        if (subjects[i] && is_better(t, t->tops[i], mail_map_get(table, subjects[i])))
            mail_map_set(table, subjects[i], t->tops[i]);
}

static void move_children(struct moxd_threads *t, uint32_t from, uint32_t to)
{
    uint32_t child = t->nodes[from].child, next;

    t->nodes[from].child = 0;
    for (; child; child = next) {
        next = t->nodes[child].next;
        mail_thread_put_below(t, child, to);
    }
}

/* Step 5 (C): `cur` goes to the one in the table, or a new dummy holds both together: what is then in the
 * table. */
static uint32_t merge_two(struct moxd_threads *t, uint32_t at, uint32_t cur)
{
    bool reply = mail_thread_msg_of(t, cur)->reply;
    uint32_t dummy;

    if (is_dummy(t, at) && is_dummy(t, cur)) {
        move_children(t, cur, at);
        return at;
    }
    if (is_dummy(t, at) || (reply && !mail_thread_msg_of(t, at)->reply)) {
        mail_thread_put_below(t, cur, at);
        return at;
    }
    dummy = mail_thread_node_new(t);
    mail_thread_put_below(t, cur, dummy);
    mail_thread_put_below(t, at, dummy);
    mail_thread_top(t, dummy);
    return dummy;
}

/* What went below another or has lost its children is no longer on top. */
static void drop_moved(struct moxd_threads *t)
{
    size_t n = 0;

    for (size_t i = 0; i < t->ntops; i++) {
        const struct mail_thread_node *node = &t->nodes[t->tops[i]];

        if (node->parent == 0 && (node->msg || node->child))
            t->tops[n++] = t->tops[i];
    }
    t->ntops = n;
}

void mail_thread_merge(struct moxd_threads *t)
{
    uint64_t *subjects = subjects_of(t);
    struct mail_map table = { 0 };
    size_t n = t->ntops;

    fill_table(t, subjects, &table);
    for (size_t i = 0; i < n; i++) {
        uint32_t cur = t->tops[i], at = mail_map_get(&table, subjects[i]);

        /* Not those without a subject, and not those that were put below another. */
        if (subjects[i] && at != cur && t->nodes[cur].parent == 0)
            mail_map_set(&table, subjects[i], merge_two(t, at, cur));
    }
    drop_moved(t);
    mail_map_fini(&table);
    free(subjects);
}
