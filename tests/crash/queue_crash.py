#!/usr/bin/env python3
"""Kills the server with SIGKILL while users submit mail for others and the queue delivers it. What was acknowledged is
delivered, at least once; what was delivered more than once is counted: the crash fell between the reply of the other
server and our record of it.

    queue_crash.py [ROUNDS]     default: 6

Small messages are in the database, large ones are files."""

# proves in part: QUEUE-09

import os
import random
import re
import select
import signal
import smtplib
import ssl
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "session"))
from moxd_server import PASSWORD, PATIENCE, Conf, Failure, Server  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 6
SUBMITTERS = 3


class Submitter(threading.Thread):
    """Submits one message after the other; .certain are the ids of those that were acknowledged."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.server, self.name, self.certain, self.maybe = server, name, set(), set()
        self.go, self.over, self.number, self.error = threading.Event(), False, 0, None

    def message(self):
        self.number += 1
        ident = "%s-%d" % (self.name, self.number)
        body = "x" * 70 + "\r\n"
        return ident, ("From: mjl@mox.example\r\nTo: a@one.test\r\nMessage-ID: <%s@mox.example>\r\nX-Id: %s\r\n\r\n%s"
                       % (ident, ident, body * (400 if self.number % 5 == 0 else 3)))

    def session(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        host, port = self.server.address("submissions")
        with smtplib.SMTP_SSL(host, port, context=context, timeout=PATIENCE) as client:
            client.login("mjl@mox.example", PASSWORD)
            while self.go.is_set() and not self.over:
                ident, text = self.message()
                self.maybe.add(ident)
                client.sendmail("mjl@mox.example", ["a@one.test", "b@two.test"], text)
                self.certain.add(ident)

    def run(self):
        while not self.over:
            self.go.wait(0.1)
            if not self.go.is_set():
                continue
            try:
                self.session()
            except (OSError, smtplib.SMTPException, ssl.SSLError):
                pass  # the server was killed
            except Exception as e:  # pylint: disable=broad-except
                self.error = e
                return


def serving(server):
    pid = server.process.pid
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return int(f.read().split()[0])


def kill(pid):
    fd = os.pidfd_open(pid)
    signal.pidfd_send_signal(fd, signal.SIGKILL)
    select.select([fd], [], [], PATIENCE)
    os.close(fd)


def crash(server, both):
    child = serving(server)
    if both:
        server.kill()
        kill(child)
        server.start()
        return
    ready = sum("server is ready" in line for line in server.log)
    kill(child)
    server.await_log("server is ready", ready + 1)
    server.read_ports()


def arrived(sink):
    """How often each message came, by id and recipient."""
    counts = {}
    with sink.changed:
        for m in sink.messages:
            ident = re.search(rb"^X-Id: (\S+)\r$", m.data, re.MULTILINE)
            if not ident or not m.data.endswith(b"x\r\n"):
                raise Failure("half a message: %r" % m.data[:2000])
            for rcpt in m.rcpts:
                key = ident[1].decode(), rcpt
                counts[key] = counts.get(key, 0) + 1
    return counts


def conf(sink):
    c = Conf()
    c.services = ["submissions"]
    c.modules = ["accounts", "store", "auth", "smtp", "smtpclient", "queue"]
    lines = ["one.test. 300 IN A 127.0.0.1", "two.test. 300 IN A 127.0.0.1"]
    c.add("top", "dns { local-data = [ %s ] }" % ", ".join('"%s"' % line for line in lines))
    c.add("module queue", "port = %d" % sink.port)
    c.add("module queue", 'retry = ["1s"]')
    c.add("account", "queue { max-outgoing-messages-per-day = 0 }")
    return c


def main():
    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    with SmtpSink() as sink, Server(conf(sink)) as server:
        workers = [Submitter(server, "s%d" % i) for i in range(SUBMITTERS)]
        for w in workers:
            w.start()
        for i in range(ROUNDS):
            for w in workers:
                w.go.set()
            before = len(sink.messages)
            sink.await_("deliveries", lambda: len(sink.messages) > before + rng.randrange(5, 60))
            crash(server, i % 2 == 1)
        for w in workers:
            w.over = True
        for w in workers:
            w.join(PATIENCE)
            if w.error:
                raise w.error
        certain = {(ident, rcpt) for w in workers for ident in w.certain for rcpt in ("a@one.test", "b@two.test")}
        maybe = {(ident, rcpt) for w in workers for ident in w.maybe for rcpt in ("a@one.test", "b@two.test")}
        sink.await_("all that was acknowledged", lambda: certain <= set(arrived(sink)))
        counts = arrived(sink)
        if not set(counts) <= maybe:
            raise Failure("messages that nobody sent: %s" % (set(counts) - maybe))
        if server.moxctl("queue", "list")[1].count("\n") > 1:
            server.await_log('msg="delivered"', 1)
        twice = sum(n - 1 for n in counts.values())
        print("1..1\nok 1 - %d recipients of %d messages, %d delivered again after a crash (seed %d)"
              % (len(certain), len(certain) // 2, twice, seed))


main()
