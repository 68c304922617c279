/* The compact form of a header: LEB128 numbers.
 *
 *   form  = number-of-the-form header-size line nmarks *mark *field
 *   mark  = two bytes, big-endian, of the name of a field that is not kept
 *   field = name-and-shape size *byte
 *
 * line is the length of the line end that is the blank line, 0 when there is none, and 4 more for a header
 * that is not ASCII, but UTF-8. A field that is written "Name:value CRLF", with the name in its usual case, is kept as the value; any other one as all
 * of its bytes. One that knows nothing is a single byte. */
#include <moxmail/downgrade.h>
#include <moxmail/summary.h>

#include <stdlib.h>

#include "summary_names.h"
#include "varint.h"

enum {
    KNOWS_NOTHING = 0x40, /* in the number of the form */
    RAW = 0x80,           /* in the place of a name */
    UTF8 = 4,             /* beside the length of the blank line */
    MARK_LEN = 2,
};

/* --- making ------------------------------------------------------------------------------------ */

struct making {
    uint64_t kept; /* bit set of names whose fields are kept */
    size_t size;   /* bytes of them */
    unsigned char marks[MOXD_SUMMARY_MARKS_MAX * MARK_LEN];
    size_t nmarks;
    bool full; /* there were more names */
};

static void add_mark(struct making *m, uint16_t mark)
{
    unsigned char two[MARK_LEN] = { (unsigned char)(mark >> 8), (unsigned char)mark };

    for (size_t i = 0; i < m->nmarks; i++)
        if (memcmp(m->marks + i * MARK_LEN, two, MARK_LEN) == 0)
            return;
    m->full |= m->nmarks == MOXD_SUMMARY_MARKS_MAX;
    if (!m->full)
        memcpy(m->marks + m->nmarks++ * MARK_LEN, two, MARK_LEN);
}

/* Fields of one name are kept all or not at all. */
static void look_at(struct making *m, const struct moxd_field *f)
{
    int id = mail_summary_name(f->name);

    if (id >= 0 && f->raw.n <= MOXD_SUMMARY_FIELD_MAX && m->size + f->raw.n <= MOXD_SUMMARY_MAX) {
        m->size += f->raw.n;
        return;
    }
    add_mark(m, mail_summary_mark(f->name));
    if (id >= 0)
        m->kept &= ~(UINT64_C(1) << id);
}

/* The value of a field in its usual shape; p NULL for any other one. */
static struct moxd_str usual(const struct moxd_field *f, struct moxd_str name)
{
    struct moxd_str raw = f->raw;

    if (raw.n < name.n + 3 || !moxd_str_starts(raw, name) || raw.p[name.n] != ':' ||
        !moxd_str_ends(raw, MOXD_STR("\r\n")))
        return moxd_str(NULL, 0);
    return moxd_str_sub(raw, name.n + 1, raw.n - name.n - 3);
}

static void put_field(struct moxd_buf *out, const struct moxd_field *f, int id)
{
    struct moxd_str value = usual(f, mail_summary_names[id]);

    moxd_buf_addc(out, (char)(id | (value.p ? 0 : RAW)));
    if (!value.p)
        value = f->raw;
    mail_varint_put(out, value.n);
    moxd_buf_addstr(out, value);
}

void moxd_summary_make(struct moxd_str header, struct moxd_buf *out)
{
    struct making m = { .kept = UINT64_MAX };
    struct moxd_str rest = header;
    struct moxd_field f;

    while (!m.full && moxd_field_next(&rest, &f))
        if (f.name.n > 0)
            look_at(&m, &f);
    if (m.full) {
        moxd_summary_make_none(out);
        return;
    }
    moxd_buf_addc(out, MOXD_SUMMARY_FORM);
    mail_varint_put(out, header.n);
    moxd_buf_addc(out, (char)(rest.n + (moxd_header_is_international(header) ? UTF8 : 0)));
    mail_varint_put(out, m.nmarks);
    moxd_buf_add(out, m.marks, m.nmarks * MARK_LEN);
    for (rest = header; moxd_field_next(&rest, &f);) {
        int id = f.name.n > 0 ? mail_summary_name(f.name) : -1;
        if (id >= 0 && (m.kept & UINT64_C(1) << id))
            put_field(out, &f, id);
    }
}

void moxd_summary_make_none(struct moxd_buf *out)
{
    moxd_buf_addc(out, MOXD_SUMMARY_FORM | KNOWS_NOTHING);
}

bool moxd_summary_form_current(struct moxd_str data)
{
    return data.n > 0 && (data.p[0] & ~KNOWS_NOTHING) == MOXD_SUMMARY_FORM;
}

/* --- reading ----------------------------------------------------------------------------------- */

/* Cuts a field off; false at the end, and for what no writer made. */
static bool cut_field(struct moxd_str *rest, int *id, bool *raw, struct moxd_str *text)
{
    uint64_t n;

    if (rest->n == 0)
        return false;
    *id = (unsigned char)rest->p[0] & ~RAW;
    *raw = (unsigned char)rest->p[0] & RAW;
    *rest = moxd_str_from(*rest, 1);
    if (*id >= (int)MAIL_SUMMARY_NAMES || mail_varint_get(rest, rest->n, &n) < 0 || n > rest->n)
        return false;
    *text = moxd_str(rest->p, (size_t)n);
    *rest = moxd_str_from(*rest, (size_t)n);
    return true;
}

/* A raw field begins with its name, so that no reader looks past its end. */
static bool fields_fit(struct moxd_str rest)
{
    struct moxd_str text;
    int id;
    bool raw;

    while (rest.n > 0)
        if (!cut_field(&rest, &id, &raw, &text) ||
            (raw && mail_summary_name(moxd_field_name(text)) != id))
            return false;
    return true;
}

int moxd_summary_read(struct moxd_summary *s, struct moxd_str data)
{
    static const struct moxd_str blanks[] = { { "", 0 }, { "\n", 1 }, { "\r\n", 2 } };
    uint64_t blank, nmarks;

    if (data.n == 0 || data.p[0] != MOXD_SUMMARY_FORM)
        return -1;
    data = moxd_str_from(data, 1);
    if (mail_varint_get(&data, MOXD_HEADER_MAX, &s->header_size) < 0 ||
        mail_varint_get(&data, UTF8 + 2, &blank) < 0 || (blank & ~(uint64_t)UTF8) > 2 ||
        mail_varint_get(&data, MOXD_SUMMARY_MARKS_MAX, &nmarks) < 0 || nmarks * MARK_LEN > data.n)
        return -1;
    s->international = blank & UTF8;
    s->blank = blanks[blank & ~(uint64_t)UTF8];
    s->marks = moxd_str_sub(data, 0, (size_t)nmarks * MARK_LEN);
    s->fields = moxd_str_from(data, s->marks.n);
    return fields_fit(s->fields) ? 0 : -1;
}

/* --- asking ------------------------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

void moxd_summary_query(struct moxd_summary_query *q, const struct moxd_str *names, size_t n,
                        struct moxd_arena *a)
{
    *q = (struct moxd_summary_query){ .n = n,
                                      .marks = moxd_arena_calloc(a, n + 1, sizeof(*q->marks)) };
    for (size_t i = 0; i < n; i++) {
        int id = mail_summary_name(names[i]);
        uint16_t mark = q->marks[i] = mail_summary_mark(names[i]);

        if (id >= 0)
            q->kept |= UINT64_C(1) << id;
        q->maybe[mark % 1024 / 64] |= UINT64_C(1) << mark % 64;
    }
    qsort(q->marks, n, sizeof(*q->marks), by_value);
}

bool moxd_summary_knows(const struct moxd_summary *s, const struct moxd_summary_query *q)
{
    const unsigned char *p = (const unsigned char *)s->marks.p;

    for (size_t i = 0; i < s->marks.n; i += MARK_LEN) {
        uint16_t mark = (uint16_t)(p[i] << 8 | p[i + 1]);

        if ((q->maybe[mark % 1024 / 64] & UINT64_C(1) << mark % 64) &&
            bsearch(&mark, q->marks, q->n, sizeof(mark), by_value))
            return false;
    }
    return true;
}

void moxd_summary_filter(const struct moxd_summary *s, const struct moxd_summary_query *q,
                         struct moxd_buf *out)
{
    struct moxd_str rest = s->fields, text;
    int id;
    bool raw;

    while (cut_field(&rest, &id, &raw, &text)) {
        if (!(q->kept & UINT64_C(1) << id))
            continue;
        if (!raw) {
            moxd_buf_addstr(out, mail_summary_names[id]);
            moxd_buf_addc(out, ':');
        }
        moxd_buf_addstr(out, text);
        if (!raw)
            moxd_buf_add(out, "\r\n", 2);
    }
    moxd_buf_addstr(out, s->blank);
}

bool moxd_summary_next(struct moxd_str *rest, const struct moxd_summary_query *q,
                       struct moxd_field *f)
{
    struct moxd_str text;
    int id;
    bool raw;

    while (cut_field(rest, &id, &raw, &text)) {
        if (!(q->kept & UINT64_C(1) << id))
            continue;
        if (raw)
            return moxd_field_next(&text, f);
        *f = (struct moxd_field){ .name = mail_summary_names[id], .value = text };
        return true;
    }
    return false;
}

const struct moxd_str *moxd_summary_envelope_names(void)
{
    return mail_summary_names;
}

void moxd_summary_query_envelope(struct moxd_summary_query *q, struct moxd_arena *a)
{
    moxd_summary_query(q, mail_summary_names, MOXD_ENV_N, a);
}

/* Written as a header again, so that there is one way to make an envelope. */
const struct moxd_envelope *moxd_summary_envelope(const struct moxd_summary *s,
                                                  const struct moxd_summary_query *q,
                                                  struct moxd_arena *a)
{
    struct moxd_buf header = MOXD_BUF_INIT(2 * MOXD_SUMMARY_MAX);
    const struct moxd_envelope *env = NULL;

    if (moxd_summary_knows(s, q)) {
        moxd_summary_filter(s, q, &header);
        env = moxd_envelope_parse(a, moxd_buf_str(&header));
    }
    moxd_buf_fini(&header);
    return env;
}
