#!/usr/bin/env python3
"""Clients with QRESYNC that lose their connection at any moment, while others change the mailbox. Each
knows only what it was told, and takes for granted what RFC 7162 6 allows; in the end each must have
exactly what is there. MOXD_RESYNC_SECONDS lets it run longer.

proves: IMAP-02, IMAP-03, IMAP-17, STORE-07, STORE-08"""

import os
import random
import re
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from moxd_client import Client  # noqa: E402
from moxd_server import PASSWORD, Conf, Failure, Server  # noqa: E402

SECONDS = float(os.environ.get("MOXD_RESYNC_SECONDS", "4"))
WRITERS, READERS = 3, 3
FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "\\Deleted", "key"]


def numbers(text):
    for part in text.split(","):
        first, _, last = part.partition(":")
        yield from range(int(first), int(last or first) + 1)


class Session:
    def __init__(self, address, seed):
        self.address = address
        self.random = random.Random(seed)
        self.serial = 0
        self.client = None
        self.trace = []  # the last lines, for the report

    def connect(self):
        self.client = Client(self.address, "imap")
        self.client.line()
        self.command("LOGIN mjl@mox.example \"%s\"" % PASSWORD)

    def note(self, line):
        self.trace = self.trace[-60:] + [line[:1000]]

    def line(self):
        line = self.client.line().decode()
        self.note("S: " + line)
        return line

    def untagged(self, line):
        pass

    def send(self, text):
        self.serial += 1
        tag = "t%d" % self.serial
        self.note("C: %s %s" % (tag, text))
        self.client.send(("%s %s\r\n" % (tag, text)).encode())
        return tag

    def finish(self, tag):
        """Up to the tagged answer, which must be OK."""
        while True:
            line = self.line()
            if line.startswith(tag + " "):
                if not line.startswith(tag + " OK"):
                    raise Failure("refused: %s" % line)
                self.answered(line)
                return line
            self.untagged(line)

    def answered(self, line):
        pass

    def command(self, text):
        return self.finish(self.send(text))


class Writer(Session):
    """Changes flags, expunges, appends, copies, moves."""

    def work(self, until):
        self.connect()
        self.command("SELECT stress")
        while time.monotonic() < until:
            getattr(self, self.random.choice(["flag"] * 6 + ["append", "copy", "expunge", "move"]))()
        self.command("LOGOUT")

    def some(self):
        first = self.random.randrange(1, 300)
        return "%d:%d" % (first, first + self.random.randrange(12))

    def flag(self):
        self.command("UID STORE %s %sFLAGS%s (%s)" % (
            self.some(), self.random.choice(["", "+", "-"]), self.random.choice(["", ".SILENT"]),
            " ".join(self.random.sample(FLAGS, self.random.randrange(3)))))

    def append(self):
        self.command("APPEND stress (%s) {8+}\r\nA: b\r\n\r\n" % self.random.choice(FLAGS))

    def copy(self):
        self.command("UID COPY %s stress" % self.some())

    def move(self):
        self.command("UID MOVE %s stress" % self.some())

    def expunge(self):
        self.command(self.random.choice(["EXPUNGE", "UID EXPUNGE %s" % self.some()]))


class Reader(Session):
    """A copy of the mailbox, kept by QRESYNC."""

    def __init__(self, address, seed):
        super().__init__(address, seed)
        self.uids = []  # by message number; None: not told yet
        self.flags = {}
        self.validity = self.modseq = 0
        self.seen = self.told = 0  # MODSEQ and HIGHESTMODSEQ since the last tagged answer
        self.resyncs = self.held = 0
        self.selecting = False

    def untagged(self, line):
        match = re.fullmatch(r"\* (\d+) (EXISTS|FETCH) ?(.*)", line)
        if match and match.group(2) == "EXISTS":
            self.exists(int(match.group(1)))
        elif match:
            self.fetched(int(match.group(1)), match.group(3))
        elif line.startswith("* VANISHED "):
            self.vanished(line.split()[-1], "(EARLIER)" in line)
        elif line.startswith("* OK [HIGHESTMODSEQ "):
            self.told = int(re.search(r"\d+", line).group())
            self.held += not self.selecting
        elif line.startswith("* OK [UIDVALIDITY "):
            self.validity = int(re.search(r"\d+", line).group())
        elif re.search(r"EXPUNGE|BYE", line):
            raise Failure("unexpected: %s" % line)

    def exists(self, n):
        if self.selecting:
            self.uids = [None] * n
        elif n < len(self.uids):
            raise Failure("%d EXISTS, there were %d" % (n, len(self.uids)))
        self.uids += [None] * (n - len(self.uids))

    def fetched(self, number, data):
        uid = re.search(r"UID (\d+)", data)
        flags = re.search(r"FLAGS \(([^)]*)\)", data)
        modseq = re.search(r"MODSEQ \((\d+)\)", data)
        if number > len(self.uids):
            raise Failure("FETCH of %d, there are %d" % (number, len(self.uids)))
        if flags and not modseq:
            raise Failure("flags without MODSEQ: %s" % data)
        if modseq:
            self.seen = max(self.seen, int(modseq.group(1)))
        if uid:
            uid = int(uid.group(1))
            if self.uids[number - 1] not in (None, uid):
                raise Failure("%d was %s, now %d" % (number, self.uids[number - 1], uid))
            self.uids[number - 1] = uid
        else:
            uid = self.uids[number - 1]
        if flags and uid:
            self.flags[uid] = frozenset(flags.group(1).split()) - {"\\Recent"}  # each session's own

    def vanished(self, text, earlier):
        for uid in numbers(text):
            self.flags.pop(uid, None)
            if earlier:
                continue
            self.remove(uid)

    def remove(self, uid):
        """It may be one of those that have no UID yet: where it must be."""
        if uid in self.uids:
            self.uids.remove(uid)
            return
        start = 1 + max((i for i, u in enumerate(self.uids) if u and u < uid), default=-1)
        if start < len(self.uids) and self.uids[start] is None:
            del self.uids[start]
        else:
            raise Failure("VANISHED %d, which is not there" % uid)

    def answered(self, line):
        code = re.search(r"\[HIGHESTMODSEQ (\d+)\]", line)
        if code:
            self.told = int(code.group(1))
        self.modseq = self.told or max(self.modseq, self.seen)
        self.seen = self.told = 0

    def known(self):
        """The messages up to the first that it was not told the UID or the flags of."""
        end = next((i for i, uid in enumerate(self.uids) if uid not in self.flags), len(self.uids))
        return self.uids[:end]

    def visit(self):
        """Connects again; what the client knows goes into SELECT."""
        self.seen = self.told = 0
        self.connect()
        self.command("ENABLE QRESYNC")
        known = self.known()
        self.flags = {uid: self.flags[uid] for uid in known}
        extra = ""
        if self.modseq:
            extra = " (QRESYNC (%d %d" % (self.validity, self.modseq)
            if known and self.random.random() < 0.5:
                extra += " 1:%d" % known[-1]
            if known and self.random.random() < 0.5:
                at = sorted(self.random.sample(range(len(known)), min(4, len(known))))
                extra += " (%s %s)" % (",".join(str(i + 1) for i in at),
                                       ",".join(str(known[i]) for i in at))
            extra += "))"
        self.selecting = True
        self.command("SELECT stress" + extra)
        self.selecting = False
        self.resyncs += 1
        known = [uid for uid in known if uid in self.flags]
        for i, uid in enumerate(known):
            if self.uids[i] not in (None, uid):
                raise Failure("message %d is %d, not %d" % (i + 1, self.uids[i], uid))
        self.uids[:len(known)] = known
        self.command("UID FETCH %d:* (FLAGS)" % (known[-1] + 1 if known else 1))

    def step(self):
        n = self.random.randrange(1, len(self.uids) + 1) if self.uids else 0
        return self.random.choice([
            "NOOP", "NOOP", "UID FETCH 1:* (FLAGS)", "SEARCH ALL",
            "UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % max(self.modseq, 1),
            "FETCH %d (FLAGS UID MODSEQ)" % n if n else "NOOP",
            "STORE %d +FLAGS (\\Seen)" % n if n else "NOOP",
            "STORE %d -FLAGS.SILENT (\\Seen)" % n if n else "NOOP",
            "FETCH %d UID" % n if n else "NOOP"])

    def apply_own(self, text):
        """What a silent store did is not told."""
        match = re.fullmatch(r"STORE (\d+) -FLAGS.SILENT \(\\Seen\)", text)
        uid = match and self.uids[int(match.group(1)) - 1]
        if uid in self.flags:
            self.flags[uid] -= {"\\Seen"}

    def lose(self, text):
        """The connection breaks while the answer comes: what came counts or not."""
        before = list(self.uids), dict(self.flags), self.modseq, self.validity
        tag = self.send(text)
        for _ in range(self.random.randrange(4)):
            line = self.line()
            if line.startswith(tag + " "):
                break
            self.untagged(line)
        self.client.close()
        if self.random.random() < 0.5:
            self.uids, self.flags, self.modseq, self.validity = before

    def work(self, until):
        self.visit()
        while time.monotonic() < until:
            text = self.step()
            if self.random.random() < 0.15:
                self.lose(text)
                self.visit()
                continue
            self.apply_own(text)
            self.command(text)


def run_all(sessions, until, errors):
    def one(session):
        try:
            session.work(until)
        except Exception:  # pylint: disable=broad-except
            errors.append("%s:\n%s\n%s" % (type(session).__name__, "\n".join(session.trace),
                                           traceback.format_exc()))

    threads = [threading.Thread(target=one, args=(s,)) for s in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def compare(reader, number):
    """What it has against what is there."""
    reader.command("NOOP")
    fresh = Reader(reader.address, 0)
    fresh.visit()
    known = reader.known()
    reader.command("UID FETCH %d:* (FLAGS)" % (known[-1] + 1 if known else 1))
    wrong = [uid for uid in sorted(set(reader.flags) | set(fresh.flags))
             if reader.flags.get(uid) != fresh.flags.get(uid)]
    for uid in wrong[:5]:
        print("# UID %d: has %s, is %s" % (uid, reader.flags.get(uid), fresh.flags.get(uid)))
    if reader.uids != fresh.uids:
        print("# numbers: has %s\n# is %s" % (reader.uids, fresh.uids))
    good = not wrong and reader.uids == fresh.uids
    print("%sok %d - client %d: %d visits, %d of %d messages are right, held back %d times" % (
        "" if good else "not ", number + 2, number + 1, reader.resyncs,
        len(fresh.flags) - len(wrong), len(fresh.flags), reader.held))
    return good


def main():
    seed = int(os.environ.get("MOXD_SEED", random.randrange(1 << 30)))
    print("# MOXD_SEED=%d" % seed)
    with Server(Conf()) as server:
        address = server.address("imap")
        first = Writer(address, 0)
        first.connect()
        first.command("CREATE stress")
        for _ in range(30):
            first.append()
        writers = [Writer(address, seed + i) for i in range(WRITERS)]
        readers = [Reader(address, seed + 100 + i) for i in range(READERS)]
        errors = []
        run_all(writers + readers, time.monotonic() + SECONDS, errors)
        print("%sok 1 - everyone worked" % ("not " if errors else ""))
        for line in "\n".join(errors).splitlines():
            print("# " + line)
        good = not errors and all([compare(r, i) for i, r in enumerate(readers)])
    print("1..%d" % (1 if errors else READERS + 1))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
