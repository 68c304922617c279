/* Tag-lists (RFC 6376 3.2):
 *   tag-list = tag-spec *( ";" tag-spec ) [ ";" ]
 *   tag-spec = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
 *   tag-name = ALPHA *( ALPHA / DIGIT / "_" ) */
#include <moxmail/taglist.h>

static bool is_name(struct moxd_str s)
{
    if (s.n == 0 || !moxd_is_alpha(s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (!moxd_is_alpha(s.p[i]) && !moxd_is_digit(s.p[i]) && s.p[i] != '_')
            return false;
    return true;
}

/* VALCHAR and white space; the caller has seen to it that what is not ASCII is UTF-8. */
static bool is_value(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == 127 || (c < 32 && c != '\t' && c != '\r' && c != '\n'))
            return false;
    }
    return true;
}

static int parse_tag(struct moxd_str spec, struct moxd_taglist *out)
{
    if (moxd_str_chr(spec, '=') < 0 || out->n == MOXD_TAGS_MAX)
        return -1;
    struct moxd_str name = moxd_str_trim(moxd_str_cut(&spec, '='));
    if (!is_name(name) || !is_value(spec))
        return -1;
    for (size_t i = 0; i < out->n; i++)
        if (moxd_str_eq(out->v[i].name, name))
            return -1;
    out->v[out->n++] = (struct moxd_tag){ .name = name, .value = moxd_str_trim(spec), .raw = spec };
    return 0;
}

int moxd_taglist_parse(struct moxd_str s, struct moxd_taglist *out)
{
    out->n = 0;
    if (!moxd_str_is_utf8(s))
        return -1;
    while (s.p != NULL) {
        struct moxd_str spec = moxd_str_cut(&s, ';');
        bool last = s.p == NULL;
        if (last && out->n > 0 && moxd_str_trim(spec).n == 0)
            break; /* behind the final ";" */
        if (parse_tag(spec, out) < 0)
            return -1;
    }
    return out->n > 0 ? 0 : -1;
}

const struct moxd_tag *moxd_taglist_find(const struct moxd_taglist *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (moxd_str_eqs(l->v[i].name, name))
            return &l->v[i];
    return NULL;
}

bool moxd_taglist_item(struct moxd_str *rest, struct moxd_str *item)
{
    if (rest->p == NULL)
        return false;
    *item = moxd_str_trim(moxd_str_cut(rest, ':'));
    return true;
}

bool moxd_taglist_has(struct moxd_str list, const char *word)
{
    struct moxd_str item;
    while (moxd_taglist_item(&list, &item))
        if (moxd_str_caseeqs(item, word))
            return true;
    return false;
}
