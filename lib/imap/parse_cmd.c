/* A whole command: tag, verb, arguments by a table. */
#include "parser.h"

static int args_none(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    (void)p, (void)c;
    return 0;
}

static int args_mailbox(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_space(p) < 0 ? -1 : mail_imap_astring(p, &c->mailbox);
}

static int args_select(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return args_mailbox(p, c) < 0 ? -1 : mail_imap_select_params(p, c);
}

/* RFC 2971 3.1: id_params_list = "(" *(string SP nstring) ")" / nil */
static int args_id(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    size_t cap = 0;

    if (mail_imap_space(p) < 0)
        return -1;
    if (mail_imap_take_word(p, "NIL"))
        return 0;
    if (mail_imap_expect(p, '(', "NIL or a list of fields") < 0)
        return -1;
    if (mail_imap_take(p, ')'))
        return 0;
    do {
        struct moxd_str key, value;

        if (c->list.n >= 2 * MOXD_IMAP_PATTERNS_MAX)
            return mail_imap_limit(p, "ID fields");
        if (mail_imap_string(p, &key) < 0 || mail_imap_space(p) < 0 ||
            mail_imap_nstring(p, &value) < 0)
            return -1;
        mail_imap_list_add(p, &c->list, &cap, key);
        mail_imap_list_add(p, &c->list, &cap, value);
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

static int args_authenticate(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    if (mail_imap_space(p) < 0 || mail_imap_atom(p, &c->arg) < 0)
        return -1;
    if (!mail_imap_take(p, ' '))
        return 0;
    c->has_arg2 = true;
    c->arg2 = p->rest;
    p->rest = moxd_str_from(p->rest, p->rest.n);
    return 0;
}

static int args_login(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    c->has_arg2 = true;
    return mail_imap_space(p) < 0 || mail_imap_astring(p, &c->arg) < 0 || mail_imap_space(p) < 0 ||
                   mail_imap_astring(p, &c->arg2) < 0
               ? -1
               : 0;
}

static int args_enable(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    size_t cap = 0;

    if (mail_imap_space(p) < 0)
        return -1;
    do {
        struct moxd_str name;

        if (c->list.n >= MOXD_IMAP_PATTERNS_MAX)
            return mail_imap_limit(p, "capabilities");
        if (mail_imap_atom(p, &name) < 0)
            return -1;
        mail_imap_list_add(p, &c->list, &cap, name);
    } while (mail_imap_take(p, ' '));
    return 0;
}

/* CREATE mailbox [SP "(USE (" [use-attr *(SP use-attr)] "))"] (RFC 6154 3, 6) */
static int args_create(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    if (args_mailbox(p, c) < 0)
        return -1;
    if (!mail_imap_take(p, ' '))
        return 0;
    if (!mail_imap_take_word(p, "(USE "))
        return mail_imap_fail(p, "(USE (...))");
    if (mail_imap_flag_list(p, &c->list) < 0)
        return -1;
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

static int args_rename(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return args_mailbox(p, c) < 0 || mail_imap_space(p) < 0 ? -1 : mail_imap_astring(p, &c->arg);
}

static int args_list(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_space(p) < 0 ? -1 : mail_imap_list_args(p, c);
}

static int args_status(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return args_mailbox(p, c) < 0 || mail_imap_space(p) < 0
               ? -1
               : mail_imap_status_atts(p, &c->status_atts);
}

static int args_append(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return args_mailbox(p, c) < 0 ? -1 : mail_imap_append(p, &c->append);
}

/* RFC 9208 7: "GETQUOTA" SP quota-root-name */
static int args_getquota(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_space(p) < 0 ? -1 : mail_imap_astring(p, &c->arg);
}

/* RFC 4978 5: "COMPRESS" SP algorithm */
static int args_compress(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_space(p) < 0 ? -1 : mail_imap_atom(p, &c->arg);
}

/* Up to the mailbox. A UID is a number (RFC 9051 9 uniqueid). */
static int replace_mailbox(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    if (mail_imap_space(p) < 0)
        return -1;
    if (c->uid && mail_imap_peek(p, '*'))
        return mail_imap_fail(p, "a UID");
    return mail_imap_seq_number(p, &c->set) < 0 ? -1 : args_mailbox(p, c);
}

/* RFC 8508 5: "REPLACE" SP seq-number SP mailbox append-message */
static int args_replace(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    c->append.single = true;
    return replace_mailbox(p, c) < 0 ? -1 : mail_imap_append(p, &c->append);
}

static int args_set(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_space(p) < 0 ? -1 : mail_imap_set(p, &c->set);
}

/* EXPUNGE has a set only as UID EXPUNGE (RFC 9051 6.4.9). */
static int args_expunge(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return c->uid ? args_set(p, c) : 0;
}

static int args_search(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_space(p) < 0 ? -1 : mail_imap_search(p, c);
}

/* RFC 7377 4: it tells UIDs, whether it is asked as UID ESEARCH, as in 2, or not. */
static int args_esearch(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    c->uid = true;
    return mail_imap_space(p) < 0 || mail_imap_sources(p, c) < 0 ? -1 : mail_imap_search(p, c);
}

static int args_sort(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_space(p) < 0 ? -1 : mail_imap_sort(p, c);
}

static int args_thread(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_space(p) < 0 ? -1 : mail_imap_thread(p, c);
}

/* RFC 5267 5: 1*(SP quoted) */
static int args_cancelupdate(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    size_t cap = 0;

    if (mail_imap_space(p) < 0)
        return -1;
    do {
        struct moxd_str s;

        if (c->list.n >= MOXD_IMAP_PATTERNS_MAX)
            return mail_imap_limit(p, "tags");
        if (mail_imap_string(p, &s) < 0)
            return -1;
        mail_imap_list_add(p, &c->list, &cap, s);
    } while (mail_imap_take(p, ' '));
    return 0;
}

static int args_notify(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_space(p) < 0 ? -1 : mail_imap_notify(p, c);
}

static int args_fetch(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    if (args_set(p, c) < 0 || mail_imap_space(p) < 0 || mail_imap_fetch_items(p, c) < 0)
        return -1;
    return mail_imap_fetch_modifiers(p, c);
}

/* store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags (RFC 4466 2.5);
 * store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag))) */
static int args_store(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    if (args_set(p, c) < 0 || mail_imap_space(p) < 0 || mail_imap_store_modifiers(p, c) < 0)
        return -1;
    if (mail_imap_take(p, '+'))
        c->store_mode = MOXD_IMAP_STORE_ADD;
    else if (mail_imap_take(p, '-'))
        c->store_mode = MOXD_IMAP_STORE_REMOVE;
    if (!mail_imap_take_word(p, "FLAGS"))
        return mail_imap_fail(p, "FLAGS, +FLAGS or -FLAGS");
    c->silent = mail_imap_take_word(p, ".SILENT");
    return mail_imap_space(p) < 0 ? -1 : mail_imap_flags(p, &c->flags);
}

static int args_copy(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return args_set(p, c) < 0 ? -1 : args_mailbox(p, c);
}

static const struct {
    const char *name;
    int (*args)(struct imap_parser *p, struct moxd_imap_cmd *c);
    bool uid; /* has a UID form */
} verbs[MOXD_IMAP_VERBS] = {
    [MOXD_IMAP_CAPABILITY] = { "CAPABILITY", args_none, false },
    [MOXD_IMAP_NOOP] = { "NOOP", args_none, false },
    [MOXD_IMAP_LOGOUT] = { "LOGOUT", args_none, false },
    [MOXD_IMAP_ID] = { "ID", args_id, false },
    [MOXD_IMAP_STARTTLS] = { "STARTTLS", args_none, false },
    [MOXD_IMAP_AUTHENTICATE] = { "AUTHENTICATE", args_authenticate, false },
    [MOXD_IMAP_LOGIN] = { "LOGIN", args_login, false },
    [MOXD_IMAP_ENABLE] = { "ENABLE", args_enable, false },
    [MOXD_IMAP_SELECT] = { "SELECT", args_select, false },
    [MOXD_IMAP_EXAMINE] = { "EXAMINE", args_select, false },
    [MOXD_IMAP_CREATE] = { "CREATE", args_create, false },
    [MOXD_IMAP_DELETE] = { "DELETE", args_mailbox, false },
    [MOXD_IMAP_RENAME] = { "RENAME", args_rename, false },
    [MOXD_IMAP_SUBSCRIBE] = { "SUBSCRIBE", args_mailbox, false },
    [MOXD_IMAP_UNSUBSCRIBE] = { "UNSUBSCRIBE", args_mailbox, false },
    [MOXD_IMAP_LIST] = { "LIST", args_list, false },
    [MOXD_IMAP_LSUB] = { "LSUB", args_list, false },
    [MOXD_IMAP_NAMESPACE] = { "NAMESPACE", args_none, false },
    [MOXD_IMAP_STATUS] = { "STATUS", args_status, false },
    [MOXD_IMAP_APPEND] = { "APPEND", args_append, false },
    [MOXD_IMAP_IDLE] = { "IDLE", args_none, false },
    [MOXD_IMAP_CHECK] = { "CHECK", args_none, false },
    [MOXD_IMAP_CLOSE] = { "CLOSE", args_none, false },
    [MOXD_IMAP_UNSELECT] = { "UNSELECT", args_none, false },
    [MOXD_IMAP_EXPUNGE] = { "EXPUNGE", args_expunge, true },
    [MOXD_IMAP_SEARCH] = { "SEARCH", args_search, true },
    [MOXD_IMAP_FETCH] = { "FETCH", args_fetch, true },
    [MOXD_IMAP_STORE] = { "STORE", args_store, true },
    [MOXD_IMAP_COPY] = { "COPY", args_copy, true },
    [MOXD_IMAP_MOVE] = { "MOVE", args_copy, true },
    [MOXD_IMAP_SORT] = { "SORT", args_sort, true },
    [MOXD_IMAP_THREAD] = { "THREAD", args_thread, true },
    [MOXD_IMAP_GETMETADATA] = { "GETMETADATA", mail_imap_getmetadata, false },
    [MOXD_IMAP_SETMETADATA] = { "SETMETADATA", mail_imap_setmetadata, false },
    [MOXD_IMAP_UNAUTHENTICATE] = { "UNAUTHENTICATE", args_none, false },
    [MOXD_IMAP_GETQUOTA] = { "GETQUOTA", args_getquota, false },
    [MOXD_IMAP_GETQUOTAROOT] = { "GETQUOTAROOT", args_mailbox, false },
    [MOXD_IMAP_SETQUOTA] = { "SETQUOTA", mail_imap_setquota, false },
    [MOXD_IMAP_COMPRESS] = { "COMPRESS", args_compress, false },
    [MOXD_IMAP_REPLACE] = { "REPLACE", args_replace, true },
    [MOXD_IMAP_CANCELUPDATE] = { "CANCELUPDATE", args_cancelupdate, false },
    [MOXD_IMAP_SETACL] = { "SETACL", mail_imap_acl_change, false },
    [MOXD_IMAP_DELETEACL] = { "DELETEACL", mail_imap_acl_identifier, false },
    [MOXD_IMAP_GETACL] = { "GETACL", args_mailbox, false },
    [MOXD_IMAP_LISTRIGHTS] = { "LISTRIGHTS", mail_imap_acl_identifier, false },
    [MOXD_IMAP_MYRIGHTS] = { "MYRIGHTS", args_mailbox, false },
    [MOXD_IMAP_ESEARCH] = { "ESEARCH", args_esearch, true },
    [MOXD_IMAP_NOTIFY] = { "NOTIFY", args_notify, false },
};

const char *moxd_imap_verb_name(enum moxd_imap_verb verb)
{
    moxd_assert(verb >= 0 && verb < MOXD_IMAP_VERBS);
    return verbs[verb].name;
}

/* tag = 1*<any ASTRING-CHAR except "+">; a quoted or literal tag is none. */
static int tag(struct imap_parser *p, struct moxd_str *out)
{
    struct moxd_str s;

    if (mail_imap_peek(p, '"') || mail_imap_peek(p, '{'))
        return mail_imap_fail(p, "a tag");
    if (mail_imap_astring(p, &s) < 0)
        return -1;
    if (moxd_str_chr(s, '+') >= 0 || s.n > MOXD_IMAP_TAG_MAX)
        return mail_imap_fail(p, "a short tag without + before");
    *out = s;
    return mail_imap_space(p);
}

static int verb(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    struct moxd_str name;

    c->uid = mail_imap_take_word(p, "UID ");
    if (mail_imap_atom(p, &name) < 0)
        return -1;
    for (int i = 0; i < MOXD_IMAP_VERBS; i++) {
        if (moxd_str_caseeqs(name, verbs[i].name) && (!c->uid || verbs[i].uid)) {
            c->verb = (enum moxd_imap_verb)i;
            return 0;
        }
    }
    return moxd_err_set(p->err, MOXD_ERR_NOTFOUND, "unknown command");
}

static int head(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return tag(p, &c->tag) < 0 ? -1 : verb(p, c);
}

int moxd_imap_parse(struct moxd_str text, struct moxd_arena *a, struct moxd_imap_cmd *out,
                    struct moxd_err *err)
{
    struct imap_parser p = { .rest = text, .total = text.n, .a = a, .err = err };

    memset(out, 0, sizeof(*out));
    if (head(&p, out) < 0 || verbs[out->verb].args(&p, out) < 0)
        return -1;
    out->condstore = p.condstore;
    out->search_seqs = p.seqs;
    return mail_imap_end(&p);
}

bool moxd_imap_literal(struct moxd_str line, struct moxd_imap_literal *out)
{
    ptrdiff_t open = moxd_str_rchr(line, '{');
    struct moxd_str rest;

    if (open < 0)
        return false;
    rest = moxd_str_from(line, (size_t)open + 1);
    if (moxd_str_take_u64(&rest, INT64_MAX, &out->size) < 0)
        return false;
    out->sync = !moxd_str_starts(rest, MOXD_STR("+"));
    if (!moxd_str_eqs(rest, out->sync ? "}" : "+}"))
        return false;
    out->binary = open > 0 && line.p[open - 1] == '~';
    out->start = (size_t)open - out->binary;
    return true;
}

bool moxd_imap_is_append_data(struct moxd_str text)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct imap_parser p = { .rest = text, .total = text.n, .a = a };
    struct moxd_imap_cmd c = { 0 };

    if (head(&p, &c) < 0 || (c.verb != MOXD_IMAP_APPEND && c.verb != MOXD_IMAP_REPLACE))
        return false;
    return (c.verb == MOXD_IMAP_APPEND ? args_mailbox(&p, &c) : replace_mailbox(&p, &c)) == 0 &&
           mail_imap_space(&p) == 0;
}

bool moxd_imap_is_secret(struct moxd_str text)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct imap_parser p = { .rest = text, .total = text.n, .a = a };
    struct moxd_imap_cmd c = { 0 };

    return head(&p, &c) < 0 || c.verb == MOXD_IMAP_LOGIN || c.verb == MOXD_IMAP_AUTHENTICATE;
}
