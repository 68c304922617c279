/* Rulesets: lines with an expression for MAIL FROM, one for the name of a field, one for its value; then a header. */
#include "fuzz.h"

#include "rulesets.h"

static const char *line(struct moxd_str *rest, struct moxd_arena *a)
{
    struct moxd_str l = moxd_str_cut(rest, '\n');

    return moxd_arena_str(a, moxd_str_sub(l, 0, 100)).p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str rest = moxd_str((const char *)data, size);
    struct moxd_arena *a = moxd_arena_new(0);
    const char *from = line(&rest, a), *name = line(&rest, a), *value = line(&rest, a);
    struct rulesets_header_conf header = { .head.label = name, .value = value };
    void *headers[] = { &header };
    struct rulesets_ruleset_conf one = { .mail_from = from, .headers = { headers, 1 } };
    void *all[] = { &one };
    struct rulesets_conf conf = { .rulesets = { all, 1 } };
    struct rulesets_facts f = { .mail_from = MOXD_STR("owner-list@lists.example"),
                                .header = moxd_str_sub(rest, 0, 2000) };
    int slow;

    int found = rulesets_find(&conf, &f, &slow);
    moxd_assert(found == 0 || found == -1);
    moxd_arena_free(a);
    return 0;
}
