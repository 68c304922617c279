/* moxctl dkim verify, sign: of a message that moxctl reads. */
#include "dkim_command.h"

#include <moxd/offload.h>
#include <moxmail/newline.h>
#include <stdlib.h>

struct input {
    struct dkim_source source;
    struct moxd_arena *a;
    struct moxd_str header;
    int rc;
    struct moxd_err err;
};

static int receive(struct moxd_ctl *c, struct input *in, struct moxd_err *err)
{
    struct moxd_newline nl = { 0 };
    struct moxd_buf text = MOXD_BUF_INIT(2 * DKIM_READ + 2);
    char *piece = moxd_xmalloc(DKIM_READ);
    long n;
    int rc = 0;

    do {
        n = moxd_ctl_read(c, piece, DKIM_READ);
        moxd_buf_reset(&text);
        moxd_newline_write(&nl, moxd_str(piece, n > 0 ? (size_t)n : 0), n <= 0, &text);
        if (text.n > 0)
            rc = in->source.store->draft_write(in->source.draft, text.p, text.n, err);
    } while (n > 0 && rc == 0);
    free(piece);
    moxd_buf_fini(&text);
    return n < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "input broke off") : rc;
}

static ssize_t read_at(const void *ctx, uint64_t off, void *buf, size_t n)
{
    const struct input *in = ctx;
    return in->source.store->draft_read(in->source.draft, off, buf, n, NULL);
}

static void read_header(void *arg)
{
    struct input *in = arg;
    struct moxd_reader r = { .read_at = read_at, .ctx = in };

    r.size = in->source.store->draft_size(in->source.draft);
    in->rc = moxd_header_read(&r, in->a, &in->header, NULL, &in->err);
}

/* The message into a draft of its own, which the caller frees whatever comes back. */
static int take(struct dkim *d, struct moxd_ctl *c, const char *arg, struct input *in,
                struct moxd_err *err)
{
    *in = (struct input){ .source = { d->store, d->store->draft_new(d->store_self) },
                          .a = moxd_ctl_arena(c) };
    if (moxd_ctl_file(c, arg) < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "input broke off");
    if (receive(c, in, err) < 0)
        return -1;
    (void)moxd_offload(MOXD_LANE_FSYNC, read_header, in);
    if (in->rc < 0)
        *err = in->err;
    return in->rc;
}

static void print_item(struct moxd_ctl *c, const struct dkim_item *item)
{
    const struct moxd_dkim_sig *sig = &item->sig;
    const char *reason = item->verdict.reason;

    (void)moxd_ctl_printf(c, "%s%s%s", moxd_dkim_result_name(item->verdict.result),
                          reason ? ": " : "", reason ? reason : "");
    (void)dkim_print(c, "\n    d=", sig->domain, "");
    (void)dkim_print(c, " s=", sig->selector, "");
    (void)dkim_print(c, " a=", sig->alg_text, "");
    (void)dkim_print(c, " i=", sig->identity, "\n");
    if (sig->has_length)
        (void)moxd_ctl_printf(c, "    only the first %llu bytes of the body are signed\n",
                              (unsigned long long)sig->length);
    if (item->record.name)
        (void)moxd_ctl_printf(c, "    %s: %s\n", item->record.name,
                              dkim_dnssec_text(item->record.dnssec));
    if (item->record.text.n > 0)
        (void)dkim_print(c, "    ", item->record.text, "\n");
}

static int print_results(struct moxd_ctl *c, const struct dkim_check *check, struct moxd_err *err)
{
    bool pass = false;

    for (size_t i = 0; i < check->n; i++) {
        print_item(c, &check->items[i]);
        pass |= check->items[i].verdict.result == MOXD_DKIM_PASS;
    }
    if (check->left_out > 0)
        (void)moxd_ctl_printf(c, "%zu more signatures were not looked at\n", check->left_out);
    if (check->n == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "the message has no DKIM signature");
    return pass ? 0 : moxd_err_set(err, MOXD_ERR_INVALID, "no signature passes");
}

int dkim_cmd_verify(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    struct dkim *d = MOXD_CONTAINER(m, struct dkim, m);
    struct input in;
    int rc = take(d, c, argv[0], &in, err);

    (void)argc;
    if (rc == 0) {
        struct dkim_check check = { .a = in.a,
                                    .raw_header = in.header,
                                    .read = dkim_read_draft,
                                    .arg = &in.source,
                                    .body_start = in.header.n,
                                    .now = moxd_wall() / MOXD_SEC };
        rc = dkim_check_run(&check, DKIM_SIGNATURES_MAX) < 0
                 ? moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled")
                 : print_results(c, &check, err);
    }
    d->store->draft_free(in.source.draft);
    return rc;
}

int dkim_cmd_sign(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  struct moxd_err *err)
{
    struct dkim *d = MOXD_CONTAINER(m, struct dkim, m);
    struct input in;
    int rc = take(d, c, argv[0], &in, err);

    (void)argc;
    if (rc == 0) {
        struct dkim_signing s = {
            .d = d, .a = in.a, .header = in.header, .body = in.source, .body_start = in.header.n
        };
        rc = dkim_signing_run(&s, err);
        if (rc == 0 && s.n == 0)
            rc = moxd_err_set(err, MOXD_ERR_NOTFOUND,
                              "no selector signs for the domain in the From field");
        if (rc == 0 && moxd_ctl_write(c, s.out.p, s.out.n) < 0)
            rc = moxd_err_set(err, MOXD_ERR_CLOSED, "output closed");
        dkim_signing_fini(&s);
    }
    d->store->draft_free(in.source.draft);
    return rc;
}
