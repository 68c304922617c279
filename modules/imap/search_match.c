#include "objectid.h"
#include "search_key.h"
#include <moxmail/date.h>

static bool has_flag(const struct search_key *k, const struct store_msg *info)
{
    bool has = info->flags & k->flag;

    for (size_t i = 0; k->keyword && i < info->keywords.n; i++)
        has |= strcmp(info->keywords.v[i], k->keyword) == 0;
    return has != k->key->negate;
}

static int64_t seconds(int64_t ns)
{
    return (ns >= 0 ? ns : ns - MOXD_SEC + 1) / MOXD_SEC;
}

/* RFC 9051 6.4.4: dates are compared disregarding time and zone. */
static int64_t day_of(int64_t ns, int zone)
{
    return moxd_date_day((struct moxd_date){ .sec = seconds(ns), .zone = zone });
}

/* The fields of the key's name, one after the other: from the summary, else from the header. */
struct fields {
    const struct moxd_summary_query *query; /* of the summary; or NULL, and: */
    const char *name;
    struct moxd_str rest;
};

/* 1; IMAP_UNREAD, -1. */
static int fields_begin(struct fields *it, const struct search_key *k, struct imap_msg *msg,
                        struct moxd_err *err)
{
    int r = 1;

    if (msg->has_summary && moxd_summary_knows(&msg->summary, &k->query)) {
        *it = (struct fields){ .query = &k->query, .rest = msg->summary.fields };
        return 1;
    }
    r = imap_msg_header_now(msg, err);
    *it = (struct fields){ .name = k->field, .rest = msg->header };
    return r == 0 ? IMAP_UNREAD : r;
}

static bool fields_next(struct fields *it, struct moxd_str *value)
{
    struct moxd_field f;

    if (it->query) {
        if (!moxd_summary_next(&it->rest, it->query, &f))
            return false;
        *value = f.value;
        return true;
    }
    while (moxd_field_next(&it->rest, &f))
        if (moxd_str_caseeqs(f.name, it->name)) {
            *value = f.value;
            return true;
        }
    return false;
}

static int header(struct search_key *k, struct imap_msg *msg, struct moxd_err *err)
{
    struct moxd_str value;
    struct fields it;
    int r = fields_begin(&it, k, msg, err);

    if (r != 1)
        return r;
    if (!k->text) /* "": the field is there (RFC 9051 6.4.4) */
        return fields_next(&it, &value);
    moxd_search_reset(k->text);
    while (!moxd_search_found_all(k->text) && fields_next(&it, &value))
        moxd_search_value(k->text, value);
    return moxd_search_found_all(k->text);
}

static int content(struct imap_search *se, struct search_key *k, struct imap_msg *msg,
                   struct moxd_err *err)
{
    unsigned where = MOXD_SEARCH_IN_BODY;

    if (!msg->readable)
        return IMAP_UNREAD;
    if (k->key->kind == MOXD_IMAP_KEY_TEXT)
        where |= MOXD_SEARCH_IN_HEADER;
    moxd_search_reset(k->text);
    if (imap_msg_structure_now(msg, err) < 0 ||
        moxd_search_message(k->text, se->workspace, &msg->reader, msg->structure, where, err) < 0)
        return -1;
    return moxd_search_found_all(k->text);
}

static bool day_matches(const struct search_key *k, int64_t day)
{
    int64_t want = k->key->day;

    switch (k->key->kind) {
    case MOXD_IMAP_KEY_BEFORE:
    case MOXD_IMAP_KEY_SENTBEFORE:
    case MOXD_IMAP_KEY_SAVEDBEFORE:
        return day < want;
    case MOXD_IMAP_KEY_ON:
    case MOXD_IMAP_KEY_SENTON:
    case MOXD_IMAP_KEY_SAVEDON:
        return day == want;
    default:
        return day >= want;
    }
}

static bool recent(const struct imap_search *se, const struct store_msg *info)
{
    return imap_tells_recent(se->s) && imap_view_is_recent(se->view, info->uid);
}

/* The day of the Date field in its own zone; no match when there is none that can be read. */
static int sent(struct search_key *k, struct imap_msg *msg, struct moxd_err *err)
{
    struct moxd_str value;
    struct moxd_date date;
    struct fields it;
    int r = fields_begin(&it, k, msg, err);

    if (r != 1)
        return r;
    return fields_next(&it, &value) && moxd_date_parse(value, &date) == 0 &&
           day_matches(k, moxd_date_day(date));
}

/* RFC 5032 2: exact to the second. */
static bool age(const struct imap_search *se, const struct search_key *k,
                const struct store_msg *info)
{
    int64_t then = seconds(se->now) - (int64_t)k->key->number;
    int64_t got = seconds(info->received.ns);

    return k->key->kind == MOXD_IMAP_KEY_OLDER ? got <= then : got >= then;
}

/* RFC 8474 6: case matters. */
static int object(const struct search_key *k, struct imap_msg *msg)
{
    char id[IMAP_OBJECTID_MAX];

    if (k->key->kind == MOXD_IMAP_KEY_EMAILID)
        return moxd_str_eqs(k->key->str, imap_emailid(msg->s, msg->acc, msg->info, id));
    moxd_assert(msg->thread_known);
    return msg->thread != 0 &&
           moxd_str_eqs(k->key->str, imap_threadid(msg->s, msg->acc, msg->thread, id));
}

static int match(struct imap_search *se, struct search_key *k, struct imap_msg *msg,
                 struct moxd_err *err);

/* Cheap keys before those that read the message; stops at the first that decides. */
static int match_children(struct imap_search *se, struct search_key *k, struct imap_msg *msg,
                          bool all, struct moxd_err *err)
{
    for (int pass = IMAP_NEEDS_FLAGS; pass <= IMAP_NEEDS_CONTENT; pass++) {
        for (struct search_key *c = k->child; c; c = c->next) {
            int r;

            if ((int)c->needs != pass)
                continue;
            r = match(se, c, msg, err);
            if (r < 0 || r == IMAP_UNREAD || r != all)
                return r;
        }
    }
    return all;
}

static int match(struct imap_search *se, struct search_key *k, struct imap_msg *msg,
                 struct moxd_err *err)
{
    int r;

    switch (k->key->kind) {
    case MOXD_IMAP_KEY_AND:
    case MOXD_IMAP_KEY_OR:
        return match_children(se, k, msg, k->key->kind == MOXD_IMAP_KEY_AND, err);
    case MOXD_IMAP_KEY_NOT:
        r = match(se, k->child, msg, err);
        return r < 0 || r == IMAP_UNREAD ? r : !r;
    case MOXD_IMAP_KEY_ALL:
        return 1;
    case MOXD_IMAP_KEY_OLD:
        return !recent(se, msg->info);
    case MOXD_IMAP_KEY_NEW:
        return recent(se, msg->info) && !(msg->info->flags & STORE_SEEN);
    case MOXD_IMAP_KEY_RECENT:
        return recent(se, msg->info);
    case MOXD_IMAP_KEY_FLAG:
        return has_flag(k, msg->info);
    case MOXD_IMAP_KEY_HEADER:
        if (imap_search_ruled_out(k, msg->info))
            return 0;
        return imap_search_is_sure(k, msg->info) ? 1 : header(k, msg, err);
    case MOXD_IMAP_KEY_BODY:
    case MOXD_IMAP_KEY_TEXT:
        if (imap_search_ruled_out(k, msg->info))
            return 0;
        return imap_search_is_sure(k, msg->info) ? 1 : content(se, k, msg, err);
    case MOXD_IMAP_KEY_LARGER:
        return msg->info->size > k->key->number;
    case MOXD_IMAP_KEY_SMALLER:
        return msg->info->size < k->key->number;
    case MOXD_IMAP_KEY_EMAILID:
    case MOXD_IMAP_KEY_THREADID:
        return object(k, msg);
    case MOXD_IMAP_KEY_MODSEQ:
        return msg->info->modseq >= k->key->number;
    case MOXD_IMAP_KEY_UID:
    case MOXD_IMAP_KEY_SEQ:
        return imap_uids_have(&k->uids, msg->info->uid);
    case MOXD_IMAP_KEY_SENTBEFORE:
    case MOXD_IMAP_KEY_SENTON:
    case MOXD_IMAP_KEY_SENTSINCE:
        return sent(k, msg, err);
    case MOXD_IMAP_KEY_OLDER:
    case MOXD_IMAP_KEY_YOUNGER:
        return age(se, k, msg->info);
    case MOXD_IMAP_KEY_SAVEDBEFORE:
    case MOXD_IMAP_KEY_SAVEDON:
    case MOXD_IMAP_KEY_SAVEDSINCE:
        return day_matches(k, day_of(msg->info->saved, 0));
    default:
        return day_matches(k, day_of(msg->info->received.ns, msg->info->received.zone));
    }
}

int imap_search_match_now(struct imap_search *se, struct imap_msg *msg, struct moxd_err *err)
{
    return match(se, se->root, msg, err);
}

struct matching {
    struct imap_search *se;
    struct imap_msg *msg;
    struct moxd_err *err;
    int result;
};

static void match_job(void *arg)
{
    struct matching *m = arg;

    m->result = imap_search_match_now(m->se, m->msg, m->err);
}

int imap_search_match(struct imap_search *se, struct imap_msg *msg, struct moxd_err *err)
{
    struct matching m = { se, msg, err, IMAP_UNREAD };

    if (se->threads && imap_msg_thread(msg, err) < 0)
        return -1;
    if (!msg->readable)
        match_job(&m);
    if (m.result != IMAP_UNREAD)
        return m.result;
    if (imap_msg_open(msg, err) < 0)
        return -1;
    imap_msg_work(msg->reader.size, match_job, &m);
    return m.result;
}
