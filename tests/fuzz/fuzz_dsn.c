/* Notifications: any message as one; and one that is written from any values is read again as what it was
 * made of. */
#include "fuzz.h"

#include <moxmail/dsn.h>

enum { ROOM = 16 << 20 };

static void no_controls(struct moxd_str s, bool lines)
{
    for (size_t i = 0; i < s.n; i++)
        moxd_assert((unsigned char)s.p[i] >= ' ' || (lines && s.p[i] == '\n'));
}

static struct moxd_dsn_report *read(struct moxd_str s, struct moxd_arena *a)
{
    struct moxd_reader r = moxd_reader_mem(&s);
    struct moxd_dsn_report *rep;
    struct moxd_msg *m;

    moxd_assert(moxd_msg_parse(a, &r, &m, NULL) == 0);
    if (moxd_dsn_parse(&r, m, a, &rep, NULL) < 0)
        return NULL;
    moxd_assert(rep->nrcpts > 0 && rep->nrcpts <= MOXD_DSN_RCPTS_MAX);
    no_controls(rep->envid, false);
    no_controls(rep->message_id, false);
    for (size_t i = 0; i < rep->nrcpts; i++) {
        no_controls(rep->rcpts[i].final, false);
        no_controls(rep->rcpts[i].original, false);
        no_controls(rep->rcpts[i].diagnostic, true);
    }
    return rep;
}

static struct moxd_str piece(struct moxd_str s, size_t i)
{
    return moxd_str_sub(s, i * s.n / 8, s.n / 8);
}

static void written(struct moxd_str s, bool utf8, struct moxd_arena *a)
{
    struct moxd_dsn_rcpt rcpts[2] = {
        { .address = piece(s, 0),
          .orcpt = piece(s, 1),
          .remote = piece(s, 2),
          .diagnostic = piece(s, 3) },
        { .address = MOXD_STR("b@example.com"), .diagnostic = s, .why = s, .ours = true },
    };
    struct moxd_dsn d = {
        .from = MOXD_STR("postmaster@example.org"),
        .to = MOXD_STR("a@example.org"),
        .message_id = MOXD_STR("x@example.org"),
        .boundary = MOXD_STR("=boundary="),
        .hostname = MOXD_STR("example.org"),
        .envid = piece(s, 4),
        .trace = piece(s, 5),
        .rcpts = rcpts,
        .nrcpts = 2,
        .utf8 = utf8,
        .original = { .header = piece(s, 6), .utf8 = utf8 },
    };
    struct moxd_buf b = MOXD_BUF_INIT(ROOM);
    struct moxd_dsn_parts parts;
    struct moxd_dsn_report *rep;

    if (moxd_str_find(s, d.boundary) >= 0)
        return;
    moxd_assert(moxd_dsn_write(&d, &parts, NULL) == 0);
    moxd_buf_addstr(&b, moxd_buf_str(&parts.before));
    moxd_buf_addstr(&b, moxd_buf_str(&parts.after));
    moxd_assert(utf8 || d.original.utf8 || moxd_str_is_ascii(moxd_buf_str(&b)));
    rep = read(moxd_buf_str(&b), a);
    moxd_assert(rep && rep->rcpts[rep->nrcpts - 1].action == MOXD_DSN_FAILED);
    moxd_assert(rep->nrcpts == 2 || rep->nrcpts == 1);
    moxd_assert(moxd_str_eqs(rep->rcpts[rep->nrcpts - 1].final, "b@example.com"));
    moxd_dsn_parts_fini(&parts);
    moxd_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = moxd_str((const char *)data, size);
    struct moxd_arena *a = moxd_arena_new(0);

    (void)read(s, a);
    written(s, false, a);
    written(s, true, a);
    moxd_arena_free(a);
    return 0;
}
