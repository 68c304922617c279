/* Who the message says it is from. */
#include "dmarc.h"

#include <moxmail/address.h>
#include <moxmail/header.h>
#include <moxmail/header_address.h>

static bool known(const struct dmarc_msg *msg, struct moxd_str domain)
{
    for (size_t i = 0; i < msg->n; i++)
        if (moxd_str_eq(msg->authors[i].domain, domain))
            return true;
    return false;
}

/* What is no domain name, or an address literal, has no policy. */
static void add(struct dmarc_msg *msg, struct moxd_str text, struct moxd_arena *a)
{
    struct moxd_domain d;

    if (moxd_domain_parse(text, MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE, a, &d, NULL) < 0 ||
        d.ip_len > 0 || known(msg, d.ascii))
        return;
    if (msg->n == DMARC_AUTHORS_MAX)
        msg->too_many = true;
    else
        msg->authors[msg->n++].domain = d.ascii;
}

/* Addresses are read in a scratch arena: a field may have very many. */
void dmarc_authors(struct moxd_str header, struct moxd_arena *a, struct dmarc_msg *msg)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini) = { 0 };
    struct moxd_hdraddr ha;
    struct moxd_field from;

    *msg = (struct dmarc_msg){ 0 };
    msg->authors = moxd_arena_calloc(a, DMARC_AUTHORS_MAX, sizeof(*msg->authors));
    if (!moxd_header_find(header, "From", &from))
        return;
    moxd_hdraddr_init(&it, from.value);
    while (!msg->too_many && moxd_hdraddr_next(&it, &ha))
        if (ha.kind == MOXD_HDRADDR_MAILBOX && ha.domain.n > 0)
            add(msg, ha.domain, a);
}
