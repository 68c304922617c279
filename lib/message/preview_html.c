/* The readable lines of text/html: no document tree is made, and nothing is executed or fetched. */
#include "preview.h"

#include "chars.h"

#include <unistr.h>

enum { TAG_MAX = 12 }; /* bytes of a tag's name that matter */

enum action {
    LINE = 1, /* ends a line */
    SPACE,    /* separates words */
    QUOTE,    /* its content is quoted */
    SKIP,     /* its content is no text */
};
static const struct {
    const char *name;
    enum action action;
} tags[] = {
    { "br", LINE },      { "p", LINE },           { "div", LINE },      { "tr", LINE },
    { "li", LINE },      { "ul", LINE },          { "ol", LINE },       { "h1", LINE },
    { "h2", LINE },      { "h3", LINE },          { "h4", LINE },       { "h5", LINE },
    { "h6", LINE },      { "table", LINE },       { "hr", LINE },       { "pre", LINE },
    { "dl", LINE },      { "dt", LINE },          { "dd", LINE },       { "section", LINE },
    { "article", LINE }, { "header", LINE },      { "footer", LINE },   { "center", LINE },
    { "body", LINE },    { "address", LINE },     { "td", SPACE },      { "th", SPACE },
    { "img", SPACE },    { "blockquote", QUOTE }, { "style", SKIP },    { "script", SKIP },
    { "title", SKIP },   { "template", SKIP },    { "noscript", SKIP }, { "textarea", SKIP },
    { "xml", SKIP },
};

static enum action action_of(struct moxd_str name)
{
    for (size_t i = 0; i < MOXD_NELEMS(tags); i++)
        if (moxd_str_caseeqs(name, tags[i].name))
            return tags[i].action;
    return 0;
}

struct html {
    struct mail_preview *p;
    struct moxd_str rest;
    unsigned depth; /* of quotations */
};

static void add_char(struct html *h, ucs4_t c)
{
    uint8_t utf8[6];
    int n = u8_uctomb(utf8, c, sizeof(utf8));
    if (n > 0)
        mail_preview_add(h->p, moxd_str((char *)utf8, (size_t)n));
}

/* Text up to the next tag, with its character references. */
static void text(struct html *h)
{
    ptrdiff_t lt = moxd_str_chr(h->rest, '<');
    struct moxd_str s = lt < 0 ? h->rest : moxd_str_sub(h->rest, 0, (size_t)lt);

    h->rest = moxd_str_from(h->rest, s.n);
    while (s.n > 0) {
        size_t n;
        ptrdiff_t amp = moxd_str_chr(s, '&');
        mail_preview_add(h->p, amp < 0 ? s : moxd_str_sub(s, 0, (size_t)amp));
        if (amp < 0)
            return;
        s = moxd_str_from(s, (size_t)amp);
        ucs4_t c = mail_html_entity(s, &n);
        add_char(h, c > 0 ? c : '&');
        s = moxd_str_from(s, c > 0 ? n : 1);
    }
}

/* Behind the given end, or to the end of everything. */
static void skip_past(struct html *h, const char *end)
{
    ptrdiff_t at = moxd_str_casefind(h->rest, moxd_cstr(end));
    h->rest = moxd_str_from(h->rest, at < 0 ? h->rest.n : (size_t)at + strlen(end));
}

/* Attributes, in which '>' may stand between quotes. */
static struct moxd_str attributes(struct html *h)
{
    struct moxd_str s = h->rest;
    char quote = '\0';
    size_t i = 0;

    for (; i < s.n && (quote || s.p[i] != '>'); i++) {
        if (quote && s.p[i] == quote)
            quote = '\0';
        else if (!quote && (s.p[i] == '"' || s.p[i] == '\''))
            quote = s.p[i];
    }
    h->rest = moxd_str_from(s, i + 1);
    return moxd_str_sub(s, 0, i);
}

/* What stands in the element is not read. */
static void skip_element(struct html *h, struct moxd_str name)
{
    char end[TAG_MAX + 3] = "</";
    memcpy(end + 2, name.p, name.n);
    skip_past(h, end);
    (void)attributes(h);
}

static void act(struct html *h, enum action action, bool closes)
{
    if (action == SPACE) {
        mail_preview_add(h->p, MOXD_STR(" "));
        return;
    }
    mail_preview_end(h->p);
    if (action != QUOTE)
        return;
    if (!closes)
        h->depth++;
    else if (h->depth > 0)
        h->depth--;
    h->p->quoted = h->depth > 0;
}

/* At '<' and the name, or "</" and the name. */
static void tag(struct html *h, bool closes)
{
    size_t n = 0;

    h->rest = moxd_str_from(h->rest, closes ? 2 : 1);
    while (n < h->rest.n && (moxd_is_alpha(h->rest.p[n]) || moxd_is_digit(h->rest.p[n])))
        n++;
    struct moxd_str name = moxd_str_sub(h->rest, 0, n < TAG_MAX ? n : TAG_MAX);
    enum action action = action_of(name);
    h->rest = moxd_str_from(h->rest, n);
    struct moxd_str attrs = attributes(h);

    if (action == SKIP && !closes && !moxd_str_ends(attrs, MOXD_STR("/")))
        skip_element(h, name);
    else if (action != SKIP && action != 0)
        act(h, action, closes);
    /* Outlook puts what it answers behind such an element, not into one. */
    if (moxd_str_find(attrs, MOXD_STR("divRplyFwdMsg")) >= 0)
        mail_preview_rest_quoted(h->p);
}

static void markup(struct html *h)
{
    char c = h->rest.n > 1 ? h->rest.p[1] : '\0';
    bool closes = c == '/' && h->rest.n > 2 && moxd_is_alpha(h->rest.p[2]);

    if (moxd_str_starts(h->rest, MOXD_STR("<!--")))
        skip_past(h, "-->");
    else if (c == '!' || c == '?')
        skip_past(h, ">");
    else if (moxd_is_alpha(c) || closes)
        tag(h, closes);
    else { /* only a character */
        mail_preview_add(h->p, MOXD_STR("<"));
        h->rest = moxd_str_from(h->rest, 1);
    }
}

void mail_preview_html(struct mail_preview *p, struct moxd_str html)
{
    struct html h = { .p = p, .rest = html };

    while (h.rest.n > 0 && !p->done) {
        if (h.rest.p[0] == '<')
            markup(&h);
        else
            text(&h);
    }
}
