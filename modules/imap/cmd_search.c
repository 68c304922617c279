/* SEARCH (RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 4731 for ESEARCH, RFC 5182 for SEARCHRES). */
#include "context.h"

/* How many matches are enough, from one end or the other, when only such are asked for. */
static size_t enough(const struct moxd_imap_cmd *cmd, bool *backwards)
{
    const struct moxd_imap_partial *p = &cmd->partial;
    unsigned others = MOXD_IMAP_RETURN_SAVE | MOXD_IMAP_RETURN_CONTEXT;

    if (cmd->condstore) /* the highest MODSEQ of all is told, too */
        return SIZE_MAX;
    switch (cmd->search_return & ~others) {
    case MOXD_IMAP_RETURN_PARTIAL:
        *backwards = p->from_end;
        return p->a > p->b ? p->a : p->b;
    case MOXD_IMAP_RETURN_MAX:
        *backwards = true;
        return 1;
    case MOXD_IMAP_RETURN_MIN:
        return 1;
    default:
        return SIZE_MAX;
    }
}

static void reverse(struct imap_found *f)
{
    for (size_t i = 0; i < f->n / 2; i++) {
        uint32_t uid = f->uids[i];

        f->uids[i] = f->uids[f->n - 1 - i];
        f->uids[f->n - 1 - i] = uid;
    }
}

int imap_search_all(struct imap_search *se, struct imap_found *f, struct moxd_err *err)
{
    bool backwards = false;
    size_t max = enough(se->cmd, &backwards);
    struct imap_search_run run;
    struct imap_msg *msg;
    int r = 1;

    imap_search_begin(&run, se);
    run.backwards = backwards;
    while (f->n < max && (r = imap_search_next(&run, &msg, err)) > 0)
        imap_found_add(f, msg->info->uid);
    imap_search_end(&run);
    if (backwards)
        reverse(f);
    return r < 0 ? -1 : imap_found_modseq(se, f, err);
}

static int answer(struct imap_session *s, const struct imap_found *f)
{
    bool extended = s->cmd.has_search_return || (s->enabled & IMAP_EN_REV2);
    int r = 0;

    imap_save_found(s, f);
    if (!s->cmd.has_search_return)
        s->cmd.search_return = MOXD_IMAP_RETURN_ALL;
    if (s->cmd.search_return != MOXD_IMAP_RETURN_SAVE)
        r = extended ? imap_send_esearch(s, f) : imap_send_found(s, "SEARCH", f);
    if (r == 0 && (s->cmd.search_return & MOXD_IMAP_RETURN_UPDATE))
        r = imap_context_open(s, f, NULL);
    return r < 0 ? -1 : imap_ok(s, NULL, "searched");
}

int imap_cmd_search(struct imap_session *s)
{
    struct imap_found f = { 0 };
    struct moxd_err err = { 0 };
    struct imap_search se;
    int r;

    /* RFC 6855 3: no charset once UTF-8 was enabled. */
    if (s->cmd.charset.n > 0 && (s->enabled & IMAP_EN_UTF8))
        return imap_bad(s, NULL, "CHARSET is not allowed after ENABLE UTF8=ACCEPT");
    if (imap_context_has_tag(s))
        return imap_bad(s, NULL, "that tag is in use for updates");
    if (imap_search_prepare(s, &s->cmd, s->a, &se, &err) < 0 || imap_search_all(&se, &f, &err) < 0)
        r = imap_search_refuse(s, &err);
    else
        r = answer(s, &f);
    imap_found_fini(&f);
    return r;
}
