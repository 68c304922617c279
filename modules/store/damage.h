/* Which database is damaged: Berkeley DB says so in messages, if at all. */
#ifndef STORE_DAMAGE_H
#define STORE_DAMAGE_H

#include <moxd/err.h>

enum { STORE_BAD_FILE = 64 };

/* What was learnt; zeros at first. */
struct store_damage {
    char file[STORE_BAD_FILE]; /* its name without the directory; "" unknown */
    uint32_t lsn[2]; /* file and offset in the log of a page's last change; zeros unknown */
};
/* Takes what a message says. */
void store_damage_note(struct store_damage *d, const char *msg);
/* Finds the file, when all that is known is a page: looks for it in all databases of accounts in the
 * directory `db`, which is opened as db_fd. Reads all of them: for a start that otherwise fails. */
void store_damage_find(struct store_damage *d, int db_fd);

#endif
