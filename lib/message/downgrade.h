/* How fields are downgraded: what the files of it share. Each appends a value behind "Name:". */
#ifndef MAIL_DOWNGRADE_H
#define MAIL_DOWNGRADE_H

#include <moxmail/downgrade.h>
#include <moxmail/header_write.h>

enum {
    MAIL_DOWNGRADE_FIELD_MAX = 4 << 20 /* bytes of a field in the making; a header has 1 MiB */
};

/* Free text (RFC 6857 3.1.1); a display name or the like, which may hold encoded words; one character. */
void mail_downgrade_text(struct moxd_header_writer *w, struct moxd_str value);
void mail_downgrade_phrase(struct moxd_header_writer *w, struct moxd_str phrase);
void mail_downgrade_char(struct moxd_header_writer *w, char c);
void mail_downgrade_addresses(struct moxd_header_writer *w, struct moxd_str value);
void mail_downgrade_type(struct moxd_header_writer *w, struct moxd_str value);
void mail_downgrade_disposition(struct moxd_header_writer *w, struct moxd_str value);

#endif
