#!/usr/bin/env python3
# proves: IMAP-17, IMAP-07, STORE-16
"""Sessions that append, flag, copy, move and expunge in the same mailboxes at once.

    imap_race.py [-t SECONDS] [-n SESSIONS] [-s SEED] [-l FILE]     -l writes down all that was said

Each keeps a mirror of its mailbox from what it is told, which must be possible at every step (Mirror)
and agree with what it did itself. They run in rounds of a second; after each all mirrors must be what a
new session sees. What may be where is known too (Truth): nothing is lost, nothing comes twice, nothing
comes back.

A message has a name, X-Id. Only session N sets the keywords nN-0, nN-1, ...: the highest counts its
changes of the message, so that nobody may see it fall. Besides, some only watch: in IDLE, and by NOTIFY.

The second time the mailboxes are shared: every second session is of another account, with all rights."""

import argparse
import collections
import os
import random
import re
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from imap_client import Imap  # noqa: E402
from imap_mirror import Mirror, uid_set  # noqa: E402
from moxd_server import PATIENCE, Conf, Failure, Server  # noqa: E402

SANITIZED = bool(os.environ.get("MOXD_SANITIZED"))
BOXES = (b"INBOX", b"Other")
OWNER, VIEWER = b"mjl", b"other"
ROUND = 1.0
FEW, MANY = 40, 120   # messages that a mailbox is kept between
KEYWORDS = 400        # in all: the store has a limit for a mailbox
MESSAGE = b"From: a@remote.example\r\nX-Id: %s\r\nSubject: race\r\n\r\nhello\r\n"
TAKES_ID = b"BODY[HEADER.FIELDS (X-ID)]"


class Marks:
    """A set of UIDs that only grows, a byte each."""

    def __init__(self):
        self.bytes = bytearray(1024)

    def add(self, uid):
        """False when it was there."""
        if uid >= len(self.bytes):
            self.bytes += bytes(2 * uid - len(self.bytes))
        was, self.bytes[uid] = self.bytes[uid], 1
        return not was

    def __contains__(self, uid):
        return uid < len(self.bytes) and self.bytes[uid] == 1


class Truth:
    """What may be where, from the answers that all sessions got. Holds only what is still there."""

    def __init__(self, trace=None):
        self.trace = trace
        self.lock = threading.Lock()
        self.ids = {box: {} for box in BOXES}   # UID: (name, appended)
        self.doomed = {box: Marks() for box in BOXES}
        self.moved = {box: Marks() for box in BOXES}
        self.stop = threading.Event()
        self.errors = []

    def note(self, text, *args):
        """Text files of Python are not for several threads."""
        if self.trace:
            with self.lock:
                self.trace.write(text % args)

    def add(self, box, uid, name, appended):
        with self.lock:
            if uid in self.ids[box]:
                raise Failure("UID %d of %s is given twice" % (uid, box.decode()))
            self.ids[box][uid] = (name, appended)

    def doom(self, box, uids):
        """Somebody is about to remove them."""
        with self.lock:
            for uid in uids:
                self.doomed[box].add(uid)

    def forget(self, box, uids):
        with self.lock:
            for uid in uids:
                self.ids[box].pop(uid, None)

    def copied(self, src, dst, pairs, move):
        for old, new in pairs:
            with self.lock:
                name = self.ids[src].get(old, (None, False))[0]
                if move and not self.moved[src].add(old):
                    raise Failure("UID %d of %s was moved twice" % (old, src.decode()))
            self.add(dst, new, name, False)

    def may_be_gone(self, box, uid):
        """Copies may be \\Deleted from their beginning, so that they go with somebody's EXPUNGE."""
        with self.lock:
            return uid in self.doomed[box] or not self.ids[box].get(uid, (None, False))[1]

    def saw_expunge(self, box, uid):
        if not self.may_be_gone(box, uid):
            raise Failure("UID %d of %s went, and nobody removed it" % (uid, box.decode()))

    def saw_name(self, box, uid, name):
        with self.lock:
            known = self.ids[box].get(uid, (None, False))[0]
        if known not in (None, name):
            raise Failure("UID %d of %s is %r, not %r" % (uid, box.decode(), name, known))

    def check(self, box, state, strictly):
        """Against what is there in the end; strictly when nobody used EXPUNGE there."""
        lost = [uid for uid, (_, appended) in self.ids[box].items()
                if uid not in state and uid not in self.doomed[box] and (appended or strictly)]
        if lost:
            raise Failure("lost from %s: %s" % (box.decode(), lost))
        left = [uid for uid in state if uid in self.doomed[box]]
        if left:
            raise Failure("still in %s: %s" % (box.decode(), left))
        more = [uid for uid in state if uid not in self.ids[box]]
        if more:
            raise Failure("nobody put into %s: %s" % (box.decode(), more))

    def fail(self, text):
        self.errors.append(text)
        self.stop.set()


class Session:
    """A connection with its mirror."""

    def __init__(self, server, truth, number, sessions, user=OWNER):
        self.truth, self.number, self.user = truth, number, user
        self.name = b"n%d-" % number
        self.counts_to = KEYWORDS // sessions - 1
        self.imap = Imap(server.address("imap")).login(user.decode() + "@mox.example")
        self.log = collections.deque(maxlen=60)
        self.commands = 0
        self.changes = 0

    def wire(self, box):
        return box if self.user == OWNER else b'"Other Users/%s/%s"' % (OWNER, box)

    def select(self, box):
        self.box, self.mirror = box, Mirror()
        self.counts = {}    # UID: of every session the highest count seen
        self.mine = {}      # UID: what is acknowledged to me
        condstore = b" (CONDSTORE)" if b"CONDSTORE" in self.imap.capabilities else b""
        self.run(b"SELECT", b"SELECT " + self.wire(box) + condstore)
        self.learn()

    def apply(self, response):
        self.log.append(response)
        self.mirror.apply(response)

    def run(self, verb, *command):
        """A command that must be accepted. `verb` is b"" for UID forms, which may bring EXPUNGE."""
        self.mirror.running = verb
        self.log.append(b"> " + b"".join(command)[:200])
        responses = self.imap.command(*command)
        self.commands += 1
        for response in responses:
            self.apply(response)
        self.log.append(self.imap.tagged)
        self.truth.note("%d %s %r: %r %r\n", self.number, self.box.decode(), b"".join(command)[:100],
                        responses, self.imap.tagged)
        if self.imap.tagged[0] != b"OK":
            raise Failure("%r is answered with %s" % (command[0][:100], self.imap.tagged))
        self.digest()
        return responses

    def digest(self):
        """Compares what was told with what is known elsewhere."""
        mirror = self.mirror
        for uid in mirror.expunged:
            self.truth.saw_expunge(self.box, uid)
            self.counts.pop(uid, None)
            self.mine.pop(uid, None)
        for fetched in mirror.fetched:
            self.digest_fetch(fetched)
        self.changes += mirror.told
        mirror.expunged, mirror.fetched, mirror.told = [], [], 0

    def digest_fetch(self, fetched):
        uid = int(fetched.get(b"UID", 0))
        if not uid:
            return
        if TAKES_ID in fetched:
            self.truth.saw_name(self.box, uid, fetched[TAKES_ID].split()[1])
        if b"FLAGS" in fetched:
            self.count(uid, fetched[b"FLAGS"])

    def count(self, uid, flags):
        now = {}
        for flag in flags:
            m = re.fullmatch(rb"(n\d+-)(\d+)", flag)
            if m:
                now[m[1]] = max(now.get(m[1], 0), int(m[2]))
        for name, before in self.counts.get(uid, {}).items():
            if now.get(name, -1) < before:
                raise Failure("UID %d: %s%d came after %s%d" % (
                    uid, name.decode(), now.get(name, -1), name.decode(), before))
        self.counts[uid] = now

    def learn(self):
        """Asks for what is new."""
        new = self.mirror.unknown()
        if new:
            self.run(b"FETCH", b"FETCH %s (UID FLAGS)" % new)

    def finish(self):
        """Everything that was pending; the state."""
        self.run(b"", b"NOOP")
        self.learn()
        self.run(b"", b"NOOP")
        return self.mirror.state()


class Worker(Session):
    """One that changes things."""

    def __init__(self, server, truth, number, sessions, seed, user):
        super().__init__(server, truth, number, sessions, user)
        self.rng = random.Random(seed + number)
        self.appended = 0
        self.select(BOXES[number % 2])

    def work(self):
        while not self.truth.stop.is_set():
            self.step()
            self.learn()

    def step(self):
        n = len(self.mirror.uids)
        if n < FEW:
            self.append()
        elif n > MANY:
            self.expunge()
        else:
            self.rng.choice(self.ACTIONS)(self)

    def some(self, most=5):
        """Messages in a row: (first and last sequence number, UIDs)."""
        known = self.mirror.known()
        if not known:
            return 0, 0, []
        at = self.rng.randrange(len(known))
        first, n, wanted = known[at][0], 1, self.rng.randint(1, most)
        # Not over one whose UID is not known yet: ranges would change it, and Truth not hear of it.
        while n < wanted and known[at + n:] and known[at + n][0] == first + n:
            n += 1
        return first, first + n - 1, [uid for _, uid in known[at:at + n]]

    def append(self, box=None):
        """The UID."""
        name = b"%d-%d" % (self.number, self.appended)
        self.appended += 1
        message = MESSAGE % name
        flags = self.rng.choice([b"", b"\\Seen", b"$label"])
        self.run(b"", b"APPEND %s (%s) {%d+}\r\n" % (self.wire(box or self.box), flags, len(message)), message)
        uid = int(self.imap.tagged[4].rstrip(b"]"))
        self.truth.add(box or self.box, uid, name, True)
        return uid

    def store(self, first, last, uids, how, flags):
        """By sequence numbers or by UIDs, silently or not; what it did is in the mirror then."""
        silent = self.rng.random() < 0.3
        for uid in uids if silent else ():
            now = self.mirror.flags.get(uid)
            if now is not None:
                self.mirror.flags[uid] = now | flags if how == b"+" else now - flags
        what = b"%sFLAGS%s (%s)" % (how, b".SILENT" if silent else b"", b" ".join(flags))
        if self.rng.random() < 0.5:
            self.run(b"STORE", b"STORE %d:%d " % (first, last), what)
        else:
            self.run(b"", b"UID STORE %d:%d " % (uids[0], uids[-1]), what)

    def flag(self):
        first, last, uids = self.some()
        if uids:
            self.store(first, last, uids, self.rng.choice([b"+", b"-"]),
                       {self.rng.choice([b"\\seen", b"\\flagged", b"\\answered", b"$label"])})

    def count_up(self):
        """My next keyword on a message, then the old one off."""
        first, _, uids = self.some(1)
        if not uids:
            return
        uid, = uids
        old = self.counts.get(uid, {}).get(self.name, self.mine.get(uid, -1))
        if old >= self.counts_to:
            return
        self.store(first, first, uids, b"+", {self.name + b"%d" % (old + 1)})
        self.acknowledged(uid, old + 1)
        if old >= 0 and uid in self.mirror.uids:
            first = self.mirror.uids.index(uid) + 1
            self.store(first, first, uids, b"-", {self.name + b"%d" % old})
            self.acknowledged(uid, old + 1)

    def acknowledged(self, uid, count):
        if uid not in self.mirror.uids:
            return
        if self.name + b"%d" % count not in self.mirror.flags[uid]:
            if self.truth.may_be_gone(self.box, uid):
                return  # it is told with the next command that may bring an EXPUNGE
            raise Failure("UID %d: my keyword %d is not there: %s" % (
                uid, count, self.mirror.flags[uid]))
        self.mine[uid] = count
        self.counts.setdefault(uid, {})[self.name] = count

    def transfer(self, move):
        first, last, uids = self.some()
        if not uids:
            return
        if move:
            self.truth.doom(self.box, uids)
        dst = self.rng.choice(BOXES)
        verb = b"MOVE" if move else b"COPY"
        if self.rng.random() < 0.5:
            responses = self.run(b"", b"%s %d:%d %s" % (verb, first, last, self.wire(dst)))
        else:
            responses = self.run(b"", b"UID %s %d:%d %s" % (verb, uids[0], uids[-1], self.wire(dst)))
        for answer in responses + [self.imap.tagged]:
            if answer[0] == b"OK" and answer[2:3] == [b"COPYUID"]:
                pairs = list(zip(uid_set(answer[4]), uid_set(answer[5])))
                self.truth.copied(self.box, dst, pairs, move)
        if move:
            self.truth.forget(self.box, uids)

    def copy(self):
        self.transfer(False)

    def move(self):
        self.transfer(True)

    def expunge(self):
        """Session 0 uses EXPUNGE, all others UID EXPUNGE."""
        first, last, uids = self.some(30)
        if not uids:
            return
        self.truth.doom(self.box, uids)
        self.store(first, last, uids, b"+", {b"\\deleted"})
        if self.number == 0:
            self.run(b"", b"EXPUNGE")
        else:
            self.run(b"", b"UID EXPUNGE %d:%d" % (uids[0], uids[-1]))
        left = set(uids) & set(self.mirror.uids)
        if left:
            raise Failure("expunged, and still there: %s" % left)
        self.truth.forget(self.box, uids)

    def fetch_names(self):
        first, last, uids = self.some(20)
        if uids:
            self.run(b"FETCH", b"FETCH %d:%d (UID FLAGS BODY.PEEK[HEADER.FIELDS (X-Id)])" % (first, last))

    def fetch_all(self):
        self.run(b"FETCH", b"FETCH 1:* (UID FLAGS)")

    def search(self):
        """Exactly the messages that have my keyword, as far as nobody removed them."""
        uid = self.rng.choice(list(self.mine) or [0])
        if not uid:
            return
        count = self.mine[uid]
        keyword = self.name + b"%d" % count
        known = set(self.mirror.flags)
        wanted = {u for u in known if keyword in self.mirror.flags[u]}
        found = [r for r in self.run(b"", b"UID SEARCH KEYWORD " + keyword) if r[0] == b"SEARCH"]
        found = {int(n) for n in found[0][1:]} & known
        missing = [u for u in wanted - found
                   if u in self.mirror.flags and not self.truth.may_be_gone(self.box, u)]
        if missing or found - wanted:
            raise Failure("SEARCH %r: %s too many, %s missing" % (keyword, found - wanted, missing))

    def noop(self):
        self.run(b"", b"NOOP")

    def select_again(self):
        if self.rng.random() < 0.2:
            self.select(self.rng.choice(BOXES) if self.number > 1 else self.box)

    ACTIONS = (append, append, flag, flag, flag, count_up, count_up, count_up, count_up, copy, move, expunge,
               fetch_names, fetch_all, search, noop, select_again)


class Watcher(Session):
    """One that only looks, in IDLE."""

    def __init__(self, server, truth, number, sessions, user=OWNER):
        super().__init__(server, truth, number, sessions, user)
        self.last = None    # the UID after which nothing happens in this round
        self.select(BOXES[number % 2])

    def work(self):
        """Without a NOOP, to the last message."""
        self.last = None
        while self.last is None or self.last not in self.mirror.uids:
            self.idle()
            self.learn()

    def idle(self):
        """Until there is a new message."""
        self.mirror.running = b""
        self.log.append(b"> IDLE")
        self.imap.begin(b"IDLE")
        self.commands += 1
        while not self.mirror.unknown():
            response = self.imap.response()
            if response[0] == b"*":
                self.apply(response[1:])
        self.imap.send(b"DONE\r\n")
        for response in self.imap.end():
            self.apply(response)
        self.digest()


class Listener(Watcher):
    """One that only looks, and is told by NOTIFY (RFC 5465): of its mailbox at once, of the other with STATUS."""

    EVENTS = b"messageexpunge flagchange"

    def select(self, box):
        super().select(box)
        self.other = BOXES[1 - BOXES.index(box)]
        self.status = {}    # of the other mailbox, as last told
        self.run(b"", b"NOTIFY SET (selected (messagenew (uid flags) %s)) (personal (messagenew %s))"
                 % (self.EVENTS, self.EVENTS))

    def apply(self, response):
        if response[0] == b"STATUS" and response[1] == self.other:
            self.status.update(zip(response[2][::2], response[2][1::2]))
        super().apply(response)

    def work(self):
        """Without a command, to the last message."""
        self.last = None
        self.mirror.running = b""
        while self.last is None or self.last not in self.mirror.uids:
            response = self.imap.response()
            self.apply(response[1:])
            self.digest()

    def finish(self):
        """What was told last of the other mailbox is how it is."""
        state = super().finish()
        told = dict(self.status)
        self.run(b"", b"STATUS %s (MESSAGES UIDNEXT UNSEEN)" % self.other)
        wrong = {name: (n, self.status[name]) for name, n in told.items()
                 if name in (b"MESSAGES", b"UIDNEXT", b"UNSEEN") and n != self.status[name]}
        if wrong or b"MESSAGES" not in told:
            raise Failure("STATUS of %s was told as %s, wrong: %s" % (self.other, told, wrong))
        return state


def run_thread(truth, session):
    try:
        session.work()
    except Exception as e:
        what = str(e) if isinstance(e, Failure) else traceback.format_exc()
        truth.fail("session %d in %s: %s\nits last lines:\n%s" % (
            session.number, session.box.decode(), what, "\n".join(map(repr, session.log))))


def look(server, box, user):
    """What a new session sees."""
    session = Session(server, Truth(), 0, 1, user)
    session.select(box)
    if session.mirror.uidnext <= max(session.mirror.uids, default=0):
        raise Failure("UIDNEXT %d" % session.mirror.uidnext)
    session.imap.close()
    return session.mirror.state()


def compare(session, state):
    """The mirror at the end, and on messages that were appended my own keywords."""
    mine = session.mirror.state()
    if list(mine) == list(state) and mine == state:
        return
    wrong = [(uid, mine.get(uid), state.get(uid)) for uid in sorted(set(mine) | set(state), key=str)
             if mine.get(uid) != state.get(uid)]
    raise Failure("session %d in %s has another mailbox: (UID, its flags, true flags): %s\n%s" % (
        session.number, session.box.decode(), wrong[:10], "\n".join(map(repr, session.log))))


def check_keywords(truth, worker, state):
    """Session N's keywords on appended messages are where N was told so, and nowhere else."""
    for uid, flags in state.items():
        if not truth.ids[worker.box].get(uid, (None, False))[1]:
            continue
        count = max((int(f[len(worker.name):]) for f in flags if f.startswith(worker.name)), default=-1)
        if worker.mine.get(uid, count) != count:
            raise Failure("UID %d has count %d of session %d, which knows %d" % (
                uid, count, worker.number, worker.mine[uid]))


def end(workers, watchers):
    """Nothing changes any more but the messages that the watchers wait for."""
    for box in BOXES:
        uid = workers[0].append(box)
        for watcher in watchers:
            if watcher.box == box:
                watcher.last = uid
    for box in BOXES:  # one that saw its last message before it knew that gets another one
        workers[0].append(box)


def join(threads, truth):
    for thread in threads:
        thread.join(PATIENCE + 60)
        if thread.is_alive():
            raise Failure("a session hangs")
    if truth.errors:
        raise Failure(truth.errors[0])


def start(truth, sessions):
    threads = [threading.Thread(target=run_thread, args=(truth, s), daemon=True) for s in sessions]
    for thread in threads:
        thread.start()
    return threads


def work(truth, workers, watchers):
    """One round."""
    truth.stop.clear()
    watching, working = start(truth, watchers), start(truth, workers)
    truth.stop.wait(ROUND)
    truth.stop.set()
    join(working, truth)
    end(workers, watchers)
    join(watching, truth)


def check(server, truth, workers, watchers):
    """Everybody has the same mailboxes, and they are what they must be."""
    users = {session.user for session in workers + watchers}
    states = {(user, box): look(server, box, user) for user in users for box in BOXES}
    for session in workers + watchers:
        session.finish()
        compare(session, states[session.user, session.box])
    for worker in workers:
        check_keywords(truth, worker, states[worker.user, worker.box])
    for box in BOXES:
        truth.check(box, states[OWNER, box], strictly=box != workers[0].box)


def prepare(server, shared):
    imap = Imap(server.address("imap")).login("mjl@mox.example")
    imap.ok(b"CREATE Other")
    for box in BOXES if shared else ():
        imap.ok(b"SETACL %s %s lrswipkxtea" % (box, VIEWER))


def race(server, seconds, sessions, seed, trace, shared):
    truth, over = Truth(trace), time.monotonic() + seconds
    prepare(server, shared)
    nwatchers = max(2, sessions // 4)
    nworkers = sessions - nwatchers
    users = [VIEWER if shared and i // 2 % 2 else OWNER for i in range(sessions)]
    workers = [Worker(server, truth, i, sessions, seed, users[i]) for i in range(nworkers)]
    watchers = [Watcher(server, truth, i, sessions, users[i]) for i in range(nworkers, sessions)]
    watchers += [Listener(server, truth, sessions + i, sessions) for i in range(2)]
    rounds = 0
    while rounds == 0 or time.monotonic() < over:
        work(truth, workers, watchers)
        check(server, truth, workers, watchers)
        rounds += 1
    print("# %d sessions, %d rounds, %d commands, %d changes told" % (
        sessions, rounds, sum(s.commands for s in workers + watchers),
        sum(s.changes for s in workers + watchers)))


def options():
    p = argparse.ArgumentParser()
    p.add_argument("-t", type=float, default=os.environ.get("MOXD_RACE_SECONDS", 5))
    p.add_argument("-n", type=int, default=os.environ.get("MOXD_RACE_SESSIONS", 8))
    p.add_argument("-s", type=int, default=os.environ.get("MOXD_RACE_SEED", random.randrange(1 << 30)))
    p.add_argument("-l", type=argparse.FileType("w"))
    return p.parse_args()


def main():
    args = options()
    conf = Conf()
    conf.services = ["imap"]
    print("1..2\n# seed %d" % args.s, flush=True)
    failed = 0
    for i, title in enumerate(("sessions race", "sessions of two accounts race in shared mailboxes")):
        try:
            with Server(conf) as server:
                race(server, args.t / (1 + i), args.n, args.s, args.l, shared=i == 1)
            print("ok %d - %s" % (i + 1, title), flush=True)
        except Exception as e:
            what = str(e) if isinstance(e, Failure) else traceback.format_exc()
            print("not ok %d - %s\n# %s" % (i + 1, title, what.replace("\n", "\n# ")), flush=True)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
