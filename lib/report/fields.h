/* TXT records of fields with semicolons, as RFC 8461 3.1 and RFC 8460 3 have them: the version comes first and
 * exactly so, then names and values without blanks around "=". */
#ifndef MAIL_REPORT_FIELDS_H
#define MAIL_REPORT_FIELDS_H

#include <moxd/str.h>

/* Whether the record has that version: nothing but it stands before the first ";". */
bool mail_record_begins(struct moxd_str txt, const char *version);
/* The name of a field: sts-ext-name, sts-policy-ext-name (RFC 8461 3.1, 3.2), tlsrpt-ext-name (RFC 8460 3). */
bool mail_record_is_name(struct moxd_str s);
/* Cuts the next field: 1, 0 at the end, -1 when it is none. A field that holds no more than blanks is allowed
 * only at the end. */
int mail_record_next(struct moxd_str *rest, struct moxd_str *name, struct moxd_str *value);

#endif
