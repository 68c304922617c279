/* What comes over the control socket: a stream of frames, and the words of a command. */
#include "fuzz.h"

#include "control/control.h"

static void words(struct moxd_str payload)
{
    char *argv[CORE_CONTROL_ARGS + 1];
    int argc = core_command_parse(payload, argv);
    struct moxd_buf again = MOXD_BUF_INIT(CORE_FRAME_MAX);
    struct control_guess g;

    if (argc < 0)
        return;
    moxd_assert(argc <= CORE_CONTROL_ARGS && argv[argc] == NULL);
    int rc = core_command_format(&again, argc, argv);
    moxd_assert(rc == 0 &&
                moxd_str_eq(moxd_str_from(moxd_buf_str(&again), 1), moxd_str_from(payload, 1)));
    moxd_buf_fini(&again);
    control_guess_init(&g, argc, argv);
    control_guess_try(&g, "config describe-static");
    control_guess_try(&g, "stop");
    moxd_assert(control_words("account add", argc, argv) <= argc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str rest = moxd_str((const char *)data, size);
    enum core_frame_type type;
    size_t n;

    while (rest.n >= CORE_FRAME_HEAD && core_frame_parse_head(rest.p, &type, &n) == 0) {
        char head[CORE_FRAME_HEAD];

        core_frame_head(head, type, n);
        moxd_assert(memcmp(head, rest.p, sizeof(head)) == 0);
        rest = moxd_str_from(rest, CORE_FRAME_HEAD);
        if (n > rest.n)
            break;
        if (type == CORE_FRAME_COMMAND)
            words(moxd_str_sub(rest, 0, n));
        rest = moxd_str_from(rest, n);
    }
    return 0;
}
