/* Walks a tree of files as root and gives each the owner and mode that it should have, without being
 * led astray by those who can write in it: no symbolic link is followed, and a file of somebody else
 * that has several names is left alone: the other name may be anywhere. */
#ifndef MOXD_CORE_WALK_H
#define MOXD_CORE_WALK_H

#include <moxd/log.h>
#include <sys/stat.h>

struct core_want {
    uid_t uid;
    gid_t gid;
    mode_t mode;
    bool leave; /* it is not ours to repair */
};
struct core_walk {
    /* What the file or directory at path should have; st is what it has. */
    void (*want)(void *arg, const char *path, const struct stat *st, struct core_want *w);
    void *arg;
    const struct moxd_log *log;
    unsigned depth; /* levels below the start that are looked at */
    dev_t skip_dev; /* a directory that is not entered */
    ino_t skip_ino;
};

/* Returns the number of repairs; what cannot be repaired is logged. A start that is not there is 0. */
size_t core_walk(const struct core_walk *walk, const char *path);

#endif
