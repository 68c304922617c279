/* Frames of the control protocol. Pure. */
#include "control/frame.h"

#include <moxd/enc.h>

void core_frame_head(char out[CORE_FRAME_HEAD], enum core_frame_type type, size_t payload)
{
    moxd_assert(payload <= CORE_FRAME_MAX);
    out[0] = (char)type;
    moxd_put_be32(out + 1, (uint32_t)payload);
}

int core_frame_parse_head(const char in[CORE_FRAME_HEAD], enum core_frame_type *type,
                          size_t *payload)
{
    static const char types[] = {
        CORE_FRAME_COMMAND,  CORE_FRAME_INPUT,     CORE_FRAME_END,       CORE_FRAME_OUT,
        CORE_FRAME_ERR,      CORE_FRAME_WANT_DATA, CORE_FRAME_WANT_LINE, CORE_FRAME_WANT_FILE,
        CORE_FRAME_WANT_DIR, CORE_FRAME_MAKE_DIR,  CORE_FRAME_PUT,       CORE_FRAME_PUT_DATA,
        CORE_FRAME_PUT_END,  CORE_FRAME_RAW,       CORE_FRAME_EXIT,
    };

    *type = (enum core_frame_type)(unsigned char)in[0];
    *payload = moxd_get_be32(in + 1);
    return memchr(types, in[0], sizeof(types)) && *payload <= CORE_FRAME_MAX ? 0 : -1;
}

int core_command_format(struct moxd_buf *out, int argc, char *const *argv)
{
    if (argc > CORE_CONTROL_ARGS)
        return -1;
    moxd_buf_addc(out, CORE_CONTROL_VERSION);
    for (int i = 0; i < argc; i++)
        moxd_buf_add(out, argv[i], strlen(argv[i]) + 1);
    return out->overflow || out->n > CORE_FRAME_MAX ? -1 : 0;
}

int core_command_parse(struct moxd_str payload, char *argv[CORE_CONTROL_ARGS + 1])
{
    struct moxd_str rest = moxd_str_from(payload, 1);
    int argc = 0;

    if (payload.n == 0)
        return -1;
    if (payload.p[0] < CORE_CONTROL_OLDEST || payload.p[0] > CORE_CONTROL_VERSION)
        return -2;
    while (rest.n > 0) {
        ptrdiff_t end = moxd_str_chr(rest, '\0');

        if (end < 0 || argc == CORE_CONTROL_ARGS)
            return -1;
        argv[argc++] = (char *)rest.p;
        rest = moxd_str_from(rest, (size_t)end + 1);
    }
    argv[argc] = NULL;
    return argc;
}
