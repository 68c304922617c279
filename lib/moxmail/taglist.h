/* Tag-lists, "a=1; b=two;" (RFC 6376 3.2): signatures and key records of DKIM, records of DMARC and of the
 * reporting drafts after it. Pure. */
#ifndef MOXMAIL_TAGLIST_H
#define MOXMAIL_TAGLIST_H

#include <moxd/str.h>

enum { MOXD_TAGS_MAX = 48 /* of a list; a DKIM signature has at most 14 that mean something */ };

struct moxd_tag {
    struct moxd_str name;  /* names are case-sensitive */
    struct moxd_str value; /* without white space around it, which may be folding */
    struct moxd_str raw;   /* all between "=" and ";" */
};
struct moxd_taglist {
    struct moxd_tag v[MOXD_TAGS_MAX]; /* in their order; views of what was parsed */
    size_t n;
};

/* The whole of s. -1: not of that syntax, the same tag twice, or more than MOXD_TAGS_MAX. Values may hold
 * UTF-8 (RFC 8616). Folding is taken as any run of blanks and line ends. */
int moxd_taglist_parse(struct moxd_str s, struct moxd_taglist *out) MOXD_CHECKED;
/* NULL when there is none. */
const struct moxd_tag *moxd_taglist_find(const struct moxd_taglist *l, const char *name);
/* Cuts the next element off a list with colons ("a : b"), without white space around it. False at the
 * end; an empty element counts as one. */
bool moxd_taglist_item(struct moxd_str *rest, struct moxd_str *item);
/* Whether the list with colons has that word, in any case. */
bool moxd_taglist_has(struct moxd_str list, const char *word);

#endif
