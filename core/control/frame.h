/* The control protocol, version 4, over a Unix stream socket. Everything travels in frames: a type, a
 * length of four bytes (big-endian), the payload.
 *
 *     moxctl to moxd   COMMAND  version byte, then the arguments, each with a NUL behind it; first frame
 *                      INPUT    bytes of standard input, in answer to WANT_DATA and WANT_LINE
 *                      END      there is no more input; instead of INPUT
 *     moxd to moxctl   OUT, ERR bytes for standard output and standard error
 *                      WANT_DATA  the command reads: at most so many bytes (four bytes) may be sent
 *                      WANT_LINE  the command reads a line, a password say
 *                      WANT_FILE  input comes from the file that this word of the command names, or from
 *                               standard input as before when it is "-"
 *                      WANT_DIR (since version 3) input is the list of files in the directory that this word
 *                               names; WANT_FILE may name these then (<moxd/control.h>)
 *                      MAKE_DIR (since version 4) output goes into the directory that this word of the command names: it
 *                               is made, or is there and empty; then "WORD/PATH" for directories in it
 *                      PUT      a file "WORD/PATH" begins in it; there must be none
 *                      PUT_DATA bytes of the file
 *                      PUT_END  the file is whole; eight bytes: when it was changed, in seconds since 1970
 *                      RAW      (since version 2) last frame: from here on the connection carries bytes both
 *                               ways, as they are. Each side ends what it sends by shutting its direction
 *                               down; when the server has, the command is done, with exit status 0
 *                      EXIT     the exit status (one byte); last frame. A second byte 1: the server is
 *                               stopping; the connection closes when it is gone
 *
 * Input is sent only when the command asks for it, and asking again says that what came before was read
 * (CTL-02): neither side ever waits to write while the other does. After RAW moxctl reads one direction
 * whether or not the other can be written. The server takes older versions too. */
#ifndef CORE_CONTROL_FRAME_H
#define CORE_CONTROL_FRAME_H

#include <moxd/buf.h>

enum core_frame_type {
    CORE_FRAME_COMMAND = 'C',
    CORE_FRAME_INPUT = 'I',
    CORE_FRAME_END = 'Z',
    CORE_FRAME_OUT = 'O',
    CORE_FRAME_ERR = 'E',
    CORE_FRAME_WANT_DATA = 'D',
    CORE_FRAME_WANT_LINE = 'L',
    CORE_FRAME_WANT_FILE = 'F',
    CORE_FRAME_WANT_DIR = 'T',
    CORE_FRAME_MAKE_DIR = 'M',
    CORE_FRAME_PUT = 'P',
    CORE_FRAME_PUT_DATA = 'B',
    CORE_FRAME_PUT_END = 'Q',
    CORE_FRAME_RAW = 'R',
    CORE_FRAME_EXIT = 'X',
};
enum core_control_limits {
    CORE_CONTROL_VERSION = 4,
    CORE_CONTROL_OLDEST = 1, /* that the server takes */
    CORE_CONTROL_RAW_SINCE = 2,
    CORE_CONTROL_DIR_SINCE = 3,
    CORE_CONTROL_PUT_SINCE = 4,
    CORE_FRAME_HEAD = 5,
    CORE_FRAME_MAX = 64 * 1024, /* bytes of payload; longer output is sent in several frames */
    CORE_CONTROL_ARGS = 64,     /* words of a command; more than any command takes */
};

struct core_frame {
    enum core_frame_type type;
    struct moxd_str payload;
};

/* Writes the head of a frame. */
void core_frame_head(char out[CORE_FRAME_HEAD], enum core_frame_type type, size_t payload);
/* Reads a head: type and length of the payload. -1 for a type that there is none of or a payload over
 * the limit. */
int core_frame_parse_head(const char in[CORE_FRAME_HEAD], enum core_frame_type *type,
                          size_t *payload) MOXD_CHECKED;

/* The payload of COMMAND. -1 when it is too long or has too many words. */
int core_command_format(struct moxd_buf *out, int argc, char *const *argv) MOXD_CHECKED;
/* Fills argv with pointers into the payload, NULL-ended; returns their number. -1 when it is malformed,
 * -2 when it is of a version that is not known here. The version is payload.p[0]. */
int core_command_parse(struct moxd_str payload, char *argv[CORE_CONTROL_ARGS + 1]) MOXD_CHECKED;

#endif
