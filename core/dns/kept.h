/* Answers that are at hand. libunbound keeps them too, but behind a thread: what a message is checked with is asked for
 * again and again, and each time would cost two pipes, two threads and the packet's decoding. Loop thread only. */
#ifndef MOXD_CORE_DNS_KEPT_H
#define MOXD_CORE_DNS_KEPT_H

#include <moxd/dns.h>

enum {
    CORE_DNS_KEPT_MAX = 2048,       /* answers; those not asked for longest go first */
    CORE_DNS_KEPT_BYTES_MAX = 2048, /* of one: larger ones are rare */
};
#define CORE_DNS_KEPT_FOR                                                                          \
    (60 * MOXD_SEC) /* at most, whatever the TTL: libunbound knows better then */

/* The answer, with what is left of its TTL; false: it is not at hand. `name`: as core_dns_canonical makes it. */
bool core_dns_kept_find(const char *name, enum moxd_dns_type type, struct moxd_arena *a,
                        struct moxd_dns_answer *out);
/* Keeps it as long as its TTL allows. Not failures: the next one who asks may have more luck. */
void core_dns_kept_add(const char *name, enum moxd_dns_type type,
                       const struct moxd_dns_answer *answer);
void core_dns_kept_clear(void);

#endif
