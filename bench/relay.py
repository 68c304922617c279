#!/usr/bin/env python3
"""bench/relay.py [-n MESSAGES] [-r ROUNDS] [-s SIZE]... [-d DOMAINS]... [-o moxd|postfix] [-m RECIPIENTS]: mail relayed
to Postfix's smtp-sink, by moxd and by Postfix, in turns in one run: messages a second, processor time and syncs of
each. -m: instead, what so many messages at rest cost moxd, and how soon they are scheduled after a start.

Queues are filled first and then let go: what is measured is delivery alone, until the results are on disk. moxd has
everything scheduled for one moment; Postfix's queue manager is stopped meanwhile, so that all waits in its incoming
queue. Both log each delivery. Processor time is that of all processes of each; syncs are those of the disk that
`strace -c` sees with -t, which slows both down: use it for nothing else.

Run in the build directory, or with MOXD_BUILDDIR and MOXD_MODULE_DIR. Needs root and Postfix."""

import argparse
import os
import re
import signal
import smtplib
import ssl
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for directory in ("session", "clients"):
    sys.path.insert(0, os.path.join(HERE, "..", "tests", directory))
sys.dont_write_bytecode = True

from moxd_server import PASSWORD, Conf, Server, die_with_parent  # noqa: E402
from postfix_peer import Postfix, free_port  # noqa: E402
from processes import children, cpu, memory  # noqa: E402

DOMAINS = 1000
REST = 4  # s between the command that schedules all and the moment


def domain(i):
    return "d%d-%d.test" % (i // 250, i % 250 + 1)


def address(i):
    return "127.1.%d.%d" % (i // 250, i % 250 + 1)


# --- syncs -------------------------------------------------------------------------------------------------------


class Syncs:
    """Counts fsync, fdatasync and the like of processes and of those that they start, when that is asked for."""

    def __init__(self, pids, wanted):
        self.pids, self.wanted, self.calls = pids, wanted, 0

    def __enter__(self):
        if self.wanted:
            self.out = tempfile.NamedTemporaryFile("r")
            args = [arg for pid in self.pids for arg in ("-p", str(pid))]
            self.strace = subprocess.Popen(
                ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync,sync_file_range,msync", "-o", self.out.name, *args],
                stderr=subprocess.DEVNULL)
            time.sleep(1)
        return self

    def __exit__(self, *_):
        if self.wanted:
            self.strace.send_signal(signal.SIGINT)
            self.strace.wait()
            for line in self.out:
                words = line.split()
                if words and words[-1] in ("fsync", "fdatasync", "sync_file_range", "msync"):
                    self.calls += int(words[3])


# --- both --------------------------------------------------------------------------------------------------------


class Peer:
    """What both have: fill(n, size, rcpts_of), release(): what begins; done(): how many are gone."""

    def measure(self, n, size, domains, syncs):
        self.fill(n, size, lambda i: ["a@" + domain(i % domains)])
        was = self.done()
        with Syncs(self.pids(), syncs) as counted:
            before, start = self.release()
            while self.done() < was + n:
                time.sleep(0.1)
            took = time.monotonic() - start
            time.sleep(0.5)
            used = cpu(self.process.pid) - before
        return {"rate": n / took, "cpu": used / n * 1e6, "syncs": counted.calls / n}


def submit(connect, sender, n, size, rcpts_of):
    """n messages over 4 connections."""
    failed = []

    def run(first):
        try:
            with connect() as client:
                body = ("x" * 70 + "\r\n") * (size // 72)
                for i in range(first, n, 4):
                    client.sendmail(sender, rcpts_of(i), "From: %s\r\nSubject: %d\r\nMessage-ID: <%d@x>\r\n"
                                    "Date: Fri, 21 Nov 2025 08:00:00 +0000\r\n\r\n%s" % (sender, i, i, body))
        except (OSError, smtplib.SMTPException) as e:
            failed.append(e)
    threads = [threading.Thread(target=run, args=[i]) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failed:
        raise SystemExit("%d of 4 clients failed: %s" % (len(failed), failed[0]))


# --- moxd --------------------------------------------------------------------------------------------------------


class Moxd(Server, Peer):
    def __init__(self, port):
        conf = Conf()
        conf.services = ["submissions"]
        conf.check_store = False
        conf.modules = ["accounts", "store", "auth", "smtp", "smtpclient", "queue"]
        lines = ['"%s. 300 IN A %s"' % (domain(i), address(i)) for i in range(DOMAINS)]
        conf.add("top", "dns { local-only = true local-data = [ %s ] }" % ", ".join(lines))
        conf.add("module queue", "port = %d" % port)
        conf.add("account", "queue { max-outgoing-messages-per-day = 0  max-first-time-recipients-per-day = 0 }")
        super().__init__(conf)

    def connect(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client = smtplib.SMTP_SSL(*self.address("submissions"), context=context)
        client.login("mjl@mox.example", PASSWORD)
        return client

    def pids(self):
        return children(self.process.pid)

    def child(self):
        return self.pids()[0]

    def done(self):
        m = re.search(r'moxd_queue_results_total\{result="delivered"\} (\d+)', self.moxctl("metrics")[1])
        return int(m[1]) if m else 0

    def fill(self, n, size, rcpts_of):
        self.moxctl("queue", "holdrules", "add", "all")
        submit(self.connect, "mjl@mox.example", n, size, rcpts_of)
        self.moxctl("queue", "holdrules", "remove", "1")
        self.moxctl("queue", "schedule", "+10h", "all")
        self.moxctl("queue", "unhold", "all")

    def release(self):
        asked = time.monotonic()
        self.moxctl("queue", "schedule", "+%ds" % REST, "all")
        before = cpu(self.process.pid)
        moment = asked + REST
        if time.monotonic() > moment:
            raise SystemExit("there was not enough time to schedule all")
        time.sleep(moment - time.monotonic())
        return before, moment

    def store_stats(self):
        return dict(line.split() for line in self.moxctl("store", "stats")[1].splitlines() if len(line.split()) == 2)


# --- Postfix -----------------------------------------------------------------------------------------------------


class Relay(Postfix, Peer):
    """Each domain is a destination of its own, at the address that moxd finds in DNS."""

    def __init__(self, port):
        super().__init__(smtp_tls_security_level="none", smtpd_tls_security_level="none",
                         smtpd_client_connection_count_limit="0", default_transport="error:nowhere to go")
        self.parameters["transport_maps"] = "texthash:" + self.path("transport")
        self.sink = port

    def set_up(self):
        super().set_up()
        with open(self.path("transport"), "w", encoding="ascii") as f:
            f.writelines("%s smtp:[%s]:%d\n" % (domain(i), address(i), self.sink) for i in range(DOMAINS))

    def connect(self):
        return smtplib.SMTP(self.host, self.port)

    def pids(self):
        return [self.process.pid] + children(self.process.pid)

    def manager(self):
        for pid in children(self.process.pid):
            with open("/proc/%d/comm" % pid, encoding="ascii") as f:
                if f.read().strip() == "qmgr":
                    return pid
        raise SystemExit("Postfix has no queue manager")

    def done(self):
        return sum(": removed" in line for line in self.log)

    def fill(self, n, size, rcpts_of):
        os.kill(self.manager(), signal.SIGSTOP)
        submit(self.connect, "mjl@mox.example", n, size, rcpts_of)

    def release(self):
        before, start = cpu(self.process.pid), time.monotonic()
        os.kill(self.manager(), signal.SIGCONT)
        return before, start


# --- at rest -----------------------------------------------------------------------------------------------------


def at_rest(port, n):
    with Moxd(port) as server:
        server.restart()
        before = memory(server.child())
        server.moxctl("queue", "holdrules", "add", "all")
        submit(server.connect, "mjl@mox.example", n, 2000, lambda i: ["r%d@%s" % (i, domain(i % DOMAINS))])
        server.moxctl("queue", "holdrules", "remove", "1")
        server.moxctl("queue", "schedule", "+10h", "all")
        server.moxctl("queue", "unhold", "all")
        print("%d messages: %.0f B more each in the server that took them"
              % (n, (memory(server.child()) - before) * 1024 / n))
        for _ in range(3):
            server.restart()
            server.await_log('msg="queue read"')
            line = [line for line in server.log if "queue read" in line][0]
            print("after a restart %.0f B each, %s" % ((memory(server.child()) - before) * 1024 / n,
                                                     line.split("msg=")[1]), flush=True)


def median(values):
    return sorted(values)[len(values) // 2]


def show(who, size, domains, results):
    print("%-8s %6d B, %4d domains: %s messages/s, %s us CPU%s" % (
        who, size, domains, " ".join("%5.0f" % r["rate"] for r in results), " ".join("%5.0f" % r["cpu"] for r in results),
        ", %.2f syncs" % results[0]["syncs"] if results[0]["syncs"] else ""), flush=True)


def compare(port, args):
    peers = {"moxd": Moxd, "postfix": Relay}
    if args.o:
        peers = {args.o: peers[args.o]}
    for size in args.s or [2000, 50000]:
        for domains in args.d or [1, DOMAINS]:
            results = {who: [] for who in peers}
            for _ in range(args.r):
                for who, peer in peers.items():
                    with peer(port) as p:
                        results[who].append(p.measure(args.n, size, domains, args.t))
            for who, found in results.items():
                show(who, size, domains, found)
            if len(peers) == 2:
                ratios = {what: median([m[what] / p[what] for m, p in zip(*results.values())])
                          for what in ("rate", "cpu")}
                print("         ratio: %.2f times Postfix's messages/s, %.2f of its CPU" % (ratios["rate"], ratios["cpu"]),
                      flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=4000)
    parser.add_argument("-r", type=int, default=3)
    parser.add_argument("-s", type=int, action="append")
    parser.add_argument("-d", type=int, action="append")
    parser.add_argument("-o", choices=["moxd", "postfix"])
    parser.add_argument("-m", type=int)
    parser.add_argument("-t", action="store_true")
    args = parser.parse_args()
    port = free_port()
    sink = subprocess.Popen(["smtp-sink", "-u", "nobody", "0.0.0.0:%d" % port, "1000"], preexec_fn=die_with_parent)
    print("load average: %s" % (os.getloadavg(),), flush=True)
    try:
        if args.m:
            at_rest(port, args.m)
        else:
            compare(port, args)
    finally:
        sink.kill()
        sink.wait()
    print("load average: %s" % (os.getloadavg(),))


main()
