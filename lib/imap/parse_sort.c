/* SORT and THREAD (RFC 5256 5, RFC 5957 5, RFC 5267 5): what stands before the searching criteria. */
#include "parser.h"

static const struct {
    const char *name;
    enum moxd_imap_sort_key key;
} keys[] = {
    { "ARRIVAL", MOXD_IMAP_SORT_ARRIVAL },
    { "CC", MOXD_IMAP_SORT_CC },
    { "DATE", MOXD_IMAP_SORT_DATE },
    { "DISPLAYFROM", MOXD_IMAP_SORT_DISPLAYFROM },
    { "DISPLAYTO", MOXD_IMAP_SORT_DISPLAYTO },
    { "FROM", MOXD_IMAP_SORT_FROM },
    { "SIZE", MOXD_IMAP_SORT_SIZE },
    { "SUBJECT", MOXD_IMAP_SORT_SUBJECT },
    { "TO", MOXD_IMAP_SORT_TO },
};

/* A key that came before decides nothing any more. */
static void add_criterion(struct imap_parser *p, struct moxd_imap_cmd *cmd, size_t *cap,
                          struct moxd_imap_sort sort)
{
    struct moxd_imap_sort *slot;

    for (size_t i = 0; i < cmd->nsort; i++)
        if (cmd->sort[i].key == sort.key)
            return;
    slot = moxd_arena_push(p->a, &cmd->sort, &cmd->nsort, cap, sizeof(*slot));
    *slot = sort;
}

/* sort-criterion = ["REVERSE" SP] sort-key */
static int criterion(struct imap_parser *p, struct moxd_imap_sort *sort)
{
    struct imap_parser before;
    struct moxd_str name;

    sort->reverse = mail_imap_take_word(p, "REVERSE ");
    before = *p;
    if (mail_imap_atom(p, &name) < 0)
        return -1;
    for (size_t i = 0; i < MOXD_NELEMS(keys); i++) {
        if (moxd_str_caseeqs(name, keys[i].name)) {
            sort->key = keys[i].key;
            return 0;
        }
    }
    return mail_imap_fail(&before, "a sort criterion");
}

/* sort-criteria = "(" sort-criterion *(SP sort-criterion) ")" */
static int criteria(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    struct moxd_imap_sort sort = { 0 };
    size_t cap = 0;

    if (mail_imap_expect(p, '(', "a list of sort criteria") < 0)
        return -1;
    do {
        if (criterion(p, &sort) < 0)
            return -1;
        add_criterion(p, cmd, &cap, sort);
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

/* search-criteria = charset 1*(SP search-key); the charset is not optional here. */
static int search_criteria(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    if (mail_imap_space(p) < 0 || mail_imap_astring(p, &cmd->charset) < 0 || mail_imap_space(p) < 0)
        return -1;
    if (cmd->charset.n == 0)
        return mail_imap_fail(p, "a charset before");
    return mail_imap_search_keys(p, cmd);
}

int mail_imap_sort(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    if (mail_imap_return_opts(p, cmd) < 0 || criteria(p, cmd) < 0)
        return -1;
    return search_criteria(p, cmd);
}

int mail_imap_thread(struct imap_parser *p, struct moxd_imap_cmd *cmd)
{
    struct imap_parser before = *p;
    struct moxd_str name;

    if (mail_imap_atom(p, &name) < 0)
        return -1;
    if (moxd_str_caseeqs(name, "ORDEREDSUBJECT"))
        cmd->thread = MOXD_IMAP_THREAD_ORDEREDSUBJECT;
    else if (moxd_str_caseeqs(name, "REFERENCES"))
        cmd->thread = MOXD_IMAP_THREAD_REFERENCES;
    else
        return mail_imap_fail(&before, "a threading algorithm");
    return search_criteria(p, cmd);
}
