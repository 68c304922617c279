/* Allocation, buffers, arenas. */
#include "unit.h"

#include <moxd/arena.h>
#include <moxd/buf.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

START_TEST(allocates)
{
    char *a MOXD_CLEANUP(moxd_freep) = moxd_xmalloc(0);
    ck_assert_ptr_nonnull(a);
    int *v MOXD_CLEANUP(moxd_freep) = moxd_xcalloc(0, 4);
    v = moxd_xreallocarray(v, 10, sizeof *v);
    v[9] = 1;
    char *s MOXD_CLEANUP(moxd_freep) = moxd_xasprintf("%d-%s", 5, "x");
    ck_assert_str_eq(s, "5-x");
    char *t MOXD_CLEANUP(moxd_freep) = moxd_xstrndup("abcdef", 3);
    ck_assert_str_eq(t, "abc");
    moxd_freep(&t);
    ck_assert_ptr_null(t);
    int fd = open("/dev/null", O_RDONLY);
    moxd_closep(&fd);
    ck_assert_int_eq(fd, -1);
    moxd_closep(&fd);
}
END_TEST

START_TEST(secrets)
{
    unsigned char a[32] = { 0 }, b[32] = { 0 };
    ck_assert(moxd_memeq_ct(a, b, sizeof a));
    moxd_random(a, sizeof a);
    ck_assert(!moxd_memeq_ct(a, b, sizeof a));
    moxd_wipe(a, sizeof a);
    ck_assert(moxd_memeq_ct(a, b, sizeof a));
    b[31] = 1;
    ck_assert(!moxd_memeq_ct(a, b, sizeof a));
    ck_assert(moxd_memeq_ct(a, b, 31));
}
END_TEST

START_TEST(buffer_grows_and_shrinks)
{
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    ck_assert_str_eq(moxd_buf_cstr(&b), "");
    moxd_buf_adds(&b, "hello");
    moxd_buf_addc(&b, ' ');
    moxd_buf_addstr(&b, MOXD_STR("world"));
    moxd_buf_addf(&b, " %d", 42);
    ck_assert_str_eq(moxd_buf_cstr(&b), "hello world 42");
    moxd_buf_consume(&b, 6);
    ck_assert(moxd_str_eqs(moxd_buf_str(&b), "world 42"));
    moxd_buf_truncate(&b, 5);
    ck_assert_str_eq(moxd_buf_cstr(&b), "world");
    char *room = moxd_buf_room(&b, 100);
    memset(room, 'x', 100);
    moxd_buf_grew(&b, 3);
    ck_assert_str_eq(moxd_buf_cstr(&b), "worldxxx");
    char *p MOXD_CLEANUP(moxd_freep) = moxd_buf_steal(&b);
    ck_assert_str_eq(p, "worldxxx");
    ck_assert_uint_eq(b.n, 0);
    ck_assert_uint_eq(b.max, 1000);
    char *empty MOXD_CLEANUP(moxd_freep) = moxd_buf_steal(&b);
    ck_assert_str_eq(empty, "");
    moxd_buf_wipe(&b);
}
END_TEST

START_TEST(buffer_takes_numbers_and_formats)
{
    struct moxd_buf b = MOXD_BUF_INIT(100);
    moxd_buf_addu(&b, 0);
    moxd_buf_addc(&b, ' ');
    moxd_buf_addu(&b, UINT64_MAX);
    ck_assert_str_eq(moxd_buf_cstr(&b), "0 18446744073709551615");
    moxd_buf_reset(&b);
    moxd_buf_addf(&b, "%s", "");
    ck_assert_uint_eq(b.n, 0);
    for (int i = 0; i < 10; i++) /* once in the room that there is, once in more */
        moxd_buf_addf(&b, "%09d,", i);
    ck_assert_uint_eq(b.n, 100);
    ck_assert_str_eq(moxd_buf_cstr(&b) + 90, "000000009,");
    moxd_buf_addf(&b, "%d", 1);
    ck_assert(b.overflow);
    ck_assert_uint_eq(b.n, 100);
    moxd_buf_truncate(&b, 95);
    b.overflow = false;
    moxd_buf_addf(&b, "%s", "123456");
    ck_assert(b.overflow);
    ck_assert_uint_eq(strlen(moxd_buf_cstr(&b)), 95);
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(buffer_keeps_its_limit)
{
    struct moxd_buf b = MOXD_BUF_INIT(100);
    for (int i = 0; i < 100; i++)
        moxd_buf_addc(&b, 'a');
    ck_assert(!b.overflow);
    ck_assert_uint_eq(b.n, 100);
    moxd_buf_add(&b, "", 0);
    ck_assert(!b.overflow);
    moxd_buf_addf(&b, "%s", "b");
    ck_assert(b.overflow);
    ck_assert_uint_eq(b.n, 100);
    ck_assert_ptr_null(moxd_buf_room(&b, SIZE_MAX));
    moxd_buf_reset(&b);
    ck_assert(!b.overflow);
    moxd_buf_adds(&b, "c");
    ck_assert_str_eq(moxd_buf_cstr(&b), "c");
    moxd_buf_fini(&b);
}
END_TEST

static char order[8], one[] = "1", two[] = "2";

static void note(void *p)
{
    strcat(order, p);
}

START_TEST(arena_lives_and_dies)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    moxd_arena_cleanup(a, note, one);
    moxd_arena_cleanup(a, note, two);
    for (int i = 1; i < 3000; i++) {
        char *p = moxd_arena_alloc(a, (size_t)i);
        ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
        ck_assert(p[0] == 0 && p[i - 1] == 0);
        memset(p, 0xff, (size_t)i);
    }
    char *big = moxd_arena_alloc(a, 100000);
    ck_assert(big[99999] == 0);
    ck_assert_uint_ge(moxd_arena_size(a), 100000);
    moxd_arena_reset(a);
    ck_assert_str_eq(order, "21");
    ck_assert_uint_eq(moxd_arena_size(a), 0);
    char *p = moxd_arena_alloc(a, 500);
    for (int i = 0; i < 500; i++)
        ck_assert_int_eq(p[i], 0);
}
END_TEST

START_TEST(arena_copies)
{
    struct moxd_arena *a = moxd_arena_new(1);
    ck_assert_str_eq(moxd_arena_strdup(a, "x"), "x");
    ck_assert_str_eq(moxd_arena_cstr(a, MOXD_STR("yz")), "yz");
    ck_assert(moxd_str_eqs(moxd_arena_str(a, MOXD_STR("q")), "q"));
    ck_assert_str_eq(moxd_arena_printf(a, "%05d", 42), "00042");
    ck_assert_mem_eq(moxd_arena_dup(a, "\1\2", 2), "\1\2", 2);
    ck_assert_str_eq(moxd_arena_cstr(a, moxd_cstr(NULL)), "");
    moxd_arena_free(a);
    moxd_arena_free(NULL);
}
END_TEST

START_TEST(arena_pushes)
{
    struct moxd_arena *a = moxd_arena_new(0);
    int *v = NULL;
    size_t n = 0, cap = 0;
    for (int i = 0; i < 10000; i++) {
        int *last = moxd_arena_push(a, &v, &n, &cap, sizeof *v);
        ck_assert_int_eq(*last, 0);
        *last = i;
    }
    ck_assert_uint_eq(n, 10000);
    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(v[i], i);
    moxd_arena_free(a);
}
END_TEST

START_TEST(assertion_aborts)
{
    moxd_assert(1 + 1 == 3);
}
END_TEST

START_TEST(array_overflow_aborts)
{
    free(moxd_xreallocarray(NULL, SIZE_MAX / 2, 3));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { allocates,
                                   secrets,
                                   buffer_grows_and_shrinks,
                                   buffer_takes_numbers_and_formats,
                                   buffer_keeps_its_limit,
                                   arena_lives_and_dies,
                                   arena_copies,
                                   arena_pushes };
    Suite *suite = suite_create("base_mem");
    TCase *tcase = tcase_create("memory");
    for (size_t i = 0; i < MOXD_NELEMS(tests); i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_test_raise_signal(tcase, assertion_aborts, SIGABRT);
    tcase_add_test_raise_signal(tcase, array_overflow_aborts, SIGABRT);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
