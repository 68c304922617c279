/* Mail from other programs into accounts, and out of them. */
#ifndef IMPEX_H
#define IMPEX_H

#include <moxd/accounts.h>
#include <moxd/control.h>
#include <moxd/module.h>
#include <moxd/store.h>

enum {
    IMPEX_BATCH = 100,                     /* messages added in one transaction */
    IMPEX_BATCH_BYTES = 4 * 1024 * 1024,   /* ... or so many bytes */
    IMPEX_MESSAGE_MAX = 256 * 1024 * 1024, /* bytes of a message; what SMTP and IMAP take is less */
    IMPEX_LIST_MAX = 64 * 1024 * 1024, /* bytes of the list of a directory: half a million names */
    IMPEX_KEYWORDS_FILE_MAX = 64 * 1024, /* bytes of dovecot-keywords */
    IMPEX_TELL_EVERY = 1000,             /* messages between two lines of progress */
    IMPEX_PIECE = 64 * 1024,             /* bytes of input read at once */
};

struct impex {
    struct moxd_instance m;
    const struct accounts_v1 *accounts;
    struct moxd_instance *accounts_self;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    struct moxd_arena *broken_arena; /* while imports are taken back that a crash broke off */
    struct impex_broken *broken;
    size_t nbroken;
};

/* --- the journal of an import (impex_journal.c) ---------------------------------------------------- */
enum { IMPEX_JOURNAL_ID = 8 };
struct impex_journal {
    struct impex *im;
    struct store_account *acc; /* the caller's, open as long as this is used */
    char id[IMPEX_JOURNAL_ID];
};
/* Begins one, for an import into a mailbox (its canonical name), which is not made yet. As the store says. */
int impex_journal_begin(struct impex_journal *j, struct impex *im, struct store_account *acc,
                        struct moxd_str mailbox, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* In the transaction that adds messages, with the UIDs of these: one range. */
int impex_journal_note(const struct impex_journal *j, struct store_tx *tx, uint32_t mailbox,
                       uint32_t first, uint32_t last, struct moxd_err *err) MOXD_CHECKED;
/* The import is done; or it is taken back: what others did to the mailbox meanwhile stays, and so do mailboxes that they put
 * something into. *messages: how many it had added. On failure the journal stays, for the next start. */
int impex_journal_commit(const struct impex_journal *j,
                         struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
int impex_journal_undo(const struct impex_journal *j, uint64_t *messages,
                       struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The account is gone. */
int impex_journal_drop(const struct impex_journal *j,
                       struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* Takes back in the background what a crash broke off (impex_recover.c). */
int impex_start(struct moxd_instance *m, struct moxd_err *err) MOXD_SUSPENDS;

/* --- an import (impex_import.c) ------------------------------------------------------------------- */
/* Adds messages to a mailbox in batches; all are taken back when it fails. */
struct impex_import {
    struct impex *im;
    struct moxd_ctl *c;
    struct store_account *acc;
    const char *mailbox; /* canonical */
    uint32_t id;
    struct impex_journal journal;
    struct moxd_arena *batch; /* keywords of the batch */
    struct store_draft *draft[IMPEX_BATCH];
    struct store_add add[IMPEX_BATCH];
    size_t n; /* messages of the batch, the one that is being written included */
    uint64_t bytes;
    bool writing, cr, nul;
    uint64_t messages, left_out, told;
};
/* *in is zeroed: of the command's arena, since it is large. Opens the account and the mailbox, which is made when it is
 * missing. NOTFOUND, INVALID, and as the store says.
 * After success impex_import_end must be called. */
int impex_import_begin(struct impex_import *in, struct impex *im, struct moxd_ctl *c,
                       const char *account, const char *mailbox,
                       struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* A message: begun, written (bare LF becomes CRLF), and then taken or left out. LIMIT: too large, the mailbox is full. */
void impex_message_begin(struct impex_import *in);
int impex_message_write(struct impex_import *in, struct moxd_str part,
                        struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Keywords separated by blanks, as programs write them. With NUL bytes, which IMAP could not show, it is left out, and
 * that is told. */
int impex_message_take(struct impex_import *in, unsigned flags, struct moxd_str keywords,
                       int64_t received, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
void impex_message_drop(struct impex_import *in);
/* rc: of the import so far. 0: what is left is added, and threads are linked (THR-10). When anything fails, or the server
 * ends, nothing of it stays. Returns 0, or -1 with *err. */
int impex_import_end(struct impex_import *in, int rc,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* --- flags (impex_flags.c) ------------------------------------------------------------------------ */
/* Keywords for flags that a format has none for: one of enum store_flag, "" when none. */
struct impex_flag_name {
    unsigned flag;
    const char *keyword;
};
extern const struct impex_flag_name impex_flag_names[]; /* ended by flag 0 */
/* Keywords by the names that programs use: those that the store has flags for are added to *flags, others to *out, sorted, in the
 * arena; what is no keyword is left out, as is what is more than a message can have. */
void impex_keywords(struct moxd_str names, struct moxd_arena *a, unsigned *flags,
                    struct store_keywords *out);

/* --- an export (impex_export.c) ------------------------------------------------------------------- */
enum {
    IMPEX_MESSAGES = 200,      /* records of messages read at once */
    IMPEX_LETTERS = 26,        /* keywords that a maildir can name */
    IMPEX_COMPONENT_MAX = 200, /* bytes of a part of a file name; longer ones are shortened */
};
struct impex_format;
/* Mailboxes of an account into files below a directory. */
struct impex_export {
    struct impex *im;
    struct moxd_ctl *c;
    struct store_account *acc;
    const struct impex_format *format;
    const char *dir;         /* as the command line names it */
    struct moxd_arena *a;    /* of a mailbox */
    struct moxd_arena *part; /* of some messages */
    const char *path;        /* of the mailbox: "DIR/PATH" */
    char *piece;             /* IMPEX_PIECE bytes of a body */
    struct moxd_buf out;
    const char *letter[IMPEX_LETTERS]; /* maildir: keywords of the mailbox */
    size_t nletters;
    int64_t now; /* seconds: in names of files */
    uint64_t mailboxes, messages, total, told;
    uint64_t damaged; /* messages that could not be read */
    uint64_t unnamed; /* keywords that a maildir had no letter for */
};
struct impex_format {
    const char *suffix; /* of the file of a mailbox, or "" */
    const char *const
        *reserved; /* names that the format has in the directory of a mailbox; NULL-ended */
    int (*begin)(struct impex_export *ex, const struct store_entry *v, size_t n,
                 struct moxd_err *err) MOXD_SUSPENDS;
    int (*message)(struct impex_export *ex, const struct store_msg *msg, struct store_body *b,
                   struct moxd_err *err) MOXD_SUSPENDS;
    int (*end)(struct impex_export *ex, struct moxd_err *err) MOXD_SUSPENDS;
};
extern const struct impex_format impex_format_mbox, impex_format_maildir;
/* The next piece of a body, into ex->piece + `at`: what is there then, `at` included; -1 with *err. */
long impex_body_piece(struct impex_export *ex, struct store_body *b, uint64_t *off, size_t at,
                      struct moxd_err *err) MOXD_CHECKED;
/* The path of a mailbox, which is no other one's (impex_path.c): levels become directories; what a file system or the format
 * has other uses for is written as %XX. */
void impex_path(struct moxd_buf *out, struct moxd_str mailbox, const struct impex_format *format);

/* --- commands ------------------------------------------------------------------------------------- */
int impex_cmd_import_mbox(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err) MOXD_SUSPENDS;
int impex_cmd_import_maildir(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err) MOXD_SUSPENDS;
int impex_cmd_export_mbox(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err) MOXD_SUSPENDS;
int impex_cmd_export_maildir(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err) MOXD_SUSPENDS;

#endif
