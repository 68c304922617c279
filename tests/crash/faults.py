#!/usr/bin/env python3
# proves: STORE-01
"""What a running server does when its disk is full, a file of a message is gone, or a page of an
account's database is damaged: clients are told, nothing is acknowledged that is not there later, the
other accounts are served again within seconds, and the administrator brings the rest back.

    faults.py [TEST ...]"""

import contextlib
import imaplib
import os
import re
import smtplib
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for directory in ("session", "daemon"):
    sys.path.insert(0, os.path.join(HERE, "..", directory))
from echo import expect, run_tests  # noqa: E402
from load import ACCOUNTS, LOST, message, ok  # noqa: E402
from mounts import with_mounted  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402

SANITIZED = bool(os.environ.get("MOXD_SANITIZED"))
SERVED_AGAIN_S = 10 * (4 if SANITIZED else 1)
MJL, OTHER = ACCOUNTS["mjl"], ACCOUNTS["other"]
MB = 1 << 20


def server_with(*store_lines):
    conf = Conf()
    conf.services = ["smtp", "imap"]
    conf.check_store = False  # what is damaged here is no mistake of the server
    for line in store_lines:
        conf.add("module store", line)
    return Server(conf)


# --- clients --------------------------------------------------------------------------------------

def deliver(server, ident, size, *to):
    """Sends one message; {recipient: reply} of those that were refused. LOST when cut off."""
    with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
        try:
            return client.sendmail("a@remote.example", list(to), message(ident, size))
        except smtplib.SMTPRecipientsRefused as e:
            return e.recipients
        except smtplib.SMTPResponseException as e:
            return dict.fromkeys(to, (e.smtp_code, e.smtp_error))


@contextlib.contextmanager
def imap(server, user, box=None):
    client = imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE)
    try:
        client.login(user, PASSWORD)
        if box:
            ok(client.select(box))
        yield client
    finally:
        client.shutdown()


def idents(server, user, box="INBOX"):
    """{X-Id: how many messages have it}; each is there in full."""
    found = {}
    with imap(server, user) as client:
        if ok(client.select(box, readonly=True)) == [b"0"]:
            return found
        for item in ok(client.fetch("1:*", "(RFC822.SIZE BODY.PEEK[])")):
            if not isinstance(item, tuple):
                continue
            size = int(re.search(rb"RFC822.SIZE (\d+)", item[0]).group(1))
            ident = re.search(rb"X-Id: (\S+)", item[1]).group(1).decode()
            expect(len(item[1]) == size and item[1].endswith((b"x\r\n", b"y\r\n")), "cut " + ident)
            found[ident] = found.get(ident, 0) + 1
    return found


def is_served(server, user):
    """Whether it can log in, read and get a message now."""
    try:
        with imap(server, user, "INBOX"):
            return not deliver(server, "served", 10, user)
    except (imaplib.IMAP4.error, smtplib.SMTPException) + LOST:
        return False


def await_service(server, user):
    """How long it took until the account was served."""
    start = time.monotonic()
    while not is_served(server, user):
        expect(time.monotonic() - start < PATIENCE, "%s is not served:\n%s" % (user, server.log_text()))
        time.sleep(0.05)
    return time.monotonic() - start


def no_problems(server):
    _, output = server.moxctl("store", "verify")
    expect(output.count(" 0 problems") == 2, output)


# --- full disk ------------------------------------------------------------------------------------

def free(path):
    st = os.statvfs(path)
    return st.f_bavail * st.f_frsize


class Sent:
    """What was sent to a disk that fills up: acknowledged, or refused with a reply, or cut off."""

    def __init__(self, server):
        self.server = server
        self.acknowledged, self.refused, self.cut_off = {}, [], {}

    def note(self, ident, user, refusal):
        if refusal:
            self.refused.append(refusal)
        else:
            self.acknowledged[ident] = user

    def deliver(self, ident, size, user):
        try:
            self.note(ident, user, deliver(self.server, ident, size, user).get(user))
        except (smtplib.SMTPException,) + LOST:
            self.cut_off[ident] = user

    def append(self, ident, size, user):
        try:
            with imap(self.server, user) as client:
                status, data = client.append("INBOX", None, None, message(ident, size))
            self.note(ident, user, None if status == "OK" else data[0])
        except (imaplib.IMAP4.error,) + LOST:
            self.cut_off[ident] = user

    def fill(self, refusals):
        """Sends until so many were refused."""
        n = 0
        while len(self.refused) < refusals:
            n += 1
            expect(n < 3000, "the disk does not become full: %d acknowledged" % len(self.acknowledged))
            user, size = (MJL, OTHER)[n % 2], (10, 3000, 40000)[n % 3]
            (self.append if n % 7 == 0 else self.deliver)("id%d" % n, size, user)

    def look(self):
        """Each that was acknowledged is there once, each of the others at most once if cut off."""
        for user in (MJL, OTHER):
            found = idents(self.server, user)
            found.pop("served", None)
            for ident, copies in found.items():
                expect(copies == 1, "%s is there %d times" % (ident, copies))
                expect(user in (self.acknowledged.get(ident), self.cut_off.get(ident)),
                       "%s was refused and is there" % ident)
            for ident, owner in self.acknowledged.items():
                expect(owner != user or ident in found, "%s was acknowledged and is missing" % ident)

    def expect_clear_refusals(self):
        replies = [r for r in self.refused if isinstance(r, tuple)]
        expect(replies, "SMTP refused nothing")
        for code, text in replies:
            expect(code == 452 and text.startswith(b"4.3.1 "), "SMTP said %d %r" % (code, text))
        for text in (r for r in self.refused if isinstance(r, bytes)):
            expect(text.startswith(b"[UNAVAILABLE]"), "IMAP said %r" % text)


def below_the_reserve_nothing_is_added():
    here = os.getcwd()
    space = 600 * MB  # others write on this disk too
    if free(here) < 3 * space:
        raise Skip("needs some gigabytes on the disk")
    with server_with("disk-reserve = %dM" % ((free(here) - space // 2) // MB)) as server:
        sent = Sent(server)
        sent.deliver("before", 10, MJL)
        with open(server.path("filler"), "wb") as f:
            os.posix_fallocate(f.fileno(), 0, space)
            sent.deliver("smtp", 10, MJL)
            sent.append("imap", 40000, OTHER)
            expect(len(sent.refused) == 2, "refused: %s" % sent.refused)
            sent.expect_clear_refusals()
            with imap(server, MJL, "INBOX") as client:
                status, data = client.copy("1", "Archive")
                expect(status == "NO" and data[0].startswith(b"[UNAVAILABLE]"), "COPY: %s" % data)
                ok(client.store("1", "+FLAGS", "(\\Deleted)"))  # what frees space goes on
                ok(client.expunge())
            f.truncate(0)
        sent.acknowledged.clear()
        sent.deliver("after", 10, MJL)
        sent.append("after-too", 40000, OTHER)
        expect(len(sent.acknowledged) == 2, "after space was freed: %s" % sent.refused)
        sent.look()
        expect(sum("server is ready" in line for line in server.log) == 1, "it was restarted")


def a_full_disk_takes_nothing_back():
    server = server_with("disk-reserve = 0", "checkpoint-log = 1M")
    with_mounted(server, "data", 40 * MB, full_disk)


def full_disk(server):
    server.set_up()
    with open(server.path("data", "ballast"), "wb") as f:  # the disk is too small to get one
        f.write(bytes(8 * MB))
    server.start()
    server.set_passwords()
    sent = Sent(server)
    with open(server.path("data", "filler"), "wb") as f:
        f.write(bytes(free(server.path("data")) - 4 * MB))
        f.flush()
        sent.fill(40)
        freed = time.monotonic()
        f.truncate(0)
    parent = server.process.pid
    for user in (MJL, OTHER):
        await_service(server, user)
    print("# %d acknowledged, %d refused, %d cut off; %d restarts; mail flows %.1f s after space was freed"
          % (len(sent.acknowledged), len(sent.refused), len(sent.cut_off),
             sum("server is restarted" in line for line in server.log), time.monotonic() - freed))
    sent.expect_clear_refusals()
    sent.look()
    expect(server.process.pid == parent and server.process.poll() is None, "the parent ended")
    server.restart()
    sent.look()
    no_problems(server)
    server.stop()


# --- a missing body -------------------------------------------------------------------------------

def body_file(server, size):
    """Path of the only file of a body with that size."""
    found = [os.path.join(directory, name)
             for directory, _, names in os.walk(server.path("data", "accounts"))
             for name in names if os.path.getsize(os.path.join(directory, name)) == size]
    expect(len(found) == 1, "%d files of %d bytes" % (len(found), size))
    return found[0]


def a_missing_body_concerns_its_message():
    with server_with() as server:
        for i, size in enumerate((30000, 40000, 50000)):
            expect(not deliver(server, "id%d" % i, size, MJL, OTHER), "delivery")
        with imap(server, MJL) as client:  # one of its own: the others are links
            ok(client.append("INBOX", None, None, message("lost", 60000)))
        os.unlink(body_file(server, len(message("lost", 60000))))
        look_at_missing_body(server)
        server.restart()
        look_at_missing_body(server)
        status, output = server.moxctl("store", "verify", check=False)
        expect(status != 0 and re.search(r"^mjl: message \d+: .*\n.* 1 problems$", output, re.M), output)
        expect("other: 6 mailboxes, 3 messages" in output, output)
        with imap(server, MJL, "INBOX") as client:
            ok(client.store("4", "+FLAGS", "(\\Deleted)"))
            ok(client.expunge())
        no_problems(server)
        expect(not deliver(server, "id3", 30000, MJL), "delivery")
        expect(sorted(idents(server, MJL)) == ["id0", "id1", "id2", "id3"], "messages")


def look_at_missing_body(server):
    with imap(server, MJL, "INBOX") as client:
        expect(len(ok(client.fetch("1:*", "(UID FLAGS RFC822.SIZE)"))) == 4, "FETCH FLAGS")
        expect(len(ok(client.fetch("1:*", "(ENVELOPE)"))) == 4, "FETCH ENVELOPE, which was kept beside it")
        status, data = client.fetch("1:*", "(BODY.PEEK[])")
        untagged = [d for d in client.response("FETCH")[1] if d and d != b")"]
        expect(status == "NO" and data[0].startswith(b"[CORRUPTION]") and len(untagged) == 3,
               "FETCH BODY[]: %s %r, %d messages" % (status, data[0], len(untagged)))
        status, data = client.copy("4", "Archive")
        expect(status == "NO" and data[0].startswith(b"[CORRUPTION]"), "COPY: %s" % data)
        ok(client.fetch("1:3", "(BODY.PEEK[])"))
    expect(len(idents(server, OTHER)) == 3, "the other account")


# --- a damaged page -------------------------------------------------------------------------------

PAGE = 4096
FILL = 300


def fill(server):
    for i in range(FILL):
        size = 30000 if i % 30 == 0 else 300
        expect(not deliver(server, "id%d-" % i, size, MJL), "delivery")
    expect(not deliver(server, "whole", 10, OTHER), "delivery")
    with imap(server, MJL, "INBOX") as client:
        ok(client.copy("1:3", "Archive"))
        ok(client.store("5", "+FLAGS", "(\\Flagged)"))


def spoil(server):
    """Makes a page of mjl's database zeros; the messages that were on it."""
    for name in sorted(os.listdir(server.path("data", "db"))):
        path = server.path("data", "db", name)
        with open(path, "rb") as f:
            data = f.read()
        at = data.find(b"X-Id: id%d-" % (FILL // 2 + 1)) // PAGE * PAGE
        if at < 0:
            continue
        with open(path, "r+b") as f:
            f.seek(at)
            f.write(bytes(PAGE))
        return set(re.findall(r"X-Id: (id\d+-)", data[at:at + PAGE].decode("latin-1")))
    raise AssertionError("no such message")


def a_damaged_page_sets_one_account_aside():
    with server_with() as server:
        fill(server)
        with imap(server, MJL, "INBOX") as client:
            validity = int(client.response("UIDVALIDITY")[1][0])
        server.stop()
        on_page = spoil(server)
        server.log, server.ports = [], {}
        server.start()
        meet_damage(server)
        look_at_quarantine(server)
        restore(server)
        found = idents(server, MJL)
        missing = {"id%d-" % i for i in range(FILL)} - set(found)
        expect(missing and missing <= on_page, "missing: %s, damaged: %s" % (missing, on_page))
        look_at_restored(server, validity, found)
        server.restart()
        look_at_restored(server, validity, found)


def meet_damage(server):
    """mjl reads what is damaged; the other account gets mail all the time."""
    with imap(server, MJL, "INBOX") as client:
        status, data = client.fetch("1:*", "(BODY.PEEK[])")
        expect(status == "NO" and data[-1].startswith(b"[UNAVAILABLE]"), "FETCH: %r" % data[-1])
    seconds = await_service(server, OTHER)
    print("# the other account is served %.2f s after a damaged page was met" % seconds)
    expect(seconds < SERVED_AGAIN_S, "the other account was not served for %.1f s" % seconds)
    expect(sum("server is restarted" in line for line in server.log) == 1, server.log_text())


def look_at_quarantine(server):
    _, output = server.moxctl("store", "quarantine")
    expect(re.fullmatch(r"mjl: .*\.db: pgin failed for page \d+\n", output), output)
    try:
        with imap(server, MJL):
            raise AssertionError("mjl logged in")
    except imaplib.IMAP4.error as e:
        expect(e.args[0].startswith(b"[UNAVAILABLE]"), "LOGIN: %s" % e)
    refused = deliver(server, "both", 10, MJL, OTHER)
    expect(list(refused) == [MJL] and refused[MJL][0] == 451 and refused[MJL][1].startswith(b"4.3.0 "),
           "delivery to both: %s" % refused)
    expect({"whole", "both", "served"} <= set(idents(server, OTHER)), "the other account's mail")
    status, output = server.moxctl("store", "verify", check=False)
    expect(status != 0 and 'mjl: account mjl is in quarantine, "moxctl store restore mjl"' in output
           and re.search(r"^other: .* 0 problems$", output, re.M), output)


def restore(server):
    for args, text in (((), "usage: moxctl store restore ACCOUNT"), (("nobody",), "no such account"),
                       (("other",), "account other is not in quarantine")):
        status, output = server.moxctl("store", "restore", *args, check=False)
        expect(status != 0 and text in output, "restore %s: %s" % (args, output))
    status, output = server.moxctl("store", "verify", "nobody", check=False)
    expect(status != 0 and "no such account" in output, output)
    _, output = server.moxctl("store", "restore", "mjl")
    print("# " + output.strip().replace("\n", "\n# "))
    kept = re.search(r"is kept in (\S+) and", output).group(1)
    expect(os.path.isdir(server.path("data", kept)), output)
    _, output = server.moxctl("store", "quarantine")
    expect(output == "", output)


def look_at_restored(server, validity, found):
    no_problems(server)
    expect(idents(server, MJL) == found, "messages")
    with imap(server, MJL, "INBOX") as client:
        expect(int(client.response("UIDVALIDITY")[1][0]) > validity, "UIDVALIDITY")
        expect(ok(client.search(None, "FLAGGED")) == [b"5"], "flags")
        expect(ok(client.select("Archive")) == [b"3"], "Archive")
    ident = "after%d" % len(found)
    expect(not deliver(server, ident, 10, MJL), "delivery")
    found[ident] = 1
    _, output = server.moxctl("store", "stats")
    expect(re.search(r"^commits [1-9]", output, re.M), output)


run_tests([
    below_the_reserve_nothing_is_added,
    a_full_disk_takes_nothing_back,
    a_missing_body_concerns_its_message,
    a_damaged_page_sets_one_account_aside,
])
