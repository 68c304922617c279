/* Mail: how much a network may bring to an account (P-SMTP-20). */
#include "ratelimit.h"

#include <stdio.h>

static struct ratelimit *of(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct ratelimit, m);
}

/* Mail of our own users is not limited here. */
static bool concerns(const struct ratelimit *r, const struct smtp_mail *mail,
                     struct moxd_network *ip)
{
    return r->book && !mail->conn->submission && !mail->conn->account &&
           ratelimit_concerns(r, mail->conn->remote_ip, ip);
}

/* Whether the page has no room for a message of that size, and by which limit. */
static bool page_full(const struct ratelimit *r, const struct ratelimit_page *page, size_t width,
                      uint64_t size, enum ratelimit_mail_kind *kind)
{
    int64_t now = moxd_wall();

    for (*kind = 0; *kind < RATELIMIT_MAIL_KINDS; ++*kind) {
        bool data = *kind == RATELIMIT_DATA || *kind == RATELIMIT_DATA_DAY;
        uint64_t more = data ? size / 1024 : 1;
        uint32_t limit = r->mail_limits[*kind][width];

        if (limit > 0 && ratelimit_mail_count(&page->mail, *kind, now) + more > limit)
            return true;
    }
    return false;
}

static enum moxd_verdict refuse(const struct ratelimit *r, const struct ratelimit_page *page,
                                enum ratelimit_mail_kind kind, struct moxd_reply *reply)
{
    const char *name = ratelimit_mail_kinds[kind].name;
    char net[MOXD_NETWORK_TEXT];

    moxd_metric_inc(r->refused, name, NULL);
    (void)snprintf(reply->detail, sizeof(reply->detail), "limit %s of %s to account %s reached",
                   name, moxd_network_text(&page->net, net), page->account);
    return moxd_reply_set(reply, 452, "4.2.2", "too much mail from your network, try again later");
}

static enum moxd_verdict check(const struct ratelimit *r, const char *account,
                               const struct moxd_network *ip, uint64_t size,
                               struct moxd_reply *reply)
{
    enum ratelimit_mail_kind kind;

    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++) {
        struct moxd_network net = ratelimit_net_of(ip, w);
        const struct ratelimit_page *page = ratelimit_book_find(r->book, account, &net);

        if (page && page_full(r, page, w, size, &kind))
            return refuse(r, page, kind, reply);
    }
    return MOXD_NEXT;
}

enum moxd_verdict ratelimit_on_rcpt(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                    struct moxd_reply *reply)
{
    struct ratelimit *r = of(m);
    struct moxd_network ip;
    struct moxd_err err = { 0 };
    const char *account = concerns(r, ev->mail, &ip) ? ev->account : NULL;

    if (!account)
        return MOXD_NEXT;
    if (ratelimit_load(r, account, &ip, &err) == 0)
        return check(r, account, &ip, ev->mail->size, reply);
    (void)snprintf(reply->detail, sizeof(reply->detail), "%.290s", err.priv);
    return MOXD_FAIL;
}

static void count(struct ratelimit *r, const char *account, const struct moxd_network *ip,
                  uint64_t size)
{
    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++) {
        struct moxd_network net = ratelimit_net_of(ip, w);
        struct ratelimit_page *page = ratelimit_book_find(r->book, account, &net);

        if (!page)
            continue; /* it had to give way since RCPT */
        ratelimit_mail_add(&page->mail, size, moxd_wall());
        page->changed = true;
        r->changed = true;
        (void)moxd_waitq_wake(&r->more);
    }
}

/* RATE-11: who brings what is refused for what it is gets on more slowly with the rest. */
void ratelimit_on_refused(struct moxd_instance *m, const struct smtp_message *ev)
{
    struct ratelimit *r = of(m);
    struct moxd_network ip;

    if (!r->conf->slow_suspects || ev->mail->conn->simulated || !concerns(r, ev->mail, &ip) ||
        !r->smtp->suspicion(ev))
        return;
    r->smtp->slow_down(ev->mail->conn);
    moxd_info(ev->mail->conn->log, "connection slowed down",
              moxd_kvs("suspected", r->smtp->suspicion(ev)->reason));
}

/* Somebody with two addresses gets one message. */
static bool is_among(const char *const *accounts, size_t n, const char *account)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(accounts[i], account) == 0)
            return true;
    return false;
}

void ratelimit_on_delivered(struct moxd_instance *m, const struct smtp_message *ev)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const char **accounts = moxd_arena_calloc(a, ev->nrcpts, sizeof(*accounts));
    struct ratelimit *r = of(m);
    struct moxd_network ip;
    size_t n = 0;

    if (!concerns(r, ev->mail, &ip))
        return;
    for (size_t i = 0; i < ev->nrcpts; i++) {
        const char *account = ev->rcpts[i]->account;

        if (!account || is_among(accounts, n, account))
            continue;
        accounts[n++] = account;
        count(r, account, &ip, ev->size);
    }
}
