#ifndef QUEUE_OFFERS_H
#define QUEUE_OFFERS_H

#include "queue_job.h"

struct queue_offers {
    const char *domain;
    int64_t time; /* wall ns */
    bool starttls, requiretls;
};
/* In the transaction that records an attempt. */
int queue_offers_record(struct queue_job *job, struct store_tx *tx, struct moxd_err *err);
int queue_offers_decode(struct moxd_str val, struct moxd_arena *a, struct queue_offers *out);

#endif
