/* Inside of the arc module. */
#ifndef ARC_H
#define ARC_H

#include <moxd/dkim.h>
#include <moxd/module.h>
#include <moxd/smtp.h>
#include <moxd/store.h>
#include <moxmail/arc.h>

enum {
    ARC_KEYS_MAX =
        20, /* different keys of a chain that are looked up; real chains have one or two sets */
    ARC_READ = 64 * 1024, /* bytes of a body that are hashed at a time */
};

struct arc {
    struct moxd_instance m;
    const struct smtp_v1 *smtp;
    const struct store_v1 *store;
    const struct dkim_v1 *dkim;
    struct moxd_instance *dkim_self;
    struct moxd_metric_handle *verified;
};

enum moxd_verdict arc_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                 struct moxd_reply *reply) MOXD_SUSPENDS;

#endif
