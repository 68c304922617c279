/* GETMETADATA and SETMETADATA (RFC 5464 5), the METADATA option of LIST (RFC 9590). */
#include "parser.h"

/* How many components a name must have, less one: its slashes. */
static size_t slashes_needed(struct moxd_str name)
{
    struct moxd_str rest = moxd_str_from(name, moxd_str_casestarts(name, MOXD_STR("/private"))
                                                   ? sizeof("/private") - 1
                                                   : sizeof("/shared") - 1);

    return moxd_str_casestarts(rest, MOXD_STR("/vendor/")) || moxd_str_caseeqs(rest, "/vendor") ? 4
                                                                                               : 2;
}

static bool is_scope(struct moxd_str name)
{
    return moxd_str_caseeqs(name, "/private") || moxd_str_caseeqs(name, "/shared");
}

static bool is_scoped(struct moxd_str name)
{
    return moxd_str_casestarts(name, MOXD_STR("/private/")) ||
           moxd_str_casestarts(name, MOXD_STR("/shared/"));
}

/* RFC 5464 3.2. The names of levels can be asked for, since there may be something below them. */
static bool is_entry(struct moxd_str name, bool whole)
{
    size_t slashes = 0;

    if (!is_scoped(name) && !(is_scope(name) && !whole))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool slash = c == '/';

        if (c < 0x20 || c > 0x7e || c == '*' || c == '%')
            return false;
        if (slash && (i + 1 == name.n || name.p[i + 1] == '/'))
            return false;
        slashes += slash;
    }
    return !whole || slashes >= slashes_needed(name);
}

/* Without regard to case: kept in lower case. */
static int entry(struct imap_parser *p, bool whole, struct moxd_str *out)
{
    struct moxd_str name;
    char *copy;

    if (mail_imap_astring(p, &name) < 0)
        return -1;
    if (name.n > MOXD_IMAP_ENTRY_NAME_MAX)
        return mail_imap_fail(p, "a shorter name of an annotation before");
    if (!is_entry(name, whole))
        return mail_imap_fail(p, "the name of an annotation before");
    copy = moxd_arena_dup(p->a, name.p, name.n);
    for (size_t i = 0; i < name.n; i++)
        copy[i] = moxd_lower(copy[i]);
    *out = moxd_str(copy, name.n);
    return 0;
}

static struct moxd_imap_entry *add(struct imap_parser *p, struct moxd_imap_metadata *m, size_t *cap)
{
    if (m->n < MOXD_IMAP_ENTRIES_MAX)
        return moxd_arena_push(p->a, &m->v, &m->n, cap, sizeof(*m->v));
    (void)mail_imap_limit(p, "annotations");
    return NULL;
}

/* entries = entry / "(" entry *(SP entry) ")" */
int mail_imap_entries(struct imap_parser *p, struct moxd_imap_metadata *m)
{
    bool list = mail_imap_take(p, '(');
    size_t cap = 0;

    do {
        struct moxd_imap_entry *e = add(p, m, &cap);

        if (!e || entry(p, false, &e->name) < 0)
            return -1;
    } while (list && mail_imap_take(p, ' '));
    return list ? mail_imap_expect(p, ')', "a closing parenthesis") : 0;
}

/* --- GETMETADATA ---------------------------------------------------------------------------------- */

static int depth(struct imap_parser *p, struct moxd_imap_metadata *m)
{
    if (mail_imap_take_word(p, "infinity"))
        m->depth = MOXD_IMAP_DEPTH_INFINITY;
    else if (mail_imap_take(p, '0'))
        m->depth = MOXD_IMAP_DEPTH_0;
    else if (mail_imap_take(p, '1'))
        m->depth = MOXD_IMAP_DEPTH_1;
    else
        return mail_imap_fail(p, "0, 1 or infinity");
    return 0;
}

/* maxsize-opt / scope-opt, in parentheses */
static int options(struct imap_parser *p, struct moxd_imap_metadata *m)
{
    do {
        if (mail_imap_take_word(p, "DEPTH ")) {
            if (depth(p, m) < 0)
                return -1;
        } else if (mail_imap_take_word(p, "MAXSIZE ")) {
            m->has_maxsize = true;
            if (mail_imap_number(p, UINT32_MAX, &m->maxsize) < 0)
                return -1;
        } else {
            return mail_imap_fail(p, "MAXSIZE or DEPTH");
        }
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

static bool at_options(struct imap_parser *p)
{
    return moxd_str_casestarts(p->rest, MOXD_STR("(DEPTH ")) ||
           moxd_str_casestarts(p->rest, MOXD_STR("(MAXSIZE "));
}

/* The options come before the mailbox in the grammar, and behind it in the examples (RFC 5464 4.2.1): clients
 * do either. */
int mail_imap_getmetadata(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    if (mail_imap_space(p) < 0)
        return -1;
    if (mail_imap_take(p, '(') && (options(p, &c->metadata) < 0 || mail_imap_space(p) < 0))
        return -1;
    if (mail_imap_astring(p, &c->mailbox) < 0 || mail_imap_space(p) < 0)
        return -1;
    if (at_options(p) && mail_imap_take(p, '(') &&
        (options(p, &c->metadata) < 0 || mail_imap_space(p) < 0))
        return -1;
    return mail_imap_entries(p, &c->metadata);
}

/* --- SETMETADATA ---------------------------------------------------------------------------------- */

/* value = nstring / literal8 */
static int value(struct imap_parser *p, struct moxd_str *out)
{
    int r;

    *out = moxd_str(NULL, 0);
    if (mail_imap_take_word(p, "NIL"))
        return 0;
    r = mail_imap_peek(p, '~') ? mail_imap_literal8(p, out) : mail_imap_string(p, out);
    if (out->n == 0)
        out->p = ""; /* another thing than NIL */
    return r;
}

int mail_imap_setmetadata(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    size_t cap = 0;

    if (mail_imap_space(p) < 0 || mail_imap_astring(p, &c->mailbox) < 0 ||
        mail_imap_space(p) < 0 || mail_imap_expect(p, '(', "a list of annotations") < 0)
        return -1;
    do {
        struct moxd_imap_entry *e = add(p, &c->metadata, &cap);

        if (!e || entry(p, true, &e->name) < 0 || mail_imap_space(p) < 0 ||
            value(p, &e->value) < 0)
            return -1;
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}
