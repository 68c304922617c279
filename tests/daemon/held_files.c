/* Preloaded into a server: writes a line to the file that MOXD_HELD_FILES names for each file that is removed or
 * renamed, or replaced by a rename, while a descriptor of the process has it open (STORE-11). */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static bool is_open(const struct stat *file)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *e;
    bool found = false;
    struct stat st;

    while (dir && !found && (e = readdir(dir)) != NULL)
        found = fstat(atoi(e->d_name), &st) == 0 && st.st_dev == file->st_dev &&
                st.st_ino == file->st_ino;
    if (dir)
        closedir(dir);
    return found;
}

static void look(const char *what, int at, const char *path)
{
    const char *log = getenv("MOXD_HELD_FILES");
    int saved = errno;
    struct stat st;

    if (log && fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
        int fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
        dprintf(fd, "%s %s %s\n", is_open(&st) ? "HELD" : "free", what, path);
        close(fd);
    }
    errno = saved;
}

EXPORT int unlink(const char *path)
{
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");

    look("unlink", AT_FDCWD, path);
    return real(path);
}

EXPORT int remove(const char *path)
{
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "remove");

    look("remove", AT_FDCWD, path);
    return real(path);
}

EXPORT int unlinkat(int at, const char *path, int flags)
{
    int (*real)(int, const char *, int) =
        (int (*)(int, const char *, int))dlsym(RTLD_NEXT, "unlinkat");

    look("unlink", at, path);
    return real(at, path, flags);
}

EXPORT int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) =
        (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");

    look("rename", AT_FDCWD, from);
    look("replace", AT_FDCWD, to);
    return real(from, to);
}

EXPORT int renameat(int from_at, const char *from, int to_at, const char *to)
{
    int (*real)(int, const char *, int, const char *) =
        (int (*)(int, const char *, int, const char *))dlsym(RTLD_NEXT, "renameat");

    look("rename", from_at, from);
    look("replace", to_at, to);
    return real(from_at, from, to_at, to);
}
