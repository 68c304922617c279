#include "impex.h"

#include <stdlib.h>

/* As Thunderbird, Dovecot, Courier and mutt call them. */
static const struct {
    const char *name;
    unsigned flag;
} names[] = {
    { "$forwarded", STORE_FORWARDED }, { "forwarded", STORE_FORWARDED },
    { "$junk", STORE_JUNK },           { "junk", STORE_JUNK },
    { "$notjunk", STORE_NOTJUNK },     { "notjunk", STORE_NOTJUNK },
    { "nonjunk", STORE_NOTJUNK },      { "$phishing", STORE_PHISHING },
    { "phishing", STORE_PHISHING },    { "$mdnsent", STORE_MDNSENT },
    { "mdnsent", STORE_MDNSENT },
};

const struct impex_flag_name impex_flag_names[] = {
    { STORE_FORWARDED, "$Forwarded" }, { STORE_JUNK, "$Junk" },       { STORE_NOTJUNK, "$NotJunk" },
    { STORE_PHISHING, "$Phishing" },   { STORE_MDNSENT, "$MDNSent" }, { 0 },
};

static bool is_flag(const char *name, unsigned *flags)
{
    for (size_t i = 0; i < MOXD_NELEMS(names); i++)
        if (strcmp(names[i].name, name) == 0) {
            *flags |= names[i].flag;
            return true;
        }
    return false;
}

/* RFC 9051 9: flag-keyword = atom, in lower case; NULL when it is none. */
static char *keyword(struct moxd_str word, struct moxd_arena *a)
{
    char *name;

    if (word.n == 0 || word.n > STORE_KEYWORD_LEN_MAX)
        return NULL;
    name = moxd_arena_cstr(a, word);
    for (char *p = name; *p; p++) {
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || strchr("(){%*\"\\]", *p))
            return NULL;
        *p = moxd_lower(*p);
    }
    return strlen(name) == word.n ? name : NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void impex_keywords(struct moxd_str in, struct moxd_arena *a, unsigned *flags,
                    struct store_keywords *out)
{
    const char **v = moxd_arena_calloc(a, STORE_KEYWORDS_MAX, sizeof(*v));
    size_t n = 0, k = 0;

    for (size_t i = 0; i < in.n && n < STORE_KEYWORDS_MAX; i++) {
        size_t from = i;

        while (i < in.n && in.p[i] != ' ')
            i++;
        char *name = keyword(moxd_str(in.p + from, i - from), a);
        if (name && !is_flag(name, flags))
            v[n++] = name;
    }
    if (n > 1)
        qsort(v, n, sizeof(*v), by_name);
    for (size_t i = 0; i < n; i++)
        if (k == 0 || strcmp(v[k - 1], v[i]) != 0)
            v[k++] = v[i];
    *out = (struct store_keywords){ v, k };
}
