/* What a part is, by its header. */
#ifndef MAIL_PART_H
#define MAIL_PART_H

#include "fields.h"

/* Fills type, encoding and the rest from the collected fields; `digest`: the parent is a
 * multipart/digest, whose parts are messages unless they say otherwise (RFC 2046 5.1.5). */
void mail_part_fill(struct moxd_part *p, struct mail_fields *f, struct moxd_arena *a, bool digest);
/* The kind that the type asks for; a leaf when it is opaque. */
enum moxd_part_kind mail_part_kind(const struct moxd_part *p);

/* MOXD_PART_NUL and MOXD_PART_8BIT, as the bytes need. */
unsigned mail_bytes_flags(struct moxd_str s);

/* The boundary of a multipart, without trailing blanks; empty when absent. */
struct moxd_str mail_part_boundary(const struct moxd_part *p);

#endif
