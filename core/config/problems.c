/* The list of everything that is wrong, so that one run shows all of it. */
#include "config/conf.h"

#include <stdio.h>
#include <stdlib.h>

struct moxd_problems *core_problems_new(void)
{
    struct moxd_problems *p = moxd_xcalloc(1, sizeof(*p));

    p->a = moxd_arena_new(0);
    return p;
}

void core_problems_free(struct moxd_problems *p)
{
    if (!p)
        return;
    moxd_arena_free(p->a);
    free(p);
}

void core_problems_freep(struct moxd_problems **p)
{
    core_problems_free(*p);
    *p = NULL;
}

size_t core_problems_errors(const struct moxd_problems *p)
{
    return p->errors;
}

size_t core_problems_count(const struct moxd_problems *p)
{
    return p->n;
}

/* The place of a file in the order in which files were first mentioned; none comes first. */
static unsigned file_rank(const struct moxd_problems *p, const char *file)
{
    unsigned next = 1;

    if (!file)
        return 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct core_problem *v = &p->v[i];
        if (v->pos.file && v->file_rank && strcmp(v->pos.file, file) == 0)
            return v->file_rank;
        next = v->file_rank >= next ? v->file_rank + 1 : next;
    }
    return next;
}

void conf_problem_v(struct moxd_problems *p, bool warning, struct moxd_pos pos, const char *hint,
                    const char *fmt, va_list ap)
{
    struct moxd_buf text = MOXD_BUF_INIT(2 * CONF_VALUE_MAX);
    struct core_problem *v;

    p->errors += !warning;
    if (p->n >= CONF_PROBLEMS_MAX)
        return;
    moxd_buf_addv(&text, fmt, ap);
    v = moxd_arena_push(p->a, &p->v, &p->n, &p->cap, sizeof(*v));
    *v = (struct core_problem){
        .pos = pos,
        .warning = warning,
        .text = moxd_arena_strdup(p->a, moxd_buf_cstr(&text)),
        .hint = hint ? moxd_arena_strdup(p->a, hint) : NULL,
    };
    v->pos.file = pos.file ? moxd_arena_strdup(p->a, pos.file) : NULL;
    v->file_rank = file_rank(p, pos.file);
    p->sorted = false;
    moxd_buf_fini(&text);
}

void moxd_problem(struct moxd_problems *out, struct moxd_pos pos, const char *hint, const char *fmt,
                  ...)
{
    va_list ap;

    va_start(ap, fmt);
    conf_problem_v(out, false, pos, hint, fmt, ap);
    va_end(ap);
}

void moxd_problem_warning(struct moxd_problems *out, struct moxd_pos pos, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    conf_problem_v(out, true, pos, NULL, fmt, ap);
    va_end(ap);
}

static int compare_unsigned(unsigned a, unsigned b)
{
    return a < b ? -1 : a > b;
}

/* Files in the order in which they were read, then lines. */
static int compare(const struct core_problem *x, const struct core_problem *y)
{
    if (x->file_rank != y->file_rank)
        return compare_unsigned(x->file_rank, y->file_rank);
    if (x->pos.line != y->pos.line)
        return compare_unsigned(x->pos.line, y->pos.line);
    return compare_unsigned(x->pos.col, y->pos.col);
}

/* Insertion sort: stable, and there are at most CONF_PROBLEMS_MAX. */
static void sort(struct moxd_problems *p)
{
    for (size_t i = 1; i < p->n; i++) {
        struct core_problem x = p->v[i];
        size_t k = i;

        for (; k > 0 && compare(&p->v[k - 1], &x) > 0; k--)
            p->v[k] = p->v[k - 1];
        p->v[k] = x;
    }
    p->sorted = true;
}

const struct core_problem *core_problems_get(struct moxd_problems *p, size_t n)
{
    if (!p->sorted)
        sort(p);
    return n < p->n ? &p->v[n] : NULL;
}

static void write_pos(const struct moxd_pos *pos, struct moxd_buf *out)
{
    if (!pos->file)
        return;
    moxd_buf_adds(out, pos->file);
    if (pos->line)
        moxd_buf_addf(out, ":%u:%u", pos->line, pos->col);
    moxd_buf_adds(out, ": ");
}

static void write_text(const struct core_problem *v, struct moxd_buf *out)
{
    moxd_buf_adds(out, v->text);
    if (v->hint)
        moxd_buf_addf(out, " (%s)", v->hint);
}

void core_problems_write(struct moxd_problems *p, struct moxd_buf *out)
{
    const struct core_problem *v;

    for (size_t i = 0; (v = core_problems_get(p, i)); i++) {
        write_pos(&v->pos, out);
        moxd_buf_adds(out, v->warning ? "warning: " : "error: ");
        write_text(v, out);
        moxd_buf_addc(out, '\n');
    }
    if (p->errors > p->n)
        moxd_buf_addf(out, "%zu more errors not shown\n", p->errors - p->n);
}

int conf_problems_err(struct moxd_problems *p, bool pos, struct moxd_err *err)
{
    struct moxd_buf text = MOXD_BUF_INIT(2 * CONF_VALUE_MAX);
    const struct core_problem *v = NULL;

    for (size_t i = 0; (v = core_problems_get(p, i)) && v->warning; i++)
        ;
    if (v && pos)
        write_pos(&v->pos, &text);
    if (v)
        write_text(v, &text);
    if (p->errors > 1)
        moxd_buf_addf(&text, "; and %zu more", p->errors - 1);
    moxd_err_set(err, MOXD_ERR_INVALID, "%s", moxd_buf_cstr(&text));
    moxd_buf_fini(&text);
    return -1;
}
