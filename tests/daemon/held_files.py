#!/usr/bin/env python3
# proves: STORE-11
"""No file is removed, renamed or replaced while the process that does it has it open. A library that is preloaded into the
server looks at each; what is done here removes and renames files in every way that there is, but for restoring a
damaged account, for which nothing has the database open."""

import imaplib
import os
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
from echo import Skip, expect, run_tests  # noqa: E402
from moxd_server import BUILD_DIR, PASSWORD, PATIENCE, Conf, Server, built  # noqa: E402

LIBRARY = os.path.abspath(os.path.join(BUILD_DIR, "tests", "daemon", ".libs", "held_files.so"))
SMALL = b"Subject: small\r\n\r\nsome words\r\n"
BIG = b"Subject: big\r\n\r\n" + b"words of a body in a file of its own\r\n" * 30000
# What must have been seen, so that it is known to have been looked at.
SEEN = [r"rename .*domains\.conf", r"replace .*domains\.conf", r"rename .*receivedid\.key\.new",
        r"rename current", r"unlink current", r"unlink accounts/.*/msg/", r"remove .*/msg/"]


class Watched(Server):
    def environment(self):
        env = {k: v for k, v in super().environment().items() if k != "MOXD_STORE_CHECK"}
        return {**env, "LD_PRELOAD": LIBRARY, "MOXD_HELD_FILES": self.path("data", "held")}

    def held(self):
        with open(self.path("data", "held"), encoding="utf-8") as f:
            return f.read().splitlines()


def login(server, account):
    client = imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE)
    client.login(account + "@mox.example", PASSWORD)
    return client


def mail_comes_and_goes(server, account):
    client = login(server, account)
    for message in (SMALL, BIG, BIG):
        client.append("INBOX", "", None, message)
    client.create("Gone")
    client.select("INBOX")
    client.copy("1:*", "Gone")
    client.fetch("1:*", "(BODY[])")
    client.store("1:2", "+FLAGS", "\\Deleted")
    client.expunge()
    client.delete("Gone")
    client.logout()


def index_is_made_anew(server):
    if "search" not in server.conf.modules:
        return
    for _ in range(2):
        server.moxctl("search", "rebuild", "mjl")
        end = time.monotonic() + PATIENCE
        while ": ready, 1 messages" not in server.moxctl("search", "status", "mjl")[1]:
            expect(time.monotonic() < end, "no index: " + server.log_text(20))


def child(server):
    pid = server.process.pid
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return int(f.read().split()[0])


def server_crashes(server):
    os.kill(child(server), signal.SIGSEGV)
    server.await_log('msg="crash log written"')
    server.await_log('msg="server is ready"', count=2)


def nothing_that_is_open_is_removed_or_renamed():
    if os.environ.get("MOXD_SANITIZED") or not os.path.exists(LIBRARY):
        raise Skip("nothing can be preloaded here")
    conf = Conf()
    conf.services = ["imap"]
    conf.modules += ["search"] if built("search") else []
    with Watched(conf) as server:
        for account in ("mjl", "other"):
            mail_comes_and_goes(server, account)
        index_is_made_anew(server)
        server.moxctl("address", "add", "third@mox.example", "mjl")
        server.moxctl("account", "rm", "other")
        server_crashes(server)
        server.stop()
        lines = server.held()
        # SQLite removes its own shared memory before it closes it.
        held = [line for line in lines if not re.match(r"free |HELD unlink .*\.idx-shm$", line)]
        expect(not held, "open at that time:\n" + "\n".join(held))
        for pattern in SEEN + ([r"unlink .*\.idx"] if "search" in conf.modules else []):
            expect(any(re.match("free " + pattern, line) for line in lines),
                   "%s was not seen in:\n%s" % (pattern, "\n".join(sorted(set(lines)))))
        server.start()


if __name__ == "__main__":
    run_tests([nothing_that_is_open_is_removed_or_renamed])
