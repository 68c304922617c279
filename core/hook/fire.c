/* Running the hooks of a point.
 *
 * A hook has a time limit: a ceiling on every wait inside it. One that comes back after its limit has
 * failed, whatever it returned, since its waits were cut off. What a failure means is configured per
 * hook (on-error), never chosen by the hook. */
#include "hook/firing.h"
#include "hook/reply.h"

#include <stdio.h>

static struct core_firing *firings;

void core_firing_begin(struct core_firing *f)
{
    *f = (struct core_firing){
        .next = firings, .link = &firings, .fiber = moxd_fiber_self(), .trace = core_hook_trace()
    };
    if (f->next)
        f->next->link = &f->next;
    firings = f;
}

void core_firing_end(struct core_firing *f)
{
    *f->link = f->next;
    if (f->next)
        f->next->link = f->link;
}

static const struct core_hook *running(void)
{
    struct moxd_fid self = moxd_fiber_self();

    for (const struct core_firing *f = firings; f; f = f->next)
        if (f->fiber.slot == self.slot && f->fiber.gen == self.gen)
            return f->hook;
    return NULL;
}

size_t core_hook_describe(char *out, size_t cap)
{
    const struct core_hook *hook = running();
    size_t n = 0;

    for (const char *p = hook ? "hook=" : ""; *p && n < cap; p++)
        out[n++] = *p;
    for (const char *p = hook ? hook->label : ""; *p && n < cap; p++)
        out[n++] = *p;
    return n;
}

static bool allowed(enum moxd_kind kind, enum moxd_verdict v)
{
    if (kind == MOXD_PROVIDE)
        return v == MOXD_NEXT || v == MOXD_ANSWER || v == MOXD_FAIL;
    return (unsigned)v <= MOXD_FAIL && v != MOXD_ANSWER;
}

static void clear_reply(const struct moxd_point *p, void *out)
{
    if (p->kind != MOXD_PROVIDE && out)
        memset(out, 0, sizeof(struct moxd_reply));
}

static const char *reply_detail(const struct moxd_point *p, const void *out)
{
    return p->kind != MOXD_PROVIDE && out ? ((const struct moxd_reply *)out)->detail : "";
}

/* What the verdict becomes when the hook failed. A cancelled fiber unwinds: that is no failure. */
static enum moxd_verdict failed(const struct core_hook *hook, const char *why, void *out)
{
    static const enum moxd_verdict meaning[] = {
        [CORE_ON_ERROR_DEFER] = MOXD_DEFER,
        [CORE_ON_ERROR_DENY] = MOXD_DENY,
        [CORE_ON_ERROR_IGNORE] = MOXD_NEXT,
    };
    enum moxd_verdict v = meaning[hook->on_error];

    if (!moxd_fiber_cancelled()) {
        moxd_metric_inc(hook->point->failures, hook->label, NULL);
        moxd_error(&hook->m->log, "hook failed", moxd_kvs("hook", hook->label),
                   moxd_kvs("reason", why), moxd_kvs("detail", reply_detail(hook->point, out)),
                   moxd_kvs("verdict", moxd_verdict_name(v)));
    }
    clear_reply(hook->point, out);
    return v;
}

static int64_t limit_of(const struct core_firing *f)
{
    int64_t timeout = f->hook->timeout;

    return f->now > MOXD_NEVER - timeout ? MOXD_NEVER : f->now + timeout;
}

static enum moxd_verdict call(struct core_firing *f, const void *ev, void *out)
{
    const struct core_hook *hook = f->hook;
    const struct moxd_point *p = hook->point;
    int64_t limit = limit_of(f);

    (void)moxd_fiber_ceiling(limit < f->outer ? limit : f->outer);
    clear_reply(p, out);
    enum moxd_verdict v = p->def->call(hook->fn, hook->m, ev, out);
    f->now = moxd_mono();
    if (f->now >= limit)
        return failed(hook, "timeout", out);
    if (!allowed(p->kind, v))
        return failed(hook, "it returned a verdict that this point does not have", out);
    if (v == MOXD_FAIL)
        return failed(hook, "it says so", out);
    return v;
}

enum moxd_verdict core_hook_call(struct core_firing *f, const void *ev, void *out)
{
    int64_t started = f->now;
    enum moxd_verdict v = call(f, ev, out);

    if (f->trace)
        f->trace->hook_ran(f->trace, f->hook->label, v, f->now - started,
                           v == MOXD_NEXT ? "" : reply_detail(f->hook->point, out));
    return v;
}

static enum moxd_verdict ask(struct moxd_point *p, const void *ev, void *out, struct core_firing *f)
{
    enum moxd_verdict v = MOXD_NEXT;

    f->now = moxd_mono();
    f->outer = moxd_fiber_ceiling(MOXD_NEVER);
    for (size_t i = 0, n; i < p->n && v == MOXD_NEXT; i += n) {
        f->hook = &p->v[i];
        n = f->hook->together;
        v = n > 1 ? core_hooks_call_together(f, ev, out) : core_hook_call(f, ev, out);
    }
    (void)moxd_fiber_ceiling(f->outer);
    return v;
}

/* Completes a refusal, and says who it was. */
static void refused(const struct core_hook *hook, enum moxd_verdict v, void *out)
{
    const struct moxd_point *p = hook->point;

    if (p->kind != MOXD_PROVIDE && out)
        core_reply_fill(out, v);
    moxd_debug(&p->owner->m->log, "hook refused", moxd_kvs("hook", hook->label),
               moxd_kvs("verdict", moxd_verdict_name(v)), moxd_kvs("detail", reply_detail(p, out)));
}

static void count(const struct moxd_point *p, enum moxd_verdict v)
{
    moxd_metric_inc(p->verdicts, p->def->name, moxd_verdict_name(v));
}

enum moxd_verdict moxd_fire(struct moxd_point *p, const void *ev, void *out)
{
    struct core_firing firing;

    if (p->n == 0)
        return MOXD_NEXT;
    moxd_assert(p->kind != MOXD_TRANSACT && p->kind != MOXD_OBSERVE);
    core_firing_begin(&firing);
    enum moxd_verdict v = ask(p, ev, out, &firing);
    core_firing_end(&firing);
    if (v != MOXD_NEXT && v != MOXD_ANSWER)
        refused(firing.hook, v, out);
    count(p, v);
    return v;
}

void moxd_notify(struct moxd_point *p, const void *ev)
{
    struct core_firing firing;

    if (p->n == 0)
        return;
    moxd_assert(p->kind == MOXD_OBSERVE);
    core_firing_begin(&firing);
    moxd_nosuspend_begin();
    for (size_t i = 0; i < p->n; i++) {
        firing.hook = &p->v[i];
        /* nosuspend: an observer returns nothing and must not wait, which is asserted around it */
        (void)p->def->call(firing.hook->fn, firing.hook->m, ev, NULL);
    }
    moxd_nosuspend_end();
    core_firing_end(&firing);
    count(p, MOXD_NEXT);
}
