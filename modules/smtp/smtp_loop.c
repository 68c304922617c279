/* Mail that goes round and round (RFC 5321 6.3). */
#include "smtp.h"

#include <moxmail/header.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct moxd_str next_word(struct moxd_str *rest)
{
    size_t from = 0, end;

    while (from < rest->n && is_blank(rest->p[from]))
        from++;
    for (end = from; end < rest->n && !is_blank(rest->p[end]);)
        end++;
    struct moxd_str word = moxd_str_sub(*rest, from, end - from);
    *rest = moxd_str_from(*rest, end);
    return word;
}

/* Whether the word behind "id" of a Received field is an id that we gave: it cannot be made up. */
static bool is_ours(struct moxd_str value)
{
    struct moxd_str word, before = { 0 };
    char id[32];
    uint64_t cid;

    while ((word = next_word(&value)).n > 0) {
        if (moxd_str_caseeqs(before, "id") && word.n < sizeof(id)) {
            if (moxd_str_ends(word, MOXD_STR(";")))
                word.n--;
            return moxd_str_copy(word, id, sizeof(id)) == 0 && moxd_cid_from_public(id, &cid) == 0;
        }
        before = word;
    }
    return false;
}

static size_t passed_here(struct moxd_str header)
{
    struct moxd_field f;
    size_t n = 0;

    while (moxd_field_next(&header, &f))
        if (moxd_str_caseeqs(f.name, "Received") && is_ours(f.value))
            n++;
    return n;
}

int smtp_check_loop(const struct smtp_txn *t, const struct smtp_header_facts *f,
                    struct moxd_err *err)
{
    if (f->received > SMTP_RECEIVED_MAX)
        return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 554, "5.4.6",
                                 "mail loop: more than %d Received fields", (int)SMTP_RECEIVED_MAX);
    if (passed_here(t->header) > SMTP_RECEIVED_HERE_MAX)
        return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 554, "5.4.6",
                                 "mail loop: the message has been here more than %d times",
                                 (int)SMTP_RECEIVED_HERE_MAX);
    return 0;
}
