/* moxctl queue offers */
#include <moxmail/date.h>

#include "queue_cmd.h"
#include "queue_offers.h"

static void line(struct moxd_str val, struct moxd_arena *a, struct moxd_buf *out)
{
    struct queue_offers o;

    if (queue_offers_decode(val, a, &o) < 0)
        return;
    moxd_date_put_rfc3339(out, o.time / MOXD_SEC);
    moxd_buf_addf(out, " %s starttls=%s requiretls=%s\n", o.domain, o.starttls ? "yes" : "no",
                  o.requiretls ? "yes" : "no");
}

int queue_cmd_offers(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err)
{
    (void)argc;
    return queue_list_records(queue_of(m), c, "queue.offers", argv[0], line, err);
}
