/* Verdicts and the replies that go with them. */
#include "hook/reply.h"

#include <stdio.h>

const char *moxd_verdict_name(enum moxd_verdict v)
{
    static const char *const names[] = { "next", "answer", "defer", "deny", "drop", "fail" };

    return (unsigned)v < MOXD_NELEMS(names) ? names[v] : "invalid";
}

/* What a reply says when the hook did not. RFC 5321 4.2.1, RFC 3463. */
static const struct {
    int code, first; /* first digit of the code */
    const char *enhanced, *text;
} defaults[] = {
    [MOXD_DEFER] = { 451, 4, "4.7.1", "Refused for now, try again later" },
    [MOXD_DENY] = { 550, 5, "5.7.1", "Refused by local policy" },
    [MOXD_DROP] = { 421, 0, "4.7.0", "Closing connection" },
};

/* A reply is one line of text: what would break the line, or the log, becomes a space. */
static void one_line(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++)
        if (*c < ' ' || *c == 0x7f)
            *c = ' ';
}

void core_reply_fill(struct moxd_reply *r, enum moxd_verdict v)
{
    int first = defaults[v].first;

    moxd_assert(v == MOXD_DEFER || v == MOXD_DENY || v == MOXD_DROP);
    if (first ? r->code / 100 != first : r->code / 100 != 4 && r->code / 100 != 5)
        r->code = defaults[v].code;
    if (r->enhanced[0] - '0' != r->code / 100)
        (void)snprintf(r->enhanced, sizeof(r->enhanced), "%c%s", '0' + r->code / 100,
                       defaults[v].enhanced + 1);
    if (!r->text[0])
        (void)snprintf(r->text, sizeof(r->text), "%s", defaults[v].text);
    one_line(r->text);
    one_line(r->enhanced);
}

enum moxd_verdict moxd_reply_set(struct moxd_reply *r, int code, const char *enhanced,
                                 const char *fmt, ...)
{
    va_list ap;

    moxd_assert(code >= 400 && code <= 599);
    r->code = code;
    (void)snprintf(r->enhanced, sizeof(r->enhanced), "%s", enhanced ? enhanced : "");
    va_start(ap, fmt);
    (void)vsnprintf(r->text, sizeof(r->text), fmt, ap);
    va_end(ap);
    return code < 500 ? MOXD_DEFER : MOXD_DENY;
}
