/* Addresses of header fields: one element of the list at a time. */
#include "hdraddr.h"

void moxd_hdraddr_init(struct moxd_hdraddr_iter *it, struct moxd_str value)
{
    *it = (struct moxd_hdraddr_iter){ .rest = value };
    struct moxd_buf *bufs[] = { &it->name, &it->comment, &it->route, &it->localpart, &it->domain };
    for (size_t i = 0; i < MOXD_NELEMS(bufs); i++)
        moxd_buf_init(bufs[i],
                      value.n * 2 + 2); /* never reached: a word takes its length and a blank */
}

void moxd_hdraddr_fini(struct moxd_hdraddr_iter *it)
{
    struct moxd_buf *bufs[] = { &it->name, &it->comment, &it->route, &it->localpart, &it->domain };
    for (size_t i = 0; i < MOXD_NELEMS(bufs); i++)
        moxd_buf_fini(bufs[i]);
}

static struct moxd_str or_null(struct moxd_str s)
{
    return s.n > 0 ? s : moxd_str(NULL, 0);
}

static struct moxd_str name_or_comment(const struct mail_element *el, size_t name_length)
{
    struct moxd_str name = moxd_str_sub(moxd_buf_str(&el->it->name), 0, name_length);
    struct moxd_str comment = el->comment ? moxd_buf_str(&el->it->comment) : moxd_str(NULL, 0);
    return or_null(moxd_str_trim(name.n > 0 ? name : comment));
}

static bool ends_well(const struct moxd_hdraddr_iter *it)
{
    char c = mail_hdraddr_peek(it);
    return mail_hdraddr_end(it) || c == ',' || (c == ';' && it->in_group);
}

static void finish_angle(struct mail_element *el, struct moxd_hdraddr *out)
{
    struct moxd_hdraddr_iter *it = el->it;
    mail_hdraddr_angle(el);
    *out = (struct moxd_hdraddr){
        .kind = MOXD_HDRADDR_MAILBOX,
        .name = name_or_comment(el, it->name.n),
        .route = or_null(moxd_buf_str(&it->route)),
        .localpart = moxd_buf_str(&it->localpart),
        .domain = moxd_buf_str(&it->domain),
        .bad = el->bad || !ends_well(it),
    };
}

/* addr-spec, or only words: one is a localpart, more are a name. */
static void finish_plain(struct mail_element *el, struct moxd_hdraddr *out)
{
    struct moxd_hdraddr_iter *it = el->it;
    bool only_name = !el->at && el->many;
    *out = (struct moxd_hdraddr){
        .kind = MOXD_HDRADDR_MAILBOX,
        .name = name_or_comment(el, only_name ? it->name.n : el->name_before),
        .localpart = only_name ? MOXD_STR("") : moxd_buf_str(&it->localpart),
        .domain = moxd_buf_str(&it->domain),
        .bad = el->bad || el->many || it->domain.n == 0 || !ends_well(it),
    };
}

static void finish_group(struct moxd_hdraddr_iter *it, struct moxd_hdraddr *out, bool bad)
{
    mail_hdraddr_skip(it);
    it->in_group = true;
    *out = (struct moxd_hdraddr){
        .kind = MOXD_HDRADDR_GROUP,
        .name = moxd_buf_str(&it->name),
        .bad = bad,
    };
}

static bool ends_element(const struct moxd_hdraddr_iter *it)
{
    char c = mail_hdraddr_peek(it);
    return mail_hdraddr_end(it) || c == ',' || c == ';';
}

static void take_element(struct moxd_hdraddr_iter *it, struct moxd_hdraddr *out)
{
    struct mail_element el = { .it = it };
    moxd_buf_reset(&it->name);
    moxd_buf_reset(&it->route);
    moxd_buf_reset(&it->localpart);
    moxd_buf_reset(&it->domain);
    while (!ends_element(it)) {
        if (mail_hdraddr_peek(it) == '<') {
            finish_angle(&el, out);
            return;
        }
        if (mail_hdraddr_peek(it) == ':' && !it->in_group && !el.at && it->name.n > 0) {
            finish_group(it, out, el.bad);
            return;
        }
        mail_hdraddr_token(&el);
    }
    finish_plain(&el, out);
}

bool moxd_hdraddr_next(struct moxd_hdraddr_iter *it, struct moxd_hdraddr *out)
{
    bool comment = false;
    for (;;) {
        (void)mail_hdraddr_cfws(it, &comment);
        bool end = mail_hdraddr_end(it) || mail_hdraddr_peek(it) == ';';
        if (end && it->in_group) {
            it->in_group = false;
            *out = (struct moxd_hdraddr){ .kind = MOXD_HDRADDR_GROUP_END,
                                          .bad = mail_hdraddr_end(it) };
            mail_hdraddr_skip(it);
            return true;
        }
        if (mail_hdraddr_end(it))
            return false;
        if (mail_hdraddr_peek(it) != ',' && mail_hdraddr_peek(it) != ';')
            break;
        mail_hdraddr_skip(it);
    }
    if (it->thorough || !mail_hdraddr_simple(it, out))
        take_element(it, out);
    return true;
}
