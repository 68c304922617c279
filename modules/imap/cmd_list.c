/* LIST (RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154). */
#include "imap_mailbox.h"
#include "list.h"
#include "metadata.h"

static const struct {
    const char *name;
    unsigned bit;
} uses[] = {
    { "\\Archive", STORE_USE_ARCHIVE }, { "\\Drafts", STORE_USE_DRAFTS },
    { "\\Junk", STORE_USE_JUNK },       { "\\Sent", STORE_USE_SENT },
    { "\\Trash", STORE_USE_TRASH },
};

unsigned imap_special_use_bit(struct moxd_str name)
{
    for (size_t i = 0; i < MOXD_NELEMS(uses); i++)
        if (moxd_str_caseeqs(name, uses[i].name))
            return uses[i].bit;
    return 0;
}

static void add_word(struct moxd_buf *b, bool *any, const char *word)
{
    moxd_buf_addf(b, "%s%s", *any ? " " : "", word);
    *any = true;
}

static void attributes(struct moxd_buf *b, const struct imap_row *r, unsigned opts)
{
    bool any = false;

    moxd_buf_addc(b, '(');
    if (!r->mb)
        add_word(b, &any, "\\NonExistent");
    if (!r->mb && r->level) /* for clients of IMAP4rev1 */
        add_word(b, &any, "\\Noselect");
    if (r->subscribed && (opts & (MOXD_IMAP_RET_SUBSCRIBED | MOXD_IMAP_SEL_SUBSCRIBED)))
        add_word(b, &any, "\\Subscribed");
    if (r->noaccess)
        add_word(b, &any, "\\NoAccess");
    add_word(b, &any, r->children ? "\\HasChildren" : "\\HasNoChildren");
    for (size_t i = 0; r->mb && i < MOXD_NELEMS(uses); i++)
        if (r->mb->special_use & uses[i].bit)
            add_word(b, &any, uses[i].name);
    moxd_buf_addc(b, ')');
}

void imap_put_list(struct imap_session *s, const struct imap_row *r, unsigned opts)
{
    moxd_buf_adds(&s->out, "* LIST ");
    attributes(&s->out, r, opts);
    moxd_buf_adds(&s->out, " \"/\" ");
    imap_name_out(s, &s->out, r->name);
}

/* Whether the row is a mailbox on which the user has one of these rights. */
static bool may(const struct imap_row *r, unsigned rights)
{
    return r->mb && (!r->other || (r->other->rights & rights));
}

/* A name that only has something below it is listed with RECURSIVEMATCH, unless that is listed too. */
static int send_row(struct imap_session *s, const struct imap_row *r,
                    struct imap_annotations *annotations)
{
    unsigned opts = s->cmd.list_opts;
    bool met = imap_list_meets(opts, r), recursive = opts & MOXD_IMAP_SEL_RECURSIVEMATCH;

    if (!met && !(recursive && r->below_hidden))
        return 0;
    imap_put_list(s, r, opts);
    if (recursive && r->below)
        moxd_buf_adds(&s->out, " (\"CHILDINFO\" (\"SUBSCRIBED\"))"); /* RFC 9051 6.3.9.6 */
    if (imap_send_out(s) < 0)
        return -1;
    if (may(r, MOXD_IMAP_RIGHT_R) && (opts & MOXD_IMAP_RET_STATUS) &&
        imap_send_status(s, r->other ? r->other->acc : s->acc, r->mb, s->cmd.status_atts) < 0)
        return -1;
    if (!(opts & MOXD_IMAP_RET_METADATA) || !may(r, IMAP_METADATA_RIGHTS))
        return 0;
    return imap_send_metadata(s, annotations, r->other ? r->other->acc : s->acc, r->mb);
}

int imap_cmd_list(struct imap_session *s)
{
    struct imap_annotations annotations = { 0 };
    struct imap_listing l = { 0 };
    struct moxd_err err = { 0 };

    /* RFC 9051 6.3.9: an empty pattern asks for the delimiter. */
    if (!(s->cmd.list_opts & MOXD_IMAP_LIST_EXTENDED) && s->cmd.list.v[0].n == 0) {
        if (imap_untagged(s, "LIST (\\Noselect) \"/\" \"\"") < 0)
            return -1;
        return imap_ok(s, NULL, "delimiter told");
    }
    if (imap_list_prepare(s, &l, &err) < 0 ||
        ((s->cmd.list_opts & MOXD_IMAP_RET_METADATA) &&
         imap_annotations_load(s, s->acc, &annotations, &err) < 0))
        return imap_fail(s, &err);
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].matched && send_row(s, &l.v[i], &annotations) < 0)
            return -1;
    return imap_ok(s, NULL, "listed");
}
