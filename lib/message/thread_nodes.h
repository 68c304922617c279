/* The nodes of threads: messages, and ids of messages that are not there. Between the steps of RFC 5256,
 * one file each. */
#ifndef MAIL_THREAD_NODES_H
#define MAIL_THREAD_NODES_H

#include "forest.h"

#include <moxd/hash.h>
#include <moxmail/thread_tree.h>

/* A table from hashes to numbers from 1, without removal. */
struct mail_map {
    struct mail_map_slot {
        uint64_t hash;
        uint32_t value; /* 0: free */
    } * v;
    size_t cap, n; /* cap: a power of two, or 0 */
};
/* 0: there is none. */
uint32_t mail_map_get(const struct mail_map *m, uint64_t hash);
void mail_map_set(struct mail_map *m, uint64_t hash, uint32_t value);
void mail_map_fini(struct mail_map *m);

struct mail_thread_node {
    uint32_t msg;    /* index in msgs + 1; 0: no such message (a dummy) */
    uint32_t parent; /* 0: none */
    uint32_t child;  /* the first one, */
    uint32_t next;   /* and the next sibling: once the tree stands */
};
struct mail_thread_msg {
    int64_t sent;
    uint64_t subject; /* hash of the base subject, 0 for an empty one */
    uint32_t number, node;
    bool reply;
};

struct moxd_threads {
    struct moxd_hash_key key;
    struct mail_thread_node *nodes; /* [0] is not used */
    size_t nnodes, nodes_cap;
    struct mail_thread_msg *msgs; /* in the order of the mailbox */
    size_t nmsgs, msgs_cap;
    size_t absent; /* dummies */
    struct mail_map ids;
    struct mail_forest forest; /* the parents of the nodes, to find roots */
    uint32_t *tops;            /* children of the root (RFC 5256 step 2) */
    size_t ntops, tops_cap;
};

uint32_t mail_thread_node_new(struct moxd_threads *t);
void mail_thread_top(struct moxd_threads *t, uint32_t node);
void mail_thread_put_below(struct moxd_threads *t, uint32_t node, uint32_t parent);
/* The message that a node stands for: itself, or for a dummy that of its first child. */
const struct mail_thread_msg *mail_thread_msg_of(const struct moxd_threads *t, uint32_t node);
/* Sorts the top nodes by sent date, children of dummies before. */
void mail_thread_sort_tops(struct moxd_threads *t);
/* Sorts all children of the node by sent date. */
void mail_thread_sort_children(struct moxd_threads *t, uint32_t node);

void mail_thread_link(struct moxd_threads *t, const struct moxd_thread_msg *msg,
                      uint32_t *node);          /* step 1: thread_link.c */
void mail_thread_prune(struct moxd_threads *t); /* steps 2 and 3: thread_prune.c */
void mail_thread_merge(struct moxd_threads *t); /* steps 4 and 5: thread_merge.c */
void mail_thread_put(struct moxd_threads *t, struct moxd_buf *out); /* thread_put.c */

#endif
