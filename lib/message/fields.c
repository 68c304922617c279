/* Collects header values in bounded memory. */
#include "fields.h"

#include "mime_lex.h"

static const struct {
    struct moxd_str name;
    bool address; /* several fields are joined to one list */
} known[MAIL_F_N] = {
    [MOXD_ENV_DATE] = { { "Date", 4 }, false },
    [MOXD_ENV_SUBJECT] = { { "Subject", 7 }, false },
    [MOXD_ENV_FROM] = { { "From", 4 }, true },
    [MOXD_ENV_SENDER] = { { "Sender", 6 }, true },
    [MOXD_ENV_REPLY_TO] = { { "Reply-To", 8 }, true },
    [MOXD_ENV_TO] = { { "To", 2 }, true },
    [MOXD_ENV_CC] = { { "Cc", 2 }, true },
    [MOXD_ENV_BCC] = { { "Bcc", 3 }, true },
    [MOXD_ENV_IN_REPLY_TO] = { { "In-Reply-To", 11 }, false },
    [MOXD_ENV_MESSAGE_ID] = { { "Message-ID", 10 }, false },
    [MAIL_F_TYPE] = { { "Content-Type", 12 }, false },
    [MAIL_F_CTE] = { { "Content-Transfer-Encoding", 25 }, false },
    [MAIL_F_DISPOSITION] = { { "Content-Disposition", 19 }, false },
    [MAIL_F_ID] = { { "Content-ID", 10 }, false },
    [MAIL_F_DESCRIPTION] = { { "Content-Description", 19 }, false },
    [MAIL_F_LANGUAGE] = { { "Content-Language", 16 }, false },
    [MAIL_F_LOCATION] = { { "Content-Location", 16 }, false },
    [MAIL_F_MD5] = { { "Content-MD5", 11 }, false },
};

void mail_fields_init(struct mail_fields *f)
{
    *f = (struct mail_fields){ .cur = -1 };
    for (int i = 0; i < MAIL_F_N; i++)
        moxd_buf_init(&f->val[i], MOXD_MSG_VALUE_MAX);
}

void mail_fields_fini(struct mail_fields *f)
{
    for (int i = 0; i < MAIL_F_N; i++)
        moxd_buf_fini(&f->val[i]);
}

void mail_fields_begin(struct mail_fields *f, bool root)
{
    for (int i = 0; i < MAIL_F_N; i++) {
        moxd_buf_reset(&f->val[i]);
        f->present[i] = false;
    }
    f->cur = -1;
    f->root = root;
    f->count = 0;
    f->bytes = 0;
}

/* Which field a name is, -1 for one that is not needed or was there before. */
static int lookup(struct mail_fields *f, struct moxd_str name)
{
    for (int i = f->root ? 0 : MOXD_ENV_N; i < MAIL_F_N; i++) {
        if (!moxd_str_caseeq(name, known[i].name))
            continue;
        if (f->present[i] && !known[i].address)
            return -1;
        if (f->present[i] && f->val[i].n > 0)
            moxd_buf_addc(&f->val[i], ',');
        f->present[i] = true;
        return i;
    }
    return -1;
}

/* Appends as much as the limit allows. */
static void append(struct mail_fields *f, struct moxd_str s)
{
    if (f->cur < 0)
        return;
    struct moxd_buf *b = &f->val[f->cur];
    if (s.n > b->max - b->n) {
        s.n = b->max - b->n;
        f->limited = true;
    }
    moxd_buf_addstr(b, s);
}

static enum mail_line_kind first_piece(struct mail_fields *f, struct moxd_str line)
{
    struct moxd_str name = moxd_field_name(line);
    f->cur = -1;
    if (name.n == 0)
        return f->count || mail_is_mbox_line(line) ? MAIL_LINE_FIELD : MAIL_LINE_BODY;
    if (f->count++ < MOXD_MSG_FIELDS_MAX && f->bytes <= MOXD_HEADER_MAX)
        f->cur = lookup(f, name);
    else
        f->limited = true;
    append(f, moxd_str_from(line, (size_t)moxd_str_chr(line, ':') + 1));
    return MAIL_LINE_FIELD;
}

enum mail_line_kind mail_fields_line(struct mail_fields *f, struct moxd_str line, bool start,
                                     size_t eol)
{
    if (start && eol > 0 && line.n == eol)
        return MAIL_LINE_BLANK;
    bool first = f->bytes == 0, blank = line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
    f->bytes += line.n;
    line.n -= eol;
    if (start && (first || !blank)) {
        enum mail_line_kind kind = first_piece(f, line);
        f->bytes = kind == MAIL_LINE_BODY ? 0 : f->bytes;
        return kind;
    }
    if (f->bytes <= MOXD_HEADER_MAX)
        append(f, line);
    else if (f->cur >= 0)
        f->limited = true;
    return MAIL_LINE_FIELD;
}

struct moxd_str mail_fields_take(struct mail_fields *f, struct moxd_arena *a, int field)
{
    struct moxd_str v = moxd_str_trim(moxd_buf_str(&f->val[field]));
    if (!f->present[field])
        return moxd_str(NULL, 0);
    if (v.n > MOXD_MSG_KEPT_MAX - f->kept) {
        f->limited = true;
        return moxd_str(NULL, 0);
    }
    f->kept += v.n;
    return mail_without_nul(a, v);
}

struct moxd_envelope *mail_fields_envelope(struct mail_fields *f, struct moxd_arena *a)
{
    struct moxd_envelope *env = moxd_arena_alloc(a, sizeof(*env));
    for (int i = 0; i < MOXD_ENV_N; i++)
        env->f[i] = mail_fields_take(f, a, i);
    return env;
}

struct moxd_envelope *moxd_envelope_parse(struct moxd_arena *a, struct moxd_str header)
{
    struct mail_fields f MOXD_CLEANUP(mail_fields_fini);
    mail_fields_init(&f);
    mail_fields_begin(&f, true);
    while (header.n > 0) {
        ptrdiff_t lf = moxd_str_chr(header, '\n');
        struct moxd_str line = moxd_str_sub(header, 0, lf < 0 ? header.n : (size_t)lf + 1);
        size_t eol = lf < 0 ? 0 : lf > 0 && line.p[lf - 1] == '\r' ? 2 : 1;
        if (mail_fields_line(&f, line, true, eol) != MAIL_LINE_FIELD)
            break;
        header = moxd_str_from(header, line.n);
    }
    return mail_fields_envelope(&f, a);
}
