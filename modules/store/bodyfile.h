/* Files of message bodies: accounts/<16 hex>/msg/<dir>/<id>, read-only, never changed. What create and
 * link made is on disk once store_file_sync has made the directory entries durable too. Blocks; for
 * workers. */
#ifndef STORE_BODYFILE_H
#define STORE_BODYFILE_H

#include "env.h"

enum { STORE_FILES_PER_DIR = 1024, STORE_PATH_MAX = 80 };

/* The bytes of a body that is to be stored: in memory, or in a nameless file. */
struct store_source {
    struct moxd_str mem;
    int fd;                  /* -1: all is in mem; else all is in the file */
    uint64_t size;
    bool part;    /* the file holds more than this: */
    uint64_t off; /* where it begins there */
};
/* Paths relative to the data directory: of a body, of a directory of bodies. */
void store_file_dir(uint64_t account, uint64_t number, char out[STORE_PATH_MAX]);
void store_file_path(uint64_t account, uint64_t id, char out[STORE_PATH_MAX]);
/* Makes the account's directories. */
int store_file_init(struct store_env *env, uint64_t account, struct moxd_err *err) MOXD_CHECKED;
/* Whether that was done. */
bool store_file_has_home(struct store_env *env, uint64_t account);
/* Creates the file; EXISTS when something is there already. FULL, IO. */
int store_file_create(struct store_env *env, uint64_t account, uint64_t id,
                      const struct store_source *src, struct moxd_err *err) MOXD_CHECKED;
/* Another name for a body (STORE-10), or a copy where that is not possible. */
int store_file_link(struct store_env *env, uint64_t from_account, uint64_t from_id,
                    uint64_t account, uint64_t id, struct moxd_err *err) MOXD_CHECKED;
/* Makes the entries of files with ids from first to last durable (STORE-12). */
int store_file_sync(struct store_env *env, uint64_t account, uint64_t first, uint64_t last,
                    struct moxd_err *err) MOXD_CHECKED;
/* Opens for reading: fd, or -1 (CORRUPT when it is missing or has another size). */
int store_file_open(struct store_env *env, uint64_t account, uint64_t id, uint64_t size,
                    struct moxd_err *err) MOXD_CHECKED;
/* Removes; no error when it is not there. */
int store_file_remove(struct store_env *env, uint64_t account, uint64_t id,
                      struct moxd_err *err) MOXD_CHECKED;
/* Calls fn for the id of each file with an id >= from; stops when it returns non-zero. */
int store_file_each(struct store_env *env, uint64_t account, uint64_t from,
                    int (*fn)(void *arg, uint64_t id), void *arg, struct moxd_err *err) MOXD_CHECKED;
/* Removes the account's whole directory. */
int store_file_remove_all(struct store_env *env, uint64_t account,
                          struct moxd_err *err) MOXD_CHECKED;

#endif
