#include "unit.h"

#include <moxd/version.h>

START_TEST(is_that_of_the_build)
{
    ck_assert_str_eq(moxd_version(), PACKAGE_VERSION);
}
END_TEST

UNIT_MAIN("version", is_that_of_the_build)
