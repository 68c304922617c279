/* Transfer encodings of RFC 2045 6, in a stream. Decoding is tolerant: there is no wrong input, only bytes
 * that are passed over and counted. Pure. */
#ifndef MOXMAIL_TRANSFER_H
#define MOXMAIL_TRANSFER_H

#include <moxmail/mime.h>
#include <moxmail/reader.h>

enum {
    MOXD_TRANSFER_BLANKS_MAX =
        256, /* blanks at the end of a quoted-printable line that are dropped */
    MOXD_TRANSFER_SLACK = MOXD_TRANSFER_BLANKS_MAX + 8,
};

/* A decoding under way. Start with moxd_transfer_init; needs no end. */
struct moxd_transfer {
    enum moxd_cte cte;
    uint64_t bad;  /* bytes that do not belong into the encoding */
    uint32_t bits; /* base64: bits not yet given out */
    uint8_t nbits;
    char held[2]; /* quoted-printable: '=' and the byte after it, as far as they came */
    uint8_t nheld;
    char blanks[MOXD_TRANSFER_BLANKS_MAX]; /* quoted-printable: blanks that may end the line */
    size_t nblanks;
};

/* MOXD_CTE_OTHER is passed through like binary; the caller says that it is unknown. */
void moxd_transfer_init(struct moxd_transfer *t, enum moxd_cte cte);
/* Decodes the chunk into out, which has room for in.n + MOXD_TRANSFER_SLACK bytes. `last`: nothing
 * comes after it. Returns how many bytes it wrote. */
size_t moxd_transfer_write(struct moxd_transfer *t, struct moxd_str in, bool last, char *out);

/* Decodes the bytes of a message from start up to end into the sink (IMAP BINARY, RFC 9051 6.4.5).
 * Errors of reader and sink. */
int moxd_transfer_range(const struct moxd_reader *r, uint64_t start, uint64_t end,
                        enum moxd_cte cte, struct moxd_sink sink,
                        struct moxd_err *err) MOXD_CHECKED;

enum {
    MOXD_ENCODE_COLUMNS = 76, /* of a line that we write (RFC 2045 6.7, 6.8) */
    MOXD_ENCODE_GROWTH = 4,   /* at most as many times more bytes, ... */
    MOXD_ENCODE_SLACK = 16,   /* and as many more */
};

/* An encoding under way: MOXD_CTE_QP, for text with CRLF line ends, or MOXD_CTE_BASE64. */
struct moxd_encode {
    enum moxd_cte cte;
    unsigned column;
    char held[2]; /* quoted-printable: a blank, a CR; base64: bytes of an incomplete group */
    uint8_t nheld;
};
void moxd_encode_init(struct moxd_encode *e, enum moxd_cte cte);
/* Appends the chunk encoded, in lines of MOXD_ENCODE_COLUMNS at most that end in CRLF. The result does not
 * depend on how the input is cut. Quoted-printable keeps line ends, and escapes blanks before them, bare CR
 * and LF, and dots that begin a line (RFC 2045 6.7, RFC 2049 3). `last`: nothing comes after it; base64 then
 * ends its last line. */
void moxd_encode_write(struct moxd_encode *e, struct moxd_str in, bool last, struct moxd_buf *out);

#endif
