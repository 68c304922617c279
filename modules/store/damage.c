#include "damage.h"

#include "pages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* "BDB3016 a-1.db: pgin failed for page 3" after a checksum error,
 * "BDB0210 db/a-1.db: metadata page checksum error". */
static void note_file(struct store_damage *d, const char *msg)
{
    const char *end = strstr(msg, ".db: ");
    const char *p = end;

    if (end == NULL || (strstr(msg, "pgin failed") == NULL && strstr(msg, "checksum") == NULL))
        return;
    while (p > msg && p[-1] != '/' && p[-1] != ' ')
        p--;
    snprintf(d->file, sizeof(d->file), "%.*s.db", (int)(end - p), p);
}

/* "BDB0110 Log sequence error: page LSN 1 339639; previous LSN 1 1268791": recovery met a page that is
 * older than the log says, since a write of it was lost, or it is another one. */
static void note_page(struct store_damage *d, const char *msg)
{
    static const char words[] = "Log sequence error: page LSN ";
    const char *p = strstr(msg, words);
    uint32_t file, offset;

    if (p == NULL || sscanf(p + strlen(words), "%" SCNu32 " %" SCNu32, &file, &offset) != 2)
        return;
    d->lsn[0] = file;
    d->lsn[1] = offset;
}

void store_damage_note(struct store_damage *d, const char *msg)
{
    note_file(d, msg);
    note_page(d, msg);
}

/* --- looking for a page ------------------------------------------------------------------------ */

/* One change of the log is of one file, so that its place tells the file. */
static bool has_page(int fd, const uint32_t lsn[2])
{
    enum { PAGES = 64 };
    char *buf = moxd_xmalloc(PAGES * STORE_PAGE_SIZE);
    off_t at = 0;
    bool found = false;
    ssize_t n;

    while (!found && (n = pread(fd, buf, PAGES * STORE_PAGE_SIZE, at)) > 0) {
        for (ssize_t i = 0; i + STORE_PAGE_SIZE <= n && !found; i += STORE_PAGE_SIZE)
            found = memcmp(buf + i, lsn, 2 * sizeof(*lsn)) == 0;
        at += n;
    }
    free(buf);
    return found;
}

static bool look_at(int db_fd, const char *name, const uint32_t lsn[2])
{
    MOXD_CLEANUP(moxd_closep) int fd = openat(db_fd, name, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && has_page(fd, lsn);
}

void store_damage_find(struct store_damage *d, int db_fd)
{
    int fd = d->file[0] == '\0' && d->lsn[0] > 0 ? openat(db_fd, ".", O_RDONLY | O_CLOEXEC) : -1;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;

    if (dir == NULL) {
        moxd_closep(&fd);
        return;
    }
    while (d->file[0] == '\0' && (e = readdir(dir)) != NULL)
        if (moxd_str_ends(moxd_cstr(e->d_name), MOXD_STR(".db")) &&
            look_at(db_fd, e->d_name, d->lsn))
            snprintf(d->file, sizeof(d->file), "%.*s", STORE_BAD_FILE - 1, e->d_name);
    closedir(dir);
}
