/* Reports about a day that is over: to whom, what, and that it is forgotten then. */
#include "tlsrpt.h"

#include <moxd/dns.h>
#include <moxd/enc.h>
#include <moxd/offload.h>

#define LOOKUP_TIMEOUT (30 * MOXD_SEC)
#define ROUND (3600 * MOXD_SEC) /* the longest between two looks at what is due */

int tlsrpt_lookup(const char *domain, struct moxd_arena *a, struct moxd_tlsrpt_record *out,
                  struct moxd_err *err)
{
    const char *name = moxd_arena_printf(a, "_smtp._tls.%s", domain);
    const struct moxd_dns_record *found = NULL;
    struct moxd_dns_answer ans;
    size_t n = 0;

    if (moxd_dns_query(name, MOXD_DNS_TXT, a, &ans, moxd_deadline(LOOKUP_TIMEOUT)) != MOXD_OK ||
        ans.status == MOXD_DNS_TEMP || ans.status == MOXD_DNS_BOGUS)
        return moxd_err_set(err, MOXD_ERR_TEMP, "DNS does not say who wants reports about %s",
                            domain);
    for (size_t i = 0; ans.status == MOXD_DNS_OK && i < ans.n; i++)
        if (moxd_tlsrpt_is_record(ans.rr[i].text)) {
            found = &ans.rr[i];
            n++;
        }
    return n == 1 && moxd_tlsrpt_record_parse(found->text, a, out, NULL) == 0;
}

/* ---- one report: of a domain and a day */

struct job {
    struct tlsrpt *t;
    struct moxd_arena *a;
    int64_t day;
    const char *domain;
    struct moxd_tlsrpt_report report;
    struct moxd_buf json;
    const char *id;
};

static void write(void *arg)
{
    struct job *j = arg;

    moxd_tlsrpt_write(&j->json, &j->report);
}

static void fill(struct job *j, struct tlsrpt_result *v, size_t n)
{
    struct moxd_buf hex = MOXD_BUF_INIT(100);
    unsigned char random[12];

    moxd_random(random, sizeof(random));
    moxd_hex_encode(&hex, moxd_str((const char *)random, sizeof(random)));
    j->id = moxd_arena_strdup(j->a, moxd_buf_cstr(&hex));
    moxd_buf_fini(&hex);
    const char *host = j->t->reports->submitter(j->t->reports_self);
    j->report = (struct moxd_tlsrpt_report){
        .organization = host,
        .contact = j->t->reports->contact(j->t->reports_self),
        .id = moxd_arena_printf(j->a, "%s@%s", j->id, host),
        .begin = j->day * TLSRPT_DAY,
        .end = (j->day + 1) * TLSRPT_DAY - 1,
        .v = moxd_arena_calloc(j->a, n, sizeof(*j->report.v)),
        .n = n,
    };
    for (size_t i = 0; i < n; i++)
        j->report.v[i] = v[i].policy;
}

static int send_report(struct job *j, const struct moxd_tlsrpt_record *record, unsigned *sent,
                       struct moxd_err *err)
{
    struct reports_out out = { .kind = MOXD_REPORT_TLS,
                               .domain = j->domain,
                               .begin = j->report.begin,
                               .end = j->report.end,
                               .id = j->id,
                               .rua = record->rua };

    moxd_buf_init(&j->json, MOXD_REPORT_MAX);
    int rc = moxd_offload(MOXD_LANE_CPU, write, j) == MOXD_OK
                 ? 0
                 : moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    out.report = moxd_buf_str(&j->json);
    if (rc == 0)
        rc = j->t->reports->send(j->t->reports_self, &out, sent, err);
    moxd_buf_fini(&j->json);
    return rc;
}

/* P-AUTHN-07 */
static bool worth_it(const struct tlsrpt *t, const struct tlsrpt_result *v, size_t n)
{
    uint64_t failures = 0;

    for (size_t i = 0; i < n; i++)
        failures += v[i].policy.failures;
    return failures > 0 || t->conf->all_success;
}

/* The report about the n results; they are forgotten when one address has taken it, nobody wants it, or it is too late. */
static int report(struct tlsrpt *t, struct tlsrpt_result *v, size_t n, unsigned *sent,
                  struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct job j = { .t = t, .a = a, .day = v->day, .domain = v->policy.domain };
    struct moxd_tlsrpt_record record;
    struct moxd_err why = { 0 };
    unsigned took = 0;
    int rc = worth_it(t, v, n) ? tlsrpt_lookup(j.domain, a, &record, &why) : 0;

    if (rc > 0) {
        fill(&j, v, n);
        rc = send_report(&j, &record, &took, &why);
    }
    *sent += took > 0;
    bool late = v->day + TLSRPT_DAYS_MAX < moxd_wall() / MOXD_SEC / TLSRPT_DAY;
    if (rc < 0 && took == 0 && !late) {
        *err = why;
        return -1;
    }
    return tlsrpt_forget(t, j.day, j.domain, err);
}

/* ---- all */

static size_t same(const struct tlsrpt_result *v, size_t n)
{
    size_t i = 1;

    while (i < n && v[i].day == v->day && strcmp(v[i].policy.domain, v->policy.domain) == 0)
        i++;
    return i;
}

static int send_all(struct tlsrpt *t, bool now, int64_t *next, unsigned *sent, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct tlsrpt_result *v;
    struct moxd_err why = { 0 };
    size_t n;
    int rc = tlsrpt_results(t, a, &v, &n, err);

    for (size_t i = 0, k; rc == 0 && i < n && !moxd_fiber_cancelled(); i += k) {
        int64_t due = tlsrpt_due(v[i].day, v[i].policy.domain);
        k = same(v + i, n - i);
        if (!now && due > moxd_wall() / MOXD_SEC)
            *next = due < *next ? due : *next;
        else if (report(t, v + i, k, sent, &why) < 0)
            moxd_warn(&t->m.log, "TLS report not sent", moxd_kvs("domain", v[i].policy.domain),
                      moxd_kve(&why));
    }
    if (why.kind != MOXD_ERR_NONE) {
        *err = why;
        return -1;
    }
    return rc;
}

int tlsrpt_send(struct tlsrpt *t, bool now, unsigned *sent, struct moxd_err *err)
{
    int64_t next = INT64_MAX;

    *sent = 0;
    if (moxd_fifolock_exclusive(&t->sending, MOXD_NEVER) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    int rc = send_all(t, now, &next, sent, err);
    moxd_fifolock_release(&t->sending);
    return rc;
}

void tlsrpt_sender(void *arg)
{
    struct tlsrpt *t = arg;
    int64_t pause = 60 * MOXD_SEC;

    while (!t->conf->no_outgoing && moxd_sleep(pause) == MOXD_OK) {
        int64_t next = INT64_MAX;
        struct moxd_err err = { 0 };
        unsigned sent = 0;
        if (moxd_fifolock_exclusive(&t->sending, MOXD_NEVER) != MOXD_OK)
            return;
        (void)send_all(t, false, &next, &sent, &err);
        moxd_fifolock_release(&t->sending);
        int64_t left = next == INT64_MAX ? ROUND : next * MOXD_SEC - moxd_wall();
        pause = left < MOXD_SEC ? MOXD_SEC : left < ROUND ? left : ROUND;
    }
}
