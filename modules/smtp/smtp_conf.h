/* Directives of the smtp, submission and submissions blocks of a listener. */
#ifndef SMTP_CONF_H
#define SMTP_CONF_H

#include <moxd/service.h>

/* The default of max-message-size; a lower limit is the mailbox's, not the system's (P-SMTP-22). */
#define SMTP_MESSAGE_MAX_DEFAULT (INT64_C(100) * 1024 * 1024)

struct smtp_service_conf {
    struct moxd_service_conf sc;
    int64_t max_message_size;
    bool require_starttls;
    bool requiretls;
    int64_t command_timeout, data_timeout;
    int64_t unknown_delay; /* smtp */
    bool allow_plain;      /* submission */
    bool auth_allow_plain; /* its deprecated name */
};

static inline bool smtp_allows_plain(const struct smtp_service_conf *conf)
{
    return conf->allow_plain || conf->auth_allow_plain;
}

extern const struct moxd_block smtp_block, smtp_submission_block, smtp_submissions_block;

#endif
