/* moxctl logins */
#include "logins.h"

#include <moxmail/date.h>

/* "-" for what is not known; quoted when it would be taken for several words. */
static void add_word(struct moxd_buf *line, const char *s)
{
    bool quoted = strpbrk(s, " \"\\") != NULL;

    moxd_buf_adds(line, quoted ? " \"" : " ");
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            moxd_buf_addc(line, '\\');
        moxd_buf_addc(line, *s);
    }
    moxd_buf_adds(line, quoted ? "\"" : line->p[line->n - 1] == ' ' ? "-" : "");
}

static int print_one(struct moxd_ctl *c, const struct logins_attempt *at)
{
    static const enum logins_field shown[] = { LOGINS_ACCOUNT,  LOGINS_LOGIN,     LOGINS_REMOTE,
                                               LOGINS_PROTOCOL, LOGINS_MECHANISM, LOGINS_TLS,
                                               LOGINS_CLIENT };
    struct moxd_buf line = MOXD_BUF_INIT(2 * LOGINS_VALUE_MAX);

    moxd_date_put_rfc3339(&line, at->last);
    moxd_buf_addf(&line, " %s %llu", at->field[LOGINS_RESULT], (unsigned long long)at->count);
    for (size_t i = 0; i < MOXD_NELEMS(shown); i++)
        add_word(&line, at->field[shown[i]]);
    moxd_buf_addc(&line, '\n');
    int rc = moxd_ctl_write(c, line.p, line.n);
    moxd_buf_fini(&line);
    return rc < 0 ? -1 : 0;
}

static int print_account(struct logins *l, struct moxd_ctl *c, const char *account,
                         struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct logins_attempt *v;
    size_t n;
    int rc = logins_list(l, account, a, &v, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = print_one(c, &v[i]);
    moxd_arena_free(a);
    return rc;
}

int logins_cmd_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    struct logins *l = MOXD_CONTAINER(m, struct logins, m);
    struct accounts_account account;

    if (argc > 0 && strcmp(argv[0], "-") == 0)
        return print_account(l, c, "", err);
    if (argc > 0)
        return l->accounts->get(l->accounts_self, argv[0], moxd_ctl_arena(c), &account, err) < 0
                   ? -1
                   : print_account(l, c, argv[0], err);
    for (const char *const *v = l->accounts->list(l->accounts_self, moxd_ctl_arena(c)); *v; v++)
        if (print_account(l, c, *v, err) < 0)
            return -1;
    return print_account(l, c, "", err);
}
