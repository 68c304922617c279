/* Finds lines in a buffer that fills piece by piece: pure. */
#ifndef MOXD_CORE_LINE_H
#define MOXD_CORE_LINE_H

#include <moxd/base.h>

struct core_line {
    size_t scanned; /* bytes of the buffer that hold no LF */
    bool skipping;  /* the line is too long: its start was thrown away */
};

enum core_line_result {
    CORE_LINE_MORE, /* no line yet */
    CORE_LINE_OK,
    CORE_LINE_LONG, /* the end of an over-long line */
};

struct core_line_found {
    size_t consumed; /* bytes to take out of the front of the buffer, also with MORE */
    size_t n;        /* OK: length of the line without its end */
    bool crlf;
};

/* Looks at the n bytes that the buffer holds; call again when there are more. At most max + 1 bytes
 * (a line and its CR) need to stay in the buffer. A zeroed struct is the start of each line. */
enum core_line_result core_line_find(struct core_line *l, const char *p, size_t n, size_t max,
                                     struct core_line_found *found);

#endif
