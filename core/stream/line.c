#include "stream/line.h"

#include <string.h>

static enum core_line_result not_yet(struct core_line *l, size_t n, size_t max,
                                     struct core_line_found *found)
{
    l->skipping = l->skipping || n > max + 1;
    found->consumed = l->skipping ? n : 0;
    l->scanned = n - found->consumed;
    return CORE_LINE_MORE;
}

enum core_line_result core_line_find(struct core_line *l, const char *p, size_t n, size_t max,
                                     struct core_line_found *found)
{
    const char *lf = n > l->scanned ? memchr(p + l->scanned, '\n', n - l->scanned) : NULL;

    *found = (struct core_line_found){ 0 };
    if (lf == NULL)
        return not_yet(l, n, max, found);
    found->n = (size_t)(lf - p);
    found->consumed = found->n + 1;
    found->crlf = found->n > 0 && lf[-1] == '\r';
    if (found->crlf)
        found->n--;
    return l->skipping || found->n > max ? CORE_LINE_LONG : CORE_LINE_OK;
}
