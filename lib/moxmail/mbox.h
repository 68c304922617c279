/* Mailboxes as one file, mbox: what RFC 4155 calls the default format, and what is found instead: mboxrd and mboxo
 * quoting of "From " lines, bare LF or CRLF, flags in Status, X-Status, X-Keywords and X-Mozilla-Status fields.
 * Streaming and pure: bytes in, events out. */
#ifndef MOXMAIL_MBOX_H
#define MOXMAIL_MBOX_H

#include <moxd/buf.h>
#include <moxd/err.h>

enum {
    MOXD_MBOX_LOOK = 2048, /* bytes at the start of a line that are looked at; more are text */
    MOXD_MBOX_KEYWORDS_MAX =
        16384, /* bytes of X-Keywords and X-Mozilla-Keys of a message; more are dropped */
    MOXD_MBOX_SENDER_MAX = 320, /* bytes of the sender in a separator line that is written */
};

enum moxd_mbox_flag {
    MOXD_MBOX_SEEN = 1,
    MOXD_MBOX_ANSWERED = 2,
    MOXD_MBOX_FLAGGED = 4,
    MOXD_MBOX_DELETED = 8,
    MOXD_MBOX_DRAFT = 16,
    MOXD_MBOX_FORWARDED = 32,
    MOXD_MBOX_GONE = 64,      /* removed, not yet compacted away (Thunderbird) */
    MOXD_MBOX_INTERNAL = 128, /* no message: notes that programs keep in the first one (X-IMAP) */
};

enum moxd_mbox_event {
    MOXD_MBOX_MORE,  /* more bytes are needed, or, when told that there are none, the end */
    MOXD_MBOX_START, /* a message: `time` is set */
    MOXD_MBOX_DATA, /* bytes of it: `data`, in the input or constant; line ends as they are there */
    MOXD_MBOX_END,  /* of the message: flags and keywords are set */
    MOXD_MBOX_BAD,  /* the file does not begin with a "From " line: it is no mbox */
};

/* Zeroed before the first call, freed with moxd_mbox_fini. */
struct moxd_mbox {
    int64_t time;             /* seconds since 1970, of the separator line: when it came */
    unsigned flags;           /* enum moxd_mbox_flag */
    struct moxd_buf keywords; /* separated by blanks, as written */
    struct moxd_str data;
    /* private: */
    enum { MOXD_MBOX_OUTSIDE, MOXD_MBOX_HEADER, MOXD_MBOX_BODY } state;
    bool mid_line;   /* the last data ended within a line */
    bool blank;      /* a blank line was held back: it may belong to the separator */
    bool dropping;   /* lines of a field that is taken out */
    unsigned taking; /* ... whose values are read as this field */
};

/* Takes bytes off *in. `last`: nothing follows them. To be called until it says MORE, then with more bytes behind
 * what is left of *in, which is less than MOXD_MBOX_LOOK. */
enum moxd_mbox_event moxd_mbox_next(struct moxd_mbox *m, struct moxd_str *in, bool last);
void moxd_mbox_fini(struct moxd_mbox *m);

/* The time of a separator line, "From sender Thu Nov 24 18:22:48 1986" (RFC 4155 appendix A), with the variants that
 * are common: no seconds, a zone before or behind the year, anything as sender. In UTC unless a zone says otherwise.
 * -1 when it is none. */
int moxd_mbox_separator(struct moxd_str line, int64_t *time) MOXD_CHECKED;

/* --- writing ------------------------------------------------------------------------------------- */
struct moxd_mbox_head {
    struct moxd_str sender; /* envelope sender; what is no word becomes MAILER-DAEMON */
    int64_t time;           /* seconds since 1970: when the message came */
    unsigned flags;         /* SEEN, ANSWERED, FLAGGED, DELETED, DRAFT; others are not written */
    const char *const *keywords;
    size_t nkeywords;
};
/* A message on its way into an mbox; nothing to free. */
struct moxd_mbox_writer {
    /* private: */
    bool body, mid_line, dropping;
};
/* Writes a message so that moxd_mbox_next gives it back: mboxrd quoting, CRLF as LF, an empty line behind it. Fields that
 * the reader takes out (Status and the like) are left out, since they say how the message was kept elsewhere. What is
 * lost: whether the last line had an end, CR in front of CRLF, and a first line that begins with a blank.
 * begin: the separator and the flags. write: takes bytes off *in, as moxd_mbox_next does: to be called again with more
 * behind what is left, which is less than MOXD_MBOX_LOOK; `last`: nothing follows. end: of the message. */
void moxd_mbox_begin(struct moxd_mbox_writer *w, const struct moxd_mbox_head *h,
                     struct moxd_buf *out);
void moxd_mbox_write(struct moxd_mbox_writer *w, struct moxd_str *in, bool last,
                     struct moxd_buf *out);
void moxd_mbox_end(struct moxd_mbox_writer *w, struct moxd_buf *out);

#endif
