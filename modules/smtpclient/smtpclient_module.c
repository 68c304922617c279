/* smtpclient: mail to other servers. The table of contents. */
#include "smtpclient.h"

static const struct smtpclient_v1 vtable = {
    .hosts = smtpclient_hosts,
    .addresses = smtpclient_addresses,
};
static const struct moxd_interface provides[] = {
    { .name = "smtpclient", .major = 1, .minor = 0, .vtable = &vtable },
    { 0 },
};

static int smtpclient_init(struct moxd_instance *m, const struct moxd_conf *conf,
                           struct moxd_err *err)
{
    struct smtpclient *sc = MOXD_CONTAINER(m, struct smtpclient, m);

    (void)err;
    sc->conf = moxd_conf_module(conf, m);
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("smtpclient", PACKAGE_VERSION, "sends mail to other servers by SMTP"),
    .provides = provides,
    .conf = &smtpclient_conf_block,
    .instance_size = sizeof(struct smtpclient),
    .init = smtpclient_init,
};
