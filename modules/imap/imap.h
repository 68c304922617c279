/* The IMAP server's own header: the module instance, the session, the functions that files share. */
#ifndef IMAP_H
#define IMAP_H

#include <moxd/accounts.h>
#include <moxd/auth.h>
#include <moxd/module.h>
#include <moxd/store.h>
#include <moxmail/imap_acl.h>
#include <moxmail/imap_syntax.h>

#include "view.h"

/* Limits of a session, with their reasons. */
enum imap_limits {
    IMAP_LINE_MAX = 64 * 1024,     /* one line; longest known from clients: 8 KiB of UIDs */
    IMAP_COMMAND_MAX = 512 * 1024, /* lines and literals of one command, message data excepted */
    IMAP_LITERAL_MAX = 64 * 1024,  /* one literal that is not message data */
    IMAP_STRANGER_MAX = 16 * 1024, /* all three before login: names, passwords, SASL tokens */
    IMAP_CLIENT_MAX = 100,         /* bytes kept of what a client says of itself, with the NUL */
    IMAP_BAD_MAX = 20,             /* invalid commands in a row before the connection is closed */
    IMAP_AUTH_FAILURES_MAX = 10,   /* per connection */
    IMAP_OUT_MAX = 16 << 20,       /* one response line, bodies excepted */
    IMAP_SKIP_MAX = 1 << 30,       /* message data read only to be refused; more ends the session */
    IMAP_APPEND_ALL_MAX = 8,       /* times max-append-size: all messages of one APPEND */
    IMAP_ESEARCH_MAILBOXES_MAX = 10000, /* one ESEARCH; each is read */
    IMAP_SEARCH_TEXTS_MAX = 200,        /* texts of one SEARCH; each costs buffers */
};
#define IMAP_LOGIN_TIMEOUT (180 * MOXD_SEC)    /* before authentication: each command */
#define IMAP_COMMAND_TIMEOUT (300 * MOXD_SEC)  /* a command that has begun */
#define IMAP_IDLE_TIMEOUT (31 * 60 * MOXD_SEC) /* RFC 9051 5.4: at least 30 minutes */
#define IMAP_APPEND_DEFAULT                                                                        \
    (INT64_C(100) << 20) /* max-append-size, progress-interval without a listener */
#define IMAP_PROGRESS_DEFAULT (10 * MOXD_SEC)
#define IMAP_WRITE_TIMEOUT (300 * MOXD_SEC) /* a client that reads nothing */

struct search_v2;
struct imap {
    struct moxd_instance m;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    const struct auth_v1 *auth;
    struct moxd_instance *auth_self;
    const struct accounts_v1 *accounts;
    struct moxd_instance *accounts_self;
    const struct search_v2 *search; /* NULL: there is no index */
    struct moxd_instance *search_self;
    struct moxd_metric_handle *commands, *connections;
    struct imap_recent *recent;     /* hash, of the mailboxes that are selected */
    struct imap_shares *shares;     /* who shares with whom; NULL until it is asked for */
    struct imap_session *followers; /* sessions in mailboxes of others */
    struct imap_notify *listeners;  /* that hear of mailboxes of others */
};

/* A listener's `imap { }` and `imaps { }`. */
struct imap_service_conf {
    struct moxd_service_conf service;
    bool allow_plain; /* passwords without TLS from elsewhere than loopback */
    int64_t max_append_size;
    int64_t progress_interval;
};

/* domains.conf: account "mjl" { imap { } } */
struct imap_account_conf {
    struct moxd_conf_head head;
    struct moxd_strings disabled;
    bool quota_admin;
};

enum imap_state { IMAP_NOT_AUTH = 1, IMAP_AUTH = 2, IMAP_SELECTED = 4 };
enum imap_enabled {
    IMAP_EN_REV2 = 1,
    IMAP_EN_UTF8 = 2,
    IMAP_EN_CONDSTORE = 4,
    IMAP_EN_QRESYNC = 8,
    IMAP_EN_UIDONLY = 16,
    IMAP_EN_METADATA = 32,
};

/* Keywords that the client was told of in FLAGS: sorted, on the heap. */
struct imap_known {
    char **v;
    size_t n;
};

struct imap_selected {
    struct store_account *acc; /* that has it; a reference */
    struct store_watch *watch; /* of that account; NULL: the session's own sees it */
    unsigned rights;           /* enum moxd_imap_right of the user */
    uint32_t mailbox;
    bool readonly;    /* EXAMINE */
    bool stale;       /* the rights may have changed */
    bool rights_news; /* the client is to be told of other rights */
    bool lost;        /* changes were lost: compare the view with the store */
    uint64_t sent;    /* highest MODSEQ sent since the last tagged answer */
    struct store_uid_list *uids; /* that the view began with; a reference */
    struct imap_view view;
    struct imap_known known;
    struct imap_recent *recent;
    struct imap_contexts *contexts; /* RETURN (UPDATE); heap, NULL while there are none */
};

/* What the running command did itself, of which NOTIFY need not tell. */
struct imap_own {
    const char *name;              /* mailbox; in the arena of the command */
    uint64_t account;              /* that has: */
    uint32_t mailbox, first, last; /* messages that it added */
    uint64_t annotations;          /* modseq of its change of them; 0: none */
    uint64_t annotated_account;    /* in that one, by id */
};

/* One connection. While the client is silent it holds no arena and no buffer, only this and the view. */
struct imap_session {
    struct imap *im;
    struct moxd_conn *c;
    struct moxd_stream *st;
    struct moxd_log log; /* of the connection, with the account added once it is known */
    struct moxd_kv log_kv[1];
    const struct imap_service_conf *conf;
    enum imap_state state;
    unsigned enabled;
    bool waiting;          /* no command runs */
    bool bye;              /* the session ends after this command */
    bool valid_seen;       /* a valid command came (SMTPIN-02, IMAP-12) */
    unsigned bad;          /* invalid commands in a row */
    struct moxd_fid fiber; /* poked when changes are pending */
    struct auth_env auth_env;
    struct auth_identity who;
    char client[IMAP_CLIENT_MAX]; /* what it says of itself with ID; "" until then */
    struct store_account *acc;
    struct store_watch *watch;
    struct imap_selected *sel;      /* NULL unless selected; heap */
    struct imap_notify *notify;     /* NULL until the first NOTIFY; heap */
    struct imap_metadata *metadata; /* annotations that others changed; heap, NULL: none */
    struct imap_own own;
    struct imap_guests *guests; /* accounts of others, open while the command runs; NULL: none */
    struct imap_session *prev, *next; /* among imap.followers */
    struct moxd_buf text;             /* the command being read */
    struct moxd_buf out;              /* the response line being made */
    bool out_split;                   /* part of the response line in `out` was sent already */
    struct moxd_arena *a;             /* of the command; NULL between commands */
    struct moxd_imap_cmd cmd;         /* valid while `a` and `text` are, but for the tag: */
    char tag[MOXD_IMAP_TAG_MAX];
    int64_t progress_due;  /* when the client is to hear that the command goes on */
    const char *cmd_error; /* for the metrics */
};

/* How a command ended; imap_reply_* make it. A command function returns 0 when it has replied (tagged),
 * -1 when the connection is lost or must be closed without a reply. */
typedef int imap_cmd_fn(struct imap_session *s) MOXD_SUSPENDS;

imap_cmd_fn imap_cmd_capability, imap_cmd_noop, imap_cmd_logout, imap_cmd_id, imap_cmd_starttls,
    imap_cmd_authenticate, imap_cmd_login, imap_cmd_enable, imap_cmd_select, imap_cmd_create,
    imap_cmd_delete, imap_cmd_rename, imap_cmd_subscribe, imap_cmd_list, imap_cmd_lsub,
    imap_cmd_namespace, imap_cmd_status, imap_cmd_append, imap_cmd_idle, imap_cmd_check,
    imap_cmd_close, imap_cmd_unselect, imap_cmd_expunge, imap_cmd_search, imap_cmd_fetch,
    imap_cmd_store, imap_cmd_copy, imap_cmd_compress, imap_cmd_move, imap_cmd_sort, imap_cmd_thread,
    imap_cmd_cancelupdate, imap_cmd_notify, imap_cmd_esearch;
imap_cmd_fn imap_cmd_unauthenticate, imap_cmd_getmetadata, imap_cmd_setmetadata;
imap_cmd_fn imap_cmd_setacl, imap_cmd_deleteacl, imap_cmd_getacl, imap_cmd_listrights,
    imap_cmd_myrights;
imap_cmd_fn imap_cmd_getquota, imap_cmd_getquotaroot, imap_cmd_setquota;

/* cmd_auth.c: whether the TLS client's key logs it in before it says anything (AUTH-08). */
bool imap_preauth(struct imap_session *s) MOXD_SUSPENDS;
/* The same for the account that the connection is for. */
int imap_vouched(struct imap_session *s, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* client_id.c: of an ID command. */
void imap_take_client_id(struct imap_session *s);

/* cmd_imapserve.c: moxctl imapserve (P-IMAP-10). */
int imap_ctl_imapserve(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err) MOXD_SUSPENDS;
/* imap_module.c */
extern const struct moxd_service imap_services[];

/* session.c */
void imap_session_run(struct moxd_instance *m, struct moxd_conn *c) MOXD_SUSPENDS;
/* Whether EXPUNGE may be sent before the answer of the running command (RFC 9051 7.5.1). */
bool imap_may_expunge(const struct imap_session *s);
/* Tells what others change, as on_change of imap_wait. */
int imap_tell_changes(struct imap_session *s) MOXD_SUSPENDS;
/* Gives back the memory of the command but for its tag, for a wait that may be long. */
void imap_release(struct imap_session *s);
/* Waits for input from the client: 0; -1 when the session ends (BYE was sent if it could be). What others
 * change is handed to on_change at once, first for what is there already. */
int imap_wait(struct imap_session *s, int64_t deadline,
              int (*on_change)(struct imap_session *s)) MOXD_SUSPENDS;
/* Keeps the tag of the command that answers are for. */
void imap_set_tag(struct imap_session *s, struct moxd_str tag);

/* read.c: collects the next command into s->text: its lines and literals, for APPEND up to the
 * announcement of the message. 0; 1 when it was refused and answered; -1 end of the connection. */
int imap_read_command(struct imap_session *s) MOXD_SUSPENDS;
/* Whether the command ends in the announcement of a literal that comes without being asked for: when it
 * is refused unparsed, what follows must not be taken for commands (P-IMAP-08). */
bool imap_data_follows(const struct imap_session *s);
/* Sends "+ text" (a space even when text is empty, IMAP-01) and flushes. */
int imap_continue(struct imap_session *s, const char *text) MOXD_SUSPENDS;
/* One line from the client while a command runs (SASL, DONE); `secret` for the trace. */
int imap_read_line(struct imap_session *s, struct moxd_str *line, bool secret) MOXD_SUSPENDS;
/* Reading ended with this error of the stream: says BYE if there is somebody to hear it. Returns -1. */
int imap_lost(struct imap_session *s, long result) MOXD_SUSPENDS;

/* reply.c. Lines are buffered in the stream until the session waits for the client. `code` is a response
 * code without brackets, or NULL. Texts are never empty. OK and NO first tell what others changed
 * (imap_sync), so that every command does. */
int imap_untagged(struct imap_session *s, const char *fmt, ...) MOXD_PRINTF(2, 3) MOXD_SUSPENDS;
/* Sends s->out as a line of its own, "\r\n" added, and empties it. */
int imap_send_out(struct imap_session *s) MOXD_SUSPENDS;
/* Sends s->out without a line end: data follows; sets out_split until the line is complete. */
int imap_send_part(struct imap_session *s) MOXD_SUSPENDS;
int imap_ok(struct imap_session *s, const char *code, const char *fmt, ...)
    MOXD_PRINTF(3, 4) MOXD_SUSPENDS;
int imap_no(struct imap_session *s, const char *code, const char *fmt, ...)
    MOXD_PRINTF(3, 4) MOXD_SUSPENDS;
int imap_bad(struct imap_session *s, const char *code, const char *fmt, ...)
    MOXD_PRINTF(3, 4) MOXD_SUSPENDS;
/* The tagged answer for an error of the store or of auth: response code by kind. */
int imap_fail(struct imap_session *s, const struct moxd_err *err) MOXD_SUSPENDS;
int imap_bye(struct imap_session *s, const char *fmt, ...) MOXD_PRINTF(2, 3) MOXD_SUSPENDS;
/* "CAPABILITY ..." for this state, appended to b. */
void imap_capabilities(struct imap_session *s, struct moxd_buf *b);

/* notify*.c (RFC 5465). Without NOTIFY they do nothing. */
void imap_notify_free(struct imap_notify *n);
/* A change of the account. */
void imap_notify_note(struct imap_session *s, const struct store_change *c);
/* Changes were lost. */
void imap_notify_lost(struct imap_notify *n);
/* The running command changed a mailbox of this name; added these messages. */
void imap_notify_own(struct imap_session *s, struct moxd_str name);
void imap_notify_own_uids(struct imap_session *s, const struct store_account *acc, uint32_t mailbox,
                          uint32_t first, uint32_t last);
bool imap_notify_is_own(const struct imap_session *s, const struct store_account *acc,
                        uint32_t mailbox, uint32_t uid);
/* Which enum moxd_imap_event are told of the selected mailbox: all without NOTIFY. */
unsigned imap_notify_selected(const struct imap_session *s);
/* Whether expunges are told whatever command runs. */
/* The client's name of a mailbox of another account in which NOTIFY watches; NULL: there is none any more. Valid until
 * the fiber is suspended. */
const char *imap_notify_name(const struct imap_session *s, uint64_t account, uint32_t mailbox);
/* Whether NOTIFY asked for changed annotations of a mailbox, or of the server (0). */
bool imap_notify_metadata(const struct imap_session *s, uint32_t mailbox);
bool imap_notify_at_once(const struct imap_session *s);
/* The FETCH items that are told of new messages; NULL: none. */
const struct moxd_imap_cmd *imap_notify_items(const struct imap_session *s);
/* Takes what is pending in watches of other accounts. */
void imap_notify_pull(struct imap_session *s);
/* Somebody changed a list of rights. */
void imap_notify_rights_changed(const struct imap_session *s, const struct store_account *acc);
/* Tells what was noted. */
int imap_notify_tell(struct imap_session *s) MOXD_SUSPENDS;

/* cmd_fetch.c: sends a FETCH response with the items of cmd for each message of the set that the client knows. */
int imap_fetch_messages(struct imap_session *s, const struct moxd_imap_cmd *cmd,
                        const struct store_uids *set) MOXD_SUSPENDS;

/* progress.c (RFC 9585): long commands tell how far they are. */
void imap_progress_begin(struct imap_session *s); /* a command begins */
/* n of `goal` messages are done (goal 0: nobody knows): says so when it is time. Nothing may be sent in part.
 * -1 connection lost. */
int imap_progress(struct imap_session *s, uint64_t n, uint64_t goal) MOXD_CHECKED MOXD_SUSPENDS;
/* Runs fn, which must not write to the client, in a fiber of its own, and tells the client from time to time
 * that it goes on. Returns after it has ended; -1 connection lost or session to be ended: it may have done
 * its work. */
int imap_patiently(struct imap_session *s, void (*fn)(void *arg),
                   void *arg) MOXD_CHECKED MOXD_SUSPENDS;

/* names.c: mailbox names between the wire (modified UTF-7, or UTF-8 when enabled) and the store. */
bool imap_utf8(const struct imap_session *s); /* strings may hold UTF-8 */
int imap_name_in(struct imap_session *s, struct moxd_str wire, struct moxd_str *name,
                 struct moxd_err *err) MOXD_CHECKED;
void imap_name_out(struct imap_session *s, struct moxd_buf *b, const char *name);

/* flags.c: flags and keywords between the wire and the store. */
int imap_flags_in(struct imap_session *s, const struct moxd_imap_list *list, unsigned *flags,
                  struct store_keywords *keywords, struct moxd_err *err) MOXD_CHECKED;
void imap_flags_out(struct moxd_buf *b, unsigned flags, struct store_keywords keywords);
/* One name: 1 a system flag (*flag), 0 a keyword (*keyword, canonical), -1 neither. */
int imap_flag_name(struct moxd_str name, struct moxd_arena *a, unsigned *flag,
                   const char **keyword);
/* Announces keywords not yet in FLAGS, before their first use. Nothing may be in s->out. */
int imap_announce_keywords(struct imap_session *s, struct store_keywords keywords) MOXD_SUSPENDS;
/* The FLAGS line. */
int imap_send_flags(struct imap_session *s) MOXD_SUSPENDS;
void imap_known_fini(struct imap_known *k);

/* select.c */
/* Flags of the selected mailbox that may be changed: of enum store_flag, STORE_FLAG_KEYWORDS. */
unsigned imap_settable(const struct imap_selected *sel);
int imap_tell_permanent(struct imap_session *s) MOXD_SUSPENDS;
void imap_deselect(struct imap_session *s) MOXD_SUSPENDS;
bool imap_is_selected(const struct imap_session *s, const struct store_account *acc,
                      uint32_t mailbox);

/* recent.c: \Recent, for clients of IMAP4rev1. */
/* Once s->sel is there: what no session was told of is recent in this one. */
void imap_recent_open(struct imap_session *s, const struct store_mailbox *mb) MOXD_SUSPENDS;
/* The same for what is about to be told with EXISTS; uidnext: above all of it. */
void imap_recent_claim(struct imap_session *s, uint32_t uidnext);
void imap_recent_close(struct imap_session *s) MOXD_SUSPENDS;
bool imap_tells_recent(const struct imap_session *s);
/* RECENT, when the number is another than the client was told. */
int imap_tell_recent(struct imap_session *s) MOXD_SUSPENDS;
/* How many would be recent for who selects the mailbox now. */
size_t imap_recent_count(struct imap_session *s, struct store_account *acc,
                         const struct store_mailbox *mb) MOXD_SUSPENDS;
/* As imap_flags_out, with \Recent. */
void imap_message_flags(const struct imap_session *s, struct moxd_buf *b, uint32_t uid,
                        unsigned flags, struct store_keywords keywords);

/* cmd_session.c: what domains.conf says of the account, valid until the next suspension; NULL: nothing. */
const struct imap_account_conf *imap_account_conf(struct imap_session *s, struct moxd_arena *a);

/* cmd_auth.c: leaves the account with all that belongs to the login. */
void imap_forget_login(struct imap_session *s) MOXD_SUSPENDS;

/* quota.c */
/* Bytes that may still be added; UINT64_MAX without a quota. */
int imap_quota_room(struct imap_session *s, struct store_account *acc, uint64_t *room,
                    struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Bytes of the messages with \Deleted. */
int imap_deleted_storage(struct imap_session *s, struct store_account *acc,
                         const struct store_mailbox *mb, uint64_t *bytes,
                         struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* condstore.c (RFC 7162 3.1) */
/* The client is CONDSTORE-aware from now on; when a mailbox is selected it is told HIGHESTMODSEQ. */
int imap_condstore(struct imap_session *s) MOXD_SUSPENDS;
/* Appends "MODSEQ (n)" to the response. */
void imap_put_modseq(struct imap_session *s, uint64_t modseq);
/* Whether a FETCH response that tells flags is to tell the MODSEQ too. */
bool imap_tells_modseq(const struct imap_session *s);
/* What must be told of modification sequences before a tagged answer. */
int imap_before_answer(struct imap_session *s) MOXD_SUSPENDS;
/* OK with HIGHESTMODSEQ: messages were removed from the selected mailbox. */
int imap_ok_removed(struct imap_session *s, const char *text) MOXD_SUSPENDS;
/* One message's FETCH response with what IMAP_TELL_* says; nothing when the client does not know it. */
enum imap_tell { IMAP_TELL_UID = 1, IMAP_TELL_FLAGS = 2, IMAP_TELL_MODSEQ = 4 };
int imap_tell_entry(struct imap_session *s, const struct store_entry *e,
                    unsigned what) MOXD_SUSPENDS;

/* uidonly.c (RFC 9586) */
bool imap_uidonly(const struct imap_session *s);
/* Whether the command uses message numbers although they are no longer taken. */
bool imap_uid_required(const struct imap_session *s);
/* Begins a FETCH response up to and with its parenthesis. */
void imap_put_fetch(struct imap_session *s, uint32_t seq, uint32_t uid);

/* qresync.c (RFC 7162 3.2) */
/* What happened since the client's last visit: 0; -1. */
int imap_qresync(struct imap_session *s, const struct store_mailbox *mb) MOXD_SUSPENDS;
/* VANISHED (EARLIER) with what was expunged since, of `within`, above that UID. */
int imap_tell_earlier(struct imap_session *s, uint64_t since, const struct store_uids *within,
                      uint32_t above) MOXD_SUSPENDS;
/* Tells the expunges that the view holds back: VANISHED, or an EXPUNGE each. */
int imap_tell_expunged(struct imap_session *s) MOXD_SUSPENDS;

/* cmd_message.c: 0 when the selected mailbox may be changed, with all of these rights; 1 answered with NO; -1. */
int imap_writable(struct imap_session *s, unsigned rights) MOXD_SUSPENDS;

/* sync.c: what others change. */
/* Of a watch of the store: lets a session that waits look. */
void imap_wake(void *session);
/* The sequence set or UID set of the command as UIDs of the view. -1 with *err (SYNTAX: a sequence number
 * that does not exist). */
int imap_command_set(struct imap_session *s, struct store_uids *out,
                     struct moxd_err *err) MOXD_CHECKED;
/* Notes what is pending in the watch, sends nothing but a BYE when the mailbox or the account is gone: -1. */
int imap_pull(struct imap_session *s) MOXD_SUSPENDS;
/* Pulls and tells the client. EXPUNGE only where the running command allows it. */
int imap_sync(struct imap_session *s) MOXD_SUSPENDS;

#endif
