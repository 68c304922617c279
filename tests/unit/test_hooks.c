#include "modules.h"

/* ---- a module with one point of each kind */

struct event {
    int n;
};
#define MOXD_POINT_on_ask_MAJOR 1
typedef enum moxd_verdict moxd_on_ask_fn(struct moxd_instance *m, const struct event *ev,
                                         struct moxd_reply *reply);
#define MOXD_POINT_on_see_MAJOR 2
typedef void moxd_on_see_fn(struct moxd_instance *m, const struct event *ev);
#define MOXD_POINT_on_give_MAJOR 1
typedef enum moxd_verdict moxd_on_give_fn(struct moxd_instance *m, const struct event *ev,
                                          int *answer);

MOXD_POINT_THUNK(on_ask, struct moxd_reply)
MOXD_POINT_THUNK_VOID(on_see)
MOXD_POINT_THUNK(on_give, int)

static const struct moxd_point_def points[] = {
    MOXD_POINT(on_ask, MOXD_DECIDE, "struct event", "Asks."),
    MOXD_POINT(on_see, MOXD_OBSERVE, "struct event", "Shows."),
    MOXD_POINT(on_give, MOXD_PROVIDE, "struct event", "Wants | a number."),
    { 0 },
};
#define MODULE(name_, ...)                                                                         \
    {                                                                                              \
        MOXD_MODULE_HEAD(name_, "1.0", "test"), .instance_size = sizeof(struct moxd_instance),     \
                                                __VA_ARGS__                                        \
    }
static const struct moxd_module owner = MODULE("owner", .points = points);

/* ---- hooks that note that they ran, and do as they are told */

static char trace[200];
static const char *refusing; /* module whose hook refuses */
static enum moxd_verdict verdict;

static void note(const struct moxd_instance *m)
{
    size_t n = strlen(trace);

    (void)snprintf(trace + n, sizeof(trace) - n, "%s%s", n ? " " : "", m->module->name);
}

static enum moxd_verdict ask(struct moxd_instance *m, const struct event *ev,
                             struct moxd_reply *reply)
{
    note(m);
    ck_assert_int_eq(ev->n, 7);
    ck_assert_int_eq(reply->code, 0);
    ck_assert_str_eq(reply->text, "");
    (void)moxd_reply_set(reply, 599, "5.0.0", "not seen by the next hook");
    if (!refusing || strcmp(refusing, m->module->name) != 0)
        return MOXD_NEXT;
    memset(reply, 0, sizeof(*reply));
    return verdict;
}

static void see(struct moxd_instance *m, const struct event *ev)
{
    (void)ev;
    note(m);
}

static enum moxd_verdict give(struct moxd_instance *m, const struct event *ev, int *answer)
{
    note(m);
    *answer = ev->n;
    return refusing && strcmp(refusing, m->module->name) == 0 ? verdict : MOXD_NEXT;
}

static enum moxd_verdict polite(struct moxd_instance *m, const struct event *ev,
                                struct moxd_reply *reply)
{
    (void)m, (void)ev;
    return moxd_reply_set(reply, 450, "5.9.9", "line\r\nbreak");
}

static enum moxd_verdict forever(struct moxd_instance *m, const struct event *ev,
                                 struct moxd_reply *reply)
{
    char where[80];
    size_t n = core_hook_describe(where, sizeof(where));

    (void)ev, (void)reply;
    note(m);
    ck_assert_str_eq(moxd_arena_cstr(set->a, moxd_str(where, n)), "hook=slow.on_ask");
    while (moxd_park(MOXD_NEVER) == MOXD_OK)
        ;
    n = core_hook_describe(where, sizeof(where));
    ck_assert_str_eq(moxd_arena_cstr(set->a, moxd_str(where, n)), "hook=slow.on_ask");
    return MOXD_NEXT; /* it comes too late for that */
}

static const struct moxd_hook plain[] = {
    MOXD_HOOK(on_ask, ask), MOXD_HOOK(on_see, see), MOXD_HOOK(on_give, give), { 0 }
};
static const struct moxd_hook early[] = { MOXD_HOOK(on_ask, ask, .phase = MOXD_EARLY), { 0 } };
static const struct moxd_hook late[] = { MOXD_HOOK(on_ask, ask, .phase = MOXD_LATE), { 0 } };
static const struct moxd_hook before_b[] = {
    MOXD_HOOK(on_ask, ask, .before = "x, b", .after = "nobody,d"), { 0 }
};
static const struct moxd_hook after_b[] = { MOXD_HOOK(on_ask, ask, .after = "b"), { 0 } };
static const struct moxd_hook slow[] = { MOXD_HOOK(on_ask, forever, .timeout = MOXD_MS), { 0 } };
static const struct moxd_hook rude[] = { MOXD_HOOK(on_ask, polite), { 0 } };

static const struct moxd_module a = MODULE("a", .hooks = plain), b = MODULE("b", .hooks = plain),
                                c = MODULE("c", .hooks = before_b), d = MODULE("d", .hooks = plain),
                                e = MODULE("e", .hooks = early), l = MODULE("l", .hooks = late);

static void begin(void)
{
    trace[0] = '\0';
    refusing = NULL;
    modules_begin();
    add(&owner);
}

static struct moxd_point *point(const char *name)
{
    return moxd_point_get(core_modules_find(set, "owner")->m, name);
}

static enum moxd_verdict fire(const char *name, void *out)
{
    const struct event ev = { 7 };

    trace[0] = '\0';
    return moxd_fire(point(name), &ev, out);
}

/* ---- order */

static void run_order(void *arg)
{
    struct moxd_reply reply;

    (void)arg;
    begin();
    add(&l), add(&d), add(&c), add(&b), add(&a), add(&e);
    core_modules_resolve(set, problems);
    expect_fine();
    ck_assert(moxd_point_empty(point("on_ask")));
    ck_assert_int_eq(fire("on_ask", &reply), MOXD_NEXT);
    ck_assert_str_eq(trace, "");
    ck_assert_int_eq(core_modules_init(set, NULL, NULL), 0);
    ck_assert(!moxd_point_empty(point("on_ask")));
    ck_assert_int_eq(fire("on_ask", &reply), MOXD_NEXT);
    ck_assert_str_eq(trace, "e a d c b l");
    const struct moxd_hook_ref *refs = moxd_point_hooks(point("on_ask"));
    ck_assert_ptr_eq(refs[5].m, core_modules_find(set, "l")->m);
    ck_assert_ptr_null(refs[6].fn);
    trace[0] = '\0';
    moxd_notify(point("on_see"), &(struct event){ 7 });
    ck_assert_str_eq(trace, "a b d");
    (void)core_modules_stop(set, MOXD_NEVER);
    ck_assert(moxd_point_empty(point("on_ask")));
    ck_assert_ptr_null(moxd_point_hooks(point("on_ask"))->fn);
    modules_end();
}

START_TEST(order_is_phase_then_edges_then_name)
{
    moxd_loop_main(run_order, NULL);
}
END_TEST

START_TEST(a_circle_of_hooks_is_told)
{
    const struct moxd_hook before_c[] = { MOXD_HOOK(on_ask, ask, .before = "c", .after = "x"),
                                          { 0 } };
    const struct moxd_module b2 = MODULE("b", .hooks = before_c);
    const struct moxd_module c2 = MODULE("c", .hooks = before_b);

    begin();
    add(&a), add(&b2), add(&c2);
    core_modules_resolve(set, problems);
    expect_problem(0, "the hooks of on_ask are ordered in a circle: \"b\" before \"c\" before "
                      "\"b\"");
    modules_end();
}
END_TEST

START_TEST(edges_to_another_phase_do_not_count)
{
    const struct moxd_module b2 = MODULE("b", .hooks = late);
    const struct moxd_module c2 = MODULE("c", .hooks = after_b);

    begin();
    add(&b2), add(&c2);
    core_modules_resolve(set, problems);
    expect_fine();
    ck_assert_str_eq(core_point_find(set, "on_ask")->v[0].mod->tables.name, "c");
    modules_end();
}
END_TEST

START_TEST(unknown_points_and_versions_are_told)
{
    const struct moxd_hook hooks[] = {
        { .point = "on_nothing", .fn = (moxd_any_fn *)ask },
        { .point = "on_else", .fn = (moxd_any_fn *)ask, .optional = true },
        { .point = "on_see", .major = 1, .fn = (moxd_any_fn *)see },
        { .point = "on_ask", .major = 2, .fn = (moxd_any_fn *)see },
        { 0 }
    };
    const struct moxd_module bad = MODULE("bad", .hooks = hooks);
    const struct moxd_module twice = MODULE("twice", .points = points);

    begin();
    add(&bad), add(&twice);
    core_modules_resolve(set, problems);
    expect_problem(0, "has a hook for on_nothing, but no loaded module has such a point");
    expect_problem(1, "has a hook for version 1 of on_see, but \"owner\" has version 2");
    ck_assert_ptr_nonnull(
        strstr(core_problems_get(problems, 1)->hint, "update the module \"bad\""));
    expect_problem(2, "has a hook for version 2 of on_ask");
    ck_assert_ptr_nonnull(
        strstr(core_problems_get(problems, 2)->hint, "update the module \"owner\""));
    expect_problem(3, "\"owner\" and \"twice\" both have a hook point on_ask");
    modules_end();
}
END_TEST

/* ---- verdicts */

static void expect_reply(enum moxd_verdict told, enum moxd_verdict wanted, int code,
                         const char *enhanced)
{
    struct moxd_reply reply;

    verdict = told;
    refusing = "b";
    ck_assert_int_eq(fire("on_ask", &reply), wanted);
    ck_assert_str_eq(trace, "a b");
    ck_assert_int_eq(reply.code, code);
    ck_assert_str_eq(reply.enhanced, enhanced);
    ck_assert(reply.text[0] != '\0');
}

static void configure(const char *text)
{
    size_t n;
    const struct core_conf_module *mods = core_modules_conf(set, &n);
    char file[300];

    (void)snprintf(file, sizeof(file), "hostname = mail.example.org\nmodules = [\"a\"]\n%s", text);
    struct moxd_conf *conf =
        core_conf_load_text("/x/moxd.conf", moxd_cstr(file), moxd_cstr(""), mods, n, problems);
    expect_fine();
    ck_assert_ptr_nonnull(conf);
    core_modules_configure(set, conf, problems);
    moxd_conf_unref(conf);
}

static void run_verdicts(void *arg)
{
    struct moxd_reply reply;
    int answer;

    (void)arg;
    begin();
    add(&a), add(&b), add(&d);
    core_modules_resolve(set, problems);
    ck_assert_int_eq(core_modules_init(set, NULL, NULL), 0);
    expect_reply(MOXD_DEFER, MOXD_DEFER, 451, "4.7.1");
    expect_reply(MOXD_DENY, MOXD_DENY, 550, "5.7.1");
    expect_reply(MOXD_DROP, MOXD_DROP, 421, "4.7.0");
    expect_reply(MOXD_FAIL, MOXD_DEFER, 451, "4.7.1");
    expect_reply(MOXD_ANSWER, MOXD_DEFER, 451, "4.7.1");
    expect_reply((enum moxd_verdict)77, MOXD_DEFER, 451, "4.7.1");
    configure("hook \"b.on_ask\" { on-error = deny }");
    expect_reply(MOXD_FAIL, MOXD_DENY, 550, "5.7.1");
    configure("hook \"b.on_ask\" { on-error = ignore }");
    verdict = MOXD_FAIL;
    ck_assert_int_eq(fire("on_ask", &reply), MOXD_NEXT);
    ck_assert_str_eq(trace, "a b d");

    verdict = MOXD_ANSWER;
    ck_assert_int_eq(fire("on_give", &answer), MOXD_ANSWER);
    ck_assert_int_eq(answer, 7);
    ck_assert_str_eq(trace, "a b");
    verdict = MOXD_DENY;
    ck_assert_int_eq(fire("on_give", &answer), MOXD_DEFER);
    refusing = NULL;
    ck_assert_int_eq(fire("on_give", &answer), MOXD_NEXT);

    configure("hook \"b.on_nothing\" { timeout = 1s }");
    expect_problem(0, "there is no hook \"b.on_nothing\"");
    (void)core_modules_stop(set, MOXD_NEVER);
    modules_end();
}

START_TEST(verdicts_mean_one_thing_each)
{
    moxd_loop_main(run_verdicts, NULL);
}
END_TEST

static void run_polite(void *arg)
{
    const struct moxd_module table = MODULE("rude", .hooks = rude);
    struct moxd_reply reply;

    (void)arg;
    begin();
    add(&table);
    core_modules_resolve(set, problems);
    ck_assert_int_eq(core_modules_init(set, NULL, NULL), 0);
    ck_assert_int_eq(fire("on_ask", &reply), MOXD_DEFER);
    ck_assert_int_eq(reply.code, 450);
    ck_assert_str_eq(reply.enhanced, "4.7.1");
    ck_assert_str_eq(reply.text, "line  break");
    (void)core_modules_stop(set, MOXD_NEVER);
    modules_end();
}

START_TEST(replies_are_made_fit_to_send)
{
    moxd_loop_main(run_polite, NULL);
}
END_TEST

static void run_slow(void *arg)
{
    const struct moxd_module table = MODULE("slow", .hooks = slow);
    struct moxd_reply reply;
    char where[80];

    (void)arg;
    begin();
    add(&table);
    core_modules_resolve(set, problems);
    ck_assert_int_eq(core_modules_init(set, NULL, NULL), 0);
    ck_assert_int_eq(fire("on_ask", &reply), MOXD_DEFER);
    ck_assert_str_eq(trace, "slow");
    ck_assert_int_eq(reply.code, 451);
    ck_assert_uint_eq(core_hook_describe(where, sizeof(where)), 0);
    ck_assert_int_eq(moxd_fiber_ceiling(MOXD_NEVER), MOXD_NEVER);
    configure("hook \"slow.on_ask\" { on-error = ignore timeout = 2ms }");
    ck_assert_int_eq(fire("on_ask", &reply), MOXD_NEXT);
    (void)core_modules_stop(set, MOXD_NEVER);
    modules_end();
}

START_TEST(a_hook_that_never_returns_is_cut_off)
{
    moxd_loop_main(run_slow, NULL);
}
END_TEST

START_TEST(two_hooks_of_a_module_at_a_point)
{
    static const struct moxd_hook two[] = { MOXD_HOOK(on_ask, ask),
                                            MOXD_HOOK(on_see, see),
                                            MOXD_HOOK(on_ask, ask, .phase = MOXD_POLICY),
                                            { 0 } };
    const struct moxd_module m = MODULE("m", .hooks = two);

    begin();
    add(&m);
    core_modules_resolve(set, problems);
    expect_fine();
    const struct moxd_point *p = core_point_find(set, "on_ask");
    ck_assert_uint_eq(p->ordered, 2);
    ck_assert_str_eq(p->v[0].label, "m.on_ask");
    ck_assert_str_eq(p->v[1].label, "m.on_ask.2");
    ck_assert_str_eq(core_point_find(set, "on_see")->v[0].label, "m.on_see");
    modules_end();
}
END_TEST

START_TEST(the_order_can_be_shown)
{
    struct moxd_buf out = MOXD_BUF_INIT(10000);

    begin();
    add(&a), add(&c);
    core_modules_resolve(set, problems);
    core_hooks_show(set, &out);
    ck_assert_str_eq(moxd_buf_cstr(&out),
                     "on_connection (decide, of core)\n"
                     "on_disconnect (observe, of core)\n"
                     "on_ask (decide, of owner)\n"
                     "    a                check timeout=30s on-error=defer\n"
                     "    c                check before=x, b after=nobody,d timeout=30s "
                     "on-error=defer\n"
                     "on_see (observe, of owner)\n"
                     "    a                check\n"
                     "on_give (provide, of owner)\n"
                     "    a                check timeout=30s on-error=defer\n");
    moxd_buf_reset(&out);
    core_hooks_markdown(set, &out);
    ck_assert_ptr_nonnull(strstr(moxd_buf_cstr(&out), "Declared in `<moxd/owner.h>`."));
    ck_assert_ptr_nonnull(
        strstr(moxd_buf_cstr(&out),
               "| `on_give` | 1 | provide | `struct event` | Wants \\| a number. |\n"));
    moxd_buf_fini(&out);
    modules_end();
}
END_TEST

/* ---- hooks that run at the same time */

enum { CROWD = 3 };
static unsigned arrived, left, wanted;
static struct moxd_waitq meeting;
static const char *late_ones; /* modules whose hook comes back after the others */

static enum moxd_verdict tell(const struct moxd_instance *m, struct moxd_reply *reply)
{
    left++;
    if (!refusing || !strstr(refusing, m->module->name))
        return MOXD_NEXT;
    return moxd_reply_set(reply, 550, "5.7.1", "%s refuses", m->module->name);
}

/* Comes back when all are there, so never unless they run at the same time. */
static enum moxd_verdict meet(struct moxd_instance *m, const struct event *ev,
                              struct moxd_reply *reply)
{
    char where[80], label[80];

    ck_assert_int_eq(ev->n, 7);
    ck_assert_int_eq(reply->code, 0);
    note(m);
    arrived++;
    moxd_waitq_wake_all(&meeting);
    while (arrived < wanted || (late_ones && strstr(late_ones, m->module->name) && left == 0))
        if (moxd_waitq_wait(&meeting, MOXD_NEVER) != MOXD_OK)
            break;
    size_t n = core_hook_describe(where, sizeof(where));
    (void)snprintf(label, sizeof(label), "hook=%s.on_ask", m->module->name);
    ck_assert_str_eq(moxd_arena_cstr(set->a, moxd_str(where, n)), label);
    enum moxd_verdict v = tell(m, reply);
    moxd_waitq_wake_all(&meeting);
    return v;
}

static const struct moxd_hook meeting_hook[] = { MOXD_HOOK(on_ask, meet, .concurrent = true),
                                                 { 0 } };
static const struct moxd_hook hasty_hook[] = {
    MOXD_HOOK(on_ask, meet, .concurrent = true, .timeout = MOXD_MS), { 0 }
};
static const struct moxd_module p1 = MODULE("p1", .hooks = meeting_hook),
                                p2 = MODULE("p2", .hooks = meeting_hook),
                                p3 = MODULE("p3", .hooks = meeting_hook);

static enum moxd_verdict crowd(struct moxd_reply *reply)
{
    arrived = left = 0;
    return fire("on_ask", reply);
}

static void begin_crowd(const struct moxd_module *last)
{
    begin();
    late_ones = NULL;
    wanted = CROWD;
    add(&p1), add(&p2), add(last);
    core_modules_resolve(set, problems);
    expect_fine();
    ck_assert_int_eq(core_modules_init(set, NULL, NULL), 0);
}

static void end_crowd(void)
{
    (void)core_modules_stop(set, MOXD_NEVER);
    modules_end();
}

static void run_together(void *arg)
{
    struct moxd_reply reply;

    (void)arg;
    begin_crowd(&p3);
    ck_assert_int_eq(crowd(&reply), MOXD_NEXT);
    ck_assert_uint_eq(left, CROWD);
    ck_assert_str_eq(trace, "p1 p2 p3");
    refusing = "p2 p3";
    late_ones = "p2"; /* its refusal comes last, and is the answer all the same */
    ck_assert_int_eq(crowd(&reply), MOXD_DENY);
    ck_assert_uint_eq(left, CROWD);
    ck_assert_str_eq(reply.text, "p2 refuses");
    ck_assert_int_eq(reply.code, 550);
    late_ones = "p3";
    ck_assert_int_eq(crowd(&reply), MOXD_DENY);
    ck_assert_str_eq(reply.text, "p2 refuses");
    ck_assert_uint_eq(left, CROWD);
    end_crowd();
}

START_TEST(concurrent_hooks_wait_at_the_same_time)
{
    moxd_loop_main(run_together, NULL);
}
END_TEST

/* One is too slow; the others wait as long as they like. */
static void run_hasty(void *arg)
{
    const struct moxd_module hasty = MODULE("p3", .hooks = hasty_hook);
    struct moxd_reply reply;

    (void)arg;
    begin_crowd(&hasty);
    wanted = CROWD + 1;
    configure("hook \"p1.on_ask\" { timeout = 20ms }\nhook \"p2.on_ask\" { on-error = ignore "
              "timeout = 20ms }\nhook \"p3.on_ask\" { on-error = deny }");
    ck_assert_int_eq(crowd(&reply), MOXD_DEFER); /* p1 */
    ck_assert_uint_eq(left, CROWD);
    ck_assert_int_eq(reply.code, 451);
    configure("hook \"p1.on_ask\" { on-error = ignore timeout = 20ms }");
    ck_assert_int_eq(crowd(&reply), MOXD_DENY); /* p3 */
    ck_assert_int_eq(moxd_fiber_ceiling(MOXD_NEVER), MOXD_NEVER);
    end_crowd();
}

START_TEST(each_concurrent_hook_has_its_own_timeout)
{
    moxd_loop_main(run_hasty, NULL);
}
END_TEST

static void session(void *arg)
{
    struct moxd_reply reply;

    (void)crowd(&reply);
    ck_assert(moxd_fiber_cancelled());
    *(bool *)arg = true;
}

static void run_cancelled(void *arg)
{
    bool ended = false;

    (void)arg;
    begin_crowd(&p3);
    wanted = CROWD + 1; /* nobody leaves by himself */
    struct moxd_fid fid = moxd_fiber_spawn("session", session, &ended);
    while (arrived < CROWD)
        ck_assert_int_eq(moxd_waitq_wait(&meeting, MOXD_NEVER), MOXD_OK);
    ck_assert(moxd_fiber_cancel(fid));
    ck_assert_int_eq(moxd_fiber_join(fid, MOXD_NEVER), MOXD_OK);
    ck_assert(ended);
    ck_assert_uint_eq(left, CROWD); /* before it ended */
    end_crowd();
}

START_TEST(cancelling_the_session_cancels_concurrent_hooks)
{
    moxd_loop_main(run_cancelled, NULL);
}
END_TEST

START_TEST(edges_phases_and_old_modules_run_alone)
{
    static const struct moxd_hook second[] = {
        MOXD_HOOK(on_ask, meet, .concurrent = true, .after = "p1"), { 0 }
    };
    static const struct moxd_hook policy[] = {
        MOXD_HOOK(on_ask, meet, .concurrent = true, .phase = MOXD_POLICY), { 0 }
    };
    const struct moxd_module q = MODULE("q", .hooks = second), r = MODULE("r", .hooks = second),
                             s = MODULE("s", .hooks = policy), t = MODULE("t", .hooks = plain);
    struct moxd_module old = MODULE("r1", .hooks = meeting_hook);
    struct moxd_buf out = MOXD_BUF_INIT(10000);

    old.abi_minor = 0; /* the byte was padding */
    begin();
    add(&p1), add(&p2), add(&q), add(&r), add(&s), add(&t), add(&old);
    core_modules_resolve(set, problems);
    expect_fine();
    core_hooks_show(set, &out);
    char *end = strstr(out.p, "on_see");
    ck_assert_ptr_nonnull(end);
    *end = '\0';
    ck_assert_str_eq(moxd_buf_cstr(&out),
                     "on_connection (decide, of core)\n"
                     "on_disconnect (observe, of core)\n"
                     "on_ask (decide, of owner)\n"
                     "    p1               check timeout=30s on-error=defer\n"
                     "  + p2               check timeout=30s on-error=defer\n"
                     "    q                check after=p1 timeout=30s on-error=defer\n"
                     "  + r                check after=p1 timeout=30s on-error=defer\n"
                     "    r1               check timeout=30s on-error=defer\n"
                     "    t                check timeout=30s on-error=defer\n"
                     "    s                policy timeout=30s on-error=defer\n");
    moxd_buf_fini(&out);
    modules_end();
}
END_TEST

UNIT_MAIN("hooks", order_is_phase_then_edges_then_name, a_circle_of_hooks_is_told,
          edges_to_another_phase_do_not_count, unknown_points_and_versions_are_told,
          verdicts_mean_one_thing_each, replies_are_made_fit_to_send,
          a_hook_that_never_returns_is_cut_off, two_hooks_of_a_module_at_a_point,
          the_order_can_be_shown, concurrent_hooks_wait_at_the_same_time,
          each_concurrent_hook_has_its_own_timeout, cancelling_the_session_cancels_concurrent_hooks,
          edges_phases_and_old_modules_run_alone)
