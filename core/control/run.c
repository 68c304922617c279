/* One connection: read the command, find it, run it, say how it ended. */
#include "control/control.h"

#include <fcntl.h>
#include <stdlib.h>

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

static int say(struct moxd_ctl *c, const char *text)
{
    return control_send(c, CORE_FRAME_ERR, text, strlen(text));
}

static int unknown(struct moxd_ctl *c, int argc, char *const *argv)
{
    struct control_guess g;

    control_guess_init(&g, argc, argv);
    for (size_t i = 0; i < control_count(); i++) {
        const struct moxd_command *cmd = control_get(i)->cmd;
        if (!(cmd->flags & MOXD_CMD_HIDDEN))
            control_guess_try(&g, cmd->name);
    }
    if (g.best)
        say(c, moxd_arena_printf(c->a, "unknown command \"%s\"; did you mean \"%s\"?\n",
                                 argc ? argv[0] : "", g.best));
    else
        say(c, moxd_arena_printf(c->a, "unknown command \"%s\"; \"moxctl help\" lists them\n",
                                 argc ? argv[0] : ""));
    return EXIT_USAGE;
}

static int run_command(struct moxd_ctl *c, const struct control_entry *e, int argc, char **argv)
{
    const struct moxd_command *cmd = e->cmd;
    struct moxd_err err = { 0 };

    if (argc < cmd->min_args || (cmd->max_args >= 0 && argc > cmd->max_args)) {
        say(c, moxd_arena_printf(c->a, "usage: moxctl %s %s\n", cmd->name,
                                 cmd->args ? cmd->args : ""));
        return EXIT_USAGE;
    }
    moxd_debug(&c->log, "command", moxd_kvs("name", cmd->name),
               moxd_kvs("arg", argc > 0 && !(cmd->flags & MOXD_CMD_SECRET) ? argv[0] : ""));
    if (cmd->run(e->m, c, argc, argv, &err) >= 0)
        return EXIT_OK;
    moxd_info(&c->log, "command failed", moxd_kvs("name", cmd->name), moxd_kve(&err));
    if (c->raw)
        return EXIT_FAILED;
    say(c, moxd_arena_printf(c->a, "%s: %s\n", cmd->name, err.priv[0] ? err.priv : err.pub));
    return EXIT_FAILED;
}

static int dispatch(struct moxd_ctl *c, struct moxd_str payload)
{
    char *argv[CORE_CONTROL_ARGS + 1];
    int argc = core_command_parse(payload, argv), words;

    if (argc == -2) {
        say(c, "moxctl and the running moxd are of different versions; restart moxd\n");
        return EXIT_USAGE;
    }
    if (argc < 0) {
        say(c, "malformed command\n");
        return EXIT_USAGE;
    }
    c->version = payload.p[0];
    const struct control_entry *e = control_find(argc, argv, &words);
    if (!e)
        return unknown(c, argc, argv);
    return run_command(c, e, argc - words, argv + words);
}

/* After a stop, moxctl sees the end of the connection when the last descriptor of it goes, with the
 * process. */
static void keep_until_exit(struct moxd_ctl *c)
{
    moxd_log_check(&c->log, fcntl(moxd_stream_fd(c->st), F_DUPFD_CLOEXEC, 0),
                   "keeping a control connection");
}

static void serve(struct moxd_ctl *c, struct moxd_buf *frame)
{
    enum core_frame_type type;

    moxd_stream_timeouts(c->st, CONTROL_HELLO_TIMEOUT, CONTROL_HELLO_TIMEOUT);
    if (control_receive(c, &type, frame) < 0 || type != CORE_FRAME_COMMAND)
        return;
    moxd_stream_timeouts(c->st, -1, CONTROL_WRITE_TIMEOUT);
    char status[2] = { (char)dispatch(c, moxd_buf_str(frame)), 0 };
    if (c->raw)
        return;
    if (c->stopping) {
        status[1] = 1;
        keep_until_exit(c);
    }
    control_send(c, CORE_FRAME_EXIT, status, sizeof(status));
}

void control_session(struct moxd_stream *st)
{
    struct moxd_buf frame = MOXD_BUF_INIT(CORE_FRAME_MAX);
    struct moxd_ctl c = {
        .st = st,
        .a = moxd_arena_new(0),
        .log = { .component = "control" },
        .input = MOXD_BUF_INIT(CORE_FRAME_MAX),
    };

    serve(&c, &frame);
    control_raw_end(&c);
    moxd_buf_wipe(&frame);
    moxd_buf_wipe(&c.input);
    moxd_arena_free(c.a);
    moxd_stream_close(st);
}
