/* X-Mox-Extra-KEY: VALUE of a submission: data that programs want to get back with what became of the message (SUBM-04).
 * It is taken off the message, and travels beside it. Pure. */
#include "smtp_headers.h"

#include <moxmail/header.h>

#include "smtp_limits.h"

#define PREFIX "X-Mox-Extra-"

bool smtp_is_extra(struct moxd_str name)
{
    return moxd_str_casestarts(name, MOXD_STR(PREFIX));
}

static int refuse(struct moxd_err *err, struct moxd_str name, const char *why)
{
    return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 550, "5.6.0", "%" MOXD_STRF ": %s",
                             MOXD_STRA(moxd_str_sub(name, 0, SMTP_EXTRA_KEY_MAX)), why);
}

/* Names of fields have no case (RFC 5322 1.2.2), keys are compared with it. */
static const char *key_of(struct moxd_str name, struct moxd_arena *a)
{
    char *key = moxd_arena_cstr(a, moxd_str_from(name, strlen(PREFIX)));

    for (char *p = key; *p; p++)
        *p = moxd_lower(*p);
    return key;
}

static bool known(const struct smtp_extra *v, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i].key, key) == 0)
            return true;
    return false;
}

static const char *text_of(struct moxd_str value, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(2 * SMTP_EXTRA_BYTES_MAX);

    moxd_field_text(&b, value);
    const char *text = b.overflow ? NULL : moxd_arena_cstr(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return text;
}

int smtp_extra_read(struct moxd_str header, struct moxd_arena *a, const struct smtp_extra **out,
                    size_t *n, struct moxd_err *err)
{
    struct smtp_extra *v = NULL;
    size_t bytes = 0;
    struct moxd_field f;

    *n = 0;
    while (moxd_field_next(&header, &f)) {
        if (!smtp_is_extra(f.name))
            continue;
        if (f.name.n == strlen(PREFIX) || f.name.n > strlen(PREFIX) + SMTP_EXTRA_KEY_MAX)
            return refuse(err, f.name, "the key behind the last dash is missing or too long");
        if (!v)
            v = moxd_arena_calloc(a, SMTP_EXTRA_MAX, sizeof(*v));
        if (*n == SMTP_EXTRA_MAX || f.value.n > SMTP_EXTRA_BYTES_MAX - bytes)
            return refuse(err, f.name, "there are too many such fields, or they are too long");
        bytes += f.value.n;
        struct smtp_extra one = { key_of(f.name, a), text_of(f.value, a) };
        if (!one.value || known(v, *n, one.key))
            return refuse(err, f.name, "the field is there twice, or too long");
        v[(*n)++] = one;
    }
    *out = v;
    return 0;
}
