/* What lists show of a message, learned from its steps. Stored as one more step. */
#include "trace.h"

#include <stdlib.h>

struct moxd_str trace_message_id(struct moxd_str s)
{
    s = moxd_str_trim(s);
    if (s.n > 1 && s.p[0] == '<' && s.p[s.n - 1] == '>')
        s = moxd_str_sub(s, 1, s.n - 2);
    return moxd_str_sub(s, 0, TRACE_MESSAGE_ID_MAX);
}

static void set(const char **to, struct moxd_str text, struct moxd_arena *a)
{
    if (text.n > 0)
        *to = moxd_arena_cstr(a, text);
}

static void set_once(const char **to, struct moxd_str text, struct moxd_arena *a)
{
    if (!*to || !**to)
        set(to, text, a);
}

static void add_rcpt(struct trace_head *h, struct moxd_str to, struct moxd_arena *a)
{
    size_t before = strlen(h->to);

    h->rcpts++;
    if (to.n == 0 || before + to.n > TRACE_ADDRESSES_MAX)
        return;
    h->to = moxd_arena_printf(a, "%s%s%" MOXD_STRF, h->to, before > 0 ? "," : "", MOXD_STRA(to));
}

/* --- what each kind says ----------------------------------------------------------------------- */

typedef void learn_fn(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a);

static void on_connect(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    set_once(&h->ip, moxd_step_text(s, "ip"), a);
}

static void on_login(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    set(&h->account, moxd_step_text(s, "account"), a);
}

/* What the client named is between the first < and >; who it is for is told once more when a recipient is refused. */
static void on_command(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    struct moxd_str text = moxd_step_text(s, "text"), verb = moxd_str_cut(&text, '<');
    struct moxd_str path = moxd_str_cut(&text, '>');

    if (moxd_str_casestarts(verb, MOXD_STR("MAIL")))
        set(&h->from, path.n > 0 ? path : MOXD_STR("<>"), a);
    else if (moxd_str_casestarts(verb, MOXD_STR("RCPT")))
        add_rcpt(h, path, a);
}

static void on_reply(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    struct moxd_str text = moxd_step_text(s, "text");

    if (text.n > 0 && text.p[0] >= '4')
        set(&h->reason, text, a);
}

static void on_message(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    set(&h->message_id, trace_message_id(moxd_step_text(s, "messageid")), a);
}

static void on_end(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    h->end = moxd_arena_strdup(a, s->kind);
    set_once(&h->reason, moxd_step_text(s, "reason"), a);
    if (strcmp(s->kind, "received") == 0)
        h->reason = "";
}

static void on_stored(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    (void)a;
    if (moxd_step_text(s, "as").n == 0)
        h->delivered++;
}

/* Of a message of the server itself one of these is the first step. */
static void on_written(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    set_once(&h->from, MOXD_STR("<>"), a);
    add_rcpt(h, moxd_step_text(s, "to"), a);
}

static void on_queued(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    struct moxd_str from = moxd_step_text(s, "from");

    h->waiting++;
    if (h->end[0] == '\0' && h->ip[0] == '\0') {
        set_once(&h->from, from.n > 0 ? from : MOXD_STR("<>"), a);
        add_rcpt(h, moxd_step_text(s, "to"), a);
    }
    set_once(&h->account, moxd_step_text(s, "account"), a);
    set_once(&h->message_id, trace_message_id(moxd_step_text(s, "messageid")), a);
}

static bool is(const struct moxd_step *s, const char *name, const char *const *words)
{
    struct moxd_str text = moxd_step_text(s, name);

    for (; *words; words++)
        if (moxd_str_eqs(text, *words))
            return true;
    return false;
}

static void on_attempt(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    static const char *const good[] = { "delivered", "relayed", "expanded", NULL };
    static const char *const bad[] = { "failed", "suppressed", "cancelled", NULL };
    int64_t *count = is(s, "outcome", good)  ? &h->delivered
                     : is(s, "outcome", bad) ? &h->failed
                                             : NULL;
    bool reported = moxd_step_text(s, "reported").n > 0;

    if (count != &h->delivered)
        set(&h->reason, moxd_step_text(s, "reply"), a);
    if (!count)
        return;
    int64_t *before = reported ? count == &h->failed ? &h->delivered : &h->failed : &h->waiting;
    if (*before > 0)
        --*before;
    ++*count;
    if (h->waiting == 0 && h->failed == 0)
        h->reason = ""; /* of attempts before */
}

static const struct {
    const char *kind;
    learn_fn *fn;
} kinds[] = {
    { "connect", on_connect }, { "login", on_login },     { "command", on_command },
    { "reply", on_reply },     { "message", on_message }, { "received", on_end },
    { "refused", on_end },     { "lost", on_end },        { "ended", on_end },
    { "stored", on_stored },   { "written", on_written }, { "queued", on_queued },
    { "attempt", on_attempt },
};

void trace_head_learn(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a)
{
    if (h->start == 0 || s->at < h->start)
        h->start = s->at;
    if (s->at > h->last)
        h->last = s->at;
    for (size_t i = 0; i < MOXD_NELEMS(kinds); i++)
        if (strcmp(kinds[i].kind, s->kind) == 0) {
            kinds[i].fn(h, s, a);
            return;
        }
}

const char *trace_head_outcome(const struct trace_head *h)
{
    if (h->waiting > 0)
        return "waiting";
    if (h->failed > 0)
        return h->delivered > 0 ? "partly failed" : "failed";
    if (h->delivered > 0)
        return "delivered";
    if (strcmp(h->end, "ended") == 0)
        return h->reason[0] >= '4' && h->reason[0] <= '5' ? "refused" : "no message";
    return h->end[0] ? h->end : "under way";
}

/* --- as a record ------------------------------------------------------------------------------- */

struct field {
    const char *name;
    size_t offset;
};
#define T(n, f)                                                                                    \
    {                                                                                              \
        n, offsetof(struct trace_head, f)                                                          \
    }
static const struct field texts[] = {
    T("ip", ip),         T("account", account),      T("from", from), T("to", to),
    T("reason", reason), T("messageid", message_id), T("end", end),
};
static const struct field numbers[] = {
    T("last", last),     T("rcpts", rcpts),   T("waiting", waiting), T("delivered", delivered),
    T("failed", failed), T("chunks", chunks), T("bytes", bytes),
};
#undef T

static const char **text_at(const struct trace_head *h, const struct field *f)
{
    return (const char **)((uintptr_t)h + f->offset);
}

static int64_t *number_at(const struct trace_head *h, const struct field *f)
{
    return (int64_t *)((uintptr_t)h + f->offset);
}

void trace_head_encode(struct moxd_buf *b, const struct trace_head *h)
{
    struct moxd_step_value v[MOXD_NELEMS(texts) + MOXD_NELEMS(numbers) + 1];
    size_t n = 0;

    for (size_t i = 0; i < MOXD_NELEMS(texts); i++)
        v[n++] = moxd_sv(texts[i].name, *text_at(h, &texts[i]));
    for (size_t i = 0; i < MOXD_NELEMS(numbers); i++)
        v[n++] = moxd_svi(numbers[i].name, *number_at(h, &numbers[i]));
    v[n++] = moxd_svi("cut", h->cut);
    moxd_step_put(b, &(struct moxd_step){ h->start, "head", v, n });
}

int trace_head_decode(struct moxd_str s, struct moxd_arena *a, struct trace_head *out,
                      struct moxd_err *err)
{
    struct moxd_step step;

    *out = (struct trace_head){ 0 };
    int rc = moxd_step_next(&s, a, &step, err);
    if (rc <= 0 || strcmp(step.kind, "head") != 0)
        return rc < 0 ? -1 : moxd_err_set(err, MOXD_ERR_CORRUPT, "a trace is damaged");
    out->start = step.at;
    for (size_t i = 0; i < MOXD_NELEMS(texts); i++)
        *text_at(out, &texts[i]) = moxd_arena_cstr(a, moxd_step_text(&step, texts[i].name));
    for (size_t i = 0; i < MOXD_NELEMS(numbers); i++)
        *number_at(out, &numbers[i]) = moxd_step_number(&step, numbers[i].name);
    out->cut = moxd_step_number(&step, "cut") != 0;
    return 0;
}
