/* Connection ids. */
#ifndef MOXD_CORE_CID_H
#define MOXD_CORE_CID_H

#include <moxd/err.h>

/* Reads data-dir/receivedid.key, making it (mode 0600) when it is not there. */
int core_cid_init(const char *data_dir, struct moxd_err *err) MOXD_CHECKED;
/* A new id. Ids begin at the time of the start, so that they do not repeat after a restart. */
uint64_t core_cid_next(void);
void core_cid_fini(void);

#endif
