/* What moxd's resolver answers, a line for each query:
 *
 *     dns_query ANCHOR-FILE SERVER ZONE,ZONE... NAME/TYPE...
 *
 * prints "NAME/TYPE status secure|insecure records". SERVER (127.0.0.1@5300) is asked for the zones. */
#include <moxd/dns.h>
#include <moxd/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZONES_MAX = 16 };

static int argc;
static char **argv;

static enum moxd_dns_type type_of(const char *name)
{
    static const struct {
        const char *name;
        enum moxd_dns_type type;
    } types[] = {
        { "A", MOXD_DNS_A },       { "MX", MOXD_DNS_MX },     { "TXT", MOXD_DNS_TXT },
        { "AAAA", MOXD_DNS_AAAA }, { "TLSA", MOXD_DNS_TLSA }, { "CNAME", MOXD_DNS_CNAME },
    };

    for (size_t i = 0; i < MOXD_NELEMS(types); i++) {
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    }
    fprintf(stderr, "unknown type %s\n", name);
    exit(2);
}

static void set_up(const char *anchor, const char *server, char *zones)
{
    struct moxd_dns_stub stubs[ZONES_MAX];
    struct moxd_dns_opts opts = { .trust_anchor_file = anchor, .stubs = stubs };
    struct moxd_err err = { 0 };

    for (char *z = strtok(zones, ","); z != NULL && opts.nstubs < ZONES_MAX; z = strtok(NULL, ","))
        stubs[opts.nstubs++] = (struct moxd_dns_stub){ z, server };
    if (moxd_dns_setup(&opts, &err) == 0)
        return;
    fprintf(stderr, "%s\n", err.priv);
    exit(2);
}

static void ask(const char *query)
{
    static const char *const names[] = { "ok", "nodata", "nxdomain", "temp", "bogus" };
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_dns_answer ans;
    char *name = moxd_arena_strdup(a, query), *slash = strchr(name, '/');

    if (slash == NULL)
        exit(2);
    *slash = '\0';
    moxd_dns_query(name, type_of(slash + 1), a, &ans, moxd_deadline(30 * MOXD_SEC));
    printf("%s %s %s %zu\n", query, names[ans.status], ans.secure ? "secure" : "insecure", ans.n);
    if (ans.why_bogus != NULL)
        fprintf(stderr, "# %s\n", ans.why_bogus);
    moxd_arena_free(a);
}

static void run(void *arg)
{
    (void)arg;
    set_up(argv[1], argv[2], argv[3]);
    for (int i = 4; i < argc; i++)
        ask(argv[i]);
    moxd_dns_fini();
}

int main(int n, char **v)
{
    argc = n;
    argv = v;
    if (argc < 5)
        return 2;
    moxd_loop_main(run, NULL);
    return 0;
}
