/* Certificates and private keys in files: opened by the parent, which may read what the server must
 * not, and handed to the server as descriptors (CORE-11). */
#ifndef MOXD_CORE_KEYS_H
#define MOXD_CORE_KEYS_H

#include "core_config.h"

#include <sys/stat.h>

struct core_file_sig { /* tells whether a file is still the same; zero when it is not there */
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
};
/* A pair of files of one listener. */
struct core_key {
    const char *listener;
    struct moxd_pos pos;
    const char *path[2];          /* certificate, key */
    struct core_file_sig seen[2]; /* when last handed over */
    struct core_file_sig now[2];  /* when last looked at */
};
struct core_keys {
    struct core_key *v;
    size_t n;
};

/* The pairs of all listeners, in the order of the file; in the arena. */
void core_keys_plan(const struct moxd_conf *conf, struct moxd_arena *a, struct core_keys *out);
/* Opens both files, close-on-exec. They must be regular files that look like PEM: root opens them for a
 * server that must not be able to have any other file opened. */
int core_key_open(const struct core_key *key, int fd[2], struct moxd_err *err) MOXD_CHECKED;
/* Sends every pair and then CERTS_DONE with the id; a pair that cannot be opened is told there, and
 * the others are not sent: 0 even then. -1 when the channel fails. */
int core_keys_send(struct core_keys *keys, int channel, uint32_t id, const struct moxd_log *log,
                   struct moxd_err *err) MOXD_CHECKED;
/* Looks at the files: true when one is another than when it was last sent and has not changed since
 * the look before, so that a file in the middle of being written waits. */
bool core_keys_changed(struct core_keys *keys);

#endif
