#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* A disk as full as the test wants. */
static unsigned long long disk_room;

static int fake_fstatvfs(int fd, struct statvfs *st)
{
    (void)fd;
    *st = (struct statvfs){ .f_frsize = 4096, .f_bavail = disk_room / 4096 };
    return 0;
}
#define fstatvfs fake_fstatvfs
#include "../../core/process/ballast.c"

static const struct moxd_log log_ = { .component = "test" };
static char dir[] = "/tmp/moxd-unit-XXXXXX";

static long long ballast(void)
{
    char path[64];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/ballast", dir);
    return stat(path, &st) == 0 ? (long long)st.st_blocks * 512 : -1;
}

START_TEST(it_is_made_when_there_is_room_and_removed_when_the_disk_is_full)
{
    moxd_log_set_level(NULL, MOXD_ERROR);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    disk_room = 19LL * CORE_BALLAST_SIZE;
    ck_assert(!core_ballast_make(dir, NULL, &log_));
    ck_assert_int_eq(ballast(), -1);
    disk_room = 30LL * CORE_BALLAST_SIZE;
    ck_assert(core_ballast_make(dir, NULL, &log_));
    ck_assert_int_ge(ballast(), CORE_BALLAST_SIZE);
    ck_assert(core_ballast_make(dir, NULL, &log_));
    disk_room = CORE_DISK_FULL;
    core_ballast_release(dir, &log_);
    ck_assert_int_ge(ballast(), CORE_BALLAST_SIZE);
    disk_room = CORE_DISK_FULL / 2;
    core_ballast_release(dir, &log_);
    ck_assert_int_eq(ballast(), -1);
    core_ballast_release(dir, &log_);
    ck_assert(!core_ballast_make("/nonexistent", NULL, &log_));
    ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

UNIT_MAIN("ballast", it_is_made_when_there_is_room_and_removed_when_the_disk_is_full)
