/* moxctl example check DOMAIN */
#include "example.h"

int example_cmd_check(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    const struct example *e = MOXD_CONTAINER(m, struct example, m);
    char why[200];
    int rc;

    (void)argc;
    if (!e->conf->zone)
        return moxd_err_set(err, MOXD_ERR_STATE, "there is no zone in example { } of moxd.conf");
    rc = example_listed(e->conf->zone, moxd_cstr(argv[0]), why, sizeof(why), err);
    if (rc < 0)
        return -1;
    return moxd_ctl_printf(c, "%s: %s%s%s\n", argv[0], rc ? "listed" : "not listed",
                           why[0] ? ": " : "", why);
}
