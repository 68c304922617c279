/* Tests notice an account whose counts are wrong as soon as nobody uses it. proves: STORE-05 */
#include "store_unit.h"

#include "box.h"

/* The mailbox as it is, but for one more message. */
static int miscount(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_box box;

    (void)arg;
    if (store_box_by_name(tx, MOXD_STR("INBOX"), &box, err) < 0)
        return -1;
    box.r.unseen++;
    return store_box_save(tx, &box, err);
}

/* Uses an account twice; arg is whether the second time goes wrong. */
static void use_account(void *arg)
{
    store_start();
    struct store_account *acc = open_account("mjl");
    add_text(acc, "INBOX", "Subject: a\r\n\r\n", 0);
    api->close(acc);
    acc = open_account("mjl");
    add_text(acc, "INBOX", "Subject: b\r\n\r\n", STORE_SEEN);
    if (arg != NULL)
        ck_err(store_write(acc, miscount, NULL, err));
    api->close(acc);
    while (store_instance.fibers > 0)
        ck_assert_int_eq(moxd_yield(), MOXD_OK);
    ck_assert_uint_eq(acc->checked, acc->modseq);
    store_down(&store_instance);
}

START_TEST(right_counts_pass)
{
    store_dir_make();
    int status = in_fiber_status(use_account, NULL);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    store_dir_remove();
}
END_TEST

START_TEST(a_wrong_count_ends_the_process)
{
    store_dir_make();
    int status = in_fiber_status(use_account, store_dir);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    store_dir_remove();
}
END_TEST

UNIT_MAIN("store_check", right_counts_pass, a_wrong_count_ends_the_process)
