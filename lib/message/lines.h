/* Lines of a message behind a reader, in pieces of bounded size. */
#ifndef MAIL_LINES_H
#define MAIL_LINES_H

#include <moxmail/reader.h>

enum { MAIL_LINES_BUF = 16384 /* a shorter line comes in one piece, a longer one in several */ };

struct mail_lines {
    const struct moxd_reader *r;
    char *buf; /* MAIL_LINES_BUF bytes, owned */
    size_t pos, len;
    uint64_t off; /* offset in the message of buf[pos] */
    uint64_t end; /* offset where the lines end */
    bool inside;  /* the next piece continues a line */
};

struct mail_piece {
    const char *p; /* valid until the next call */
    size_t n;      /* with the line end */
    uint64_t off;  /* offset of p in the message */
    bool start;    /* begins a line */
    uint8_t
        eol; /* length of its line end: 2 CRLF, 1 LF, 0 none (the line goes on, or end of data) */
};

void mail_lines_init(struct mail_lines *l, const struct moxd_reader *r, uint64_t start,
                     uint64_t end);
void mail_lines_fini(struct mail_lines *l);
/* 1 and the next piece, 0 at the end, -1 on errors of the reader. A line's first piece is whole up
 * to its end or to MAIL_LINES_BUF bytes. */
int mail_lines_next(struct mail_lines *l, struct mail_piece *pc, struct moxd_err *err) MOXD_CHECKED;

#endif
