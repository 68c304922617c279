/* Its hook never returns for the line "hang", and breaks for the line "break". */
#include "echo_api.h"

enum { LIMIT_MS = 50 };

static enum moxd_verdict hang_on_echo(struct moxd_instance *m, const struct echo_line *ev,
                                      struct moxd_reply *reply)
{
    (void)m, (void)reply;
    if (moxd_str_eqs(ev->text, "break"))
        return MOXD_FAIL;
    if (moxd_str_eqs(ev->text, "no"))
        return moxd_reply_set(reply, 550, "5.7.1", "it said %s", "no");
    while (moxd_str_eqs(ev->text, "hang") && moxd_park(MOXD_NEVER) == MOXD_OK)
        ;
    return MOXD_NEXT;
}

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_echo, hang_on_echo, .timeout = LIMIT_MS * MOXD_MS),
    { 0 },
};
const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("hang", "1.0", "hangs on demand"),
    .hooks = hooks,
    .instance_size = sizeof(struct moxd_instance),
};
