#include "stream/dots.h"

/* Nobody gets the rest of a bad message. */
static void problem(struct core_dots *d, const char *what)
{
    if (d->problem == NULL)
        d->problem = what;
}

static void emit(struct core_dots *d, const char *p, size_t n)
{
    if (n > 0 && d->problem == NULL)
        d->emit(d->arg, p, n);
}

/* Hands out what was collected before q, and goes on at `next`. */
static void flush_run(struct core_dots *d, const char *q, const char *next)
{
    emit(d, d->run, (size_t)(q - d->run));
    d->run = next;
}

static void end_line(struct core_dots *d)
{
    if (d->line > d->longest_line)
        d->longest_line = d->line;
    d->line = 0;
}

static const char *bare_lf(struct core_dots *d, const char *q)
{
    flush_run(d, q, q + 1);
    emit(d, "\r\n", 2);
    d->bare_lf++;
    end_line(d);
    d->state = CORE_DOTS_LF;
    return q + 1;
}

static bool is_special(char c)
{
    return c == '\r' || c == '\n' || c == '\0';
}

static const char *in_text(struct core_dots *d, const char *q, const char *end)
{
    const char *from = q;

    while (q < end && !is_special(*q))
        q++;
    d->line += (uint64_t)(q - from);
    if (q == end)
        return q;
    if (*q == '\n')
        return bare_lf(d, q);
    if (*q == '\r') {
        d->state = CORE_DOTS_CR;
    } else {
        problem(d, "NUL byte");
        d->line++;
    }
    return q + 1;
}

/* A CR at the end of the piece before was held back. */
static const char *after_cr(struct core_dots *d, const char *q)
{
    if (*q != '\n') {
        problem(d, "bare CR");
        d->state = CORE_DOTS_TEXT;
        return q;
    }
    if (q == d->start) {
        emit(d, "\r\n", 2);
        d->run = q + 1;
    }
    end_line(d);
    d->state = CORE_DOTS_BOL;
    return q + 1;
}

static const char *at_bol(struct core_dots *d, const char *q)
{
    if (*q != '.') {
        d->state = CORE_DOTS_TEXT;
        return q;
    }
    if (d->chunked)
        d->line++;
    else
        flush_run(d, q, q + 1);
    d->state = CORE_DOTS_DOT;
    return q + 1;
}

static const char *after_dot(struct core_dots *d, const char *q)
{
    if (*q == '\r' && d->chunked) {
        d->state = CORE_DOTS_CR;
        return q + 1;
    }
    if (*q == '\r') {
        flush_run(d, q, q + 1); /* not of the message, should LF follow */
        d->state = CORE_DOTS_DOT_CR;
        return q + 1;
    }
    if (*q == '\n') {
        problem(d, "a dot alone on a line that ends with a bare LF");
        return bare_lf(d, q);
    }
    d->state = CORE_DOTS_TEXT;
    return q;
}

static const char *after_dot_cr(struct core_dots *d, const char *q)
{
    if (*q == '\n') {
        d->state = CORE_DOTS_END;
        d->run = q + 1;
        return q + 1;
    }
    problem(d, "bare CR");
    d->state = CORE_DOTS_TEXT;
    return q;
}

static const char *after_lf(struct core_dots *d, const char *q)
{
    d->state = *q == '.' ? CORE_DOTS_LF_DOT : CORE_DOTS_TEXT;
    if (*q != '.')
        return q;
    d->line++;
    return q + 1;
}

static const char *after_lf_dot(struct core_dots *d, const char *q)
{
    if (*q == '\r') {
        flush_run(d, q, q + 1);
        d->state = CORE_DOTS_LF_DOT_CR;
        return q + 1;
    }
    if (*q == '\n') {
        problem(d, "a dot alone on a line between bare LFs");
        return bare_lf(d, q);
    }
    d->state = CORE_DOTS_TEXT;
    return q;
}

static const char *after_lf_dot_cr(struct core_dots *d, const char *q)
{
    if (*q != '\n') {
        problem(d, "bare CR");
        d->state = CORE_DOTS_TEXT;
        return q;
    }
    problem(d, "a dot alone on a line after a bare LF");
    end_line(d);
    d->state = CORE_DOTS_BOL;
    return q + 1;
}

static const char *step(struct core_dots *d, const char *q, const char *end)
{
    switch (d->state) {
    case CORE_DOTS_BOL:
        return at_bol(d, q);
    case CORE_DOTS_DOT:
        return after_dot(d, q);
    case CORE_DOTS_DOT_CR:
        return after_dot_cr(d, q);
    case CORE_DOTS_LF:
        return after_lf(d, q);
    case CORE_DOTS_LF_DOT:
        return after_lf_dot(d, q);
    case CORE_DOTS_LF_DOT_CR:
        return after_lf_dot_cr(d, q);
    case CORE_DOTS_TEXT:
        return in_text(d, q, end);
    case CORE_DOTS_CR:
        return after_cr(d, q);
    case CORE_DOTS_END:
        break;
    }
    return end;
}

size_t core_dots_feed(struct core_dots *d, const char *p, size_t n)
{
    const char *q = p, *end = p + n;

    moxd_assert(d->state != CORE_DOTS_END);
    if (n == 0)
        return 0;
    d->start = d->run = p;
    while (q < end && d->state != CORE_DOTS_END)
        q = step(d, q, end);
    flush_run(d, d->state == CORE_DOTS_CR ? q - 1 : q, q);
    return (size_t)(q - p);
}

void core_dots_finish(struct core_dots *d)
{
    moxd_assert(d->chunked && d->state != CORE_DOTS_END);
    if (d->state == CORE_DOTS_CR || d->state == CORE_DOTS_LF_DOT_CR)
        problem(d, "bare CR");
    else if (d->state == CORE_DOTS_LF_DOT)
        problem(d, "a dot alone on a line after a bare LF");
    else if (d->state == CORE_DOTS_TEXT || d->state == CORE_DOTS_DOT)
        emit(d, "\r\n", 2);
    end_line(d);
}
