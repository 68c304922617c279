/* Messages and charset tables of other projects (tests/data): everything parses, and the parts
 * decode to what is known of them. */
#include "message.h"

#include <fcntl.h>
#include <ftw.h>
#include <moxmail/charset.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/message_check.h"

static const char *data_path(const char *name)
{
    static char path[4096];
    const char *dir = getenv("MOXD_SRCDIR");
    snprintf(path, sizeof(path), "%s/tests/data/%s", dir ? dir : "..", name);
    return path;
}

/* Reads through a file in the way of the store: some bytes in memory, the rest in the file. */
static int check_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    char prefix[100];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    (void)ftw;
    ck_assert_int_ge(fd, 0);
    if (type == FTW_F) {
        ssize_t n = read(fd, prefix, sizeof(prefix));
        ck_assert_int_ge(n, 0);
        struct moxd_reader_file f = { .prefix = moxd_str(prefix, (size_t)n), .fd = fd };
        f.file_start = (uint64_t)n;
        f.file_size = (uint64_t)st->st_size - (uint64_t)n;
        struct moxd_reader r = moxd_reader_file(&f);
        check_message(&r);
    }
    close(fd);
    return 0;
}

START_TEST(every_file_as_a_message)
{
    ck_assert_int_eq(nftw(data_path("mikel-mail"), check_file, 10, FTW_PHYS), 0);
    ck_assert_int_eq(nftw(data_path("mime4j"), check_file, 10, FTW_PHYS), 0);
    ck_assert_int_eq(nftw(data_path("jdkim"), check_file, 10, FTW_PHYS), 0);
    ck_assert_int_eq(nftw(data_path("kumomta-dsn"), check_file, 10, FTW_PHYS), 0);
    ck_assert_int_eq(nftw(data_path("parsedmarc"), check_file, 10, FTW_PHYS), 0);
}
END_TEST

static char *load(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *p = malloc(1 << 20);
    *n = fread(p, 1, 1 << 20, f);
    fclose(f);
    return p;
}

/* Where we mean something else than mime4j: it decodes encoded messages to look into them, ends a
 * header at its first malformed line, passes over the body of a multipart without parts, and takes
 * boundaries that are longer than a line or end in blanks. */
static const char *const other_opinion[] = {
    "bad-newlines-multiple-parts-base64",
    "base64encoded-rfc822message-nested",
    "base64encoded-rfc822message",
    "malformedHeader-noheader",
    "malformedHeaderStartsBody-nocrlfcrlf",
    "malformedHeaderStartsBody-noheader",
    "missing-inner-boundary",
    "very-long-boundary",
    "very-very-long-boundary",
    "weird-boundary",
};

static bool differs(const char *path)
{
    for (size_t i = 0; i < MOXD_NELEMS(other_opinion); i++) {
        const char *at = strstr(path, other_opinion[i]);
        if (at && strcmp(at + strlen(other_opinion[i]), ".msg") == 0)
            return true;
    }
    return false;
}

/* "1", and "_2" for each level: numbers of parts, 1 for the message in a message. */
static void known_name(const struct moxd_msg *m, uint32_t i, char *out, size_t size)
{
    uint32_t up[20];
    size_t n = 0;
    for (; i != 0; i = m->parts[i].parent) {
        ck_assert_uint_lt(n, MOXD_NELEMS(up));
        up[n++] = m->parts[i].number ? m->parts[i].number : 1;
    }
    size_t len = (size_t)snprintf(out, size, "1");
    while (n-- > 0)
        len += (size_t)snprintf(out + len, size - len, "_%u", up[n]);
}

static unsigned compared;

static void check_known(const char *base, struct message *t, uint32_t i)
{
    const struct moxd_part *p = &t->m->parts[i];
    char name[100], path[4096];
    size_t n = 0;
    known_name(t->m, i, name, sizeof(name));
    snprintf(path, sizeof(path), "%s_decoded_%s.txt", base, name);
    char *want = load(path, &n);
    snprintf(path, sizeof(path), "%s_decoded_%s.bin", base, name);
    want = want ? want : load(path, &n);
    if (!want)
        return;
    struct moxd_buf got = MOXD_BUF_INIT(1 << 20);
    ck_assert_int_eq(moxd_transfer_range(&t->r, p->body, p->end, p->cte, moxd_sink_buf(&got), NULL),
                     0);
    ck_assert_msg(moxd_str_eq(moxd_buf_str(&got), moxd_str(want, n)), "%s", path);
    moxd_buf_fini(&got);
    free(want);
    compared++;
}

static int check_parts(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    const char *dot = strrchr(path, '.');
    (void)st, (void)ftw;
    if (type != FTW_F || !dot || strcmp(dot, ".msg") != 0 || differs(path))
        return 0;
    struct message t;
    size_t n;
    char *text = load(path, &n), *base = strndup(path, (size_t)(dot - path));
    message_open_n(&t, text, n);
    for (uint32_t i = 0; i < t.m->nparts; i++)
        if (t.m->parts[i].kind == MOXD_PART_LEAF)
            check_known(base, &t, i);
    message_close(&t);
    free(text);
    free(base);
    return 0;
}

START_TEST(parts_decode_to_what_is_known)
{
    ck_assert_int_eq(nftw(data_path("mime4j"), check_parts, 10, FTW_PHYS), 0);
    ck_assert_uint_ge(compared, 25);
}
END_TEST

/* Compares the lines that have a character; the converter of the platform may be newer than the
 * tables in some, so a few may differ. */
static void check_charset(const char *charset, const char *file, unsigned allowed)
{
    char name[100];
    size_t n, nwant;
    unsigned lines = 0, other = 0;
    snprintf(name, sizeof(name), "charsets/%s_in.txt", file);
    char *in = load(data_path(name), &n);
    snprintf(name, sizeof(name), "charsets/%s_in_ref.txt", file);
    char *want = load(data_path(name), &nwant);
    ck_assert(in && want);
    struct moxd_str a = moxd_str(in, n), b = moxd_str(want, nwant);
    while (a.n > 0 && b.n > 0) {
        struct moxd_str bytes = moxd_str_cut(&a, '\n'), text = moxd_str_cut(&b, '\n');
        struct moxd_buf got = MOXD_BUF_INIT(10000);
        moxd_charset_to_utf8(&got, moxd_cstr(charset), bytes);
        bool none = moxd_str_find(text, MOXD_STR("\xEF\xBF\xBD")) >= 0;
        lines += !none;
        other += !none && !moxd_str_eq(moxd_buf_str(&got), text);
        moxd_buf_fini(&got);
    }
    ck_assert_msg(other <= allowed, "%s: %u of %u lines differ", charset, other, lines);
    ck_assert_uint_gt(lines, 5000);
    free(in);
    free(want);
}

/* proves: MSG-01 */
START_TEST(every_character)
{
    check_charset("euc-kr", "euc_kr", 0);
    check_charset("shift_jis", "shift_jis", 0);
    check_charset("iso-2022-jp", "iso_2022_jp", 0);
    check_charset("gb18030", "gb18030", 10);
    check_charset("big5", "big5", 200);
}
END_TEST

UNIT_MAIN("corpora", every_file_as_a_message, parts_decode_to_what_is_known, every_character)
