/* What could not be sent is kept, on disk before the program says so. */
#include "sendmail.h"

#include <errno.h>
#include <fcntl.h>
#include <moxd/clock.h>
#include <moxd/path.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char in_home[] = "moxsubmit.failures";

/* Not $HOME: there is no environment, and the user's own directory is his. */
static const char *home_dir(struct sendmail *sm, struct moxd_err *err)
{
    const struct passwd *pw = getpwuid(getuid());

    if (!pw || !pw->pw_dir || pw->pw_dir[0] != '/') {
        (void)moxd_err_set(err, MOXD_ERR_NOTFOUND, "user %u has no home directory",
                           (unsigned)getuid());
        return NULL;
    }
    const char *dir = moxd_path_join(sm->a, pw->pw_dir, in_home);
    if (mkdir(dir, S_IRWXU) < 0 && errno != EEXIST) {
        (void)moxd_err_sys(err, "making %s", dir);
        return NULL;
    }
    return dir;
}

/* In front of the message: what became of it, for people; it is dropped when the file is sent. */
static void put_head(struct sendmail *sm, struct moxd_buf *out)
{
    moxd_buf_addf(out, "X-Moxsubmit-Failed: ");
    for (const char *p = sm->reason; *p; p++)
        moxd_buf_addc(out, *p == '\n' || *p == '\r' ? ' ' : *p);
    moxd_buf_addf(out, "\nX-Moxsubmit-From: %s\n", sm->sender ? sm->sender : "");
    for (size_t i = 0; i < sm->rcpts.n; i++)
        if (!sm->rcpts.v[i].ok)
            moxd_buf_addf(out, "X-Moxsubmit-To: %s\n", sm->rcpts.v[i].to);
}

/* With the line ends of files. */
static void put_message(struct moxd_str text, struct moxd_buf *out)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '\r')
            moxd_buf_addc(out, text.p[i]);
}

static int write_all(int fd, struct moxd_str s)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        s = moxd_str_from(s, (size_t)n);
    }
    return fsync(fd);
}

/* Under another name until all of it is there, so that nobody finds a half one. */
static int write_file(int dir, const char *name, struct moxd_str text, struct moxd_err *err)
{
    char part[100];
    (void)snprintf(part, sizeof(part), ".%s", name);
    int fd = openat(dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return moxd_err_sys(err, "creating %s", name);
    int rc = write_all(fd, text);
    if (rc == 0)
        rc = renameat(dir, part, dir, name);
    if (rc == 0)
        rc = fsync(dir);
    if (rc < 0)
        (void)moxd_err_sys(err, "writing %s", name);
    moxd_closep(&fd);
    if (rc < 0)
        (void)unlinkat(dir, part, 0);
    return rc;
}

static const char *make_name(struct moxd_arena *a)
{
    time_t now = (time_t)(moxd_wall() / MOXD_SEC);
    unsigned char random[4];
    struct tm tm;
    char date[32] = "";

    moxd_random(random, sizeof(random));
    if (gmtime_r(&now, &tm))
        (void)strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &tm);
    return moxd_arena_printf(a, "%s.%u.%02x%02x%02x%02x.eml", date, (unsigned)getpid(), random[0],
                             random[1], random[2], random[3]);
}

static const char *keep_in(struct sendmail *sm, const char *path, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep)
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const struct moxd_buf *message = sm->text.n > 0 ? &sm->text : &sm->raw;
    struct moxd_buf out = MOXD_BUF_INIT(message->n + (1 << 20));
    const char *name = make_name(sm->a);

    if (dir < 0) {
        (void)moxd_err_sys(err, "opening %s", path);
        return NULL;
    }
    put_head(sm, &out);
    put_message(moxd_buf_str(message), &out);
    int rc = out.overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "the message is too large")
                          : write_file(dir, name, moxd_buf_str(&out), err);
    moxd_buf_fini(&out);
    return rc < 0 ? NULL : moxd_path_join(sm->a, path, name);
}

const char *sendmail_keep(struct sendmail *sm, struct moxd_err *err)
{
    const char *path;

    if (sm->conf && sm->conf->failed_dir) {
        sendmail_group_take(&sm->group);
        path = keep_in(sm, sm->conf->failed_dir, err);
    } else {
        const char *dir = home_dir(sm, err);
        path = dir ? keep_in(sm, dir, err) : NULL;
    }
    sendmail_group_drop(&sm->group, false);
    return path;
}
