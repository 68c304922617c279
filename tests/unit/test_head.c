#include "unit.h"

#include "module/head.h"

static const struct moxd_module good = {
    MOXD_MODULE_HEAD("mine", "1.0", "a module"),
    .instance_size = sizeof(struct moxd_instance),
};

static void expect(const struct moxd_module *head, size_t size, const char *part, const char *hint)
{
    struct moxd_err err = { 0 };
    const char *what = NULL;

    ck_assert_int_eq(core_head_check(head, size, MOXD_STR("mine"), &what, &err), -1);
    ck_assert_msg(strstr(err.priv, part) != NULL, "\"%s\" is not in \"%s\"", part, err.priv);
    ck_assert_msg(strstr(what, hint) != NULL, "\"%s\" is not in \"%s\"", hint, what);
}

START_TEST(good_heads_pass)
{
    const char *hint;

    ck_assert_int_eq(core_head_check(&good, sizeof(good), MOXD_STR("mine"), &hint, NULL), 0);
}
END_TEST

START_TEST(each_wrong_head_says_what_to_do)
{
    struct moxd_module h = good;

    h.magic = 1;
    expect(&h, sizeof(h), "magic 00000001", "MOXD_MODULE_HEAD");
    expect(&good, 4, "4 bytes", "MOXD_MODULE_HEAD");
    expect(&good, 0, "0 bytes", "MOXD_MODULE_HEAD");
    h = good, h.abi_major++;
    expect(&h, sizeof(h), "module ABI 2.1, this moxd has 1.1", "update moxd");
    h = good, h.abi_major--;
    expect(&h, sizeof(h), "module ABI 0.1", "newer release of the module");
    h = good, h.abi_minor++;
    expect(&h, sizeof(h), "made for a newer moxd", "update moxd");
    h = good, h.struct_size += 8;
    expect(&h, sizeof(h) + 8, "its table has", "build it again");
    h = good, h.struct_size -= 1;
    expect(&h, sizeof(h), "its table has", "build it again");
    expect(&good, sizeof(good) - 8, "are there", "build it again");
    h = good, h.name = "other";
    expect(&h, sizeof(h), "calls itself \"other\"", "NAME.so");
    h = good, h.name = NULL;
    expect(&h, sizeof(h), "no valid name", "NAME.so");
    h = good, h.name = "Mine";
    expect(&h, sizeof(h), "no valid name", "NAME.so");
    h = good, h.summary = NULL;
    expect(&h, sizeof(h), "no summary", "MOXD_MODULE_HEAD");
}
END_TEST

UNIT_MAIN("head", good_heads_pass, each_wrong_head_says_what_to_do)
