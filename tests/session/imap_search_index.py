#!/usr/bin/env python3
# proves: MSG-03
"""SEARCH with the module `search` finds what it finds without: on messages of other projects and some of
our own, for texts cut out of them at random; while the index is built, while messages come, after kill -9
in the middle, after messages were expunged and moved, with the index damaged, removed, and made anew."""

import email
import email.policy
import glob
import os
import random
import signal
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from imap_client import Imap  # noqa: E402
from imap_corpus import CORPORA, DATA, files  # noqa: E402
from moxd_server import PATIENCE, Conf, Failure, Server, built  # noqa: E402

SANITIZED = bool(os.environ.get("MOXD_SANITIZED"))
QUERIES = 50 if SANITIZED else 90
MESSAGES = 100 if SANITIZED else 250
USER = "mjl@mox.example"

OWN = [
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus?= =?iso-8859-1?q?_K=F6ln?=\r\nFrom: =?utf-8?b?5pel5pys?= <a@b.example>\r\n"
    "To: x@y.example\r\nCc: copy@y.example\r\n\r\nplain\r\n",
    "Subject: cut\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "U3RyYcOfZW5iYWhuIHVuZCDQv9GA0LjQstC10YIg5pel5pys6Kqe\r\n",
    "Subject: qp\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    "\r\nover the li=\r\nne end, caf=E9 <b>bold</b>\r\nnext line\r\n",
    "Subject: two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nfirst part\r\n--b\r\n"
    "Content-Type: message/rfc822\r\n\r\nSubject: Inner Subject\r\n\r\ninner body\r\n--b--\r\n",
    "\r\nno header at all\r\n",
    "Subject:\r\n\r\n",
    "Subject: a\u0308 combining\r\n\r\nA\u0308PFEL und \ufb01sch, \uac01 \u1100\u1161\u11a8\r\n",
    "Subject: long\r\n\r\n" + "x" * 9000 + "needle\r\n" + "\u00e9" * 5000 + " end\r\n",
]
FIXED = [("TEXT", t) for t in (
    "gr\u00fc\u00dfe", "GR\u00dcSSE AUS K\u00d6LN", "strassenbahn", "\u65e5\u672c", "\u65e5", "\u043f\u0440\u0418\u0412\u0415\u0442",
    "line end", "end, caf\u00e9 <b>", "b>\r\nnext", "inner subject", "inner body", "\u00e4pfel", "fisch", "\uac01",
    "xneedle\r\n\u00e9", "x" * 300, "no such text anywhere", "subject: two", "a", "", "\u00e9\u00e9", "e", "ar", "q\u00fc",
)] + [("BODY", "subject"), ("BODY", "inner s"), ("FROM", "\u65e5\u672c"), ("CC", "copy"), ("TO", "copy"), ("SUBJECT", ""),
      ("SUBJECT", "re"), ("HEADER X-Mailer", ""), ("HEADER Received", "from"), ("HEADER Message-ID", "@")]


def expect(condition, what, *args):
    if not condition:
        raise Failure(what % args)


def messages():
    out = [m for corpus in CORPORA for _, m in files(os.path.join(DATA, corpus)) if b"\0" not in m]
    random.Random(5).shuffle(out)
    return [m.encode() for m in OWN] + out[:MESSAGES]


def texts_of(message):
    """What people see of a message, as far as Python can read it; and its bytes."""
    yield message.decode("latin-1")
    try:
        m = email.message_from_bytes(message, policy=email.policy.default)
        yield str(m["subject"] or "")
        yield str(m["from"] or "")
        for part in m.walk():
            if part.get_content_maintype() == "text":
                yield part.get_content()
    except Exception:
        pass


def clean(text):
    text = text.replace("\0", "").replace("\n", "\r\n").replace("\r\r", "\r")
    return text.encode("utf-8", "ignore").decode()


def queries(mail):
    rng = random.Random(7)
    out = list(FIXED)
    while len(out) < QUERIES:
        text = clean(rng.choice(list(texts_of(rng.choice(mail)))))
        n = rng.choice((1, 2, 2, 3, 3, 4, 5, 6, 8, 12, 20, 60))
        at = rng.randrange(max(1, len(text) - n))
        out.append((rng.choice(("TEXT", "BODY", "SUBJECT", "FROM", "TO", "TEXT")), text[at:at + n]))
    return out


def literal(text):
    data = text.encode()
    return b"{%d+}\r\n" % len(data) + data


def key(query):
    return query[0].encode() + b" " + literal(query[1])


def programs(qs):
    """Keys, and keys of keys."""
    rng = random.Random(9)
    out = [key(q) for q in qs]
    for _ in range(len(qs) // 4):
        a, b, c = (key(q) for q in rng.sample(qs, 3))
        out += [b"NOT " + a, b"OR " + a + b" " + b, a + b" NOT " + b,
                b"OR (" + a + b" " + b + b") NOT (OR " + c + b" " + a + b")", b"UNSEEN " + a, b"NOT SEEN NOT " + c]
    return out


def numbers(tree):
    for node in tree:
        if isinstance(node, list):
            yield from numbers(node)
        else:
            yield int(node)


class Test:
    def __init__(self, server, mail):
        self.server, self.mail = server, mail
        self.programs = programs(queries(mail))
        self.truth = None

    def connect(self, box=b"INBOX"):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                client = Imap(self.server.address("imap")).login(USER)
                break
            except (OSError, Failure, IndexError):  # between two servers
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        client.ok(b"SELECT " + box)
        return client

    def ask(self, client, program):
        found = [r for r in client.ok(b"UID SEARCH CHARSET UTF-8 ", program) if r[0] == b"SEARCH"]
        return [int(n) for n in found[0][1:]]

    def compare(self, client, gone=(), up_to=1 << 32, every=1):
        for program, want in zip(self.programs[::every], self.truth[::every]):
            got = [u for u in self.ask(client, program) if u <= up_to]
            want = [u for u in want if u not in gone]
            expect(got == want, "%r: with the index %r, without %r", program, got, want)

    def index(self):
        """The file of the account that has messages."""
        return max(glob.glob(self.server.path("data", "search", "*.idx")), key=os.path.getsize)

    def status(self):
        return self.server.moxctl("search", "status", "mjl")[1]

    def await_status(self, *parts):
        end = time.monotonic() + PATIENCE
        while not all(part in self.status() for part in parts):
            expect(time.monotonic() < end, "no %r: %s\n%s", parts, self.status(), self.server.log_text(20))

    def questions(self):
        for line in self.server.moxctl("metrics")[1].splitlines():
            if line.startswith("moxd_search_questions_total"):
                return float(line.split()[-1])
        raise Failure("no metric")

    def with_module(self, on):
        self.server.stop()
        self.server.conf.modules = [m for m in self.server.conf.modules if m != "search"]
        if on:
            self.server.conf.modules.append("search")
        with open(self.server.path("moxd.conf"), "w") as f:
            f.write(self.server.conf.static())
        self.server.ports, self.server.log = {}, []
        self.server.start()

    def kill_server(self):
        """kill -9; its parent starts another."""
        pid = self.server.process.pid
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            children = [int(n) for n in f.read().split()]
        for child in children:
            os.kill(child, signal.SIGKILL)

    # --- the tests, one after the other on one account

    def without_the_module(self):
        client = self.connect()
        for message in self.mail:
            client.append(b"INBOX", message)
        self.truth = [self.ask(client, program) for program in self.programs]
        expect(sum(len(t) for t in self.truth) > len(self.programs), "little was found")

    def while_it_is_built(self):
        self.with_module(True)
        self.compare(self.connect())

    def when_it_is_ready(self):
        self.await_status("ready, %d messages, 0 waiting" % len(self.mail))
        before = self.questions()
        self.compare(self.connect())
        expect(self.questions() >= before + len(self.programs) / 2, "the index was not asked")

    def in_other_commands(self):
        """SORT, THREAD and MULTISEARCH go through the same messages."""
        client = self.connect()
        for program, want in list(zip(self.programs, self.truth))[::5]:
            found = [r for r in client.ok(b"UID SORT (ARRIVAL) UTF-8 ", program) if r[0] == b"SORT"]
            expect(sorted(map(int, found[0][1:])) == want, "SORT %r: %r, not %r", program, found, want)
            found = [r for r in client.ok(b"UID THREAD REFERENCES UTF-8 ", program) if r[0] == b"THREAD"]
            flat = sorted(numbers(found[0][1:] if found else []))
            expect(flat == want, "THREAD %r: %r, not %r", program, flat, want)
            found = client.ok(b'ESEARCH IN (mailboxes "INBOX") RETURN (COUNT) CHARSET UTF-8 ', program)
            counts = [r[r.index(b"COUNT") + 1] for r in found if r[0] == b"ESEARCH" and b"COUNT" in r]
            expect([int(c) for c in counts if int(c)] == [len(want)][:len(want)], "ESEARCH %r: %r, not %d", program, found,
                   len(want))

    def without_room(self):
        """Nothing is written then, and everything is found."""
        self.server.stop()
        os.unlink(self.index())
        self.configure("900T")
        self.compare(self.connect(), every=3)
        self.await_status("disk space is low")
        self.server.stop()
        self.configure("0")
        self.await_status("ready, %d messages" % len(self.mail))
        self.compare(self.connect(), every=3)

    def configure(self, reserve):
        self.server.conf.blocks["module search"] = ["delay = 0s", "disk-reserve = " + reserve]
        with open(self.server.path("moxd.conf"), "w") as f:
            f.write(self.server.conf.static())
        self.server.ports, self.server.log = {}, []
        self.server.start()

    def while_messages_come(self):
        client, other = self.connect(), self.connect()
        last = len(self.mail)
        for i, (program, want) in enumerate(zip(self.programs, self.truth)):
            if i % 3 == 0:
                other.append(b"INBOX", self.mail[i % len(self.mail)])
            got = [u for u in self.ask(client, program) if u <= last]
            expect(got == want, "%r: %r, not %r", program, got, want)
        other.append(b"INBOX", b"Subject: newest\r\n\r\nxyzzy plugh\r\n")
        client.ok(b"NOOP")
        newest = self.ask(client, b"BODY {11+}\r\nxyzzy plugh")
        expect(len(newest) == 1 and newest[0] > last, "the newest message: %r", newest)
        self.remove_newer(client)

    def remove_newer(self, client):
        client.ok(b"UID STORE %d:* +FLAGS.SILENT (\\Deleted)" % (len(self.mail) + 1))
        client.ok(b"UID STORE %d -FLAGS.SILENT (\\Deleted)" % len(self.mail))
        client.ok(b"EXPUNGE")

    def after_kill(self):
        for _ in range(1 if SANITIZED else 2):
            self.server.moxctl("search", "rebuild", "mjl")
            self.kill_server()
            client = self.connect()
            self.compare(client, up_to=len(self.mail))
        self.await_status("ready", " 0 waiting")
        self.compare(self.connect())

    def damaged(self):
        """Bytes of the file changed at random; the file cut; no file of SQLite; no file."""
        rng = random.Random(3)

        def some_bytes(f, size):
            for _ in range(200):
                f.seek(rng.randrange(4096, size))
                f.write(bytes([rng.randrange(256)]))

        def half(f, size):
            f.truncate(size // 2)

        def nonsense(f, size):
            f.seek(0)
            f.write(b"nonsense" * 100)

        for damage in (some_bytes, half, nonsense, None):
            self.server.stop()
            path = self.index()
            if damage:
                with open(path, "r+b") as f:
                    damage(f, os.path.getsize(path))
            else:
                os.unlink(path)
            self.server.ports, self.server.log = {}, []
            self.server.start()
            self.compare(self.connect(), every=3)
            self.await_status("ready, %d messages" % len(self.mail))
            if damage:
                self.server.await_log("search index damaged")
            self.compare(self.connect(), every=3)

    def expunged_and_moved(self):
        client = self.connect()
        client.ok(b"CREATE Elsewhere")
        uids = range(1, len(self.mail) + 1)
        gone = [u for u in uids if u % 3 == 0]
        moved = [u for u in uids if u % 5 == 1 and u not in gone]
        client.ok(b"UID STORE %s +FLAGS.SILENT (\\Deleted)" % b",".join(b"%d" % u for u in gone))
        client.ok(b"EXPUNGE")
        client.ok(b"UID MOVE %s Elsewhere" % b",".join(b"%d" % u for u in moved))
        left = set(gone) | set(moved)
        self.compare(client, left)
        there = self.connect(b"Elsewhere")
        for _ in range(2):
            for program, want in zip(self.programs, self.truth):
                got = [moved[u - 1] for u in self.ask(there, program)]
                want = [u for u in want if u in moved]
                expect(got == want, "moved: %r: %r, not %r", program, got, want)
            self.compare(client, left)
            self.await_status("ready", " 0 waiting")

    def with_the_account(self):
        path = self.index()
        self.server.moxctl("account", "rm", "mjl")
        expect(not glob.glob(path + "*"), "the index is still there")


STEPS = ("without_the_module", "while_it_is_built", "when_it_is_ready", "in_other_commands", "while_messages_come", "after_kill",
         "damaged", "without_room", "expunged_and_moved", "with_the_account")


def main():
    if not built("search"):
        print("1..0 # SKIP the module search is not built")
        return 0
    conf = Conf()
    conf.services = ["imap"]
    conf.add("module search", "delay = 0s")
    conf.add("module search", "disk-reserve = 0")
    print("1..%d" % len(STEPS), flush=True)
    with Server(conf) as server:
        test = Test(server, messages())
        for i, step in enumerate(STEPS):
            start = time.monotonic()
            try:
                getattr(test, step)()
            except Exception as e:
                what = str(e) if isinstance(e, Failure) else traceback.format_exc()
                print("# %s\nnot ok %d - %s" % (what[-6000:].replace("\n", "\n# "), i + 1, step))
                return 1
            print("ok %d - %s # %.1f s" % (i + 1, step.replace("_", " "), time.monotonic() - start), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
