/* The items of FETCH (RFC 9051 6.4.5, 7.5.2). */
#include "fetch.h"
#include "objectid.h"
#include <moxmail/imap_fmt.h>
#include <moxmail/transfer.h>

enum { BURST = 256 * 1024 /* bytes for one client before the others run */ };

/* Where decoded or raw bytes go: the client, through the window that a partial asks for. */
struct window {
    struct imap_session *s;
    struct imap_clip clip;
    size_t burst; /* bytes since the others were let run */
};

static int window_write(void *ctx, const char *p, size_t n, struct moxd_err *err)
{
    struct window *w = ctx;
    struct moxd_str part = imap_clip(&w->clip, p, n);

    (void)err;
    w->burst += (size_t)(part.p - p) + part.n;
    moxd_log_trace(&w->s->log, MOXD_TRACEDATA, "S: ", part);
    if (w->burst >= BURST) {
        w->burst = 0;
        if (moxd_yield() < 0)
            return -1;
    }
    return moxd_stream_write(w->s->st, part.p, part.n) < 0 ? -1 : 0;
}

/* The part of `total` bytes that <offset.count> names; past the end it is empty. */
static struct window window_of(struct imap_session *s, const struct moxd_imap_item *item,
                               uint64_t total)
{
    struct window w = { .s = s, .clip = { 0, total } };

    if (item->partial)
        w.clip = imap_clip_of(item->offset, item->count, total);
    return w;
}

static bool has_section(const struct moxd_imap_item *item)
{
    return item->kind == MOXD_IMAP_ITEM_SECTION || item->kind == MOXD_IMAP_ITEM_BINARY ||
           item->kind == MOXD_IMAP_ITEM_BINARY_SIZE;
}

/* What follows the name of an item. */
static void put_section_name(struct moxd_buf *b, const struct moxd_imap_item *item)
{
    if (has_section(item))
        moxd_imap_put_section(b, &item->sec);
    if (item->partial)
        moxd_buf_addf(b, "<%llu>", (unsigned long long)item->offset);
    moxd_buf_addc(b, ' ');
}

struct moxd_str *imap_fetch_names(const struct moxd_imap_cmd *cmd, struct moxd_arena *a)
{
    struct moxd_str *names = moxd_arena_calloc(a, cmd->nitems + 1, sizeof(*names));
    struct moxd_buf b = MOXD_BUF_INIT(IMAP_OUT_MAX);

    for (size_t i = 0; i < cmd->nitems; i++) {
        if (!has_section(&cmd->items[i]))
            continue;
        moxd_buf_reset(&b);
        put_section_name(&b, &cmd->items[i]);
        if (!b.overflow)
            names[i] = moxd_arena_str(a, moxd_buf_str(&b));
    }
    moxd_buf_fini(&b);
    return names;
}

static void put_name(struct imap_msg *msg, const char *name, const struct moxd_imap_item *item)
{
    struct moxd_buf *b = &msg->s->out;

    moxd_buf_adds(b, name);
    if (msg->names && msg->names[item - msg->items].n > 0)
        moxd_buf_addstr(b, msg->names[item - msg->items]);
    else
        put_section_name(b, item);
}

/* Everything up to the first byte of a literal. */
static int put_literal_start(struct imap_msg *msg, const char *name,
                             const struct moxd_imap_item *item, const char *tilde, uint64_t size)
{
    put_name(msg, name, item);
    moxd_buf_adds(&msg->s->out, tilde);
    moxd_buf_addc(&msg->s->out, '{');
    moxd_buf_addu(&msg->s->out, size);
    moxd_buf_adds(&msg->s->out, "}\r\n");
    return imap_send_part(msg->s);
}

/* Raw bytes from start up to end, as a literal. A message that shrank under us would break the protocol,
 * so a failed read ends the connection. */
static int put_range(struct imap_msg *msg, const char *name, const struct moxd_imap_item *item,
                     uint64_t start, uint64_t end)
{
    struct window w = window_of(msg->s, item, end - start);
    uint64_t from = start + w.clip.skip, to = from + w.clip.left;
    struct moxd_err err = { 0 };

    if (put_literal_start(msg, name, item, "", w.clip.left) < 0)
        return -1;
    w.clip.skip = 0;
    if (moxd_read_range(&msg->reader, from, to, (struct moxd_sink){ window_write, &w }, &err) == 0)
        return 0;
    moxd_error(&msg->s->log, "reading a message failed", moxd_kve(&err));
    return -1;
}

static int put_nil(struct imap_msg *msg, const char *name, const struct moxd_imap_item *item)
{
    put_name(msg, name, item);
    moxd_buf_adds(&msg->s->out, "NIL");
    return 0;
}

/* Some fields of a header. */
struct filtering {
    const struct moxd_reader *r;
    uint64_t start, end;
    const struct moxd_imap_section *sec;
    struct moxd_buf out;
    struct moxd_err *err;
    int result;
};

static void filter(void *arg)
{
    struct filtering *f = arg;

    f->result = moxd_header_filter(f->r, f->start, f->end, f->sec->fields.v, f->sec->fields.n,
                                   f->sec->text == MOXD_IMAP_TEXT_FIELDS_NOT,
                                   moxd_sink_buf(&f->out), f->err);
}

/* A literal that is in memory. */
static int put_memory(struct imap_msg *msg, const struct moxd_imap_item *item, struct moxd_str data)
{
    struct window w = window_of(msg->s, item, data.n);

    if (put_literal_start(msg, "BODY", item, "", w.clip.left) < 0)
        return -1;
    return window_write(&w, data.p, data.n, NULL);
}

/* HEADER.FIELDS from the summary: 1 when that does not know. */
static int put_summary(struct imap_msg *msg, const struct moxd_imap_item *item)
{
    const struct moxd_summary_query *q;

    if (!msg->has_summary || !msg->queries)
        return 1;
    q = &msg->queries[item - msg->items];
    if (!moxd_summary_knows(&msg->summary, q))
        return 1;
    moxd_buf_reset(msg->scratch);
    moxd_summary_filter(&msg->summary, q, msg->scratch);
    return put_memory(msg, item, moxd_buf_str(msg->scratch));
}

/* HEADER.FIELDS and HEADER.FIELDS.NOT: filtered into memory, for its length comes first. */
static int put_fields(struct imap_msg *msg, const struct moxd_imap_item *item, uint64_t start,
                      uint64_t end, struct moxd_err *err)
{
    struct filtering f = { .r = &msg->reader, start, end, &item->sec, .err = err };
    int r = 1;

    moxd_buf_init(&f.out, MOXD_HEADER_MAX + 2);
    imap_msg_work((end - start) * item->sec.fields.n, filter, &f);
    if (f.result == 0)
        r = put_memory(msg, item, moxd_str(moxd_buf_cstr(&f.out), f.out.n));
    moxd_buf_fini(&f.out);
    return r;
}

static const enum moxd_section_kind section_kinds[] = {
    [MOXD_IMAP_TEXT_ALL] = MOXD_SECTION_BODY,
    [MOXD_IMAP_TEXT_HEADER] = MOXD_SECTION_HEADER,
    [MOXD_IMAP_TEXT_FIELDS] = MOXD_SECTION_HEADER,
    [MOXD_IMAP_TEXT_FIELDS_NOT] = MOXD_SECTION_HEADER,
    [MOXD_IMAP_TEXT_TEXT] = MOXD_SECTION_TEXT,
    [MOXD_IMAP_TEXT_MIME] = MOXD_SECTION_MIME,
};

/* Sections of the message's own header and text need only its header. */
int imap_msg_range(struct imap_msg *msg, const struct moxd_imap_section *sec, uint64_t *start,
                   uint64_t *end, struct moxd_err *err)
{
    if (imap_msg_open(msg, err) < 0)
        return -1;
    *start = 0;
    *end = msg->reader.size;
    if (sec->nparts == 0 && sec->text == MOXD_IMAP_TEXT_ALL)
        return 0;
    if (sec->nparts == 0 && imap_msg_header(msg, err) < 0)
        return -1;
    if (sec->nparts == 0 && msg->header_whole) {
        if (sec->text == MOXD_IMAP_TEXT_TEXT)
            *start = msg->header.n;
        else
            *end = msg->header.n;
        return 0;
    }
    if (imap_msg_structure(msg, err) < 0)
        return -1;
    return moxd_msg_section(msg->structure, sec->part, sec->nparts, section_kinds[sec->text], start,
                            end) < 0;
}

static int put_section(struct imap_msg *msg, const char *name, const struct moxd_imap_item *item,
                       const struct moxd_imap_section *sec, struct moxd_err *err)
{
    uint64_t start, end;
    int r = 1;

    if (sec->text == MOXD_IMAP_TEXT_FIELDS && sec->nparts == 0)
        r = put_summary(msg, item);
    if (r <= 0)
        return r;
    r = imap_msg_range(msg, sec, &start, &end, err);
    if (r < 0)
        return 1;
    if (r > 0)
        return put_nil(msg, name, item);
    if (sec->text == MOXD_IMAP_TEXT_FIELDS || sec->text == MOXD_IMAP_TEXT_FIELDS_NOT)
        return put_fields(msg, item, start, end, err);
    return put_range(msg, name, item, start, end);
}

/* The transfer encoding of the part that BINARY names; only leaves are decoded. */
static int binary_cte(struct imap_msg *msg, const struct moxd_imap_section *sec, enum moxd_cte *cte,
                      struct moxd_err *err)
{
    const struct moxd_part *part;

    *cte = MOXD_CTE_BINARY;
    if (sec->nparts == 0)
        return 0;
    if (imap_msg_structure(msg, err) < 0)
        return -1;
    part = moxd_msg_part(msg->structure, sec->part, sec->nparts);
    if (part && part->kind == MOXD_PART_LEAF)
        *cte = part->cte;
    return 0;
}

/* How long the decoded bytes are and whether NUL is among them. */
struct counting {
    struct imap_msg *msg;
    uint64_t start, end;
    enum moxd_cte cte;
    struct moxd_err *err;
    uint64_t total;
    bool nul;
    int result;
};

static int count_bytes(void *ctx, const char *p, size_t n, struct moxd_err *err)
{
    struct counting *c = ctx;

    (void)err;
    c->total += n;
    c->nul = c->nul || memchr(p, '\0', n);
    return 0;
}

static void count(void *arg)
{
    struct counting *c = arg;

    c->result = moxd_transfer_range(&c->msg->reader, c->start, c->end, c->cte,
                                    (struct moxd_sink){ count_bytes, c }, c->err);
}

static int count_decoded(struct counting *c)
{
    imap_msg_work(c->end - c->start, count, c);
    return c->result;
}

/* RFC 9051 6.4.5: the decoded bytes; as a literal8 only when NUL is among them. */
static int put_decoded(struct imap_msg *msg, const struct moxd_imap_item *item,
                       const struct counting *c)
{
    struct window w = window_of(msg->s, item, c->total);
    struct moxd_err err = { 0 };

    if (put_literal_start(msg, "BINARY", item, c->nul ? "~" : "", w.clip.left) < 0)
        return -1;
    if (moxd_transfer_range(&msg->reader, c->start, c->end, c->cte,
                            (struct moxd_sink){ window_write, &w }, &err) == 0)
        return 0;
    moxd_error(&msg->s->log, "reading a message failed", moxd_kve(&err));
    return -1;
}

/* RFC 9051 6.4.5: an encoding that nobody knows fails the command; the line is completed all the same. */
static int put_undecoded(struct imap_msg *msg, const struct moxd_imap_item *item)
{
    msg->unknown_cte = true;
    if (item->kind == MOXD_IMAP_ITEM_BINARY)
        return put_nil(msg, "BINARY", item);
    put_name(msg, "BINARY.SIZE", item);
    moxd_buf_addc(&msg->s->out, '0');
    return 0;
}

/* The size comes before the bytes, so they are decoded twice, never kept. */
static int put_binary(struct imap_msg *msg, const struct moxd_imap_item *item, struct moxd_err *err)
{
    bool only_size = item->kind == MOXD_IMAP_ITEM_BINARY_SIZE;
    struct counting c = { .msg = msg, .err = err };
    int r = imap_msg_range(msg, &item->sec, &c.start, &c.end, err);

    if (r < 0 || binary_cte(msg, &item->sec, &c.cte, err) < 0)
        return 1;
    if (c.cte == MOXD_CTE_OTHER)
        return put_undecoded(msg, item);
    if (r > 0 && !only_size)
        return put_nil(msg, "BINARY", item);
    if (r == 0 && count_decoded(&c) < 0)
        return 1;
    if (!only_size)
        return put_decoded(msg, item, &c);
    put_name(msg, "BINARY.SIZE", item);
    moxd_buf_addf(&msg->s->out, "%llu", (unsigned long long)c.total);
    return 0;
}

static void write_envelope(void *arg)
{
    struct imap_msg *msg = arg;
    const struct moxd_envelope *env = moxd_envelope_parse(msg->a, msg->header);

    moxd_imap_put_envelope(&msg->s->out, env, imap_utf8(msg->s));
}

static const struct moxd_envelope *known_envelope(struct imap_msg *msg,
                                                  const struct moxd_imap_item *item)
{
    if (!msg->has_summary || !msg->queries)
        return NULL;
    return moxd_summary_envelope(&msg->summary, &msg->queries[item - msg->items], msg->a);
}

static int put_envelope(struct imap_msg *msg, const struct moxd_imap_item *item,
                        struct moxd_err *err)
{
    const struct moxd_envelope *env = known_envelope(msg, item);

    if (!env && imap_msg_header(msg, err) < 0)
        return 1;
    moxd_buf_adds(&msg->s->out, "ENVELOPE ");
    if (env) {
        moxd_imap_put_envelope(&msg->s->out, env, imap_utf8(msg->s));
        return 0;
    }
    imap_msg_work(msg->header.n, write_envelope, msg);
    return 0;
}

static void write_body(void *arg)
{
    struct imap_msg *msg = arg;

    moxd_imap_put_body(&msg->s->out, msg->structure, msg->structure->parts, false,
                       imap_utf8(msg->s));
}

static void write_bodystructure(void *arg)
{
    struct imap_msg *msg = arg;

    moxd_imap_put_body(&msg->s->out, msg->structure, msg->structure->parts, true,
                       imap_utf8(msg->s));
}

static int put_structure(struct imap_msg *msg, bool extended, struct moxd_err *err)
{
    if (imap_msg_structure(msg, err) < 0)
        return 1;
    moxd_buf_adds(&msg->s->out, extended ? "BODYSTRUCTURE " : "BODY ");
    imap_msg_work(msg->info->size, extended ? write_bodystructure : write_body, msg);
    return 0;
}

static void put_date(struct moxd_buf *b, const char *name, struct moxd_imap_date d)
{
    char date[32];

    moxd_buf_addf(b, "%s %s", name, moxd_imap_date_format(d, date));
}

/* RFC 8474 5.3 */
static int put_threadid(struct imap_msg *msg, struct moxd_err *err)
{
    char id[IMAP_OBJECTID_MAX];

    if (imap_msg_thread(msg, err) < 0)
        return 1;
    if (msg->thread == 0)
        moxd_buf_adds(&msg->s->out, "THREADID NIL");
    else
        moxd_buf_addf(&msg->s->out, "THREADID (%s)",
                      imap_threadid(msg->s, msg->acc, msg->thread, id));
    return 0;
}

static int put_facts(struct imap_msg *msg, enum moxd_imap_item_kind kind)
{
    struct moxd_buf *b = &msg->s->out;
    char id[IMAP_OBJECTID_MAX];

    if (kind == MOXD_IMAP_ITEM_UID) {
        moxd_buf_adds(b, "UID ");
        moxd_buf_addu(b, msg->info->uid);
    } else if (kind == MOXD_IMAP_ITEM_SIZE) {
        moxd_buf_adds(b, "RFC822.SIZE ");
        moxd_buf_addu(b, msg->info->size);
    } else if (kind == MOXD_IMAP_ITEM_EMAILID) {
        moxd_buf_addf(b, "EMAILID (%s)", imap_emailid(msg->s, msg->acc, msg->info, id));
    } else if (kind == MOXD_IMAP_ITEM_MODSEQ) {
        imap_put_modseq(msg->s, msg->info->modseq);
    } else if (kind == MOXD_IMAP_ITEM_FLAGS) {
        moxd_buf_adds(b, "FLAGS ");
        imap_message_flags(msg->s, b, msg->info->uid, msg->info->flags, msg->info->keywords);
    } else if (kind == MOXD_IMAP_ITEM_SAVEDATE) {
        put_date(b, "SAVEDATE", (struct moxd_imap_date){ msg->info->saved, 0 });
    } else {
        put_date(b, "INTERNALDATE",
                 (struct moxd_imap_date){ msg->info->received.ns, msg->info->received.zone });
    }
    return 0;
}

/* Whether it shows something of the message itself. */
static bool is_content(enum moxd_imap_item_kind kind)
{
    return kind == MOXD_IMAP_ITEM_ENVELOPE || kind == MOXD_IMAP_ITEM_BODY ||
           kind == MOXD_IMAP_ITEM_BODYSTRUCTURE || kind == MOXD_IMAP_ITEM_SECTION ||
           kind == MOXD_IMAP_ITEM_RFC822 || kind == MOXD_IMAP_ITEM_RFC822_HEADER ||
           kind == MOXD_IMAP_ITEM_RFC822_TEXT || kind == MOXD_IMAP_ITEM_BINARY ||
           kind == MOXD_IMAP_ITEM_BINARY_SIZE;
}

int imap_fetch_item(struct imap_msg *msg, const struct moxd_imap_item *item, struct moxd_err *err)
{
    static const struct moxd_imap_section whole, header = { .text = MOXD_IMAP_TEXT_HEADER },
                                                 text = { .text = MOXD_IMAP_TEXT_TEXT };

    if (is_content(item->kind) && imap_msg_downgrade(msg, err) < 0)
        return 1;
    switch (item->kind) {
    case MOXD_IMAP_ITEM_ENVELOPE:
        return put_envelope(msg, item, err);
    case MOXD_IMAP_ITEM_BODY:
        return put_structure(msg, false, err);
    case MOXD_IMAP_ITEM_BODYSTRUCTURE:
        return put_structure(msg, true, err);
    case MOXD_IMAP_ITEM_SECTION:
        return put_section(msg, "BODY", item, &item->sec, err);
    case MOXD_IMAP_ITEM_RFC822:
        return put_section(msg, "RFC822", item, &whole, err);
    case MOXD_IMAP_ITEM_RFC822_HEADER:
        return put_section(msg, "RFC822.HEADER", item, &header, err);
    case MOXD_IMAP_ITEM_RFC822_TEXT:
        return put_section(msg, "RFC822.TEXT", item, &text, err);
    case MOXD_IMAP_ITEM_BINARY:
    case MOXD_IMAP_ITEM_BINARY_SIZE:
        return put_binary(msg, item, err);
    case MOXD_IMAP_ITEM_THREADID:
        return put_threadid(msg, err);
    case MOXD_IMAP_ITEM_PREVIEW:
        return imap_put_preview(msg, item->lazy, err);
    default:
        return put_facts(msg, item->kind);
    }
}
