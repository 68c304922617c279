#include "pages.h"

#include <moxd/str.h>

#include <byteswap.h>
#include <db.h>
#include <stdio.h>
#include <unistd.h>

/* Every page begins with the place in the log of its last change, and its own number. */
enum { NUMBER_AT = 8, NUMBER_END = 12 };

/* What is set aside may be damaged as it is; the log has no pages. */
static bool is_database(int fd)
{
    char proc[40], path[4096];

    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(proc, path, sizeof(path) - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return moxd_str_ends(moxd_cstr(path), MOXD_STR(".db")) && strstr(path, "/quarantine/") == NULL;
}

/* The number is in the byte order of the machine that made the file. */
static bool has_number(const char *page, uint32_t wanted)
{
    uint32_t number;

    memcpy(&number, page + NUMBER_AT, sizeof(number));
    return number == wanted || number == bswap_32(wanted);
}

static ssize_t read_page(int fd, void *page, size_t n, off_t offset)
{
    ssize_t got = pread(fd, page, n, offset);

    if (got == STORE_PAGE_SIZE && n == STORE_PAGE_SIZE && offset > 0 &&
        offset % STORE_PAGE_SIZE == 0 && !has_number(page, (uint32_t)(offset / STORE_PAGE_SIZE)) &&
        is_database(fd))
        memset(page, UINT8_MAX, NUMBER_END);
    return got;
}

void store_pages_check(bool on)
{
    /* It refuses nothing at this time. */
    (void)db_env_set_func_pread(on ? read_page : pread);
}
