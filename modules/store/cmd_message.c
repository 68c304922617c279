/* Messages that are in no account. */
#include "cmd.h"

#include "message_json.h"

enum {
    MESSAGE_MAX = 128 << 20, /* bytes: in memory, for as long as the command runs */
    JSON_MAX = 1 << 30,      /* far above what a message of that size gives */
};

struct parse {
    struct moxd_buf message, json;
};

static int parse_job(void *arg, struct moxd_err *err)
{
    struct parse *p = arg;
    struct moxd_str text = moxd_buf_str(&p->message);
    struct moxd_reader r = moxd_reader_mem(&text);

    if (store_message_json(&r, &p->json, err) < 0)
        return -1;
    moxd_buf_addc(&p->json, '\n');
    return 0;
}

static MOXD_SUSPENDS int read_message(struct moxd_ctl *c, const char *file, struct moxd_buf *out,
                                      struct moxd_err *err)
{
    char piece[4096];
    long n;

    (void)moxd_ctl_file(c, file);
    while ((n = moxd_ctl_read(c, piece, sizeof(piece))) > 0) {
        moxd_buf_add(out, piece, (size_t)n);
        if (out->overflow)
            return moxd_err_set(err, MOXD_ERR_LIMIT, "the message has more than %d bytes",
                                MESSAGE_MAX);
    }
    return n == 0 ? 0 : moxd_err_set(err, MOXD_ERR_CLOSED, "reading the message");
}

int store_cmd_message_parse(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    struct parse p = { MOXD_BUF_INIT(MESSAGE_MAX), MOXD_BUF_INIT(JSON_MAX) };

    (void)m, (void)argc;
    int rc = read_message(c, argv[0], &p.message, err);
    if (rc == 0)
        rc = store_offload(MOXD_LANE_CPU, parse_job, &p, err);
    if (rc == 0)
        (void)moxd_ctl_write(c, p.json.p, p.json.n);
    moxd_buf_fini(&p.message);
    moxd_buf_fini(&p.json);
    return rc;
}
