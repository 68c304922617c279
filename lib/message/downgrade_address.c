/* Addresses in ASCII (RFC 6857 3.1.5 to 3.1.8). */
#include "downgrade.h"
#include <moxmail/address.h>
#include <moxmail/encword.h>
#include <moxmail/header_address.h>

struct addresses {
    struct moxd_header_writer *w;
    struct moxd_arena *a; /* of one address */
    bool any;             /* one was written, of the group inside a group */
    struct moxd_buf list; /* of the group: its members as they were */
    bool lost;            /* one of them has no ASCII form */
};

static void separate(struct addresses *ads)
{
    if (ads->any)
        mail_downgrade_char(ads->w, ',');
    ads->any = true;
}

static void add_spec(struct moxd_buf *b, const struct moxd_hdraddr *ha, struct moxd_str domain)
{
    moxd_localpart_put(b, ha->localpart);
    if (domain.n > 0)
        moxd_buf_addf(b, "@%" MOXD_STRF, MOXD_STRA(domain));
}

/* 3.1.6: with A-labels; false when there is no such form. */
static bool ascii_spec(struct addresses *ads, const struct moxd_hdraddr *ha, struct moxd_buf *b)
{
    struct moxd_domain d = { .ascii = ha->domain };

    if (!moxd_str_is_ascii(ha->localpart))
        return false;
    if (!moxd_str_is_ascii(ha->domain) &&
        moxd_domain_parse(ha->domain, MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE, ads->a, &d,
                          NULL) < 0)
        return false;
    add_spec(b, ha, d.ascii);
    return true;
}

/* An empty group whose name says what was there: one phrase, since blanks between two encoded words are
 * lost. */
static void put_empty_group(struct addresses *ads, struct moxd_str name, struct moxd_str rest)
{
    struct moxd_buf b = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);

    moxd_encword_decode(&b, name);
    moxd_buf_adds(&b, name.n > 0 ? " " : "");
    moxd_buf_addstr(&b, rest);
    moxd_hw_phrase(ads->w, moxd_buf_str(&b));
    moxd_hw_word(ads->w, MOXD_STR(":;"));
    moxd_buf_fini(&b);
}

/* 3.1.8: an address without an ASCII form. */
static void put_lost(struct addresses *ads, const struct moxd_hdraddr *ha)
{
    struct moxd_buf b = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);

    add_spec(&b, ha, ha->domain);
    put_empty_group(ads, ha->name, moxd_buf_str(&b));
    moxd_buf_fini(&b);
}

static void put_mailbox(struct addresses *ads, const struct moxd_hdraddr *ha)
{
    struct moxd_buf spec = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);
    bool named = ha->name.n > 0 || ha->localpart.n + ha->domain.n == 0;

    separate(ads);
    moxd_buf_adds(&spec, named ? "<" : "");
    if (!ascii_spec(ads, ha, &spec)) {
        ads->lost = true;
        put_lost(ads, ha);
    } else {
        if (ha->name.n > 0)
            mail_downgrade_phrase(ads->w, ha->name);
        moxd_buf_adds(&spec, named ? ">" : "");
        moxd_hw_word(ads->w, moxd_buf_str(&spec));
    }
    moxd_buf_fini(&spec);
}

/* The member as it was, for a group that cannot be kept. */
static void remember(struct addresses *ads, const struct moxd_hdraddr *ha)
{
    struct moxd_buf *b = &ads->list;

    moxd_buf_adds(b, b->n > 0 ? ", " : "");
    if (ha->name.n > 0) {
        moxd_encword_decode(b, ha->name);
        moxd_buf_adds(b, " <");
    }
    add_spec(b, ha, ha->domain);
    moxd_buf_adds(b, ha->name.n > 0 ? ">" : "");
}

/* 3.1.7: a group with such an address becomes an empty one, with its members as a part of its name. */
static void put_group(struct addresses *ads, struct moxd_hdraddr_iter *it, struct moxd_str group)
{
    struct moxd_str name = moxd_arena_str(ads->a, group);
    struct moxd_header_writer start;
    struct moxd_hdraddr ha;
    size_t length;

    separate(ads);
    start = *ads->w;
    length = start.b->n;
    mail_downgrade_phrase(ads->w, name);
    mail_downgrade_char(ads->w, ':');
    ads->any = ads->lost = false;
    moxd_buf_reset(&ads->list);
    while (moxd_hdraddr_next(it, &ha) && ha.kind == MOXD_HDRADDR_MAILBOX) {
        remember(ads, &ha);
        put_mailbox(ads, &ha);
    }
    ads->any = true;
    if (!ads->lost) {
        mail_downgrade_char(ads->w, ';');
        return;
    }
    *ads->w = start;
    moxd_buf_truncate(ads->w->b, length);
    put_empty_group(ads, name, moxd_buf_str(&ads->list));
}

void mail_downgrade_addresses(struct moxd_header_writer *w, struct moxd_str value)
{
    struct addresses ads = { .w = w,
                             .a = moxd_arena_new(0),
                             .list = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX) };
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct moxd_hdraddr ha;

    moxd_hdraddr_init(&it, value);
    while (moxd_hdraddr_next(&it, &ha)) {
        if (ha.kind == MOXD_HDRADDR_GROUP)
            put_group(&ads, &it, ha.name);
        else if (ha.kind == MOXD_HDRADDR_MAILBOX)
            put_mailbox(&ads, &ha);
        moxd_arena_reset(ads.a);
    }
    moxd_buf_fini(&ads.list);
    moxd_arena_free(ads.a);
}
