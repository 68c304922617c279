/* moxctl help: the commands of moxctl itself and those of the server; without a server, those that the
 * configured modules would bring (P-CTL-07). */
#include "control/control.h"
#include "moxctl/modules.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIST_MAX = 1 << 20 };

struct entry {
    const char *name, *args, *summary, *help;
};
struct list {
    struct entry *v;
    size_t n, cap;
    struct moxd_arena *a;
};

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

static void add(struct list *l, const char *name, const char *args, const char *summary,
                const char *help)
{
    struct entry *e = moxd_arena_push(l->a, &l->v, &l->n, &l->cap, sizeof(*e));

    *e = (struct entry){ name, or_empty(args), or_empty(summary), or_empty(help) };
}

/* ---- where they come from */

static void collect(void *arg, struct moxd_str s)
{
    moxd_buf_addstr(arg, s);
}

static void ignore(void *arg, struct moxd_str s)
{
    (void)arg, (void)s;
}

/* Four texts a command, see the server's command "commands". */
static void add_from_server(struct list *l, struct moxd_str text)
{
    const char *field[4];
    size_t n = 0;

    for (ptrdiff_t end; (end = moxd_str_chr(text, '\0')) >= 0;) {
        field[n++] = moxd_arena_cstr(l->a, moxd_str_sub(text, 0, (size_t)end));
        text = moxd_str_from(text, (size_t)end + 1);
        if (n == MOXD_NELEMS(field)) {
            add(l, field[0], field[1], field[2], field[3]);
            n = 0;
        }
    }
}

static bool ask_server(struct moxctl *x, struct list *l)
{
    struct moxd_buf text = MOXD_BUF_INIT(LIST_MAX);
    struct moxctl_io io = { .out = collect, .err = ignore, .arg = &text };
    char word[] = "commands", *argv[] = { word, NULL };
    struct moxd_err err = { 0 };
    const char *path = moxctl_socket(x, &err);
    bool ok = path && moxctl_call(path, 1, argv, &io, &err) == 0 && !text.overflow;

    if (ok)
        add_from_server(l, moxd_buf_str(&text));
    moxd_buf_fini(&text);
    return ok;
}

static void add_table(struct list *l, const struct moxd_command *cmd)
{
    for (; cmd && cmd->name; cmd++) {
        if (cmd->flags & MOXD_CMD_HIDDEN)
            continue;
        add(l, cmd->name, cmd->args, cmd->summary, cmd->help);
    }
}

static void add_of_modules(struct moxctl *x, struct list *l)
{
    struct moxctl_modules mm;

    add_table(l, control_core_commands);
    if (moxctl_modules_load(x, true, &mm) < 0)
        return;
    for (size_t i = 0; i < mm.n; i++)
        add_table(l, mm.mods[i].module->commands);
    moxctl_modules_free(&mm); /* the tables stay: modules are never unmapped */
}

static bool has(const struct list *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->v[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Those that both know are moxctl's. */
static void add_local(struct list *l)
{
    for (const struct moxctl_command *cmd = moxctl_commands; cmd->name; cmd++) {
        if (!cmd->hidden && !has(l, cmd->name))
            add(l, cmd->name, cmd->args, cmd->summary, cmd->help);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static bool make_list(struct moxctl *x, struct list *l)
{
    bool running = ask_server(x, l);

    if (!running)
        add_of_modules(x, l);
    add_local(l);
    qsort(l->v, l->n, sizeof(*l->v), by_name);
    return running;
}

/* ---- which are shown */

static bool in_text(const char *text, const char *word)
{
    return moxd_str_casefind(moxd_cstr(text), moxd_cstr(word)) >= 0;
}

/* Whether every word is in one of the texts; `names` looks at names only. */
static bool matches(const struct entry *e, int argc, char **argv, bool names)
{
    for (int i = 0; i < argc; i++) {
        if (in_text(e->name, argv[i]))
            continue;
        if (names || (!in_text(e->summary, argv[i]) && !in_text(e->help, argv[i])))
            return false;
    }
    return true;
}

static struct list filter(const struct list *all, int argc, char **argv, bool names)
{
    struct list some = { .a = all->a };

    for (size_t i = 0; i < all->n; i++) {
        const struct entry *e = &all->v[i];
        if (matches(e, argc, argv, names))
            add(&some, e->name, e->args, e->summary, e->help);
    }
    return some;
}

/* The whole name was typed: that command, though its words are in longer names too. */
static struct list exact(const struct list *all, int argc, char **argv)
{
    struct list one = { .a = all->a };

    for (size_t i = 0; i < all->n; i++) {
        const struct entry *e = &all->v[i];
        if (argc > 0 && control_words(e->name, argc, argv) == argc)
            add(&one, e->name, e->args, e->summary, e->help);
    }
    return one;
}

/* ---- how */

static void print_wrapped(const char *text)
{
    enum { WIDTH = 78 };
    struct moxd_str rest = moxd_cstr(text);
    size_t col = 0;

    while (rest.p) {
        struct moxd_str word = moxd_str_cut(&rest, ' ');
        if (col > 0 && col + 1 + word.n > WIDTH) {
            putchar('\n');
            col = 0;
        }
        printf("%s%" MOXD_STRF, col ? " " : "", MOXD_STRA(word));
        col += word.n + (col > 0);
    }
    putchar('\n');
}

static void print_one(const struct entry *e)
{
    printf("usage: moxctl %s%s%s\n\n", e->name, *e->args ? " " : "", e->args);
    print_wrapped(e->summary);
    if (*e->help) {
        putchar('\n');
        print_wrapped(e->help);
    }
}

static void print_list(const struct list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct entry *e = &l->v[i];
        printf("  %s%s%s\n        %s\n", e->name, *e->args ? " " : "", e->args, e->summary);
    }
}

int moxctl_help(struct moxctl *x, int argc, char **argv)
{
    struct list all = { .a = x->a }, some;
    bool running = make_list(x, &all);

    some = exact(&all, argc, argv);
    if (some.n == 0)
        some = filter(&all, argc, argv, true);
    if (some.n == 0)
        some = filter(&all, argc, argv, false);
    if (some.n == 0)
        return moxctl_fail(MOXCTL_USAGE, "no command has to do with \"%s\"", argv[0]);
    if (some.n == 1) {
        print_one(&some.v[0]);
        return MOXCTL_OK;
    }
    if (argc == 0)
        printf("usage: moxctl [-c FILE] [-l LEVEL] COMMAND [ARGUMENT...]\n\n");
    print_list(&some);
    if (!running && argc == 0)
        printf("\nThe server is not running; most commands need it.\n");
    return MOXCTL_OK;
}
