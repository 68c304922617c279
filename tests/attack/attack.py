"""What the attacks share: a whole server, a well-behaved client that must not notice anything, the
memory of the serving process, raw connections.

Memory is looked at in plain builds only: with sanitizers what was freed stays for a while."""

import imaplib
import os
import smtplib
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
for folder in ("session", "daemon"):
    sys.path.insert(0, os.path.join(TESTS, folder))

from echo import Skip, expect, run_tests, status  # noqa: E402, F401
from moxd_client import Client  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Failure, Server  # noqa: E402, F401

ROOT = os.geteuid() == 0
SANITIZED = bool(os.environ.get("MOXD_SANITIZED"))
ADDRESS = {"mjl": "mjl@mox.example", "other": "other@mox.example"}
MB = 1 << 20


def need_root():
    if not ROOT:
        raise Skip("needs root")


class Target(Server):
    """A server to attack."""

    def serving(self):
        """The process that serves, a child of the one that was started."""
        pid = self.process.pid
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            return int(f.read().split()[0])

    def memory(self):
        """Resident bytes of the serving process."""
        return int(status(self.serving())["VmRSS"].split()[0]) * 1024

    def smtp(self, hello=True):
        """A raw connection past its greeting."""
        peer = Peer(self.address("smtp"), "smtp")
        peer.reply()
        if hello:
            peer.ask(b"EHLO attacker.example")
        return peer

    def imap(self, account=None, mailbox=None):
        peer = Peer(self.address("imap"), "imap")
        peer.line()
        if account:
            peer.command(b"LOGIN %s \"%s\"" % (ADDRESS[account].encode(), PASSWORD.encode()))
        if mailbox:
            peer.command(b"SELECT " + mailbox)
        return peer

    def mailbox(self, account, mailbox="INBOX"):
        """A client of Python's library, in that mailbox."""
        client = imaplib.IMAP4(*self.address("imap"), timeout=PATIENCE)
        client.login(ADDRESS[account], PASSWORD)
        ok(client.select(mailbox))
        return client

    def deliver(self, account, *messages):
        """Delivers to INBOX by SMTP."""
        with smtplib.SMTP(*self.address("smtp"), timeout=PATIENCE) as client:
            for message in messages:
                client.sendmail("a@remote.example", [ADDRESS[account]], message)


def ok(answer):
    kind, data = answer
    if kind != "OK":
        raise Failure("the server said %s: %r" % (kind, data))
    return data


class Peer(Client):
    """A raw connection with replies of SMTP and tagged commands of IMAP."""

    def reply(self):
        """One reply of SMTP: (code, last line)."""
        while True:
            line = self.line()
            if line[3:4] != b"-":
                return int(line[:3]), line

    def ask(self, line):
        self.send(line + b"\r\n")
        return self.reply()

    def expect(self, line, code, text=b""):
        got, answer = self.ask(line)
        if got != code or text not in answer:
            raise Failure("%r is answered with %r" % (line[:100], answer))

    def begin(self, account="mjl"):
        """A transaction up to DATA."""
        self.expect(b"MAIL FROM:<a@remote.example>", 250)
        self.expect(b"RCPT TO:<%s>" % ADDRESS[account].encode(), 250)
        self.expect(b"DATA", 354)

    def tagged(self):
        """Reads up to the tagged answer: (it, the lines before)."""
        lines = []
        while True:
            line = self.line()
            if line.startswith((b"t ", b"+ ", b"* BYE")):
                return line, lines
            lines.append(line)

    def command(self, text, want=b"t OK"):
        self.send(b"t " + text + b"\r\n")
        answer, lines = self.tagged()
        if not answer.startswith(want):
            raise Failure("%r is answered with %r" % (text[:100], answer))
        return lines

    def flood(self, data, times=1):
        """Sends as much of it as the server takes before it closes: bytes sent."""
        sent = 0
        try:
            for _ in range(times):
                self.sock.sendall(data)
                sent += len(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return sent

    def drain(self):
        """Says that nothing more will come, and reads to the end: what was said."""
        try:
            self.shut()
        except OSError:
            pass  # the server was faster
        while self.fill():
            pass
        return self.buffer


class Witness:
    """Another user, who sends and reads mail all the time. Every round must work while the attack goes
    on, and at least one begins after it began and ends before it ends."""

    def __init__(self, server, account="other"):
        self.server, self.account = server, account
        self.over = threading.Event()
        self.changed = threading.Condition()
        self.rounds, self.slowest, self.error = 0, 0.0, None
        self.took = []  # seconds of each round since somebody asked
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.await_rounds(1)
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.await_rounds(2)
        finally:
            self.over.set()
            self.thread.join(PATIENCE)
        print("# %d rounds of another client, the slowest %.2f s" % (self.rounds, self.slowest))

    def seconds_of_a_round(self):
        """How long one takes now: the shorter of two."""
        before = self.took = []
        self.await_rounds(3)
        return min(before[1:])

    def await_rounds(self, more):
        """Waits for that many further rounds to end."""
        with self.changed:
            end = self.rounds + more
            done = self.changed.wait_for(lambda: self.rounds >= end or self.error, PATIENCE)
        if self.error or not done:
            raise Failure("another client is disturbed: %s" % (self.error or "it waits"))

    def run(self):
        try:
            box = self.server.mailbox(self.account)
            while not self.over.is_set():
                started = time.monotonic()
                self.round(box)
                with self.changed:
                    self.took.append(time.monotonic() - started)
                    self.slowest = max(self.slowest, self.took[-1])
                    self.rounds += 1
                    self.changed.notify_all()
            box.logout()
        except Exception as e:  # told by who waits
            with self.changed:
                self.error = "%s: %s" % (type(e).__name__, e)
                self.changed.notify_all()

    def round(self, box):
        text = "witness %d" % self.rounds
        self.server.deliver(self.account, "From: <w@remote.example>\r\nSubject: %s\r\n\r\n.\r\n" % text)
        ok(box.noop())
        found = ok(box.search(None, "SUBJECT", '"%s"' % text))[0].split()
        if len(found) != 1:
            raise Failure("%r is found as %r" % (text, found))
        if b"w@remote.example" not in ok(box.fetch(found[0], "(BODY[HEADER])"))[0][1]:
            raise Failure("another message was read")
        ok(box.store(found[0], "+FLAGS.SILENT", "(\\Deleted)"))
        ok(box.expunge())


class Bounded:
    """The serving process must not have grown by more than that when the attack is over, nor at the
    moments that ask with look()."""

    def __init__(self, server, bytes_more):
        self.server, self.more = server, bytes_more

    def __enter__(self):
        self.before = self.server.memory()
        return self

    def look(self, when="in the attack"):
        grown = self.server.memory() - self.before
        print("# memory %s: %+.1f MB" % (when, grown / MB))
        if grown > self.more and not SANITIZED:
            raise Failure("memory grew by %.1f MB %s" % (grown / MB, when))

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.look("after the attack")


class HighWater:
    """The serving process never had that many bytes more than now (VmHWM)."""

    def __init__(self, server, bytes_more):
        self.server, self.more = server, bytes_more

    def most(self):
        return int(status(self.server.serving())["VmHWM"].split()[0]) * 1024

    def __enter__(self):
        self.before = self.server.memory()
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            return
        grown = self.most() - self.before
        print("# memory at its highest: %+.1f MB" % (grown / MB))
        if grown > self.more and not SANITIZED:
            raise Failure("memory grew by %.1f MB" % (grown / MB))


def close_all(peers):
    for peer in peers:
        peer.close()
