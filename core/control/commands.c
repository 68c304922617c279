/* Core's own commands in the server. */
#include "control/control.h"

#include "metrics/metrics.h"

#include <inttypes.h>
#include <moxd/service.h>
#include <moxd/version.h>

/* ---- stop */

static int cmd_stop(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    (void)m, (void)argc, (void)argv, (void)err;
    c->stopping = true;
    control_server.stop();
    return 0;
}

/* ---- loglevels */

struct level_list {
    struct moxd_buf text;
};

static void add_level(void *arg, const char *component, enum moxd_level level)
{
    struct level_list *l = arg;

    moxd_buf_addf(&l->text, "%s %s\n", component ? component : "default", moxd_level_name(level));
}

static int show_levels(struct moxd_ctl *c)
{
    struct level_list l = { MOXD_BUF_INIT(CORE_FRAME_MAX) };

    moxd_log_levels(add_level, &l);
    moxd_ctl_write(c, l.text.p, l.text.n);
    moxd_buf_fini(&l.text);
    return 0;
}

static int cmd_loglevels(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                         struct moxd_err *err)
{
    enum moxd_level level;

    (void)m;
    if (argc == 0)
        return show_levels(c);
    const char *component = strcmp(argv[0], "default") == 0 ? NULL : argv[0];
    if (argc == 1) {
        moxd_ctl_printf(c, "%s\n", moxd_level_name(moxd_log_level(component)));
        return 0;
    }
    if (*argv[1] == '\0') {
        moxd_log_clear_level(component);
        return 0;
    }
    if (moxd_level_parse(moxd_cstr(argv[1]), &level) < 0)
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "unknown level \"%s\"; levels are error, warn, info, debug, trace, "
                            "traceauth, tracedata",
                            argv[1]);
    moxd_log_set_level(component, level);
    moxd_info(&c->log, "log level changed", moxd_kvs("of", argv[0]), moxd_kvs("level", argv[1]));
    return 0;
}

/* ---- metrics, version */

static int cmd_metrics(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    struct moxd_buf text = MOXD_BUF_INIT(CORE_METRICS_TEXT_MAX);

    (void)m, (void)argc, (void)argv, (void)err;
    moxd_metrics_write(&text);
    moxd_ctl_write(c, text.p, text.n);
    moxd_buf_fini(&text);
    return 0;
}

static int cmd_version(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    (void)m, (void)argc, (void)argv, (void)err;
    moxd_ctl_printf(c, "moxd %s\n", moxd_version());
    return 0;
}

/* ---- tls reload */

static int cmd_tls_reload(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    (void)m, (void)c, (void)argc, (void)argv;
    return control_server.tls_reload(err);
}

/* ---- cid */

static int cmd_cid(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    uint64_t cid;

    (void)m, (void)argc;
    if (moxd_cid_from_public(argv[0], &cid) < 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is not an id of this server", argv[0]);
    moxd_ctl_printf(c, "%" PRIu64 "\n", cid);
    return 0;
}

/* ---- commands: what help shows, for moxctl */

/* Four texts a command, each with a NUL behind it: name, arguments, summary, help. */
static void add_command(struct moxd_buf *out, const struct moxd_command *cmd)
{
    const char *texts[] = { cmd->name, cmd->args, cmd->summary, cmd->help };

    for (size_t i = 0; i < MOXD_NELEMS(texts); i++) {
        const char *s = texts[i] ? texts[i] : "";
        moxd_buf_add(out, s, strlen(s) + 1);
    }
}

static int cmd_commands(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                        struct moxd_err *err)
{
    struct moxd_buf out = MOXD_BUF_INIT(1 << 20);

    (void)m, (void)argc, (void)argv, (void)err;
    for (size_t i = 0; i < control_count(); i++) {
        const struct moxd_command *cmd = control_get(i)->cmd;
        if (!(cmd->flags & MOXD_CMD_HIDDEN))
            add_command(&out, cmd);
    }
    moxd_ctl_write(c, out.p, out.n);
    moxd_buf_fini(&out);
    return 0;
}

const struct moxd_command control_core_commands[] = {
    { .name = "cid",
      .args = "<id>",
      .min_args = 1,
      .max_args = 1,
      .run = cmd_cid,
      .summary = "print the connection number that an id stands for",
      .help = "Received headers and error texts hold ids that tell nothing to others. The number "
              "is the "
              "one in the log, cid=NUMBER." },
    { .name = "clientconfig",
      .run = control_cmd_clientconfig,
      .summary = "print how mail programs are set up: hosts, ports, TLS",
      .help = "One line for each service that mail programs use, on each listener. Those with TLS "
              "from the start are the best choice." },
    { .name = "commands",
      .run = cmd_commands,
      .flags = MOXD_CMD_HIDDEN,
      .summary = "list all commands, for moxctl help" },
    { .name = "dns lookup",
      .args = "<type> <name>",
      .min_args = 2,
      .max_args = 2,
      .run = control_cmd_dns_lookup,
      .summary = "ask the server's resolver, and say whether DNSSEC proves the answer",
      .help =
          "Types: a, aaaa, cname, ip (a and aaaa), mx, ns, ptr (takes an address too), srv, tlsa, "
          "txt. \"authentic\" means that signatures from the root down prove the answer, also "
          "that there is none; DANE and the like rely on that. Fails when there is no such "
          "record." },
    { .name = "loglevels",
      .args = "[<component> [<level>]]",
      .max_args = 2,
      .run = cmd_loglevels,
      .summary = "show or change log levels while the server runs",
      .help =
          "Without arguments lists the default level and those of components (modules, and parts "
          "of "
          "core). The component \"default\" stands for all others. An empty level (\"\") removes "
          "the "
          "component's own. Levels: error, warn, info, debug, trace, traceauth (shows passwords), "
          "tracedata (shows messages). The levels of moxd.conf return with the next start." },
    { .name = "metrics",
      .run = cmd_metrics,
      .summary = "print all metrics, in the text format of Prometheus" },
    { .name = "ports",
      .run = control_cmd_ports,
      .summary = "print what is listened on: listener, service, address, port",
      .help = "One line for each; an address and port that was chosen by the system is shown as it "
              "is." },
    { .name = "stop",
      .run = cmd_stop,
      .summary = "stop the server and wait until it has stopped",
      .help = "Sessions finish what they are doing, at most for the time stop-grace; new ones are "
              "told to "
              "come back later." },
    { .name = "tls reload",
      .run = cmd_tls_reload,
      .summary = "read certificates and keys again",
      .help =
          "Connections go on with what they have. The server does this by itself when the files "
          "change." },
    { .name = "version", .run = cmd_version, .summary = "print the version of the running server" },
    { 0 },
};
