/* Changing domains.conf: the text keeps what was not changed, nothing invalid is written, a change on
 * disk is taken over.
 * proves: CORE-20, P-CORE-02 */
#include "unit.h"

#include "config.h"
#include "in_fiber.h"

#include <errno.h>
#include <fcntl.h>
#include <moxd/log.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- text */

static struct conf_tree *tree;
static struct moxd_problems *problems;

static struct moxd_node *parse(const char *text)
{
    problems = core_problems_new();
    tree = conf_tree_parse("f", moxd_cstr(text), problems);
    return &tree->root;
}

/* Compares what is written, and that it parses again. */
static void written(const char *expected)
{
    struct moxd_buf out = MOXD_BUF_INIT(1 << 20);

    conf_tree_write(tree, &out);
    ck_assert_str_eq(moxd_buf_cstr(&out), expected);
    conf_tree_free(tree);
    tree = conf_tree_parse("f", moxd_buf_str(&out), problems);
    ck_assert_uint_eq(core_problems_errors(problems), 0);
    conf_tree_free(tree);
    core_problems_free(problems);
    moxd_buf_fini(&out);
}

START_TEST(unchanged_text_stays)
{
    static const char *const texts[] = {
        "",
        "# c\n\na=1   # d\n  b \"x\"{c=[1,2]# e\n}#f\n\n# end",
        "a {\n\tb = \"\\\"\"\n}\n\n\n",
        "\xef\xbb\xbf"
        "a = 1\r\nb { }\r\n",
    };

    for (size_t i = 0; i < MOXD_NELEMS(texts); i++) {
        parse(texts[i]);
        written(texts[i]);
    }
}
END_TEST

START_TEST(values_change_in_place)
{
    struct moxd_node *root = parse("# top\na = 1 # one\nb {\n    # inner\n    c = [x] # list\n}\n");
    struct moxd_node *b = moxd_node_find(root, "b", NULL);

    moxd_node_set(root, "a", "two \"words\"\n");
    moxd_node_set_list(b, "c", (const char *const[]){ "y", "z" }, 2);
    moxd_node_set(b, "d", "25");
    ck_assert_str_eq(moxd_node_value(b, "d"), "25");
    written("# top\na = \"two \\\"words\\\"\\n\" # one\nb {\n    # inner\n    c = [\"y\", \"z\"] # "
            "list\n    d = 25\n}\n");
}
END_TEST

START_TEST(blocks_are_added_and_indented)
{
    struct moxd_node *root = parse("domain \"a\" { }\naccount \"x\" {\n\tdomain = a\n}\n# end\n");
    struct moxd_node *x = moxd_node_find(root, "account", "x");
    struct moxd_node *y = moxd_node_add_block(root, "account", "y \"q\""), *a;

    moxd_node_set(y, "domain", "a");
    a = moxd_node_add_block(y, "address", "y@a");
    moxd_node_set(a, "full-name", "Y");
    moxd_node_add_block(x, "address", "x@a");
    moxd_node_set(moxd_node_find(root, "domain", "a"), "description", "text");
    written("domain \"a\" {\n    description = \"text\"\n}\naccount \"x\" {\n\tdomain = a\n"
            "\taddress \"x@a\" {\n\t}\n}\n"
            "\naccount \"y \\\"q\\\"\" {\n    domain = \"a\"\n    address \"y@a\" {\n"
            "        full-name = \"Y\"\n    }\n}\n# end\n");
}
END_TEST

START_TEST(blocks_are_removed_with_their_comments)
{
    struct moxd_node *root =
        parse("# file\n\n# about a\na \"1\" { }\n# about b\nb \"2\" {\n x = 1\n"
              " # about y\n y = 2 # why\n z = 3\n}\nc { }\n");
    struct moxd_node *b = moxd_node_find(root, "b", "2");

    moxd_node_remove(root, moxd_node_find(root, "a", "1"));
    ck_assert_ptr_null(moxd_node_find(root, "a", "1"));
    moxd_node_remove(b, moxd_node_next(b, moxd_node_next(b, NULL, NULL), NULL));
    moxd_node_set_label(b, "two");
    ck_assert_ptr_nonnull(moxd_node_find(root, "b", "two"));
    written("# file\n# about b\nb \"two\" {\n x = 1\n z = 3\n}\nc { }\n");
}
END_TEST

START_TEST(one_line_blocks)
{
    struct moxd_node *root = parse("a { x = 1 y = 2 }\nb { x = 1 }\nc { x = 1 }");
    struct moxd_node *a = moxd_node_find(root, "a", NULL), *c = moxd_node_find(root, "c", NULL);

    moxd_node_remove(a, moxd_node_next(a, NULL, "x"));
    moxd_node_set(moxd_node_find(root, "b", NULL), "x", "2");
    moxd_node_set(c, "y", "3");
    moxd_node_set(root, "top", "4");
    written("top = 4\na { y = 2 }\nb { x = 2 }\nc { x = 1\n    y = 3\n}");
}
END_TEST

/* ---- files */

static char dir[] = "/tmp/moxd-conf-XXXXXX";
static char domains_path[64], conf_path[64];
static int reloads;
static struct moxd_waitq reloaded;

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static const char *get(const char *path)
{
    static struct moxd_buf b;

    moxd_buf_fini(&b);
    ck_assert_int_eq(conf_file_read(path, &b, NULL, NULL), 0);
    return moxd_buf_cstr(&b);
}

static void on_reload(const struct moxd_conf *conf)
{
    ck_assert_ptr_eq(conf, moxd_conf_current());
    reloads++;
    moxd_waitq_wake_all(&reloaded);
}

static void setup(const char *domains)
{
    struct moxd_problems *p = core_problems_new();
    struct moxd_conf *conf;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(conf_path, sizeof(conf_path), "%s/moxd.conf", dir);
    snprintf(domains_path, sizeof(domains_path), "%s/domains.conf", dir);
    put(conf_path, "hostname = mx.example.org\nmodules = []\n");
    put(domains_path, domains);
    conf = core_conf_load(conf_path, config_mods, 2, p);
    ck_assert_ptr_nonnull(conf);
    core_conf_activate(conf);
    core_conf_on_reload(on_reload);
    core_problems_free(p);
    moxd_log_fd(-1);
}

static void teardown(void)
{
    core_conf_fini();
    get(domains_path);
    unlink(conf_path);
    unlink(domains_path);
    ck_assert_int_eq(rmdir(dir), 0);
}

static int add_account(struct moxd_node *root, void *arg, struct moxd_err *err)
{
    const char **name_domain = arg;

    if (moxd_node_find(root, "account", name_domain[0]))
        return moxd_err_set(err, MOXD_ERR_EXISTS, "account is there already");
    moxd_node_set(moxd_node_add_block(root, "account", name_domain[0]), "domain", name_domain[1]);
    return 0;
}

static size_t accounts(void)
{
    const struct names_conf *c = moxd_conf_dynamic(moxd_conf_current(), config_mods[1].m);

    return c->accounts.n;
}

IN_FIBER(an_edit_is_written_and_current)
{
    struct moxd_err err = { 0 };
    struct stat st;

    setup("# mine\ndomain \"a\" { }\n");
    ck_assert_int_eq(chmod(domains_path, 0640), 0);
    ck_assert_int_eq(moxd_conf_edit(add_account, (const char *[]){ "x", "a" }, &err), 0);
    ck_assert_str_eq(get(domains_path),
                     "# mine\ndomain \"a\" { }\n\naccount \"x\" {\n    domain = \"a\"\n}\n");
    ck_assert_uint_eq(accounts(), 1);
    ck_assert_int_eq(reloads, 1);
    ck_assert_int_eq(stat(domains_path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0640);
    teardown();
}

IN_FIBER(a_refused_edit_changes_nothing)
{
    static const char text[] = "domain \"a\" { }\naccount \"x\" { domain = a }\n";
    const struct moxd_conf *before;
    struct moxd_err err = { 0 };

    setup(text);
    before = moxd_conf_current();
    ck_assert_int_eq(moxd_conf_edit(add_account, (const char *[]){ "x", "a" }, &err), -1);
    ck_assert_str_eq(err.priv, "account is there already");
    ck_assert_int_eq(moxd_conf_edit(add_account, (const char *[]){ "y", "b" }, &err), -1);
    ck_assert_str_eq(err.priv, "account \"y\": no domain \"b\" (moxctl domain add)");
    ck_assert_str_eq(get(domains_path), text);
    ck_assert_ptr_eq(moxd_conf_current(), before);
    ck_assert_int_eq(reloads, 0);
    teardown();
}

IN_FIBER(an_edit_takes_over_what_is_in_the_file)
{
    struct moxd_err err = { 0 };

    setup("domain \"a\" { }\n");
    put(domains_path, "domain \"a\" { }\ndomain \"b\" { }\n");
    ck_assert_int_eq(moxd_conf_edit(add_account, (const char *[]){ "x", "b" }, &err), 0);
    ck_assert_uint_eq(accounts(), 1);
    put(domains_path, "domain \"a\" {\n");
    ck_assert_int_eq(moxd_conf_edit(add_account, (const char *[]){ "y", "a" }, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.priv, "the file has errors, nothing was changed"));
    ck_assert_ptr_nonnull(strstr(err.priv, "domains.conf:1:1: block \"domain\" is not closed"));
    ck_assert_str_eq(get(domains_path), "domain \"a\" {\n");
    teardown();
}

static void add_one(void *arg)
{
    struct moxd_err err = { 0 };

    ck_assert_int_eq(moxd_conf_edit(add_account, (const char *[]){ arg, "a" }, &err), 0);
}

IN_FIBER(edits_at_the_same_time_are_all_kept)
{
    static char names[8][8];
    struct moxd_fid f[8];

    setup("domain \"a\" { }\n");
    for (int i = 0; i < 8; i++) {
        snprintf(names[i], sizeof(names[i]), "u%d", i);
        f[i] = moxd_fiber_spawn("edit", add_one, names[i]);
    }
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(moxd_fiber_join(f[i], MOXD_NEVER), MOXD_OK);
    ck_assert_uint_eq(accounts(), 8);
    teardown();
}

IN_FIBER(a_generation_lives_as_long_as_it_is_held)
{
    const struct names_conf *old;
    struct moxd_conf *held;
    struct moxd_err err = { 0 };

    setup("domain \"a\" { description = old }\n");
    held = moxd_conf_ref(moxd_conf_current());
    put(domains_path, "domain \"a\" { description = new }\n");
    ck_assert_int_eq(moxd_conf_reload(&err), 0);
    ck_assert_ptr_ne(moxd_conf_current(), held);
    old = moxd_conf_dynamic(held, config_mods[1].m);
    ck_assert_str_eq(((struct names_domain *)old->domains.v[0])->description, "old");
    moxd_conf_unref(held);
    teardown();
}

IN_FIBER(a_bad_file_leaves_the_old_generation)
{
    const struct moxd_conf *before;
    struct moxd_err err = { 0 };

    setup("domain \"a\" { }\n");
    before = moxd_conf_current();
    ck_assert_int_eq(moxd_conf_reload(&err), 0);
    ck_assert_int_eq(reloads, 0);
    put(domains_path, "domian \"a\" { }\n");
    ck_assert_int_eq(moxd_conf_reload(&err), -1);
    ck_assert_ptr_nonnull(strstr(
        err.priv, "domains.conf:1:1: unknown directive \"domian\" (did you mean \"domain\"?)"));
    ck_assert_ptr_eq(moxd_conf_current(), before);
    ck_assert_int_eq(unlink(domains_path), 0);
    ck_assert_int_eq(moxd_conf_reload(&err), -1);
    ck_assert_int_eq(err.sys, ENOENT);
    ck_assert_ptr_eq(moxd_conf_current(), before);
    put(domains_path, "");
    teardown();
}

static void until_reloads(int n)
{
    int64_t deadline = moxd_deadline(60 * MOXD_SEC);

    while (reloads < n)
        ck_assert_int_eq(moxd_waitq_wait(&reloaded, deadline), MOXD_OK);
}

IN_FIBER(a_changed_file_is_read_again)
{
    char temp[80];

    setup("");
    core_conf_watch();
    put(domains_path, "domain \"a\" { }\naccount \"x\" { domain = a }\n");
    until_reloads(1);
    ck_assert_uint_eq(accounts(), 1);
    snprintf(temp, sizeof(temp), "%s/new", dir);
    put(temp, "");
    ck_assert_int_eq(rename(temp, domains_path), 0);
    until_reloads(2);
    ck_assert_uint_eq(accounts(), 0);
    core_conf_unwatch();
    teardown();
}

START_TEST(a_file_changed_meanwhile_is_not_overwritten)
{
    struct conf_stamp stamp;
    struct moxd_err err = { 0 };
    struct moxd_buf text = { 0 };

    setup("# one");
    ck_assert_int_eq(conf_file_read(domains_path, &text, &stamp, &err), 0);
    put(domains_path, "# two");
    ck_assert_int_eq(conf_file_write(domains_path, MOXD_STR("three"), &stamp, NULL, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_STATE);
    ck_assert_str_eq(get(domains_path), "# two");
    moxd_buf_fini(&text);
    teardown();
}
END_TEST

UNIT_MAIN("config edit", unchanged_text_stays, values_change_in_place,
          blocks_are_added_and_indented, blocks_are_removed_with_their_comments, one_line_blocks,
          an_edit_is_written_and_current, a_refused_edit_changes_nothing,
          an_edit_takes_over_what_is_in_the_file, edits_at_the_same_time_are_all_kept,
          a_generation_lives_as_long_as_it_is_held, a_bad_file_leaves_the_old_generation,
          a_changed_file_is_read_again, a_file_changed_meanwhile_is_not_overwritten)
