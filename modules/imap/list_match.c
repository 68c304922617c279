/* LIST patterns (RFC 9051 6.3.9). */
#include "imap_mailbox.h"

/* How many characters at the start of the name are compared without case: INBOX and what is below it. */
static size_t folded(struct moxd_str name)
{
    struct moxd_str rest = name;

    return moxd_str_caseeqs(moxd_str_cut(&rest, '/'), "INBOX") ? 5 : 0;
}

/* Which positions of the pattern can be reached without a character of the name: past wildcards. */
static void widen(struct moxd_str pat, bool *at)
{
    for (size_t i = 0; i < pat.n; i++)
        if (at[i] && (pat.p[i] == '*' || pat.p[i] == '%'))
            at[i + 1] = true;
}

/* One character of the name: the positions after it from those before. True when there is any. */
static bool step(struct moxd_str pat, bool *at, char c, bool fold)
{
    bool any = false;

    for (size_t i = pat.n + 1; i-- > 0;) {
        char p = i > 0 ? pat.p[i - 1] : '\0';
        bool same = p == c || (fold && moxd_lower(p) == moxd_lower(c));
        bool stay = i < pat.n && (pat.p[i] == '*' || (pat.p[i] == '%' && c != '/'));

        at[i] = (at[i] && stay) || (i > 0 && at[i - 1] && same && p != '*' && p != '%');
        any |= at[i];
    }
    return any;
}

bool imap_match(struct moxd_str pat, struct moxd_str name)
{
    bool at[IMAP_PATTERN_MAX + 1] = { true };
    size_t fold = folded(name);

    moxd_assert(pat.n <= IMAP_PATTERN_MAX);
    widen(pat, at);
    for (size_t i = 0; i < name.n; i++) {
        if (!step(pat, at, name.p[i], i < fold))
            return false;
        widen(pat, at);
    }
    return at[pat.n];
}
