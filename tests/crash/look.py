"""The eyes of server_crash.py: compares what is in the mailboxes with what must be there."""

import imaplib
import re

from load import ACCOUNTS, PASSWORD, PATIENCE, Expected, Failure, Keeper, ok

ITEMS = ("MESSAGES", "UNSEEN", "DELETED", "SIZE", "UIDNEXT", "UIDVALIDITY")


class Box:
    """A mailbox as IMAP shows it: {id: [(uid, flagged), ...]}, and its own numbers checked."""

    def __init__(self, client, account, name, validity):
        self.title = "%s %s" % (account, name)
        self.found = {}
        self.totals = dict.fromkeys(("MESSAGES", "UNSEEN", "DELETED", "SIZE"), 0)
        status, data = client.status(name, "(%s)" % " ".join(ITEMS))
        if status != "OK":
            return  # it was not made yet
        words = data[0].decode().rpartition("(")[2].rstrip(")").split()
        numbers = dict(zip(words[::2], map(int, words[1::2])))
        ok(client.select(name, readonly=True))
        if numbers["MESSAGES"]:
            self.fetch(client)
        self.totals["UIDVALIDITY"] = validity.setdefault((account, name), numbers["UIDVALIDITY"])
        for item, total in self.totals.items():
            if numbers[item] != total:
                raise Failure("%s: %s is %d, found %d" % (self.title, item, numbers[item], total))
        uids = [uid for copies in self.found.values() for uid, _ in copies]
        if max(uids, default=0) >= numbers["UIDNEXT"]:
            raise Failure("%s: UID %d, UIDNEXT %d" % (self.title, max(uids), numbers["UIDNEXT"]))

    def fetch(self, client):
        for item in ok(client.uid("FETCH", "1:*", "(FLAGS RFC822.SIZE BODY.PEEK[])")):
            if isinstance(item, tuple):
                self.add(*item)

    def add(self, head, body):
        uid = int(re.search(rb"UID (\d+)", head).group(1))
        flags = re.search(rb"FLAGS \(([^)]*)\)", head).group(1)
        size = int(re.search(rb"RFC822.SIZE (\d+)", head).group(1))
        ident = re.search(rb"X-Id: (\S+)", body).group(1).decode()
        if len(body) != size or not body.endswith((b"x\r\n", b"y\r\n")):
            raise Failure("%s: UID %d has %d bytes, size %d" % (self.title, uid, len(body), size))
        self.found.setdefault(ident, []).append((uid, b"\\Flagged" in flags))
        self.totals["MESSAGES"] += 1
        self.totals["SIZE"] += size
        self.totals["UNSEEN"] += b"\\Seen" not in flags
        self.totals["DELETED"] += b"\\Deleted" in flags


def check(test):
    """Everything that was acknowledged is there, once; what else is there was at least sent."""
    inboxes = {}
    for account, address in ACCOUNTS.items():
        client = imaplib.IMAP4(*test.server.address("imap"), timeout=PATIENCE)
        client.login(address, PASSWORD)
        inboxes[account] = Box(client, account, "INBOX", test.validity).found
        for worker in test.workers:
            if isinstance(worker, Keeper) and worker.account == account:
                check_keeper(worker, {b: Box(client, account, b, test.validity).found
                                      for b in worker.boxes})
        client.logout()
    check_inboxes(test, inboxes)


def check_inboxes(test, inboxes):
    for account, found in inboxes.items():
        for ident, copies in found.items():
            if len(copies) > 1:
                raise Failure("%s: %s is there %d times" % (account, ident, len(copies)))
            if account not in test.delivered.get(ident, test.trying.get(ident, ())):
                raise Failure("%s: unknown message %s" % (account, ident))
    for ident, names in test.delivered.items():
        for name in names:
            if ident not in inboxes[name]:
                raise Failure("%s: %s was delivered and is missing" % (name, ident))
    for ident, names in test.trying.items():  # not acknowledged: for all or for none
        have = [name for name in names if ident in inboxes[name]]
        if have and have != names:
            raise Failure("%s was delivered to %s, not to %s" % (ident, have, names))
        if have:
            test.delivered[ident] = names
    test.trying.clear()


def check_keeper(worker, boxes):
    for box, found in boxes.items():
        for ident in found:
            if ident not in worker.messages and ident not in worker.trying:
                raise Failure("%s: %s should be gone" % (box, ident))
    maybe = set(worker.trying)
    worker.messages.update(worker.trying)
    worker.trying.clear()
    for ident, expected in list(worker.messages.items()):
        places = [(box, *copy) for box in boxes for copy in boxes[box].get(ident, [])]
        if len(places) > 1:
            raise Failure("%s is there %d times: %s" % (ident, len(places), places))
        if places:
            check_place(worker, ident, expected, *places[0])
        elif ident in maybe or expected.maybe_gone:
            del worker.messages[ident]
        else:
            raise Failure("%s of %s is missing" % (ident, worker.name))


def check_place(worker, ident, expected, box, uid, flagged):
    if box not in expected.boxes or flagged not in expected.flagged or \
            (expected.uid and uid != expected.uid):
        raise Failure("%s: in %s with UID %d, flagged %r; expected %r"
                      % (ident, box, uid, flagged, vars(expected)))
    fresh = worker.messages[ident] = Expected(box, uid)
    fresh.flagged = {flagged}
