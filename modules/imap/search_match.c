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

/* One key against one message. */
struct scan {
    struct imap_search *se;
    struct search_key *k;
    struct imap_msg *msg;
    struct moxd_err *err;
    int result;
};

static void scan_header(void *arg)
{
    struct scan *sc = arg;
    struct search_key *k = sc->k;
    struct moxd_field f;

    if (!k->text) { /* "": the field is there (RFC 9051 6.4.4) */
        sc->result = moxd_header_find(sc->msg->header, k->field, &f);
        return;
    }
    moxd_search_reset(k->text);
    moxd_search_header(k->text, sc->msg->header, k->field);
    sc->result = moxd_search_found_all(k->text);
}

static int header(struct search_key *k, struct imap_msg *msg, struct moxd_err *err)
{
    struct scan sc = { .k = k, .msg = msg };

    if (imap_msg_header(msg, err) < 0)
        return -1;
    imap_msg_work(msg->header.n, scan_header, &sc);
    return sc.result;
}

static void scan(void *arg)
{
    struct scan *sc = arg;
    unsigned where = MOXD_SEARCH_IN_BODY;

    if (sc->k->key->kind == MOXD_IMAP_KEY_TEXT)
        where |= MOXD_SEARCH_IN_HEADER;
    moxd_search_reset(sc->k->text);
    sc->result = moxd_search_message(sc->k->text, sc->se->workspace, &sc->msg->reader,
                                     sc->msg->structure, where, sc->err);
}

static int content(struct imap_search *se, struct search_key *k, struct imap_msg *msg,
                   struct moxd_err *err)
{
    struct scan sc = { se, k, msg, err, 0 };

    if (imap_msg_open(msg, err) < 0 || imap_msg_structure(msg, err) < 0)
        return -1;
    imap_msg_work(msg->reader.size, scan, &sc);
    return sc.result < 0 ? -1 : moxd_search_found_all(k->text);
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
static void scan_date(void *arg)
{
    struct scan *sc = arg;
    struct moxd_field f;
    struct moxd_date date;

    if (moxd_header_find(sc->msg->header, "Date", &f) && moxd_date_parse(f.value, &date) == 0)
        sc->result = day_matches(sc->k, moxd_date_day(date));
}

static int sent(struct search_key *k, struct imap_msg *msg, struct moxd_err *err)
{
    struct scan sc = { .k = k, .msg = msg };

    if (imap_msg_header(msg, err) < 0)
        return -1;
    imap_msg_work(msg->header.n, scan_date, &sc);
    return sc.result;
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
static int object(const struct search_key *k, struct imap_msg *msg, struct moxd_err *err)
{
    char id[IMAP_OBJECTID_MAX];

    if (k->key->kind == MOXD_IMAP_KEY_EMAILID)
        return moxd_str_eqs(k->key->str, imap_emailid(msg->s, msg->info, id));
    if (imap_msg_thread(msg, err) < 0)
        return -1;
    return msg->thread != 0 && moxd_str_eqs(k->key->str, imap_threadid(msg->s, msg->thread, id));
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
            if (r < 0 || (r > 0) != all)
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
        return r < 0 ? r : !r;
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
        return header(k, msg, err);
    case MOXD_IMAP_KEY_BODY:
    case MOXD_IMAP_KEY_TEXT:
        return content(se, k, msg, err);
    case MOXD_IMAP_KEY_LARGER:
        return msg->info->size > k->key->number;
    case MOXD_IMAP_KEY_SMALLER:
        return msg->info->size < k->key->number;
    case MOXD_IMAP_KEY_EMAILID:
    case MOXD_IMAP_KEY_THREADID:
        return object(k, msg, err);
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

int imap_search_match(struct imap_search *se, struct imap_msg *msg, struct moxd_err *err)
{
    return match(se, se->root, msg, err);
}
