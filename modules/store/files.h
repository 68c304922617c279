/* Small helpers for files. They block. */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include <moxd/err.h>

/* 0, or -1 with errno. */
int store_write_all(int fd, const char *p, size_t n) MOXD_CHECKED;
/* Appends `size` bytes of `from`, read from offset `off`, to `to`. EIO when it is shorter. */
int store_copy_fd(int to, int from, uint64_t off, uint64_t size) MOXD_CHECKED;
/* Writes a file anew, in whole, and syncs it; not its directory. */
int store_write_file(int dir, const char *path, struct moxd_str text,
                     struct moxd_err *err) MOXD_CHECKED;
/* Copies a file, syncing the copy. */
int store_copy_file(int from_dir, const char *from, int to_dir, const char *to,
                    struct moxd_err *err) MOXD_CHECKED;
/* Makes a directory unless it is there. */
int store_make_dir(int dir, const char *path, struct moxd_err *err) MOXD_CHECKED;
int store_sync_dir(int dir, const char *path, struct moxd_err *err) MOXD_CHECKED;

#endif
