"""The clients of server_crash.py: each knows what must be there of what it did."""

import imaplib
import os
import random
import re
import smtplib
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "session"))
from moxd_server import PASSWORD, PATIENCE, Failure  # noqa: E402

ACCOUNTS = {"mjl": "mjl@mox.example", "other": "other@mox.example"}
SECOND = "second@mox.example"  # of mjl too
LOST = (OSError, EOFError, imaplib.IMAP4.abort, smtplib.SMTPServerDisconnected)


class Gate:
    """Where those wait whose connection is gone, until the server is back."""

    def __init__(self):
        self.changed = threading.Condition()
        self.is_open = False
        self.waiting = 0

    def pass_through(self):
        with self.changed:
            self.waiting += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.is_open)
            self.waiting -= 1

    def set(self, is_open):
        with self.changed:
            self.is_open = is_open
            self.changed.notify_all()

    def await_all(self, n):
        with self.changed:
            if not self.changed.wait_for(lambda: self.waiting >= n, PATIENCE):
                raise Failure("%d clients did not notice the end of their connection"
                              % (n - self.waiting))


class Tally:
    """What was acknowledged, counted over all rounds; and names for messages."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = {}
        self.next_id = 0

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def new_id(self):
        with self.lock:
            self.next_id += 1
            return "id%d" % self.next_id


class Expected:
    """One message of a Keeper: where it is and what it has, as far as that is certain."""

    def __init__(self, box, uid=None):
        self.boxes = {box}  # certain when there is one
        self.uid = uid      # None: not known
        self.flagged = {False}
        self.maybe_gone = False


def message(ident, size):
    return ("From: <a@remote.example>\r\nTo: <b@mox.example>\r\nSubject: %s\r\nX-Id: %s\r\n"
            "Message-ID: <%s@remote.example>\r\n\r\n" % (ident, ident, ident)
            + "x" * 70 + "\r\n" + ("y" * 76 + "\r\n") * (size // 78)).encode()


def ok(answer):
    status, data = answer
    if status != "OK":
        raise Failure("the server said %s: %r" % (status, data))
    return data


class Client(threading.Thread):
    def __init__(self, test, name, account):
        super().__init__(name=name, daemon=True)
        self.test, self.account = test, account
        self.random = random.Random("%s %d" % (name, test.seed))
        self.error = None

    def run(self):
        while True:
            self.test.gate.pass_through()
            if self.test.over:
                return
            try:
                self.session()
            except LOST:
                pass
            except (Failure, smtplib.SMTPException) as e:
                if self.test.gate.is_open:  # else the server is stopping, and may say so
                    self.fail(e)
            except Exception as e:  # told by the main thread
                self.fail(e)

    def fail(self, error):
        self.error = error
        self.test.failed.set()

    def busy(self):
        return not self.test.over and not self.error

    def imap(self):
        client = imaplib.IMAP4(*self.test.server.address("imap"), timeout=PATIENCE)
        client.login(ACCOUNTS[self.account], PASSWORD)
        return client


class Deliverer(Client):
    """SMTP to INBOX of its account; sometimes to both addresses of mjl, or to both accounts."""

    def session(self):
        with smtplib.SMTP(*self.test.server.address("smtp"), timeout=PATIENCE) as client:
            while self.busy():
                self.deliver(client)

    def deliver(self, client):
        ident = self.test.tally.new_id()
        names, to = [self.account], [ACCOUNTS[self.account]]
        chance = self.random.random()
        if chance < 0.3:
            names, to = list(ACCOUNTS), list(ACCOUNTS.values())
        if 0.2 < chance < 0.4 and "mjl" in names:
            to.append(SECOND)
        self.test.trying[ident] = names
        size = self.random.choice((10, 2000, 2000, 60000))
        if client.sendmail("a@remote.example", to, message(ident, size)):
            raise Failure("not all recipients were accepted")
        self.test.delivered[ident] = self.test.trying.pop(ident)
        self.test.tally.count("delivered")


class Keeper(Client):
    """Appends to mailboxes of its own, flags, moves and expunges what is there."""

    def __init__(self, *args):
        super().__init__(*args)
        self.boxes = ["%s-%d" % (self.name, i) for i in range(2)]
        self.messages = {}  # id: Expected
        self.trying = {}    # those that were perhaps appended

    def session(self):
        client = self.imap()
        for box in self.boxes:
            client.create(box)
        while self.busy():
            self.step(client)

    def step(self, client):
        certain = [i for i, e in self.messages.items()
                   if len(e.boxes) == 1 and e.uid and not e.maybe_gone]
        choice = self.random.random()
        if choice < 0.5 or not certain:
            self.append(client)
            return
        ident = self.random.choice(certain)
        expected = self.messages[ident]
        (box,) = expected.boxes
        ok(client.select(box))
        if choice < 0.7:
            self.flag(client, expected)
        elif choice < 0.85:
            self.move(client, expected, box)
        else:
            self.expunge(client, ident, expected)

    def append(self, client):
        ident, box = self.test.tally.new_id(), self.random.choice(self.boxes)
        expected = self.trying[ident] = Expected(box)
        size = self.random.choice((10, 3000, 40000))
        data = ok(client.append(box, None, None, message(ident, size)))
        expected.uid = int(re.search(rb"APPENDUID \d+ (\d+)", data[0]).group(1))
        self.messages[ident] = self.trying.pop(ident)
        self.test.tally.count("appended")

    def flag(self, client, expected):
        want = True not in expected.flagged
        expected.flagged = {True, False}
        ok(client.uid("STORE", str(expected.uid), "+FLAGS" if want else "-FLAGS", "(\\Flagged)"))
        expected.flagged = {want}
        self.test.tally.count("flagged")

    def move(self, client, expected, box):
        target = [b for b in self.boxes if b != box][0]
        uid, expected.uid = expected.uid, None
        expected.boxes = {box, target}
        ok(client.uid("MOVE", str(uid), target))
        copied = client.response("COPYUID")[1]
        expected.boxes = {target}
        if copied and copied[-1]:
            expected.uid = int(copied[-1].split()[-1])
        self.test.tally.count("moved")

    def expunge(self, client, ident, expected):
        expected.maybe_gone = True
        ok(client.uid("STORE", str(expected.uid), "+FLAGS.SILENT", "(\\Deleted)"))
        ok(client.uid("EXPUNGE", str(expected.uid)))
        del self.messages[ident]
        self.test.tally.count("expunged")
