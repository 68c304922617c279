#!/usr/bin/env python3
# proves: STORE-01, STORE-04, STORE-08, STORE-10, IMAP-16, P-STORE-03
"""Kills the server with SIGKILL at random moments while clients deliver, append, flag, move and
expunge; starts it again; finds everything that was acknowledged.

    server_crash.py [SECONDS]     default: $MOXD_CRASH_SECONDS, else 60 (15 with sanitizers)

A client owns its mailboxes, so that it knows what must be in them: an operation that was answered
with OK is certain, one that was cut off may have happened or not, nothing else is possible. Rounds
take turns: the serving process is killed and its parent restarts it; both are killed; the parent alone
is killed, and the serving process ends by itself; both are killed, and again while they recover."""

import os
import random
import select
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "session"))
from load import Deliverer, Gate, Keeper, Tally  # noqa: E402
from look import check  # noqa: E402
from moxd_server import PATIENCE, Conf, Failure, Server  # noqa: E402

SANITIZED = bool(os.environ.get("MOXD_SANITIZED"))
SECONDS = float(sys.argv[1] if len(sys.argv) > 1
                else os.environ.get("MOXD_CRASH_SECONDS", "15" if SANITIZED else "60"))


def kill(pid):
    """SIGKILL, and waits for the end of a process that is no child of ours."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    signal.pidfd_send_signal(fd, signal.SIGKILL)
    await_end(pid, fd)


def await_end(pid, fd):
    ended, _, _ = select.select([fd], [], [], PATIENCE)
    os.close(fd)
    if not ended:
        raise Failure("process %d does not end" % pid)


class Crashes:
    """The kinds of a crash, in turns."""

    def __init__(self, server, rng):
        self.server, self.random = server, rng
        self.kinds = [self.child, self.both, self.parent, self.recovery]

    def serving(self):
        """The serving process; None before there is one."""
        pid = self.server.process.pid
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            pids = f.read().split()
        return int(pids[0]) if pids else None

    def kill_both(self):
        child = self.serving()
        self.server.kill()
        if child:
            kill(child)

    def child(self):
        ready = sum("server is ready" in line for line in self.server.log)
        child = self.serving()
        if not child:
            raise Failure("the server has ended by itself")
        kill(child)
        self.server.await_log("server is ready", ready + 1)

    def both(self):
        self.kill_both()
        self.server.start()

    def parent(self):
        child = self.serving()
        fd = os.pidfd_open(child)
        self.server.kill()
        await_end(child, fd)
        self.server.start()

    def recovery(self):
        self.kill_both()
        for _ in range(self.random.randrange(1, 4)):
            os.close(self.server.launch())
            time.sleep(self.random.uniform(0, 0.15) * (4 if SANITIZED else 1))
            self.kill_both()
        self.server.start()


class Test:
    def __init__(self, server):
        self.server = server
        self.seed = random.randrange(1 << 30)
        self.random = random.Random(self.seed)
        self.crashes = Crashes(server, self.random)
        self.tally, self.gate, self.failed = Tally(), Gate(), threading.Event()
        self.delivered, self.trying = {}, {}  # id: accounts
        self.validity = {}
        self.over = False
        self.rounds = 0
        names = ("mjl", "other")
        self.workers = [Deliverer(self, "d%d" % i, names[i % 2]) for i in range(4)]
        self.workers += [Keeper(self, "k%d" % i, names[i % 2]) for i in range(4)]
        for worker in self.workers:
            worker.start()

    def round(self):
        kinds = self.crashes.kinds
        self.gate.set(True)
        self.failed.wait(self.random.uniform(0.3, 2.5) * (3 if SANITIZED else 1))
        self.look_for_errors()
        self.gate.set(False)
        kinds[self.rounds % len(kinds)]()
        self.rounds += 1
        self.gate.await_all(len(self.workers))
        self.look_for_errors()
        check(self)

    def look_for_errors(self):
        for worker in self.workers:
            if worker.error:
                raise Failure("%s: %r" % (worker.name, worker.error))

    def run(self):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end or self.rounds < len(self.crashes.kinds):
            self.round()
        counts = self.tally.counts
        for what in ("delivered", "appended", "flagged", "moved", "expunged"):
            if not counts.get(what):
                raise Failure("nothing was %s" % what)
        self.over = True
        self.gate.set(True)
        self.server.restart()
        check(self)

    def report(self):
        counts = self.tally.counts
        print("# %d rounds, %d acknowledgements: %s (seed %d)" % (
            self.rounds, sum(counts.values()),
            ", ".join("%d %s" % (n, what) for what, n in sorted(counts.items())), self.seed))


def result(failure, log=""):
    print("%s 1 - nothing that was acknowledged is missing" % ("not ok" if failure else "ok"))
    for line in ("%s\n%s" % (failure, log) if failure else "").splitlines():
        print("# " + line)
    sys.stdout.flush()
    return 1 if failure else 0


def main():
    print("1..1")
    conf = Conf()
    conf.services = ["smtp", "imap"]
    conf.add("module store", "checkpoint-log = 1M")  # so that some crash within a checkpoint
    try:
        with Server(conf) as server:
            test = Test(server)
            try:
                test.run()
            except Failure as e:
                raise Failure("%s\n%s" % (e, server.log_text())) from e
            finally:
                test.report()
    except Failure as e:
        return result(e)
    return result(None)


if __name__ == "__main__":
    sys.exit(main())
