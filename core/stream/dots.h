/* The state machine of SMTP DATA (RFC 5321 4.5.2) and of BDAT (RFC 3030): pure, fed in pieces of any size.
 *
 * Lines end with CRLF and with nothing else (RFC 5321 2.3.8), so only CRLF.CRLF ends the data, and only
 * the dot after a CRLF was stuffed. A bare LF is repaired to CRLF and counted. What other servers
 * may take for the end of the data (a lone dot with a bare LF before or after it), bare CR and NUL make
 * the message bad; it is read to its true end all the same, and nothing more is handed out.
 *
 * With BDAT the size says where the data ends: nothing is stuffed, and a dot between two CRLFs is a line like
 * any other. The rest is the same, so that what comes in this way can go on by DATA. */
#ifndef MOXD_CORE_DOTS_H
#define MOXD_CORE_DOTS_H

#include <moxd/base.h>

enum core_dots_state {
    CORE_DOTS_BOL,       /* at the start, or after CRLF */
    CORE_DOTS_DOT,       /* BOL, "." */
    CORE_DOTS_DOT_CR,    /* BOL, ".", CR */
    CORE_DOTS_LF,        /* after a bare LF */
    CORE_DOTS_LF_DOT,    /* bare LF, "." */
    CORE_DOTS_LF_DOT_CR, /* bare LF, ".", CR */
    CORE_DOTS_TEXT,
    CORE_DOTS_CR, /* text, CR */
    CORE_DOTS_END,
};

struct core_dots {
    enum core_dots_state state;
    bool chunked;        /* BDAT; never CORE_DOTS_END */
    const char *problem; /* the first; NULL: none */
    uint64_t bare_lf;
    uint64_t line;         /* bytes in the current line */
    uint64_t longest_line; /* without its end and the stuffed dot */
    /* Gets the message piece by piece. May suspend: the piece is in the memory that was fed. */
    void (*emit)(void *arg, const char *p, size_t n) MOXD_SUSPENDS;
    void *arg;
    const char *start,
        *run; /* of the piece that is fed; what is not yet handed out begins at run */
};

/* Consumes p[0..n) up to the end of the data at most; returns the number of bytes consumed. At the end
 * of the data the state is CORE_DOTS_END; all n bytes are consumed else. A zeroed struct with emit and
 * arg set is the start. */
size_t core_dots_feed(struct core_dots *d, const char *p, size_t n) MOXD_SUSPENDS;
/* Chunked: nothing more will come. A last line without its CRLF gets one. */
void core_dots_finish(struct core_dots *d) MOXD_SUSPENDS;

#endif
