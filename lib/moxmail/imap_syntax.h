/* IMAP commands as data: the grammar of RFC 9051 9 and RFC 3501 9, with RFC 6855, 3348, 5258, 5819, 7162.
 *
 * A command comes as one piece of text: its lines and literals as received, without the CRLF at its
 * end ("a1 LOGIN {3}\r\nfoo {3}\r\nbar"). The one that collects it bounds its length. Only literals
 * behind the mailbox of APPEND and REPLACE do not go through here. Everything lives in the arena. Pure; never recurses. */
#ifndef MOXMAIL_IMAP_SYNTAX_H
#define MOXMAIL_IMAP_SYNTAX_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

/* Limits, each a BAD with its name. */
enum moxd_imap_limits {
    MOXD_IMAP_TAG_MAX = 200,
    MOXD_IMAP_SEARCH_KEYS_MAX = 2000,  /* nodes of one SEARCH */
    MOXD_IMAP_SEARCH_DEPTH_MAX = 100,  /* nested parentheses, NOT and OR */
    MOXD_IMAP_FETCH_ITEMS_MAX = 500,
    MOXD_IMAP_HEADER_FIELDS_MAX = 2000,/* in all HEADER.FIELDS lists of a command */
    MOXD_IMAP_PART_DEPTH_MAX = 100,    /* numbers in a section part */
    MOXD_IMAP_FLAGS_MAX = 200,
    MOXD_IMAP_PATTERNS_MAX = 100,
    MOXD_IMAP_SET_MAX = 20000,         /* ranges of a sequence set */
    MOXD_IMAP_ENTRIES_MAX = 100,       /* annotations named in a command */
    MOXD_IMAP_ENTRY_NAME_MAX = 200,
    MOXD_IMAP_QUOTAS_MAX = 20,         /* resources of SETQUOTA; RFC 9208 knows four */
    MOXD_IMAP_APPEND_MESSAGES_MAX = 1000, /* of one APPEND */
    MOXD_IMAP_APPEND_PARTS_MAX = 1000, /* in all CATENATE lists of a command */
    MOXD_IMAP_EVENT_GROUPS_MAX = 100,  /* of NOTIFY */
    MOXD_IMAP_FILTER_NAMES_MAX = 1000, /* mailboxes named in a NOTIFY or an ESEARCH */
};

enum moxd_imap_verb {
    MOXD_IMAP_CAPABILITY, MOXD_IMAP_NOOP, MOXD_IMAP_LOGOUT, MOXD_IMAP_ID, MOXD_IMAP_STARTTLS,
    MOXD_IMAP_AUTHENTICATE, MOXD_IMAP_LOGIN, MOXD_IMAP_ENABLE, MOXD_IMAP_SELECT,
    MOXD_IMAP_EXAMINE, MOXD_IMAP_CREATE, MOXD_IMAP_DELETE, MOXD_IMAP_RENAME,
    MOXD_IMAP_SUBSCRIBE, MOXD_IMAP_UNSUBSCRIBE, MOXD_IMAP_LIST, MOXD_IMAP_LSUB,
    MOXD_IMAP_NAMESPACE, MOXD_IMAP_STATUS, MOXD_IMAP_APPEND, MOXD_IMAP_IDLE, MOXD_IMAP_CHECK,
    MOXD_IMAP_CLOSE, MOXD_IMAP_UNSELECT, MOXD_IMAP_EXPUNGE, MOXD_IMAP_SEARCH, MOXD_IMAP_FETCH,
    MOXD_IMAP_STORE, MOXD_IMAP_COPY, MOXD_IMAP_MOVE, MOXD_IMAP_SORT,
    MOXD_IMAP_THREAD,
    MOXD_IMAP_REPLACE,
    MOXD_IMAP_COMPRESS,
    MOXD_IMAP_CANCELUPDATE,
    MOXD_IMAP_NOTIFY,
    MOXD_IMAP_ESEARCH,
    MOXD_IMAP_SETACL, MOXD_IMAP_DELETEACL, MOXD_IMAP_GETACL, MOXD_IMAP_LISTRIGHTS,
    MOXD_IMAP_MYRIGHTS,
    MOXD_IMAP_UNAUTHENTICATE,
    MOXD_IMAP_GETMETADATA, MOXD_IMAP_SETMETADATA,
    MOXD_IMAP_GETQUOTA, MOXD_IMAP_GETQUOTAROOT, MOXD_IMAP_SETQUOTA,
    MOXD_IMAP_VERBS
};
const char *moxd_imap_verb_name(enum moxd_imap_verb verb); /* "FETCH" */

/* Sequence set (RFC 9051 9): as written, not sorted. */
enum { MOXD_IMAP_STAR = 0 };
struct moxd_imap_range {
    uint32_t a, b; /* either may be MOXD_IMAP_STAR; either order */
};
struct moxd_imap_set {
    struct moxd_imap_range *v;
    size_t n;
    bool saved; /* "$": the saved result of the last search (RFC 9051 6.4.4.1) */
};

struct moxd_imap_list {
    struct moxd_str *v;
    size_t n;
};

/* A section of a message (RFC 9051 6.4.5). */
enum moxd_imap_text {
    MOXD_IMAP_TEXT_ALL, MOXD_IMAP_TEXT_HEADER, MOXD_IMAP_TEXT_FIELDS,
    MOXD_IMAP_TEXT_FIELDS_NOT, MOXD_IMAP_TEXT_TEXT, MOXD_IMAP_TEXT_MIME
};
struct moxd_imap_section {
    uint32_t *part;
    size_t nparts;
    enum moxd_imap_text text;
    struct moxd_imap_list fields;
};
enum moxd_imap_item_kind {
    MOXD_IMAP_ITEM_FLAGS, MOXD_IMAP_ITEM_UID, MOXD_IMAP_ITEM_INTERNALDATE, MOXD_IMAP_ITEM_SIZE,
    MOXD_IMAP_ITEM_ENVELOPE, MOXD_IMAP_ITEM_BODY, MOXD_IMAP_ITEM_BODYSTRUCTURE,
    MOXD_IMAP_ITEM_SECTION,                             /* BODY[...] */
    MOXD_IMAP_ITEM_RFC822, MOXD_IMAP_ITEM_RFC822_HEADER, MOXD_IMAP_ITEM_RFC822_TEXT,
    MOXD_IMAP_ITEM_BINARY, MOXD_IMAP_ITEM_BINARY_SIZE,
    MOXD_IMAP_ITEM_EMAILID, MOXD_IMAP_ITEM_THREADID,    /* RFC 8474 5.3 */
    MOXD_IMAP_ITEM_PREVIEW,                             /* RFC 8970 */
    MOXD_IMAP_ITEM_SAVEDATE,                            /* RFC 8514 */
    MOXD_IMAP_ITEM_MODSEQ,                              /* RFC 7162 */
};
struct moxd_imap_item {
    enum moxd_imap_item_kind kind;
    bool peek;                     /* does not set \Seen */
    bool lazy;                     /* PREVIEW: only one that is there already */
    struct moxd_imap_section sec;  /* SECTION, BINARY, BINARY_SIZE */
    bool partial;
    uint64_t offset, count;
};

/* A search key. AND has any number of children; OR two, NOT one. */
enum moxd_imap_key_kind {
    MOXD_IMAP_KEY_AND, MOXD_IMAP_KEY_OR, MOXD_IMAP_KEY_NOT, MOXD_IMAP_KEY_ALL,
    MOXD_IMAP_KEY_FLAG,    /* has the flag `str`: "\\Seen" or a keyword; `negate` for UN... */
    MOXD_IMAP_KEY_NEW, MOXD_IMAP_KEY_OLD, MOXD_IMAP_KEY_RECENT,
    MOXD_IMAP_KEY_HEADER,  /* field `field` contains `str` ("" : is there) */
    MOXD_IMAP_KEY_BODY, MOXD_IMAP_KEY_TEXT,
    MOXD_IMAP_KEY_BEFORE, MOXD_IMAP_KEY_ON, MOXD_IMAP_KEY_SINCE,             /* INTERNALDATE */
    MOXD_IMAP_KEY_SENTBEFORE, MOXD_IMAP_KEY_SENTON, MOXD_IMAP_KEY_SENTSINCE, /* Date field */
    MOXD_IMAP_KEY_LARGER, MOXD_IMAP_KEY_SMALLER,
    MOXD_IMAP_KEY_UID, MOXD_IMAP_KEY_SEQ,
    MOXD_IMAP_KEY_OLDER, MOXD_IMAP_KEY_YOUNGER,        /* than `number` seconds (RFC 5032) */
    MOXD_IMAP_KEY_SAVEDBEFORE, MOXD_IMAP_KEY_SAVEDON, MOXD_IMAP_KEY_SAVEDSINCE, /* RFC 8514 */
    MOXD_IMAP_KEY_EMAILID, MOXD_IMAP_KEY_THREADID,     /* is `str` (RFC 8474 6) */
    MOXD_IMAP_KEY_FILTER,                              /* named `str` (RFC 5466) */
    MOXD_IMAP_KEY_MODSEQ,  /* >= `number` (RFC 7162 3.1.5) */
};
struct moxd_imap_key {
    enum moxd_imap_key_kind kind;
    bool negate;
    struct moxd_str field, str;
    uint64_t number;
    int32_t day;                  /* days since 1970-01-01, without zone */
    struct moxd_imap_set set;
    struct moxd_imap_key *child, *next; /* first child; next sibling */
};
enum moxd_imap_search_return {
    MOXD_IMAP_RETURN_MIN = 1, MOXD_IMAP_RETURN_MAX = 2, MOXD_IMAP_RETURN_ALL = 4,
    MOXD_IMAP_RETURN_COUNT = 8, MOXD_IMAP_RETURN_SAVE = 16,
    MOXD_IMAP_RETURN_PARTIAL = 32, MOXD_IMAP_RETURN_CONTEXT = 64, MOXD_IMAP_RETURN_UPDATE = 128,
};
/* PARTIAL a:b, or -a:-b, which counts from the end (RFC 5267 4.4, RFC 9394 4): as sent, either order. */
struct moxd_imap_partial {
    bool from_end;
    uint32_t a, b; /* 0: not given */
};
/* RFC 5256 and RFC 5957: keys of SORT. */
enum moxd_imap_sort_key {
    MOXD_IMAP_SORT_ARRIVAL, MOXD_IMAP_SORT_CC, MOXD_IMAP_SORT_DATE, MOXD_IMAP_SORT_DISPLAYFROM,
    MOXD_IMAP_SORT_DISPLAYTO, MOXD_IMAP_SORT_FROM, MOXD_IMAP_SORT_SIZE, MOXD_IMAP_SORT_SUBJECT,
    MOXD_IMAP_SORT_TO,
    MOXD_IMAP_SORT_KEYS
};
struct moxd_imap_sort {
    enum moxd_imap_sort_key key;
    bool reverse;
};
enum moxd_imap_thread_alg { MOXD_IMAP_THREAD_ORDEREDSUBJECT, MOXD_IMAP_THREAD_REFERENCES };
enum moxd_imap_status_att {
    MOXD_IMAP_STATUS_MESSAGES = 1, MOXD_IMAP_STATUS_UIDNEXT = 2, MOXD_IMAP_STATUS_UIDVALIDITY = 4,
    MOXD_IMAP_STATUS_UNSEEN = 8, MOXD_IMAP_STATUS_DELETED = 16, MOXD_IMAP_STATUS_SIZE = 32,
    MOXD_IMAP_STATUS_RECENT = 64, MOXD_IMAP_STATUS_HIGHESTMODSEQ = 128,
    MOXD_IMAP_STATUS_MAILBOXID = 256, MOXD_IMAP_STATUS_DELETED_STORAGE = 512,
};
enum moxd_imap_list_opt {
    MOXD_IMAP_SEL_SUBSCRIBED = 1, MOXD_IMAP_SEL_REMOTE = 2, MOXD_IMAP_SEL_RECURSIVEMATCH = 4,
    MOXD_IMAP_SEL_SPECIAL_USE = 8,
    MOXD_IMAP_RET_SUBSCRIBED = 16, MOXD_IMAP_RET_CHILDREN = 32, MOXD_IMAP_RET_SPECIAL_USE = 64,
    MOXD_IMAP_RET_STATUS = 128,
    MOXD_IMAP_RET_METADATA = 512,
    MOXD_IMAP_LIST_EXTENDED = 256, /* any option or a pattern list was given */
};
enum moxd_imap_store_mode { MOXD_IMAP_STORE_SET, MOXD_IMAP_STORE_ADD, MOXD_IMAP_STORE_REMOVE };

struct moxd_imap_date {
    int64_t ns;   /* since 1970 UTC */
    int16_t zone; /* minutes east */
};

/* NOTIFY (RFC 5465). */
enum moxd_imap_event {
    MOXD_IMAP_EVENT_MESSAGE_NEW = 1, MOXD_IMAP_EVENT_MESSAGE_EXPUNGE = 2,
    MOXD_IMAP_EVENT_FLAG_CHANGE = 4, MOXD_IMAP_EVENT_ANNOTATION_CHANGE = 8,
    MOXD_IMAP_EVENT_MAILBOX_NAME = 16, MOXD_IMAP_EVENT_SUBSCRIPTION_CHANGE = 32,
    MOXD_IMAP_EVENT_MAILBOX_METADATA = 64, MOXD_IMAP_EVENT_SERVER_METADATA = 128,
    MOXD_IMAP_EVENT_OTHER = 256, /* one that the RFC does not have */
};
const char *moxd_imap_event_name(unsigned bit); /* "MessageNew"; NULL when none has this bit */
/* Which mailboxes are meant (RFC 5465 6, RFC 7377 2.2). */
enum moxd_imap_filter {
    MOXD_IMAP_FILTER_SELECTED, MOXD_IMAP_FILTER_SELECTED_DELAYED, MOXD_IMAP_FILTER_INBOXES,
    MOXD_IMAP_FILTER_PERSONAL, MOXD_IMAP_FILTER_SUBSCRIBED,
    MOXD_IMAP_FILTER_SUBTREE, MOXD_IMAP_FILTER_MAILBOXES,
    MOXD_IMAP_FILTER_SUBTREE_ONE, /* ESEARCH */
};
struct moxd_imap_mailboxes {
    enum moxd_imap_filter filter;
    struct moxd_imap_list names; /* SUBTREE and its kin, MAILBOXES */
};
struct moxd_imap_event_group {
    struct moxd_imap_mailboxes of;
    unsigned events;             /* 0: NONE */
};
struct moxd_imap_notify {
    bool none;   /* NOTIFY NONE */
    bool status; /* STATUS responses are wanted */
    struct moxd_imap_event_group *groups; /* at most one for the selected mailbox */
    size_t ngroups;
};

/* SELECT (QRESYNC (...)), RFC 7162 3.2.5. Sets without "*" and "$". */
struct moxd_imap_qresync {
    bool given;
    uint32_t uidvalidity;
    uint64_t modseq;
    struct moxd_imap_set uids;   /* known ones; n 0: not given, all */
    struct moxd_imap_set seqs, seq_uids; /* sequence match data: ascending, of the same length; n 0: none */
};

/* Annotations that GETMETADATA, SETMETADATA and LIST name (RFC 5464, RFC 9590). */
enum moxd_imap_depth { MOXD_IMAP_DEPTH_0, MOXD_IMAP_DEPTH_1, MOXD_IMAP_DEPTH_INFINITY };
struct moxd_imap_metadata {
    struct moxd_imap_entry {
        struct moxd_str name;  /* valid, in lower case */
        struct moxd_str value; /* SETMETADATA; any bytes; p NULL: NIL */
    } *v;
    size_t n;
    enum moxd_imap_depth depth;
    bool has_maxsize;
    uint64_t maxsize;
};

/* A resource of SETQUOTA (RFC 9208 4.1.3). */
struct moxd_imap_quota {
    struct moxd_str resource;
    uint64_t limit;
};

/* What APPEND and REPLACE bring (RFC 3502, RFC 4469, RFC 6855 4, RFC 8508), in pieces: each ends with the
 * announcement of a literal, whose data is not part of the text, or with the command. */
enum moxd_imap_append_kind {
    MOXD_IMAP_APPEND_MESSAGE, /* a message begins */
    MOXD_IMAP_APPEND_URL,     /* its next part is what the URL names */
    MOXD_IMAP_APPEND_END,     /* it is complete */
};
struct moxd_imap_append_step {
    enum moxd_imap_append_kind kind;
    struct moxd_imap_list flags; /* MESSAGE */
    bool has_date;
    struct moxd_imap_date date;
    struct moxd_str url;
};
enum moxd_imap_append_literal {
    MOXD_IMAP_LITERAL_NONE, /* that was the end of the command */
    MOXD_IMAP_LITERAL_DATA, /* the next part of the message */
    MOXD_IMAP_LITERAL_URL,
};
struct moxd_imap_append {
    struct moxd_imap_append_step *v; /* of the last piece, in its order */
    size_t n;
    enum moxd_imap_append_literal literal; /* after them */
    uint64_t size;
    bool sync; /* it waits for a continuation */
    /* between pieces: */
    bool single; /* only one message is allowed */
    bool open, catenate, utf8;
    unsigned messages, parts;
    size_t cap;
};

/* One parsed command; which members are set follows from the verb. Strings are bytes as sent
 * (mailbox names not decoded). */
struct moxd_imap_cmd {
    struct moxd_str tag;         /* "" when not even a tag was there */
    enum moxd_imap_verb verb;
    bool uid;                    /* UID FETCH and the like; ESEARCH always */
    struct moxd_str mailbox;     /* SELECT ..., APPEND, COPY; RENAME: from; LIST: reference */
    struct moxd_str arg;         /* COMPRESS: algorithm; GETQUOTA, SETQUOTA: root; RENAME: to; LOGIN: user name; AUTHENTICATE: mechanism */
    struct moxd_str arg2;        /* LOGIN: password; AUTHENTICATE: initial response, still base64 */
    bool has_arg2;
    struct moxd_imap_list list;  /* CANCELUPDATE: tags; ENABLE: capabilities; LIST, LSUB: patterns; ID: keys and values
                                    in turn (p NULL: NIL); CREATE: special-use attributes */
    unsigned list_opts;
    unsigned status_atts;        /* STATUS, LIST RETURN (STATUS ...) */
    struct moxd_imap_set set;
    struct moxd_imap_item *items; /* FETCH; NOTIFY and SEARCH RETURN (UPDATE (...)): of new messages */
    size_t nitems;
    enum moxd_imap_store_mode store_mode; /* STORE, SETACL */
    unsigned rights;             /* SETACL: enum moxd_imap_right; identifier in arg */
    bool silent;
    struct moxd_imap_list flags; /* STORE: names as sent, with their backslash */
    struct moxd_imap_key *search;
    struct moxd_str charset;     /* SEARCH, SORT, THREAD; empty: not given */
    struct moxd_imap_sort *sort; /* SORT: each key at most once */
    size_t nsort;
    enum moxd_imap_thread_alg thread;
    unsigned search_return;
    bool has_search_return;      /* RETURN was there: answer with ESEARCH */
    struct moxd_imap_partial partial; /* SEARCH and SORT with MOXD_IMAP_RETURN_PARTIAL; UID FETCH */
    struct moxd_imap_metadata metadata; /* mailbox is "" for those of the server */
    struct moxd_imap_quota *quotas; /* SETQUOTA */
    size_t nquotas;
    struct moxd_imap_append append; /* APPEND, REPLACE: the first piece */
    bool condstore;              /* it is a CONDSTORE enabling command (RFC 7162 3.1), but for ENABLE */
    struct moxd_imap_qresync qresync; /* SELECT, EXAMINE */
    struct moxd_imap_mailboxes *sources; /* ESEARCH IN (...) */
    size_t nsources;             /* 0: not given */
    struct moxd_imap_notify notify; /* with what MessageNew is to tell in items */
    bool has_changedsince, vanished; /* FETCH */
    uint64_t changedsince;
    bool has_unchangedsince;     /* STORE */
    uint64_t unchangedsince;
    bool search_seqs;            /* SEARCH and its kin: message numbers are among the keys */
};

/* Parses a whole command. -1 with *err (SYNTAX: malformed, the text says what was expected and at
 * which column; NOTFOUND: unknown command; LIMIT): out->tag is valid when it is not empty. */
int moxd_imap_parse(struct moxd_str text, struct moxd_arena *a, struct moxd_imap_cmd *out,
                    struct moxd_err *err) MOXD_CHECKED;

/* search-key *(SP search-key), as a filter holds them (RFC 5466 3.1): *out is an AND of them, in the arena, with
 * views into text. *seqs: message numbers are among them. SYNTAX, LIMIT. */
int moxd_imap_parse_search(struct moxd_str text, struct moxd_arena *a, struct moxd_imap_key **out,
                           bool *seqs, struct moxd_err *err) MOXD_CHECKED;

/* Whether a line announces a literal at its end: `{n}`, `{n+}`, `~{n}` (RFC 9051 4.3). */
struct moxd_imap_literal {
    uint64_t size;
    bool sync;      /* wait for a continuation request first */
    bool binary;    /* literal8 */
    size_t start;   /* where the `{` or `~` is in the line */
};
bool moxd_imap_literal(struct moxd_str line, struct moxd_imap_literal *out);
/* The next piece of APPEND or REPLACE: what came after the data of the last literal, without the line end.
 * -1 with *err (SYNTAX, LIMIT): what follows cannot be told. */
int moxd_imap_append_next(struct moxd_str text, struct moxd_arena *a, struct moxd_imap_append *ap,
                          struct moxd_err *err) MOXD_CHECKED;
/* Whether the text so far, which ends in a literal announcement, is an APPEND or REPLACE whose announced
 * literal comes after its mailbox name. */
bool moxd_imap_is_append_data(struct moxd_str text);
/* Whether there may be a password in it, for the log: LOGIN, AUTHENTICATE, or no command that we know:
 * perhaps one of them mistyped (LOG-03). */
bool moxd_imap_is_secret(struct moxd_str text);

/* INTERNALDATE format: "17-Jul-1996 02:44:25 -0700" with its quotes, into out[32]. */
const char *moxd_imap_date_format(struct moxd_imap_date d, char out[32]);
/* Appends a string in its shortest safe form (RFC 9051 4.3): quoted, or a literal when it has CR, LF,
 * NUL, or 8-bit bytes while `utf8` is off. p NULL gives NIL. An atom is never used. */
void moxd_imap_put_string(struct moxd_buf *b, struct moxd_str s, bool utf8);
/* Appends as astring: an atom when it is one, else as moxd_imap_put_string. */
void moxd_imap_put_astring(struct moxd_buf *b, struct moxd_str s, bool utf8);
/* Appends numbers as a set in its shortest form, "3:5,9": those that follow each other become a range, in the
 * order in which they come. Zero-initialized but for b. */
struct moxd_imap_set_out {
    struct moxd_buf *b;
    uint32_t first, last; /* the range being made; 0: none yet */
    bool any;             /* one was written */
};
void moxd_imap_set_add(struct moxd_imap_set_out *o, uint32_t first, uint32_t last);
void moxd_imap_set_end(struct moxd_imap_set_out *o); /* writes the last range; o can be used for a new set */
/* Appends the section as fetch responses name it: "[1.2.HEADER.FIELDS (From)]". */
void moxd_imap_put_section(struct moxd_buf *b, const struct moxd_imap_section *s);

#endif
