#!/usr/bin/env python3
"""Looks into a mailbox of the server of with_server.py, through IMAP:

    mailbox.py USER MAILBOX count          prints how many messages there are
    mailbox.py USER MAILBOX subjects       prints the decoded subjects, one a line
    mailbox.py USER MAILBOX last           prints the newest message
    mailbox.py USER MAILBOX attachment     prints the newest message's first attachment, decoded
"""

import email
import email.policy
import imaplib
import os
import ssl
import sys


def connect(user, mailbox):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    imap = imaplib.IMAP4_SSL(os.environ["MOX_HOST"], int(os.environ["MOX_IMAPS"]),
                             ssl_context=context)
    imap.login(user, os.environ["MOX_PASSWORD"])
    status, data = imap.select(mailbox, readonly=True)
    if status != "OK":
        raise SystemExit("SELECT %s: %s" % (mailbox, data))
    return imap, int(data[0])


def message(imap, number, what="BODY.PEEK[]"):
    _, data = imap.fetch(str(number), "(%s)" % what)
    return data[0][1]


def show(imap, count, what):
    out = sys.stdout.buffer
    if what == "count":
        print(count)
    elif what == "subjects":
        for i in range(1, count + 1):
            header = message(imap, i, "BODY.PEEK[HEADER]")
            print(email.message_from_bytes(header, policy=email.policy.default)["Subject"])
    elif what == "last":
        out.write(message(imap, count))
    elif what == "attachment":
        parsed = email.message_from_bytes(message(imap, count), policy=email.policy.default)
        out.write(next(parsed.iter_attachments()).get_payload(decode=True))
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    box, total = connect(sys.argv[1], sys.argv[2])
    show(box, total, sys.argv[3])
    box.logout()
