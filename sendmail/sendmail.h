/* moxd-sendmail: hands mail of programs on this machine to a server, as /usr/sbin/sendmail (P-CTL-06).
 *
 *   main.c         one run: what is below, in this order
 *   privileges.c   a clean ground, and the group of the setgid program
 *   options.c      the command line of sendmail(8)
 *   conf.c         /etc/moxsubmit.conf
 *   intake.c       the message as it comes in
 *   recipients.c   whom it goes to
 *   message.c      its header
 *   submit.c       the session with the server
 *   keep.c         what could not be sent
 *
 * The program is setgid: the group may read the configuration with its password, and who calls the program may
 * not. Nothing that the caller controls is used with the rights of the group, but for the file that keeps a message
 * in failed-dir. All memory lives as long as the program. */
#ifndef MOXD_SENDMAIL_H
#define MOXD_SENDMAIL_H

#include <moxd/config.h>
#include <moxd/smtpclient.h>
#include <moxd/tls.h>
#include <moxmail/address.h>
#include <sys/types.h>
#include <sysexits.h>

#ifndef SENDMAIL_CONF
#define SENDMAIL_CONF "/etc/moxsubmit.conf"
#endif

enum {
    SENDMAIL_CONF_MAX = 1 << 20,     /* bytes of the configuration */
    SENDMAIL_REASON_MAX = 2000,      /* of what is said about a failure */
    SENDMAIL_NAME_MAX = 500,         /* of a display name that is kept */
    SENDMAIL_ARGUMENT_MAX = 1 << 16, /* of one recipient argument */
};

/* --- privileges.c */
struct sendmail_group {
    gid_t caller, program; /* the same when the program is not setgid */
};
/* First of all: descriptors 0 to 2 are there and no others, no environment, no core, signals as usual. EX_OK, or
 * what to exit with. */
int sendmail_harden(struct sendmail_group *g);
/* Gives the rights of the group up; `keep`: they can be taken again. */
void sendmail_group_drop(struct sendmail_group *g, bool keep);
void sendmail_group_take(const struct sendmail_group *g);

/* --- options.c */
enum sendmail_what { SENDMAIL_SEND, SENDMAIL_CHECK, SENDMAIL_EXAMPLE, SENDMAIL_HELP };
struct sendmail_options {
    enum sendmail_what what;
    const char *config;               /* -C; NULL: that of the system */
    const char *from;                 /* -f, -r */
    const char *full_name;            /* -F */
    const char *notify, *ret, *envid; /* -N, -R, -V (RFC 3461) */
    bool from_header;                 /* -t */
    bool ignore_dots;                 /* -i */
    bool verbose;                     /* -v */
    char **to;
    int nto;
};
/* EX_OK, or EX_USAGE, and then it has been said why. */
int sendmail_options_parse(int argc, char **argv, struct sendmail_options *o);
void sendmail_usage(void);

/* --- conf.c */
enum sendmail_tls { SENDMAIL_TLS_IMMEDIATE, SENDMAIL_TLS_STARTTLS, SENDMAIL_TLS_NONE };
enum sendmail_requiretls {
    SENDMAIL_REQUIRETLS_DEFAULT,
    SENDMAIL_REQUIRETLS_YES,
    SENDMAIL_REQUIRETLS_NO,
};
struct sendmail_conf {
    struct moxd_conf_head head;
    const char *host, *hostname;
    int64_t port;
    int tls, requiretls; /* the enums above */
    struct moxd_strings ca;
    const char *username, *password, *client_key;
    struct moxd_strings mechanisms;
    const char *from, *default_recipient;
    struct moxd_strings from_allowed;
    const char *failed_dir; /* absolute; NULL: in the caller's home */
    int64_t max_size, max_recipients;
};
extern const struct moxd_block sendmail_conf_block;
/* Reads it, and the key that it names. EX_OK; else *reason says what is wrong: not more than the caller may read. */
struct sendmail;
int sendmail_conf_load(struct sendmail *sm);
int sendmail_conf_check(struct sendmail *sm); /* --check-config */
void sendmail_conf_example(void);
/* The name of this machine, ASCII: as configured, or the system's. */
const char *sendmail_own_name(const struct sendmail *sm);

/* --- one run */
struct sendmail_rcpts {
    struct smtpclient_rcpt *v;
    size_t n, cap;
    bool utf8; /* one of them needs SMTPUTF8 */
};
struct sendmail {
    struct moxd_arena *a;
    struct sendmail_group group;
    struct sendmail_options o;
    struct moxd_conf_file *file;
    const struct sendmail_conf *conf; /* NULL: there is none that can be used */
    struct moxd_tls_identity *identity;
    struct moxd_buf raw;  /* as it came in, lines ending in CRLF */
    struct moxd_buf text; /* as it goes out; empty when it did not come so far */
    const char *sender;   /* MAIL FROM */
    const char *message_id;
    bool utf8; /* the sender needs SMTPUTF8 */
    struct sendmail_rcpts rcpts;
    char reason[SENDMAIL_REASON_MAX]; /* why it failed */
    int status;                       /* what to exit with */
};
/* Notes why, control characters as "?"; returns `status`. */
int sendmail_fail(struct sendmail *sm, int status, const char *fmt, ...) MOXD_PRINTF(3, 4);

/* --- intake.c: reads the message into sm->raw. */
int sendmail_intake(struct sendmail *sm, int fd);

/* --- recipients.c: those of an address list, as of a header field. EX_OK, EX_DATAERR, EX_NOUSER. */
int sendmail_rcpts_add(struct sendmail *sm, struct moxd_str list);
int sendmail_rcpts_args(struct sendmail *sm);
/* Whether mail may be from this address: the configured one, or one of from-allowed. */
bool sendmail_may_be_from(const struct sendmail *sm, const struct moxd_address *ad);

/* --- message.c: from sm->raw to sm->text; sets the sender, and with -t adds recipients. */
int sendmail_message(struct sendmail *sm);

/* --- submit.c: the recipients' `ok` says who got it. */
int sendmail_submit(struct sendmail *sm);

/* --- keep.c: writes the message, for the recipients who did not get it, to where failed ones are kept, durably. The
 * path, or NULL with *err. */
const char *sendmail_keep(struct sendmail *sm, struct moxd_err *err);

#endif
