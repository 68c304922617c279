/* The structure of a message: a tree of MIME parts with offsets, made in one pass over a reader
 * (RFC 5322, RFC 2045, RFC 2046, RFC 6532), kept by the store in a compact form, and asked by IMAP for
 * sections. Every message has a structure: what is broken, too deep or too much is an opaque part.
 * Works in linear time and bounded memory, without recursion. Pure; reading may block. */
#ifndef MOXMAIL_MESSAGE_H
#define MOXMAIL_MESSAGE_H

#include <moxmail/header.h>
#include <moxmail/mime.h>
#include <moxmail/reader.h>

enum {
    MOXD_MSG_PARTS_MAX = 10000,  /* parts of a message; the bytes of more belong to the last one */
    MOXD_MSG_DEPTH_MAX = 100,    /* multiparts and messages inside each other; deeper is opaque */
    MOXD_MSG_FIELDS_MAX = 20000, /* fields of one header that are looked into */
    MOXD_MSG_VALUE_MAX = 256 * 1024, /* bytes of one field's value that are kept */
    MOXD_MSG_KEPT_MAX = 1024 * 1024, /* bytes of all kept values; then fields count as absent */
    MOXD_BOUNDARY_MAX =
        996, /* fills a line; a longer one makes the part opaque (RFC 2046 5.1.1: 70) */
};

/* The fields of an IMAP envelope in its order (RFC 9051 7.5.2). */
enum moxd_env_field {
    MOXD_ENV_DATE,
    MOXD_ENV_SUBJECT,
    MOXD_ENV_FROM,
    MOXD_ENV_SENDER,
    MOXD_ENV_REPLY_TO,
    MOXD_ENV_TO,
    MOXD_ENV_CC,
    MOXD_ENV_BCC,
    MOXD_ENV_IN_REPLY_TO,
    MOXD_ENV_MESSAGE_ID,
    MOXD_ENV_N,
};

/* Values unfolded, otherwise as written (NUL bytes are blanks): encoded words and 8-bit bytes are
 * still in them. p is NULL when the field is absent, n is 0 when it is empty. Of a field that is
 * there more than once the first counts; address fields are joined with commas. */
struct moxd_envelope {
    struct moxd_str f[MOXD_ENV_N];
};

enum moxd_part_kind {
    MOXD_PART_LEAF,      /* has content of its own */
    MOXD_PART_MULTIPART, /* has at least one child */
    MOXD_PART_MESSAGE,   /* message/rfc822 or message/global: has one child, that message's root */
};

enum {
    MOXD_PART_BROKEN_TYPE = 1, /* malformed Content-Type: application/octet-stream instead */
    MOXD_PART_OPAQUE = 2,      /* a multipart or message that was not looked into: a leaf */
    MOXD_PART_NUL = 4,         /* the header or (in a leaf) the body holds NUL bytes */
    MOXD_PART_8BIT = 8,        /* ... bytes above 127 */
    MOXD_PART_ROOT = 16,       /* root of a message, so envelope is set */
};

struct moxd_part {
    uint64_t header;   /* offset in the message of its header */
    uint64_t body;     /* offset behind the header's blank line; header == body: no header */
    uint64_t end;      /* offset behind the body */
    uint64_t lines;    /* line ends in the body */
    uint32_t parent;   /* index; of the root of all: 0 */
    uint32_t next;     /* index of the next sibling, 0 when none */
    uint32_t children; /* how many; the first one is at this part's index + 1 */
    uint32_t number;   /* 1 for the first child of its parent; 0 for a message root */
    enum moxd_part_kind kind;
    enum moxd_cte cte;
    unsigned flags; /* MOXD_PART_* */
    /* Content-Type with the defaults filled in: text/plain, or message/rfc822 in a digest. The
     * charset parameter is not filled in. Case as written. */
    struct moxd_str type, subtype;
    struct moxd_params params;
    struct moxd_str cte_text;    /* Content-Transfer-Encoding as written; p NULL when absent */
    struct moxd_str disposition; /* p NULL when absent */
    struct moxd_params dparams;
    /* Values unfolded; p NULL when absent. */
    struct moxd_str id, description, language, location, md5;
    /* Of a message's root, else NULL. A structure that was read back has none for the message itself:
     * that is in its header. */
    const struct moxd_envelope *envelope;
};

enum {
    MOXD_MSG_LIMITED = 1, /* a limit above was met: the structure is incomplete */
    MOXD_MSG_INTERNATIONAL =
        2, /* its header is, as <moxmail/downgrade.h> says, or may be; set by who stores it */
};

struct moxd_msg {
    uint64_t size;           /* of the whole message */
    unsigned flags;          /* MOXD_MSG_* */
    struct moxd_part *parts; /* in document order; parts[0] is the message itself */
    uint32_t nparts;         /* at least 1 */
};

/* Reads the whole message once. Everything lives in the arena. Only errors of the reader. */
int moxd_msg_parse(struct moxd_arena *a, const struct moxd_reader *r, struct moxd_msg **out,
                   struct moxd_err *err) MOXD_CHECKED;

/* The envelope of a header in memory, for callers that need no structure. In the arena. */
struct moxd_envelope *moxd_envelope_parse(struct moxd_arena *a, struct moxd_str header)
    __attribute__((returns_nonnull));
/* One envelope value (or id or description) as readable UTF-8; nothing when it is absent. */
void moxd_msg_text(struct moxd_buf *out, struct moxd_str value);

/* The number of the compact form: raised when the form or the meaning of what is in it changes. */
enum { MOXD_MSG_FORM = 3 };
/* Whether stored bytes say that they are of this form. */
bool moxd_msg_form_current(struct moxd_str data);
/* The flags of a stored form, without reading the rest: MOXD_MSG_INTERNATIONAL when it is of another form. */
unsigned moxd_msg_form_flags(struct moxd_str data);
/* The compact form of the structure, versioned; appended to out: 40-60 bytes for a part. */
void moxd_msg_encode(const struct moxd_msg *m, struct moxd_buf *out);
/* Reads the compact form back; `size` is the size of the message now. Everything lives in the arena,
 * `data` is copied. KIND_CORRUPT when the form is of another version, is damaged, or does not fit
 * the size: parse again. Accepts any bytes without harm. */
int moxd_msg_decode(struct moxd_arena *a, struct moxd_str data, uint64_t size,
                    struct moxd_msg **out, struct moxd_err *err) MOXD_CHECKED;

/* What a section names (RFC 9051 6.4.5.1). */
enum moxd_section_kind {
    MOXD_SECTION_BODY,   /* only a part number, or nothing for the whole message */
    MOXD_SECTION_HEADER, /* also HEADER.FIELDS and HEADER.FIELDS.NOT */
    MOXD_SECTION_TEXT,
    MOXD_SECTION_MIME, /* needs a path */
};

/* The part with that number path; the message itself for n == 0; NULL when there is none. */
const struct moxd_part *moxd_msg_part(const struct moxd_msg *m, const uint32_t *path, size_t n);
/* The bytes of a section: the kind, of the part with that path. HEADER and TEXT with a path are those
 * of an embedded message. -1 when the message has no such section (IMAP answers NIL). */
int moxd_msg_section(const struct moxd_msg *m, const uint32_t *path, size_t n,
                     enum moxd_section_kind kind, uint64_t *start, uint64_t *end) MOXD_CHECKED;
/* Appends the number path of a part: "1.2"; nothing for the message itself when it is a multipart, and
 * for the root of an embedded multipart the path of the part that holds the message. */
void moxd_msg_path(const struct moxd_msg *m, const struct moxd_part *p, struct moxd_buf *out);

bool moxd_part_is(const struct moxd_part *p, const char *type, const char *subtype);
/* The file name: filename of the disposition, else name of the type, as readable UTF-8. Nothing
 * when there is none. May hold any character: not to be used as a path. */
void moxd_part_filename(const struct moxd_part *p, struct moxd_buf *out);
/* The charset parameter, empty when absent. */
struct moxd_str moxd_part_charset(const struct moxd_part *p);

#endif
