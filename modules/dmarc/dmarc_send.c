/* Aggregate reports to domains that ask for them (RFC 9990 2.5, 3): when an interval is over, to those addresses that want
 * reports about that domain. */
#include "dmarc.h"

#include <moxd/enc.h>
#include <moxd/offload.h>
#include <moxd/version.h>

#define LOOKUP_TIMEOUT (60 * MOXD_SEC)
#define ROUND (1800 * MOXD_SEC) /* the longest between two looks at what is due */
#define AFTER (120 * MOXD_SEC)  /* the end of an interval, so that all of it is kept */

struct job {
    struct moxd_dmarc_report report;
    struct moxd_buf xml;
};

static void write(void *arg)
{
    struct job *j = arg;

    moxd_dmarc_report_write(&j->xml, &j->report);
}

static const char *new_id(struct moxd_arena *a)
{
    struct moxd_buf hex = MOXD_BUF_INIT(100);
    unsigned char random[12];

    moxd_random(random, sizeof(random));
    moxd_hex_encode(&hex, moxd_str((const char *)random, sizeof(random)));
    const char *id = moxd_arena_strdup(a, moxd_buf_cstr(&hex));
    moxd_buf_fini(&hex);
    return id;
}

/* RFC 9990 3: addresses of other organizations must want it. 1, 0, -1: DNS does not say. */
static int wants(const char *uri, const struct dmarc_group *g, const struct moxd_dmarc_walk *policy,
                 const struct moxd_dmarc_resolver *r, struct moxd_arena *a)
{
    struct moxd_str localpart, domain;
    struct moxd_dmarc_walk w;

    if (moxd_dmarc_uri_address(moxd_cstr(uri), a, &localpart, &domain) < 0)
        return 0;
    moxd_dmarc_walk(domain, r, a, &w);
    if (w.errors || policy->errors)
        return -1;
    if (moxd_str_caseeq(w.org, policy->org))
        return 1;
    return moxd_dmarc_wants_reports(moxd_cstr(g->domain), domain, r, a);
}

/* Those of the addresses that want reports. -1: it is not known of one, and none does for sure. */
static int choose(const struct dmarc *d, const struct dmarc_group *g, struct moxd_arena *a,
                  const char **out, uint64_t *sizes)
{
    struct dmarc_dns dns = { .psl = d->psl, .deadline = moxd_deadline(LOOKUP_TIMEOUT) };
    const struct moxd_dmarc_resolver r = dmarc_resolver(&dns);
    struct moxd_dmarc_walk policy;
    size_t n = 0;
    bool unsure = false;

    moxd_dmarc_walk(moxd_cstr(g->domain), &r, a, &policy);
    for (size_t i = 0; g->rua[i]; i++) {
        int rc = wants(g->rua[i], g, &policy, &r, a);
        if (rc > 0) {
            sizes[n] = g->sizes[i];
            out[n++] = g->rua[i];
        }
        unsure = unsure || rc < 0;
    }
    out[n] = NULL;
    return n > 0 ? 1 : unsure ? -1 : 0;
}

static size_t count(const char *const *v)
{
    size_t n = 0;

    while (v[n])
        n++;
    return n;
}

static int make_and_send(struct dmarc *d, const struct dmarc_group *g, const char *const *rua,
                         const uint64_t *sizes, struct moxd_arena *a, unsigned *took,
                         struct moxd_err *err)
{
    struct job j = { .report = g->report, .xml = MOXD_BUF_INIT(MOXD_REPORT_MAX) };
    struct reports_out out = { .kind = MOXD_REPORT_DMARC,
                               .domain = g->domain,
                               .begin = g->begin,
                               .end = g->end - 1,
                               .id = new_id(a),
                               .rua = rua,
                               .max_size = sizes };
    const char *host = d->reports->submitter(d->reports_self);

    j.report.organization = host;
    j.report.email = d->reports->contact(d->reports_self);
    j.report.id = moxd_arena_printf(a, "%s@%s", out.id, host);
    j.report.generator = moxd_arena_printf(a, "moxd %s", moxd_version());
    int rc = moxd_offload(MOXD_LANE_CPU, write, &j) == MOXD_OK
                 ? 0
                 : moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (rc == 0 && j.xml.overflow)
        rc = moxd_err_set(err, MOXD_ERR_LIMIT, "the report is too large");
    out.report = moxd_buf_str(&j.xml);
    if (rc == 0)
        rc = d->reports->send(d->reports_self, &out, took, err);
    moxd_buf_fini(&j.xml);
    return rc;
}

/* It is done with when somebody has taken it, or nobody wants it. */
static int report(struct dmarc *d, const struct dmarc_group *g, unsigned *sent,
                  struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const char **rua = moxd_arena_calloc(a, count(g->rua) + 1, sizeof(*rua));
    uint64_t *sizes = moxd_arena_calloc(a, count(g->rua) + 1, sizeof(*sizes));
    unsigned took = 0;
    int rc = g->wanted ? choose(d, g, a, rua, sizes) : 0;

    if (rc < 0)
        return moxd_err_set(err, MOXD_ERR_TEMP, "DNS does not say who wants the report");
    if (rc > 0 && make_and_send(d, g, rua, sizes, a, &took, err) < 0 && took == 0)
        return -1;
    *sent += took > 0;
    return dmarc_reported(d, g, err);
}

int dmarc_send(struct dmarc *d, bool now, unsigned *sent, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct dmarc_group *v;
    size_t n;

    *sent = 0;
    if (!d->reports)
        return moxd_err_set(err, MOXD_ERR_STATE, "without the module reports there are none");
    if (moxd_fifolock_exclusive(&d->sending, MOXD_NEVER) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    int rc = dmarc_groups(d, now, a, &v, &n, err);
    for (size_t i = 0; rc == 0 && i < n && !moxd_fiber_cancelled(); i++) {
        struct moxd_err why = { 0 };
        if (report(d, &v[i], sent, &why) == 0)
            continue;
        moxd_warn(&d->m.log, "DMARC report not sent", moxd_kvs("domain", v[i].domain),
                  moxd_kve(&why));
        *err = why;
    }
    moxd_fifolock_release(&d->sending);
    return rc < 0 || err->kind != MOXD_ERR_NONE ? -1 : 0;
}

/* P-AUTHN-04: a while after each interval, and again what could not be sent. */
void dmarc_sender(void *arg)
{
    struct dmarc *d = arg;
    int64_t pause = AFTER;

    while (d->reports && !d->conf->no_outgoing && moxd_sleep(pause) == MOXD_OK) {
        struct moxd_err err = { 0 };
        unsigned sent;
        (void)dmarc_send(d, false, &sent, &err);
        int64_t end = dmarc_interval_end(moxd_wall() / MOXD_SEC, d->conf->interval) * MOXD_SEC;
        pause = end + AFTER - moxd_wall();
        pause = pause < ROUND ? pause : ROUND;
    }
}
