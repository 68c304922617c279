#include "auth_freeform.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>

enum {
    CONTEXT_NONE = -1, /* no contextual rule for the code point */
    CCC_VIRAMA = 9,
    ZWNJ = 0x200C,
    ZWJ = 0x200D,
};

/* General categories that RFC 8264 8 lets into the class: LetterDigits (A), OtherLetterDigits (R), Spaces
 * (N), Symbols (O), Punctuation (P). */
enum {
    CATEGORIES = UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N |
                 UC_CATEGORY_MASK_Zs | UC_CATEGORY_MASK_S | UC_CATEGORY_MASK_P,
};

struct range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct range *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c >= r[i].first && c <= r[i].last)
            return true;
    return false;
}

/* Exceptions (RFC 5892 2.6) that are disallowed, and OldHangulJamo (2.9). */
static const struct range disallowed[] = {
    { 0x0640, 0x0640 }, { 0x07FA, 0x07FA }, { 0x302E, 0x302F },
    { 0x3031, 0x3035 }, { 0x303B, 0x303B }, { 0x1100, 0x11FF },
    { 0xA960, 0xA97C }, { 0xD7B0, 0xD7C6 }, { 0xD7CB, 0xD7FB },
};
/* Exceptions that are valid whatever their properties. */
static const struct range valid[] = {
    { 0x00DF, 0x00DF }, { 0x03C2, 0x03C2 }, { 0x06FD, 0x06FE },
    { 0x0F0B, 0x0F0B }, { 0x3007, 0x3007 },
};

static bool script_is(uint32_t c, const char *name)
{
    const uc_script_t *script = uc_script(c);
    return script && strcmp(script->name, name) == 0;
}

static bool any_in(const uint32_t *cp, size_t n, uint32_t first, uint32_t last)
{
    for (size_t i = 0; i < n; i++)
        if (cp[i] >= first && cp[i] <= last)
            return true;
    return false;
}

static bool after_virama(const uint32_t *cp, size_t i)
{
    return i > 0 && uc_combining_class(cp[i - 1]) == CCC_VIRAMA;
}

/* RFC 5892 A.1: (L or D) T* ZWNJ T* (R or D). */
static bool joins_around(const uint32_t *cp, size_t n, size_t i)
{
    size_t before = i, after = i + 1;

    while (before > 0 && uc_joining_type(cp[before - 1]) == UC_JOINING_TYPE_T)
        before--;
    while (after < n && uc_joining_type(cp[after]) == UC_JOINING_TYPE_T)
        after++;
    if (before == 0 || after == n)
        return false;
    int left = uc_joining_type(cp[before - 1]), right = uc_joining_type(cp[after]);
    return (left == UC_JOINING_TYPE_L || left == UC_JOINING_TYPE_D) &&
           (right == UC_JOINING_TYPE_R || right == UC_JOINING_TYPE_D);
}

/* RFC 5892 A.7: some character of the string is Hiragana, Katakana or Han. */
static bool has_japanese(const uint32_t *cp, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (script_is(cp[i], "Hiragana") || script_is(cp[i], "Katakana") || script_is(cp[i], "Han"))
            return true;
    return false;
}

/* RFC 5892 appendix A: 1 allowed here, 0 not, CONTEXT_NONE without a rule. */
static int context_rule(const uint32_t *cp, size_t n, size_t i)
{
    switch (cp[i]) {
    case ZWNJ:
        return after_virama(cp, i) || joins_around(cp, n, i);
    case ZWJ:
        return after_virama(cp, i);
    case 0x00B7: /* MIDDLE DOT */
        return i > 0 && i + 1 < n && cp[i - 1] == 'l' && cp[i + 1] == 'l';
    case 0x0375: /* GREEK LOWER NUMERAL SIGN */
        return i + 1 < n && script_is(cp[i + 1], "Greek");
    case 0x05F3: /* HEBREW PUNCTUATION GERESH, GERSHAYIM */
    case 0x05F4:
        return i > 0 && script_is(cp[i - 1], "Hebrew");
    case 0x30FB: /* KATAKANA MIDDLE DOT */
        return has_japanese(cp, n);
    }
    if (cp[i] >= 0x0660 && cp[i] <= 0x0669) /* ARABIC-INDIC DIGITS */
        return !any_in(cp, n, 0x06F0, 0x06F9);
    if (cp[i] >= 0x06F0 && cp[i] <= 0x06F9) /* EXTENDED ARABIC-INDIC DIGITS */
        return !any_in(cp, n, 0x0660, 0x0669);
    return CONTEXT_NONE;
}

/* RFC 8264 9.17: toNFKC(cp) != cp. */
static bool has_compat(uint32_t c)
{
    uint32_t nfkc[32];
    size_t n = MOXD_NELEMS(nfkc);
    uint32_t *got = u32_normalize(UNINORM_NFKC, &c, 1, nfkc, &n);
    bool same = got && n == 1 && got[0] == c;

    if (got != nfkc)
        free(got);
    return !same;
}

bool auth_freeform_is_space(uint32_t c)
{
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Zs);
}

/* The order of RFC 8264 8. */
bool auth_freeform_allowed(const uint32_t *cp, size_t n, size_t i)
{
    uint32_t c = cp[i];

    if (in_ranges(c, valid, MOXD_NELEMS(valid)))
        return true;
    int rule = context_rule(cp, n, i);
    if (rule != CONTEXT_NONE)
        return rule;
    if (in_ranges(c, disallowed, MOXD_NELEMS(disallowed)))
        return false;
    if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cn | UC_CATEGORY_MASK_Cc))
        return false;
    if (uc_is_property_default_ignorable_code_point(c) || uc_is_property_not_a_character(c))
        return false;
    return uc_is_general_category_withtable(c, CATEGORIES) || has_compat(c);
}
