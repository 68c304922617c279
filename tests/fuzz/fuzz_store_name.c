/* Mailbox names, as clients and databases have them. */
#include "fuzz.h"

#include "name.h"

/* What CONTRIBUTING calls the stored form: its levels, its end, its first level. */
static void check_form(struct moxd_str s)
{
    size_t levels = 0;

    moxd_assert(s.n > 0 && s.n <= STORE_NAME_MAX && moxd_str_is_utf8(s) && s.p[0] != '#');
    moxd_assert(s.p[s.n] == '\0' && strlen(s.p) == s.n);
    for (struct moxd_str rest = s; rest.p != NULL; levels++) {
        struct moxd_str part = moxd_str_cut(&rest, '/');
        moxd_assert(part.n > 0 && !moxd_str_eqs(part, ".") && !moxd_str_eqs(part, ".."));
        for (size_t i = 0; i < part.n; i++)
            moxd_assert((unsigned char)part.p[i] >= 0x20 && part.p[i] != 0x7f);
        if (levels == 0 && store_name_is_inbox(part))
            moxd_assert(moxd_str_eqs(part, "INBOX"));
    }
    moxd_assert(levels <= STORE_LEVELS_MAX);
}

/* Every level above is a name too: mailboxes are made with their parents. */
static void check_parents(struct moxd_str s)
{
    struct moxd_str parent = store_name_parent(s);
    struct store_name again;

    if (parent.n == 0) {
        moxd_assert(memchr(s.p, '/', s.n) == NULL);
        return;
    }
    moxd_assert(store_name_below(s, parent) && !store_name_below(parent, s));
    moxd_assert(store_name_parse(parent, &again, NULL) == 0);
    moxd_assert(moxd_str_eq(store_name_str(&again), parent));
    check_parents(parent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store_name name, again;
    struct moxd_err err = { 0 };

    if (store_name_parse(moxd_str((const char *)data, size), &name, &err) < 0) {
        moxd_assert(err.kind == MOXD_ERR_INVALID && err.pub[0] != '\0');
        return 0;
    }
    struct moxd_str s = store_name_str(&name);
    check_form(s);
    moxd_assert(store_name_parse(s, &again, NULL) == 0);
    moxd_assert(moxd_str_eq(store_name_str(&again), s));
    moxd_assert(!store_name_below(s, s));
    check_parents(s);
    struct store_key key = store_key_name(STORE_T_NAME, s);
    moxd_assert(key.n == s.n + 1);
    return 0;
}
