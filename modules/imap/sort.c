#include "sort.h"
#include <moxd/offload.h>
#include <stdlib.h>

enum { SORT_INLINE_MAX = 500 }; /* more are sorted on a worker */

static bool is_number(enum moxd_imap_sort_key key)
{
    return key == MOXD_IMAP_SORT_ARRIVAL || key == MOXD_IMAP_SORT_DATE ||
           key == MOXD_IMAP_SORT_SIZE;
}

static int compare_values(enum moxd_imap_sort_key key, const union imap_sort_value *x,
                          const union imap_sort_value *y)
{
    if (is_number(key))
        return x->number < y->number ? -1 : x->number > y->number;
    return moxd_str_cmp(x->text, y->text);
}

/* REVERSE turns its own criterion only, not the order of what is equal. */
int imap_sort_compare(const struct moxd_imap_cmd *cmd, const struct imap_sort_row *x,
                      const struct imap_sort_row *y)
{
    for (size_t i = 0; i < cmd->nsort; i++) {
        int r = compare_values(cmd->sort[i].key, &x->v[i], &y->v[i]);

        if (r != 0)
            return cmd->sort[i].reverse ? -r : r;
    }
    return x->uid < y->uid ? -1 : x->uid > y->uid;
}

static size_t row_bytes(const struct moxd_imap_cmd *cmd, const struct imap_sort_row *row)
{
    size_t n = sizeof(*row) + cmd->nsort * sizeof(row->v[0]);

    for (size_t i = 0; i < cmd->nsort; i++)
        n += is_number(cmd->sort[i].key) ? 0 : row->v[i].text.n;
    return n;
}

struct imap_sort_row *imap_sort_row_dup(const struct moxd_imap_cmd *cmd,
                                        const struct imap_sort_row *row, size_t *bytes)
{
    size_t n = row_bytes(cmd, row);
    struct imap_sort_row *copy = moxd_xmalloc(n);
    char *text = (char *)&copy->v[cmd->nsort];

    memcpy(copy, row, sizeof(*row) + cmd->nsort * sizeof(row->v[0]));
    for (size_t i = 0; i < cmd->nsort; i++) {
        if (is_number(cmd->sort[i].key))
            continue;
        if (row->v[i].text.n > 0)
            memcpy(text, row->v[i].text.p, row->v[i].text.n);
        copy->v[i].text.p = text;
        text += row->v[i].text.n;
    }
    *bytes += n;
    return copy;
}

size_t imap_sort_row_free(const struct moxd_imap_cmd *cmd, struct imap_sort_row *row)
{
    size_t n = row_bytes(cmd, row);

    free(row);
    return n;
}

struct sort_job {
    const struct moxd_imap_cmd *cmd;
    struct imap_sort_row **rows;
    size_t n;
};

static int compare(const void *a, const void *b, void *cmd)
{
    struct imap_sort_row *const *x = a, *const *y = b;

    return imap_sort_compare(cmd, *x, *y);
}

static void sort(void *arg)
{
    struct sort_job *job = arg;

    qsort_r(job->rows, job->n, sizeof(*job->rows), compare, (void *)job->cmd);
}

void imap_sort_rows(const struct moxd_imap_cmd *cmd, struct imap_sort_row **rows, size_t n)
{
    struct sort_job job = { cmd, rows, n };

    if (n <= 1)
        return;
    if (n <= SORT_INLINE_MAX)
        sort(&job);
    else
        (void)moxd_offload(MOXD_LANE_CPU, sort, &job);
}
