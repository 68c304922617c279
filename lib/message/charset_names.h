#ifndef MAIL_CHARSET_NAMES_H
#define MAIL_CHARSET_NAMES_H

#include <moxmail/charset.h>

#define MAIL_CHARSET_JIS "ISO-2022-JP (ours)" /* what mail means by ISO-2022-JP */

/* The name under which iconv knows the charset that is meant by a label in mail, as a C string in
 * buf; "UTF-8" for UTF-8 and ASCII,
 * MAIL_CHARSET_JIS for ISO-2022-JP. NULL for a name that is no charset name or is refused. */
const char *mail_charset_name(struct moxd_str label, char buf[MOXD_CHARSET_NAME_MAX + 1]);

#endif
