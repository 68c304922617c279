/* Previews as the store makes and keeps them. */
#include "store_unit.h"

static const char text[] = "Subject: x\r\n\r\n> old\r\nHello!\r\n";

/* A preview by its place in ids, "(none)" for none. */
static const char *shown(struct store_account *acc, const uint64_t *ids, size_t n, size_t which,
                         bool lazy, struct moxd_arena *a)
{
    struct moxd_str *out = moxd_arena_calloc(a, n, sizeof(*out));
    ck_err(api->previews(acc, ids, n, lazy, a, out, err));
    return out[which].p != NULL ? moxd_arena_cstr(a, out[which]) : "(none)";
}

/* proves: P-STORE-08 */
IN_STORE(makes_previews_when_first_asked)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    char *big = moxd_arena_alloc(a, 9001);
    struct store_uids gone;

    memset(big, 'b', 9000);
    uint64_t ids[] = { add_text(acc, "INBOX", text, STORE_DELETED).id,
                       add_text(acc, "INBOX", "Content-Type: image/png\r\n\r\n", 0).id,
                       add_text(acc, "INBOX", moxd_arena_printf(a, "\r\nLong %s", big), 0).id,
                       4711 };
    size_t n = MOXD_NELEMS(ids);
    uint64_t modseq = api->modseq(acc);
    ck_assert_str_eq(shown(acc, ids, n, 0, true, a), "(none)");
    ck_assert_str_eq(shown(acc, ids, n, 0, false, a), "[...] Hello!");
    ck_assert_str_eq(shown(acc, ids, n, 0, true, a), "[...] Hello!");
    ck_assert_str_eq(shown(acc, ids, n, 1, true, a), "");
    ck_assert_str_eq(shown(acc, ids, n, 2, true, a), moxd_arena_printf(a, "Long %.195s", big));
    ck_assert_str_eq(shown(acc, ids, n, 3, false, a), "(none)");
    ck_assert_uint_eq(api->modseq(acc), modseq);
    (void)check_account(acc);

    ck_err(api->expunge(acc, mailbox_of(acc, "INBOX", a).id, NULL, a, &gone, NULL, err));
    wait_erased(acc);
    ck_assert_str_eq(shown(acc, ids, n, 0, false, a), "(none)");
    ck_assert_str_eq(shown(acc, ids, n, 1, true, a), "");
    close_account(acc);
    moxd_arena_free(a);
}

/* Asking does not read the message again, also after a restart. */
IN_STORE(keeps_previews)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct moxd_buf note = MOXD_BUF_INIT(1000);
    uint64_t id = add_text(acc, "INBOX", text, 0).id;

    ck_assert_str_eq(shown(acc, &id, 1, 0, false, a), "[...] Hello!");
    ck_err(api->note_get(acc, id, "store.preview", &note, err));
    ck_assert_str_eq(moxd_buf_cstr(&note), "[...] Hello!");
    ck_err(api->note_set(acc, id, "store.preview", MOXD_STR("kept"), err));
    ck_assert_str_eq(shown(acc, &id, 1, 0, false, a), "kept");
    api->close(acc);
    store_restart();
    acc = open_account("mjl");
    ck_assert_str_eq(shown(acc, &id, 1, 0, true, a), "kept");
    moxd_buf_fini(&note);
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store_preview", makes_previews_when_first_asked, keeps_previews)
