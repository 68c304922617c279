/* What every unit test starts with. A file tests/unit/test_x.c holds one suite:
 *
 *     #include "unit.h"
 *
 *     START_TEST(adds)
 *     {
 *         ck_assert_int_eq(1 + 1, 2);
 *     }
 *     END_TEST
 *
 *     UNIT_MAIN("x", adds)
 *
 * and one line in tests/unit/unit.am: check_PROGRAMS += tests/unit/test_x
 * Each test runs in a process of its own (CK_FORK=no ./test_x for a debugger). */
#ifndef MOXD_UNIT_H
#define MOXD_UNIT_H

#include <check.h>
#include <stdlib.h>

static inline int unit_run(const char *name, const TTest *const *tests, size_t n)
{
    Suite *suite = suite_create(name);
    SRunner *runner = srunner_create(suite);

    for (size_t i = 0; i < n; i++) {
        TCase *tcase = tcase_create(tests[i]->name);

        tcase_set_timeout(tcase, 120);
        tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
    }
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* UNIT_MAIN(suite name, test, test, ...): main() that runs these tests. A test with fixtures or a
 * loop builds its own suite instead, and ends with srunner_run_all(runner, CK_ENV). */
#define UNIT_MAIN(suite_name, ...)                                                                 \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = { __VA_ARGS__ };                                              \
        return unit_run(suite_name, tests, sizeof(tests) / sizeof(tests[0]));                      \
    }

#endif
