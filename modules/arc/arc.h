/* Inside of the arc module. */
#ifndef ARC_H
#define ARC_H

#include <moxd/arc.h>
#include <moxd/dkim.h>
#include <moxd/module.h>
#include <moxd/smtp.h>
#include <moxd/store.h>
#include <moxmail/arc.h>

enum {
    ARC_KEYS_MAX =
        20, /* different keys of a chain that are looked up; real chains have one or two sets */
    ARC_COMMENT_MAX = 4096, /* bytes of the comment for reports: of long chains the beginning */
    ARC_READ = 64 * 1024,   /* bytes of a body that are hashed at a time */
};

/* moxd.conf: arc { } */
struct arc_conf {
    struct moxd_conf_head head;
    struct moxd_strings trusted;
};
extern const struct moxd_block arc_block;

/* At each message; strings in the transaction's arena. */
struct arc_msg {
    bool passed;                       /* its chain was verified */
    const char *comment;               /* of a trusted sealer's chain, for reports; or NULL */
    struct moxd_authres_field results; /* of that sealer */
};
struct arc {
    struct moxd_instance m;
    const struct arc_conf *conf;
    const struct smtp_v1 *smtp;
    const struct store_v1 *store;
    const struct dkim_v1 *dkim;
    struct moxd_instance *dkim_self;
    struct moxd_metric_handle *verified, *sealed;
};

/* arc_body.c: feeds what is behind the header. On a worker. -1: it cannot be read, or nobody waits any more. */
int arc_hash_body(const struct arc *arc, const struct smtp_message *msg,
                  struct moxd_dkim_bodies *bs, struct moxd_err *err);

/* arc_trust.c: remembers what a trusted sealer says, of a chain that passed. */
void arc_trust(const struct arc *arc, const struct smtp_mail *mail, const struct moxd_arc_chain *c,
               struct arc_msg *out);
const char *arc_vouched(struct moxd_instance *m, const struct smtp_mail *mail,
                        struct moxd_str author);

/* arc_seal.c */
int arc_seal(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str domain,
             struct moxd_str prefix, struct moxd_buf *out, struct moxd_err *err) MOXD_SUSPENDS;

enum moxd_verdict arc_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                 struct moxd_reply *reply) MOXD_SUSPENDS;

#endif
