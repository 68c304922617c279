/* Patterns of LIST and LSUB. */
#include "unit.h"

#include "../../modules/imap/imap_mailbox.h"

static bool matches(const char *pattern, const char *name)
{
    return imap_match(moxd_cstr(pattern), moxd_cstr(name));
}

START_TEST(patterns)
{
    static const struct {
        const char *pattern, *name;
        bool match;
    } cases[] = {
        { "*", "a/b", true },
        { "%", "a", true },
        { "%", "a/b", false },
        { "a/%", "a/b", true },
        { "%/b", "a/b", true },
        { "%/%", "a/b/c", false },
        { "*%", "a/b/c", true },
        { "a*c", "a/b/c", true },
        { "a%c", "abc", true },
        { "a%c", "a/c", false },
        { "", "", true },
        { "", "a", false },
        { "a", "", false },
        { "%a%b%", "xaxbx", true },
        { "*b*", "abc", true },
        { "*b", "abc", false },
        { "a", "A", false },
        { "inbox", "INBOX", true },
        { "InBo%", "INBOX", true },
        { "inbox/A", "INBOX/A", true },
        { "inbox/a", "INBOX/A", false },
        { "%box", "INBOX", true },
        { "inboxx", "INBOXX", false },
        { "a%", "a%", true },
        { "a**%%b", "ab", true },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_msg(matches(cases[i].pattern, cases[i].name) == cases[i].match, "%s %s",
                      cases[i].pattern, cases[i].name);
}
END_TEST

/* The worst pattern for matchers that try again: this one never does. */
START_TEST(hostile_pattern)
{
    char pattern[IMAP_PATTERN_MAX + 1], name[1001];

    for (int i = 0; i < IMAP_PATTERN_MAX; i++)
        pattern[i] = "*%a"[i % 3];
    pattern[IMAP_PATTERN_MAX - 1] = 'a';
    pattern[IMAP_PATTERN_MAX] = '\0';
    memset(name, 'a', 999);
    strcpy(name + 999, "b");
    for (int i = 0; i < 20; i++)
        ck_assert(!matches(pattern, name));
    name[999] = 'a';
    ck_assert(matches(pattern, name));
}
END_TEST

UNIT_MAIN("imap_list", patterns, hostile_pattern)
