/* "Did you mean": the nearest known name. */
#include "config/conf.h"

static int min3(int a, int b, int c)
{
    int m = a < b ? a : b;

    return m < c ? m : c;
}

/* Insertions, deletions, changes and swaps of neighbours (optimal string alignment), over three rows of
 * the matrix. */
static int edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
    int rows[3][CONF_NAME_MAX + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t k = 0; k <= nb; k++)
        above[k] = (int)k;
    for (size_t i = 1; i <= na; i++) {
        row[0] = (int)i;
        for (size_t k = 1; k <= nb; k++) {
            int cost = moxd_lower(a[i - 1]) != moxd_lower(b[k - 1]);
            row[k] = min3(above[k] + 1, row[k - 1] + 1, above[k - 1] + cost);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
                before[k - 2] + 1 < row[k])
                row[k] = before[k - 2] + 1;
        }
        int *spare = before;
        before = above, above = row, row = spare;
    }
    return above[nb];
}

int conf_distance(const char *word, const char *name)
{
    size_t na = strlen(word), nb = strlen(name);
    int limit = (int)(nb > na ? nb : na) / 3;

    if (na > CONF_NAME_MAX || nb > CONF_NAME_MAX)
        return -1;
    int d = edit_distance(word, na, name, nb);
    return d <= (limit > 0 ? limit : 1) ? d : -1;
}

void conf_nearest_try(struct conf_nearest *n, const char *name)
{
    int d = conf_distance(n->word, name);

    if (d < 0 || (n->best && d >= n->distance))
        return;
    n->best = name;
    n->distance = d;
}
