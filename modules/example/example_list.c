/* Asking the list: name-based DNS lists, RFC 5782 3. */
#include "example.h"

#include <netinet/in.h>

enum {
    NAME_MAX_DNS = 253, /* RFC 1035 2.3.4, without the final dot */
    ANSWER_S = 5,       /* the hook's own limit is wider: there are two questions */
};

/* Addresses outside of 127.0.0.0/8 are no entries (RFC 5782 2.1): a domain that somebody else has bought
 * answers with those. */
static bool is_entry(const struct moxd_dns_answer *answer)
{
    for (size_t i = 0; i < answer->n; i++) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&answer->rr[i].addr;
        if (v4->sin_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
            return true;
    }
    return false;
}

/* 1 when there are records, 0 when there are none, -1 when nobody knows. */
static int ask(const char *name, enum moxd_dns_type type, struct moxd_arena *a,
               struct moxd_dns_answer *answer, struct moxd_err *err)
{
    if (moxd_dns_query(name, type, a, answer, moxd_deadline(ANSWER_S * MOXD_SEC)) == MOXD_CANCELLED)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (answer->status == MOXD_DNS_TEMP || answer->status == MOXD_DNS_BOGUS)
        return moxd_err_set(err, MOXD_ERR_TEMP, "%s: no answer", name);
    return answer->status == MOXD_DNS_OK;
}

static void copy_reason(const struct moxd_dns_answer *answer, char *why, size_t cap)
{
    struct moxd_str text = moxd_str_sub(answer->rr[0].text, 0, cap - 1);

    if (moxd_str_copy(text, why, cap) < 0)
        why[0] = '\0';
}

static int look_up(const char *name, struct moxd_arena *a, char *why, size_t cap,
                   struct moxd_err *err)
{
    struct moxd_dns_answer answer;
    int rc = ask(name, MOXD_DNS_A, a, &answer, err);

    if (rc <= 0 || !is_entry(&answer))
        return rc < 0 ? -1 : 0;
    if (ask(name, MOXD_DNS_TXT, a, &answer, NULL) == 1) /* a reason would be nice, no more */
        copy_reason(&answer, why, cap);
    return 1;
}

int example_listed(const char *zone, struct moxd_str domain, char *why, size_t cap,
                   struct moxd_err *err)
{
    why[0] = '\0';
    if (domain.n == 0 || domain.p[0] == '[' || domain.n + 1 + strlen(zone) > NAME_MAX_DNS)
        return 0;
    struct moxd_arena *a = moxd_arena_new(0);
    const char *name = moxd_arena_printf(a, "%" MOXD_STRF ".%s", MOXD_STRA(domain), zone);
    int rc = look_up(name, a, why, cap, err);
    moxd_arena_free(a);
    return rc;
}
