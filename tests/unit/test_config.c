/* Directive tables applied: values, defaults, checks, and the exact words about mistakes.
 * proves: CORE-03, CORE-05, CORE-15, CORE-18, CORE-25, CORE-28, P-CORE-01, P-CORE-02, P-CORE-10, P-CORE-11,
 * P-CORE-13 */
#include "unit.h"

#include "config.h"

#include <moxd/clock.h>
#include <moxd/log.h>
#include <stdio.h>
#include <unistd.h>

#define ERR "/etc/moxd/moxd.conf:"
#define DERR "/etc/moxd/domains.conf:"

static struct moxd_buf problems;

static struct moxd_conf *good(const char *text, const char *domains)
{
    struct moxd_conf *conf = config_load(text, domains, &problems);

    ck_assert_str_eq(moxd_buf_cstr(&problems), "");
    ck_assert_ptr_nonnull(conf);
    return conf;
}

static void bad(const char *text, const char *domains, const char *expected)
{
    struct moxd_conf *conf = config_load(text, domains, &problems);

    ck_assert_str_eq(moxd_buf_cstr(&problems), expected);
    ck_assert_ptr_null(conf);
    moxd_buf_fini(&problems);
}

START_TEST(defaults)
{
    struct moxd_conf *conf = good("", "");
    const struct post_conf *p = moxd_conf_module(conf, config_mods[0].m);
    const struct moxd_core_conf *c = moxd_conf_core();

    ck_assert_int_eq(p->max_size, 100 << 20);
    ck_assert_int_eq(p->delay, 15 * MOXD_SEC);
    ck_assert_int_eq(p->retries, -1);
    ck_assert(!p->strict && !p->key_file && !p->secret);
    ck_assert_str_eq(p->banner, "hello world");
    ck_assert_int_eq(p->mode, 1);
    ck_assert_uint_eq(p->relays.n, 0);
    ck_assert_ptr_nonnull(p->relays.v);
    ck_assert_ptr_null(p->head.node);
    ck_assert_str_eq(c->user, "moxd");
    ck_assert_str_eq(c->domains_path, "/etc/moxd/domains.conf");
    ck_assert_str_eq(c->config_path, "/etc/moxd/moxd.conf");
    ck_assert_int_eq(c->stop_grace, 3 * MOXD_SEC);
    ck_assert_int_eq(c->log_level, MOXD_INFO);
    ck_assert(!c->pedantic && !c->no_fix_permissions);
    ck_assert_ptr_nonnull(c->dns);
    ck_assert_ptr_nonnull(c->tls);
    moxd_conf_unref(conf);
    ck_assert_ptr_null(moxd_conf_core());
}
END_TEST

START_TEST(values)
{
    struct moxd_conf *conf = good(
        "data-dir = data\nuser = _mox\npedantic = true\nno-fix-permissions = true\n"
        "tls { ca = [\"ca.pem\", \"/x/ca.pem\"] no-system-ca = true }\n"
        "post { max-size = 5M delay = 1h30m retries = 7 strict = true\n"
        "  banner = \"a \\\"b\\\"\" key-file = keys/k secret = \"0123456789\" mode = fast\n}\n",
        "");
    const struct post_conf *p = moxd_conf_module(conf, config_mods[0].m);
    const struct moxd_core_conf *c = core_conf_of(conf);
    const struct core_tls_conf *tls = c->tls;

    ck_assert_int_eq(p->max_size, 5 << 20);
    ck_assert_int_eq(p->delay, 5400 * MOXD_SEC);
    ck_assert_int_eq(p->retries, 7);
    ck_assert(p->strict);
    ck_assert_str_eq(p->banner, "a \"b\"");
    ck_assert_str_eq(p->key_file, "/etc/moxd/keys/k");
    ck_assert_str_eq(p->secret, "0123456789");
    ck_assert_int_eq(p->mode, 0);
    ck_assert_uint_eq(p->head.pos.line, 6);
    ck_assert_str_eq(c->data_dir, "/etc/moxd/data");
    ck_assert_str_eq(c->control_path, "/etc/moxd/data/ctl");
    ck_assert_str_eq(c->user, "_mox");
    ck_assert(c->pedantic && c->no_fix_permissions && tls->no_system_ca);
    ck_assert_str_eq(tls->ca.v[0], "/etc/moxd/ca.pem");
    ck_assert_str_eq(tls->ca.v[1], "/x/ca.pem");
    ck_assert_ptr_null(tls->ca.v[2]);
    moxd_conf_unref(conf);
}
END_TEST

START_TEST(wrong_values)
{
    bad("post {\n"
        "  max-size = 2G\n"
        "  delay = 5\n"
        "  retries = many\n"
        "  strict = yes\n"
        "  banner = \"\"\n"
        "  key-file = \"\"\n"
        "  secret = short\n"
        "  mode = fats\n"
        "  relays = [\"a:1\", b, \"c:2\", d]\n"
        "}\n",
        "",
        ERR "2:14: error: max-size = \"2G\": must be between 1 and 1G\n" ERR
            "3:11: error: delay = \"5\": must be a time like 500ms, 15s, 4h or 7d\n" ERR
            "4:13: error: retries = \"many\": must be a whole number\n" ERR
            "5:12: error: strict = \"yes\": must be true or false\n" ERR
            "6:12: error: banner = \"\": must have 1 to 20 bytes\n" ERR
            "7:14: error: key-file = \"\": must not be empty\n" ERR
            "8:12: error: secret: must have 8 to 64 bytes\n" ERR
            "9:10: error: mode = \"fats\": must be one of \"fast\", \"careful\"; did you mean "
            "\"fast\"?\n" ERR "10:20: error: relays = \"b\": must be HOST:PORT\n" ERR
            "10:30: error: relays = \"d\": must be HOST:PORT\n");
}
END_TEST

START_TEST(wrong_forms)
{
    bad("post = 1\n"
        "hostname { }\n"
        "pedantic = [true]\n"
        "tls \"x\" { }\n"
        "listener { addresses = \"127.0.0.1\" }\n"
        "listener \"\" { addresses = \"127.0.0.1\" smtp \"a\" { } submissions = 1 }\n",
        "rule \"x\" { }\naccount { domain = x }\naccount { }\n",
        ERR "1:1: error: \"post\" is a block (write it with { ... })\n" ERR
            "2:1: error: \"hostname\" is not a block (write name = value)\n" ERR
            "3:1: error: \"pedantic\" takes one value, not a list\n" ERR
            "4:1: error: tls takes no label\n" ERR
            "5:1: error: listener needs a label (write name \"label\" { ... })\n" ERR
            "6:1: error: listener has an empty label\n" ERR "6:39: error: smtp takes no label\n" ERR
            "6:52: error: \"submissions\" is a block (write it with { ... })\n" ERR
            "8:1: error: hostname is there twice, first in line 2\n" DERR
            "1:1: error: rule takes no label\n" DERR
            "2:1: error: account needs a label (write name \"label\" { ... })\n" DERR
            "3:1: error: account needs a label (write name \"label\" { ... })\n" DERR
            "3:1: error: directive \"domain\" is missing in account \"\" (for example: domain = "
            "example.org)\n");
}
END_TEST

START_TEST(unknown_and_double_names)
{
    bad("hostnme = mx\n"
        "pots { }\n"
        "wholly-different = 1\n"
        "wholly-different { }\n"
        "post { max_size = 1M strict = true strict = false }\n"
        "listener \"a\" { addresses = [\"127.0.0.1\"] imap { } smpt { } }\n"
        "listener \"b\" { addresses = [\"127.0.0.2\"] }\n"
        "listener \"a\" { addresses = [\"127.0.0.3\"] }\n"
        "data-dir = a\ndata-dir = b\n",
        "domian \"x\" { }\n"
        "domain \"x\" { post { selectro = s } }\n"
        "post { }\n",
        ERR
        "1:1: error: unknown directive \"hostnme\" (did you mean \"hostname\"?)\n" ERR
        "2:1: error: unknown directive \"pots\" (did you mean \"post\"?)\n" ERR
        "3:1: error: unknown directive \"wholly-different\"\n" ERR
        "4:1: error: unknown directive \"wholly-different\" (no module in \"modules\" has it)\n" ERR
        "5:8: error: unknown directive \"max_size\" in post (did you mean \"max-size\"?)\n" ERR
        "5:36: error: strict is there twice, first in line 5\n" ERR
        "6:42: error: unknown directive \"imap\" in listener \"a\" (no module in \"modules\" has "
        "it)\n" ERR
        "6:51: error: unknown directive \"smpt\" in listener \"a\" (did you mean \"smtp\"?)\n" ERR
        "8:1: error: listener \"a\" is there twice, first in line 6\n" ERR
        "10:1: error: data-dir is there twice, first in line 9\n" DERR
        "1:1: error: unknown directive \"domian\" (did you mean \"domain\"?)\n" DERR
        "2:21: error: unknown directive \"selectro\" in post (did you mean \"selector\"?)\n" DERR
        "3:1: error: unknown directive \"post\" (no module in \"modules\" has it)\n");
}
END_TEST

START_TEST(all_errors_of_both_files_in_one_run)
{
    bad("listener \"x\" {\n"
        "  addresses = [\"127.0.0.1\", \"localhost\"]\n"
        "  tls { min-version = \"TLSv1.1\" }\n"
        "}\n"
        "modules = []\n"
        "hostname = -mx-\n"
        "log \"smtp\" { }\n"
        "a = = b\n",
        "account \"mjl\" { }\naccount \"x\" {",
        ERR
        "2:29: error: addresses = \"localhost\": must be an IPv4 or IPv6 address\n" ERR
        "3:3: error: TLS without a certificate (add: pair \"name\" { certificate = \"...\" key = "
        "\"...\" })\n" ERR
        "3:23: error: min-version = \"TLSv1.1\": must be one of \"TLSv1.2\", \"TLSv1.3\"; did you "
        "mean \"TLSv1.2\"?\n" ERR
        "6:12: error: hostname = \"-mx-\": must be a host name like mail.example.org\n" ERR
        "7:1: error: directive \"level\" is missing in log \"smtp\" (for example: level = "
        "debug)\n" ERR "8:5: error: expected a value after = (write \"\" for an empty one)\n" DERR
        "1:1: error: directive \"domain\" is missing in account \"mjl\" (for example: domain = "
        "example.org)\n" DERR
        "2:1: error: block \"account\" is not closed (its } is missing)\n" DERR
        "2:1: error: directive \"domain\" is missing in account \"x\" (for example: domain = "
        "example.org)\n");
}
END_TEST

START_TEST(required_in_moxd_conf)
{
    bad("hostname = a.example\n# modules\n", "",
        ERR "1:1: error: directive \"modules\" is missing (for example: modules = [\"accounts\", "
            "\"store\", \"auth\", \"smtp\", \"imap\", \"trace\"])\n");
}
END_TEST

START_TEST(checks_of_blocks_and_modules)
{
    bad("post {\n  strict = true\n  relays = [\"a:1\"]\n}\n", "",
        ERR "3:13: error: strict excludes relays (remove one of them)\n");
    bad("", "domain \"a.example\" { }\naccount \"mjl\" { domain = b.example }\n",
        DERR "2:1: error: account \"mjl\": no domain \"b.example\" (moxctl domain add)\n");
}
END_TEST

START_TEST(listeners_and_services)
{
    struct moxd_conf *conf =
        good("listener \"public\" {\n  addresses = [\"127.0.0.1\", \"::1\"]\n"
             "  nat-addresses = \"192.0.2.1\"\n  hostname = a.example\n"
             "  tls { pair \"x\" { certificate = c.pem key = k.pem } min-version = \"TLSv1.3\"\n"
             "    client-auth-disabled = true }\n"
             "  smtp { port = 2525 first-time-delay = 0 }\n}\n"
             "listener \"other\" { addresses = [\"127.0.0.2\"] }\n",
             "");
    const struct moxd_core_conf *c = moxd_conf_core();
    const struct moxd_listener_conf *l = c->listeners.v[0], *other = c->listeners.v[1];
    const struct post_service *smtp = moxd_conf_ext(&l->head, "smtp");
    const struct moxd_service_conf *submissions = moxd_conf_ext(&l->head, "submissions");
    const struct core_pair_conf *pair = l->tls->pairs.v[0];

    ck_assert_uint_eq(c->listeners.n, 2);
    ck_assert_str_eq(l->head.label, "public");
    ck_assert_str_eq(l->addresses.v[1], "::1");
    ck_assert_str_eq(l->nat_addresses.v[0], "192.0.2.1");
    ck_assert_str_eq(l->hostname, "a.example");
    ck_assert_str_eq(other->hostname, "mx.example.org");
    ck_assert_ptr_null(other->tls);
    ck_assert_int_eq(l->tls->min_version, 1);
    ck_assert(l->tls->client_auth_disabled);
    ck_assert_str_eq(pair->certificate, "/etc/moxd/c.pem");
    ck_assert(core_conf_service_on(&smtp->service));
    ck_assert_int_eq(smtp->service.port, 2525);
    ck_assert_int_eq(smtp->first_time_delay, 0);
    ck_assert(!core_conf_service_on(submissions));
    ck_assert_int_eq(submissions->port, 465);
    ck_assert_ptr_null(moxd_conf_ext(&l->head, "imap"));
    moxd_conf_unref(conf);
}
END_TEST

START_TEST(services_that_cannot_be)
{
    bad("listener \"a\" { addresses = [\"127.0.0.1\", \"::1\"] submissions { } smtp { port = 465 } "
        "}\n"
        "listener \"b\" { addresses = [\"0.0.0.0\"] smtp { port = 465 } }\n"
        "listener \"c\" { addresses = [\"0::1\"] smtp { port = 0 } submissions { port = 0 } }\n",
        "",
        ERR
        "1:49: error: submissions begins with TLS, but listener \"a\" has none (add tls { ... } "
        "to the listener)\n" ERR
        "1:49: error: submissions on 127.0.0.1 port 465 collides with smtp of listener \"a\"\n" ERR
        "1:49: error: submissions on ::1 port 465 collides with smtp of listener \"a\"\n" ERR
        "2:40: error: smtp on 0.0.0.0 port 465 collides with smtp of listener \"a\"\n" ERR
        "3:55: error: submissions begins with TLS, but listener \"c\" has none (add tls { ... } to "
        "the listener)\n");
}
END_TEST

START_TEST(domains_and_contributions)
{
    struct moxd_conf *conf = good(
        "",
        "domain \"a.example\" { description = \"x y\" post { enabled = false key = dkim/a.pem } }\n"
        "domain \"b.example\" { }\n"
        "rule { to = a }\nrule { to = b }\n"
        "account \"mjl\" { domain = a.example\n address \"x@a.example\" { } }\n");
    const struct names_conf *n = moxd_conf_dynamic(conf, config_mods[1].m);
    const struct names_domain *a = n->domains.v[0], *b = n->domains.v[1];
    const struct names_account *mjl = n->accounts.v[0];
    const struct post_domain *pa = moxd_conf_ext(&a->head, "post");
    const struct post_domain *pb = moxd_conf_ext(&b->head, "post");

    ck_assert_str_eq(a->description, "x y");
    ck_assert(!pa->enabled && pb->enabled);
    ck_assert_str_eq(pa->key, "/etc/moxd/dkim/a.pem");
    ck_assert_ptr_null(pb->head.node);
    ck_assert_uint_eq(n->rules.n, 2);
    ck_assert_uint_eq(mjl->addresses.n, 1);
    ck_assert_ptr_null(moxd_conf_ext(&mjl->head, "post"));
    ck_assert_ptr_null(moxd_conf_dynamic(conf, config_mods[0].m));
    moxd_conf_unref(conf);
}
END_TEST

START_TEST(deprecated_directives_work_and_are_named)
{
    struct moxd_conf *conf = config_load(
        "", "domain \"a\" { }\naccount \"mjl\" {\n domain = a\n default-domain = b\n}\n",
        &problems);
    const struct names_conf *n;

    ck_assert_str_eq(moxd_buf_cstr(&problems),
                     DERR "4:2: warning: directive \"default-domain\" is deprecated: use domain\n");
    ck_assert_ptr_nonnull(conf);
    n = moxd_conf_dynamic(conf, config_mods[1].m);
    ck_assert_str_eq(((struct names_account *)n->accounts.v[0])->old_domain, "b");
    moxd_conf_unref(conf);
}
END_TEST

START_TEST(many_errors_are_counted)
{
    struct moxd_buf text = MOXD_BUF_INIT(1 << 20);
    const char *all;

    for (int i = 0; i < 300; i++)
        moxd_buf_addf(&text, "rule { tt%d = 1 }\n", i);
    ck_assert_ptr_null(config_load("", moxd_buf_cstr(&text), &problems));
    all = moxd_buf_cstr(&problems);
    ck_assert_ptr_nonnull(strstr(all, DERR "200:8: error: unknown directive \"tt199\" in rule"));
    ck_assert_ptr_nonnull(strstr(all, "\n100 more errors not shown\n"));
    moxd_buf_fini(&text);
}
END_TEST

START_TEST(a_large_file)
{
    struct moxd_buf text = MOXD_BUF_INIT(CONF_FILE_MAX);
    const struct names_conf *n;
    struct moxd_conf *conf;

    moxd_buf_adds(&text, "domain \"a\" { }\n");
    for (int i = 0; i < 20000; i++)
        moxd_buf_addf(&text, "account \"u%d\" { domain = a address \"u%d@a\" { } }\n", i, i);
    conf = good("", moxd_buf_cstr(&text));
    n = moxd_conf_dynamic(conf, config_mods[1].m);
    ck_assert_uint_eq(n->accounts.n, 20000);
    moxd_conf_unref(conf);
    moxd_buf_fini(&text);
}
END_TEST

START_TEST(tables_with_mistakes_give_messages)
{
    static const struct moxd_directive directives[] = {
        { .name = "a", MOXD_AT_INT(struct post_conf, retries), .deflt = "x", .doc = "A." },
        { .name = "a", MOXD_AT_BOOL(struct post_conf, strict), .doc = "A." },
        { .name = "b", .type = MOXD_DT_STRING, .offset = 4000, .doc = "B." },
        { .name = "c", MOXD_AT_ENUM(struct post_conf, mode), .doc = "C." },
        { .name = "d", MOXD_AT_STRING(struct post_conf, banner) },
        { 0 },
    };
    static const struct moxd_block blk = { .size = sizeof(struct post_conf),
                                           .directives = directives };
    static const struct moxd_module broken = { MOXD_MODULE_HEAD("broken", "1", "is"),
                                               .conf = &blk };
    static const struct moxd_block empty = { .size = sizeof(struct moxd_conf_head) };
    static const struct moxd_module twin = {
        MOXD_MODULE_HEAD("listener", "1", "takes a name that core has"), .conf = &empty
    };
    struct moxd_problems *p = core_problems_new();
    struct core_conf_module mods[] = { { &broken, NULL } };
    struct moxd_buf out = MOXD_BUF_INIT(10000);

    conf_check_tables(mods, 1, p);
    core_problems_write(p, &out);
    ck_assert_str_eq(
        moxd_buf_cstr(&out),
        "error: module broken: directive \"a\" in \"broken\" has a default that is not valid\n"
        "error: module broken: directive \"a\" in \"broken\" is there twice\n"
        "error: module broken: directive \"b\" in \"broken\" has no place in the block's struct\n"
        "error: module broken: directive \"c\" in \"broken\" has no values\n"
        "error: module broken: directive \"d\" in \"broken\" has no documentation\n");
    core_problems_free(p);
    p = core_problems_new();
    moxd_buf_reset(&out);
    conf_check_tables(&(struct core_conf_module){ &twin, NULL }, 1, p);
    core_problems_write(p, &out);
    ck_assert_str_eq(moxd_buf_cstr(&out),
                     "error: module listener brings \"listener\" to \"moxd.conf\", "
                     "which is there already\n");
    core_problems_free(p);
    moxd_buf_fini(&out);
}
END_TEST

START_TEST(files_that_are_not_there)
{
    char dir[] = "conf-XXXXXX", path[64];
    MOXD_CLEANUP(moxd_freep) char *cwd = getcwd(NULL, 0), *expected = NULL;
    struct core_conf_peek peek;
    struct moxd_problems *p = core_problems_new();
    struct moxd_buf out = MOXD_BUF_INIT(10000);

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_ptr_nonnull(cwd);
    snprintf(path, sizeof(path), "./%s/moxd.conf", dir);
    ck_assert_ptr_null(core_conf_load(path, config_mods, 2, p));
    core_problems_write(p, &out);
    expected = moxd_xasprintf(
        "%s/%s/domains.conf: error: cannot read %s/%s/domains.conf: No such file or directory "
        "(create it beside moxd.conf; it may be empty)\n"
        "%s/%s/moxd.conf: error: cannot read %s/%s/moxd.conf: No such file or directory (-c "
        "FILE names another one)\n",
        cwd, dir, cwd, dir, cwd, dir, cwd, dir);
    ck_assert_str_eq(moxd_buf_cstr(&out), expected);
    ck_assert_int_eq(core_conf_peek(path, &peek, p), -1);
    rmdir(dir);
    core_problems_free(p);
    moxd_buf_fini(&out);
}
END_TEST

START_TEST(peek_sees_modules_only)
{
    char dir[] = "conf-XXXXXX", path[64];
    struct core_conf_peek peek;
    struct moxd_problems *p = core_problems_new();

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/moxd.conf", dir);
    FILE *f = fopen(path, "w");
    fputs("unknown { x = \nmodules = [\"smtp\",\n \"imap\"]\n}\nmodules = [\"smtp\",\n \"imap\"]\n"
          "module-dirs = [mods]\n",
          f);
    fclose(f);
    ck_assert_int_eq(core_conf_peek(path, &peek, p), 0);
    ck_assert_uint_eq(peek.modules.n, 2);
    ck_assert_str_eq(peek.modules.v[1], "imap");
    ck_assert_uint_eq(peek.modules.pos[1].line, 6);
    ck_assert(moxd_str_ends(moxd_cstr(peek.modules.pos[1].file), MOXD_STR("/moxd.conf")));
    ck_assert(moxd_str_ends(moxd_cstr(peek.module_dirs.v[0]), MOXD_STR("/mods")));
    ck_assert(*peek.module_dirs.v[0] == '/');
    core_conf_peek_fini(&peek);
    core_problems_free(p);
    unlink(path);
    rmdir(dir);
}
END_TEST

START_TEST(described_files_are_valid)
{
    struct moxd_buf text = MOXD_BUF_INIT(1 << 20), domains = MOXD_BUF_INIT(1 << 20);

    core_conf_describe_static(config_mods, 2, &text);
    core_conf_describe_domains(config_mods, 2, &domains);
    moxd_conf_unref(good(moxd_buf_cstr(&text), moxd_buf_cstr(&domains)));
    ck_assert_ptr_nonnull(strstr(
        moxd_buf_cstr(&text), "\n    # Mail from other servers.\n    smtp {\n        # TCP port.\n"
                              "        # Default: 25. From 0 to 65535.\n        port = 25\n"));
    ck_assert_ptr_nonnull(strstr(moxd_buf_cstr(&text), "        first-time-delay = 15s\n"));
    ck_assert_ptr_null(strstr(moxd_buf_cstr(&domains), "default-domain"));
    ck_assert_ptr_nonnull(strstr(moxd_buf_cstr(&domains),
                                 "\naccount \"mjl\" {\n    # Default domain.\n"
                                 "    # Required.\n    domain = example.org\n"));
    moxd_buf_reset(&text);
    moxd_buf_reset(&domains);
    core_conf_example_static(config_mods, 2, &text);
    core_conf_example_domains(config_mods, 2, &domains);
    moxd_conf_unref(good(moxd_buf_cstr(&text), moxd_buf_cstr(&domains)));
    moxd_buf_fini(&text);
    moxd_buf_fini(&domains);
}
END_TEST

START_TEST(the_manual_page_names_every_directive)
{
    struct moxd_buf out = MOXD_BUF_INIT(1 << 20);

    core_conf_man(config_mods, 2, &out);
    ck_assert_int_eq(strncmp(moxd_buf_cstr(&out), ".TH MOXD.CONF 5", 15), 0);
    ck_assert_ptr_nonnull(
        strstr(moxd_buf_cstr(&out), "\\fBmax\\-connections\\fR = \\fINUMBER\\fR\n"));
    ck_assert_ptr_nonnull(
        strstr(moxd_buf_cstr(&out), "\\fBaccount\\fR \\fI\"label\"\\fR { ... }\n"));
    moxd_buf_fini(&out);
}
END_TEST

START_TEST(activation_sets_levels_once)
{
    struct moxd_conf *conf = good("log-level = warn\nlog \"smtp\" { level = trace }\n", "");

    core_conf_activate(conf);
    ck_assert_ptr_eq(moxd_conf_current(), conf);
    ck_assert_int_eq(moxd_log_level(NULL), MOXD_WARN);
    ck_assert_int_eq(moxd_log_level("smtp"), MOXD_TRACE);
    moxd_log_set_level(NULL, MOXD_DEBUG);
    core_conf_activate(good("log-level = error\n", ""));
    ck_assert_int_eq(moxd_log_level(NULL), MOXD_DEBUG);
    core_conf_fini();
    ck_assert_ptr_null(moxd_conf_current());
}
END_TEST

UNIT_MAIN("config", defaults, values, wrong_values, wrong_forms, unknown_and_double_names,
          all_errors_of_both_files_in_one_run, required_in_moxd_conf, checks_of_blocks_and_modules,
          listeners_and_services, services_that_cannot_be, domains_and_contributions,
          deprecated_directives_work_and_are_named, many_errors_are_counted, a_large_file,
          tables_with_mistakes_give_messages, files_that_are_not_there, peek_sees_modules_only,
          described_files_are_valid, the_manual_page_names_every_directive,
          activation_sets_levels_once)
