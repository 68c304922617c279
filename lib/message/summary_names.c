#include "summary_names.h"

#include <moxmail/message.h>

#define NAME(s)                                                                                    \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }

/* What mail clients ask for in lists and threads, and what SEARCH and SORT look at; not what is large
 * and rarely asked for. doc/clients.md has the clients. */
const struct moxd_str mail_summary_names[MAIL_SUMMARY_NAMES] = {
    [MOXD_ENV_DATE] = NAME("Date"),
    [MOXD_ENV_SUBJECT] = NAME("Subject"),
    [MOXD_ENV_FROM] = NAME("From"),
    [MOXD_ENV_SENDER] = NAME("Sender"),
    [MOXD_ENV_REPLY_TO] = NAME("Reply-To"),
    [MOXD_ENV_TO] = NAME("To"),
    [MOXD_ENV_CC] = NAME("Cc"),
    [MOXD_ENV_BCC] = NAME("Bcc"),
    [MOXD_ENV_IN_REPLY_TO] = NAME("In-Reply-To"),
    [MOXD_ENV_MESSAGE_ID] = NAME("Message-ID"),
    NAME("References"),
    NAME("Content-Type"),
    NAME("Content-Transfer-Encoding"),
    NAME("Content-Disposition"),
    NAME("Content-Description"),
    NAME("Content-Language"),
    NAME("MIME-Version"),
    NAME("Priority"),
    NAME("X-Priority"),
    NAME("Importance"),
    NAME("Precedence"),
    NAME("Auto-Submitted"),
    NAME("Newsgroups"),
    NAME("List-Id"),
    NAME("List-Post"),
    NAME("List-Unsubscribe"),
    NAME("Mail-Followup-To"),
    NAME("Disposition-Notification-To"),
    NAME("Lines"),
    NAME("Keywords"),
    NAME("X-Label"),
    NAME("X-Spam-Flag"),
    NAME("X-Original-To"),
    NAME("Delivered-To"),
    NAME("Return-Path"),
    NAME("Chat-Version"),
};

int mail_summary_name(struct moxd_str name)
{
    for (int i = 0; i < MAIL_SUMMARY_NAMES; i++)
        if (mail_summary_names[i].n == name.n && moxd_str_caseeq(mail_summary_names[i], name))
            return i;
    return -1;
}

/* FNV-1a, folded. */
uint16_t mail_summary_mark(struct moxd_str name)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)moxd_lower(name.p[i])) * 16777619u;
    return (uint16_t)(h ^ h >> 16);
}
