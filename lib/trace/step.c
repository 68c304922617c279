/* Records of steps: length (2), time (8), kind, number of values (1), values. Kind and names are a length (1) and
 * bytes, a value is its name, a type (1), and 8 bytes or a length (2) and bytes. */
#include <moxmail/step.h>

#include <moxd/enc.h>

enum { TYPE_NUMBER = 1, TYPE_TEXT = 2, LENGTH = 2 };

static void put_be16(struct moxd_buf *b, size_t n)
{
    moxd_buf_addc(b, (char)(n >> 8 & 0xff));
    moxd_buf_addc(b, (char)(n & 0xff));
}

static void put_be64(struct moxd_buf *b, int64_t v)
{
    char p[8];

    moxd_put_be64(p, (uint64_t)v);
    moxd_buf_add(b, p, sizeof(p));
}

static void put_name(struct moxd_buf *b, const char *name)
{
    struct moxd_str s = moxd_str_sub(moxd_cstr(name), 0, MOXD_STEP_NAME_MAX);

    moxd_buf_addc(b, (char)s.n);
    moxd_buf_addstr(b, s);
}

static void put_value(struct moxd_buf *b, const struct moxd_step_value *v)
{
    struct moxd_str text = moxd_str_sub(v->text, 0, MOXD_STEP_TEXT_MAX);

    put_name(b, v->name);
    moxd_buf_addc(b, v->is_number ? TYPE_NUMBER : TYPE_TEXT);
    if (v->is_number) {
        put_be64(b, v->number);
        return;
    }
    put_be16(b, text.n);
    moxd_buf_addstr(b, text);
}

static bool counts(const struct moxd_step_value *v)
{
    return v->is_number || v->text.n > 0;
}

static size_t count(const struct moxd_step *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n && n < MOXD_STEP_VALUES_MAX; i++)
        n += counts(&s->v[i]);
    return n;
}

/* All of it or nothing: a record that was cut off could not be read. */
void moxd_step_put(struct moxd_buf *b, const struct moxd_step *s)
{
    size_t start = b->n, n = count(s), done = 0;
    bool before = b->overflow;

    b->overflow = false;
    put_be16(b, 0);
    put_be64(b, s->at);
    put_name(b, s->kind);
    moxd_buf_addc(b, (char)n);
    for (size_t i = 0; i < s->n && done < n; i++)
        if (counts(&s->v[i])) {
            put_value(b, &s->v[i]);
            done++;
        }
    if (b->overflow) {
        moxd_buf_truncate(b, start);
        return;
    }
    size_t size = b->n - start - LENGTH;
    b->p[start] = (char)(size >> 8 & 0xff);
    b->p[start + 1] = (char)(size & 0xff);
    b->overflow = before;
}

/* --- reading ----------------------------------------------------------------------------------- */

struct reading {
    struct moxd_str rest;
    bool bad;
};

static struct moxd_str take(struct reading *r, size_t n)
{
    static const char zeros[8];

    if (r->bad || r->rest.n < n) {
        r->bad = true;
        return moxd_str(zeros, n < sizeof(zeros) ? n : 0);
    }
    struct moxd_str s = moxd_str_sub(r->rest, 0, n);
    r->rest = moxd_str_from(r->rest, n);
    return s;
}

static size_t take_u8(struct reading *r)
{
    return (unsigned char)take(r, 1).p[0];
}

static size_t take_be16(struct reading *r)
{
    struct moxd_str s = take(r, 2);

    return (size_t)(unsigned char)s.p[0] << 8 | (unsigned char)s.p[1];
}

static int64_t take_be64(struct reading *r)
{
    return (int64_t)moxd_get_be64(take(r, 8).p);
}

/* Lower-case letters only: it becomes a name in JSON. */
static const char *take_name(struct reading *r, struct moxd_arena *a)
{
    struct moxd_str s = take(r, take_u8(r));

    r->bad |= s.n == 0 || s.n > MOXD_STEP_NAME_MAX;
    for (size_t i = 0; i < s.n; i++)
        r->bad |= s.p[i] < 'a' || s.p[i] > 'z';
    return r->bad ? "" : moxd_arena_cstr(a, s);
}

static void take_value(struct reading *r, struct moxd_arena *a, struct moxd_step_value *v)
{
    v->name = take_name(r, a);
    size_t type = take_u8(r);
    v->is_number = type == TYPE_NUMBER;
    r->bad |= type != TYPE_NUMBER && type != TYPE_TEXT;
    if (v->is_number)
        v->number = take_be64(r);
    else
        v->text = moxd_arena_str(a, take(r, take_be16(r)));
}

int moxd_step_next(struct moxd_str *rest, struct moxd_arena *a, struct moxd_step *out,
                   struct moxd_err *err)
{
    struct reading whole = { .rest = *rest };

    *out = (struct moxd_step){ .kind = "" };
    if (rest->n == 0)
        return 0;
    struct reading r = { .rest = take(&whole, take_be16(&whole)), .bad = whole.bad };
    out->at = take_be64(&r);
    out->kind = take_name(&r, a);
    out->n = take_u8(&r);
    r.bad |= out->n > MOXD_STEP_VALUES_MAX;
    struct moxd_step_value *v = r.bad ? NULL : moxd_arena_calloc(a, out->n + 1, sizeof(*v));
    for (size_t i = 0; i < out->n && !r.bad; i++)
        take_value(&r, a, &v[i]);
    if (r.bad || r.rest.n > 0)
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "a record of a trace is damaged");
    out->v = v;
    *rest = whole.rest;
    return 1;
}

static const struct moxd_step_value *find(const struct moxd_step *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->v[i].name, name) == 0)
            return &s->v[i];
    return NULL;
}

struct moxd_str moxd_step_text(const struct moxd_step *s, const char *name)
{
    const struct moxd_step_value *v = find(s, name);

    return v && !v->is_number ? v->text : MOXD_STR("");
}

int64_t moxd_step_number(const struct moxd_step *s, const char *name)
{
    const struct moxd_step_value *v = find(s, name);

    return v && v->is_number ? v->number : 0;
}
