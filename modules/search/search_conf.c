#include "search.h"

static const struct moxd_directive directives[] = {
    { .name = "delay",
      MOXD_AT_DURATION(struct search_conf, delay),
      .deflt = "5s",
      .min = 0,
      .max = 3600 * MOXD_SEC,
      .doc = "Time from a delivery to when the message is taken up into the index, together with "
             "what came "
             "meanwhile. Until then it is searched as without an index." },
    { .name = "max-message-size",
      MOXD_AT_SIZE(struct search_conf, max_size),
      .deflt = "64M",
      .min = 1024,
      .max = INT64_C(1) << 40,
      .doc = "Larger messages are not read for the index; searches always look at them." },
    { .name = "disk-reserve",
      MOXD_AT_SIZE(struct search_conf, disk_reserve),
      .deflt = "500M",
      .max = INT64_C(1) << 50,
      .doc = "Nothing is written to the index while the disk has less free space." },
    { 0 },
};
const struct moxd_block search_conf_block = {
    .size = sizeof(struct search_conf),
    .directives = directives,
};
