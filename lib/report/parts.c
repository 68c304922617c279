/* Finds reports in messages. Senders call them many things: types and names are both looked at, and what it is
 * is decided by what is in it. */
#include <moxmail/message.h>
#include <moxmail/report.h>
#include <moxmail/transfer.h>

/* Kinds as bits. */
enum { DMARC = 1 << MOXD_REPORT_DMARC, TLS = 1 << MOXD_REPORT_TLS };

static const struct {
    const char *type, *subtype;
    unsigned kinds;
} types[] = {
    { "application", "tlsrpt+gzip", TLS },
    { "application", "tlsrpt+json", TLS },
    { "application", "gzip", DMARC },
    { "application", "x-gzip", DMARC },
    { "application", "zip", DMARC },
    { "application", "x-zip", DMARC },
    { "application", "x-zip-compressed", DMARC },
    { "application", "xml", DMARC },
    { "text", "xml", DMARC },
};
static const struct {
    const char *end;
    unsigned kinds;
} names[] = {
    { ".xml", DMARC }, { ".xml.gz", DMARC }, { ".zip", DMARC },
    { ".json", TLS },  { ".json.gz", TLS },
};

static unsigned kinds_by_name(const struct moxd_part *p)
{
    struct moxd_buf b = MOXD_BUF_INIT(4096);
    unsigned kinds = 0;

    moxd_part_filename(p, &b);
    for (size_t i = 0; i < MOXD_NELEMS(names); i++)
        if (moxd_str_caseends(moxd_buf_str(&b), moxd_cstr(names[i].end)))
            kinds |= names[i].kinds;
    moxd_buf_fini(&b);
    return kinds;
}

static unsigned kinds_of(const struct moxd_part *p)
{
    for (size_t i = 0; i < MOXD_NELEMS(types); i++)
        if (moxd_part_is(p, types[i].type, types[i].subtype))
            return types[i].kinds | kinds_by_name(p);
    return moxd_part_is(p, "text", "plain") || moxd_part_is(p, "text", "html") ? 0
                                                                               : kinds_by_name(p);
}

static const char *type_of(const struct moxd_part *p, struct moxd_arena *a)
{
    char *type = moxd_arena_printf(a, "%" MOXD_STRF "/%" MOXD_STRF, MOXD_STRA(p->type),
                                   MOXD_STRA(p->subtype));

    for (char *c = type; *c; c++)
        *c = moxd_lower(*c);
    return type;
}

int moxd_report_parts(const struct moxd_reader *r, enum moxd_report_kind kind, struct moxd_arena *a,
                      struct moxd_report_part **out, size_t *n, struct moxd_err *err)
{
    struct moxd_msg *msg;
    size_t cap = 0;

    *out = NULL;
    *n = 0;
    if (moxd_msg_parse(a, r, &msg, err) < 0)
        return -1;
    for (uint32_t i = 0; i < msg->nparts && *n < MOXD_REPORT_PARTS_MAX; i++) {
        const struct moxd_part *p = &msg->parts[i];
        if (p->kind != MOXD_PART_LEAF || !(kinds_of(p) & 1U << kind))
            continue;
        *(struct moxd_report_part *)moxd_arena_push(a, out, n, &cap, sizeof(**out)) =
            (struct moxd_report_part){
                .start = p->body, .end = p->end, .cte = (int)p->cte, .type = type_of(p, a)
            };
    }
    return 0;
}

int moxd_report_part_read(const struct moxd_reader *r, const struct moxd_report_part *p,
                          struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_buf file = MOXD_BUF_INIT(MOXD_REPORT_PACKED_MAX);
    int rc =
        moxd_transfer_range(r, p->start, p->end, (enum moxd_cte)p->cte, moxd_sink_buf(&file), err);

    if (rc == 0)
        rc = moxd_report_unpack(moxd_buf_str(&file), out, err);
    moxd_buf_fini(&file);
    return rc;
}
