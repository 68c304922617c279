/* The one way to change domains.conf (CORE-20), and to take over what somebody else changed in it. */
#include "config/conf.h"

#include <moxd/log.h>
#include <moxd/offload.h>

static const struct moxd_log config_log = { .component = "config" };
static struct moxd_fifolock lock; /* around read, change, write, activate */

/* Reading and writing on a worker: a disk may be slow. */
struct file_job {
    const char *path;
    struct moxd_buf text;
    struct conf_stamp stamp;
    struct moxd_err err;
    int rc;
};

static void do_read(void *arg)
{
    struct file_job *job = arg;

    job->rc = conf_file_read(job->path, &job->text, &job->stamp, &job->err);
}

static void do_write(void *arg)
{
    struct file_job *job = arg;

    job->rc =
        conf_file_write(job->path, moxd_buf_str(&job->text), &job->stamp, &job->stamp, &job->err);
}

static int run_job(struct file_job *job, void (*fn)(void *arg), struct moxd_err *err)
{
    moxd_offload(MOXD_LANE_FSYNC, fn, job);
    if (job->rc < 0 && err)
        *err = job->err;
    return job->rc;
}

static int lock_config(struct moxd_err *err)
{
    if (!conf_current())
        return moxd_err_set(err, MOXD_ERR_STATE, "no configuration is loaded");
    if (moxd_fifolock_exclusive(&lock, MOXD_NEVER) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    return 0;
}

static void log_problems(struct moxd_problems *problems)
{
    const struct core_problem *p;

    for (size_t i = 0; (p = core_problems_get(problems, i)); i++)
        moxd_log(&config_log, p->warning ? MOXD_WARN : MOXD_ERROR, "domains.conf",
                 moxd_kvs("problem", p->text), moxd_kvs("hint", p->hint ? p->hint : ""),
                 moxd_kvs("file", p->pos.file), moxd_kvu("line", p->pos.line));
}

/* ---- reload */

static int reload_text(const struct file_job *job, struct moxd_err *err)
{
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *problems = core_problems_new();
    struct moxd_conf *now = conf_current(), *next;

    conf_seen = job->stamp;
    if (moxd_str_eq(moxd_buf_str(&job->text), now->tree->src))
        return 0;
    next = conf_load_domains(now->st, moxd_buf_str(&job->text), problems);
    log_problems(problems);
    if (!next)
        return conf_problems_err(problems, true, err);
    conf_activate_next(next);
    moxd_info(&config_log, "domains.conf was read again");
    return 0;
}

int moxd_conf_reload(struct moxd_err *err)
{
    struct file_job job = { 0 };

    if (lock_config(err) < 0)
        return -1;
    job.path = core_conf_of(conf_current())->domains_path;
    int rc = run_job(&job, do_read, err);
    if (rc == 0)
        rc = reload_text(&job, err);
    moxd_fifolock_release(&lock);
    moxd_buf_fini(&job.text);
    return rc;
}

/* ---- edit */

/* Runs the change on a copy of the tree; the text after it replaces that in `text`. */
static int change_text(struct moxd_buf *text, const char *path,
                       int (*change)(struct moxd_node *root, void *arg, struct moxd_err *err),
                       void *arg, struct moxd_err *err)
{
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *problems = core_problems_new();
    MOXD_CLEANUP(conf_tree_freep)
    struct conf_tree *tree = conf_tree_parse(path, moxd_buf_str(text), problems);

    if (core_problems_errors(problems)) {
        conf_problems_err(problems, true, err);
        return moxd_err_wrap(err, "the file has errors, nothing was changed");
    }
    if (change(&tree->root, arg, err) < 0)
        return -1;
    moxd_buf_reset(text);
    conf_tree_write(tree, text);
    return text->overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "domains.conf would become too large")
                          : 0;
}

/* Checks the new text as a start would, writes it, makes it current. */
static int commit(struct file_job *job, struct moxd_err *err)
{
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *problems = core_problems_new();
    struct moxd_conf *next =
        conf_load_domains(conf_current()->st, moxd_buf_str(&job->text), problems);

    if (!next)
        return conf_problems_err(problems, false, err);
    if (run_job(job, do_write, err) < 0) {
        moxd_conf_unref(next);
        return -1;
    }
    conf_seen = job->stamp;
    conf_activate_next(next);
    moxd_info(&config_log, "domains.conf was changed");
    return 0;
}

static int edit(struct file_job *job,
                int (*change)(struct moxd_node *root, void *arg, struct moxd_err *err), void *arg,
                struct moxd_err *err)
{
    if (run_job(job, do_read, err) < 0 || change_text(&job->text, job->path, change, arg, err) < 0)
        return -1;
    if (moxd_str_eq(moxd_buf_str(&job->text), conf_current()->tree->src))
        return 0;
    return commit(job, err);
}

int moxd_conf_edit(int (*change)(struct moxd_node *root, void *arg, struct moxd_err *err),
                   void *arg, struct moxd_err *err)
{
    struct file_job job = { 0 };

    if (lock_config(err) < 0)
        return -1;
    job.path = core_conf_of(conf_current())->domains_path;
    int rc = edit(&job, change, arg, err);
    moxd_fifolock_release(&lock);
    moxd_buf_fini(&job.text);
    return rc;
}
