/* LSUB (RFC 3501 6.3.9). */
#include "list.h"

static int send_lsub(struct imap_session *s, const char *name, bool noselect)
{
    moxd_buf_addf(&s->out, "* LSUB (%s) \"/\" ", noselect ? "\\NoSelect" : "");
    imap_name_out(s, &s->out, name);
    return imap_send_out(s);
}

/* RFC 3501 6.3.9: with "%", a parent that is not subscribed stands for its subscribed children. It may
 * be listed already, for another child or because it is subscribed itself. */
static int send_parent(struct imap_session *s, const struct imap_listing *l,
                       const struct imap_row *r, const struct imap_row **last)
{
    char *name = moxd_arena_strdup(s->a, r->name);
    const struct imap_row *parent = NULL;

    while ((!parent || !parent->matched) && imap_to_parent(name))
        parent = imap_list_find(l, name);
    if (!parent || !parent->matched || parent->subscribed || parent == *last)
        return 0;
    *last = parent;
    return send_lsub(s, parent->name, true);
}

int imap_cmd_lsub(struct imap_session *s)
{
    struct imap_listing l = { 0 };
    struct moxd_err err = { 0 };
    const struct imap_row *last = NULL;
    int r = 0;

    if (imap_list_prepare(s, &l, &err) < 0)
        return imap_fail(s, &err);
    for (size_t i = 0; r == 0 && i < l.n; i++) {
        if (!l.v[i].subscribed)
            continue;
        if (l.v[i].matched)
            r = send_lsub(s, l.v[i].name, !l.v[i].mb);
        else
            r = send_parent(s, &l, &l.v[i], &last);
    }
    return r < 0 ? -1 : imap_ok(s, NULL, "listed");
}
