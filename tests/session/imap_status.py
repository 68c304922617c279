#!/usr/bin/env python3
# proves: IMAP-15
"""STATUS through the tests' own client: at least one attribute, each with its type."""
import sys

from imap_client import Imap
from moxd_server import Conf, Server


def refuses_nothing(client):
    try:
        client.status(b"INBOX")
    except ValueError:
        return True
    return False


def main():
    conf = Conf()
    conf.services = ["imap"]
    with Server(conf) as server:
        client = Imap(server.address("imap")).login("mjl@mox.example")
        client.append(b"INBOX", b"Subject: one\r\n\r\n")
        client.append(b"INBOX", b"Subject: two\r\n\r\n", b"\\Seen")
        status = client.status(b"INBOX", b"messages", b"UNSEEN", b"uidnext", b"size", b"mailboxid")
        client.command(b"STATUS INBOX ()")
        results = [
            ("values have their types", status[b"MESSAGES"] == 2 and status[b"UNSEEN"] == 1 and
             status[b"UIDNEXT"] == 3 and status[b"SIZE"] == 32 and
             isinstance(status[b"MAILBOXID"], bytes)),
            ("the client asks for something", refuses_nothing(client)),
            ("the server wants to be asked for something", client.tagged[0] == b"BAD"),
        ]
        client.close()
    print("1..%d" % len(results))
    for n, (title, ok) in enumerate(results, 1):
        print("%s %d - %s" % ("ok" if ok else "not ok", n, title))
    return 0 if all(ok for _, ok in results) else 1


if __name__ == "__main__":
    sys.exit(main())
