/* Steps as lines for people. Each kind has a form: literal text, {name} for a value, {name:ms} and {name:span} for
 * durations, {name:size} padded to a column, and [parts] that are there when all of their values are. */
#include <moxmail/step.h>

#include <moxd/clock.h>

struct form {
    const char *kind, *text;
};
static const struct form forms[] = {
    { "connect",
      "connected: {ip}[ to {local}][, listener {listener}][, {service}][, {tls}][ {cipher}]" },
    { "starttls", "TLS: {tls}[ {cipher}]" },
    { "login", "logged in: account {account}[, as {login}][, {mechanism}]" },
    { "nologin", "login failed[: {reason}][, {mechanism}]" },
    { "command", "C: {text}" },
    { "reply", "S: {text}" },
    { "hook", "   {hook:28} {verdict:6} {took:ms}[  {detail}]" },
    { "message", "message: {size} bytes[, Message-ID {messageid}]" },
    { "check", "check: {method}={result}[ {domain}][ {props}][ ({comment})][ reason: {reason}]" },
    { "field", "field added: {name}" },
    { "note", "note: {key}={value}" },
    { "suspected", "suspected: {reason}[, {reply}]" },
    { "because", "because: {detail}" },
    { "copy", "account {account}: {does}[, mailbox {mailbox}][, {reason}][, for {address}][, list "
              "{list}]" },
    { "stored", "stored: account {account}, mailbox {mailbox}, uid {uid}[, message {id}][, {as}]" },
    { "waits", "waits {wait} before it is accepted: {why}" },
    { "mailbox", "mailbox: {mailbox}" },
    { "received", "accepted" },
    { "refused", "refused[: {reply}]" },
    { "lost", "given up[: {reason}]" },
    { "ended", "no message: {reason}" },
    { "queued", "queued: {to}, id {id}[, from {from}][, account {account}][, origin {origin}][, "
                "because of {cause}][, "
                "Message-ID {messageid}][, {state}][, not before {until}]" },
    { "tried", "tried: {host}[ ({ip})][, domain {domain}][, from {source}][, {tls}][, "
               "{security}][, {reply}]" },
    { "attempt", "{outcome}: {to}[ by {host}][ ({ip})][, {tls}][, {security}][, attempt "
                 "{attempt}][, took {took:span}][, "
                 "{reply}][, next attempt in {in:span}]" },
    { "written", "written here: {origin}[, to {to}][, because of {cause}]" },
    { "told", "sender told: {action}, {to}[, notification {notification}]" },
    { "caused", "caused: {what}[, to {to}], {trace}" },
};

static void put_ms(struct moxd_buf *b, int64_t ns)
{
    moxd_buf_addf(b, "%9.3f ms", (double)ns / (double)MOXD_MS);
}

void moxd_step_duration(struct moxd_buf *b, int64_t ns)
{
    static const struct {
        int64_t ns;
        char c;
    } units[] = { { 86400 * MOXD_SEC, 'd' },
                  { 3600 * MOXD_SEC, 'h' },
                  { 60 * MOXD_SEC, 'm' },
                  { MOXD_SEC, 's' } };
    unsigned parts = 0;

    if (ns < 60 * MOXD_SEC) {
        moxd_buf_addf(b, "%.3f s", (double)(ns < 0 ? 0 : ns) / (double)MOXD_SEC);
        return;
    }
    for (size_t i = 0; i < MOXD_NELEMS(units) && parts < 2; i++) {
        if (ns < units[i].ns && parts == 0)
            continue;
        moxd_buf_addf(b, "%lld%c", (long long)(ns / units[i].ns), units[i].c);
        ns %= units[i].ns;
        parts++;
    }
}

static const struct moxd_step_value *value_of(const struct moxd_step *s, struct moxd_str name)
{
    for (size_t i = 0; i < s->n; i++)
        if (moxd_str_eqs(name, s->v[i].name) && (s->v[i].is_number || s->v[i].text.n > 0))
            return &s->v[i];
    return NULL;
}

static void put_text(struct moxd_buf *b, const struct moxd_step_value *v, struct moxd_str how)
{
    size_t start = b->n;
    uint64_t width = 0;

    if (v && v->is_number)
        moxd_buf_addf(b, "%lld", (long long)v->number);
    else if (v)
        moxd_step_clean(b, v->text);
    if (moxd_str_u64(how, 100, &width) == 0)
        while (b->n - start < width && !b->overflow)
            moxd_buf_addc(b, ' ');
}

static void put_value(struct moxd_buf *b, const struct moxd_step *s, struct moxd_str spec)
{
    struct moxd_str name = moxd_str_cut(&spec, ':');
    const struct moxd_step_value *v = value_of(s, name);

    if (moxd_str_eqs(spec, "ms"))
        put_ms(b, v ? v->number : 0);
    else if (moxd_str_eqs(spec, "span"))
        moxd_step_duration(b, v ? v->number : 0);
    else
        put_text(b, v, spec);
}

/* Whether all values of a part are there. */
static bool there(const struct moxd_step *s, struct moxd_str part)
{
    while (part.n > 0) {
        (void)moxd_str_cut(&part, '{');
        struct moxd_str spec = moxd_str_cut(&part, '}');
        if (spec.n > 0 && !value_of(s, moxd_str_cut(&spec, ':')))
            return false;
    }
    return true;
}

static void put_part(struct moxd_buf *b, const struct moxd_step *s, struct moxd_str part)
{
    while (part.n > 0) {
        bool more = moxd_str_chr(part, '{') >= 0;
        moxd_buf_addstr(b, moxd_str_cut(&part, '{'));
        if (more)
            put_value(b, s, moxd_str_cut(&part, '}'));
    }
}

static void put_form(struct moxd_buf *b, const struct moxd_step *s, struct moxd_str form)
{
    while (form.n > 0) {
        bool more = moxd_str_chr(form, '[') >= 0;
        put_part(b, s, moxd_str_cut(&form, '['));
        struct moxd_str part = more ? moxd_str_cut(&form, ']') : MOXD_STR("");
        if (part.n > 0 && there(s, part))
            put_part(b, s, part);
    }
}

/* A kind that a newer server, or a module of others, has recorded. */
static void put_unknown(struct moxd_buf *b, const struct moxd_step *s)
{
    moxd_buf_adds(b, s->kind);
    for (size_t i = 0; i < s->n; i++) {
        moxd_buf_addf(b, " %s=", s->v[i].name);
        put_text(b, &s->v[i], MOXD_STR(""));
    }
}

void moxd_step_show(struct moxd_buf *b, const struct moxd_step *s)
{
    for (size_t i = 0; i < MOXD_NELEMS(forms); i++)
        if (strcmp(forms[i].kind, s->kind) == 0) {
            put_form(b, s, moxd_cstr(forms[i].text));
            return;
        }
    put_unknown(b, s);
}
