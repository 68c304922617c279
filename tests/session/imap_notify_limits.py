#!/usr/bin/env python3
# proves in part: P-IMAP-02
"""NOTIFY at its limits (RFC 5465 5.8): more mailboxes than it can follow, more accounts of others, more names that wait. What
is refused changes nothing; what cannot be told any more is said once, and then nothing is told."""
import sys

from imap_client import Imap
from moxd_client import Tunnel
from moxd_server import Conf, Failure, Server

BOXES, ACCOUNTS, LEVELS = 10000, 100, 32
NOTIFY = b'NOTIFY SET (PERSONAL (MailboxName SubscriptionChange)) (SUBTREE "Other Users/peer1" (MailboxName))'


def expect(ok, what):
    if not ok:
        raise Failure(what)


def login(server):
    return Imap(server.address("imap")).login("mjl@mox.example")


def mailboxes(client):
    """One's own: an account has as many as NOTIFY follows, so that those of others are too much."""
    return sum(not r[-1].startswith(b"Other Users") for r in client.ok(b'LIST "" "*"'))


def make_mailboxes(client, n):
    """So many more; a name of many levels makes all above it."""
    top = 0
    while n > 0:
        levels = min(n, LEVELS)
        client.ok(b"CREATE " + b"/".join([b"n%d" % top] + [b"x"] * (levels - 1)))
        n -= levels
        top += 1


def too_many_mailboxes(server):
    client, other = login(server), login(server)
    make_mailboxes(client, BOXES - 1 - mailboxes(client))
    client.ok(NOTIFY)
    expect(other.ok(b"CREATE one-more") == [], "CREATE")
    untagged = client.ok(b"NOOP")
    expect(any(b"NOTIFICATIONOVERFLOW" in b" ".join(r) for r in untagged if r[0] == b"OK"), untagged)
    other.ok(b"SUBSCRIBE one-more")
    expect(client.ok(b"NOOP") == [], "told after that")
    client.command(NOTIFY)
    expect(client.tagged[0] == b"NO" and b"NOTIFICATIONOVERFLOW" in b" ".join(client.tagged), client.tagged)
    # what a client follows without their names is not concerned
    client.ok(b"SELECT INBOX")
    client.ok(b"NOTIFY SET (SELECTED (MessageNew MessageExpunge))")
    other.append(b"INBOX", b"Subject: one\r\n\r\n")
    untagged = client.ok(b"NOOP")
    expect([b"1", b"EXISTS"] in untagged, untagged)
    other.ok(b"DELETE one-more")
    client.ok(NOTIFY)
    other.ok(b"DELETE n0/" + b"/".join([b"x"] * (LEVELS - 1)))
    expect(any(r[0] == b"LIST" for r in client.ok(b"NOOP")), "not told below the limit")
    client.close()
    other.close()


def too_many_accounts(server):
    """Each shares a mailbox with the user; of some of them it may still hear."""
    for i in range(ACCOUNTS + 1):
        peer = Tunnel(server, "peer%d" % i)
        peer.send(b"t SETACL INBOX mjl lr\r\nt LOGOUT\r\n")
        while b"BYE" not in peer.line():
            pass
        peer.close()
    client = login(server)
    client.command(b'NOTIFY SET (SUBTREE "Other Users" (MessageNew MessageExpunge))')
    expect(client.tagged[0] == b"NO" and b"NOTIFICATIONOVERFLOW" in b" ".join(client.tagged), client.tagged)
    client.ok(b'NOTIFY SET (SUBTREE "Other Users/peer1" (MessageNew MessageExpunge))')
    client.close()


def main():
    conf = Conf()
    conf.services = ["imap"]
    conf.check_store = False
    for i in range(ACCOUNTS + 1):
        conf.add("domains", 'account "peer%d" {\n    domain = "mox.example"\n'
                 '    address "peer%d@mox.example" { }\n}' % (i, i))
    tests = (too_many_accounts, too_many_mailboxes)
    print("1..%d" % len(tests), flush=True)
    failed = 0
    with Server(conf) as server:
        for n, test in enumerate(tests, 1):
            title = test.__name__.replace("_", " ")
            try:
                test(server)
                print("ok %d - %s" % (n, title), flush=True)
            except Failure as e:
                print("not ok %d - %s\n# %s" % (n, title, e), flush=True)
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
