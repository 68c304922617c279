/* What the codes of RFC 3463 mean for who wrote the message, and what to do next. */
#include "dsn.h"

struct advice {
    const char *code; /* without its class; ends in "." for all of a subject */
    const char *failed, *delayed;
};

static const char unknown_address[] = "The address does not exist there. Look for typing errors, "
                                      "or ask the recipient for the right one.";
static const char mailbox_full[] = "The recipient's mailbox is full. Try again in some days, or "
                                   "reach the recipient in another way.";
static const char too_large[] =
    "The message is too large for the recipient. Send less, or a link instead of an attachment.";
static const char unreachable[] = "The recipient's mail server could not be reached in all of this "
                                  "time. Check the part of the address "
                                  "behind the @; if it is right, try again later.";
static const char unreachable_yet[] =
    "The recipient's mail server cannot be reached at the moment.";
static const char refused[] = "The recipient's mail server does not take the message. Its words "
                              "below may say why; who runs that "
                              "server can help.";
static const char needs_more[] = "The recipient's mail server cannot take messages of this form. "
                                 "Send it as plain text, or to an "
                                 "address without letters from outside of ASCII.";
static const char no_tls[] =
    "The message was to travel over verified encrypted connections only, and the recipient's mail "
    "server "
    "does not offer them. Send it without that demand if its content allows it.";
static const char not_authentic[] = "The recipient's mail server holds the message for forged. "
                                    "Forward this to your administrator: the "
                                    "records of your domain in DNS may be wrong.";

/* The first that fits counts. */
static const struct advice table[] = {
    { "1.1", unknown_address, NULL },
    { "1.2",
      "The domain of the address does not take mail, or does not exist. Look for typing errors.",
      "The domain of the address cannot be looked up at the moment." },
    { "1.3", "This is not a valid address. Look for typing errors.", NULL },
    { "1.6", "The recipient has moved and left no new address.", NULL },
    { "1.8", not_authentic, NULL },
    { "1.10", "The domain of the address takes no mail at all.", NULL },
    { "1.", unknown_address, NULL },
    { "2.1", "The mailbox is switched off.", "The mailbox is switched off at the moment." },
    { "2.2", mailbox_full, "The recipient's mailbox is full." },
    { "2.3", too_large, NULL },
    { "3.1", "The recipient's mail server has no room for mail.",
      "The recipient's mail server has no room for mail at the moment." },
    { "3.4", too_large, NULL },
    { "4.6",
      "The message went round in a circle. The recipient's mail is forwarded to itself; the "
      "recipient must mend that.",
      NULL },
    { "4.7",
      "There was no answer in all of this time. Try again later, or reach the recipient in "
      "another way.",
      NULL },
    { "4.", unreachable, unreachable_yet },
    { "6.", needs_more, NULL },
    { "7.10", no_tls, NULL },
    { "7.30", no_tls, NULL },
    { "7.20", not_authentic, NULL },
    { "7.21", not_authentic, NULL },
    { "7.22", not_authentic, NULL },
    { "7.23", not_authentic, NULL },
    { "7.24", not_authentic, NULL },
    { "7.26", not_authentic, NULL },
    { "7.27", "The domain that the message was sent from takes no mail.", NULL },
    { "7.1",
      "The recipient's mail server does not let you send to this address. Ask the recipient, or "
      "who runs that server.",
      NULL },
    { "", refused, "The recipient's mail server did not take it yet." },
};

static bool fits(const struct advice *ad, struct moxd_str code)
{
    size_t n = strlen(ad->code);
    bool subject = n == 0 || ad->code[n - 1] == '.';

    return subject ? moxd_str_starts(code, moxd_cstr(ad->code)) : moxd_str_eqs(code, ad->code);
}

const char *mail_dsn_advice(enum moxd_dsn_action action, struct moxd_str status)
{
    static const char *const good[MOXD_DSN_ACTIONS] = {
        [MOXD_DSN_DELIVERED] = "It is in the recipient's mailbox.",
        [MOXD_DSN_RELAYED] =
            "It was handed to the next mail server, which sends no such notices: you will "
            "hear more only if that server has trouble with it.",
        [MOXD_DSN_EXPANDED] =
            "It was passed on to those behind this address. No more notices will come.",
    };
    struct moxd_str code = moxd_str_from(status, 2);
    const struct advice *ad = table;

    if (good[action])
        return good[action];
    while (!fits(ad, code))
        ad++;
    if (action == MOXD_DSN_FAILED)
        return ad->failed;
    return ad->delayed ? ad->delayed : table[MOXD_NELEMS(table) - 1].delayed;
}
