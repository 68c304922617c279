#include "smtp_conf.h"

#include "smtp_limits.h"

#define SIZE_DIRECTIVE                                                                             \
    {                                                                                              \
        .name = "max-message-size", MOXD_AT_SIZE(struct smtp_service_conf, max_message_size),      \
        .deflt = "100M", .min = 64 * 1024, .max = INT64_C(1) << 40,                                \
        .doc = "Messages larger than this are refused (RFC 1870)."                                 \
    }
#define TIMEOUT_DIRECTIVES                                                                         \
    { .name = "command-timeout",                                                                   \
      MOXD_AT_DURATION(struct smtp_service_conf, command_timeout),                                 \
      .deflt = SMTP_COMMAND_TIMEOUT,                                                               \
      .min = MOXD_MS,                                                                              \
      .max = 24 * 3600 * MOXD_SEC,                                                                 \
      .doc = "A connection whose client says nothing for so long is closed. RFC 5321 4.5.3.2.7 "   \
             "asks for 5 minutes at least." },                                                     \
    {                                                                                              \
        .name = "data-timeout", MOXD_AT_DURATION(struct smtp_service_conf, data_timeout),          \
        .deflt = SMTP_DATA_TIMEOUT, .min = MOXD_MS, .max = 24 * 3600 * MOXD_SEC,                   \
        .doc = "The same while a message is being sent."                                           \
    }
#define REQUIRETLS_DIRECTIVE                                                                       \
    {                                                                                              \
        .name = "requiretls", MOXD_AT_BOOL(struct smtp_service_conf, requiretls), .deflt = "true", \
        .doc = "Offer REQUIRETLS (RFC 8689) on TLS: senders can ask that a message travels "       \
               "encrypted and to verified servers only, or not at all."                            \
    }

static const struct moxd_directive smtp_directives[] = {
    MOXD_SERVICE_PORT("25"),
    SIZE_DIRECTIVE,
    TIMEOUT_DIRECTIVES,
    REQUIRETLS_DIRECTIVE,
    { .name = "require-starttls",
      MOXD_AT_BOOL(struct smtp_service_conf, require_starttls),
      .deflt = "false",
      .doc =
          "Refuse mail over connections without TLS. Many servers in the world do not speak TLS; "
          "this loses mail from them." },
    { .name = "unknown-recipients-delay",
      MOXD_AT_DURATION(struct smtp_service_conf, unknown_delay),
      .deflt = "5s",
      .max = 60 * MOXD_SEC,
      .doc = "How long the refusal of an unknown address is held back while no recipient of the "
             "message is known. Slows down those who try out addresses." },
    { 0 },
};

#define PLAIN_DIRECTIVES                                                                           \
    { .name = "allow-plain",                                                                       \
      MOXD_AT_BOOL(struct smtp_service_conf, allow_plain),                                         \
      .deflt = "false",                                                                            \
      .doc = "Offer mechanisms that show the password (PLAIN, LOGIN, CRAM-MD5) also without TLS. " \
             "On loopback addresses they always are." },                                           \
    {                                                                                              \
        .name = "auth-allow-plain", MOXD_AT_BOOL(struct smtp_service_conf, auth_allow_plain),      \
        .deflt = "false", .doc = "The former name of allow-plain.", .flags = MOXD_D_DEPRECATED,    \
        .replaced = "allow-plain"                                                                  \
    }

static const struct moxd_directive submission_directives[] = {
    MOXD_SERVICE_PORT("587"),
    SIZE_DIRECTIVE,
    TIMEOUT_DIRECTIVES,
    REQUIRETLS_DIRECTIVE,
    { .name = "require-starttls",
      MOXD_AT_BOOL(struct smtp_service_conf, require_starttls),
      .deflt = "true",
      .doc = "Neither logins nor mail without STARTTLS first, but on loopback addresses." },
    PLAIN_DIRECTIVES,
    { 0 },
};
static const struct moxd_directive submissions_directives[] = {
    MOXD_SERVICE_PORT("465"), SIZE_DIRECTIVE, TIMEOUT_DIRECTIVES, REQUIRETLS_DIRECTIVE, { 0 },
};

const struct moxd_block smtp_block = { .size = sizeof(struct smtp_service_conf),
                                       .directives = smtp_directives };
const struct moxd_block smtp_submission_block = { .size = sizeof(struct smtp_service_conf),
                                                  .directives = submission_directives };
const struct moxd_block smtp_submissions_block = { .size = sizeof(struct smtp_service_conf),
                                                   .directives = submissions_directives };
