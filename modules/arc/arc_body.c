/* The body of a message in a draft. */
#include "arc.h"

#include <moxd/offload.h>
#include <stdlib.h>

int arc_hash_body(const struct arc *arc, const struct smtp_message *msg,
                  struct moxd_dkim_bodies *bs, struct moxd_err *err)
{
    char *p = moxd_xmalloc(ARC_READ);
    uint64_t off = msg->header.n;
    long n;

    while ((n = arc->store->draft_read(msg->draft, off, p, ARC_READ, err)) > 0 &&
           !moxd_offload_abandoned()) {
        moxd_dkim_bodies_write(bs, p, (size_t)n);
        off += (uint64_t)n;
    }
    moxd_dkim_bodies_end(bs);
    free(p);
    if (n > 0)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    return n == 0 ? 0 : -1;
}
