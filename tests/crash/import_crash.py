#!/usr/bin/env python3
# proves in part: IMPEX-05
"""An import that is broken off, by who called it or by SIGKILL of the server at any moment, leaves nothing; one that
said that it is done is there whole.

Random moments: $MOXD_CRASH_ROUNDS of them, else 8 (4 with sanitizers)."""

import os
import random
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "session"))
sys.path.insert(0, os.path.join(TOP, "daemon"))
import imaplib  # noqa: E402

from echo import run_tests  # noqa: E402
from moxd_server import PASSWORD, Conf, Failure, Server  # noqa: E402

SANITIZED = bool(os.environ.get("MOXD_SANITIZED"))
ROUNDS = int(os.environ.get("MOXD_CRASH_ROUNDS", "4" if SANITIZED else "8"))
MESSAGES = 600 if SANITIZED else 2400
MESSAGE = b"From a Sun Jun 07 10:00:00 2026\nX-Keywords: fresh\nSubject: %d\n\n" + b"y" * 900 + b"\n\n"
BROKEN = 'an import was broken off, and is taken back'
TAKEN = 'a broken import was taken back'


def expect(ok, what):
    if not ok:
        raise Failure(what)


def conf():
    c = Conf()
    c.services = ["imap"]
    c.modules = c.modules + ["impex"]
    return c


def state(server):
    """Names of mailboxes, subscriptions, and the UIDs of each mailbox with their flags."""
    with imaplib.IMAP4(*server.address("imap")) as c:
        c.login("mjl@mox.example", PASSWORD)
        names = sorted(line.decode().split()[-1].strip('"') for line in c.list()[1])
        subscribed = sorted(line.decode().split()[-1].strip('"') for line in c.lsub()[1])
        mail = {}
        for name in names:
            c.select(name, readonly=True)
            mail[name] = [d.replace(b" \\Recent", b"").replace(b"\\Recent", b"")
                          for d in c.uid("FETCH", "1:*", "(FLAGS)")[1] if d]
        return names, subscribed, mail


def counts(found):
    return {name: len(mail) for name, mail in found[2].items()}


def start_import(server, mailbox, file, **more):
    return subprocess.Popen([server.program("moxctl"), "-c", server.path("moxd.conf"), "import", "mbox", "mjl",
                             mailbox, file], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more)


def serving(server):
    pid = server.process.pid
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return int(f.read().split()[0])


def log_count(server, text):
    return sum(text in line for line in server.log)


def kill_serving(server):
    """SIGKILL; waits until its parent has started another, and that has taken back what there was."""
    ready, broken, taken = (log_count(server, t) for t in ("server is ready", BROKEN, TAKEN))
    os.kill(serving(server), signal.SIGKILL)
    server.await_log("server is ready", ready + 1)
    n = log_count(server, BROKEN) - broken
    if n > 0:
        server.await_log(TAKEN, taken + n)
    return n


def killed_in_the_middle(server):
    """After a thousand messages for a mailbox that was not there, below one that was not there."""
    before = state(server)
    p = start_import(server, "New/Below", "-", stdin=subprocess.PIPE)
    p.stdin.write(b"".join(MESSAGE % i for i in range(1300)))
    p.stdin.flush()
    expect(p.stdout.readline() == b"1000 messages\n", "progress")
    expect(kill_serving(server) == 1, "an import is known to be broken")
    p.kill()
    p.communicate()
    expect(state(server) == before, "%s, before: %s" % (state(server), before))
    server.moxctl("store", "verify", "mjl")


def what_others_put_there_stays(server):
    p = start_import(server, "Mine/Theirs", "-", stdin=subprocess.PIPE)
    p.stdin.write(b"".join(MESSAGE % i for i in range(1300)))
    p.stdin.flush()
    p.stdout.readline()
    with imaplib.IMAP4(*server.address("imap")) as c:
        c.login("mjl@mox.example", PASSWORD)
        expect(c.append("Mine/Theirs", "(\\Flagged)", None, b"Subject: theirs\r\n\r\n")[0] == "OK", "append")
    expect(kill_serving(server) == 1, "an import is known to be broken")
    p.kill()
    p.communicate()
    names, _, mail = state(server)
    expect("Mine/Theirs" in names and len(mail["Mine/Theirs"]) == 1 and b"Flagged" in mail["Mine/Theirs"][0],
           "their message: %s" % mail)


def killed_again_while_it_is_taken_back(server):
    before = counts(state(server))
    p = start_import(server, "INBOX", "-", stdin=subprocess.PIPE)
    p.stdin.write(b"".join(MESSAGE % i for i in range(1300)))
    p.stdin.flush()
    p.stdout.readline()
    ready = log_count(server, "server is ready")
    os.kill(serving(server), signal.SIGKILL)
    p.kill()
    p.communicate()
    server.await_log("server is ready", ready + 1)
    kill_serving(server)
    expect(counts(state(server)) == before, "%s, before: %s" % (counts(state(server)), before))
    server.moxctl("store", "verify", "mjl")


def all_or_nothing_at_any_moment(server):
    """Killed at random moments of the same import: it is there whole or not at all, and whole if it said so."""
    rng = random.Random(os.environ.get("MOXD_SEED", "5"))
    file = server.path("mbox")
    with open(file, "wb") as f:
        f.writelines(MESSAGE % i for i in range(MESSAGES))
    begun = time.monotonic()
    p = start_import(server, "Time", file)
    expect(b"%d messages imported" % MESSAGES in p.communicate()[0], "an import")
    lasts = time.monotonic() - begun
    done = 0
    for i in range(ROUNDS):
        before = counts(state(server))
        p = start_import(server, "Round%d" % i, file)
        try:
            p.wait(timeout=lasts * rng.random() * 1.1)
        except subprocess.TimeoutExpired:
            pass
        kill_serving(server)
        said = b"%d messages imported" % MESSAGES in p.communicate()[0]
        after = counts(state(server))
        there = after.pop("Round%d" % i, 0)
        expect(after == before, "%s, before: %s" % (after, before))
        expect(there in (0, MESSAGES), "%d messages of an import stay" % there)
        expect(there == MESSAGES or not said, "an import that was done is not there")
        done += there == MESSAGES
    print("# %d of %d imports were done when the server was killed" % (done, ROUNDS))
    server.moxctl("store", "verify", "mjl")


def broken_off_by_who_called_it(server):
    """It is taken back at once: the next start knows nothing of it."""
    p = start_import(server, "New", "-", stdin=subprocess.PIPE)
    p.stdin.write(b"".join(MESSAGE % i for i in range(1300)))
    p.stdin.flush()
    p.stdout.readline()
    p.kill()
    p.communicate()
    server.await_log('command failed.*name="import mbox"', 1)
    expect("New" not in state(server)[0], "the mailbox of an import that was broken off")
    expect(kill_serving(server) == 0, "an import is known that was taken back")


def main():
    with Server(conf()) as server:
        def bound(test):
            def run_it():
                test(server)
            run_it.__name__ = test.__name__
            return run_it
        run_tests([bound(t) for t in
                   (killed_in_the_middle, what_others_put_there_stays, killed_again_while_it_is_taken_back,
                    all_or_nothing_at_any_moment, broken_off_by_who_called_it)])


main()
