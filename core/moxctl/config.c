/* moxctl config ...: what can be said about configurations without a server. */
#include "moxctl/modules.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { TEXT_MAX = 8 << 20 };

/* The check is the daemon's: it knows about keys, addresses and users too. */
int moxctl_config_test(struct moxctl *x, int argc, char **argv)
{
    const char *moxd = moxctl_find_moxd(x);

    (void)argc, (void)argv;
    fflush(stdout);
    execl(moxd, moxd, "-t", "-c", x->config, (char *)NULL);
    return moxctl_fail(MOXCTL_FAILED, "running %s: %s", moxd, strerror(errno));
}

typedef void describe_fn(const struct core_conf_module *mods, size_t n, struct moxd_buf *out);

static int print_tables(struct moxctl *x, describe_fn *const *describe)
{
    struct moxd_buf text = MOXD_BUF_INIT(TEXT_MAX);
    struct moxctl_modules mm;

    if (moxctl_modules_load(x, false, &mm) < 0)
        return MOXCTL_FAILED;
    for (size_t i = 0; describe[i]; i++) {
        if (i > 0)
            moxd_buf_addc(&text, '\n');
        describe[i](mm.mods, mm.n, &text);
    }
    fwrite(moxd_buf_cstr(&text), 1, text.n, stdout);
    moxd_buf_fini(&text);
    moxctl_modules_free(&mm);
    return MOXCTL_OK;
}

int moxctl_config_static(struct moxctl *x, int argc, char **argv)
{
    (void)argc, (void)argv;
    return print_tables(x, (describe_fn *const[]){ core_conf_describe_static, NULL });
}

int moxctl_config_domains(struct moxctl *x, int argc, char **argv)
{
    (void)argc, (void)argv;
    return print_tables(x, (describe_fn *const[]){ core_conf_describe_domains, NULL });
}

int moxctl_config_man(struct moxctl *x, int argc, char **argv)
{
    (void)argc, (void)argv;
    return print_tables(x, (describe_fn *const[]){ core_conf_man, NULL });
}

int moxctl_config_module(struct moxctl *x, int argc, char **argv)
{
    struct moxd_buf text = MOXD_BUF_INIT(TEXT_MAX);
    struct moxctl_modules mm;

    (void)argc;
    if (moxctl_modules_load(x, false, &mm) < 0)
        return MOXCTL_FAILED;
    int rc = core_conf_describe_module(mm.mods, mm.n, argv[0], &text);
    fwrite(moxd_buf_cstr(&text), 1, text.n, stdout);
    moxd_buf_fini(&text);
    moxctl_modules_free(&mm);
    return rc == 0 ? MOXCTL_OK
                   : moxctl_fail(MOXCTL_FAILED, "there is no module \"%s\" here", argv[0]);
}

static void title_static(const struct core_conf_module *mods, size_t n, struct moxd_buf *out)
{
    moxd_buf_adds(out, "# ---- moxd.conf\n");
    core_conf_example_static(mods, n, out);
}

static void title_domains(const struct core_conf_module *mods, size_t n, struct moxd_buf *out)
{
    moxd_buf_adds(out, "# ---- domains.conf\n");
    core_conf_example_domains(mods, n, out);
}

int moxctl_config_example(struct moxctl *x, int argc, char **argv)
{
    if (argc == 0)
        return print_tables(x, (describe_fn *const[]){ title_static, title_domains, NULL });
    if (strcmp(argv[0], "static") == 0)
        return print_tables(x, (describe_fn *const[]){ core_conf_example_static, NULL });
    if (strcmp(argv[0], "domains") == 0)
        return print_tables(x, (describe_fn *const[]){ core_conf_example_domains, NULL });
    return moxctl_fail(MOXCTL_USAGE, "there is no example \"%s\"; there are static and domains",
                       argv[0]);
}
