/* What previews are made with: lines come in, the first words come out. */
#ifndef MAIL_PREVIEW_H
#define MAIL_PREVIEW_H

#include <moxd/buf.h>

enum {
    MAIL_PREVIEW_LINE = 2048, /* bytes of a line that are kept: more than a preview holds */
    MAIL_PREVIEW_TEXT = 4096, /* bytes of text that are certainly enough, before normalisation */
    MAIL_PREVIEW_HELD = 2,    /* lines that may announce a quotation */
};

struct mail_preview {
    struct moxd_buf text;                    /* made so far, without what is held */
    struct moxd_buf line;                    /* being collected, with single blanks */
    struct moxd_buf held[MAIL_PREVIEW_HELD]; /* the last lines, oldest first */
    unsigned nheld;
    bool quoted; /* the line being collected is inside of a quotation */
    bool marked; /* what comes last is the mark of a quotation */
    bool done;   /* nothing more is wanted */
};
void mail_preview_init(struct mail_preview *p);
void mail_preview_fini(struct mail_preview *p);
/* More of the line, in UTF-8; line ends count as blanks. */
void mail_preview_add(struct mail_preview *p, struct moxd_str utf8);
/* The line ends. */
void mail_preview_end(struct mail_preview *p);
/* What follows is all quoted. */
void mail_preview_rest_quoted(struct mail_preview *p);
/* Ends the last line and appends the preview to out. */
void mail_preview_finish(struct mail_preview *p, struct moxd_buf *out);

/* Gives the lines of a whole text to p, until that is done. */
void mail_preview_plain(struct mail_preview *p, struct moxd_str text);
void mail_preview_html(struct mail_preview *p, struct moxd_str html);

/* At '&': the character that the reference at the start of s stands for, and its length in *n; 0 when it
 * is none. */
uint32_t mail_html_entity(struct moxd_str s, size_t *n);

#endif
