#include "queue_dsn.h"

int queue_dsn_send(struct queue *q, const struct queue_message *msg, struct store_body *body,
                   const struct queue_told *v, size_t n, struct moxd_err *err)
{
    (void)body, (void)err;
    for (size_t i = 0; i < n && msg->from[0] && !msg->no_dsn; i++)
        moxd_info(&q->m.log, "sender is to be told", moxd_kvs("from", msg->from),
                  moxd_kvs("to", v[i].item->to),
                  moxd_kvs("action", moxd_dsn_action_name(v[i].action)));
    return 0;
}
