/* The syntax of SMTP (RFC 5321 4.1 and 4.2) and of its extensions' parameters: command lines of clients,
 * replies of servers. Lines come without their CRLF. Pure.
 *
 * An error of a command is a reply: code, enhanced code, and a text that tells the client what was
 * expected. Order, state and policy are the caller's. */
#ifndef MOXMAIL_SMTP_SYNTAX_H
#define MOXMAIL_SMTP_SYNTAX_H

#include <moxmail/address.h>

/* RFC 5321 4.5.3.1, in octets with CRLF where lines are meant. */
enum {
    MOXD_SMTP_COMMAND_MAX = 512,          /* 4.5.3.1.4, more with extensions: */
    MOXD_SMTP_SIZE_EXTRA = 26,            /* RFC 1870 3: added to MAIL */
    MOXD_SMTP_8BITMIME_EXTRA = 17,        /* RFC 6152 2: MAIL */
    MOXD_SMTP_SMTPUTF8_EXTRA = 10,        /* RFC 6531 3.1: MAIL */
    MOXD_SMTP_AUTH_EXTRA = 500,           /* RFC 4954 3: MAIL */
    MOXD_SMTP_DSN_EXTRA = 500,            /* RFC 3461 4.2: MAIL and RCPT */
    MOXD_SMTP_REQUIRETLS_EXTRA = 11,      /* RFC 8689 2: MAIL */
    MOXD_SMTP_FUTURERELEASE_EXTRA = 34,   /* RFC 4865 3: MAIL */
    MOXD_SMTP_AUTH_LINE_MAX = 12288,      /* RFC 4954 4: AUTH and its responses */
    MOXD_SMTP_REPLY_LINE_MAX = 512,       /* 4.5.3.1.5, as we write it */
    MOXD_SMTP_REPLY_LINE_ACCEPTED = 4096, /* ... as we read it: servers send longer ones */
    MOXD_SMTP_REPLY_LINES_MAX = 500,
    MOXD_SMTP_TEXT_LINE_MAX = 1000, /* 4.5.3.1.6 */
    MOXD_SMTP_RCPT_MIN = 100,       /* 4.5.3.1.8: recipients that must be taken at least */
    MOXD_SMTP_ENVID_MAX = 100,      /* RFC 3461 4.4 */
    MOXD_SMTP_ORCPT_MAX = 500,      /* RFC 3461 4.2 */
    MOXD_SMTP_MECHANISM_MAX = 20,   /* RFC 4422 3.1 */
};
#define MOXD_SMTP_HOLDFOR_MAX INT64_C(999999999) /* seconds (RFC 4865 3) */

enum moxd_smtp_verb {
    MOXD_SMTP_UNKNOWN,
    MOXD_SMTP_EHLO,
    MOXD_SMTP_HELO,
    MOXD_SMTP_MAIL,
    MOXD_SMTP_RCPT,
    MOXD_SMTP_DATA,
    MOXD_SMTP_BDAT,
    MOXD_SMTP_RSET,
    MOXD_SMTP_NOOP,
    MOXD_SMTP_VRFY,
    MOXD_SMTP_EXPN,
    MOXD_SMTP_HELP,
    MOXD_SMTP_QUIT,
    MOXD_SMTP_STARTTLS,
    MOXD_SMTP_AUTH,
    MOXD_SMTP_VERBS,
};

/* What the parsers accept. */
enum moxd_smtp_opts {
    MOXD_SMTP_PEDANTIC = 1,   /* the grammar and nothing else */
    MOXD_SMTP_SUBMISSION = 2, /* clients of users: lenient unless pedantic (SMTPIN-03, -05) */
    /* Extensions that were announced: without them their parameters are unknown, 555. */
    MOXD_SMTP_EXT_SIZE = 4,            /* RFC 1870 */
    MOXD_SMTP_EXT_8BITMIME = 8,        /* RFC 6152 */
    MOXD_SMTP_EXT_BINARYMIME = 16,     /* RFC 3030 */
    MOXD_SMTP_EXT_SMTPUTF8 = 32,       /* RFC 6531; for RCPT: the transaction has it */
    MOXD_SMTP_EXT_AUTH = 64,           /* RFC 4954 */
    MOXD_SMTP_EXT_DSN = 128,           /* RFC 3461 */
    MOXD_SMTP_EXT_REQUIRETLS = 256,    /* RFC 8689 */
    MOXD_SMTP_EXT_FUTURERELEASE = 512, /* RFC 4865 */
};

/* The verb of a line, in any case, and its arguments: what follows the first space, without blanks at
 * the end (RFC 5321 4.1.1). */
enum moxd_smtp_verb moxd_smtp_verb(struct moxd_str line, struct moxd_str *args);
/* "MAIL", and how to write it: "MAIL FROM:<address> [parameters]". */
const char *moxd_smtp_verb_name(enum moxd_smtp_verb verb);
const char *moxd_smtp_verb_usage(enum moxd_smtp_verb verb);

struct moxd_smtp_hello {
    bool valid;                /* domain is set; always so unless SUBMISSION without PEDANTIC */
    struct moxd_domain domain; /* or address literal */
    struct moxd_str text;      /* as sent, at most 255 printable ASCII characters, others as "?" */
};
/* Arguments of EHLO and HELO: Domain / address-literal, nothing behind it (SMTPIN-04). A literal is
 * accepted with HELO too, unless pedantic. Submission accepts anything unless pedantic (SMTPIN-03). */
int moxd_smtp_parse_hello(struct moxd_str args, enum moxd_smtp_verb verb, unsigned opts,
                          struct moxd_arena *a, struct moxd_smtp_hello *out,
                          struct moxd_err *err) MOXD_CHECKED;

enum moxd_smtp_body {
    MOXD_SMTP_BODY_NONE,
    MOXD_SMTP_7BIT,
    MOXD_SMTP_8BITMIME,
    MOXD_SMTP_BINARYMIME
};
enum moxd_smtp_ret { MOXD_SMTP_RET_NONE, MOXD_SMTP_RET_FULL, MOXD_SMTP_RET_HDRS };

struct moxd_smtp_mail {
    struct moxd_address from; /* may be the null path */
    bool has_size;
    uint64_t size; /* UINT64_MAX also stands for more */
    enum moxd_smtp_body body;
    bool smtputf8, requiretls;
    bool has_auth;
    struct moxd_str auth; /* a mailbox, decoded; empty for AUTH=<> */
    enum moxd_smtp_ret ret;
    bool has_envid;
    struct moxd_str envid; /* decoded: printable ASCII */
    int64_t hold_for;      /* seconds from now, 0: absent */
    int64_t hold_until;    /* seconds since 1970, 0: absent */
};
/* Arguments of MAIL: `FROM:<path> parameters`. Blanks behind the colon are accepted unless pedantic
 * (SMTPIN-06). */
int moxd_smtp_parse_mail(struct moxd_str args, unsigned opts, struct moxd_arena *a,
                         struct moxd_smtp_mail *out, struct moxd_err *err) MOXD_CHECKED;

enum moxd_smtp_notify { /* RFC 3461 4.1 */
                        MOXD_SMTP_NOTIFY_NEVER = 1,
                        MOXD_SMTP_NOTIFY_SUCCESS = 2,
                        MOXD_SMTP_NOTIFY_FAILURE = 4,
                        MOXD_SMTP_NOTIFY_DELAY = 8,
};
struct moxd_smtp_rcpt {
    struct moxd_address to;      /* never the null path; without domain: <Postmaster> */
    unsigned notify;             /* moxd_smtp_notify, 0: absent */
    struct moxd_str notify_text; /* as sent, empty: absent */
    struct moxd_str orcpt_text;  /* as sent, "rfc822;...", empty: absent */
    struct moxd_str orcpt_type;  /* lower case: "rfc822", "utf-8", ... */
    struct moxd_str orcpt;       /* decoded; has no control characters */
};
/* Arguments of RCPT: `TO:<path> parameters`. */
int moxd_smtp_parse_rcpt(struct moxd_str args, unsigned opts, struct moxd_arena *a,
                         struct moxd_smtp_rcpt *out, struct moxd_err *err) MOXD_CHECKED;

struct moxd_smtp_auth {
    struct moxd_str mechanism; /* upper case */
    bool has_initial;
    struct moxd_str initial; /* still base64, a view of the arguments; empty when it was "=" */
};
/* Arguments of AUTH: `mechanism [initial-response]`. */
int moxd_smtp_parse_auth(struct moxd_str args, struct moxd_arena *a, struct moxd_smtp_auth *out,
                         struct moxd_err *err) MOXD_CHECKED;
/* Appends the decoded response (or the initial one). KIND_CANCELLED with 501 5.7.0 for "*". */
int moxd_smtp_auth_decode(struct moxd_buf *b, struct moxd_str line,
                          struct moxd_err *err) MOXD_CHECKED;

struct moxd_smtp_bdat {
    uint64_t size;
    bool last;
};
/* Arguments of BDAT: `chunk-size [LAST]` (RFC 3030 2). */
int moxd_smtp_parse_bdat(struct moxd_str args, struct moxd_smtp_bdat *out,
                         struct moxd_err *err) MOXD_CHECKED;

/* A reply of a server (RFC 5321 4.2), read line by line. */
struct moxd_smtp_reply {
    int code;               /* 200 to 599; 0 before the first line */
    char enhanced[12];      /* of the first line when it has one of the reply's class (RFC 2034) */
    struct moxd_str *lines; /* without code, with enhanced code; bytes as sent */
    size_t nlines, cap;
};
/* Adds a line without its CRLF; the text is copied. 1: more lines follow; 0: the reply is complete; -1:
 * malformed, or over a limit. Start with a zeroed struct. */
int moxd_smtp_reply_add(struct moxd_smtp_reply *r, struct moxd_str line, struct moxd_arena *a,
                        struct moxd_err *err) MOXD_CHECKED;
/* A line's text behind its enhanced code. */
struct moxd_str moxd_smtp_reply_text(const struct moxd_smtp_reply *r, size_t line);

#endif
