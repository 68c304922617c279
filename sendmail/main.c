/* One run: read, send, and keep what could not be sent. */
#include "sendmail.h"

#include <moxd/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

int sendmail_fail(struct sendmail *sm, int status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(sm->reason, sizeof(sm->reason), fmt, ap);
    va_end(ap);
    for (char *p = sm->reason; *p; p++)
        if (((unsigned char)*p < ' ' && *p != '\n') || *p == 0x7f)
            *p = '?';
    sm->status = status;
    return status;
}

/* Reads what needs the group's rights, and gives them up. A configuration that the caller names is read with his own. */
static int configure(struct sendmail *sm)
{
    if (sm->o.config)
        sendmail_group_drop(&sm->group, false);
    int rc = sm->o.what == SENDMAIL_CHECK ? sendmail_conf_check(sm) : sendmail_conf_load(sm);
    sendmail_group_drop(&sm->group, rc == EX_OK && sm->conf->failed_dir);
    return rc;
}

static int send_it(struct sendmail *sm, int configured)
{
    if (sendmail_intake(sm, STDIN_FILENO) != EX_OK)
        return sm->status;
    if (configured != EX_OK)
        return configured;
    if (sendmail_rcpts_args(sm) != EX_OK || sendmail_message(sm) != EX_OK)
        return sm->status;
    if (sm->rcpts.n == 0)
        return sendmail_fail(sm, EX_USAGE, "no recipient: name one, or use -t");
    return sendmail_submit(sm);
}

/* One line of printable ASCII, whoever wrote it. */
static void make_plain(const char *s, char *out, size_t size)
{
    size_t n = 0;

    for (; s && *s && n + 1 < size; s++)
        out[n++] = *s >= ' ' && *s < 0x7f ? *s : '?';
    out[n] = '\0';
}

/* For the administrator. */
static void note(const struct sendmail *sm, const char *kept)
{
    char id[200], reason[500];

    make_plain(sm->message_id, id, sizeof(id));
    make_plain(sm->reason, reason, sizeof(reason));
    openlog("moxd-sendmail", LOG_PID, LOG_MAIL);
    syslog(sm->status == EX_OK ? LOG_INFO : LOG_ERR,
           "uid=%u from=%s recipients=%zu bytes=%zu msgid=%s status=%d%s%s%s%s", (unsigned)getuid(),
           sm->sender ? sm->sender : "", sm->rcpts.n, sm->text.n, id, sm->status,
           *reason ? " reason=" : "", reason, kept ? " kept=" : "", kept ? kept : "");
    closelog();
}

/* As a word for a shell: addresses may have any of its signs. */
static void put_word(const char *s)
{
    (void)fputc('\'', stderr);
    for (; *s; s++)
        (void)fputs(*s == '\'' ? "'\\''" : (char[]){ *s, '\0' }, stderr);
    (void)fputs("' ", stderr);
}

static void explain(const struct sendmail *sm, const char *kept, const struct moxd_err *err)
{
    (void)fprintf(stderr, "moxd-sendmail: %s\n", sm->reason);
    if (!kept && sm->raw.n > 0)
        (void)fprintf(stderr, "moxd-sendmail: the message is not kept: %s\n", err->priv);
    if (!kept)
        return;
    (void)fprintf(stderr,
                  "moxd-sendmail: the message is kept in %s; once the cause is mended:\n"
                  "    sendmail -i -f ",
                  kept);
    put_word(sm->sender ? sm->sender : "");
    (void)fprintf(stderr, "-- ");
    for (size_t i = 0; i < sm->rcpts.n; i++)
        if (!sm->rcpts.v[i].ok)
            put_word(sm->rcpts.v[i].to);
    (void)fprintf(stderr, "<");
    put_word(kept);
    (void)fprintf(stderr, "\n");
}

static int deliver(struct sendmail *sm, int configured)
{
    struct moxd_err err = { 0 };
    const char *kept = NULL;

    if (send_it(sm, configured) == EX_OK) {
        note(sm, NULL);
        return EX_OK;
    }
    if (sm->raw.n > 0)
        kept = sendmail_keep(sm, &err);
    explain(sm, kept, &err);
    note(sm, kept);
    return sm->raw.n > 0 && !kept ? EX_CANTCREAT : sm->status;
}

static void set_log(bool verbose)
{
    moxd_log_format(false);
    moxd_log_set_level(NULL, verbose ? MOXD_TRACE : MOXD_ERROR);
}

static int run(struct sendmail *sm, int argc, char **argv)
{
    int rc = sendmail_options_parse(argc, argv, &sm->o);

    if (rc != EX_OK)
        return rc;
    if (sm->o.what == SENDMAIL_HELP)
        sendmail_usage();
    else if (sm->o.what == SENDMAIL_EXAMPLE)
        sendmail_conf_example();
    else
        rc = configure(sm);
    if (sm->o.what != SENDMAIL_SEND)
        return rc;
    set_log(sm->o.verbose);
    return deliver(sm, rc);
}

int main(int argc, char **argv)
{
    struct sendmail sm = { .a = moxd_arena_new(0) };
    int rc = sendmail_harden(&sm.group);

    if (rc == EX_OK)
        rc = run(&sm, argc, argv);
    moxd_tls_identity_free(sm.identity);
    moxd_conf_file_free(sm.file);
    moxd_buf_fini(&sm.raw);
    moxd_buf_fini(&sm.text);
    moxd_arena_free(sm.a);
    return rc;
}
