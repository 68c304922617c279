#include "smtp_headers.h"

#include <moxmail/header.h>

/* States: what the last bytes were. The start counts as after a line end. */
enum { OTHER, CR, LINE_START, BLANK_CR };

void smtp_header_end_init(struct smtp_header_end *e)
{
    e->state = LINE_START;
}

static unsigned next_state(unsigned state, char c)
{
    if (c == '\r')
        return state == LINE_START ? BLANK_CR : CR;
    return c == '\n' && state == CR ? LINE_START : OTHER;
}

ptrdiff_t smtp_header_end_find(struct smtp_header_end *e, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' && e->state == BLANK_CR)
            return (ptrdiff_t)i + 1;
        e->state = next_state(e->state, p[i]);
    }
    return -1;
}

static void count(const struct moxd_field *f, const char *name, size_t *n, struct moxd_str *value)
{
    if (!moxd_str_caseeqs(f->name, name))
        return;
    if (++*n == 1 && value)
        *value = f->value;
}

void smtp_header_facts(struct moxd_str header, struct smtp_header_facts *out)
{
    struct moxd_field f;

    *out = (struct smtp_header_facts){ 0 };
    while (moxd_field_next(&header, &f)) {
        count(&f, "From", &out->from, &out->from_value);
        count(&f, "Sender", &out->sender, &out->sender_value);
        count(&f, "Received", &out->received, NULL);
        count(&f, "Date", &out->date, NULL);
        count(&f, "Message-ID", &out->message_id, NULL);
        count(&f, "Return-Path", &out->return_path, NULL);
    }
}

void smtp_header_strip(struct moxd_buf *out, struct moxd_str header)
{
    struct moxd_field f;

    while (moxd_field_next(&header, &f))
        if (!moxd_str_caseeqs(f.name, "Bcc") && !moxd_str_caseeqs(f.name, "Return-Path"))
            moxd_buf_addstr(out, f.raw);
    moxd_buf_addstr(out, header);
}
