/* NOTIFY (RFC 5465 8), and the sources of ESEARCH (RFC 7377 4), which are named alike. */
#include "parser.h"

static const struct {
    const char *name;
    unsigned bit;
} events[] = {
    { "MessageNew", MOXD_IMAP_EVENT_MESSAGE_NEW },
    { "MessageExpunge", MOXD_IMAP_EVENT_MESSAGE_EXPUNGE },
    { "FlagChange", MOXD_IMAP_EVENT_FLAG_CHANGE },
    { "AnnotationChange", MOXD_IMAP_EVENT_ANNOTATION_CHANGE },
    { "MailboxName", MOXD_IMAP_EVENT_MAILBOX_NAME },
    { "SubscriptionChange", MOXD_IMAP_EVENT_SUBSCRIPTION_CHANGE },
    { "MailboxMetadataChange", MOXD_IMAP_EVENT_MAILBOX_METADATA },
    { "ServerMetadataChange", MOXD_IMAP_EVENT_SERVER_METADATA },
};
static const struct {
    const char *name;
    enum moxd_imap_filter filter;
} filters[] = {
    { "selected", MOXD_IMAP_FILTER_SELECTED },
    { "selected-delayed", MOXD_IMAP_FILTER_SELECTED_DELAYED },
    { "inboxes", MOXD_IMAP_FILTER_INBOXES },
    { "personal", MOXD_IMAP_FILTER_PERSONAL },
    { "subscribed", MOXD_IMAP_FILTER_SUBSCRIBED },
    { "subtree", MOXD_IMAP_FILTER_SUBTREE },
    { "mailboxes", MOXD_IMAP_FILTER_MAILBOXES },
    { "subtree-one", MOXD_IMAP_FILTER_SUBTREE_ONE },
};

const char *moxd_imap_event_name(unsigned bit)
{
    for (size_t i = 0; i < MOXD_NELEMS(events); i++)
        if (events[i].bit == bit)
            return events[i].name;
    return NULL;
}

/* one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")" */
static int mailbox_names(struct imap_parser *p, struct moxd_imap_list *out)
{
    bool many = mail_imap_take(p, '(');
    size_t cap = 0;

    do {
        struct moxd_str name;

        if (p->nnames++ >= MOXD_IMAP_FILTER_NAMES_MAX)
            return mail_imap_limit(p, "mailbox names");
        if (mail_imap_astring(p, &name) < 0)
            return -1;
        mail_imap_list_add(p, out, &cap, name);
    } while (many && mail_imap_take(p, ' '));
    return many ? mail_imap_expect(p, ')', "a closing parenthesis") : 0;
}

static int find_filter(struct imap_parser *p, struct moxd_str name, enum moxd_imap_filter *out)
{
    for (size_t i = 0; i < MOXD_NELEMS(filters); i++) {
        if (moxd_str_caseeqs(name, filters[i].name)) {
            *out = filters[i].filter;
            return 0;
        }
    }
    return mail_imap_fail(p, "a known mailbox specifier before");
}

static int filter(struct imap_parser *p, struct moxd_imap_mailboxes *of)
{
    struct moxd_str name;

    if (mail_imap_atom(p, &name) < 0 || find_filter(p, name, &of->filter) < 0)
        return -1;
    if (of->filter < MOXD_IMAP_FILTER_SUBTREE)
        return 0;
    return mail_imap_space(p) < 0 ? -1 : mailbox_names(p, &of->names);
}

/* esearch-source-opts = "IN" SP "(" source-mbox [SP "(" scope-options ")"] ")". There are no scope options. */
int mail_imap_sources(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    size_t cap = 0;

    if (!mail_imap_take_word(p, "IN ("))
        return 0;
    do {
        struct moxd_imap_mailboxes *of;

        if (c->nsources >= MOXD_IMAP_EVENT_GROUPS_MAX)
            return mail_imap_limit(p, "sources");
        of = moxd_arena_push(p->a, &c->sources, &c->nsources, &cap, sizeof(*of));
        *of = (struct moxd_imap_mailboxes){ 0 };
        if (filter(p, of) < 0)
            return -1;
        if (of->filter == MOXD_IMAP_FILTER_SELECTED_DELAYED)
            return mail_imap_fail(p, "a source of ESEARCH before");
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis") < 0 ? -1 : mail_imap_space(p);
}

static bool is_selected(const struct moxd_imap_event_group *g)
{
    return g->of.filter == MOXD_IMAP_FILTER_SELECTED ||
           g->of.filter == MOXD_IMAP_FILTER_SELECTED_DELAYED;
}

/* What is not known is for the server to refuse, with NO. */
static unsigned event_bit(struct moxd_str name)
{
    for (size_t i = 0; i < MOXD_NELEMS(events); i++)
        if (moxd_str_caseeqs(name, events[i].name))
            return events[i].bit;
    return MOXD_IMAP_EVENT_OTHER;
}

/* event = "MessageNew" [SP "(" fetch-att *(SP fetch-att) ")"] / other names */
static int event(struct imap_parser *p, struct moxd_imap_cmd *c, struct moxd_imap_event_group *g)
{
    struct moxd_str name;
    unsigned bit;

    if (mail_imap_atom(p, &name) < 0)
        return -1;
    bit = event_bit(name);
    g->events |= bit;
    if (bit != MOXD_IMAP_EVENT_MESSAGE_NEW || !moxd_str_starts(p->rest, MOXD_STR(" (")))
        return 0;
    if (!is_selected(g) || c->nitems > 0)
        return mail_imap_fail(p, "attributes only once, for the selected mailbox");
    return mail_imap_space(p) < 0 ? -1 : mail_imap_fetch_items(p, c);
}

/* RFC 5465 5 and 6.1: which events go together. */
static int check_events(struct imap_parser *p, const struct moxd_imap_event_group *g)
{
    const unsigned both = MOXD_IMAP_EVENT_MESSAGE_NEW | MOXD_IMAP_EVENT_MESSAGE_EXPUNGE;
    const unsigned flags = MOXD_IMAP_EVENT_FLAG_CHANGE | MOXD_IMAP_EVENT_ANNOTATION_CHANGE;
    const unsigned others = MOXD_IMAP_EVENT_MAILBOX_NAME | MOXD_IMAP_EVENT_SUBSCRIPTION_CHANGE |
                            MOXD_IMAP_EVENT_MAILBOX_METADATA | MOXD_IMAP_EVENT_SERVER_METADATA;

    if ((g->events & (both | flags)) && (g->events & both) != both)
        return mail_imap_fail(p, "MessageNew and MessageExpunge together before");
    if (is_selected(g) && (g->events & others))
        return mail_imap_fail(p, "only message events for the selected mailbox before");
    return 0;
}

/* events = ("(" event *(SP event) ")") / "NONE" */
static int event_list(struct imap_parser *p, struct moxd_imap_cmd *c,
                      struct moxd_imap_event_group *g)
{
    if (mail_imap_take_word(p, "NONE"))
        return 0;
    if (mail_imap_expect(p, '(', "events") < 0)
        return -1;
    do {
        if (event(p, c, g) < 0)
            return -1;
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis") < 0 ? -1 : check_events(p, g);
}

/* event-group = "(" filter-mailboxes SP events ")"; one at most for the selected mailbox. */
static int group(struct imap_parser *p, struct moxd_imap_cmd *c, size_t *cap)
{
    struct moxd_imap_notify *n = &c->notify;
    struct moxd_imap_event_group g = { 0 };

    if (n->ngroups >= MOXD_IMAP_EVENT_GROUPS_MAX)
        return mail_imap_limit(p, "event groups");
    if (mail_imap_expect(p, '(', "an event group") < 0 || filter(p, &g.of) < 0)
        return -1;
    if (g.of.filter == MOXD_IMAP_FILTER_SUBTREE_ONE)
        return mail_imap_fail(p, "a mailbox specifier of NOTIFY before");
    for (size_t i = 0; is_selected(&g) && i < n->ngroups; i++)
        if (is_selected(&n->groups[i]))
            return mail_imap_fail(p, "the selected mailbox only once before");
    if (mail_imap_space(p) < 0 || event_list(p, c, &g) < 0)
        return -1;
    *(struct moxd_imap_event_group *)moxd_arena_push(p->a, &n->groups, &n->ngroups, cap,
                                                     sizeof(g)) = g;
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

int mail_imap_notify(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    size_t cap = 0;

    c->notify.none = mail_imap_take_word(p, "NONE");
    if (c->notify.none)
        return 0;
    if (!mail_imap_take_word(p, "SET "))
        return mail_imap_fail(p, "SET or NONE");
    c->notify.status = mail_imap_take_word(p, "STATUS ");
    do {
        if (group(p, c, &cap) < 0)
            return -1;
    } while (mail_imap_take(p, ' '));
    return 0;
}
