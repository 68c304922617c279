/* Character references of HTML: by number, and the names that mail uses (HTML 4.01 24). */
#include "preview.h"

#include "chars.h"

enum { NAME_MAX = 8, DIGITS_MAX = 8 };

/* U+00A0 to U+00FF, in their order. */
static const char *const latin1[] = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",
    "copy",   "ordf",   "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn",
    "sup2",   "sup3",   "acute",  "micro",  "para",   "middot", "cedil",  "sup1",   "ordm",
    "raquo",  "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",  "Atilde",
    "Auml",   "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",   "Igrave",
    "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde",
    "Ouml",   "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN",
    "szlig",  "agrave", "aacute", "acirc",  "atilde", "auml",   "aring",  "aelig",  "ccedil",
    "egrave", "eacute", "ecirc",  "euml",   "igrave", "iacute", "icirc",  "iuml",   "eth",
    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide", "oslash", "ugrave",
    "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml",
};
static const struct {
    const char *name;
    uint32_t c;
} others[] = {
    { "amp", '&' },       { "lt", '<' },        { "gt", '>' },       { "quot", '"' },
    { "apos", '\'' },     { "OElig", 0x152 },   { "oelig", 0x153 },  { "Scaron", 0x160 },
    { "scaron", 0x161 },  { "Yuml", 0x178 },    { "fnof", 0x192 },   { "circ", 0x2C6 },
    { "tilde", 0x2DC },   { "ensp", 0x2002 },   { "emsp", 0x2003 },  { "thinsp", 0x2009 },
    { "zwnj", 0x200C },   { "zwj", 0x200D },    { "lrm", 0x200E },   { "rlm", 0x200F },
    { "ndash", 0x2013 },  { "mdash", 0x2014 },  { "lsquo", 0x2018 }, { "rsquo", 0x2019 },
    { "sbquo", 0x201A },  { "ldquo", 0x201C },  { "rdquo", 0x201D }, { "bdquo", 0x201E },
    { "dagger", 0x2020 }, { "Dagger", 0x2021 }, { "bull", 0x2022 },  { "hellip", 0x2026 },
    { "permil", 0x2030 }, { "prime", 0x2032 },  { "Prime", 0x2033 }, { "lsaquo", 0x2039 },
    { "rsaquo", 0x203A }, { "euro", 0x20AC },   { "trade", 0x2122 }, { "larr", 0x2190 },
    { "uarr", 0x2191 },   { "rarr", 0x2192 },   { "darr", 0x2193 },  { "minus", 0x2212 },
    { "asymp", 0x2248 },  { "ne", 0x2260 },     { "le", 0x2264 },    { "ge", 0x2265 },
};

/* Behind "&#": a character that text may hold. Numbers 128 to 159 mean windows-1252 in practice, of
 * which only the apostrophe and quotes are met. */
static uint32_t number(struct moxd_str s, size_t *n)
{
    bool hex = s.n > 0 && (s.p[0] == 'x' || s.p[0] == 'X');
    size_t i = hex ? 1 : 0, start = i;
    uint32_t c = 0;

    for (; i < s.n && i - start < DIGITS_MAX; i++) {
        int digit = mail_hex(s.p[i]);
        if (digit < 0 || (!hex && digit > 9))
            break;
        c = c > 0x10FFFF ? c : c * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (i == start)
        return 0;
    *n = i + (i < s.n && s.p[i] == ';');
    if (c >= 145 && c <= 148)
        return (const uint32_t[]){ 0x2018, 0x2019, 0x201C, 0x201D }[c - 145];
    return c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ? 0xFFFD : c;
}

static uint32_t named(struct moxd_str name)
{
    for (size_t i = 0; i < MOXD_NELEMS(others); i++)
        if (moxd_str_eqs(name, others[i].name))
            return others[i].c;
    for (size_t i = 0; i < MOXD_NELEMS(latin1); i++)
        if (moxd_str_eqs(name, latin1[i]))
            return 0xA0 + (uint32_t)i;
    return 0;
}

uint32_t mail_html_entity(struct moxd_str s, size_t *n)
{
    size_t i = 1, digits = 0;

    if (s.n > 1 && s.p[1] == '#') {
        uint32_t c = number(moxd_str_from(s, 2), &digits);
        *n = 2 + digits;
        return c;
    }
    while (i < s.n && i <= NAME_MAX && (moxd_is_alpha(s.p[i]) || moxd_is_digit(s.p[i])))
        i++;
    *n = i + (i < s.n && s.p[i] == ';');
    return named(moxd_str_sub(s, 1, i - 1));
}
