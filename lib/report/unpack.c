/* gzip by zlib, zip by libarchive, in pieces, so that a small file that unpacks to very much stops at the limit
 * of the output. */
#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <moxmail/report.h>
#include <zlib.h>

enum {
    GZIP = 16,       /* added to the window bits: gzip instead of zlib */
    PIECE = 4096,    /* bytes that are unpacked at a time */
    ENTRIES_MAX = 16 /* of an archive that are passed over: directories and the like */
};

static int too_large(struct moxd_err *err)
{
    return moxd_err_set(err, MOXD_ERR_LIMIT, "the report is too large when it is unpacked");
}

/* Members of a file may follow each other (RFC 1952 2.2); what is behind the last one is ignored. */
static int inflate_all(z_stream *z, struct moxd_buf *out, struct moxd_err *err)
{
    unsigned char piece[PIECE];
    bool ended = false;

    while (!(ended && z->avail_in == 0)) {
        z->next_out = piece;
        z->avail_out = sizeof(piece);
        int rc = inflate(z, Z_NO_FLUSH);
        if (rc != Z_OK && rc != Z_STREAM_END)
            return ended ? 0 : moxd_err_set(err, MOXD_ERR_SYNTAX, "the gzip file is damaged");
        ended = false;
        moxd_buf_add(out, piece, sizeof(piece) - z->avail_out);
        if (out->overflow)
            return too_large(err);
        if (rc == Z_STREAM_END) {
            ended = true;
            (void)inflateReset(z);
        }
    }
    return 0;
}

static int unpack_gzip(struct moxd_str file, struct moxd_buf *out, struct moxd_err *err)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)file.p, .avail_in = (uInt)file.n };

    if (inflateInit2(&z, 15 + GZIP) != Z_OK)
        return moxd_err_set(err, MOXD_ERR_INTERNAL, "gzip cannot be read");
    int rc = inflate_all(&z, out, err);
    (void)inflateEnd(&z);
    return rc;
}

static int read_entry(struct archive *ar, struct moxd_buf *out, struct moxd_err *err)
{
    char piece[PIECE];
    la_ssize_t n;

    while ((n = archive_read_data(ar, piece, sizeof(piece))) > 0) {
        moxd_buf_add(out, piece, (size_t)n);
        if (out->overflow)
            return too_large(err);
    }
    return n == 0 ? 0 : moxd_err_set(err, MOXD_ERR_SYNTAX, "the zip file is damaged");
}

static int first_entry(struct archive *ar, struct moxd_buf *out, struct moxd_err *err)
{
    struct archive_entry *entry;

    for (int i = 0; i < ENTRIES_MAX; i++) {
        int rc = archive_read_next_header(ar, &entry);
        if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
            break;
        if (archive_entry_filetype(entry) == AE_IFREG)
            return read_entry(ar, out, err);
    }
    return moxd_err_set(err, MOXD_ERR_SYNTAX, "no file can be read from the zip file");
}

static int unpack_zip(struct moxd_str file, struct moxd_buf *out, struct moxd_err *err)
{
    struct archive *ar = archive_read_new();
    int rc = -1;

    if (ar && archive_read_support_format_zip(ar) == ARCHIVE_OK &&
        archive_read_open_memory(ar, file.p, file.n) == ARCHIVE_OK)
        rc = first_entry(ar, out, err);
    else
        (void)moxd_err_set(err, MOXD_ERR_SYNTAX, "the zip file cannot be read");
    (void)archive_read_free(ar);
    return rc;
}

int moxd_report_unpack(struct moxd_str file, struct moxd_buf *out, struct moxd_err *err)
{
    if (file.n > MOXD_REPORT_PACKED_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the file is larger than %d bytes",
                            MOXD_REPORT_PACKED_MAX);
    if (moxd_str_starts(file, MOXD_STR("\x1f\x8b")))
        return unpack_gzip(file, out, err);
    if (moxd_str_starts(file, MOXD_STR("PK\003\004")))
        return unpack_zip(file, out, err);
    moxd_buf_addstr(out, file);
    return out->overflow ? too_large(err) : 0;
}
