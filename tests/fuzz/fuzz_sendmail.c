/* What programs hand to sendmail: whatever it is, what goes out is a message of ours. */
#include "fuzz.h"

#include "../../sendmail/sendmail.h"

#include <moxmail/header.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int sendmail_fail(struct sendmail *sm, int status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(sm->reason, sizeof(sm->reason), fmt, ap);
    va_end(ap);
    sm->status = status;
    return status;
}

const char *sendmail_own_name(const struct sendmail *sm)
{
    (void)sm;
    return "here.example";
}

/* Every line ends in CRLF, and there is neither CR nor LF nor NUL besides. */
static void check_lines(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        moxd_assert(s.p[i] != '\0');
        moxd_assert((s.p[i] == '\r') == (i + 1 < s.n && s.p[i + 1] == '\n'));
    }
    moxd_assert(s.n == 0 || s.p[s.n - 1] == '\n');
}

static void check_result(const struct sendmail *sm)
{
    struct moxd_str text = moxd_buf_str(&sm->text),
                    header = moxd_str_sub(text, 0, moxd_header_end(text));
    struct moxd_address ad;

    check_lines(text);
    moxd_assert(moxd_header_count(header, "From") == 1 && moxd_header_count(header, "Bcc") == 0);
    moxd_assert(moxd_header_count(header, "Date") > 0 &&
                moxd_header_count(header, "Message-ID") > 0);
    moxd_assert(moxd_address_parse(moxd_cstr(sm->sender), MOXD_ADDRESS_UTF8, sm->a, &ad, NULL) ==
                0);
    for (size_t i = 0; i < sm->rcpts.n; i++)
        moxd_assert(moxd_address_parse(moxd_cstr(sm->rcpts.v[i].to), MOXD_ADDRESS_UTF8, sm->a, &ad,
                                       NULL) == 0);
}

/* The first byte has the options, the first line is -f and a recipient, the rest is the message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const allowed[] = { "b@b.example", "@c.example", NULL };
    const struct sendmail_conf conf = { .from = "a@a.example",
                                        .from_allowed = { .v = allowed, .n = 2 },
                                        .default_recipient = "root@a.example",
                                        .max_size = 1 << 20,
                                        .max_recipients = 20 };
    struct moxd_str msg = moxd_str((const char *)data, size);
    struct sendmail sm = { .a = moxd_arena_new(0), .conf = &conf };
    int fd = memfd_create("message", MFD_CLOEXEC);

    if (size == 0 || fd < 0)
        goto out;
    sm.o = (struct sendmail_options){ .from_header = data[0] & 1,
                                      .ignore_dots = data[0] & 2,
                                      .full_name = data[0] & 4 ? "N\r\nBcc: x@x" : NULL };
    msg = moxd_str_from(msg, 1);
    char *arg = (char *)(uintptr_t)moxd_arena_cstr(sm.a, moxd_str_cut(&msg, '\n'));
    sm.o.from = arg;
    sm.o.to = &arg;
    sm.o.nto = data[0] & 8 ? 1 : 0;
    moxd_assert(write(fd, msg.p ? msg.p : "", msg.n) == (ssize_t)msg.n &&
                lseek(fd, 0, SEEK_SET) == 0);
    moxd_assert(sendmail_intake(&sm, fd) == EX_OK || size > 1 << 18);
    check_lines(moxd_buf_str(&sm.raw));
    if (sendmail_rcpts_args(&sm) == EX_OK && sendmail_message(&sm) == EX_OK)
        check_result(&sm);
out:
    moxd_closep(&fd);
    moxd_buf_fini(&sm.raw);
    moxd_buf_fini(&sm.text);
    moxd_arena_free(sm.a);
    return 0;
}
