#include "event_anchor.h"
#include "unit.h"

START_TEST(libevent_wins_over_libev)
{
    ck_assert_ptr_null(moxd_event_intruder());
}
END_TEST

UNIT_MAIN("event_anchor", libevent_wins_over_libev)
