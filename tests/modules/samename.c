/* Has a service that echo has too. */
#include <moxd/module.h>

static void samename_session(struct moxd_instance *m, struct moxd_conn *c)
{
    (void)m, (void)c;
}

static const struct moxd_directive directives[] = { MOXD_SERVICE_PORT("7"), { 0 } };
static const struct moxd_block block = {
    .size = sizeof(struct moxd_service_conf),
    .directives = directives,
};
static const struct moxd_service services[] = {
    { .name = "echo", .summary = "Not that one.", .block = &block, .session = samename_session },
    { 0 },
};
const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("samename", "1.0", "broken on purpose"),
    .services = services,
    .instance_size = sizeof(struct moxd_instance),
};
