/* Hook points and hooks.
 *
 * The module that fires a point declares it in its <moxd/NAME.h>: an event struct of facts, the exact
 * function type moxd_<point>_fn, and the point's kind. Hooks are registered as data in the module's
 * table through MOXD_HOOK, which does not compile for a function of another type. Hooks run in the
 * fiber of the session that fired the point, in order: phase, then before/after edges, then module
 * name. `moxd -o` prints the order.
 *
 * Hooks that say `concurrent`, follow each other in that order, are in one phase and have no edge
 * between them run at the same time, each in a fiber of its own, so that their waits overlap. All are
 * waited for; the first refusal in order is the chain's answer; when the session is cancelled they
 * are too. */
#ifndef MOXD_HOOK_H
#define MOXD_HOOK_H

#include <moxd/err.h>
#include <moxd/fiber.h>

struct moxd_instance;

enum moxd_kind {
    MOXD_OBSERVE,   /* void fn(m, ev): cannot fail, must not suspend */
    MOXD_DECIDE,    /* verdict fn(m, ev, reply): may suspend */
    MOXD_TRANSFORM, /* verdict fn(m, ev, reply): changes the object through its setters */
    MOXD_PROVIDE,   /* verdict fn(m, ev, answer): the first OK ends it */
    MOXD_TRANSACT,  /* int fn(tx, ev, err): on a store worker inside the transaction; see store.h */
};
/* One meaning each, at every point. */
enum moxd_verdict {
    MOXD_NEXT = 0, /* no objection; the next hook is asked */
    MOXD_ANSWER,   /* PROVIDE only: *answer is filled, nobody else is asked ("OK" of the design) */
    MOXD_DEFER,    /* refuse for now (4xx); ends the chain */
    MOXD_DENY,     /* refuse (5xx); ends the chain */
    MOXD_DROP,     /* send the reply, then close the connection; ends the chain */
    MOXD_FAIL,     /* the hook itself broke: its configured on-error applies (default: DEFER) */
};
const char *moxd_verdict_name(enum moxd_verdict v);

/* What a refusing hook tells the peer. Zeroed before the first hook; core fills what is left empty. */
struct moxd_reply {
    int code;            /* 450, 550, ... */
    char enhanced[12];   /* "5.7.1" */
    char text[300];      /* one line, no line ends; public */
    char detail[300];    /* for the log only */
};
/* Sets code, enhanced code and text, returns DEFER for 4xx and DENY for 5xx. */
enum moxd_verdict moxd_reply_set(struct moxd_reply *r, int code, const char *enhanced,
                                 const char *fmt, ...) MOXD_PRINTF(4, 5);

enum moxd_phase { MOXD_EARLY = 1, MOXD_CHECK, MOXD_POLICY, MOXD_LATE };

typedef void moxd_any_fn(void); /* never called as this type */

struct moxd_hook {
    const char *point;          /* "on_rcpt"; NULL ends a table */
    uint16_t major;             /* of the point, from its header */
    moxd_any_fn *fn;
    enum moxd_phase phase;      /* 0: CHECK */
    const char *before, *after; /* module names within the phase, comma-separated; may be NULL */
    int64_t timeout;            /* ns; 0: 30 s. Ceiling on every wait inside; also configurable */
    bool optional;              /* no error when no loaded module fires the point */
    bool concurrent;            /* 1.1, DECIDE points only: may run at the same time as its neighbours */
};
/* MOXD_HOOK(on_rcpt, my_on_rcpt, .phase = MOXD_POLICY) */
#define MOXD_HOOK(pt, f, ...)                                                                      \
    { .point = #pt, .major = MOXD_POINT_##pt##_MAJOR,                                              \
      .fn = (moxd_any_fn *)_Generic(&(f), moxd_##pt##_fn *: &(f)), __VA_ARGS__ }

/* A point as its owner declares it. `call` casts fn back to its exact type; MOXD_POINT makes it. */
struct moxd_point_def {
    const char *name;           /* NULL ends a table */
    uint16_t major;
    enum moxd_kind kind;
    const char *doc;            /* one or two sentences, for doc/hooks.md */
    const char *event;          /* name of the event struct */
    enum moxd_verdict (*call)(moxd_any_fn *fn, struct moxd_instance *m, const void *ev,
                              void *out) MOXD_SUSPENDS;
};
/* Defines the thunk for a point, once, in the owning module: MOXD_POINT_THUNK(on_rcpt, struct smtp_rcpt);
 * and its table entry: MOXD_POINT(on_rcpt, MOXD_DECIDE, "struct smtp_rcpt", "doc"). Observe points use
 * MOXD_POINT_THUNK_VOID. Transact points have no thunk: the store calls them. */
#define MOXD_POINT_THUNK(pt, out_type)                                                             \
    static enum moxd_verdict pt##_thunk(moxd_any_fn *fn, struct moxd_instance *m, const void *ev,  \
                                        void *out)                                                 \
    {                                                                                              \
        return ((moxd_##pt##_fn *)fn)(m, ev, (out_type *)out);                                     \
    }
#define MOXD_POINT_THUNK_VOID(pt)                                                                  \
    static enum moxd_verdict pt##_thunk(moxd_any_fn *fn, struct moxd_instance *m, const void *ev,  \
                                        void *out)                                                 \
    {                                                                                              \
        (void)out;                                                                                 \
        ((moxd_##pt##_fn *)fn)(m, ev);                                                             \
        return MOXD_NEXT;                                                                          \
    }
#define MOXD_POINT(pt, kind_, event_, doc_)                                                        \
    { .name = #pt, .major = MOXD_POINT_##pt##_MAJOR, .kind = (kind_), .doc = (doc_),               \
      .event = (event_), .call = pt##_thunk }

/* The owner's handle, looked up once in init: aborts when m's table has no such point. */
struct moxd_point;
struct moxd_point *moxd_point_get(struct moxd_instance *m, const char *name);
/* Runs the hooks. `out` is struct moxd_reply * for DECIDE and TRANSFORM, the answer for PROVIDE. Returns NEXT (nobody objected / nobody answered), ANSWER, DEFER, DENY or DROP; never
 * FAIL. Empty points cost a load and a branch. */
enum moxd_verdict moxd_fire(struct moxd_point *p, const void *ev, void *out) MOXD_SUSPENDS;
/* The same for OBSERVE points, whose hooks return nothing: never suspends. */
void moxd_notify(struct moxd_point *p, const void *ev);
bool moxd_point_empty(const struct moxd_point *p);
/* For owners that run hooks themselves (transact): the ordered functions, NULL-ended; their modules. */
struct moxd_hook_ref {
    moxd_any_fn *fn;
    struct moxd_instance *m;
};
const struct moxd_hook_ref *moxd_point_hooks(const struct moxd_point *p);

#endif
