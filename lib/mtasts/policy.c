/* Policy files (RFC 8461 3.2), and which hosts they name (4.1). */
#include <moxmail/address.h>
#include <moxmail/mtasts.h>

#include "report/fields.h"

static const char *const modes[] = { "none", "testing", "enforce" };

const char *moxd_mtasts_mode_name(enum moxd_mtasts_mode mode)
{
    return (unsigned)mode < MOXD_NELEMS(modes) ? modes[mode] : "invalid";
}

struct reader {
    struct moxd_mtasts_policy *p;
    struct moxd_arena *a;
    const char **mx;
    size_t nmx, cap;
    bool version, mode, max_age;
};

static int set_version(struct reader *r, struct moxd_str value, struct moxd_err *err)
{
    if (r->version)
        return 0;
    r->version = true;
    return moxd_str_eqs(value, "STSv1")
               ? 0
               : moxd_err_set(err, MOXD_ERR_SYNTAX, "version is not STSv1");
}

static int set_mode(struct reader *r, struct moxd_str value, struct moxd_err *err)
{
    if (r->mode)
        return 0;
    r->mode = true;
    for (size_t i = 0; i < MOXD_NELEMS(modes); i++)
        if (moxd_str_eqs(value, modes[i])) {
            r->p->mode = (enum moxd_mtasts_mode)i;
            return 0;
        }
    return moxd_err_set(err, MOXD_ERR_SYNTAX, "mode is none of enforce, testing, none");
}

static int set_max_age(struct reader *r, struct moxd_str value, struct moxd_err *err)
{
    uint64_t n;

    if (r->max_age)
        return 0;
    r->max_age = true;
    if (value.n > 10 || moxd_str_u64(value, UINT64_MAX, &n) < 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "max_age is no number of seconds");
    r->p->max_age = (uint32_t)(n > MOXD_MTASTS_AGE_MAX ? MOXD_MTASTS_AGE_MAX : n);
    return 0;
}

/* ["*."] Domain */
static int set_mx(struct reader *r, struct moxd_str value, struct moxd_err *err)
{
    bool wild = moxd_str_starts(value, MOXD_STR("*."));
    struct moxd_domain d;

    if (r->nmx >= MOXD_MTASTS_MX_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d mx patterns", MOXD_MTASTS_MX_MAX);
    if (moxd_domain_parse(wild ? moxd_str_from(value, 2) : value, 0, r->a, &d, NULL) < 0 ||
        d.ip_len > 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "an mx pattern is no host name");
    *(const char **)moxd_arena_push(r->a, &r->mx, &r->nmx, &r->cap, sizeof(*r->mx)) =
        moxd_arena_printf(r->a, "%s%" MOXD_STRF, wild ? "*." : "", MOXD_STRA(d.ascii));
    return 0;
}

static const struct key {
    const char *name;
    int (*set)(struct reader *r, struct moxd_str value, struct moxd_err *err);
} keys[] = {
    { "version", set_version }, { "mode", set_mode }, { "max_age", set_max_age }, { "mx", set_mx }
};

static struct moxd_str trim(struct moxd_str s, bool both)
{
    while (both && s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = moxd_str_from(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

static bool is_value(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
            return false;
    return s.n > 0 && moxd_str_is_utf8(s);
}

static int take_line(struct reader *r, struct moxd_str line, struct moxd_err *err)
{
    ptrdiff_t colon = moxd_str_chr(line, ':');
    struct moxd_str name = colon > 0 ? moxd_str_sub(line, 0, (size_t)colon) : moxd_str(NULL, 0);
    struct moxd_str value = trim(moxd_str_from(line, (size_t)colon + 1), true);

    if (!mail_record_is_name(name) || !is_value(value)) /* it may be one that we do not know */
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "a line is not of the form \"key: value\"");
    for (size_t i = 0; i < MOXD_NELEMS(keys); i++)
        if (moxd_str_eqs(name, keys[i].name))
            return keys[i].set(r, value, err);
    return 0;
}

static int complete(const struct reader *r, struct moxd_err *err)
{
    const char *missing = !r->version                                     ? "version"
                          : !r->mode                                      ? "mode"
                          : !r->max_age                                   ? "max_age"
                          : r->nmx == 0 && r->p->mode != MOXD_MTASTS_NONE ? "mx"
                                                                          : NULL;

    return missing ? moxd_err_set(err, MOXD_ERR_SYNTAX, "it has no %s", missing) : 0;
}

int moxd_mtasts_policy_parse(struct moxd_str file, struct moxd_arena *a,
                             struct moxd_mtasts_policy *out, struct moxd_err *err)
{
    struct reader r = { .p = out, .a = a };

    *out = (struct moxd_mtasts_policy){ 0 };
    if (file.n > MOXD_MTASTS_POLICY_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "longer than %d bytes", MOXD_MTASTS_POLICY_MAX);
    while (file.n > 0) {
        struct moxd_str line = moxd_str_cut(&file, '\n');
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        line = trim(line, false);
        if (line.n == 0 && moxd_str_trim(file).n == 0)
            break;
        if (take_line(&r, line, err) < 0)
            return -1;
    }
    *(const char **)moxd_arena_push(a, &r.mx, &r.nmx, &r.cap, sizeof(*r.mx)) = NULL;
    out->mx = r.mx;
    out->nmx = --r.nmx;
    return complete(&r, err);
}

const char *const *moxd_mtasts_policy_lines(const struct moxd_mtasts_policy *p,
                                            struct moxd_arena *a)
{
    const char **v = moxd_arena_calloc(a, p->nmx + 4, sizeof(*v));
    size_t n = 0;

    v[n++] = "version: STSv1";
    v[n++] = moxd_arena_printf(a, "mode: %s", moxd_mtasts_mode_name(p->mode));
    for (size_t i = 0; i < p->nmx; i++)
        v[n++] = moxd_arena_printf(a, "mx: %s", p->mx[i]);
    v[n++] = moxd_arena_printf(a, "max_age: %u", (unsigned)p->max_age);
    return v;
}

void moxd_mtasts_policy_write(struct moxd_buf *b, const struct moxd_mtasts_policy *p)
{
    moxd_buf_addf(b, "version: STSv1\r\nmode: %s\r\n", moxd_mtasts_mode_name(p->mode));
    for (size_t i = 0; i < p->nmx; i++)
        moxd_buf_addf(b, "mx: %s\r\n", p->mx[i]);
    moxd_buf_addf(b, "max_age: %u\r\n", (unsigned)p->max_age);
}

static bool matches(struct moxd_str pattern, struct moxd_str host)
{
    if (!moxd_str_starts(pattern, MOXD_STR("*.")))
        return moxd_str_caseeq(pattern, host);
    ptrdiff_t dot = moxd_str_chr(host, '.');
    return dot > 0 &&
           moxd_str_caseeq(moxd_str_from(host, (size_t)dot + 1), moxd_str_from(pattern, 2));
}

bool moxd_mtasts_match(const struct moxd_mtasts_policy *p, struct moxd_str host)
{
    if (host.n > 0 && host.p[host.n - 1] == '.')
        host.n--;
    for (size_t i = 0; i < p->nmx; i++)
        if (matches(moxd_cstr(p->mx[i]), host))
            return true;
    return false;
}
