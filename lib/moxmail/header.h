/* Header fields (RFC 5322 2.2). Tolerant: lines may end in LF alone, bytes may be 8-bit or NUL, a
 * line that is no field is handed out with an empty name. Pure. */
#ifndef MOXMAIL_HEADER_H
#define MOXMAIL_HEADER_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxmail/reader.h>

enum {
    MOXD_HEADER_MAX =
        1024 * 1024,           /* bytes of one header that are looked into; the rest is skipped */
    MOXD_FIELD_NAME_MAX = 128, /* a longer name is no field (RFC 5322 2.1.1 allows 998 a line) */
};

struct moxd_field {
    struct moxd_str name;  /* as written, without blanks before the colon; empty: not a field */
    struct moxd_str value; /* after the colon, folding kept, without the last line end */
    struct moxd_str raw;   /* all of it, with its line ends */
};

/* Cuts the next field, with its continuation lines, off *rest. False at the blank line that ends the
 * header (which stays in *rest) and when *rest is empty. */
bool moxd_field_next(struct moxd_str *rest, struct moxd_field *f);
/* The first field of that name, in any case; false when there is none. */
bool moxd_header_find(struct moxd_str header, const char *name, struct moxd_field *f);
/* How many fields have that name: SMTP refuses mail whose From is not there exactly once. */
size_t moxd_header_count(struct moxd_str header, const char *name);
/* The name of the field that begins at the start of the line, without the blanks before the colon
 * (RFC 5322 3.6.8 and 4.5); empty when the line begins no field. */
struct moxd_str moxd_field_name(struct moxd_str line);
/* Where the header of the message in memory ends: behind its blank line, or at the end; 0 when its
 * first line is no field, since then all of it is body. */
size_t moxd_header_end(struct moxd_str msg);

/* Appends the value without the line ends of its folding (RFC 5322 2.2.3) and without outer blanks;
 * otherwise as written. */
void moxd_field_unfold(struct moxd_buf *out, struct moxd_str value);
/* Appends the value as readable UTF-8: unfolded, encoded words decoded, bytes that are not UTF-8
 * taken as windows-1252. */
void moxd_field_text(struct moxd_buf *out, struct moxd_str value);

/* Header fields of a message behind a reader, without loading them (IMAP BODY[HEADER.FIELDS],
 * RFC 9051 6.4.5.1): writes the fields between the offsets whose names are (or, with `not`, are
 * not) among the n names, then the blank line if there is one. Errors of reader and sink. */
int moxd_header_filter(const struct moxd_reader *r, uint64_t start, uint64_t end,
                       const struct moxd_str *names, size_t n, bool not, struct moxd_sink sink,
                       struct moxd_err *err) MOXD_CHECKED;
/* The header of the message behind the reader, as moxd_header_end has it, in the arena. *whole (may be NULL)
 * is false when only its first MOXD_HEADER_MAX bytes are there. */
int moxd_header_read(const struct moxd_reader *r, struct moxd_arena *a, struct moxd_str *out,
                     bool *whole, struct moxd_err *err) MOXD_CHECKED;
/* Loads the header between the offsets, at most MOXD_HEADER_MAX bytes of it, into the arena. */
int moxd_header_load(const struct moxd_reader *r, uint64_t start, uint64_t end,
                     struct moxd_arena *a, struct moxd_str *out, struct moxd_err *err) MOXD_CHECKED;

#endif
