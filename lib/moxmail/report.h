/* What reports to domains have in common, those of DMARC (RFC 9990) and of TLS (RFC 8460): names of files, the
 * messages that carry them, compression. Pure; what costs is for a worker. */
#ifndef MOXMAIL_REPORT_H
#define MOXMAIL_REPORT_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxmail/reader.h>

enum {
    MOXD_REPORT_PACKED_MAX =
        20 << 20,               /* bytes of an attachment; receivers refuse more than 10 MB */
    MOXD_REPORT_MAX = 20 << 20, /* bytes of a report, unpacked: some kilobytes are usual */
    MOXD_REPORT_PARTS_MAX = 20, /* attachments of a message that are tried */
};

enum moxd_report_kind { MOXD_REPORT_DMARC, MOXD_REPORT_TLS };

/* When a report's time begins or ends, in seconds since 1970, as people read it: "2026-11-21", with "T04" for DMARC, whose
 * intervals are hours. In the arena. */
const char *moxd_report_time(enum moxd_report_kind kind, int64_t sec, struct moxd_arena *a);

/* ---- writing */

/* What names a report: of whom, about whom, of which time. Domains in A-labels. */
struct moxd_report_name {
    enum moxd_report_kind kind;
    const char *submitter, *domain; /* who makes it; whose policy it is about */
    int64_t begin, end;             /* seconds since 1970 */
    const char *id;                 /* letters and digits */
};
/* Appends "SUBMITTER!DOMAIN!BEGIN!END!ID.xml.gz" or ".json.gz" (RFC 9990 2.6.2, RFC 8460 5.1). */
void moxd_report_filename(struct moxd_buf *b, const struct moxd_report_name *n);

struct moxd_report_mail {
    struct moxd_report_name name;
    const char *from;       /* address, of which the submitter is the domain */
    const char *const *to;  /* NULL-ended */
    const char *message_id; /* without <> */
    int64_t date;           /* seconds since 1970 */
    const char *text;       /* for people: lines with LF, ASCII */
    struct moxd_str data;   /* gzip */
};
/* Appends the whole message, with CRLF: header, text and attachment (RFC 9990 2.6.2, RFC 8460 5.3). One
 * about TLS asks for delivery whatever is wrong with TLS (RFC 8689 4.2). */
void moxd_report_mail(struct moxd_buf *b, const struct moxd_report_mail *m);
/* Appends the bytes in gzip form (RFC 1952). INTERNAL; LIMIT when the buffer is full. */
int moxd_report_pack(struct moxd_str s, struct moxd_buf *out, struct moxd_err *err) MOXD_CHECKED;

/* ---- reading */

/* Appends what is in a file: of gzip and of the first file in a zip archive what was packed, else the bytes as
 * they are; by what it begins with, whatever it is called. SYNTAX: damaged; LIMIT: more than the buffer
 * takes. Time and memory are bounded by those of the output. */
int moxd_report_unpack(struct moxd_str file, struct moxd_buf *out,
                       struct moxd_err *err) MOXD_CHECKED;

/* Whether the header says that it is a report of that kind, and about whom: TLS-Report-Domain (RFC 8460 5.3), or for DMARC
 * the subject (RFC 9990 2.6.2). The domain in A-labels, in the arena. */
bool moxd_report_claim(struct moxd_str header, enum moxd_report_kind kind, struct moxd_arena *a,
                       struct moxd_str *domain) MOXD_CHECKED;
/* The domain of the author, in A-labels; false without exactly one From that has one. */
bool moxd_report_author(struct moxd_str header, struct moxd_arena *a,
                        struct moxd_str *domain) MOXD_CHECKED;

/* An attachment that may be a report. */
struct moxd_report_part {
    uint64_t start, end; /* in the message */
    int cte;             /* enum moxd_cte */
    const char *type;    /* "application/gzip", lower case */
};
/* Attachments of a message that may be reports of that kind by their types and names, at most
 * MOXD_REPORT_PARTS_MAX; in the arena. Errors of the reader. */
int moxd_report_parts(const struct moxd_reader *r, enum moxd_report_kind kind, struct moxd_arena *a,
                      struct moxd_report_part **out, size_t *n, struct moxd_err *err) MOXD_CHECKED;
/* Decodes and unpacks one of them, appending to out. Errors of the reader; SYNTAX, LIMIT. */
int moxd_report_part_read(const struct moxd_reader *r, const struct moxd_report_part *p,
                          struct moxd_buf *out, struct moxd_err *err) MOXD_CHECKED;

#endif
