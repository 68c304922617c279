/* The report in a message that comes in: found, unpacked and parsed on a worker. */
#include "reports.h"

#include <moxd/offload.h>
#include <moxmail/address.h>

static const char *canonical(struct reports *r, struct moxd_str localpart, struct moxd_str domain,
                             struct moxd_arena *a)
{
    struct accounts_target to = { 0 };

    return r->accounts->resolve(r->accounts_self, localpart, domain, a, &to, NULL) == 0 ? to.address
                                                                                        : NULL;
}

bool reports_addressed(struct reports *r, const struct smtp_message *msg, const char *address)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const char *want = NULL;
    struct moxd_address ad;

    if (address && moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, a, &ad, NULL) == 0)
        want = canonical(r, ad.localpart, ad.domain.ascii, a);
    for (size_t i = 0; want && i < msg->nrcpts; i++) {
        const struct smtp_path *to = &msg->rcpts[i]->to;
        const char *is = canonical(r, to->localpart, to->domain, a);
        if (is && strcmp(is, want) == 0)
            return true;
    }
    return false;
}

struct job {
    const struct store_v1 *store;
    struct store_draft *draft;
    uint64_t size;
    const struct reports_reading *to;
    int rc;
    struct moxd_err err;
};

static ssize_t read_at(const void *ctx, uint64_t off, void *p, size_t n)
{
    const struct job *j = ctx;

    return j->store->draft_read(j->draft, off, p, n, NULL);
}

static void run(void *arg)
{
    struct job *j = arg;
    const struct reports_reading *to = j->to;
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const struct moxd_reader r = { .read_at = read_at, .ctx = j, .size = j->size };
    struct moxd_report_part *parts;
    size_t n = 0;

    j->rc = moxd_report_parts(&r, to->r->kind, a, &parts, &n, &j->err);
    if (j->rc == 0 && n == 0)
        j->rc = moxd_err_set(&j->err, MOXD_ERR_NOTFOUND, "the message has no report attached");
    for (size_t i = 0; i < n; i++) {
        moxd_buf_reset(to->report);
        j->rc = moxd_report_part_read(&r, &parts[i], to->report, &j->err);
        if (j->rc == 0)
            j->rc = to->r->parse(moxd_buf_str(to->report), to->domain, to->a, to->in, &j->err);
        if (j->rc == 0 || to->report->overflow)
            break;
    }
}

int reports_read(struct reports *r, const struct smtp_message *msg,
                 const struct reports_reading *to, struct moxd_err *err)
{
    struct job j = { .store = r->store, .draft = msg->draft, .size = msg->size, .to = to };

    if (moxd_offload(MOXD_LANE_CPU, run, &j) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (j.rc < 0)
        *err = j.err;
    moxd_metric_inc(r->received, reports_kinds[to->r->kind], j.rc == 0 ? "ok" : "invalid");
    return j.rc;
}
