/* Notifications of others. Everything in them may be forged or broken: what is not understood is left
 * empty. */
#include "dsn.h"

#include <moxmail/address.h>
#include <moxmail/transfer.h>
#include <stdio.h>

/* --- values ----------------------------------------------------------------------------------------- */

/* Without control characters and outer blanks, cut to MOXD_DSN_VALUE_MAX, in the arena. */
static struct moxd_str keep(struct moxd_arena *a, struct moxd_str value)
{
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_DSN_VALUE_MAX);

    value = moxd_str_sub(moxd_str_trim(value), 0, MOXD_DSN_VALUE_MAX);
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] != '\r' && value.p[i] != '\n')
            moxd_buf_addc(&b,
                          (unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f ? ' ' : value.p[i]);
    struct moxd_str kept = moxd_arena_str(a, moxd_str_trim(moxd_buf_str(&b)));
    moxd_buf_fini(&b);
    return kept;
}

/* `type ";" value`; some write no type, but text with a semicolon. */
static struct moxd_str typed(struct moxd_str value, struct moxd_str *type)
{
    struct moxd_str rest = value, first = moxd_str_trim(moxd_str_cut(&rest, ';'));

    *type = rest.p && moxd_str_chr(first, ' ') < 0 ? first : MOXD_STR("");
    return moxd_str_trim(type->n > 0 ? rest : value);
}

/* An address without the <> that some put around it, and with its \x{} decoded (RFC 6533 3). */
static struct moxd_str address(struct moxd_arena *a, struct moxd_str value)
{
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_DSN_VALUE_MAX);
    struct moxd_str type, text = keep(a, typed(value, &type));

    if (text.n >= 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
        text = moxd_str_sub(text, 1, text.n - 2);
    if (moxd_str_caseeqs(type, "utf-8") && moxd_utf8_addr_decode(&b, text) == 0)
        text = moxd_arena_str(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return text;
}

static struct moxd_str host(struct moxd_arena *a, struct moxd_str value)
{
    struct moxd_str type;

    return keep(a, typed(value, &type));
}

/* class "." subject "." detail (RFC 3463 2); what follows is a comment. */
static void status_code(char out[12], struct moxd_str value)
{
    struct moxd_str s = moxd_str_trim(value);
    uint64_t part[3];

    for (size_t i = 0; i < 3; i++) {
        if (moxd_str_take_u64(&s, 999, &part[i]) < 0)
            return;
        if (i < 2 && (s.n == 0 || s.p[0] != '.'))
            return;
        s = moxd_str_from(s, i < 2);
    }
    if (part[0] == 2 || part[0] == 4 || part[0] == 5)
        (void)snprintf(out, 12, "%u.%u.%u", (unsigned)part[0], (unsigned)part[1],
                       (unsigned)part[2]);
}

static enum moxd_dsn_action action(struct moxd_str value)
{
    struct moxd_str word = moxd_str_trim(value);
    enum moxd_dsn_action act = MOXD_DSN_FAILED;
    size_t n = 0;

    while (n < word.n && moxd_is_alpha(word.p[n]))
        n++;
    word = moxd_str_sub(word, 0, n);
    while (act < MOXD_DSN_UNKNOWN && !moxd_str_caseeqs(word, moxd_dsn_action_name(act)))
        act++;
    return act;
}

/* "250 ", "250-": whether a line of a reply begins so. */
static bool begins_reply(struct moxd_str s)
{
    return s.n >= 3 && s.p[0] >= '2' && s.p[0] <= '5' && moxd_is_digit(s.p[1]) &&
           moxd_is_digit(s.p[2]) && (s.n == 3 || s.p[3] == ' ' || s.p[3] == '-');
}

/* RFC 3461 9.2: continuation lines that begin with a code are lines of the reply; others are folds. */
static void diagnostic(struct moxd_arena *a, struct moxd_str value, struct moxd_dsn_status *st)
{
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_DSN_DIAGNOSTIC_MAX);
    struct moxd_str type, rest = typed(value, &type);

    st->smtp = moxd_str_caseeqs(type, "smtp");
    while (rest.p && rest.n > 0 && b.n < MOXD_DSN_DIAGNOSTIC_MAX / 2) {
        struct moxd_str line = keep(a, moxd_str_cut(&rest, '\n'));
        if (b.n > 0)
            moxd_buf_addc(&b, begins_reply(line) ? '\n' : ' ');
        moxd_buf_addstr(&b, line);
    }
    st->diagnostic = moxd_arena_str(a, moxd_buf_str(&b));
    if (st->smtp && begins_reply(st->diagnostic))
        st->code = (st->diagnostic.p[0] - '0') * 100 + (st->diagnostic.p[1] - '0') * 10 +
                   (st->diagnostic.p[2] - '0');
    moxd_buf_fini(&b);
}

/* --- groups of fields ------------------------------------------------------------------------------- */

static void message_fields(struct moxd_arena *a, struct moxd_str group, struct moxd_dsn_report *rep)
{
    struct moxd_field f;

    if (moxd_header_find(group, "Original-Envelope-Id", &f))
        rep->envid = keep(a, f.value);
    if (moxd_header_find(group, "Reporting-MTA", &f))
        rep->reporter = host(a, f.value);
}

static bool recipient_fields(struct moxd_arena *a, struct moxd_str group,
                             struct moxd_dsn_status *st)
{
    struct moxd_field f;

    *st = (struct moxd_dsn_status){ .action = MOXD_DSN_UNKNOWN };
    if (moxd_header_find(group, "Final-Recipient", &f))
        st->final = address(a, f.value);
    if (moxd_header_find(group, "Original-Recipient", &f))
        st->original = address(a, f.value);
    if (moxd_header_find(group, "Action", &f))
        st->action = action(f.value);
    if (moxd_header_find(group, "Status", &f))
        status_code(st->status, f.value);
    if (moxd_header_find(group, "Remote-MTA", &f))
        st->remote = host(a, f.value);
    if (moxd_header_find(group, "Diagnostic-Code", &f))
        diagnostic(a, f.value, st);
    return st->final.n > 0 || st->original.n > 0;
}

/* Cuts the fields up to the next blank line off *rest; false when there are none left. */
static bool next_group(struct moxd_str *rest, struct moxd_str *group)
{
    const char *start;
    struct moxd_field f;

    while (rest->n > 0 && (rest->p[0] == '\r' || rest->p[0] == '\n'))
        *rest = moxd_str_from(*rest, 1);
    start = rest->p;
    while (moxd_field_next(rest, &f))
        ;
    *group = moxd_str(start, rest->p ? (size_t)(rest->p - start) : 0);
    return group->n > 0;
}

static void read_groups(struct moxd_arena *a, struct moxd_str text, struct moxd_dsn_report *rep)
{
    struct moxd_dsn_status st;
    struct moxd_str group;
    size_t cap = 0;

    for (bool first = true; next_group(&text, &group) && rep->nrcpts < MOXD_DSN_RCPTS_MAX;
         first = false) {
        if (first)
            message_fields(a, group, rep);
        if (recipient_fields(a, group, &st))
            *(struct moxd_dsn_status *)moxd_arena_push(a, &rep->rcpts, &rep->nrcpts, &cap,
                                                       sizeof(st)) = st;
    }
}

/* --- parts ------------------------------------------------------------------------------------------ */

static bool is_status(const struct moxd_part *p)
{
    return moxd_part_is(p, "message", "delivery-status") ||
           moxd_part_is(p, "message", "global-delivery-status");
}

static bool is_headers(const struct moxd_part *p)
{
    return moxd_part_is(p, "text", "rfc822-headers") ||
           moxd_part_is(p, "message", "global-headers");
}

/* The part's content decoded, as much of it as is read. */
static int load(const struct moxd_reader *r, const struct moxd_part *p, struct moxd_buf *out,
                struct moxd_err *err)
{
    uint64_t max = MOXD_DSN_REPORT_MAX - MOXD_TRANSFER_SLACK;
    uint64_t end = p->end - p->body > max ? p->body + max : p->end;

    moxd_buf_init(out, MOXD_DSN_REPORT_MAX);
    return moxd_transfer_range(r, p->body, end, p->cte, moxd_sink_buf(out), err);
}

static int read_status(const struct moxd_reader *r, const struct moxd_part *p, struct moxd_arena *a,
                       struct moxd_dsn_report *rep, struct moxd_err *err)
{
    struct moxd_buf text MOXD_CLEANUP(moxd_buf_fini);

    if (load(r, p, &text, err) < 0)
        return -1;
    read_groups(a, moxd_buf_str(&text), rep);
    return 0;
}

static int read_headers(const struct moxd_reader *r, const struct moxd_part *p,
                        struct moxd_arena *a, struct moxd_dsn_report *rep, struct moxd_err *err)
{
    struct moxd_buf text MOXD_CLEANUP(moxd_buf_fini);
    struct moxd_field f;

    if (load(r, p, &text, err) < 0)
        return -1;
    if (moxd_header_find(moxd_buf_str(&text), "Message-ID", &f))
        rep->message_id = keep(a, f.value);
    return 0;
}

/* The parts of the report itself, not those of a message in it. */
static int read_parts(const struct moxd_reader *r, const struct moxd_msg *m, struct moxd_arena *a,
                      struct moxd_dsn_report *rep, struct moxd_err *err)
{
    bool status = false;

    for (uint32_t i = 1; i != 0; i = m->parts[i].next) {
        const struct moxd_part *p = &m->parts[i];
        if (is_status(p) && !status) {
            status = true;
            if (read_status(r, p, a, rep, err) < 0)
                return -1;
        } else if (is_headers(p) && rep->message_id.n == 0) {
            if (read_headers(r, p, a, rep, err) < 0)
                return -1;
        } else if (p->kind == MOXD_PART_MESSAGE && rep->message_id.n == 0 &&
                   m->parts[i + 1].envelope) {
            rep->message_id = keep(a, m->parts[i + 1].envelope->f[MOXD_ENV_MESSAGE_ID]);
        }
    }
    return 0;
}

int moxd_dsn_parse(const struct moxd_reader *r, const struct moxd_msg *m, struct moxd_arena *a,
                   struct moxd_dsn_report **out, struct moxd_err *err)
{
    struct moxd_dsn_report *rep = moxd_arena_alloc(a, sizeof(*rep));

    *out = NULL;
    if (m->parts[0].kind != MOXD_PART_MULTIPART ||
        !moxd_part_is(&m->parts[0], "multipart", "report"))
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "not a report");
    if (read_parts(r, m, a, rep, err) < 0)
        return -1;
    if (rep->nrcpts == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "a report without the status of a recipient");
    *out = rep;
    return 0;
}
