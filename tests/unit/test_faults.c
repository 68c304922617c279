/* Localparts that ask for a failure. */
#include "unit.h"

#include "faults.h"

static int code(const char *localpart, enum faults_at at, bool silence)
{
    struct faults_word w;

    if (!faults_word(moxd_cstr(localpart), &w))
        return 0;
    ck_assert_int_eq(w.at, at);
    ck_assert_int_eq(w.silence, silence);
    return w.code;
}

/* proves in part: LOCAL-03, LOCAL-10 */
START_TEST(words)
{
    ck_assert_int_eq(code("temperror", FAULTS_AT_DATA, false), 451);
    ck_assert_int_eq(code("x+PermError", FAULTS_AT_DATA, false), 550);
    ck_assert_int_eq(code("mailfrom-timeout", FAULTS_AT_MAIL, true), 451);
    ck_assert_int_eq(code("RCPTTO452", FAULTS_AT_RCPT, false), 452);
    ck_assert_int_eq(code("450", FAULTS_AT_DATA, false), 450);
    ck_assert_int_eq(code("a599", FAULTS_AT_DATA, false), 599);
}
END_TEST

START_TEST(others)
{
    static const char *const fine[] = { "",           "me",         "45",       "250",
                                        "a45x",       "temperror2", "rcptto",   "mailfrom",
                                        "permerror.", "x600",       "timeouts", "a 45\xc3\xbc" };

    for (size_t i = 0; i < MOXD_NELEMS(fine); i++)
        ck_assert_msg(code(fine[i], FAULTS_AT_DATA, false) == 0, "%s", fine[i]);
}
END_TEST

UNIT_MAIN("faults", words, others)
