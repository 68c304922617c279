/* gzip, made by zlib. */
#include <limits.h>
#include <moxmail/report.h>
#include <zlib.h>

enum {
    GZIP = 16,   /* added to the window bits: gzip instead of zlib */
    PIECE = 4096 /* bytes of output at a time */
};

int moxd_report_pack(struct moxd_str s, struct moxd_buf *out, struct moxd_err *err)
{
    unsigned char piece[PIECE];
    z_stream z = { 0 };
    int rc;

    if (s.n > UINT_MAX / 2)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "too large to be packed");
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return moxd_err_set(err, MOXD_ERR_INTERNAL, "gzip cannot be made");
    z.next_in = (Bytef *)(uintptr_t)s.p;
    z.avail_in = (uInt)s.n;
    do {
        z.next_out = piece;
        z.avail_out = sizeof(piece);
        rc = deflate(&z, Z_FINISH);
        moxd_buf_add(out, piece, sizeof(piece) - z.avail_out);
    } while (rc == Z_OK && !out->overflow);
    (void)deflateEnd(&z);
    return rc == Z_STREAM_END && !out->overflow
               ? 0
               : moxd_err_set(err, MOXD_ERR_LIMIT, "the packed report is too large");
}
