/* The summary of a message's header: the fields that clients ask for, and marks for the names of the
 * others, in a few hundred bytes. The store keeps it beside the message, so that lists, searches and
 * sorting need not read the message. What is taken from it is byte for byte what the header gives: where
 * the summary does not know, it says so. Pure. */
#ifndef MOXMAIL_SUMMARY_H
#define MOXMAIL_SUMMARY_H

#include <moxmail/header.h>
#include <moxmail/message.h>

enum {
    MOXD_SUMMARY_MAX = 8000,       /* bytes of all fields that are kept */
    MOXD_SUMMARY_FIELD_MAX = 2000, /* bytes of a field; of a longer one only the name is known */
    MOXD_SUMMARY_MARKS_MAX = 200,  /* different names of other fields; with more nothing is known */
};

/* The number of the stored form: raised when the form or the meaning of what is in it changes. */
enum { MOXD_SUMMARY_FORM = 2 };
/* Whether stored bytes say that they are of this form. */
bool moxd_summary_form_current(struct moxd_str data);
/* Appends the summary of a header: all up to and with its blank line (moxd_header_end). */
void moxd_summary_make(struct moxd_str header, struct moxd_buf *out);
/* Appends the summary that knows nothing, for a header that is too large to look at. */
void moxd_summary_make_none(struct moxd_buf *out);

/* A summary that was read; points into the stored bytes. */
struct moxd_summary {
    struct moxd_str fields; /* the kept ones, stored form */
    struct moxd_str marks;  /* of the names of others: two bytes each */
    uint64_t header_size;   /* bytes of the header with its blank line */
    struct moxd_str blank;  /* its blank line, as it is there */
    bool international;     /* moxd_header_is_international */
};
/* -1 when the bytes are no summary of this version, or damaged. Accepts any bytes without harm. */
int moxd_summary_read(struct moxd_summary *s, struct moxd_str data) MOXD_CHECKED;

/* Names of fields, made ready for many summaries. */
struct moxd_summary_query {
    uint64_t kept;      /* bit set of the names that summaries keep */
    uint64_t maybe[16]; /* for a quick look: bit (mark % 1024) */
    uint16_t *marks;    /* of all names, sorted; in the arena */
    size_t n;
};
void moxd_summary_query(struct moxd_summary_query *q, const struct moxd_str *names, size_t n,
                        struct moxd_arena *a);
/* Whether the summary knows all fields with these names, be it that there are none. */
bool moxd_summary_knows(const struct moxd_summary *s, const struct moxd_summary_query *q);
/* Appends the fields with these names and the blank line, as moxd_header_filter does; the summary must
 * know them. */
void moxd_summary_filter(const struct moxd_summary *s, const struct moxd_summary_query *q,
                         struct moxd_buf *out);
/* Cuts the next field with one of these names off *rest, which begins as s->fields. `raw` of f is not set.
 * False at the end. */
bool moxd_summary_next(struct moxd_str *rest, const struct moxd_summary_query *q,
                       struct moxd_field *f);
/* The names of the MOXD_ENV_N fields of an envelope, and the query for them. */
const struct moxd_str *moxd_summary_envelope_names(void);
void moxd_summary_query_envelope(struct moxd_summary_query *q, struct moxd_arena *a);
/* The envelope, in the arena, as moxd_envelope_parse gives it; q is the query for one. NULL when the summary
 * does not know all of its fields. */
const struct moxd_envelope *moxd_summary_envelope(const struct moxd_summary *s,
                                                  const struct moxd_summary_query *q,
                                                  struct moxd_arena *a);

#endif
