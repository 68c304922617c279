/* The public suffix list, where the operator asks for it. */
#include "dmarc.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, const char *path, struct moxd_buf *out, struct moxd_err *err)
{
    struct stat st;
    ssize_t n = 1;

    if (fd < 0 || fstat(fd, &st) < 0)
        return moxd_err_sys(err, "%s", path);
    if (!S_ISREG(st.st_mode))
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s: not a regular file", path);
    while (n > 0 && out->n <= MOXD_PSL_SIZE_MAX) {
        char *room = moxd_buf_room(out, MOXD_PSL_SIZE_MAX + 1 - out->n);
        n = room ? read(fd, room, MOXD_PSL_SIZE_MAX + 1 - out->n) : 0;
        if (n > 0)
            moxd_buf_grew(out, (size_t)n);
    }
    return n < 0 ? moxd_err_sys(err, "%s", path) : 0;
}

/* Without O_NONBLOCK a named pipe would stop us for ever. */
struct moxd_psl *dmarc_psl_load(const char *path, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct moxd_buf text = MOXD_BUF_INIT(MOXD_PSL_SIZE_MAX + 1);
    struct moxd_psl *psl = NULL;

    if (read_all(fd, path, &text, err) == 0) {
        psl = moxd_psl_parse(moxd_buf_str(&text), err);
        if (!psl)
            (void)moxd_err_wrap(err, "%s", path);
    }
    moxd_buf_fini(&text);
    return psl;
}
