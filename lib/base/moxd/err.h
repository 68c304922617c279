/* Errors as values: what kind, what to tell the peer, what to tell the operator. A function that
 * can fail returns 0 or -1 (or a documented positive value) and takes `struct moxd_err *err` last;
 * err may be NULL. On success *err is left alone. */
#ifndef MOXD_ERR_H
#define MOXD_ERR_H

#include <moxd/str.h>

enum moxd_err_kind {
    MOXD_ERR_NONE,
    MOXD_ERR_SYNTAX,    /* malformed input */
    MOXD_ERR_INVALID,   /* well-formed, but not acceptable */
    MOXD_ERR_NOTFOUND,
    MOXD_ERR_EXISTS,
    MOXD_ERR_DENIED,    /* not allowed, wrong credentials */
    MOXD_ERR_LIMIT,     /* a named limit or quota */
    MOXD_ERR_STATE,     /* not now: wrong order, read-only, stale */
    MOXD_ERR_TEMP,      /* try again later */
    MOXD_ERR_FULL,      /* disk full or below the reserve */
    MOXD_ERR_IO,        /* a system call failed; sys holds errno */
    MOXD_ERR_CORRUPT,   /* stored data is damaged */
    MOXD_ERR_TIMEOUT,
    MOXD_ERR_CANCELLED,
    MOXD_ERR_CLOSED,    /* the peer went away */
    MOXD_ERR_INTERNAL,  /* a defect of ours */
};

struct moxd_err {
    enum moxd_err_kind kind;
    int sys;            /* errno, 0 if none */
    int smtp_code;      /* 0: derive from kind (moxd_err_smtp) */
    char enhanced[12];  /* "5.1.1" or "" */
    char pub[240];      /* for the peer: ASCII or UTF-8, one line, no secrets, no internals */
    char priv[400];     /* for the log: detail and cause chain, outermost first */
};

/* Sets kind and both texts (public = private) and returns -1, so that `return moxd_err_set(...)`
 * reads well. Texts that are too long are cut at a character. */
int moxd_err_set(struct moxd_err *err, enum moxd_err_kind kind, const char *fmt, ...)
    MOXD_PRINTF(3, 4);
/* As moxd_err_set with KIND_IO (FULL for ENOSPC/EDQUOT): the public text is generic, the private one
 * is "<text>: <strerror(errno)>". */
int moxd_err_sys(struct moxd_err *err, const char *fmt, ...) MOXD_PRINTF(2, 3);
/* Sets the SMTP reply that belongs to the error: code, enhanced code, public text. -1. */
int moxd_err_smtp_set(struct moxd_err *err, enum moxd_err_kind kind, int code,
                      const char *enhanced, const char *fmt, ...) MOXD_PRINTF(5, 6);
/* Puts "context: " before the private text. Returns -1. */
int moxd_err_wrap(struct moxd_err *err, const char *fmt, ...) MOXD_PRINTF(2, 3);
void moxd_err_clear(struct moxd_err *err);
/* "limit", "notfound", ... for logs and metrics labels. */
const char *moxd_err_kind_name(enum moxd_err_kind kind);
/* SMTP code for the error: smtp_code when set, else 4xx/5xx by kind. */
int moxd_err_smtp_code(const struct moxd_err *err);
const char *moxd_err_enhanced(const struct moxd_err *err);

#endif
