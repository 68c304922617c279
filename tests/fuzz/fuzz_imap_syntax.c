#include "fuzz.h"

#include <moxd/buf.h>
#include <moxmail/imap_syntax.h>
#include <moxmail/imap_url.h>

/* The lines behind the data of literals, as they would come. */
static void append_pieces(struct moxd_str text, struct moxd_arena *a, struct moxd_imap_append *ap)
{
    struct moxd_imap_url url;

    while (text.p && ap->literal != MOXD_IMAP_LITERAL_NONE)
        if (moxd_imap_append_next(moxd_str_cut(&text, '\n'), a, ap, NULL) < 0)
            return;
    for (size_t i = 0; i < ap->n; i++)
        (void)!moxd_imap_url_parse(ap->v[i].url, a, &url, NULL);
}

/* A command, and what follows it when it ends in a literal. */
static void command(struct moxd_str text, struct moxd_arena *a)
{
    struct moxd_str first = moxd_str_cut(&text, '\n');
    struct moxd_imap_cmd cmd;

    if (moxd_imap_parse(first, a, &cmd, NULL) == 0)
        append_pieces(text, a, &cmd.append);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str text = moxd_str((const char *)data, size);
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    struct moxd_imap_cmd cmd;
    struct moxd_imap_literal lit;
    struct moxd_imap_url url;
    struct moxd_err err = { 0 };
    struct moxd_imap_key *key;
    bool seqs;

    if (moxd_imap_parse(text, a, &cmd, &err) == 0) {
        for (size_t i = 0; i < cmd.nitems; i++)
            moxd_imap_put_section(&b, &cmd.items[i].sec);
        moxd_imap_put_astring(&b, cmd.mailbox, true);
    } else {
        moxd_assert(err.pub[0] != '\0');
    }
    command(text, a);
    (void)!moxd_imap_url_parse(text, a, &url, NULL);
    (void)!moxd_imap_parse_search(text, a, &key, &seqs, NULL);
    (void)moxd_imap_literal(text, &lit);
    (void)moxd_imap_is_append_data(text);
    (void)moxd_imap_is_secret(text);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
    return 0;
}
