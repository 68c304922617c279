/* What is kept of parsed messages: always what parsing them gives, wherever they go. */
#include "store_unit.h"

#include "parsed.h"

#include <moxmail/summary.h>

static const char mail[] = "Received: from x\r\nFrom: A <a@x>\r\nSubject: one\r\n two\r\n"
                           "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n"
                           "--b\r\nContent-Type: image/png\r\n\r\nxx\r\n--b--\r\n";

/* --- comparing --------------------------------------------------------------------------------- */

struct seen {
    struct store_account *acc;
    size_t n, lacking;
    uint32_t last;
};

static struct store_parsed parse_text(const char *p, size_t n)
{
    struct moxd_str text = moxd_str(p, n);
    struct moxd_reader r = moxd_reader_mem(&text);
    struct store_parsed parsed;

    store_parsed_init(&parsed);
    ck_err(store_parse(&r, &parsed, err));
    return parsed;
}

/* The file of a message, since this runs on a worker, where no body is opened. */
static char *file_text(struct store_account *acc, const struct store_msg *msg, struct moxd_arena *a)
{
    int fd = store_file_open(acc->s->env, acc->id, msg->id, msg->size, NULL);
    char *p = moxd_arena_alloc(a, msg->size + 1);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, p, msg->size, 0), (long)msg->size);
    moxd_closep(&fd);
    return p;
}

static int check_item(void *arg, struct store_tx *tx, const struct store_item *item,
                      struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct seen *seen = arg;
    struct moxd_str body;

    ck_assert_uint_gt(item->msg->uid, seen->last);
    seen->last = item->msg->uid;
    seen->n++;
    if (item->header.n == 0) {
        seen->lacking++;
        return 0;
    }
    int rc = api->tx_body(tx, item, &body, err);
    ck_assert_int_eq(rc, item->in_database);
    if (rc == 0)
        body = moxd_str(file_text(seen->acc, item->msg, a), item->msg->size);
    struct store_parsed want = parse_text(body.p, body.n);
    ck_assert(moxd_str_eq(item->header, moxd_buf_str(&want.header)));
    ck_assert(moxd_str_eq(item->structure, moxd_buf_str(&want.structure)));
    store_parsed_fini(&want);
    return 0;
}

struct reading {
    struct store_account *acc;
    uint32_t mailbox;
    const struct store_uids *uids;
    unsigned with;
    store_item_fn *fn;
    void *arg;
    int result;
};

static int op_read(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct reading *r = arg;

    r->result = api->tx_messages(tx, r->mailbox, r->uids, r->with, r->fn, r->arg, err);
    return r->result < 0 ? -1 : 0;
}

static struct seen check_mailbox(struct store_account *acc, const char *name,
                                 const struct store_uids *uids)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct seen seen = { .acc = acc };
    struct reading r = { acc,        mailbox_of(acc, name, a).id,
                         uids,       STORE_WITH_HEADER | STORE_WITH_STRUCTURE,
                         check_item, &seen,
                         0 };

    ck_err(api->view(self, acc, op_read, &r, err));
    moxd_arena_free(a);
    return seen;
}

static void wait_filled(struct store_account *acc)
{
    do
        ck_assert_int_eq(moxd_yield(), MOXD_OK);
    while (acc->fill.running || acc->s->fibers > 0);
}

/* --- tests ------------------------------------------------------------------------------------- */

/* proves: P-STORE-09 */
IN_STORE(follows_messages)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_copied *copied;
    struct store_uids gone;
    size_t n;

    for (int i = 0; i < 10; i++)
        add_text(acc, "INBOX", moxd_arena_printf(a, "Subject: %d\r\n\r\n%s", i, mail),
                 i % 2 ? STORE_DELETED : 0);
    add_text(acc, "INBOX", mail, 0);
    add_text(acc, "INBOX", "", 0);
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id, archive = mailbox_of(acc, "Archive", a).id;
    ck_assert_uint_eq(check_mailbox(acc, "INBOX", NULL).n, 12);
    ck_err(api->copy(acc, inbox, UIDS({ 2, 3 }, { 11, 11 }), archive, a, &copied, &n, err));
    ck_err(api->move(acc, inbox, UIDS({ 1, 1 }, { 4, 5 }), archive, a, &copied, &n, NULL, err));
    ck_err(api->expunge(acc, inbox, NULL, a, &gone, NULL, err));
    struct seen in = check_mailbox(acc, "INBOX", NULL), arch = check_mailbox(acc, "Archive", NULL);
    ck_assert_uint_eq(in.n, 5);
    ck_assert_uint_eq(arch.n, 6);
    ck_assert_uint_eq(in.lacking + arch.lacking, 0);
    ck_err(api->mailbox_rename(acc, MOXD_STR("INBOX"), MOXD_STR("Old"), err));
    ck_assert_uint_eq(check_mailbox(acc, "Old", NULL).n, 5);
    ck_assert_uint_eq(check_mailbox(acc, "INBOX", NULL).n, 0);
    check_account(acc);
    ck_err(api->mailbox_delete(acc, MOXD_STR("Old"), err));
    close_account(acc);
    moxd_arena_free(a);
}

static char *large(size_t n, struct moxd_arena *a)
{
    char *p = moxd_arena_alloc(a, n + 1);

    memset(p, 'x', n);
    memcpy(p, mail, strlen(mail));
    return p;
}

/* Each target has its own prefix. A large body is parsed once at delivery, for the others later. */
IN_STORE(several_targets)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *x = open_account("x"), *y = open_account("y");
    struct store_add adds[] = {
        { .acc = x, .mailbox_name = "INBOX" },
        { .acc = x, .mailbox_name = "INBOX", .prefix = MOXD_STR("Return-Path: <>\r\n") },
        { .acc = y, .mailbox_name = "INBOX" },
        { .acc = y, .mailbox_name = "Archive", .prefix = MOXD_STR("Delivered-To: y\r\n") },
    };
    struct store_draft *d = draft_of(mail, strlen(mail));

    ck_err(api->add(self, d, adds, 4, NULL, err));
    api->draft_free(d);
    struct seen seen = check_mailbox(x, "INBOX", NULL);
    ck_assert_uint_eq(seen.n, 2);
    ck_assert_uint_eq(seen.lacking, 0);
    ck_assert_uint_eq(check_mailbox(y, "Archive", NULL).lacking, 0);

    adds[1].prefix = moxd_str(NULL, 0);
    adds[3].prefix = MOXD_STR("X: y\r\n");
    d = draft_of(large(3 << 20, a), 3 << 20);
    ck_err(api->add(self, d, adds, 3, NULL, err));
    ck_assert_uint_eq(check_mailbox(x, "INBOX", NULL).lacking, 0);
    ck_err(api->add(self, d, adds + 2, 2, NULL, err));
    api->draft_free(d);
    wait_filled(y);
    ck_assert_uint_eq(check_mailbox(y, "INBOX", NULL).lacking, 0);
    struct store_report r = check_account(y);
    ck_assert_uint_eq(r.messages, 5);
    close_account(x);
    close_account(y);
    moxd_arena_free(a);
}

static int op_forget(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_key headers = store_key_table(STORE_T_HEADER);
    struct store_key other = store_key_place(STORE_T_STRUCTURE, *(uint32_t *)arg, 3);

    if (store_clear(tx, &headers, err) < 0)
        return -1;
    return store_put(tx, &other, MOXD_STR("\177of another form"), err);
}

static bool is_complete;
static int op_complete(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    (void)arg;
    int rc = store_parsed_complete(tx, err);
    is_complete = rc > 0;
    return rc < 0 ? -1 : 0;
}

/* An account from before there were such records, or with those of another version, is brought up to
 * date when it is opened, while it is used.
 * proves: P-STORE-09 */
IN_STORE(made_in_the_background)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id;

    for (int i = 0; i < 700; i++)
        add_text(acc, "INBOX", mail, 0);
    add_text(acc, "INBOX", large(20000, a), 0);
    ck_err(store_write(acc, op_forget, &inbox, err));
    ck_assert_uint_eq(check_mailbox(acc, "INBOX", NULL).lacking, 701);
    close_account(acc);
    store_restart();
    acc = open_account("mjl");
    struct store_uids gone;
    ck_err(api->set_flags(acc, inbox, UIDS({ 2, 2 }, { 600, 610 }),
                          &(struct store_flag_change){ .flags = STORE_DELETED }, a,
                          &(struct store_entry *){ NULL }, &(size_t){ 0 }, NULL, err));
    ck_err(api->expunge(acc, inbox, NULL, a, &gone, NULL, err));
    wait_filled(acc);
    struct seen seen = check_mailbox(acc, "INBOX", NULL);
    ck_assert_uint_eq(seen.n, 689);
    ck_assert_uint_eq(seen.lacking, 0);
    ck_err(api->view(self, acc, op_complete, NULL, err));
    ck_assert(is_complete);
    close_account(acc);
    moxd_arena_free(a);
}

/* What was made before a stop stays; the rest follows.
 * proves: P-STORE-09 */
IN_STORE(goes_on_after_a_restart)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id;
    size_t lacking, before;

    for (int i = 0; i < 1200; i++)
        add_text(acc, "INBOX", mail, 0);
    ck_err(store_write(acc, op_forget, &inbox, err));
    close_account(acc);
    store_restart();
    acc = open_account("mjl");
    do
        before = check_mailbox(acc, "INBOX", NULL).lacking;
    while (before == 1200);
    close_account(acc);
    store_restart();
    acc = open_account("mjl");
    lacking = check_mailbox(acc, "INBOX", NULL).lacking;
    ck_assert_uint_le(lacking, before);
    wait_filled(acc);
    ck_assert_uint_eq(check_mailbox(acc, "INBOX", NULL).lacking, 0);
    ck_err(api->view(self, acc, op_complete, NULL, err));
    ck_assert(is_complete);
    check_account(acc);
    close_account(acc);
    moxd_arena_free(a);
}

static int op_spoil(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_key key = store_key_place(STORE_T_HEADER, *(uint32_t *)arg, 1);
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    moxd_summary_make(MOXD_STR("Subject: wrong\r\n\r\n"), &b);
    int rc = store_put(tx, &key, moxd_buf_str(&b), err);
    moxd_buf_fini(&b);
    return rc;
}

/* proves: P-STORE-09 */
IN_STORE(made_again_on_command)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_fill_progress p = { 0 };
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id;

    add_text(acc, "INBOX", mail, 0);
    add_text(acc, "INBOX", mail, 0);
    ck_err(store_write(acc, op_spoil, &inbox, err));
    ck_err(store_fill(acc, false, &p, err));
    ck_assert_uint_eq(p.looked, 2);
    ck_assert_uint_eq(p.made, 0);
    p = (struct store_fill_progress){ 0 };
    ck_err(store_fill(acc, true, &p, err));
    ck_assert_uint_eq(p.made, 2);
    ck_assert_uint_eq(check_mailbox(acc, "INBOX", NULL).n, 2);
    close_account(acc);
    moxd_arena_free(a);
}

/* --- reading sets ------------------------------------------------------------------------------ */

struct picked {
    char text[400];
    size_t stop_after;
};

static int pick(void *arg, struct store_tx *tx, const struct store_item *item, struct moxd_err *err)
{
    struct picked *p = arg;
    size_t n = strlen(p->text);

    (void)tx, (void)err;
    snprintf(p->text + n, sizeof(p->text) - n, "%u%s%s%s ", item->msg->uid,
             item->header.n > 0 ? "h" : "", item->structure.n > 0 ? "s" : "",
             item->msg->keywords.n > 0 ? item->msg->keywords.v[0] : "");
    return p->stop_after > 0 && --p->stop_after == 0 ? 7 : 0;
}

static const char *picked(struct store_account *acc, uint32_t mailbox,
                          const struct store_uids *uids, unsigned with, size_t stop_after, int want)
{
    static struct picked p;
    struct reading r = { acc, mailbox, uids, with, pick, &p, 0 };

    p = (struct picked){ .stop_after = stop_after };
    ck_err(api->view(self, acc, op_read, &r, err));
    ck_assert_int_eq(r.result, want);
    return p.text;
}

IN_STORE(reads_sets)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id;
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD, .keywords = KEYWORDS("kw") };
    struct store_entry *e;
    size_t n;

    for (int i = 0; i < 500; i++)
        add_text(acc, "INBOX", mail, 0);
    ck_err(api->set_flags(acc, inbox, UIDS({ 3, 3 }), &fc, a, &e, &n, NULL, err));
    ck_assert_str_eq(picked(acc, inbox, UIDS({ 2, 4 }, { 499, 600 }), 0, 0, 0), "2 3kw 4 499 500 ");
    ck_assert_str_eq(picked(acc, inbox, UIDS({ 1, 1 }, { 250, 250 }), STORE_WITH_HEADER, 0, 0),
                     "1h 250h ");
    ck_assert_str_eq(picked(acc, inbox, NULL, STORE_WITH_STRUCTURE, 3, 7), "1s 2s 3skw ");
    ck_assert_str_eq(picked(acc, inbox, UIDS({ 1000, 2000 }), 3, 0, 0), "");
    ck_assert_str_eq(picked(acc, inbox, UIDS({ 198, 204 }), 3, 4, 7), "198hs 199hs 200hs 201hs ");
    struct seen seen = check_mailbox(acc, "INBOX", UIDS({ 1, 300 }, { 302, 500 }));
    ck_assert_uint_eq(seen.n, 499);
    ck_assert_uint_eq(seen.lacking, 0);
    struct reading r = { acc, 999, NULL, 0, pick, NULL, 0 };
    ck_fails(NOTFOUND, api->view(self, acc, op_read, &r, err));
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store_parsed", follows_messages, several_targets, made_in_the_background,
          goes_on_after_a_restart, made_again_on_command, reads_sets)
