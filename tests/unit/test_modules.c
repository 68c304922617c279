#include "modules.h"

/* What modules were called for, in order: "init:a init:b ...". */
static char trace[512];

static void note(const char *what, const struct moxd_instance *m)
{
    size_t n = strlen(trace);

    (void)snprintf(trace + n, sizeof(trace) - n, "%s%s:%s", n ? " " : "", what, m->module->name);
}

static const char *failing; /* the module whose init or start fails */
static const char *failing_in;

static int step(const char *what, const struct moxd_instance *m, struct moxd_err *err)
{
    note(what, m);
    if (failing && strcmp(failing, m->module->name) == 0 && strcmp(failing_in, what) == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "it was told to fail");
    return 0;
}

static int on_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    (void)conf;
    return step("init", m, err);
}

static int on_start(struct moxd_instance *m, struct moxd_err *err)
{
    return step("start", m, err);
}

static void on_reload(struct moxd_instance *m, const struct moxd_conf *conf)
{
    (void)conf;
    note("reload", m);
}

static void on_drain(struct moxd_instance *m)
{
    note("drain", m);
}

static void on_stop(struct moxd_instance *m)
{
    note("stop", m);
}

#define MODULE(name_, ...)                                                                         \
    {                                                                                              \
        MOXD_MODULE_HEAD(name_, "1.0", "test"),                                                    \
            .instance_size = sizeof(struct moxd_instance), .init = on_init, .start = on_start,     \
            .reload = on_reload, .drain = on_drain, .stop = on_stop, __VA_ARGS__                   \
    }

static const int vtable_one = 1, vtable_two = 2;
static const struct moxd_interface provides_x12[] = { { "x", 1, 2, &vtable_one }, { 0 } };
static const struct moxd_interface provides_y1[] = { { "y", 1, 0, &vtable_two }, { 0 } };

static void expect_order(const char *names)
{
    char text[200] = "";

    for (size_t i = 0; i < core_modules_count(set); i++) {
        size_t n = strlen(text);
        (void)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "",
                       core_modules_get(set, i)->tables.name);
    }
    ck_assert_str_eq(text, names);
}

START_TEST(providers_come_before_those_who_need_them)
{
    const char *needs_x[] = { "x/1", NULL }, *needs_y[] = { "y/1", "x/1.2", NULL };
    const struct moxd_module c = MODULE("c", .needs = needs_y),
                             b = MODULE("b", .needs = needs_x, .provides = provides_y1),
                             a = MODULE("a", .provides = provides_x12), d = MODULE("d");
    struct moxd_instance *self;

    modules_begin();
    add(&c), add(&b), add(&d), add(&a);
    core_modules_resolve(set, problems);
    expect_fine();
    expect_order("d a b c");
    struct moxd_instance *m = core_modules_find(set, "c")->m;
    ck_assert_ptr_eq(moxd_interface_get(m, "y", &self), &vtable_two);
    ck_assert_ptr_eq(self, core_modules_find(set, "b")->m);
    modules_end();
}
END_TEST

START_TEST(needs_that_nobody_meets_are_told)
{
    const char *needs[] = { "z/1", "x/2", "x/1.3", "x/", "X/1", "x/1.", "x", "z/1?", "x/3?", NULL };
    const struct moxd_module a = MODULE("a", .provides = provides_x12),
                             b = MODULE("b", .needs = needs);
    struct moxd_instance *self;

    modules_begin();
    add(&a), add(&b);
    core_modules_resolve(set, problems);
    expect_problem(0, "\"b\" needs the interface z/1.0, which no loaded module provides");
    expect_problem(1, "needs the interface x/2.0, but \"a\" provides x/1.2");
    expect_problem(2, "needs the interface x/1.3, but \"a\" provides x/1.2");
    expect_problem(3, "needs an interface \"x/\"");
    expect_problem(4, "needs an interface \"X/1\"");
    expect_problem(5, "needs an interface \"x/1.\"");
    expect_problem(6, "needs an interface \"x\"");
    expect_problem(7, "goes without the interface x/3.0");
    ck_assert_uint_eq(core_problems_errors(problems), 7);
    ck_assert_ptr_null(moxd_interface_get(core_modules_find(set, "b")->m, "z", &self));
    ck_assert_ptr_null(self);
    modules_end();
}
END_TEST

START_TEST(modules_in_a_circle_are_told)
{
    const char *needs_x[] = { "x/1", NULL }, *needs_y[] = { "y/1", NULL };
    const struct moxd_module a = MODULE("a", .needs = needs_y, .provides = provides_x12),
                             b = MODULE("b", .needs = needs_x, .provides = provides_y1);

    modules_begin();
    add(&a), add(&b);
    core_modules_resolve(set, problems);
    expect_problem(0, "in a circle: \"a\" needs y of \"b\", \"b\" needs x of \"a\"");
    modules_end();
}
END_TEST

static int run_command(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    (void)m, (void)c, (void)argc, (void)argv, (void)err;
    return 0;
}

START_TEST(names_that_two_modules_want_are_told)
{
    const struct moxd_command commands[] = {
        { .name = "do it", .summary = "?", .run = run_command }, { 0 }
    };
    const struct moxd_metric metrics[] = { { .name = "moxd_x_total", .help = "?" }, { 0 } };
    const struct moxd_module a = MODULE("a", .provides = provides_x12, .commands = commands,
                                        .metrics = metrics),
                             b = MODULE("b", .provides = provides_x12, .commands = commands,
                                        .metrics = metrics);

    modules_begin();
    add(&a), add(&b), add(&b);
    core_modules_resolve(set, problems);
    expect_problem(0, "\"a\" and \"b\" both have the interface x/1");
    expect_problem(1, "both have the control command do it");
    expect_problem(2, "both have the metric moxd_x_total");
    expect_problem(3, "module \"b\" is listed twice");
    modules_end();
}
END_TEST

START_TEST(defects_in_tables_are_told)
{
    const struct moxd_hook hooks[] = { { .point = "on_x", .phase = 9 }, { 0 } };
    const struct moxd_point_def points[] = { { .name = "on_y", .major = 1, .doc = "", .event = "" },
                                             { 0 } };
    const struct moxd_service services[] = { { .name = "No" }, { 0 } };
    const struct moxd_slot slots[] = { { "o", 0, NULL }, { "o", 8, NULL }, { 0 } };
    const struct moxd_command commands[] = { { .name = "do" }, { 0 } };
    const struct moxd_interface interfaces[] = { { .name = "I" }, { 0 } };
    struct moxd_module a = MODULE("a", .hooks = hooks, .points = points, .services = services,
                                  .slots = slots, .commands = commands, .provides = interfaces);

    a.instance_size = 1;
    modules_begin();
    add(&a);
    expect_problem(0, "instance_size is 1");
    expect_problem(1, "an interface cannot be called \"I\"");
    expect_problem(2, "the interface I has no functions");
    expect_problem(3, "the hook point on_y has no thunk");
    expect_problem(4, "the hook for on_x has no function");
    expect_problem(5, "the hook for on_x has an unknown phase");
    expect_problem(6, "a service cannot be called \"No\"");
    expect_problem(7, "the service No has no session function");
    expect_problem(8, "the block of the service No does not begin");
    expect_problem(9, "the command do has no function or no summary");
    expect_problem(10, "the slot at o has no size");
    expect_problem(11, "it has two slots at o");
    ck_assert_uint_eq(core_modules_count(set), 0);
    modules_end();
}
END_TEST

/* ---- life */

static const char *const needs_x1[] = { "x/1", NULL };
static const char *const needs_y1[] = { "y/1", NULL };
static const struct moxd_module chain[] = {
    MODULE("c", .needs = needs_y1),
    MODULE("b", .needs = needs_x1, .provides = provides_y1),
    MODULE("a", .provides = provides_x12),
};

struct life {
    const char *module, *in; /* what fails where, or NULL */
    int init, start;         /* what they must return */
    const char *trace, *err;
};

static void run_life(void *arg)
{
    const struct life *life = arg;
    struct moxd_err err = { 0 };

    trace[0] = '\0';
    failing = life->module;
    failing_in = life->in;
    modules_begin();
    for (size_t i = 0; i < MOXD_NELEMS(chain); i++)
        add(&chain[i]);
    core_modules_resolve(set, problems);
    expect_fine();
    ck_assert_int_eq(core_modules_init(set, NULL, &err), life->init);
    if (life->init == 0)
        ck_assert_int_eq(core_modules_start(set, &err), life->start);
    if (life->init == 0 && life->start == 0) {
        core_modules_reload(set, NULL);
        core_modules_drain(set, MOXD_NEVER);
        (void)core_modules_stop(set, MOXD_NEVER);
    }
    ck_assert_str_eq(trace, life->trace);
    if (life->err)
        ck_assert_str_eq(err.priv, life->err);
    modules_end();
}

START_TEST(life_goes_in_order_and_back)
{
    struct life life = {
        .trace = "init:a init:b init:c reload:a reload:b reload:c start:a start:b start:c "
                 "reload:a reload:b reload:c drain:c drain:b drain:a stop:c stop:b stop:a"
    };

    moxd_loop_main(run_life, &life);
}
END_TEST

START_TEST(a_failed_init_leaves_nothing_behind)
{
    struct life life = { .module = "c",
                         .in = "init",
                         .init = -1,
                         .trace = "init:a init:b init:c stop:b stop:a",
                         .err = "module \"c\" did not initialize: it was told to fail" };

    moxd_loop_main(run_life, &life);
}
END_TEST

START_TEST(a_failed_start_stops_everything)
{
    struct life life = { .module = "b",
                         .in = "start",
                         .start = -1,
                         .trace = "init:a init:b init:c reload:a reload:b reload:c start:a start:b "
                                  "stop:c stop:b stop:a",
                         .err = "module \"b\" did not start: it was told to fail" };

    moxd_loop_main(run_life, &life);
}
END_TEST

/* ---- fibers of modules */

static int ended;

static void until_cancelled(void *arg)
{
    (void)arg;
    while (moxd_park(MOXD_NEVER) == MOXD_OK)
        ;
    (void)moxd_yield();
    ended++;
}

static void stop_spawns(struct moxd_instance *m)
{
    ck_assert_int_eq(ended, 2);
    (void)moxd_module_spawn(m, "late", until_cancelled, NULL);
}

static void run_spawn(void *arg)
{
    struct moxd_module table = MODULE("a");

    (void)arg;
    table.stop = stop_spawns;
    modules_begin();
    add(&table);
    core_modules_resolve(set, problems);
    ck_assert_int_eq(core_modules_init(set, NULL, NULL), 0);
    (void)moxd_module_spawn(core_modules_get(set, 0)->m, "one", until_cancelled, NULL);
    (void)moxd_module_spawn(core_modules_get(set, 0)->m, "two", until_cancelled, NULL);
    (void)core_modules_stop(set, MOXD_NEVER);
    ck_assert_int_eq(ended, 3);
    modules_end();
}

START_TEST(stop_waits_for_the_fibers_of_a_module)
{
    moxd_loop_main(run_spawn, NULL);
}
END_TEST

/* ---- slots */

struct big {
    char v[100];
};
static unsigned finished;

static void fini_big(void *slot)
{
    finished += (unsigned)((struct big *)slot)->v[0];
}

START_TEST(slots_are_zeroed_kept_apart_and_finished)
{
    const struct moxd_slot slots_a[] = { { "session", sizeof(char), NULL }, { 0 } };
    const struct moxd_slot slots_b[] = { { "other", 1, NULL },
                                         { "session", sizeof(struct big), fini_big },
                                         { 0 } };
    const struct moxd_module a = MODULE("a", .slots = slots_a), b = MODULE("b", .slots = slots_b);
    struct moxd_arena *arena = moxd_arena_new(0);
    struct moxd_slots s, none;

    modules_begin();
    add(&a), add(&b);
    core_modules_resolve(set, problems);
    moxd_slots_init(&s, "session", arena);
    moxd_slots_init(&none, "nobody wants it", arena);
    char *of_a = moxd_slot(&s, "session", core_modules_find(set, "a")->m);
    struct big *of_b = moxd_slot(&s, "session", core_modules_find(set, "b")->m);
    ck_assert_int_eq(*of_a, 0);
    ck_assert_int_eq(of_b->v[99], 0);
    memset(of_b, 3, sizeof(*of_b));
    ck_assert_int_eq(*of_a, 0);
    moxd_slots_fini(&s, "session");
    moxd_slots_fini(&none, "nobody wants it");
    ck_assert_uint_eq(finished, 3);
    modules_end();
    moxd_arena_free(arena);
}
END_TEST

UNIT_MAIN("modules", providers_come_before_those_who_need_them, needs_that_nobody_meets_are_told,
          modules_in_a_circle_are_told, names_that_two_modules_want_are_told,
          defects_in_tables_are_told, life_goes_in_order_and_back,
          a_failed_init_leaves_nothing_behind, a_failed_start_stops_everything,
          stop_waits_for_the_fibers_of_a_module, slots_are_zeroed_kept_apart_and_finished)
