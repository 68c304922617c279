#include "parsed.h"

#include "bodyfile.h"

#include <moxmail/downgrade.h>
#include <moxmail/summary.h>

#include <errno.h>
#include <unistd.h>

void store_parsed_init(struct store_parsed *p)
{
    moxd_buf_init(&p->header, STORE_VALUE_MAX);
    moxd_buf_init(&p->structure, STORE_VALUE_MAX);
}

void store_parsed_fini(struct store_parsed *p)
{
    moxd_buf_fini(&p->header);
    moxd_buf_fini(&p->structure);
}

/* --- parsing ----------------------------------------------------------------------------------- */

static int parse_header(const struct moxd_reader *r, struct moxd_arena *a, struct store_parsed *out,
                        bool *international, struct moxd_err *err)
{
    struct moxd_str header;
    bool whole;

    if (moxd_header_read(r, a, &header, &whole, err) < 0)
        return -1;
    if (whole)
        moxd_summary_make(header, &out->header);
    else
        moxd_summary_make_none(&out->header);
    store_head_parse(&out->head, header);
    *international = !whole || moxd_header_is_international(header);
    return 0;
}

/* A structure that is too large to keep is parsed each time: an empty record says so. */
static int parse_structure(const struct moxd_reader *r, struct moxd_arena *a, bool international,
                           struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_msg *m;

    if (moxd_msg_parse(a, r, &m, err) < 0)
        return -1;
    m->flags |= international ? MOXD_MSG_INTERNATIONAL : 0;
    moxd_msg_encode(m, out);
    if (out->overflow)
        moxd_buf_reset(out);
    return 0;
}

int store_parse(const struct moxd_reader *r, struct store_parsed *out, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);

    bool international;

    moxd_buf_reset(&out->header);
    moxd_buf_reset(&out->structure);
    if (parse_header(r, a, out, &international, err) < 0)
        return -1;
    return parse_structure(r, a, international, &out->structure, err);
}

int store_parse_head(const struct moxd_reader *r, struct store_head *out, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str header;

    if (moxd_header_read(r, a, &header, NULL, err) < 0)
        return -1;
    store_head_parse(out, header);
    return 0;
}

static ssize_t joined_read(const void *ctx, uint64_t off, void *p, size_t n)
{
    const struct store_joined *j = ctx;
    struct moxd_str part =
        off < j->prefix.n ? moxd_str_sub(j->prefix, (size_t)off, n) : moxd_str(NULL, 0);
    ssize_t got;

    if (part.n == 0 && j->src->fd < 0)
        part = moxd_str_sub(j->src->mem, (size_t)(off - j->prefix.n), n);
    if (part.n > 0) {
        memcpy(p, part.p, part.n);
        return (ssize_t)part.n;
    }
    do
        got = pread(j->src->fd, p, n, (off_t)(off - j->prefix.n));
    while (got < 0 && errno == EINTR);
    return got;
}

struct moxd_reader store_joined_reader(const struct store_joined *j)
{
    return (struct moxd_reader){ joined_read, j, j->prefix.n + j->src->size };
}

/* --- records ----------------------------------------------------------------------------------- */

static const enum store_table tables[] = { STORE_T_HEADER, STORE_T_STRUCTURE };

int store_parsed_put(struct store_tx *tx, struct store_place at, const struct store_parsed *p,
                     struct moxd_err *err)
{
    struct store_key header = store_key_place(STORE_T_HEADER, at.mailbox, at.uid);
    struct store_key structure = store_key_place(STORE_T_STRUCTURE, at.mailbox, at.uid);

    if (store_put(tx, &header, moxd_buf_str(&p->header), err) < 0)
        return -1;
    return store_put(tx, &structure, moxd_buf_str(&p->structure), err);
}

int store_parsed_copy(struct store_tx *tx, struct store_place from, struct store_place to,
                      struct moxd_err *err)
{
    struct moxd_str val;

    for (size_t i = 0; i < MOXD_NELEMS(tables); i++) {
        struct store_key src = store_key_place(tables[i], from.mailbox, from.uid);
        struct store_key dst = store_key_place(tables[i], to.mailbox, to.uid);
        int rc = store_get(tx, &src, &val, err);

        if (rc < 0 || (rc > 0 && store_put(tx, &dst, val, err) < 0))
            return -1;
    }
    return 0;
}

int store_parsed_del(struct store_tx *tx, struct store_place at, struct moxd_err *err)
{
    for (size_t i = 0; i < MOXD_NELEMS(tables); i++) {
        struct store_key key = store_key_place(tables[i], at.mailbox, at.uid);

        if (store_del(tx, &key, err) < 0)
            return -1;
    }
    return 0;
}

int store_parsed_there(struct store_tx *tx, struct store_place at, struct moxd_err *err)
{
    struct store_key header = store_key_place(STORE_T_HEADER, at.mailbox, at.uid);
    struct store_key structure = store_key_place(STORE_T_STRUCTURE, at.mailbox, at.uid);
    struct moxd_str val;
    int rc = store_get(tx, &header, &val, err);

    if (rc <= 0 || !moxd_summary_form_current(val))
        return rc < 0 ? -1 : 0;
    rc = store_get(tx, &structure, &val, err);
    return rc <= 0 ? rc : val.n == 0 || moxd_msg_form_current(val);
}

/* --- of the account ---------------------------------------------------------------------------- */

/* The record without a place names the forms that everything is in. */
static struct moxd_str forms(unsigned char buf[2])
{
    buf[0] = MOXD_SUMMARY_FORM;
    buf[1] = MOXD_MSG_FORM;
    return moxd_str((const char *)buf, 2);
}

int store_parsed_complete(struct store_tx *tx, struct moxd_err *err)
{
    struct store_key key = store_key_table(STORE_T_HEADER);
    unsigned char buf[2];
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    return rc <= 0 ? rc : moxd_str_eq(val, forms(buf));
}

int store_parsed_set_complete(struct store_tx *tx, bool complete, struct moxd_err *err)
{
    struct store_key key = store_key_table(STORE_T_HEADER);
    unsigned char buf[2];

    if (complete)
        return store_put(tx, &key, forms(buf), err);
    return store_del(tx, &key, err) < 0 ? -1 : 0;
}
