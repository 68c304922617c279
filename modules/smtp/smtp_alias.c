/* Lists of addresses (aliases). */
#include "smtp_alias.h"

#include <moxmail/header_address.h>

int smtp_alias_resolve(const struct smtp *smtp, const char *address, struct moxd_arena *a,
                       struct accounts_target *out, struct moxd_err *err)
{
    struct moxd_address ad;

    if (moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, a, &ad, err) < 0)
        return -1;
    return smtp->accounts->resolve(smtp->accounts_self, ad.localpart, ad.domain.ascii, a, out, err);
}

/* Whose address this is; account NULL: nobody's. */
static struct accounts_target owner(const struct smtp *smtp, struct moxd_str localpart,
                                    struct moxd_str domain, struct moxd_arena *a)
{
    struct accounts_target to = { 0 };

    if (domain.n == 0 ||
        smtp->accounts->resolve(smtp->accounts_self, localpart, domain, a, &to, NULL) < 0 ||
        to.match == ACCOUNTS_FALLBACK)
        return (struct accounts_target){ 0 };
    return to;
}

static bool is_member(const struct smtp *smtp, const struct accounts_target *list,
                      const char *account, struct moxd_arena *a)
{
    struct accounts_target to;

    for (size_t i = 0; account && list->members[i]; i++)
        if (smtp_alias_resolve(smtp, list->members[i], a, &to, NULL) == 0 &&
            strcmp(to.account, account) == 0)
            return true;
    return false;
}

static int not_a_member(struct moxd_err *err)
{
    return moxd_err_smtp_set(err, MOXD_ERR_DENIED, 550, "5.7.2",
                             "only members may post to this list");
}

/* Users are known by their login, others by what they say; smtp_alias_expand looks at From as well. */
static bool may_post(const struct smtp *smtp, const struct smtp_mail *mail,
                     const struct accounts_target *list, struct moxd_arena *a)
{
    const char *account = mail->conn->account;

    if (list->alias_post_public)
        return true;
    if (!account)
        account = owner(smtp, mail->from.localpart, mail->from.domain, a).account;
    return is_member(smtp, list, account, a);
}

/* Whether that member takes the message. Of several reasons not to, *why keeps one after which the
 * client should try again. */
static bool takes(const struct smtp *smtp, const char *member, uint64_t size, struct moxd_arena *a,
                  struct accounts_target *to, struct moxd_err *why)
{
    struct moxd_err err = { 0 };

    if (smtp_alias_resolve(smtp, member, a, to, &err) == 0) {
        if (to->refuse_code)
            (void)smtp_local_refused(to, &err);
        else if (smtp_local_try(smtp, to->account, size, &err) == 0)
            return true;
    }
    if (why->kind == MOXD_ERR_NONE || moxd_err_smtp_code(&err) < 500)
        *why = err;
    return false;
}

int smtp_alias_admit(struct smtp *smtp, const struct smtp_rcpt *ev,
                     const struct accounts_target *list, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_err why = { 0 };
    struct accounts_target to;

    if (!may_post(smtp, ev->mail, list, a))
        return not_a_member(err);
    for (size_t i = 0; list->members[i]; i++)
        if (takes(smtp, list->members[i], ev->mail->size, a, &to, &why))
            return 0;
    *err = why;
    return -1;
}

/* The addresses in From, canonical. More authors than a person would write may get a copy. */
struct authors {
    struct accounts_target v[SMTP_AUTHORS_MAX];
    size_t n;
};

static void read_authors(const struct smtp *smtp, const struct smtp_message *msg,
                         struct moxd_arena *a, struct authors *out)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct smtp_header_facts facts;
    struct moxd_hdraddr ha;

    out->n = 0;
    smtp_header_facts(smtp_txn_of(msg)->header, &facts);
    moxd_hdraddr_init(&it, facts.from_value);
    while (out->n < SMTP_AUTHORS_MAX && moxd_hdraddr_next(&it, &ha))
        if (ha.kind == MOXD_HDRADDR_MAILBOX)
            out->v[out->n++] = owner(smtp, ha.localpart, ha.domain, a);
}

static bool is_author(const struct authors *authors, const char *member)
{
    for (size_t i = 0; i < authors->n; i++)
        if (authors->v[i].address && strcmp(authors->v[i].address, member) == 0)
            return true;
    return false;
}

/* Whether what was found out about the sender proves the author's domain. Without such checks nothing is known, and
 * what the client says counts. */
static bool is_proven(const struct smtp_mail *mail)
{
    const struct smtp_auth_result *r;
    bool checked = false;

    for (size_t i = 0; (r = smtp_results_get(mail, i)); i++) {
        if (!moxd_str_eqs(r->shown.method, "dmarc"))
            continue;
        checked = true;
        if (moxd_str_eqs(r->shown.result, "pass"))
            return true;
    }
    return !checked;
}

/* What a user may write into From was seen to already (smtp_submit.c). */
static int check_authors(const struct smtp *smtp, const struct smtp_message *msg,
                         const struct accounts_target *list, const struct authors *authors,
                         struct moxd_arena *a, struct moxd_err *err)
{
    if (list->alias_post_public || msg->mail->conn->account || msg->mail->conn->own)
        return 0;
    for (size_t i = 0; i < authors->n; i++)
        if (!is_member(smtp, list, authors->v[i].account, a))
            return not_a_member(err);
    return authors->n > 0 && is_proven(msg->mail) ? 0 : not_a_member(err);
}

static int look_up(const struct smtp *smtp, const char *list, struct moxd_arena *a,
                   struct accounts_target *out, struct moxd_err *err)
{
    if (smtp_alias_resolve(smtp, list, a, out, err) < 0)
        return -1;
    if (out->match == ACCOUNTS_ALIAS)
        return 0;
    return moxd_err_smtp_set(err, MOXD_ERR_TEMP, 450, "4.2.1", "the list was just changed");
}

const char *smtp_alias_written(const struct smtp_message *msg, const char *address)
{
    struct moxd_arena *a = msg->mail->arena;
    struct moxd_address ad;

    if (moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, a, &ad, NULL) < 0)
        return address;
    return moxd_address_text(&ad, msg->mail->smtputf8, a).p;
}

/* The members that take the message, of those that did not write it; -1 when none does. */
static int choose(const struct smtp *smtp, const struct smtp_message *msg,
                  const struct accounts_target *list, const struct authors *authors,
                  struct smtp_member *out, size_t *n, struct moxd_err *err)
{
    struct moxd_arena *a = msg->mail->arena;
    struct moxd_err why = { 0 };
    struct accounts_target to;

    for (size_t i = 0; list->members[i]; i++) {
        if (is_author(authors, list->members[i]))
            continue;
        if (takes(smtp, list->members[i], msg->size, a, &to, &why))
            out[(*n)++] = (struct smtp_member){ to.account, to.mailbox,
                                                smtp_alias_written(msg, list->members[i]),
                                                smtp_alias_written(msg, list->alias) };
        else
            moxd_info(msg->mail->conn->log, "a member of a list gets no copy",
                      moxd_kvs("list", list->alias), moxd_kvs("member", list->members[i]),
                      moxd_kvs("detail", why.pub));
    }
    if (*n > 0 || why.kind == MOXD_ERR_NONE)
        return 0;
    *err = why;
    return -1;
}

int smtp_alias_expand(struct smtp *smtp, const struct smtp_message *msg, const char *name,
                      struct smtp_member **out, size_t *n, struct moxd_err *err)
{
    struct moxd_arena *a = msg->mail->arena;
    struct accounts_target list;
    struct authors authors;
    size_t nmembers = 0;

    *n = 0;
    if (look_up(smtp, name, a, &list, err) < 0)
        return -1;
    read_authors(smtp, msg, a, &authors);
    if (check_authors(smtp, msg, &list, &authors, a, err) < 0)
        return -1;
    while (list.members[nmembers])
        nmembers++;
    *out = moxd_arena_calloc(a, nmembers, sizeof(**out));
    return choose(smtp, msg, &list, &authors, *out, n, err);
}
