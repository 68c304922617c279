/* moxctl import mbox */
#include "impex.h"

#include <moxd/clock.h>
#include <moxmail/mbox.h>

static unsigned flags_of(unsigned mbox)
{
    static const struct {
        unsigned mbox, flag;
    } flags[] = {
        { MOXD_MBOX_SEEN, STORE_SEEN },       { MOXD_MBOX_ANSWERED, STORE_ANSWERED },
        { MOXD_MBOX_FLAGGED, STORE_FLAGGED }, { MOXD_MBOX_DELETED, STORE_DELETED },
        { MOXD_MBOX_DRAFT, STORE_DRAFT },     { MOXD_MBOX_FORWARDED, STORE_FORWARDED },
    };
    unsigned out = 0;

    for (size_t i = 0; i < MOXD_NELEMS(flags); i++)
        if (mbox & flags[i].mbox)
            out |= flags[i].flag;
    return out;
}

static int take(struct impex_import *in, struct moxd_mbox *m, enum moxd_mbox_event ev,
                struct moxd_err *err)
{
    switch (ev) {
    case MOXD_MBOX_START:
        impex_message_begin(in);
        return 0;
    case MOXD_MBOX_DATA:
        return impex_message_write(in, m->data, err);
    case MOXD_MBOX_END:
        if (m->flags & (MOXD_MBOX_GONE | MOXD_MBOX_INTERNAL)) {
            impex_message_drop(in);
            return 0;
        }
        return impex_message_take(in, flags_of(m->flags), moxd_buf_str(&m->keywords),
                                  m->time * MOXD_SEC, err);
    default:
        return moxd_err_set(
            err, MOXD_ERR_INVALID,
            "this is no mbox file: it does not begin with a line like \"From sender Thu Nov 24 "
            "18:22:48 1986\"");
    }
}

/* All that the input has now. */
static int take_input(struct impex_import *in, struct moxd_mbox *m, struct moxd_buf *have,
                      bool last, struct moxd_err *err)
{
    struct moxd_str rest = moxd_buf_str(have);
    enum moxd_mbox_event ev;

    while ((ev = moxd_mbox_next(m, &rest, last)) != MOXD_MBOX_MORE)
        if (take(in, m, ev, err) < 0)
            return -1;
    moxd_buf_consume(have, have->n - rest.n);
    return 0;
}

static int read_all(struct impex_import *in, struct moxd_mbox *m, struct moxd_buf *have,
                    struct moxd_err *err)
{
    long n;

    do {
        char *p = moxd_buf_room(have, IMPEX_PIECE);

        moxd_assert(p != NULL); /* less than MOXD_MBOX_LOOK was left */
        n = moxd_ctl_read(in->c, p, IMPEX_PIECE);
        if (n < 0)
            return moxd_err_set(err, MOXD_ERR_IO, "the file cannot be read to its end");
        moxd_buf_grew(have, (size_t)n);
        if (take_input(in, m, have, n == 0, err) < 0)
            return -1;
    } while (n > 0);
    return 0;
}

int impex_cmd_import_mbox(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    struct moxd_buf have = MOXD_BUF_INIT(IMPEX_PIECE + MOXD_MBOX_LOOK);
    struct impex_import *in = moxd_arena_calloc(moxd_ctl_arena(c), 1, sizeof(*in));
    struct moxd_mbox mbox = { 0 };
    int rc;

    (void)argc;
    if (impex_import_begin(in, MOXD_CONTAINER(m, struct impex, m), c, argv[0], argv[1], err) < 0)
        return -1;
    rc = moxd_ctl_file(c, argv[2]) < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "moxctl is gone")
                                       : read_all(in, &mbox, &have, err);
    moxd_mbox_fini(&mbox);
    moxd_buf_fini(&have);
    return impex_import_end(in, rc, err);
}
