/* What the parts of the loop know of each other. */
#ifndef MOXD_CORE_LOOP_PRIV_H
#define MOXD_CORE_LOOP_PRIV_H

#include <moxd/loop.h>

/* A fiber became ready: when the loop is about to poll, the poll must not block. */
void core_loop_kick(void);
/* The earliest timer changed: when the loop is about to poll, it must not sleep longer. */
void core_loop_earlier(void);

/* Posts (post.c). */
void core_posts_init(void);
bool core_posts_pending(void);
void core_posts_fini(void);

/* Signals (signal.c). */
void core_signals_fini(void);
/* Blocks all signals but those of faults in the calling thread, for threads that the loop starts. */
void core_signals_block(void);

#endif
