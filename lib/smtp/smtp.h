/* What the parsers of SMTP commands share. */
#ifndef MAIL_SMTP_H
#define MAIL_SMTP_H

#include <moxmail/smtp_syntax.h>

/* 501 5.5.4, the reply for arguments and parameters that are not understood. Returns -1. */
int mail_smtp_fail(struct moxd_err *err, const char *fmt, ...) MOXD_PRINTF(2, 3);
/* Flags for addresses and domains that follow from the options; UTF-8 is not among them. */
unsigned mail_smtp_address_flags(unsigned opts);

/* A parameter of MAIL or RCPT. A table ends with a NULL name. */
struct mail_smtp_param {
    const char *name;
    unsigned ext;            /* MOXD_SMTP_EXT_* that announces it */
    bool has_value;          /* it must have one; else it must have none */
    bool once_with_previous; /* it and the one before it in the table exclude each other */
    /* Checks the value and stores it in the command's struct. */
    int (*set)(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
               struct moxd_err *err);
};
/* `keyword path parameters`, e.g. keyword "FROM:". An address with UTF-8 is accepted when SMTPUTF8 was
 * announced, and *utf8 then says that there is one. */
int mail_smtp_path(struct moxd_str *args, const char *keyword, unsigned opts, struct moxd_arena *a,
                   struct moxd_address *out, bool *utf8, struct moxd_err *err) MOXD_CHECKED;
/* *(SP esmtp-param), up to the end. */
int mail_smtp_params(struct moxd_str args, const struct mail_smtp_param *table, void *out,
                     unsigned opts, struct moxd_arena *a, struct moxd_err *err) MOXD_CHECKED;
/* The index of a word in a NULL-ended list, in any case; -1. */
int mail_smtp_word(struct moxd_str s, const char *const *words);
/* Decodes xtext into the arena. */
int mail_smtp_xtext(struct moxd_str s, struct moxd_arena *a, struct moxd_str *out) MOXD_CHECKED;

#endif
