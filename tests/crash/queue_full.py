#!/usr/bin/env python3
"""A full disk: new mail is refused with 452 4.3.1, what is queued goes on being delivered, nothing that was acknowledged
is lost, and mail is taken again when there is space. On a small file system of the test's own.

    queue_full.py [TEST ...]"""

# proves in part: STORE-01, P-QUEUE-01

import os
import smtplib
import ssl
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for directory in ("session", "daemon"):
    sys.path.insert(0, os.path.join(HERE, "..", directory))
from echo import expect, run_tests  # noqa: E402
from load import LOST  # noqa: E402
from mounts import with_mounted  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Server  # noqa: E402
from outgoing import conf, zone  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

MB = 1 << 20


def new_server(sink, *store_lines):
    c = conf(sink.port, zone({"one.test": [("mx.one.test", "127.0.0.1")]}), 'retry = ["1s"]', "give-up = 1h")
    c.check_store = False
    c.add("account", "queue {\n max-outgoing-messages-per-day = 0\n max-first-time-recipients-per-day = 0\n}")
    for line in store_lines:
        c.add("module store", line)
    return Server(c)


def message(ident, size):
    return "From: mjl@mox.example\r\nMessage-ID: <%s@mox.example>\r\nX-Id: %s\r\n\r\n%s" % (
        ident, ident, ("x" * 70 + "\r\n") * (1 + size // 72))


class Sender:
    """What was submitted: acknowledged, refused with a reply, or cut off."""

    def __init__(self, server):
        self.server, self.number = server, 0
        self.acknowledged, self.refused, self.cut_off = set(), [], set()

    def submit(self, size, rcpt="a@one.test"):
        self.number += 1
        ident = "id%d" % self.number
        context = ssl._create_unverified_context()
        try:
            with smtplib.SMTP_SSL(*self.server.address("submissions"), context=context, timeout=PATIENCE) as client:
                client.login("mjl@mox.example", PASSWORD)
                client.sendmail("mjl@mox.example", [rcpt], message(ident, size))
            self.acknowledged.add(ident)
        except smtplib.SMTPRecipientsRefused as e:
            self.refused += e.recipients.values()
        except smtplib.SMTPResponseException as e:
            self.refused.append((e.smtp_code, e.smtp_error))
        except LOST:
            self.cut_off.add(ident)

    def expect_452(self):
        expect(self.refused, "nothing was refused")
        for code, text in self.refused:
            expect(code == 452 and text.startswith(b"4.3.1 "), "refused with %d %r" % (code, text))


def idents(sink):
    """{X-Id: how often it arrived}"""
    found = {}
    for m in list(sink.messages):
        ident = m.data.split(b"X-Id: ")[1].split(b"\r\n")[0].decode()
        found[ident] = found.get(ident, 0) + 1
    return found


def await_all(sink, wanted):
    sink.await_("delivery of everything", lambda: wanted <= set(idents(sink)))


def free(path):
    st = os.statvfs(path)
    return st.f_bavail * st.f_frsize


def start(server):
    server.set_up()
    with open(server.path("data", "ballast"), "wb") as f:  # the disk is too small to get one
        f.write(bytes(8 * MB))
    server.start()
    server.set_passwords()


def fill_up(server, leave):
    f = open(server.path("data", "filler"), "wb")
    f.write(bytes(max(free(server.path("data")) - leave, 0)))
    f.flush()
    return f


def below_the_reserve(sink):
    """There is space for what little is written of a delivery, and none for new mail."""
    def test(server):
        start(server)
        sender = Sender(server)
        server.moxctl("queue", "holdrules", "add", "all")
        for i in range(20):
            sender.submit((500, 40000)[i % 2])
        expect(len(sender.acknowledged) == 20, (sender.refused, sender.cut_off))
        with fill_up(server, 3 * MB) as filler:
            sender.submit(500)
            sender.submit(40000)
            expect(len(sender.refused) == 2, sender.refused)
            sender.expect_452()
            server.moxctl("queue", "unhold", "all")
            await_all(sink, sender.acknowledged)
            server.await_log(r'msg="?delivered', 20)
            sender.submit(500)
            expect(len(sender.refused) == 3, sender.refused)
            sender.expect_452()
            filler.truncate(0)
        expect(server.moxctl("queue", "list")[1].count("\n") == 1, server.moxctl("queue", "list")[1])
        server.moxctl("queue", "holdrules", "remove", "1")
        sender.submit(40000)
        expect(len(sender.acknowledged) == 21, sender.refused)
        await_all(sink, sender.acknowledged)
        expect(set(idents(sink).values()) == {1}, idents(sink))
        expect(sum("server is ready" in line for line in server.log) == 1, "it was restarted")
        server.stop()
    return test


def no_byte_left(sink):
    """The disk fills up while mail comes and goes; the server may have to start anew."""
    def test(server):
        start(server)
        sender = Sender(server)
        server.moxctl("queue", "holdrules", "add", "to=held@one.test")
        with fill_up(server, 4 * MB) as filler:
            while len(sender.refused) < 10 and sender.number < 1000:
                sender.submit((10, 3000, 400000)[sender.number % 3], ("a@one.test", "held@one.test")[sender.number % 2])
            expect(len(sender.refused) >= 10, "the disk does not become full: %d acknowledged" % len(sender.acknowledged))
            filler.truncate(0)
        end = time.monotonic() + PATIENCE
        before = len(sender.acknowledged)
        while len(sender.acknowledged) == before and time.monotonic() < end:
            sender.submit(40000)
            time.sleep(0.05)
        expect(len(sender.acknowledged) > before, "it takes no mail any more: %s" % sender.refused[-1:])
        server.moxctl("queue", "unhold", "hold=yes")
        await_all(sink, sender.acknowledged)
        found = idents(sink)
        expect(set(found) <= sender.acknowledged | sender.cut_off, "delivered what was refused")
        sender.expect_452()
        print("# %d acknowledged, %d refused, %d cut off, %d arrived twice; %d restarts"
              % (len(sender.acknowledged), len(sender.refused), len(sender.cut_off),
                 sum(n > 1 for n in found.values()), sum("server is restarted" in line for line in server.log)))
        server.restart()
        server.await_log('msg="queue read"')
        server.stop()
    return test


def the_queue_drains_while_mail_is_refused():
    with SmtpSink() as sink:
        with_mounted(new_server(sink, "disk-reserve = 5M", "checkpoint-log = 1M"), "data", 40 * MB, below_the_reserve(sink))


def a_full_disk_loses_nothing():
    with SmtpSink() as sink:
        with_mounted(new_server(sink, "disk-reserve = 0", "checkpoint-log = 1M"), "data", 40 * MB, no_byte_left(sink))


if __name__ == "__main__":
    run_tests([the_queue_drains_while_mail_is_refused, a_full_disk_loses_nothing])
