/* The table of contents. */
#include "search.h"

#include <errno.h>
#include <fcntl.h>
#include <moxd/path.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *const needs[] = { "accounts/1", "store/1.3", NULL };
static const struct moxd_interface provides[] = { { "search", 2, 0, &search_api }, { 0 } };

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_store_commit, search_on_store_commit),
    MOXD_HOOK(on_account_remove, search_on_account_remove, .before = "store", .optional = true),
    { 0 },
};

static const struct moxd_metric metrics[] = {
    { .name = "moxd_search_indexed_total",
      .type = MOXD_COUNTER,
      .help = "Messages that were taken up into search indexes." },
    { .name = "moxd_search_questions_total",
      .type = MOXD_COUNTER,
      .help = "Searches for which an index was asked." },
    { 0 },
};

static const struct moxd_command commands[] = {
    { .name = "search status",
      .args = "[ACCOUNT...]",
      .max_args = -1,
      .run = search_cmd_status,
      .summary = "what is in the search indexes, and how far they are" },
    { .name = "search rebuild",
      .args = "[ACCOUNT...]",
      .max_args = -1,
      .run = search_cmd_rebuild,
      .summary = "make search indexes anew",
      .help =
          "In the background, for all accounts unless some are named. Meanwhile searches read the "
          "messages, as without an index." },
    { 0 },
};

static int init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct search *s = MOXD_CONTAINER(m, struct search, m);

    (void)err;
    s->conf = moxd_conf_module(conf, m);
    s->store = moxd_interface_get(m, "store", &s->store_self);
    s->accounts_api = moxd_interface_get(m, "accounts", &s->accounts_self);
    s->indexed = moxd_metric_find("moxd_search_indexed_total");
    s->questions = moxd_metric_find("moxd_search_questions_total");
    s->dir = moxd_path_dup(moxd_conf_core()->data_dir, "search");
    return 0;
}

static int start(struct moxd_instance *m, struct moxd_err *err)
{
    struct search *s = MOXD_CONTAINER(m, struct search, m);
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);

    if (mkdir(s->dir, 0700) < 0 && errno != EEXIST)
        return moxd_err_sys(err, "mkdir %s", s->dir);
    s->cutter = search_cutter_new();
    search_batch_init(&s->batch);
    for (const char *const *v = s->accounts_api->list(s->accounts_self, a); *v; v++)
        search_account_queue(s, search_account_get(s, *v), 0);
    (void)moxd_module_spawn(m, "search", search_main, s);
    return 0;
}

static void stop(struct moxd_instance *m)
{
    struct search *s = MOXD_CONTAINER(m, struct search, m);

    search_accounts_free(s);
    search_cutter_free(s->cutter);
    search_batch_fini(&s->batch);
    free(s->dir);
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("search", PACKAGE_VERSION, "an index that makes searches in mail fast"),
    .needs = needs,
    .provides = provides,
    .conf = &search_conf_block,
    .hooks = hooks,
    .commands = commands,
    .metrics = metrics,
    .instance_size = sizeof(struct search),
    .init = init,
    .start = start,
    .stop = stop,
};
