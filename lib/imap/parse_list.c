/* LIST and LSUB with the options of RFC 5258 and RFC 5819 (in RFC 9051 6.3.9). */
#include "parser.h"

struct list_opt {
    const char *name;
    unsigned bit;
};
static const struct list_opt select_opts[] = {
    { "SUBSCRIBED", MOXD_IMAP_SEL_SUBSCRIBED }, { "REMOTE", MOXD_IMAP_SEL_REMOTE },
    { "RECURSIVEMATCH", MOXD_IMAP_SEL_RECURSIVEMATCH },
    { "SPECIAL-USE", MOXD_IMAP_SEL_SPECIAL_USE }, { NULL, 0 },
};
static const struct list_opt return_opts[] = {
    { "SUBSCRIBED", MOXD_IMAP_RET_SUBSCRIBED }, { "CHILDREN", MOXD_IMAP_RET_CHILDREN },
    { "SPECIAL-USE", MOXD_IMAP_RET_SPECIAL_USE }, { "STATUS", MOXD_IMAP_RET_STATUS },
    { "METADATA", MOXD_IMAP_RET_METADATA }, { NULL, 0 },
};

/* RFC 9590: the entries are in parentheses. */
static int metadata(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    if (mail_imap_space(p) < 0)
        return -1;
    if (!mail_imap_peek(p, '('))
        return mail_imap_fail(p, "a list of annotations");
    cmd->metadata = (struct moxd_imap_metadata){ 0 };
    return mail_imap_entries(p, &cmd->metadata);
}

static int one_opt(struct imap_parser *p, const struct list_opt *table, struct moxd_imap_cmd *cmd)
{
    struct moxd_str name;

    if (mail_imap_atom(p, &name) < 0)
        return -1;
    for (; table->name; table++) {
        if (!moxd_str_caseeqs(name, table->name))
            continue;
        cmd->list_opts |= table->bit;
        if (table->bit == MOXD_IMAP_RET_METADATA)
            return metadata(p, cmd);
        if (table->bit != MOXD_IMAP_RET_STATUS)
            return 0;
        return mail_imap_space(p) < 0 ? -1 : mail_imap_status_atts(p, &cmd->status_atts);
    }
    return mail_imap_fail(p, "a known LIST option before");
}

/* Options in parentheses, possibly none. */
static int opts(struct imap_parser *p, const struct list_opt *table, struct moxd_imap_cmd *cmd)
{
    cmd->list_opts |= MOXD_IMAP_LIST_EXTENDED;
    if (mail_imap_expect(p, '(', "a list of options") < 0)
        return -1;
    if (mail_imap_take(p, ')'))
        return 0;
    do {
        if (one_opt(p, table, cmd) < 0)
            return -1;
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

static int selection(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    if (opts(p, select_opts, cmd) < 0)
        return -1;
    /* RFC 9051 9 list-select-opts: RECURSIVEMATCH needs the option that it modifies. */
    if ((cmd->list_opts & MOXD_IMAP_SEL_RECURSIVEMATCH) &&
        !(cmd->list_opts & MOXD_IMAP_SEL_SUBSCRIBED))
        return mail_imap_fail(p, "SUBSCRIBED beside RECURSIVEMATCH before");
    return mail_imap_space(p);
}

static int pattern(struct imap_parser *p, struct moxd_imap_cmd *cmd, size_t *cap)
{
    struct moxd_str s;

    if (cmd->list.n >= MOXD_IMAP_PATTERNS_MAX)
        return mail_imap_limit(p, "patterns");
    if (mail_imap_list_mailbox(p, &s) < 0)
        return -1;
    mail_imap_list_add(p, &cmd->list, cap, s);
    return 0;
}

/* mbox-or-pat = list-mailbox / "(" list-mailbox *(SP list-mailbox) ")" */
static int patterns(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    size_t cap = 0;

    if (!mail_imap_take(p, '('))
        return pattern(p, cmd, &cap);
    cmd->list_opts |= MOXD_IMAP_LIST_EXTENDED;
    do {
        if (pattern(p, cmd, &cap) < 0)
            return -1;
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

int mail_imap_list_args(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    bool extended = cmd->verb == MOXD_IMAP_LIST;

    if (extended && mail_imap_peek(p, '(') && selection(p, cmd) < 0)
        return -1;
    if (mail_imap_astring(p, &cmd->mailbox) < 0 || mail_imap_space(p) < 0 ||
        patterns(p, cmd) < 0)
        return -1;
    if (extended && mail_imap_take_word(p, " RETURN "))
        return opts(p, return_opts, cmd);
    return 0;
}
