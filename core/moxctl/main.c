/* Options, and who runs the command. */
#include "control/control.h"
#include "core_control.h"
#include "moxctl/moxctl.h"

#include <locale.h>
#include <moxd/log.h>
#include <moxd/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Its own, and that of the server when one runs. */
static int print_version(struct moxctl *x, int argc, char **argv)
{
    char word[] = "version", *command[] = { word, NULL };
    const char *path = moxctl_socket(x, NULL);

    (void)argc, (void)argv;
    printf("moxctl %s\n", moxd_version());
    fflush(stdout);
    int status = path ? moxctl_call(path, 1, command, &moxctl_stdio, NULL) : -1;
    return status > 0 ? status : MOXCTL_OK; /* that no server runs is no failure */
}

const struct moxctl_command moxctl_commands[] = {
    { .name = "config describe-domains",
      .run = moxctl_config_domains,
      .summary = "print domains.conf with all directives explained" },
    { .name = "config describe-module",
      .args = "<module>",
      .min_args = 1,
      .max_args = 1,
      .run = moxctl_config_module,
      .summary = "print what a module adds to both files, with all its directives explained" },
    { .name = "config describe-static",
      .run = moxctl_config_static,
      .summary = "print moxd.conf with all directives explained" },
    { .name = "config example",
      .args = "[static | domains]",
      .max_args = 1,
      .run = moxctl_config_example,
      .summary = "print a short example of both files, or of one" },
    { .name = "config man",
      .run = moxctl_config_man,
      .hidden = true,
      .summary = "print the manual page moxd.conf(5)" },
    { .name = "config printservice",
      .run = moxctl_printservice,
      .summary = "print a systemd unit for this server",
      .help =
          "Write it to /etc/systemd/system/moxd.service, then: systemctl enable --now moxd. The "
          "unit "
          "starts moxd as root with the few capabilities that it needs to bind ports, to repair "
          "permissions and to become its own user, and takes everything else away." },
    { .name = "config test",
      .run = moxctl_config_test,
      .summary = "check the configuration and report everything that is wrong",
      .help = "Modules, directives, keys, certificates, addresses. Nothing is bound or written. "
              "The same "
              "as moxd -t." },
    { .name = "help",
      .args = "[<word>...]",
      .max_args = -1,
      .run = moxctl_help,
      .summary = "list commands, or explain those that match",
      .help =
          "Words are looked for in the names of commands first, then in what is said about them." },
    { .name = "licenses",
      .run = moxctl_licenses,
      .summary = "print the licences of moxd and of the libraries that it uses" },
    { .name = "localserve",
      .args = "-dir <directory> [-ip <address>] [-initonly]",
      .max_args = -1,
      .run = moxctl_localserve,
      .summary = "run a mail server for trying out, on ports of its own",
      .help =
          "Makes the directory with a configuration, a certificate and the account mox at the "
          "first "
          "start, then runs the server until ctrl-c. Mail to any address is accepted; what is for "
          "nobody goes to mox@localhost. Addresses like permerror@, temperror@, 452@ and "
          "rcptto-550@ fail, as the module faults says. Ports: SMTP 1025, submission 1587 and "
          "1465, IMAP 1143 and 1993. -initonly only makes the directory." },
    { .name = "tlspubkey gen",
      .args = "STEM",
      .min_args = 1,
      .max_args = 1,
      .run = moxctl_tlspubkey_gen,
      .summary = "make a private key with which a mail program logs in",
      .help =
          "Writes STEM.key.pem and STEM.cert.pem (ECDSA P-256), and says what to do with them. "
          "Users can make both themselves: openssl req -x509 -newkey ec -pkeyopt "
          "ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=mail-client -keyout STEM.key.pem -out "
          "STEM.cert.pem; and one file of both, for programs that want PKCS#12: openssl pkcs12 "
          "-export -in STEM.cert.pem -inkey STEM.key.pem -out STEM.p12; what the server must know "
          "is the certificate or its public key alone." },
    { .name = "version",
      .run = print_version,
      .summary = "print the versions of moxctl and of the running server" },
    { 0 },
};

static const char usage[] =
    "usage: moxctl [-c FILE] [-l LEVEL] COMMAND [ARGUMENT...]\n"
    "  -c FILE   configuration of the server (default: $MOXD_CONF, ./moxd.conf,\n"
    "            " MOXD_SYSCONFDIR "/moxd.conf)\n"
    "  -l LEVEL  log level of moxctl itself: error, warn, info, debug, trace\n"
    "\"moxctl help\" lists the commands.\n";

static const char *default_config(void)
{
    const char *env = getenv("MOXD_CONF");

    if (env && *env)
        return env;
    return access("moxd.conf", F_OK) == 0 ? "moxd.conf" : MOXD_SYSCONFDIR "/moxd.conf";
}

static const struct moxctl_command *find_local(int argc, char **argv, int *words)
{
    const struct moxctl_command *best = NULL;

    *words = 0;
    for (const struct moxctl_command *cmd = moxctl_commands; cmd->name; cmd++) {
        int w = control_words(cmd->name, argc, argv);
        if (w > *words) {
            *words = w;
            best = cmd;
        }
    }
    return best;
}

static int run(struct moxctl *x, int argc, char **argv)
{
    int words;
    const struct moxctl_command *cmd = find_local(argc, argv, &words);

    if (!cmd)
        return moxctl_remote(x, argc, argv);
    argc -= words;
    if (argc < cmd->min_args || (cmd->max_args >= 0 && argc > cmd->max_args)) {
        fprintf(stderr, "usage: moxctl %s %s\n", cmd->name, cmd->args ? cmd->args : "");
        return MOXCTL_USAGE;
    }
    /* nosuspend: a command of moxctl itself, outside of fibers */
    return cmd->run(x, argc, argv + words);
}

/* Options before the command. Returns how many words they are, -1 after a message. */
static int options(struct moxctl *x, int argc, char **argv)
{
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        const char **value = strcmp(argv[i], "-c") == 0   ? &x->config
                             : strcmp(argv[i], "-l") == 0 ? &x->level
                                                          : NULL;
        if (!value || i + 1 == argc) {
            fprintf(stderr, "moxctl: %s %s\n%s", value ? "missing value after" : "unknown option",
                    argv[i], usage);
            return -1;
        }
        *value = argv[++i];
    }
    return i;
}

static int set_level(const struct moxctl *x)
{
    enum moxd_level level;

    if (!x->level)
        return 0;
    if (moxd_level_parse(moxd_cstr(x->level), &level) < 0)
        return -1;
    moxd_log_set_level(NULL, level);
    return 0;
}

static bool wants_help(int argc, char **argv)
{
    return argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0);
}

int moxd_moxctl_main(int argc, char **argv)
{
    struct moxctl x = { .config = default_config() };
    int status, first;

    if (wants_help(argc, argv))
        return fputs(usage, stdout) < 0;
    first = options(&x, argc, argv);
    if (first < 0)
        return MOXCTL_USAGE;
    if (first == argc)
        return fputs(usage, stderr), MOXCTL_USAGE;
    if (set_level(&x) < 0)
        return moxctl_fail(MOXCTL_USAGE, "unknown level \"%s\"", x.level);
    setlocale(LC_ALL, "");
    x.a = moxd_arena_new(0);
    status = run(&x, argc - first, argv + first);
    moxd_arena_free(x.a);
    if (fflush(stdout) != 0)
        status = moxctl_fail(MOXCTL_FAILED, "standard output cannot be written");
    return status;
}
