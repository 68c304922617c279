/* Looks for the policies of a message's authors. */
#include "dmarc.h"

/* Only records of DMARC are kept, since anybody can publish much. */
static void keep(const struct moxd_dns_answer *ans, struct moxd_arena *a, struct moxd_str **txt,
                 size_t *n)
{
    *txt = moxd_arena_calloc(a, ans->n, sizeof(**txt));
    *n = 0;
    for (size_t i = 0; i < ans->n; i++)
        if (ans->rr[i].text.n <= MOXD_DMARC_RECORD_MAX && moxd_dmarc_is_record(ans->rr[i].text))
            (*txt)[(*n)++] = moxd_arena_str(a, ans->rr[i].text);
}

static enum moxd_dmarc_status lookup(void *arg, const char *name, struct moxd_arena *a,
                                     struct moxd_str **txt, size_t *n)
{
    struct moxd_arena *scratch MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct dmarc_dns *dns = arg;
    struct moxd_dns_answer ans;

    if (moxd_dns_query(name, MOXD_DNS_TXT, scratch, &ans, dns->deadline) != MOXD_OK)
        ans = (struct moxd_dns_answer){ .status = MOXD_DNS_TEMP };
    dns->dnssec = smtp_dnssec_add(dns->dnssec, &ans);
    switch (ans.status) {
    case MOXD_DNS_OK:
        keep(&ans, a, txt, n);
        return MOXD_DMARC_FOUND;
    case MOXD_DNS_NODATA:
        return MOXD_DMARC_NODATA;
    case MOXD_DNS_NXDOMAIN:
        return MOXD_DMARC_NXDOMAIN;
    default:
        return MOXD_DMARC_ERROR;
    }
}

struct moxd_dmarc_resolver dmarc_resolver(struct dmarc_dns *dns)
{
    return (struct moxd_dmarc_resolver){ .txt = lookup, .arg = dns, .psl = dns->psl };
}

enum moxd_verdict dmarc_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                   struct moxd_reply *reply)
{
    const struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);
    struct dmarc_msg *msg = moxd_slot(ev->mail->slots, "smtp-message", m);
    struct moxd_arena *a = ev->mail->arena;

    (void)reply;
    if (ev->mail->conn->submission || ev->mail->conn->account)
        return MOXD_NEXT;
    dmarc_authors(ev->header, a, msg);
    int64_t deadline = moxd_deadline(d->conf->timeout);
    for (size_t i = 0; i < msg->n; i++) {
        struct dmarc_author *author = &msg->authors[i];
        author->dns.deadline = deadline;
        author->dns.psl = d->psl;
        const struct moxd_dmarc_resolver r = dmarc_resolver(&author->dns);
        moxd_dmarc_walk(author->domain, &r, a, &author->walk);
    }
    return MOXD_NEXT;
}
