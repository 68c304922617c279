#include "fuzz.h"

#include <moxmail/address.h>

/* NFC may make a localpart longer than what is accepted; no more is promised then. */
enum { ROUND_TRIP_MAX = 80 };

static void check_round_trip(const struct moxd_address *ad, bool utf8, struct moxd_arena *a)
{
    struct moxd_address again;
    struct moxd_str text = moxd_address_text(ad, utf8, a);
    unsigned flags = MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE;
    if (ad->localpart.n > ROUND_TRIP_MAX)
        return;
    int r = moxd_address_parse(text, flags, a, &again, NULL);
    moxd_assert(r == 0);
    moxd_assert(moxd_address_eq(ad, &again));
}

static void check_canonical(const struct moxd_address *ad, struct moxd_arena *a)
{
    static const char *const separators[] = { "+", "--" };
    struct moxd_localpart_rules rules = { separators, 2, false };
    struct moxd_str once = moxd_localpart_canonical(ad->localpart, &rules, a);
    struct moxd_str twice = moxd_localpart_canonical(once, &rules, a);
    moxd_assert(moxd_str_eq(once, twice));
    moxd_assert(!moxd_localpart_has_separator(once, &rules));
}

static void check_xtext(struct moxd_str s)
{
    struct moxd_buf coded = MOXD_BUF_INIT(SIZE_MAX), plain = MOXD_BUF_INIT(SIZE_MAX);
    moxd_xtext_put(&coded, s);
    int r = moxd_xtext_decode(&plain, moxd_buf_str(&coded));
    moxd_assert(r == 0 && moxd_str_eq(moxd_buf_str(&plain), s));
    (void)!moxd_xtext_decode(&plain, s);
    (void)!moxd_utf8_addr_decode(&plain, s);
    moxd_buf_fini(&coded);
    moxd_buf_fini(&plain);
}

/* The first byte chooses the flags. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = moxd_str((const char *)data + (size > 0), size - (size > 0));
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf log = MOXD_BUF_INIT(SIZE_MAX);
    struct moxd_address ad;
    struct moxd_err err = { 0 };
    unsigned flags = size > 0 ? data[0] & 15 : 0;

    if (moxd_address_parse(s, flags, a, &ad, &err) == 0) {
        check_round_trip(&ad, true, a);
        check_round_trip(&ad, false, a);
        check_canonical(&ad, a);
        moxd_address_log(&log, &ad);
    } else {
        moxd_assert(err.pub[0] != '\0' && err.smtp_code >= 500);
    }
    struct moxd_str rest = s;
    if (moxd_path_take(&rest, flags, a, &ad, NULL) == 0)
        moxd_assert(rest.n < s.n);
    check_xtext(s);
    moxd_buf_fini(&log);
    moxd_arena_free(a);
    return 0;
}
