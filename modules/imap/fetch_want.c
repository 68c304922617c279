/* What the items of a FETCH need of each message, so that it can be read for many at once. */
#include "fetch.h"

static void add_names(struct moxd_imap_list *to, struct moxd_arena *a, const struct moxd_str *v,
                      size_t n)
{
    struct moxd_str *all = moxd_arena_calloc(a, to->n + n + 1, sizeof(*all));

    if (to->n > 0)
        memcpy(all, to->v, to->n * sizeof(*all));
    if (n > 0)
        memcpy(all + to->n, v, n * sizeof(*all));
    *to = (struct moxd_imap_list){ all, to->n + n };
}

/* What an item needs beside the record; the names of fields that it needs are added. */
static void look_at(struct imap_want *want, const struct moxd_imap_item *item,
                    struct moxd_summary_query *q, struct moxd_imap_list *names,
                    struct moxd_arena *a)
{
    switch (item->kind) {
    case MOXD_IMAP_ITEM_ENVELOPE:
        want->with |= STORE_WITH_HEADER;
        moxd_summary_query_envelope(q, a);
        add_names(names, a, moxd_summary_envelope_names(), MOXD_ENV_N);
        break;
    case MOXD_IMAP_ITEM_BODY:
    case MOXD_IMAP_ITEM_BODYSTRUCTURE:
        want->with |= STORE_WITH_STRUCTURE;
        break;
    case MOXD_IMAP_ITEM_SECTION:
        if (item->sec.nparts > 0)
            want->with |= STORE_WITH_STRUCTURE;
        if (item->sec.nparts > 0 || item->sec.text != MOXD_IMAP_TEXT_FIELDS) {
            want->body = true;
            break;
        }
        want->with |= STORE_WITH_HEADER;
        moxd_summary_query(q, item->sec.fields.v, item->sec.fields.n, a);
        add_names(names, a, item->sec.fields.v, item->sec.fields.n);
        break;
    case MOXD_IMAP_ITEM_RFC822:
    case MOXD_IMAP_ITEM_RFC822_HEADER:
    case MOXD_IMAP_ITEM_RFC822_TEXT:
    case MOXD_IMAP_ITEM_BINARY:
    case MOXD_IMAP_ITEM_BINARY_SIZE:
        want->with |= STORE_WITH_STRUCTURE;
        want->body = true;
        break;
    default:
        break;
    }
}

void imap_fetch_want(const struct imap_session *s, const struct moxd_imap_cmd *cmd,
                     struct moxd_arena *a, struct imap_want *want,
                     struct moxd_summary_query **queries)
{
    struct moxd_imap_list names = { 0 };

    *want = (struct imap_want){ .ascii = !imap_utf8(s) };
    *queries = moxd_arena_calloc(a, cmd->nitems + 1, sizeof(**queries));
    for (size_t i = 0; i < cmd->nitems; i++)
        look_at(want, &cmd->items[i], &(*queries)[i], &names, a);
    moxd_summary_query(&want->fields, names.v, names.n, a);
}
