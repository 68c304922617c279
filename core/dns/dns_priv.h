/* The resolver's context. */
#ifndef MOXD_CORE_DNS_PRIV_H
#define MOXD_CORE_DNS_PRIV_H

#include <moxd/dns.h>
#include <stdio.h>
#include <unbound.h>

/* A stream for libunbound's log, NULL where there is none: it then says nothing. */
FILE *core_dns_log_open(void);
/* libunbound's context with every option set, or NULL. Its answers come from a thread of its own. */
struct ub_ctx *core_dns_context(const struct moxd_dns_opts *opts, FILE *log, struct moxd_err *err);
void core_dns_context_free(struct ub_ctx *ctx);

#endif
