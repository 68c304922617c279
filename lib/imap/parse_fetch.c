/* FETCH: items and sections (RFC 9051 6.4.5, RFC 3501 6.4.5 for RFC822 and its kin). */
#include "parser.h"

/* header-list = "(" header-fld-name *(SP header-fld-name) ")" */
static int header_list(struct imap_parser *p, struct moxd_imap_list *out)
{
    size_t cap = 0;

    if (mail_imap_space(p) < 0 || mail_imap_expect(p, '(', "a list of header fields") < 0)
        return -1;
    do {
        struct moxd_str name;

        if (p->nfields++ >= MOXD_IMAP_HEADER_FIELDS_MAX)
            return mail_imap_limit(p, "header fields");
        if (mail_imap_astring(p, &name) < 0)
            return -1;
        mail_imap_list_add(p, out, &cap, name);
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

/* section-text, after the part and its dot. MIME needs a part. */
static int section_text(struct imap_parser *p, struct moxd_imap_section *s)
{
    if (mail_imap_take_word(p, "HEADER.FIELDS.NOT")) {
        s->text = MOXD_IMAP_TEXT_FIELDS_NOT;
        return header_list(p, &s->fields);
    }
    if (mail_imap_take_word(p, "HEADER.FIELDS")) {
        s->text = MOXD_IMAP_TEXT_FIELDS;
        return header_list(p, &s->fields);
    }
    if (mail_imap_take_word(p, "HEADER"))
        s->text = MOXD_IMAP_TEXT_HEADER;
    else if (mail_imap_take_word(p, "TEXT"))
        s->text = MOXD_IMAP_TEXT_TEXT;
    else if (s->nparts > 0 && mail_imap_take_word(p, "MIME"))
        s->text = MOXD_IMAP_TEXT_MIME;
    else
        return mail_imap_fail(p, "a section");
    return 0;
}

static int section_part(struct imap_parser *p, struct moxd_imap_section *s)
{
    size_t cap = 0;

    do {
        uint32_t *n;

        if (!mail_imap_at_end(p) && !moxd_is_digit(p->rest.p[0]))
            return section_text(p, s);
        if (s->nparts >= MOXD_IMAP_PART_DEPTH_MAX)
            return mail_imap_limit(p, "levels in a section");
        n = moxd_arena_push(p->a, &s->part, &s->nparts, &cap, sizeof(*s->part));
        if (mail_imap_nz_number(p, n) < 0)
            return -1;
    } while (mail_imap_take(p, '.'));
    return 0;
}

int mail_imap_section(struct imap_parser *p, bool binary, struct moxd_imap_section *out)
{
    if (mail_imap_expect(p, '[', "[") < 0)
        return -1;
    if (mail_imap_take(p, ']'))
        return 0;
    if (section_part(p, out) < 0)
        return -1;
    if (binary && out->text != MOXD_IMAP_TEXT_ALL)
        return mail_imap_fail(p, "only a part number in BINARY");
    return mail_imap_expect(p, ']', "]");
}

/* partial = "<" number64 "." nz-number64 ">" */
static int partial(struct imap_parser *p, struct moxd_imap_item *item)
{
    if (!mail_imap_take(p, '<'))
        return 0;
    item->partial = true;
    if (mail_imap_number(p, INT64_MAX, &item->offset) < 0 || mail_imap_expect(p, '.', ".") < 0 ||
        mail_imap_number(p, INT64_MAX, &item->count) < 0)
        return -1;
    if (item->count == 0)
        return mail_imap_fail(p, "a length above 0");
    return mail_imap_expect(p, '>', ">");
}

static int sectioned(struct imap_parser *p, struct moxd_imap_item *item,
                     enum moxd_imap_item_kind kind)
{
    bool binary = kind != MOXD_IMAP_ITEM_SECTION;

    item->kind = kind;
    if (mail_imap_section(p, binary, &item->sec) < 0)
        return -1;
    return kind == MOXD_IMAP_ITEM_BINARY_SIZE ? 0 : partial(p, item);
}

/* The longer name before the one that begins it. RFC822.PEEK and RFC822.TEXT.PEEK are of RFC 1730 6.4.5;
 * there are clients that still send them. */
static const struct {
    const char *name;
    enum moxd_imap_item_kind kind;
    bool section, peek;
} items[] = {
    { "BODYSTRUCTURE", MOXD_IMAP_ITEM_BODYSTRUCTURE, false, true },
    { "BODY.PEEK", MOXD_IMAP_ITEM_SECTION, true, true },
    { "BODY", MOXD_IMAP_ITEM_BODY, false, true },
    { "BINARY.PEEK", MOXD_IMAP_ITEM_BINARY, true, true },
    { "BINARY.SIZE", MOXD_IMAP_ITEM_BINARY_SIZE, true, true },
    { "BINARY", MOXD_IMAP_ITEM_BINARY, true, false },
    { "ENVELOPE", MOXD_IMAP_ITEM_ENVELOPE, false, true },
    { "EMAILID", MOXD_IMAP_ITEM_EMAILID, false, true },
    { "THREADID", MOXD_IMAP_ITEM_THREADID, false, true },
    { "FLAGS", MOXD_IMAP_ITEM_FLAGS, false, true },
    { "INTERNALDATE", MOXD_IMAP_ITEM_INTERNALDATE, false, true },
    { "PREVIEW", MOXD_IMAP_ITEM_PREVIEW, false, true },
    { "RFC822.PEEK", MOXD_IMAP_ITEM_RFC822, false, true },
    { "MODSEQ", MOXD_IMAP_ITEM_MODSEQ, false, true },
    { "RFC822.HEADER", MOXD_IMAP_ITEM_RFC822_HEADER, false, true },
    { "RFC822.SIZE", MOXD_IMAP_ITEM_SIZE, false, true },
    { "RFC822.TEXT.PEEK", MOXD_IMAP_ITEM_RFC822_TEXT, false, true },
    { "RFC822.TEXT", MOXD_IMAP_ITEM_RFC822_TEXT, false, false },
    { "RFC822", MOXD_IMAP_ITEM_RFC822, false, false },
    { "SAVEDATE", MOXD_IMAP_ITEM_SAVEDATE, false, true },
    { "UID", MOXD_IMAP_ITEM_UID, false, true },
};

/* preview-mod (RFC 8970 6): LAZY is the only one. Anything else belongs to the command. */
static int preview_mods(struct imap_parser *p, struct moxd_imap_item *item)
{
    if (!mail_imap_take_word(p, " (LAZY"))
        return 0;
    item->lazy = true;
    while (mail_imap_take_word(p, " LAZY"))
        ;
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

static int fetch_item(struct imap_parser *p, struct moxd_imap_item *item)
{
    for (size_t i = 0; i < MOXD_NELEMS(items); i++) {
        if (!mail_imap_take_word(p, items[i].name))
            continue;
        item->kind = items[i].kind;
        item->peek = items[i].peek;
        p->condstore |= item->kind == MOXD_IMAP_ITEM_MODSEQ;
        if (items[i].section)
            return sectioned(p, item, item->kind);
        if (item->kind == MOXD_IMAP_ITEM_PREVIEW)
            return preview_mods(p, item);
        if (item->kind == MOXD_IMAP_ITEM_BODY && mail_imap_peek(p, '[')) {
            item->peek = false;
            return sectioned(p, item, MOXD_IMAP_ITEM_SECTION);
        }
        return 0;
    }
    return mail_imap_fail(p, "a FETCH item");
}

static struct moxd_imap_item *add_item(struct imap_parser *p, struct moxd_imap_cmd *cmd,
                                       size_t *cap)
{
    return moxd_arena_push(p->a, &cmd->items, &cmd->nitems, cap, sizeof(*cmd->items));
}

/* Macros of RFC 9051 6.4.5; they stand alone. */
static bool macro(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    static const enum moxd_imap_item_kind full[] = { MOXD_IMAP_ITEM_FLAGS,
        MOXD_IMAP_ITEM_INTERNALDATE, MOXD_IMAP_ITEM_SIZE, MOXD_IMAP_ITEM_ENVELOPE,
        MOXD_IMAP_ITEM_BODY };
    static const struct {
        const char *name;
        size_t n;
    } macros[] = { { "FAST", 3 }, { "ALL", 4 }, { "FULL", 5 } };
    size_t cap = 0;

    for (size_t i = 0; i < MOXD_NELEMS(macros); i++) {
        if (!mail_imap_take_word(p, macros[i].name))
            continue;
        for (size_t k = 0; k < macros[i].n; k++) {
            struct moxd_imap_item *item = add_item(p, cmd, &cap);

            item->kind = full[k];
            item->peek = true;
        }
        return true;
    }
    return false;
}

int mail_imap_fetch_items(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    size_t cap = 0;

    if (macro(p, cmd))
        return 0;
    if (!mail_imap_take(p, '('))
        return fetch_item(p, add_item(p, cmd, &cap));
    do {
        if (cmd->nitems >= MOXD_IMAP_FETCH_ITEMS_MAX)
            return mail_imap_limit(p, "FETCH items");
        if (fetch_item(p, add_item(p, cmd, &cap)) < 0)
            return -1;
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}
