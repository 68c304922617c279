/* The first byte chooses: compressed data as it comes from anywhere; or content, compressed by a peer that
 * flushes and pauses as further bytes say, which must come out as it was. */
#include "fuzz.h"

#include "stream/deflate.h"

#include <stdlib.h>
#include <zlib.h>

enum { ROOM = 997 };

/* Takes all there is; -1 when it is broken. What comes is compared with *want. */
static int take(struct core_deflate *z, struct moxd_str wire, struct moxd_str *want)
{
    char piece[ROOM];

    for (;;) {
        size_t room;
        long k = core_deflate_take(z, piece, sizeof(piece));
        if (k < 0)
            return -1;
        if (want != NULL) {
            moxd_assert((size_t)k <= want->n && memcmp(piece, want->p, (size_t)k) == 0);
            *want = moxd_str_from(*want, (size_t)k);
        }
        if (k > 0)
            continue;
        if (wire.n == 0)
            return 0;
        char *raw = core_deflate_room(z, &room);
        room = room < wire.n ? room : wire.n;
        memcpy(raw, wire.p, room);
        core_deflate_got(z, room);
        wire = moxd_str_from(wire, room);
    }
}

static void foreign(struct moxd_str data)
{
    struct core_deflate *z = core_deflate_new();

    while (data.n > 1) {
        size_t n = (unsigned char)data.p[0];
        if (take(z, moxd_str_sub(data, 1, n), NULL) < 0)
            break;
        core_deflate_rest(z);
        data = moxd_str_from(data, 1 + n);
    }
    core_deflate_free(z);
}

static void own(struct moxd_str data)
{
    static const int flushes[] = { Z_SYNC_FLUSH, Z_PARTIAL_FLUSH, Z_FULL_FLUSH, Z_BLOCK,
                                   Z_NO_FLUSH };
    struct core_deflate *z = core_deflate_new();
    z_stream out = { 0 };

    moxd_assert(deflateInit2(&out, 6, Z_DEFLATED, -9, 1, Z_DEFAULT_STRATEGY) == Z_OK);
    while (data.n > 2) {
        unsigned how = (unsigned char)data.p[0];
        struct moxd_str content = moxd_str_sub(data, 2, (unsigned char)data.p[1]), want = content;
        char wire[2000];
        int flush = flushes[how % MOXD_NELEMS(flushes)];

        data = moxd_str_from(data, 2 + content.n);
        /* So that all of this piece is out, whatever came before. */
        out.next_in = (unsigned char *)(uintptr_t)content.p;
        out.avail_in = (unsigned)content.n;
        out.next_out = (unsigned char *)wire;
        out.avail_out = sizeof(wire);
        moxd_assert(deflate(&out, flush) >= Z_BUF_ERROR && out.avail_in == 0);
        if (flush == Z_NO_FLUSH || flush == Z_BLOCK)
            moxd_assert(deflate(&out, Z_PARTIAL_FLUSH) >= Z_BUF_ERROR && out.avail_out > 0);
        moxd_assert(take(z, moxd_str(wire, sizeof(wire) - out.avail_out), &want) == 0);
        moxd_assert(want.n == 0);
        if (how & 128)
            core_deflate_rest(z);
    }
    deflateEnd(&out);
    core_deflate_free(z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = moxd_str((const char *)data + 1, size - 1);

    if (size == 0)
        return 0;
    if (data[0] & 1)
        own(s);
    else
        foreign(s);
    return 0;
}
