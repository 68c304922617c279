/* What is forwarded, and what stays. */
#include "forward.h"

#include <moxmail/address.h>
#include <moxmail/header.h>
#include <moxmail/header_address.h>

/* RFC 9228 5: it was delivered to this address before. */
static bool in_a_loop(const struct smtp_copy *ev)
{
    struct moxd_str rest = ev->message->header;
    struct moxd_field f;

    while (moxd_field_next(&rest, &f))
        if (moxd_str_caseeqs(f.name, "Delivered-To") &&
            moxd_str_caseeqs(moxd_str_trim(f.value), ev->address))
            return true;
    return false;
}

bool forward_is_author(const struct smtp_message *msg, const char *address)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct moxd_field from = { .value = { NULL, 0 } };
    struct moxd_address ad, author;
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_hdraddr ha;

    if (moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, a, &ad, NULL) < 0)
        return false;
    (void)moxd_header_find(msg->header, "From", &from);
    moxd_hdraddr_init(&it, from.value);
    while (moxd_hdraddr_next(&it, &ha))
        if (ha.kind == MOXD_HDRADDR_MAILBOX && moxd_str_caseeq(ha.localpart, ad.localpart) &&
            moxd_domain_parse(ha.domain, MOXD_ADDRESS_UTF8, a, &author.domain, NULL) == 0 &&
            moxd_domain_eq(&author.domain, &ad.domain))
            return true;
    return false;
}

/* The domain of the only author, in A-labels; empty when there are several. */
static struct moxd_str author_domain(struct moxd_str header, struct moxd_arena *a)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct moxd_domain d = { .ip_len = 0 };
    struct moxd_hdraddr ha;
    struct moxd_field from = { .value = { NULL, 0 } };
    size_t n = 0;

    (void)moxd_header_find(header, "From", &from);
    moxd_hdraddr_init(&it, from.value);
    while (moxd_hdraddr_next(&it, &ha)) {
        if (ha.kind != MOXD_HDRADDR_MAILBOX)
            continue;
        if (++n > 1 || moxd_domain_parse(ha.domain, MOXD_ADDRESS_UTF8, a, &d, NULL) < 0)
            return MOXD_STR("");
    }
    return n == 1 ? d.ascii : MOXD_STR("");
}

static bool is_within(struct moxd_str name, struct moxd_str domain)
{
    if (moxd_str_caseeq(name, domain))
        return true;
    return name.n > domain.n && moxd_str_caseends(name, domain) &&
           name.p[name.n - domain.n - 1] == '.';
}

/* Forwarding breaks SPF; where the next server looks for DMARC, only such a signature passes there. */
static bool is_signed(const struct forward *f, const struct smtp_copy *ev)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str author = author_domain(ev->message->header, a);
    const struct smtp_auth_result *r;

    for (size_t i = 0; author.n > 0 && (r = f->smtp->auth_result(ev->message->mail, i)); i++)
        if (moxd_str_eqs(r->shown.method, "dkim") && moxd_str_eqs(r->shown.result, "pass") &&
            !r->unaligned && r->domain.n > 0 &&
            (is_within(author, r->domain) || is_within(r->domain, author)))
            return true;
    return false;
}

const char *forward_may(const struct forward *f, const struct smtp_copy *ev, bool unauthenticated)
{
    const struct smtp_conn *conn = ev->message->mail->conn;

    if (ev->message->stays)
        return "notification";
    if (in_a_loop(ev))
        return "loop";
    if (ev->suspicion)
        return "suspect";
    /* What users here send is signed when it leaves, if their domain signs at all, and what the server writes as well. */
    if (!unauthenticated && !conn->account && !conn->own && !is_signed(f, ev))
        return "unauthenticated";
    return NULL;
}
