/* faults: addresses that ask for a failure (LOCAL-03, LOCAL-10). The table of contents. */
#include "faults.h"

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_mail, faults_on_mail, .phase = MOXD_EARLY, .timeout = FAULTS_SILENCE + MOXD_SEC),
    MOXD_HOOK(on_rcpt, faults_on_rcpt, .phase = MOXD_EARLY, .timeout = FAULTS_SILENCE + MOXD_SEC),
    MOXD_HOOK(on_message, faults_on_message, .phase = MOXD_EARLY,
              .timeout = FAULTS_SILENCE + MOXD_SEC),
    { 0 },
};

static const char *const needs[] = { "smtp/1", NULL };

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("faults", PACKAGE_VERSION, "addresses that ask for a failure, for trying out"),
    .needs = needs,
    .hooks = hooks,
    .instance_size = sizeof(struct moxd_instance),
};
