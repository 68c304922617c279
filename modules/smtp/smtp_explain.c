/* What a refusal means for the admin who looks for its cause, and what changes it: for moxctl simulate. */
#include "smtp.h"

struct explanation {
    const char *reply; /* code and enhanced code, or the beginning of them */
    const char *text;
};

/* The first that fits. */
static const struct explanation explanations[] = {
    { "452 4.2.2", "the account is full, or a limit is reached: see account { store { quota } }, "
                   "moxctl ratelimit show" },
    { "552 5.2.2",
      "the message is larger than all that the account may hold: account { store { quota } }" },
    { "452 4.3.1", "the disk has less room than disk-reserve" },
    { "552 5.2.3", "max-message-size of the service in this listener" },
    { "552 5.3.4", "max-message-size of the service in this listener" },
    { "452 4.5.3", "too many recipients; or the sender has no SPF pass and named a second one: spf "
                   "{ one-recipient }" },
    { "550 5.1.1", "no account, alias or catchall has the address, in any form that the separators "
                   "of its domain allow: "
                   "moxctl address add, moxctl alias add" },
    { "550 5.7.1 no module",
      "the domain is none of ours: moxctl domain list, domain add. Others than users who have "
      "logged in may send to our own domains only" },
    { "550 5.7.2 ", "moxctl alias print shows who are members; who is one must be so in MAIL FROM "
                   "and From, and verified. "
                   "moxctl alias update ALIAS post-public=true lets anybody post" },
    { "550 5.2.4", "all members of the list are authors of the message" },
    { "550 5.7.26",
      "neither SPF nor DKIM passed for the domain in From, or one below the same organization. The "
      "sender "
      "mends that; a recipient can want the message all the same: rulesets, as list-allow-domain "
      "or "
      "accept-rejects-to-mailbox. dmarc { enforce = false } accepts such mail from all" },
    { "451 4.7.26", "a name server did not answer, or its answer was forged: moxctl dns lookup, "
                    "dmarc lookup, spf check" },
    { "550 5.7.23", "spf { refuse-fail }: moxctl spf check shows how SPF came to its result" },
    { "550 5.7.30", "MAIL said REQUIRETLS, and what comes after us cannot keep to it" },
    { "550 5.6.0", "a message has one From field, so that DMARC and people look at the same one" },
    { "554 5.6.0", "the form of the message: line ends, lines without end" },
    { "554 5.4.6",
      "the message was here, or at too many servers, before: look for a forwarding in circles" },
    { "450 4.2.1", "the domain or the account is disabled: moxctl domain enable, account enable" },
    { "421 4.2.1", "the domain or the account is disabled: moxctl domain enable, account enable" },
    { "451 4.3.0", "something here failed: the server's log has an error for it" },
    { "530 5.7.0", "require-starttls in the listener" },
    { "501", "the command is not written as RFC 5321 wants it" },
    { "553", "the address needs SMTPUTF8, or is not allowed here" },
};

const char *smtp_explain(struct moxd_str reply)
{
    for (size_t i = 0; i < MOXD_NELEMS(explanations); i++)
        if (moxd_str_starts(reply, moxd_cstr(explanations[i].reply)))
            return explanations[i].text;
    return NULL;
}
