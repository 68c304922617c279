/* What messages are sorted by: one function for each key of RFC 5256 BASE.6.4.SORT and RFC 5957 4. */
#include "sort.h"
#include <moxmail/collate.h>
#include <moxmail/date.h>
#include <moxmail/encword.h>
#include <moxmail/header_address.h>
#include <moxmail/thread.h>

int64_t imap_msg_sent(struct imap_msg *msg)
{
    int64_t ns = msg->info->received.ns;
    struct moxd_date d;

    if (moxd_date_parse(imap_msg_field(msg, "Date"), &d) == 0)
        return d.sec;
    return (ns >= 0 ? ns : ns - MOXD_SEC + 1) / MOXD_SEC;
}

/* Only so much of a field is decoded: more than what can become IMAP_SORT_TEXT_MAX bytes. */
enum { RAW_MAX = 16 * 1024, DECODED_MAX = 3 * RAW_MAX };

void imap_msg_base_subject(struct imap_msg *msg, struct moxd_buf *out, bool *reply)
{
    struct moxd_buf text = MOXD_BUF_INIT(DECODED_MAX);
    struct moxd_buf key = MOXD_BUF_INIT(MOXD_SUBJECT_MAX * MOXD_CASEMAP_GROWTH);

    moxd_field_text(&text, moxd_str_sub(imap_msg_field(msg, "Subject"), 0, RAW_MAX));
    moxd_base_subject(&key, moxd_buf_str(&text), reply);
    moxd_buf_addstr(out, moxd_str_sub(moxd_buf_str(&key), 0, IMAP_SORT_TEXT_MAX));
    moxd_buf_fini(&key);
    moxd_buf_fini(&text);
}

/* The key of a text, in the arena. */
static struct moxd_str key_of(struct moxd_str text, struct moxd_arena *a)
{
    struct moxd_buf key = MOXD_BUF_INIT(IMAP_SORT_TEXT_MAX * MOXD_CASEMAP_GROWTH);
    struct moxd_str out;

    moxd_casemap(&key, moxd_str_sub(text, 0, IMAP_SORT_TEXT_MAX));
    out = moxd_arena_str(a, moxd_str_sub(moxd_buf_str(&key), 0, IMAP_SORT_TEXT_MAX));
    moxd_buf_fini(&key);
    return out;
}

static struct moxd_str subject_key(struct imap_msg *msg, struct moxd_arena *a)
{
    struct moxd_buf key = MOXD_BUF_INIT(IMAP_SORT_TEXT_MAX);
    struct moxd_str out;

    imap_msg_base_subject(msg, &key, NULL);
    out = moxd_arena_str(a, moxd_buf_str(&key));
    moxd_buf_fini(&key);
    return out;
}

/* addr-mailbox, which for a group is its name (RFC 9051 7.5.2). */
static struct moxd_str mailbox_key(const struct moxd_hdraddr *ha, struct moxd_arena *a)
{
    return key_of(ha->kind == MOXD_HDRADDR_GROUP ? ha->name : ha->localpart, a);
}

/* RFC 5957 3: the name, else mailbox@host, else mailbox. */
static struct moxd_str display_key(const struct moxd_hdraddr *ha, struct moxd_arena *a)
{
    struct moxd_buf text = MOXD_BUF_INIT(DECODED_MAX);
    struct moxd_str out;

    if (ha->kind == MOXD_HDRADDR_MAILBOX)
        moxd_encword_decode(&text, moxd_str_sub(ha->name, 0, RAW_MAX));
    if (text.n == 0 && ha->domain.n > 0) {
        moxd_buf_addstr(&text, moxd_str_sub(ha->localpart, 0, IMAP_SORT_TEXT_MAX));
        moxd_buf_addc(&text, '@');
        moxd_buf_addstr(&text, moxd_str_sub(ha->domain, 0, IMAP_SORT_TEXT_MAX));
    }
    out = text.n > 0 ? key_of(moxd_buf_str(&text), a) : mailbox_key(ha, a);
    moxd_buf_fini(&text);
    return out;
}

static const struct {
    const char *field; /* NULL: not an address */
    struct moxd_str (*key)(const struct moxd_hdraddr *ha, struct moxd_arena *a);
} addresses[MOXD_IMAP_SORT_KEYS] = {
    [MOXD_IMAP_SORT_CC] = { "Cc", mailbox_key },
    [MOXD_IMAP_SORT_DISPLAYFROM] = { "From", display_key },
    [MOXD_IMAP_SORT_DISPLAYTO] = { "To", display_key },
    [MOXD_IMAP_SORT_FROM] = { "From", mailbox_key },
    [MOXD_IMAP_SORT_TO] = { "To", mailbox_key },
};

/* Of the first address in the field. */
static struct moxd_str address_key(struct imap_msg *msg, enum moxd_imap_sort_key key,
                                   struct moxd_arena *a)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct moxd_hdraddr ha;

    moxd_hdraddr_init(&it, imap_msg_field(msg, addresses[key].field));
    return moxd_hdraddr_next(&it, &ha) ? addresses[key].key(&ha, a) : moxd_str("", 0);
}

static union imap_sort_value value(enum moxd_imap_sort_key key, struct imap_msg *msg,
                                   struct moxd_arena *a)
{
    if (addresses[key].field)
        return (union imap_sort_value){ .text = address_key(msg, key, a) };
    if (key == MOXD_IMAP_SORT_SUBJECT)
        return (union imap_sort_value){ .text = subject_key(msg, a) };
    if (key == MOXD_IMAP_SORT_ARRIVAL)
        return (union imap_sort_value){ .number = msg->info->received.ns };
    if (key == MOXD_IMAP_SORT_SIZE)
        return (union imap_sort_value){ .number = (int64_t)msg->info->size };
    return (union imap_sort_value){ .number = imap_msg_sent(msg) };
}

struct imap_sort_row *imap_sort_row(const struct moxd_imap_cmd *cmd, struct imap_msg *msg,
                                    struct moxd_arena *a)
{
    struct imap_sort_row *row = moxd_arena_alloc(a, sizeof(*row) + cmd->nsort * sizeof(row->v[0]));

    row->uid = msg->info->uid;
    for (size_t i = 0; i < cmd->nsort; i++)
        row->v[i] = value(cmd->sort[i].key, msg, a);
    return row;
}
