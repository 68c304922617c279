/* The command line of sendmail(8), as programs use it: what belongs to a queue or a daemon is refused, what has no
 * meaning here is taken and ignored. */
#include "sendmail.h"

#include <moxd/version.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: sendmail [-it] [-f ADDRESS] [-F NAME] [-N WHEN] [-R full|hdrs] [-V ID] [-v]\n"
    "                [-C FILE] [--] [RECIPIENT...] <MESSAGE\n"
    "       moxd-sendmail --check-config [-C FILE]\n"
    "       moxd-sendmail --example-config\n"
    "  -t          recipients are those of To, Cc and Bcc too\n"
    "  -i, -oi     a line with only a dot does not end the message\n"
    "  -f ADDRESS  sender; used if from-allowed has it\n"
    "  -F NAME     name of the author, if the message has none\n"
    "  -N WHEN     notifications: never, or some of success,failure,delay\n"
    "  -R, -V      what they contain, and an id in them\n"
    "  -v          shows the session with the server\n"
    "  -C FILE     another configuration than " SENDMAIL_CONF ", read with the caller's rights\n"
    "Other options of sendmail(8) have no meaning here and are ignored.\n"
    "The exit status is one of sysexits.h.\n";

void sendmail_usage(void)
{
    (void)printf("moxd-sendmail %s\n%s", moxd_version(), usage);
}

static int refuse(const char *what)
{
    (void)fprintf(stderr, "moxd-sendmail: %s\n%s", what, usage);
    return EX_USAGE;
}

static int refuse_mode(char option, const char *value)
{
    (void)fprintf(stderr,
                  "moxd-sendmail: -%c%s is not possible: there is no queue and no daemon, messages "
                  "are sent at once\n",
                  option, value ? value : "");
    return EX_USAGE;
}

/* RFC 3461 4.1 */
static bool is_notify(const char *value)
{
    struct moxd_str rest = moxd_cstr(value);
    bool alone = moxd_str_caseeqs(rest, "never");

    while (rest.p && !alone) {
        struct moxd_str word = moxd_str_cut(&rest, ',');
        if (!moxd_str_caseeqs(word, "success") && !moxd_str_caseeqs(word, "failure") &&
            !moxd_str_caseeqs(word, "delay"))
            return false;
    }
    return true;
}

static int take_dsn(struct sendmail_options *o, int c, char *value)
{
    for (char *p = value; c == 'N' && *p; p++)
        *p = moxd_upper(*p);
    if (c == 'N' && !is_notify(value))
        return refuse("-N is never, or some of success,failure,delay");
    if (c == 'R' && strcmp(value, "full") != 0 && strcmp(value, "hdrs") != 0)
        return refuse("-R is full or hdrs");
    if (c == 'V' && (!*value || strlen(value) > 100))
        return refuse("-V needs an id of at most 100 characters");
    *(c == 'N' ? &o->notify : c == 'R' ? &o->ret : &o->envid) = value;
    return EX_OK;
}

static int take(struct sendmail_options *o, int c, char *value)
{
    switch (c) {
    case 'C':
        o->config = value;
        return EX_OK;
    case 'f':
    case 'r':
        o->from = value;
        return EX_OK;
    case 'F':
        o->full_name = value;
        return EX_OK;
    case 't':
        o->from_header = true;
        return EX_OK;
    case 'i':
        o->ignore_dots = true;
        return EX_OK;
    case 'o': /* -oi, -oem, ...: only one of them means something */
        o->ignore_dots = o->ignore_dots || strcmp(value, "i") == 0;
        return EX_OK;
    case 'v':
        o->verbose = true;
        return EX_OK;
    case 'b':
        return strcmp(value, "m") == 0 ? EX_OK : refuse_mode('b', value);
    case 'q':
    case 'I':
        return refuse_mode((char)c, value);
    case 'N':
    case 'R':
    case 'V':
        return take_dsn(o, c, value);
    case '?':
        return refuse("unknown option, or one without its value");
    default:
        return EX_OK;
    }
}

/* Takes a long option of ours away. */
static void take_long(struct sendmail_options *o, int *argc, char **argv)
{
    static const struct {
        const char *name;
        enum sendmail_what what;
    } names[] = { { "--check-config", SENDMAIL_CHECK },
                  { "--example-config", SENDMAIL_EXAMPLE },
                  { "--help", SENDMAIL_HELP },
                  { "--version", SENDMAIL_HELP } };

    for (size_t i = 0; *argc > 1 && i < MOXD_NELEMS(names); i++) {
        if (strcmp(argv[1], names[i].name) != 0)
            continue;
        o->what = names[i].what;
        memmove(argv + 1, argv + 2, (size_t)(*argc - 1) * sizeof(*argv));
        (*argc)--;
    }
}

int sendmail_options_parse(int argc, char **argv, struct sendmail_options *o)
{
    int c, status = EX_OK;

    *o = (struct sendmail_options){ .what = SENDMAIL_SEND };
    if (argc < 1)
        return refuse("no name");
    take_long(o, &argc, argv);
    opterr = 0;
    while (status == EX_OK &&
           (c = getopt(argc, argv, "+A:B:C:F:GIL:N:O:R:UV:X:b:cd::e:f:h:imno:p:q::r:stvx")) >= 0)
        status = take(o, c, optarg);
    o->to = argv + optind;
    o->nto = argc - optind;
    return status;
}
