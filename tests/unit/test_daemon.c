/* proves: P-CORE-07, P-CORE-08 */
#include "unit.h"

#include "core_daemon.h"
#include "listen/cid.h"
#include "process/channel.h"
#include "process/inherit.h"
#include "process/lock.h"

#include <fcntl.h>
#include <moxd/service.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[128];

    if (!dir[0]) {
        (void)snprintf(dir, sizeof(dir), "/tmp/moxd-unit-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
    }
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void remove_dir(void)
{
    char command[128];

    (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(a_borrowed_group_is_refused)
{
    char name[] = "moxd", version[] = "-V", *argv[] = { name, version, NULL };

    ck_assert_int_eq(moxd_daemon_main(2, argv), 0);
    if (geteuid() != 0 || setegid(65534) < 0)
        return;
    ck_assert_int_eq(moxd_daemon_main(2, argv), 1);
}
END_TEST

START_TEST(ids_are_hidden_and_found_again)
{
    char one[32], two[32];
    uint64_t cid = 0, first = core_cid_next();
    struct moxd_err err = { 0 };
    struct stat st;

    (void)in_dir("");
    ck_assert_uint_gt(first, 0);
    ck_assert_uint_eq(core_cid_next(), first + 1);
    ck_assert_int_eq(core_cid_init(dir, &err), 0);
    ck_assert_int_eq(stat(in_dir("receivedid.key"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_str_ne(moxd_cid_public(first, one), moxd_cid_public(first + 1, two));
    ck_assert_int_eq(moxd_cid_from_public(one, &cid), 0);
    ck_assert_uint_eq(cid, first);

    uint32_t n = 0;
    ck_assert_str_ne(moxd_cid_public_part(first, 1, two), one);
    ck_assert_int_eq(moxd_cid_from_public(two, &cid), 0);
    ck_assert_uint_eq(cid, first);
    ck_assert_int_eq(moxd_cid_from_public_part(two, &cid, &n), 0);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(moxd_cid_from_public_part(one, &cid, &n), 0);
    ck_assert_uint_eq(n, 0);
    ck_assert_uint_gt(moxd_cid_new(), first + 1);
    moxd_cid_public(first + 1, two);

    one[3] = one[3] == 'A' ? 'B' : 'A';
    ck_assert_int_eq(moxd_cid_from_public(one, &cid), -1);
    ck_assert_int_eq(moxd_cid_from_public("", &cid), -1);
    ck_assert_int_eq(moxd_cid_from_public("AAAA", &cid), -1);
    ck_assert_int_eq(moxd_cid_from_public("not base64 at all!!!!!", &cid), -1);

    core_cid_fini();
    ck_assert_int_eq(core_cid_init(dir, &err), 0);
    ck_assert_int_eq(moxd_cid_from_public(two, &cid), 0);
    ck_assert_uint_eq(cid, first + 1);
    ck_assert_int_eq(truncate(in_dir("receivedid.key"), 5), 0);
    ck_assert_int_eq(core_cid_init(dir, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.priv, "must have 32 bytes"));
    remove_dir();
}
END_TEST

START_TEST(messages_carry_fields_and_descriptors)
{
    static struct core_msg out, in;
    struct moxd_err err = { 0 };
    struct stat a, b;
    int fd[2];

    ck_assert_int_eq(core_channel_pair(fd, &err), 0);
    ck_assert_int_eq(core_channel_recv(fd[1], &in, &err), 0);
    core_msg_init(&out, CORE_MSG_CERT);
    out.id = 9;
    out.fd[0] = open("/dev/null", O_RDONLY);
    out.fd[1] = open("/", O_RDONLY);
    ck_assert_int_eq(core_msg_add(&out, "one"), 0);
    ck_assert_int_eq(core_msg_add(&out, ""), 0);
    ck_assert_int_eq(core_msg_add(&out, "three"), 0);
    ck_assert_int_eq(core_channel_send(fd[0], &out, &err), 0);
    ck_assert_int_eq(core_channel_recv(fd[1], &in, &err), 1);
    ck_assert_uint_eq(in.type, CORE_MSG_CERT);
    ck_assert_uint_eq(in.id, 9);
    ck_assert_str_eq(core_msg_field(&in, 0), "one");
    ck_assert_str_eq(core_msg_field(&in, 1), "");
    ck_assert_str_eq(core_msg_field(&in, 2), "three");
    ck_assert_str_eq(core_msg_field(&in, 3), "");
    ck_assert(fstat(out.fd[1], &a) == 0 && fstat(in.fd[1], &b) == 0 && a.st_ino == b.st_ino);
    ck_assert_int_eq(fcntl(in.fd[0], F_GETFD), FD_CLOEXEC);
    core_msg_close(&in);
    core_msg_close(&out);

    core_msg_init(&out, CORE_MSG_READY);
    ck_assert_int_eq(core_channel_send(fd[0], &out, &err), 0);
    ck_assert_int_eq(core_channel_recv(fd[1], &in, &err), 1);
    ck_assert_int_eq(in.fd[0], -1);
    (void)close(fd[0]);
    ck_assert_int_eq(core_channel_recv(fd[1], &in, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_CLOSED);
    ck_assert_int_eq(core_channel_send(fd[1], &out, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_CLOSED);
    (void)close(fd[1]);
}
END_TEST

START_TEST(a_side_that_does_not_read_is_told)
{
    static struct core_msg msg;
    struct moxd_err err = { 0 };
    int fd[2], sent = 0;

    ck_assert_int_eq(core_channel_pair(fd, &err), 0);
    core_msg_init(&msg, CORE_MSG_READY);
    while (core_channel_send(fd[0], &msg, &err) == 0)
        sent++;
    ck_assert_int_eq(err.kind, MOXD_ERR_TEMP);
    ck_assert_int_ge(sent, 100);
}
END_TEST

START_TEST(fields_have_a_limit)
{
    static struct core_msg msg;
    static char big[CORE_MSG_TEXT];

    memset(big, 'x', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    core_msg_init(&msg, CORE_MSG_STOP);
    ck_assert_int_eq(core_msg_add(&msg, big), 0);
    ck_assert_int_eq(core_msg_add(&msg, ""), -1);
}
END_TEST

START_TEST(a_lock_is_had_once)
{
    struct moxd_err err = { 0 };
    char mine[40];

    (void)in_dir("");
    int fd = core_lock_take(dir, NULL, &err);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(core_lock_take(dir, NULL, &err), -1);
    (void)snprintf(mine, sizeof(mine), "(process %ld)", (long)getpid());
    ck_assert_ptr_nonnull(strstr(err.priv, mine));
    (void)close(fd);
    fd = core_lock_take(dir, NULL, &err);
    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    ck_assert_int_eq(core_lock_take("/nonexistent", NULL, &err), -1);
    remove_dir();
}
END_TEST

static int listen_somewhere(struct sockaddr_storage *addr)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)addr;
    socklen_t len = sizeof(*addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    ck_assert_int_eq(bind(fd, (struct sockaddr *)addr, sizeof(*v4)), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)addr, &len), 0);
    return fd;
}

START_TEST(inherited_sockets_are_found_by_address)
{
    struct sockaddr_storage one, two, any = { 0 };
    struct moxd_buf b = MOXD_BUF_INIT(CORE_INHERIT_TEXT_MAX);
    struct core_inherited in;
    int fd1 = listen_somewhere(&one), fd2 = listen_somewhere(&two);

    ck_assert_int_eq(core_inherit_add(&b, fd1, NULL), 0);
    ck_assert_int_eq(core_inherit_add(&b, fd2, NULL), 0);
    moxd_buf_adds(&b, ",0,x,99999");
    ck_assert_int_eq(core_inherit_export(&b, NULL), 0);
    moxd_buf_fini(&b);
    core_inherit(&in);
    ck_assert_uint_eq(in.n, 2);
    ck_assert_ptr_null(getenv("MOXD_LISTEN_FDS"));
    ck_assert_int_eq(fcntl(fd1, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(core_inherit_take(&in, &two), fd2);
    ck_assert_int_eq(core_inherit_take(&in, &two), -1);
    memcpy(&any, &one, sizeof(any));
    ((struct sockaddr_in *)&any)->sin_port = 0;
    ck_assert_int_eq(core_inherit_take(&in, &any), fd1);
    any.ss_family = AF_INET6;
    ck_assert_int_eq(core_inherit_take(&in, &any), -1);
    core_inherit_fini(&in);
    ck_assert_int_eq(fcntl(fd1, F_GETFD), FD_CLOEXEC);
}
END_TEST

UNIT_MAIN("daemon", a_borrowed_group_is_refused, ids_are_hidden_and_found_again,
          messages_carry_fields_and_descriptors, a_side_that_does_not_read_is_told,
          fields_have_a_limit, a_lock_is_had_once, inherited_sockets_are_found_by_address)
