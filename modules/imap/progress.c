/* RFC 9585: a command that takes long says how far it is, so that clients show it and do not give up. An
 * untagged OK whose code a client does not know is only a text to it, so everybody is told. */
#include "imap.h"

/* How soon after one line the next may follow, whatever was configured. */
#define PROGRESS_PAUSE_MIN (100 * MOXD_MS)

void imap_progress_begin(struct imap_session *s)
{
    s->progress_due = moxd_deadline(s->conf->progress_interval);
}

/* RFC 9585 4: a tag with "]" is not told; the goal is above what was reached. */
static void put_code(struct imap_session *s, struct moxd_buf *b, uint64_t n, uint64_t goal)
{
    bool counts = goal > n;

    moxd_buf_adds(b, "INPROGRESS (");
    if (moxd_str_chr(s->cmd.tag, ']') >= 0)
        moxd_buf_adds(b, "NIL");
    else
        moxd_imap_put_string(b, s->cmd.tag, false);
    if (counts)
        moxd_buf_addf(b, " %llu %llu)", (unsigned long long)n, (unsigned long long)goal);
    else
        moxd_buf_adds(b, " NIL NIL)");
}

static int tell(struct imap_session *s, uint64_t n, uint64_t goal)
{
    struct moxd_buf code = MOXD_BUF_INIT(MOXD_IMAP_TAG_MAX + 100);
    int64_t pause = s->conf->progress_interval;
    int r;

    put_code(s, &code, n, goal);
    r = imap_untagged(s, "OK [%s] still at it", moxd_buf_cstr(&code));
    moxd_buf_fini(&code);
    s->progress_due = moxd_deadline(pause > PROGRESS_PAUSE_MIN ? pause : PROGRESS_PAUSE_MIN);
    return r < 0 || moxd_stream_flush(s->st) < 0 ? -1 : 0;
}

int imap_progress(struct imap_session *s, uint64_t n, uint64_t goal)
{
    if (moxd_mono() < s->progress_due)
        return 0;
    return tell(s, n, goal);
}

/* What the session waits for uses its memory: it is waited for even when the session is to end. */
static void wait_for(struct moxd_fid f)
{
    moxd_fiber_shield();
    (void)moxd_fiber_join(f, MOXD_NEVER);
    moxd_fiber_unshield();
}

int imap_patiently(struct imap_session *s, void (*fn)(void *arg), void *arg)
{
    struct moxd_fid f = moxd_fiber_spawn("imap-work", fn, arg);
    int r;

    while ((r = moxd_fiber_join(f, s->progress_due)) == MOXD_TIMEOUT)
        if (tell(s, 0, 0) < 0)
            break;
    if (r == MOXD_OK)
        return 0;
    if (r == MOXD_CANCELLED)
        (void)moxd_fiber_cancel(f);
    wait_for(f);
    return -1;
}
