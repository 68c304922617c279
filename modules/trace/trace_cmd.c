/* moxctl trace */
#include "trace.h"

#include <moxmail/date.h>

enum { LIMIT = 50, LIMIT_MAX = 10000, STEPS_MAX = 2 * TRACE_MESSAGE_MAX };
#define SINCE (INT64_C(86400) * MOXD_SEC)

/* --- arguments --------------------------------------------------------------------------------- */

static int64_t unit_of(char c)
{
    static const struct {
        char c;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };

    for (size_t i = 0; i < MOXD_NELEMS(units); i++)
        if (units[i].c == c)
            return units[i].seconds * MOXD_SEC;
    return 0;
}

/* "3h", "10d", a day, or a time as in RFC 3339. */
static int parse_since(const char *arg, struct trace_query *q, struct moxd_err *err)
{
    struct moxd_str s = moxd_cstr(arg);
    struct moxd_date date;
    char day[] = "YYYY-MM-DDT00:00:00Z";
    uint64_t n;

    if (s.n == 10)
        memcpy(day, arg, s.n);
    if (moxd_date_parse_rfc3339(s.n == 10 ? moxd_cstr(day) : s, &date) == 0) {
        q->since = date.sec * MOXD_SEC;
        return 0;
    }
    if (moxd_str_take_u64(&s, 100000, &n) == 0 && s.n == 1 && unit_of(s.p[0]) != 0) {
        q->since = moxd_wall() - (int64_t)n * unit_of(s.p[0]);
        return 0;
    }
    return moxd_err_set(err, MOXD_ERR_INVALID,
                        "-since %s: neither like 3h or 10d, nor like 2026-01-31 or "
                        "2026-01-31T08:00:00Z",
                        arg);
}

static int parse_limit(const char *arg, struct trace_query *q, struct moxd_err *err)
{
    if (moxd_str_u64(moxd_cstr(arg), LIMIT_MAX, &q->limit) == 0 && q->limit > 0)
        return 0;
    return moxd_err_set(err, MOXD_ERR_INVALID, "-limit %s: must be from 1 to %d", arg, LIMIT_MAX);
}

static int parse_from(const char *arg, struct trace_query *q, struct moxd_err *err)
{
    (void)err;
    q->from = arg;
    return 0;
}

static int parse_to(const char *arg, struct trace_query *q, struct moxd_err *err)
{
    (void)err;
    q->to = arg;
    return 0;
}

static const struct {
    const char *name;
    int (*parse)(const char *arg, struct trace_query *q, struct moxd_err *err);
} options[] = {
    { "-from", parse_from },
    { "-to", parse_to },
    { "-since", parse_since },
    { "-limit", parse_limit },
};

static bool is_id(const char *arg, struct trace_id *id)
{
    return moxd_cid_from_public_part(arg, &id->cid, &id->n) == 0;
}

/* An option with its value; 0 when it is none. How many arguments it has, -1. */
static int parse_option(int argc, char **argv, struct trace_query *q, struct moxd_err *err)
{
    for (size_t i = 0; i < MOXD_NELEMS(options); i++) {
        if (strcmp(argv[0], options[i].name) != 0)
            continue;
        if (argc < 2)
            return moxd_err_set(err, MOXD_ERR_INVALID, "%s needs a value", argv[0]);
        return options[i].parse(argv[1], q, err) < 0 ? -1 : 2;
    }
    if (strcmp(argv[0], "-json") != 0)
        return 0;
    q->json = true;
    return 1;
}

/* An id may begin with a dash. */
static int parse(int argc, char **argv, struct trace_query *q, struct moxd_err *err)
{
    struct trace_id id;

    *q = (struct trace_query){ .since = moxd_wall() - SINCE, .limit = LIMIT };
    for (int i = 0; i < argc;) {
        int n = is_id(argv[i], &id) ? 0 : parse_option(argc - i, argv + i, q, err);
        if (n < 0)
            return -1;
        if (n == 0 && (q->what || (argv[i][0] == '-' && !is_id(argv[i], &id))))
            return moxd_err_set(err, MOXD_ERR_INVALID,
                                "%s: not understood; moxctl help trace tells more", argv[i]);
        if (n == 0)
            q->what = argv[i];
        i += n > 0 ? n : 1;
    }
    return 0;
}

/* --- one message ------------------------------------------------------------------------------- */

struct reading {
    struct trace *t;
    struct trace_id id;
    struct moxd_arena *a;
    struct trace_head head;
    struct moxd_buf steps;
    int rc;
};

static int op_read(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct reading *r = arg;

    moxd_buf_reset(&r->steps);
    r->rc = trace_read(r->t->store, tx, &r->id, r->a, &r->head, &r->steps, err);
    return r->rc < 0 ? -1 : 0;
}

static int unknown(const struct trace *t, const struct trace_id *id, struct moxd_err *err)
{
    return moxd_err_set(
        err, MOXD_ERR_NOTFOUND,
        "nothing is known of it (any more): traces are kept for %lld days, or until "
        "there are too many (trace { } in moxd.conf). Log lines of its connection "
        "have cid=%llu; moxctl trace -from or -to ADDRESS lists others",
        (long long)(t->conf->keep / (86400 * MOXD_SEC)), (unsigned long long)id->cid);
}

static int write_all(struct reading *r, struct moxd_ctl *c, bool json,
                     struct moxd_err *err) MOXD_SUSPENDS;
static int write_all(struct reading *r, struct moxd_ctl *c, bool json, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(32 * 1024 * 1024);
    int rc = trace_print(&b, &r->head, moxd_buf_str(&r->steps), json, r->a, err);

    if (rc == 0 && moxd_ctl_write(c, b.p, b.n) < 0)
        rc = moxd_err_set(err, MOXD_ERR_CLOSED, "the output was closed");
    moxd_buf_fini(&b);
    return rc;
}

static int show(struct trace *t, struct moxd_ctl *c, const struct trace_id *id, bool json,
                struct moxd_err *err) MOXD_SUSPENDS;
static int show(struct trace *t, struct moxd_ctl *c, const struct trace_id *id, bool json,
                struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct reading r = { .t = t, .id = *id, .a = a, .steps = MOXD_BUF_INIT(STEPS_MAX) };
    int rc = t->store->view(t->store_self, NULL, op_read, &r, err);

    if (rc == 0)
        rc = r.rc == 0 ? unknown(t, id, err) : write_all(&r, c, json, err);
    moxd_buf_fini(&r.steps);
    return rc;
}

/* Each time that a message came it has another id. */
static int show_message(struct trace *t, struct moxd_ctl *c, const struct trace_query *q,
                        struct moxd_err *err) MOXD_SUSPENDS;
static int show_message(struct trace *t, struct moxd_ctl *c, const struct trace_query *q,
                        struct moxd_err *err)
{
    struct trace_id *ids = NULL;
    size_t n = 0;

    if (trace_find_message(t, moxd_cstr(q->what), moxd_ctl_arena(c), &ids, &n, err) < 0)
        return -1;
    if (n == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND,
                            "no message with the Message-ID %s is known (any more); refused before "
                            "its data it has none: moxctl trace -from or -to ADDRESS",
                            q->what);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && moxd_ctl_printf(c, q->json ? "" : "\n---\n\n") < 0)
            return moxd_err_set(err, MOXD_ERR_CLOSED, "the output was closed");
        if (show(t, c, &ids[i], q->json, err) < 0)
            return -1;
    }
    return 0;
}

static int cmd_trace(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err)
{
    struct trace *t = trace_of(m);
    struct trace_query q;
    struct trace_id id;

    if (parse(argc, argv, &q, err) < 0 || trace_flush(t, true, err) < 0)
        return -1;
    if (!q.what)
        return trace_list(t, c, &q, err);
    if (is_id(q.what, &id))
        return show(t, c, &id, q.json, err);
    if (strchr(q.what, '@'))
        return show_message(t, c, &q, err);
    return moxd_err_set(err, MOXD_ERR_INVALID,
                        "\"%s\" is neither an id of this server nor a Message-ID: moxctl trace "
                        "-from or -to ADDRESS lists messages with their ids",
                        q.what);
}

const struct moxd_command trace_commands[] = {
    { .name = "trace",
      .args = "[-json] ID | MESSAGE-ID | [-from ADDRESS] [-to ADDRESS] [-since TIME] [-limit N]",
      .summary = "show what became of a message, step by step",
      .help = "With an id, as it stands in Received fields, in replies, in notifications and in "
              "the log, or with a "
              "Message-ID: all steps of that message, from the connection to the mailbox, or from "
              "submission to the "
              "last attempt. Without: messages since TIME (3h, 10d, 2026-01-31; default: a day "
              "ago), the last N of "
              "them (default 50), with their ids and outcomes; ADDRESS is any part of an address. "
              "-json: for "
              "programs, one object for each message.",
      .max_args = -1,
      .run = cmd_trace },
    { 0 },
};
