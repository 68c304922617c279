/* smtpclient: mail to other servers. The table of contents. */
#include "smtpclient.h"

static const struct smtpclient_v1 vtable = {
    .hosts = smtpclient_hosts,
    .addresses = smtpclient_addresses,
    .open = smtpclient_open,
    .facts = smtpclient_session_facts,
    .send = smtpclient_send,
    .usable = smtpclient_usable,
    .close = smtpclient_close,
};
static const struct moxd_interface provides[] = {
    { .name = "smtpclient", .major = 1, .minor = 2, .vtable = &vtable },
    { 0 },
};

static int smtpclient_init(struct moxd_instance *m, const struct moxd_conf *conf,
                           struct moxd_err *err)
{
    struct smtpclient *sc = MOXD_CONTAINER(m, struct smtpclient, m);

    sc->conf = moxd_conf_module(conf, m);
    return smtpclient_auth_init(sc, err);
}

static void smtpclient_stop(struct moxd_instance *m)
{
    smtpclient_auth_fini(MOXD_CONTAINER(m, struct smtpclient, m));
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("smtpclient", PACKAGE_VERSION, "sends mail to other servers by SMTP"),
    .provides = provides,
    .conf = &smtpclient_conf_block,
    .instance_size = sizeof(struct smtpclient),
    .init = smtpclient_init,
    .stop = smtpclient_stop,
};
