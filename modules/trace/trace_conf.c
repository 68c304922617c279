#include "trace.h"

static const struct moxd_directive directives[] = {
    { .name = "keep",
      MOXD_AT_DURATION(struct trace_conf, keep),
      .deflt = "14d",
      .min = 60 * MOXD_SEC,
      .max = INT64_C(400) * 86400 * MOXD_SEC,
      .flags = MOXD_D_COMMON,
      .doc = "How long it is kept what became of messages: addresses, replies, verdicts, never "
             "what they say." },
    { .name = "max-size",
      MOXD_AT_SIZE(struct trace_conf, max_size),
      .deflt = "200M",
      .min = 64 * 1024,
      .max = INT64_C(1) << 40,
      .doc = "How large all of it may grow: the oldest is forgotten before. A message takes about "
             "2K." },
    { 0 },
};
const struct moxd_block trace_conf_block = { .size = sizeof(struct trace_conf),
                                             .directives = directives };
