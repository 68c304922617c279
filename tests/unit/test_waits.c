/* Wait queues, the FIFO lock, waiting for descriptors. */
#include "in_fiber.h"

static struct moxd_waitq q;
static struct moxd_fifolock l;

static void wait_and_note(void *arg)
{
    ck_assert_int_eq(moxd_waitq_wait(&q, MOXD_NEVER), MOXD_OK);
    note(arg);
}

static void settle(void)
{
    for (int i = 0; i < 5; i++)
        moxd_yield();
}

IN_FIBER(queue_is_fifo)
{
    ck_assert(!moxd_waitq_wake(&q));
    moxd_fiber_spawn("1", wait_and_note, TEXT("1"));
    moxd_fiber_spawn("2", wait_and_note, TEXT("2"));
    moxd_fiber_spawn("3", wait_and_note, TEXT("3"));
    moxd_yield();
    ck_assert(moxd_waitq_wake(&q));
    settle();
    ck_assert_str_eq(trace, "1");
    moxd_waitq_wake_all(&q);
    settle();
    ck_assert_str_eq(trace, "123");
    ck_assert_ptr_null(q.head);
    ck_assert_ptr_null(q.tail);
}

static void wait_a_second(void *arg)
{
    note(arg);
    note(moxd_wait_name(moxd_waitq_wait(&q, moxd_deadline(MOXD_SEC))));
}

/* Cancelled, but not run since: it must not swallow the wake that is meant for who still waits. */
IN_FIBER(wake_is_not_lost)
{
    struct moxd_fid dying = moxd_fiber_spawn("dying", wait_a_second, TEXT("a"));

    moxd_fiber_spawn("alive", wait_and_note, TEXT("b"));
    moxd_yield();
    moxd_fiber_cancel(dying);
    ck_assert(moxd_waitq_wake(&q));
    settle();
    ck_assert_str_eq(trace, "acancelledb");
}

IN_FIBER(middle_of_queue_leaves)
{
    moxd_fiber_spawn("1", wait_and_note, TEXT("1"));
    struct moxd_fid dying = moxd_fiber_spawn("2", wait_a_second, TEXT(""));
    moxd_fiber_spawn("3", wait_and_note, TEXT("3"));
    moxd_yield();
    moxd_clock_step(2 * MOXD_SEC);
    moxd_fiber_join(dying, MOXD_NEVER);
    moxd_waitq_wake_all(&q);
    settle();
    ck_assert_str_eq(trace, "timeout13");
}

static void lock_in(bool exclusive, const char *name, int64_t deadline)
{
    int r = exclusive ? moxd_fifolock_exclusive(&l, deadline) : moxd_fifolock_shared(&l, deadline);

    note(name);
    if (r != MOXD_OK) {
        note(moxd_wait_name(r));
        return;
    }
    moxd_park(MOXD_NEVER);
    note("-");
    moxd_fifolock_release(&l);
}

static void reader(void *arg)
{
    lock_in(false, arg, MOXD_NEVER);
}

static void writer(void *arg)
{
    lock_in(true, arg, MOXD_NEVER);
}

static void hasty_writer(void *arg)
{
    lock_in(true, arg, moxd_deadline(MOXD_SEC));
}

static void finish(struct moxd_fid f)
{
    moxd_poke(f);
    settle();
}

/* A writer that waits stops later readers; readers together are admitted together. */
IN_FIBER(lock_is_fair)
{
    struct moxd_fid r1 = moxd_fiber_spawn("r1", reader, TEXT("r1 "));
    struct moxd_fid r2 = moxd_fiber_spawn("r2", reader, TEXT("r2 "));
    struct moxd_fid w1 = moxd_fiber_spawn("w1", writer, TEXT("w1 "));
    struct moxd_fid r3 = moxd_fiber_spawn("r3", reader, TEXT("r3 "));
    struct moxd_fid r4 = moxd_fiber_spawn("r4", reader, TEXT("r4 "));
    struct moxd_fid w2 = moxd_fiber_spawn("w2", writer, TEXT("w2 "));

    settle();
    ck_assert_str_eq(trace, "r1 r2 ");
    ck_assert_uint_eq(l.waiting, 4);
    finish(r1);
    ck_assert_str_eq(trace, "r1 r2 -");
    finish(r2);
    ck_assert_str_eq(trace, "r1 r2 --w1 ");
    finish(w1);
    ck_assert_str_eq(trace, "r1 r2 --w1 -r3 r4 ");
    finish(r4);
    finish(r3);
    finish(w2);
    ck_assert_str_eq(trace, "r1 r2 --w1 -r3 r4 --w2 -");
    ck_assert(l.readers == 0 && l.waiting == 0 && !l.writer);
}

/* A writer in the queue gives up: the readers behind it are let in. */
IN_FIBER(lock_waiter_gives_up)
{
    struct moxd_fid r1 = moxd_fiber_spawn("r1", reader, TEXT("r1 "));
    struct moxd_fid w1 = moxd_fiber_spawn("w1", hasty_writer, TEXT("w1 "));
    struct moxd_fid r2 = moxd_fiber_spawn("r2", reader, TEXT("r2 "));

    settle();
    moxd_clock_step(2 * MOXD_SEC);
    moxd_fiber_join(w1, MOXD_NEVER);
    settle();
    ck_assert_str_eq(trace, "r1 w1 timeoutr2 ");
    finish(r1);
    finish(r2);
    ck_assert_int_eq(moxd_fifolock_exclusive(&l, MOXD_NEVER), MOXD_OK);
    moxd_fifolock_release(&l);
}

/* Cancelled after the lock was handed to it, before it ran: it has the lock, and releases it. */
IN_FIBER(lock_grant_beats_cancel)
{
    ck_assert_int_eq(moxd_fifolock_exclusive(&l, MOXD_NEVER), MOXD_OK);
    struct moxd_fid w = moxd_fiber_spawn("w", writer, TEXT("w "));
    moxd_yield();
    moxd_fifolock_release(&l);
    ck_assert(l.writer);
    moxd_fiber_cancel(w);
    settle();
    ck_assert_str_eq(trace, "w -");
    ck_assert(!l.writer);
}

/* Cancelled first, then released: the lock goes to the next. */
IN_FIBER(lock_passes_over_the_cancelled)
{
    ck_assert_int_eq(moxd_fifolock_exclusive(&l, MOXD_NEVER), MOXD_OK);
    struct moxd_fid w1 = moxd_fiber_spawn("w1", writer, TEXT("w1 "));
    struct moxd_fid w2 = moxd_fiber_spawn("w2", writer, TEXT("w2 "));
    moxd_yield();
    moxd_fiber_cancel(w1);
    moxd_fifolock_release(&l);
    settle();
    ck_assert_str_eq(trace, "w1 cancelledw2 ");
    finish(w2);
    ck_assert(!l.writer && l.waiting == 0);
}

struct tally {
    unsigned rnd;
    int readers, writers, rounds, given_up;
};

static unsigned next_rnd(struct tally *t)
{
    return (t->rnd = t->rnd * 1103515245 + 12345) >> 16;
}

static void lock_randomly(void *arg)
{
    struct tally *t = arg;

    for (int i = 0; i < 50; i++) {
        bool exclusive = next_rnd(t) % 3 == 0;
        int64_t deadline = moxd_deadline(next_rnd(t) % 4 == 0 ? 0 : MOXD_NEVER);
        int r =
            exclusive ? moxd_fifolock_exclusive(&l, deadline) : moxd_fifolock_shared(&l, deadline);
        if (r != MOXD_OK) {
            t->given_up++;
            continue;
        }
        *(exclusive ? &t->writers : &t->readers) += 1;
        ck_assert(t->writers == 0 || (t->writers == 1 && t->readers == 0));
        for (unsigned k = next_rnd(t) % 3; k > 0; k--)
            moxd_yield();
        *(exclusive ? &t->writers : &t->readers) -= 1;
        moxd_fifolock_release(&l);
        t->rounds++;
    }
}

IN_FIBER(lock_excludes)
{
    struct tally t = { .rnd = 1 };
    struct moxd_fid f[20];

    for (int i = 0; i < 20; i++)
        f[i] = moxd_fiber_spawn("random", lock_randomly, &t);
    for (int i = 0; i < 20; i++)
        moxd_fiber_join(f[i], MOXD_NEVER);
    ck_assert_int_eq(t.rounds + t.given_up, 1000);
    ck_assert_int_gt(t.given_up, 0);
    ck_assert(l.readers == 0 && l.waiting == 0 && !l.writer && l.q.head == NULL);
}

static void write_a_byte(void *arg)
{
    ck_assert_int_eq(write(*(int *)arg, "x", 1), 1);
}

IN_FIBER(waits_for_descriptors)
{
    int fd[2];
    char c;

    ck_assert_int_eq(pipe(fd), 0);
    ck_assert_int_eq(moxd_wait_fd(fd[1], MOXD_FD_WRITE, MOXD_NEVER), MOXD_FD_WRITE);
    ck_assert_int_eq(moxd_wait_fd(fd[0], MOXD_FD_READ, 0), MOXD_TIMEOUT);
    moxd_fiber_spawn("writer", write_a_byte, &fd[1]);
    ck_assert_int_eq(moxd_wait_fd(fd[0], MOXD_FD_READ, MOXD_NEVER), MOXD_FD_READ);
    /* Input that is there wins against a deadline that has passed. */
    ck_assert_int_eq(moxd_wait_fd(fd[0], MOXD_FD_READ, 0), MOXD_FD_READ);
    ck_assert_int_eq(read(fd[0], &c, 1), 1);
    close(fd[1]);
    ck_assert_int_eq(moxd_wait_fd(fd[0], MOXD_FD_READ, MOXD_NEVER), MOXD_FD_READ);
    close(fd[0]);
}

UNIT_MAIN("waits", queue_is_fifo, wake_is_not_lost, middle_of_queue_leaves, lock_is_fair,
          lock_waiter_gives_up, lock_grant_beats_cancel, lock_passes_over_the_cancelled,
          lock_excludes, waits_for_descriptors)
