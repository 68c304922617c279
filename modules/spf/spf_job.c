/* Checks that run in the background. */
#include "spf.h"

#include <netinet/in.h>

static void unref(struct spf_job *job)
{
    if (--job->refs > 0)
        return;
    moxd_arena_free(job->a);
    free(job);
}

/* The last thing that the job's fiber does. */
static void finish(struct spf_job *job)
{
    job->done = true;
    moxd_waitq_wake_all(&job->waiters);
    unref(job);
}

static void run_spf(void *arg)
{
    struct spf_job *job = arg;
    const struct moxd_spf_resolver resolver = { spf_dns_lookup, &job->dns };
    int64_t started = moxd_mono();

    moxd_spf_check(&job->args, &resolver, job->a, &job->out);
    if (!moxd_fiber_cancelled()) {
        moxd_metric_inc(job->spf->results, job->is_helo ? "helo" : "mailfrom",
                        moxd_spf_result_name(job->out.result));
        moxd_metric_observe(job->spf->seconds, NULL, NULL,
                            (double)(moxd_mono() - started) / (double)MOXD_SEC);
    }
    finish(job);
}

static void run_iprev(void *arg)
{
    struct spf_job *job = arg;

    job->iprev =
        spf_iprev_check((const struct sockaddr *)&job->addr, &job->dns, job->a, &job->name);
    if (!moxd_fiber_cancelled())
        moxd_metric_inc(job->spf->results, "iprev", spf_iprev_name(job->iprev));
    finish(job);
}

static struct spf_job *job_new(struct spf *spf)
{
    struct spf_job *job = moxd_xcalloc(1, sizeof(*job));

    job->refs = 2;
    job->spf = spf;
    job->a = moxd_arena_new(0);
    job->dns.deadline = moxd_deadline(spf->conf->timeout);
    return job;
}

static void take_client(struct moxd_spf_args *args, const struct sockaddr *addr)
{
    if (addr->sa_family == AF_INET)
        moxd_spf_ip(args, &((const struct sockaddr_in *)(const void *)addr)->sin_addr, 4);
    else
        moxd_spf_ip(args, &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr, 16);
}

/* RFC 7208 2.4: the null path stands for postmaster at the HELO name. */
struct spf_job *spf_job_spf(struct spf *spf, const struct smtp_mail *mail, bool is_helo)
{
    struct spf_job *job = job_new(spf);

    job->is_helo = is_helo || mail->from.domain.n == 0;
    job->args.helo = moxd_arena_str(job->a, mail->conn->helo);
    job->args.domain = job->is_helo ? job->args.helo : moxd_arena_str(job->a, mail->from.domain);
    if (!job->is_helo)
        job->args.localpart = moxd_arena_str(job->a, mail->from.localpart);
    job->args.receiver = moxd_arena_strdup(job->a, mail->conn->hostname);
    job->args.now = moxd_wall() / MOXD_SEC;
    job->args.local_names = spf->conf->local_names;
    take_client(&job->args, mail->conn->remote);
    job->fiber = moxd_module_spawn(&spf->m, "spf", run_spf, job);
    return job;
}

struct spf_job *spf_job_iprev(struct spf *spf, const struct smtp_conn *conn)
{
    struct spf_job *job = job_new(spf);
    size_t n = conn->remote->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                  : sizeof(struct sockaddr_in6);

    memcpy(&job->addr, conn->remote, n);
    job->fiber = moxd_module_spawn(&spf->m, "iprev", run_iprev, job);
    return job;
}

void spf_job_drop(struct spf_job *job)
{
    if (!job)
        return;
    if (!job->done)
        (void)moxd_fiber_cancel(job->fiber);
    unref(job);
}

int spf_job_wait(struct spf_job *job)
{
    while (!job->done) {
        int rc = moxd_waitq_wait(&job->waiters, MOXD_NEVER);
        if (rc != MOXD_OK)
            return rc;
    }
    return MOXD_OK;
}

void spf_msg_fini(void *slot)
{
    struct spf_msg *msg = slot;

    spf_job_drop(msg->from);
    spf_job_drop(msg->helo);
}

void spf_session_fini(void *slot)
{
    spf_job_drop(((struct spf_session *)slot)->iprev);
}
