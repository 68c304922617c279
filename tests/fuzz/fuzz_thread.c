/* Threads of messages whose fields come from the input, a line each: date, flags, subject, References. Each
 * message is shown exactly once, and the parentheses match. */
#include "fuzz.h"

#include <moxd/buf.h>
#include <moxmail/thread_tree.h>

enum { MANY = 2000 };

static void add(struct moxd_threads *t, uint32_t number, struct moxd_str line)
{
    struct moxd_thread_msg m = { .number = number };
    struct moxd_str rest = line;

    m.sent = rest.n > 0 ? rest.p[0] : 0;
    m.reply = rest.n > 1 && rest.p[1] == 'r';
    (void)moxd_str_cut(&rest, '|');
    m.subject = moxd_str_cut(&rest, '|');
    m.message_id = moxd_str_cut(&rest, '|');
    m.in_reply_to = moxd_str_cut(&rest, '|');
    m.references = rest;
    moxd_threads_add(t, &m);
}

static void check(struct moxd_str out, uint32_t n)
{
    bool seen[MANY + 1] = { false };
    size_t open = 0, shown = 0;
    uint64_t number;

    while (out.n > 0) {
        if (moxd_str_take_u64(&out, n, &number) == 0) {
            moxd_assert(number > 0 && !seen[number] && open > 0);
            seen[number] = true;
            shown++;
            continue;
        }
        moxd_assert(out.p[0] != ')' || open > 0);
        open += out.p[0] == '(' ? 1 : 0;
        open -= out.p[0] == ')' ? 1 : 0;
        out = moxd_str_from(out, 1);
    }
    moxd_assert(open == 0 && shown == n);
}

static void run(struct moxd_str input, bool by_subject)
{
    struct moxd_threads *t = moxd_threads_new();
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    uint32_t n = 0;

    while (input.n > 0 && n < MANY)
        add(t, ++n, moxd_str_cut(&input, '\n'));
    if (by_subject)
        moxd_threads_by_subject(t, &b);
    else
        moxd_threads_by_references(t, &b);
    check(moxd_buf_str(&b), n);
    moxd_buf_fini(&b);
    moxd_threads_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str input = moxd_str((const char *)data, size);

    run(input, true);
    run(input, false);
    return 0;
}
