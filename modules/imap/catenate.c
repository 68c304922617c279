/* CATENATE: parts of messages named by URLs (RFC 4469, RFC 5092), of mailboxes that the user may read. */
#include "append.h"
#include "fetch.h"
#include <moxmail/imap_url.h>

enum { SHOWN_MAX = 500 }; /* bytes of a URL in BADURL */

/* url-resp-text: any TEXT-CHAR but "]". */
static void badurl(struct imap_appending *ap, struct moxd_str url)
{
    struct moxd_buf code = MOXD_BUF_INIT(3 * SHOWN_MAX + 16);

    moxd_buf_adds(&code, "BADURL ");
    for (size_t i = 0; i < url.n && i < SHOWN_MAX; i++) {
        unsigned char c = (unsigned char)url.p[i];

        if (c < 0x20 || c > 0x7e || c == ']')
            moxd_buf_addf(&code, "%%%02X", c);
        else
            moxd_buf_addc(&code, (char)c);
    }
    imap_append_fail(ap, moxd_arena_cstr(ap->s->a, moxd_buf_str(&code)));
    moxd_buf_fini(&code);
}

/* The selected mailbox, or another one that may be read. */
static int find_mailbox(struct imap_session *s, const struct moxd_imap_url *url,
                        struct imap_place *p, struct moxd_err *err)
{
    if (!url->mailbox.p && !s->sel)
        return moxd_err_set(err, MOXD_ERR_INVALID, "the URL names no mailbox");
    if (!url->mailbox.p) {
        *p = (struct imap_place){ .acc = s->sel->acc };
        if (s->im->store->mailbox(p->acc, url->mailbox, s->sel->mailbox, s->a, &p->mb, err) < 0)
            return -1;
    } else if (imap_place_of(s, url->mailbox, p, err) < 0 ||
               imap_place_look(s, 0, MOXD_IMAP_RIGHT_R, p, err) < 0) {
        return -1;
    }
    if (url->uidvalidity != 0 && url->uidvalidity != p->mb.uidvalidity)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "UIDVALIDITY of the URL is not the mailbox's");
    return 0;
}

static int find_message(struct imap_session *s, const struct moxd_imap_url *url,
                        struct imap_place *p, struct store_msg **info, struct moxd_err *err)
{
    struct store_uid_range range = { url->uid, url->uid };
    struct store_uids uids = { &range, 1 };
    size_t n;

    if (find_mailbox(s, url, p, err) < 0 ||
        s->im->store->messages(p->acc, p->mb.id, &uids, s->a, info, &n, err) < 0)
        return -1;
    return n == 1 ? 0 : moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such message");
}

/* Where the bytes go: into the message, through the window that PARTIAL asks for. */
struct window {
    struct imap_appending *ap;
    struct imap_clip clip;
};

static int window_write(void *ctx, const char *p, size_t n, struct moxd_err *err)
{
    struct window *w = ctx;
    struct moxd_str part = imap_clip(&w->clip, p, n);

    (void)err; /* that of the command */
    return imap_append_write(w->ap, part.p, part.n);
}

static struct window window_of(struct imap_appending *ap, const struct moxd_imap_url *url,
                               uint64_t total)
{
    struct window w = { .ap = ap, .clip = { 0, total } };

    if (url->partial)
        w.clip = imap_clip_of(url->offset, url->count > 0 ? url->count : UINT64_MAX, total);
    return w;
}

static int copy_fields(struct imap_appending *ap, struct imap_msg *msg,
                       const struct moxd_imap_url *url, uint64_t start, uint64_t end)
{
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_HEADER_MAX + 2);
    const struct moxd_imap_section *sec = &url->section;
    struct window w;
    int r = moxd_header_filter(&msg->reader, start, end, sec->fields.v, sec->fields.n,
                               sec->text == MOXD_IMAP_TEXT_FIELDS_NOT, moxd_sink_buf(&b), &ap->err);

    if (r == 0) {
        w = window_of(ap, url, b.n);
        r = window_write(&w, moxd_buf_cstr(&b), b.n, NULL);
    }
    moxd_buf_fini(&b);
    return r;
}

static int copy_range(struct imap_appending *ap, struct imap_msg *msg,
                      const struct moxd_imap_url *url, uint64_t start, uint64_t end)
{
    struct window w = window_of(ap, url, end - start);
    uint64_t from = start + w.clip.skip, to = from + w.clip.left;

    w.clip.skip = 0;
    if (!imap_append_fits(ap, w.clip.left))
        return 0;
    return moxd_read_range(&msg->reader, from, to, (struct moxd_sink){ window_write, &w },
                           &ap->err);
}

/* 1: the message has no such section. */
static int copy_section(struct imap_appending *ap, struct imap_msg *msg,
                        const struct moxd_imap_url *url)
{
    enum moxd_imap_text text = url->section.text;
    uint64_t start, end;
    int r = imap_msg_range(msg, &url->section, &start, &end, &ap->err);

    if (r != 0)
        return r;
    if (text == MOXD_IMAP_TEXT_FIELDS || text == MOXD_IMAP_TEXT_FIELDS_NOT)
        return copy_fields(ap, msg, url, start, end);
    return copy_range(ap, msg, url, start, end);
}

static void copy_message(struct imap_appending *ap, struct moxd_str text,
                         const struct moxd_imap_url *url, struct store_account *acc,
                         const struct store_msg *info)
{
    struct imap_msg msg;
    int r;

    imap_msg_init(&msg, ap->s, acc, moxd_arena_new(0), info);
    r = copy_section(ap, &msg, url);
    if (r > 0) {
        moxd_err_set(&ap->err, MOXD_ERR_NOTFOUND, "the message has no such section");
        badurl(ap, text);
    } else if (r < 0) {
        imap_append_fail(ap, NULL);
    }
    imap_msg_fini(&msg);
    moxd_arena_free(msg.a);
}

void imap_append_url(struct imap_appending *ap, struct moxd_str text)
{
    struct imap_session *s = ap->s;
    struct moxd_imap_url url;
    struct imap_place p;
    struct store_msg *info;

    if (ap->failed)
        return;
    if (moxd_imap_url_parse(text, s->a, &url, &ap->err) == 0 &&
        find_message(s, &url, &p, &info, &ap->err) == 0)
        copy_message(ap, text, &url, p.acc, info);
    else if (ap->err.kind == MOXD_ERR_SYNTAX || ap->err.kind == MOXD_ERR_INVALID ||
             ap->err.kind == MOXD_ERR_NOTFOUND || ap->err.kind == MOXD_ERR_LIMIT ||
             ap->err.kind == MOXD_ERR_DENIED)
        badurl(ap, text);
    else
        imap_append_fail(ap, NULL);
}
