/* The structure of a message as JSON, for people and programs that look at one. Pure. */
#ifndef STORE_MESSAGE_JSON_H
#define STORE_MESSAGE_JSON_H

#include <moxmail/message.h>

/* Appends the structure of the message: size, and the parts in each other with offset and size of header
 * and body, fields, envelope, types, encodings. Texts are readable UTF-8. Errors of the reader. */
int store_message_json(const struct moxd_reader *r, struct moxd_buf *out,
                       struct moxd_err *err) MOXD_CHECKED;

#endif
