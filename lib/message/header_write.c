/* Folded header fields. */
#include <moxmail/encword.h>
#include <moxmail/header_write.h>

enum { WORDF_MAX = 4096 /* more than any word that we write */ };

void moxd_hw_begin(struct moxd_header_writer *w, struct moxd_buf *b, const char *name)
{
    *w = (struct moxd_header_writer){ b, strlen(name) + 1 };
    moxd_buf_addf(b, "%s:", name);
}

void moxd_hw_fold(struct moxd_header_writer *w)
{
    moxd_buf_adds(w->b, "\r\n\t");
    w->column = 8;
}

/* A blank in front of n bytes that stay together, unless the line has just begun. */
static void space_for(struct moxd_header_writer *w, size_t n)
{
    bool fresh = w->b->n > 0 && w->b->p[w->b->n - 1] == '\t';
    if (fresh)
        return;
    if (w->column + 1 + n > MOXD_FOLD_COLUMN && w->column > 8) {
        moxd_hw_fold(w);
        return;
    }
    moxd_buf_addc(w->b, ' ');
    w->column++;
}

static void add_clean(struct moxd_header_writer *w, struct moxd_str s)
{
    size_t from = w->b->n;
    moxd_buf_addstr(w->b, s);
    for (size_t i = from; i < w->b->n; i++)
        if ((unsigned char)w->b->p[i] < 0x20 || w->b->p[i] == 0x7f)
            w->b->p[i] = ' ';
    w->column += s.n;
}

void moxd_hw_word(struct moxd_header_writer *w, struct moxd_str word)
{
    space_for(w, word.n);
    add_clean(w, word);
}

void moxd_hw_wordf(struct moxd_header_writer *w, const char *fmt, ...)
{
    struct moxd_buf word = MOXD_BUF_INIT(WORDF_MAX);
    va_list ap;
    va_start(ap, fmt);
    moxd_buf_addv(&word, fmt, ap);
    va_end(ap);
    moxd_hw_word(w, moxd_buf_str(&word));
    moxd_buf_fini(&word);
}

/* Plain ASCII that no reader takes for an encoded word. */
static bool is_plain(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return moxd_str_find(s, MOXD_STR("=?")) < 0;
}

static void add_encoded(struct moxd_header_writer *w, struct moxd_str text, bool phrase)
{
    size_t from = w->b->n;
    moxd_encword_encode(w->b, text, w->column, phrase);
    struct moxd_str added = moxd_str_from(moxd_buf_str(w->b), from);
    ptrdiff_t lf = moxd_str_rchr(added, '\n');
    w->column = lf < 0 ? w->column + added.n : added.n - (size_t)lf - 1;
}

void moxd_hw_text(struct moxd_header_writer *w, struct moxd_str text)
{
    text = moxd_str_trim(text);
    if (!is_plain(text)) {
        space_for(w, 0);
        add_encoded(w, text, false);
        return;
    }
    while (text.p && text.n > 0) {
        struct moxd_str word = moxd_str_cut(&text, ' ');
        moxd_hw_word(w, word);
    }
}

/* 1*(atext / WSP), which needs no quotes (RFC 5322 3.2.3). */
static bool is_atoms(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!moxd_is_alpha(s.p[i]) && !moxd_is_digit(s.p[i]) &&
            !(s.p[i] && strchr(" !#$%&'*+-/=?^_`{|}~", s.p[i])))
            return false;
    return s.n > 0 && s.p[0] != ' ' && s.p[s.n - 1] != ' ';
}

static void add_quoted(struct moxd_header_writer *w, struct moxd_str text)
{
    struct moxd_buf quoted = MOXD_BUF_INIT(2 * text.n + 2);
    moxd_buf_addc(&quoted, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\')
            moxd_buf_addc(&quoted, '\\');
        moxd_buf_addc(&quoted, text.p[i]);
    }
    moxd_buf_addc(&quoted, '"');
    moxd_hw_word(w, moxd_buf_str(&quoted));
    moxd_buf_fini(&quoted);
}

void moxd_hw_phrase(struct moxd_header_writer *w, struct moxd_str text)
{
    if (!is_plain(text)) {
        space_for(w, 0);
        add_encoded(w, text, true);
    } else if (is_atoms(text)) {
        moxd_hw_text(w, text);
    } else {
        add_quoted(w, text);
    }
}

void moxd_hw_end(struct moxd_header_writer *w)
{
    moxd_buf_adds(w->b, "\r\n");
}
