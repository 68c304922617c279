/* Syntax: what is accepted, and the exact words about what is not.
 * proves: P-CORE-02 */
#include "unit.h"

#include "config.h"

#include <stdio.h>

/* Problems of a text, one a line, without the file's name. */
static const char *problems_of(const char *text, size_t n)
{
    static struct moxd_buf all;
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *p = core_problems_new();
    MOXD_CLEANUP(conf_tree_freep)
    struct conf_tree *t = conf_tree_parse("f", moxd_str(text, n), p);
    const struct core_problem *v;

    moxd_buf_fini(&all);
    moxd_buf_init(&all, 1 << 20);
    for (size_t i = 0; (v = core_problems_get(p, i)); i++)
        moxd_buf_addf(&all, "%u:%u %s%s%s\n", v->pos.line, v->pos.col, v->text,
                      v->hint ? " | " : "", v->hint ? v->hint : "");
    ck_assert_ptr_nonnull(t);
    return moxd_buf_cstr(&all);
}

#define EXPECT(text, expected) ck_assert_str_eq(problems_of(text, strlen(text)), expected)

START_TEST(accepts)
{
    static const char *const texts[] = {
        "",
        "\n\n# only a comment",
        "a = b",
        "a = \"\"",
        "a=[]b=[x]c{}d \"e\"{}",
        "a = [\"x\", y,\n  # comment\n  z,\n]\n",
        "block \"label\"\n{\n\tx = 1 # comment\n}\n",
        "a = 2001:db8::1\r\nb = 100M\r\nc { d = /etc/x }\r\n",
        "\xef\xbb\xbf"
        "a = 1\n",
        "a = \"q \\\" b \\\\ n \\n t \\t m\xc3\xb6x\"",
        "a = *@example.org\nb = -1\nc = <x>\nd = $&|!?",
    };

    for (size_t i = 0; i < MOXD_NELEMS(texts); i++)
        EXPECT(texts[i], "");
}
END_TEST

START_TEST(builds_the_tree)
{
    static const char text[] = "host = mx # c\nlist = [\"a b\", c]\n"
                               "acc \"m\\\"l\" {\n  addr \"x\" { on = true }\n}\n";
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *p = core_problems_new();
    MOXD_CLEANUP(conf_tree_freep)
    struct conf_tree *t = conf_tree_parse("f", MOXD_STR(text), p);
    struct moxd_node *acc = moxd_node_find(&t->root, "acc", "m\"l"), *addr;
    const char **list;

    ck_assert_uint_eq(core_problems_count(p), 0);
    ck_assert_str_eq(moxd_node_value(&t->root, "host"), "mx");
    ck_assert_ptr_null(moxd_node_value(&t->root, "hos"));
    ck_assert_uint_eq(moxd_node_list(&t->root, "list", &list, t->a), 2);
    ck_assert_str_eq(list[0], "a b");
    ck_assert_str_eq(list[1], "c");
    ck_assert_ptr_null(list[2]);
    ck_assert_ptr_nonnull(acc);
    ck_assert_ptr_null(moxd_node_find(&t->root, "acc", "ml"));
    addr = moxd_node_next(acc, NULL, NULL);
    ck_assert_str_eq(moxd_node_label(addr), "x");
    ck_assert_str_eq(moxd_node_value(addr, "on"), "true");
    ck_assert_uint_eq(moxd_node_pos(addr).line, 4);
    ck_assert_uint_eq(moxd_node_pos(addr).col, 3);
    ck_assert_str_eq(moxd_node_pos(addr).file, "f");
}
END_TEST

START_TEST(errors_of_tokens)
{
    EXPECT("a = \"x\nb = 1\n",
           "1:5 string without closing quote | strings end on their line; \\n stands for a line "
           "end\n");
    EXPECT("a = \"\\q\"\n",
           "1:6 unknown escape sequence in string | known are \\\" \\\\ \\n \\t\n");
    EXPECT("a = \"x\x01y\"", "1:7 control character 0x01 in string\n");
    EXPECT("a = 'x'\nb = m\xc3\xb6x\n",
           "1:5 unexpected character ' | write values with special characters in double quotes\n"
           "2:6 unexpected byte 0xc3 | write values with special characters in double quotes\n");
    EXPECT("a = 1;\n",
           "1:6 unexpected character ; | write values with special characters in double "
           "quotes\n");
    EXPECT("a = 1\nb = \"\xff\"\n", "2:1 text is not UTF-8\n");
    ck_assert_str_eq(problems_of("a = 1\nb\0", 8), "2:1 NUL byte in file\n");
}
END_TEST

START_TEST(errors_of_structure)
{
    EXPECT("a\n", "2:1 expected = or { after a name\n");
    EXPECT("a\nb = 1\n", "2:1 expected = or { before this line\n");
    EXPECT("a =\nb = 1\n", "2:1 expected a value after = | write \"\" for an empty one\n");
    EXPECT("a = = 1\n", "1:5 expected a value after = | write \"\" for an empty one\n");
    EXPECT("a b\nc = 1\n", "1:3 expected = after \"a\"\n");
    EXPECT("a = b c\nd = 1\n", "2:1 expected = or { before this line\n");
    EXPECT("account mjl {\n}\n",
           "1:9 the label of \"account\" is not quoted | write the label in double quotes\n");
    EXPECT("a \"b\" = 1\n", "1:7 expected { after a label | name = \"value\" is a setting, name "
                            "\"label\" { ... } a block\n");
    EXPECT("a \"b\"\nc = 1\n", "2:1 expected { after a label | name = \"value\" is a setting, name "
                               "\"label\" { ... } a block\n");
    EXPECT("}\na = 1\n", "1:1 } without a block\n");
    EXPECT("a {\n b {\n c = 1\n}\n", "1:1 block \"a\" is not closed | its } is missing\n");
    EXPECT("\"a\" = 1\n",
           "1:1 expected the name of a directive | names are letters, digits and dashes\n");
    EXPECT("9a = 1\n@b = 2\n",
           "1:1 this is not the name of a directive | names are letters, digits and dashes\n"
           "2:1 this is not the name of a directive | names are letters, digits and dashes\n");
}
END_TEST

START_TEST(errors_of_lists)
{
    EXPECT("a = [\"x\" \"y\"]\nb = 1\n",
           "1:10 expected , or ] | values of a list are separated by commas\n");
    EXPECT("a = [x, = y]\n", "1:9 expected a value or ]\n");
    EXPECT("a = [x,\n", "2:1 expected a value or ]\n");
    EXPECT("a = [[x]]\n", "1:6 expected a value or ]\n");
}
END_TEST

START_TEST(goes_on_after_errors)
{
    EXPECT("a = \n"
           "b = [x y]\n"
           "c d e { f = 1 }\n"
           "g {\n"
           "  h == 2\n"
           "  i = \"open\n"
           "}\n"
           "} j = 3\n"
           "k\n",
           "2:1 expected a value after = | write \"\" for an empty one\n"
           "2:8 expected , or ] | values of a list are separated by commas\n"
           "3:3 expected = after \"c\"\n"
           "5:6 expected a value after = | write \"\" for an empty one\n"
           "6:7 string without closing quote | strings end on their line; \\n stands for a line "
           "end\n"
           "8:1 } without a block\n"
           "10:1 expected = or { after a name\n");
}
END_TEST

static const char *repeated(const char *what, size_t times, const char *end)
{
    static struct moxd_buf b;

    moxd_buf_fini(&b);
    moxd_buf_init(&b, 64 << 20);
    for (size_t i = 0; i < times; i++)
        moxd_buf_adds(&b, what);
    moxd_buf_adds(&b, end);
    return moxd_buf_cstr(&b);
}

START_TEST(limits)
{
    char expected[100];

    EXPECT(repeated("a {\n", 10000, ""), "17:3 blocks are nested too deeply\n");
    snprintf(expected, sizeof(expected), "1:%d list is too long\n", 6 + 2 * CONF_LIST_MAX);
    MOXD_CLEANUP(moxd_freep)
    char *list = moxd_xasprintf("a = [%s", repeated("x,", CONF_LIST_MAX + 1, "]\n"));
    EXPECT(list, expected);
    MOXD_CLEANUP(moxd_freep)
    char *value = moxd_xasprintf("a = \"%s", repeated("x", CONF_VALUE_MAX + 1, "\"\n"));
    EXPECT(value, "1:5 string is too long\n");
    EXPECT(repeated("n", CONF_NAME_MAX + 1, " = 1\n"),
           "1:1 this is not the name of a directive | names are letters, digits and dashes\n");
    EXPECT(repeated("#aaaaaaaaaaaaaaa", (CONF_FILE_MAX >> 4) + 1, ""),
           "1:1 file is larger than 16 MiB\n");
}
END_TEST

START_TEST(nearest_names)
{
    ck_assert_int_eq(conf_distance("hostname", "hostname"), 0);
    ck_assert_int_eq(conf_distance("hostnmae", "hostname"), 1);
    ck_assert_int_eq(conf_distance("HostName", "hostname"), 0);
    ck_assert_int_eq(conf_distance("adresses", "addresses"), 1);
    ck_assert_int_eq(conf_distance("tsl", "tls"), 1);
    ck_assert_int_eq(conf_distance("x", "hostname"), -1);
    ck_assert_int_eq(conf_distance("", "tls"), -1);
}
END_TEST

START_TEST(units)
{
    static const struct {
        const char *text;
        int64_t size, time; /* -1: not valid */
    } cases[] = {
        { "0", 0, 0 },
        { "17", 17, -1 },
        { "1K", 1024, -1 },
        { "100M", 104857600, -1 },
        { "2g", 2147483648, -1 },
        { "15s", -1, 15000000000 },
        { "500ms", -1, 500000000 },
        { "1h30m", -1, 5400000000000 },
        { "7d", -1, 604800000000000 },
        { "2w", -1, 1209600000000000 },
        { "9223372036854775807", INT64_MAX, -1 },
        { "9223372036854775808", -1, -1 },
        { "9000000T", -1, -1 },
        { "999999999w", -1, -1 },
        { "", -1, -1 },
        { "M", -1, -1 },
        { "-1", -1, -1 },
        { "1.5s", -1, -1 },
        { "10 s", -1, -1 },
        { "5sx", -1, -1 },
    };

    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        int64_t v;
        int rc = conf_parse_size(moxd_cstr(cases[i].text), &v);
        ck_assert_msg((rc < 0 ? -1 : v) == cases[i].size, "size %s", cases[i].text);
        rc = conf_parse_duration(moxd_cstr(cases[i].text), &v);
        ck_assert_msg((rc < 0 ? -1 : v) == cases[i].time, "time %s", cases[i].text);
    }
}
END_TEST

UNIT_MAIN("config parse", accepts, builds_the_tree, errors_of_tokens, errors_of_structure,
          errors_of_lists, goes_on_after_errors, limits, nearest_names, units)
