/* moxctl import maildir: a directory with new and cur, as qmail, Courier and Dovecot keep mail. The list of its files
 * comes first, then each file is asked for. */
#include "impex.h"

#include <moxd/clock.h>

enum { LETTERS = 26 };

struct maildir {
    struct impex_import *in;
    const char *path;     /* as the command line names it */
    struct moxd_buf list; /* of its files: <moxd/control.h> */
    struct moxd_arena *a;
    const char *keyword[LETTERS]; /* of dovecot-keywords; NULL: none */
};

struct entry {
    int64_t mtime;
    struct moxd_str path;
};

static bool next_entry(struct moxd_str *rest, struct entry *e)
{
    struct moxd_str line;
    uint64_t seconds;

    if (rest->n == 0)
        return false;
    line = moxd_str_cut(rest, '\0');
    (void)moxd_str_cut(&line, ' '); /* its size */
    if (moxd_str_u64(moxd_str_cut(&line, ' '), INT64_MAX / MOXD_SEC, &seconds) < 0)
        seconds = 0; /* from before 1970 */
    *e = (struct entry){ (int64_t)seconds * MOXD_SEC, line };
    return true;
}

/* --- reading ------------------------------------------------------------------------------------- */

static int gone(struct moxd_err *err)
{
    return moxd_err_set(err, MOXD_ERR_IO, "a file cannot be read");
}

/* The whole input; out has a limit. */
static int slurp(struct maildir *md, struct moxd_buf *out, const char *what, struct moxd_err *err)
{
    char piece[4096];
    long n;

    while ((n = moxd_ctl_read(md->in->c, piece, sizeof(piece))) > 0)
        moxd_buf_add(out, piece, (size_t)n);
    if (n < 0)
        return gone(err);
    return out->overflow
               ? moxd_err_set(err, MOXD_ERR_LIMIT, "%s has more than %zu bytes", what, out->max)
               : 0;
}

static int open_file(struct maildir *md, struct moxd_str path, struct moxd_err *err)
{
    const char *name = moxd_arena_printf(md->a, "%s/%" MOXD_STRF, md->path, MOXD_STRA(path));

    return moxd_ctl_file(md->in->c, name) < 0 ? gone(err) : 0;
}

/* --- keywords ------------------------------------------------------------------------------------ */

/* Lines "0 name": the letter a stands for it in names of files. */
static void learn_keywords(struct maildir *md, struct moxd_str text)
{
    uint64_t n;

    while (text.n > 0) {
        struct moxd_str line = moxd_str_cut(&text, '\n');

        if (moxd_str_u64(moxd_str_cut(&line, ' '), LETTERS - 1, &n) < 0)
            continue;
        if (moxd_str_ends(line, MOXD_STR("\r")))
            line.n--;
        md->keyword[n] = moxd_arena_cstr(md->a, line);
    }
}

static int read_keywords(struct maildir *md, struct moxd_err *err)
{
    struct moxd_str rest = moxd_buf_str(&md->list);
    struct moxd_buf text = MOXD_BUF_INIT(IMPEX_KEYWORDS_FILE_MAX);
    struct entry e;
    int rc = 0;

    while (rc == 0 && next_entry(&rest, &e))
        if (moxd_str_eqs(e.path, "dovecot-keywords"))
            rc = open_file(md, e.path, err) < 0 || slurp(md, &text, "dovecot-keywords", err) < 0
                     ? -1
                     : 1;
    if (rc > 0)
        learn_keywords(md, moxd_buf_str(&text));
    moxd_buf_fini(&text);
    return rc < 0 ? -1 : 0;
}

/* "unique:2,FLAGS" (https://cr.yp.to/proto/maildir.html); small letters are Dovecot's. */
static unsigned flags_of(const struct maildir *md, struct moxd_str name, struct moxd_buf *keywords)
{
    static const struct {
        char letter;
        unsigned flag;
    } letters[] = { { 'S', STORE_SEEN },    { 'R', STORE_ANSWERED }, { 'F', STORE_FLAGGED },
                    { 'T', STORE_DELETED }, { 'D', STORE_DRAFT },    { 'P', STORE_FORWARDED } };
    unsigned flags = 0;

    for (size_t i = name.n; i-- > 0 && name.p[i] != ',';) {
        char c = name.p[i];

        for (size_t k = 0; k < MOXD_NELEMS(letters); k++)
            if (letters[k].letter == c)
                flags |= letters[k].flag;
        if (c >= 'a' && c <= 'z' && md->keyword[c - 'a'])
            moxd_buf_addf(keywords, "%s ", md->keyword[c - 'a']);
    }
    return flags;
}

/* --- messages ------------------------------------------------------------------------------------ */

static int write_file(struct maildir *md, struct moxd_err *err)
{
    char *piece = moxd_arena_alloc(md->a, IMPEX_PIECE);
    long n;

    while ((n = moxd_ctl_read(md->in->c, piece, IMPEX_PIECE)) > 0)
        if (impex_message_write(md->in, moxd_str(piece, (size_t)n), err) < 0)
            return -1;
    return n < 0 ? gone(err) : 0;
}

static int take_file(struct maildir *md, const struct entry *e, struct moxd_err *err)
{
    struct moxd_buf keywords MOXD_CLEANUP(moxd_buf_fini) =
        MOXD_BUF_INIT(LETTERS * (STORE_KEYWORD_LEN_MAX + 1));
    const char *info = memmem(e->path.p, e->path.n, ":2,", 3);
    unsigned flags = info ? flags_of(md, e->path, &keywords) : 0;

    if (open_file(md, e->path, err) < 0)
        return -1;
    impex_message_begin(md->in);
    if (write_file(md, err) < 0)
        return -1;
    return impex_message_take(md->in, flags, moxd_buf_str(&keywords), e->mtime, err);
}

static bool is_message(struct moxd_str path)
{
    size_t n =
        moxd_str_starts(path, MOXD_STR("new/")) || moxd_str_starts(path, MOXD_STR("cur/")) ? 4 : 0;

    return n > 0 && path.n > n && path.p[n] != '.';
}

static int take_files(struct maildir *md, struct moxd_err *err)
{
    struct moxd_str rest = moxd_buf_str(&md->list);
    struct moxd_arena *all = md->a, *one = moxd_arena_new(2 * IMPEX_PIECE);
    struct entry e;
    int rc = 0;

    md->a = one;
    while (rc == 0 && next_entry(&rest, &e)) {
        moxd_arena_reset(one);
        if (is_message(e.path))
            rc = take_file(md, &e, err);
    }
    md->a = all;
    moxd_arena_free(one);
    return rc;
}

static int read_all(struct maildir *md, struct moxd_err *err)
{
    if (moxd_ctl_directory(md->in->c, md->path, err) < 0 ||
        slurp(md, &md->list, "the list of files", err) < 0 || read_keywords(md, err) < 0)
        return -1;
    return take_files(md, err);
}

int impex_cmd_import_maildir(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err)
{
    struct impex_import *in = moxd_arena_calloc(moxd_ctl_arena(c), 1, sizeof(*in));
    struct maildir md = {
        .in = in, .path = argv[2], .list = MOXD_BUF_INIT(IMPEX_LIST_MAX), .a = moxd_ctl_arena(c)
    };
    int rc;

    (void)argc;
    if (impex_import_begin(in, MOXD_CONTAINER(m, struct impex, m), c, argv[0], argv[1], err) < 0)
        return -1;
    rc = read_all(&md, err);
    moxd_buf_fini(&md.list);
    return impex_import_end(in, rc, err);
}
