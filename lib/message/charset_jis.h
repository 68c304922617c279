#ifndef MAIL_CHARSET_JIS_H
#define MAIL_CHARSET_JIS_H

#include <moxmail/charset.h>

/* Rewrites ISO-2022-JP as Shift_JIS, for which converters know the characters of NEC and IBM that
 * real mail uses. Writes at most in.n + 3 bytes to out, returns how many. `last`: an unfinished
 * sequence is given out as it stands. */
size_t mail_jis_to_sjis(struct moxd_jis *j, struct moxd_str in, bool last, char *out);

#endif
