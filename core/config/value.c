/* One value as text to the C field of its directive. */
#include "config/conf.h"

#include <inttypes.h>
#include <moxd/clock.h>
#include <moxd/path.h>
#include <stdio.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit size_units[] = {
    { "", 1 },
    { "K", INT64_C(1) << 10 },
    { "k", INT64_C(1) << 10 },
    { "M", INT64_C(1) << 20 },
    { "m", INT64_C(1) << 20 },
    { "G", INT64_C(1) << 30 },
    { "g", INT64_C(1) << 30 },
    { "T", INT64_C(1) << 40 },
    { "t", INT64_C(1) << 40 },
};
static const struct unit duration_units[] = {
    { "ns", 1 },
    { "us", 1000 },
    { "ms", MOXD_MS },
    { "s", MOXD_SEC },
    { "m", 60 * MOXD_SEC },
    { "h", 3600 * MOXD_SEC },
    { "d", 86400 * MOXD_SEC },
    { "w", 7 * 86400 * MOXD_SEC },
};

/* Cuts the letters at the start of *s. */
static struct moxd_str take_letters(struct moxd_str *s)
{
    size_t n = 0;

    while (n < s->n && moxd_is_alpha(s->p[n]))
        n++;
    struct moxd_str word = moxd_str_sub(*s, 0, n);
    *s = moxd_str_from(*s, n);
    return word;
}

/* Cuts a number with its unit at the start of *s and adds it to *sum. */
static int take_amount(struct moxd_str *s, const struct unit *units, size_t n, int64_t *sum)
{
    uint64_t v;
    int64_t part;

    if (moxd_str_take_u64(s, INT64_MAX, &v) < 0)
        return -1;
    struct moxd_str unit = take_letters(s);
    for (size_t i = 0; i < n; i++) {
        if (moxd_str_eqs(unit, units[i].name))
            return __builtin_mul_overflow((int64_t)v, units[i].factor, &part) ||
                           __builtin_add_overflow(*sum, part, sum)
                       ? -1
                       : 0;
    }
    return -1;
}

int conf_parse_size(struct moxd_str s, int64_t *out)
{
    *out = 0;
    return take_amount(&s, size_units, MOXD_NELEMS(size_units), out) < 0 || s.n > 0 ? -1 : 0;
}

/* "15s", "1h30m", "0". */
int conf_parse_duration(struct moxd_str s, int64_t *out)
{
    *out = 0;
    if (moxd_str_eqs(s, "0"))
        return 0;
    if (s.n == 0)
        return -1;
    while (s.n > 0) {
        if (take_amount(&s, duration_units, MOXD_NELEMS(duration_units), out) < 0)
            return -1;
    }
    return 0;
}

static int parse_int(struct moxd_str s, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    uint64_t v;

    if (moxd_str_u64(moxd_str_from(s, negative), INT64_MAX, &v) < 0)
        return -1;
    *out = negative ? -(int64_t)v : (int64_t)v;
    return 0;
}

static int set_bool(const char *text, bool *out, struct moxd_err *err)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "must be true or false");
    *out = *text == 't';
    return 0;
}

static int set_enum(const struct moxd_directive *d, const char *text, int *out,
                    struct moxd_err *err)
{
    struct moxd_buf names = MOXD_BUF_INIT(CONF_VALUE_MAX);
    struct conf_nearest near = { .word = text };

    for (int i = 0; d->values[i]; i++) {
        if (strcmp(d->values[i], text) == 0) {
            *out = i;
            moxd_buf_fini(&names);
            return 0;
        }
        conf_nearest_try(&near, d->values[i]);
        moxd_buf_addf(&names, "%s\"%s\"", i ? ", " : "", d->values[i]);
    }
    moxd_err_set(err, MOXD_ERR_INVALID, "must be one of %s", moxd_buf_cstr(&names));
    if (near.best)
        moxd_err_set(err, MOXD_ERR_INVALID, "must be one of %s; did you mean \"%s\"?",
                     moxd_buf_cstr(&names), near.best);
    moxd_buf_fini(&names);
    return -1;
}

/* A limit as one would write it in the file. */
static const char *show(const struct moxd_directive *d, int64_t v, char out[32])
{
    static const struct unit *const tables[] = {
        [MOXD_DT_SIZE] = size_units, [MOXD_DT_DURATION] = duration_units
    };
    size_t n = d->type == MOXD_DT_SIZE ? MOXD_NELEMS(size_units) : MOXD_NELEMS(duration_units);
    const struct unit *best = NULL;

    if (v != 0 && d->type != MOXD_DT_INT) {
        for (size_t i = 0; i < n; i++) {
            const struct unit *u = &tables[d->type][i];
            if (v % u->factor == 0 && (!best || u->factor > best->factor))
                best = u;
        }
    }
    snprintf(out, 32, "%" PRId64 "%s", best ? v / best->factor : v, best ? best->name : "");
    return out;
}

static int check_range(const struct moxd_directive *d, int64_t v, struct moxd_err *err)
{
    char lo[32], hi[32];

    if (d->max == 0 || (v >= d->min && v <= d->max))
        return 0;
    return moxd_err_set(err, MOXD_ERR_LIMIT, "must be between %s and %s", show(d, d->min, lo),
                        show(d, d->max, hi));
}

static int set_number(const struct moxd_directive *d, const char *text, int64_t *out,
                      struct moxd_err *err)
{
    struct moxd_str s = moxd_cstr(text);
    int64_t v;

    if (d->type == MOXD_DT_INT && parse_int(s, &v) < 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "must be a whole number");
    if (d->type == MOXD_DT_SIZE && conf_parse_size(s, &v) < 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "must be a size like 500K, 100M or 2G");
    if (d->type == MOXD_DT_DURATION && conf_parse_duration(s, &v) < 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "must be a time like 500ms, 15s, 4h or 7d");
    if (check_range(d, v, err) < 0)
        return -1;
    *out = v;
    return 0;
}

static int set_string(const struct moxd_directive *d, const char *text, const char *dir,
                      struct moxd_arena *a, const char **out, struct moxd_err *err)
{
    int64_t n = (int64_t)strlen(text);

    if (d->max != 0 && (n < d->min || n > d->max))
        return moxd_err_set(err, MOXD_ERR_LIMIT, "must have %" PRId64 " to %" PRId64 " bytes",
                            d->min, d->max);
    if (d->type == MOXD_DT_PATH && n == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "must not be empty");
    *out = d->type == MOXD_DT_PATH ? moxd_path_join(a, dir, text) : moxd_arena_strdup(a, text);
    return 0;
}

int conf_value_set(const struct moxd_directive *d, const char *text, const char *dir,
                   struct moxd_arena *a, void *field, struct moxd_err *err)
{
    int rc = 0;

    switch (d->type) {
    case MOXD_DT_BOOL:
        rc = set_bool(text, field, err);
        break;
    case MOXD_DT_ENUM:
        rc = set_enum(d, text, field, err);
        break;
    case MOXD_DT_INT:
    case MOXD_DT_SIZE:
    case MOXD_DT_DURATION:
        rc = set_number(d, text, field, err);
        break;
    case MOXD_DT_STRING:
    case MOXD_DT_PATH:
    case MOXD_DT_STRINGS: /* one of its values */
        rc = set_string(d, text, dir, a, field, err);
        break;
    case MOXD_DT_BLOCK:
    case MOXD_DT_BLOCKS:
        moxd_panic("directive %s: a block has no value", d->name);
    }
    return rc == 0 && d->check ? d->check(moxd_cstr(text), err) : rc;
}
