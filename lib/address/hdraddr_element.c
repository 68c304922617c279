/* Addresses of header fields: the words of one element. */
#include "hdraddr.h"

#include "hdraddr_lex.h"

bool mail_hdraddr_cfws(struct moxd_hdraddr_iter *it, bool *comment)
{
    size_t before = it->rest.n;
    while (!mail_hdraddr_end(it) &&
           (mail_hdraddr_peek(it) == '(' || mail_lex_is_blank(mail_hdraddr_peek(it)))) {
        if (mail_hdraddr_peek(it) == '(') {
            mail_lex_comment(&it->rest, &it->comment);
            *comment = it->comment.n > 0;
        } else {
            mail_hdraddr_skip(it);
        }
    }
    return it->rest.n < before;
}

static void skip_gap(struct mail_element *el)
{
    if (mail_hdraddr_cfws(el->it, &el->comment))
        el->gap = true;
}

/* Where the next word of the localpart or domain belongs; NULL when it belongs to neither. */
static struct moxd_buf *word_buf(struct mail_element *el, bool is_dot)
{
    struct moxd_hdraddr_iter *it = el->it;
    struct moxd_buf *b = el->at ? &it->domain : &it->localpart;
    bool first = b->n == 0, dotted = is_dot || el->dot;
    el->dot = is_dot;
    el->word = true;
    el->many = el->many || !(first || dotted);
    el->junk = el->junk || (el->at && el->gap && !(first || dotted));
    if (el->junk)
        return NULL;
    if (first || dotted || !el->gap)
        return b;
    /* Words before it were a name: "Joe joe@example.org". */
    moxd_buf_reset(b);
    el->name_before = it->name.n;
    return b;
}

static void name_gap(struct mail_element *el)
{
    if (el->gap && el->it->name.n > 0)
        moxd_buf_addc(&el->it->name, ' ');
    el->gap = false;
}

static void add_word(struct mail_element *el, struct moxd_str word)
{
    struct moxd_buf *b = word_buf(el, moxd_str_eqs(word, "."));
    if (b != NULL)
        moxd_buf_addstr(b, word);
    name_gap(el);
    moxd_buf_addstr(&el->it->name, word);
    el->comment = false;
}

static void add_quoted(struct mail_element *el)
{
    struct moxd_hdraddr_iter *it = el->it;
    struct moxd_buf *b = word_buf(el, false);
    name_gap(el);
    size_t before = it->name.n;
    bool closed = mail_lex_quoted(&it->rest, &it->name);
    el->bad = el->bad || !closed || el->at;
    if (b != NULL)
        moxd_buf_addstr(b, moxd_str_from(moxd_buf_str(&it->name), before));
    el->comment = false;
}

static void add_literal(struct mail_element *el)
{
    struct moxd_hdraddr_iter *it = el->it;
    name_gap(el);
    size_t before = it->name.n;
    bool closed = mail_lex_literal(&it->rest, &it->name);
    el->bad = el->bad || !closed || !el->at || it->domain.n > 0;
    if (el->at && it->domain.n == 0)
        moxd_buf_addstr(&it->domain, moxd_str_from(moxd_buf_str(&it->name), before));
    el->comment = false;
}

static void add_at(struct mail_element *el)
{
    struct moxd_hdraddr_iter *it = el->it;
    el->bad = el->bad || el->at || el->many || !el->word;
    name_gap(el);
    moxd_buf_addc(&it->name, '@');
    if (el->at)
        moxd_buf_addc(&it->domain, '@');
    el->at = true;
    el->many = el->dot = el->junk = false;
    mail_hdraddr_skip(it);
}

/* A byte that has no place where it is: kept, as if it was quoted. */
static void add_stray(struct mail_element *el)
{
    struct moxd_hdraddr_iter *it = el->it;
    el->bad = true;
    if (mail_hdraddr_peek(it) == '\\' && it->rest.n > 1)
        mail_hdraddr_skip(it);
    struct moxd_str byte = moxd_str_sub(it->rest, 0, 1);
    mail_hdraddr_skip(it);
    add_word(el, byte);
}

void mail_hdraddr_token(struct mail_element *el)
{
    struct moxd_hdraddr_iter *it = el->it;
    switch (mail_hdraddr_peek(it)) {
    case '"':
        add_quoted(el);
        break;
    case '[':
        add_literal(el);
        break;
    case '@':
        add_at(el);
        break;
    case '.':
        add_word(el, MOXD_STR("."));
        mail_hdraddr_skip(it);
        break;
    case ')':
    case ']':
    case '>':
    case ':':
    case ';':
    case ',':
    case '<':
    case '\\':
        add_stray(el);
        break;
    default:
        add_word(el, mail_lex_atom(&it->rest));
    }
    skip_gap(el);
}

/* The obs-route in front of the address in angle brackets: "@a,@b:". Without its ":" it was a domain. */
static void take_route(struct mail_element *el)
{
    struct moxd_hdraddr_iter *it = el->it;
    bool ignored = false;
    while (!mail_hdraddr_end(it) && mail_hdraddr_peek(it) != ':' && mail_hdraddr_peek(it) != '>') {
        if (mail_hdraddr_peek(it) == '[')
            el->bad = !mail_lex_literal(&it->rest, &it->route) || el->bad;
        else if (mail_hdraddr_peek(it) != '(' && !mail_lex_is_blank(mail_hdraddr_peek(it))) {
            moxd_buf_addc(&it->route, mail_hdraddr_peek(it));
            mail_hdraddr_skip(it);
        }
        (void)mail_hdraddr_cfws(it, &ignored);
    }
    if (mail_hdraddr_peek(it) == ':') {
        mail_hdraddr_skip(it);
        skip_gap(el);
        return;
    }
    el->bad = el->at = true;
    moxd_buf_addstr(&it->domain, moxd_str_from(moxd_buf_str(&it->route), 1));
    moxd_buf_reset(&it->route);
}

/* Whether the address in angle brackets ends here although its ">" is missing. */
static bool angle_breaks(const struct mail_element *el)
{
    char c = mail_hdraddr_peek(el->it);
    return (c == ',' && el->at) || (c == ';' && el->it->in_group);
}

void mail_hdraddr_angle(struct mail_element *el)
{
    struct moxd_hdraddr_iter *it = el->it;
    size_t name = it->name.n;
    mail_hdraddr_skip(it);
    *el = (struct mail_element){ .it = it, .bad = el->bad };
    moxd_buf_reset(&it->localpart);
    moxd_buf_reset(&it->domain);
    skip_gap(el);
    if (mail_hdraddr_peek(it) == '@')
        take_route(el);
    while (!mail_hdraddr_end(it) && mail_hdraddr_peek(it) != '>' && !angle_breaks(el)) {
        bool nested = mail_hdraddr_peek(it) == '<';
        el->bad = el->bad || nested || el->many;
        if (nested)
            mail_hdraddr_skip(it);
        else
            mail_hdraddr_token(el);
    }
    el->bad = el->bad || el->many || mail_hdraddr_peek(it) != '>' || el->at != (it->domain.n > 0);
    moxd_buf_truncate(&it->name, name);
    while (mail_hdraddr_peek(it) == '>')
        mail_hdraddr_skip(it);
    el->comment = false;
    skip_gap(el);
}
