/* echo/1 and on_echo: what the test modules meet at. */
#ifndef MOXD_TEST_ECHO_H
#define MOXD_TEST_ECHO_H

#include <moxd/module.h>

struct echo_line {
    struct moxd_str text;
};
/* on_echo (DECIDE): a line came in. */
#define MOXD_POINT_on_echo_MAJOR 2
typedef enum moxd_verdict moxd_on_echo_fn(struct moxd_instance *m, const struct echo_line *ev,
                                          struct moxd_reply *reply) MOXD_SUSPENDS;

#endif
