#!/usr/bin/env python3
# proves: STORE-21, IMPEX-06, IMPEX-07, THR-10
# proves in part: P-CTL-03, IMPEX-05
"""moxctl import: mailboxes of other programs come in with their flags, keywords and times, or not at all."""

import imaplib
import mailbox
import os
import subprocess
import sys

from ctl import TESTS, bad, expect, good

sys.path.insert(0, os.path.join(TESTS, "session"))

from echo import run_tests  # noqa: E402
from moxd_server import PASSWORD, Conf, Server  # noqa: E402

THUNDERBIRD = b"""From - Sun Jun 07 10:00:00 2026\r
X-Mozilla-Status: 1007\r
X-Mozilla-Status2: 00000000\r
X-Mozilla-Keys: $label1 NonJunk                              \r
Subject: replied\r
Message-ID: <b@example.org>\r
In-Reply-To: <a@example.org>\r
References: <a@example.org>\r
\r
>From here on\r
From there\r
\r
From - Sun Jun 07 10:00:01 2026\r
X-Mozilla-Status: 0009\r
Subject: deleted\r
\r
gone\r
\r
From - Sun Jun 07 10:00:02 2026\r
X-Mozilla-Status: 0000\r
Subject: Re: replied\r
Message-ID: <a@example.org>\r
\r
the parent comes last\r
"""


def conf():
    c = Conf()
    c.services = ["imap"]
    c.modules = c.modules + ["impex"]
    return c


def run(server, *args, stdin=b""):
    return good("import", *args, conf=server.path("moxd.conf"), stdin=stdin)


def fails(server, text, *args):
    bad(1, text, "import", *args, conf=server.path("moxd.conf"))


def write(server, name, data):
    path = server.path(name)
    with open(path, "wb") as f:
        f.write(data)
    return path


class Imap(imaplib.IMAP4):
    def __init__(self, server):
        super().__init__(*server.address("imap"))
        self.login("mjl@mox.example", PASSWORD)

    def fetched(self, name, items):
        """Of all messages, the response with its literals."""
        self.select(name, readonly=True)
        typ, data = self.fetch("1:*", items)
        expect(typ == "OK", data)
        whole, literal = [], False
        for d in data:
            if literal:
                whole[-1] += d
            else:
                whole.append(d if isinstance(d, bytes) else b"".join(d))
            literal = not isinstance(d, bytes)
        self.close()
        return [w.decode().replace(" \\Recent", "").replace("\\Recent", "") for w in whole]

    def names(self):
        return [line.decode().split()[-1].strip('"') for line in self.list()[1]]


def an_mbox_of_thunderbird(server):
    out = run(server, "mbox", "mjl", "Old/Mail", write(server, "tb", THUNDERBIRD))
    expect(out.endswith("2 messages imported into Old/Mail\n"), out)
    with Imap(server) as c:
        one, two = c.fetched("Old/Mail", "(FLAGS INTERNALDATE BODY.PEEK[] THREADID)")
        for text in ("\\Seen", "\\Answered", "\\Flagged", "$Forwarded", "$NotJunk", "$label1",
                     " 7-Jun-2026 10:00:00 +0000", "\r\n\r\nFrom here on\r\nFrom there\r\n"):
            expect(text in one, "%s is not in %s" % (text, one))
        expect("X-Mozilla" not in one and "\\Seen" not in two, one + two)
        expect("\r\n\r\nthe parent comes last\r\n THREADID" in two, two)
        threads = {t.split("THREADID (")[1].split(")")[0] for t in (one, two)}
        expect(len(threads) == 1, "the answer is not in the thread of its parent: %s" % threads)


def what_python_writes(server):
    """The same messages in both formats, by another program, through standard input too."""
    box = mailbox.mbox(server.path("py.mbox"))
    maildir = mailbox.Maildir(server.path("py.maildir"))
    for i in range(230):
        m = mailbox.mboxMessage(b"Subject: %d\n\nFrom %d\n\nFrom me\n" % (i, i))
        m.set_from("a@example.org", (2026, 6, 7, 10, i // 60, i % 60, 0, 0, 0))
        m.set_flags("ROF" if i % 2 else "")
        box.add(m)
        d = mailbox.MaildirMessage(m)
        d.set_date(1780826400 + i)
        maildir.add(d)
    box.close()
    run(server, "mbox", "mjl@mox.example", "P1", server.path("py.mbox"))
    with open(server.path("py.mbox"), "rb") as f:
        run(server, "mbox", "mjl", "P2", "-", stdin=f.read())
    run(server, "maildir", "mjl", "P3", server.path("py.maildir"))
    with Imap(server) as c:
        want = ["Subject: %d\r\n\r\nFrom %d\r\n\r\nFrom me\r\n" % (i, i) for i in range(230)]
        for name in ("P1", "P2", "P3"):
            got = c.fetched(name, "(FLAGS BODY.PEEK[])")
            expect(len(got) == 230, "%s has %d messages" % (name, len(got)))
            texts = {g[g.index("Subject"):].rstrip(")") for g in got}
            expect(texts == set(want), "%s: %s" % (name, texts ^ set(want)))
            seen = sum("\\Seen" in g and "\\Flagged" in g for g in got)
            expect(seen == 115, "%s: %d have flags" % (name, seen))
        expect(" 7-Jun-2026 10:03:49" in c.fetched("P1", "(INTERNALDATE)")[229], "times")
        dates = "".join(c.fetched("P3", "(INTERNALDATE)"))
        expect(" 7-Jun-2026 10:03:49 +0000" in dates, dates)


def a_maildir_of_dovecot(server):
    top = server.path("dovecot")
    for name in ("new", "cur", "tmp", ".Sent/cur"):
        os.makedirs(os.path.join(top, name))
    for name, text in (("cur/1.a:2,FSab", "one"), ("cur/2.a:2,P", "two"), ("new/3.a", "three"),
                       ("tmp/4.a", "four"), (".Sent/cur/5.a:2,S", "five"), ("cur/.hidden", "six"),
                       ("dovecot-keywords", "0 $Label\n1 Junk\n")):
        write(server, "dovecot/" + name, text.encode() if " " in text else b"Subject: %s\n\n" % text.encode())
    os.symlink("/etc/passwd", top + "/cur/6.a:2,S")
    out = run(server, "maildir", "mjl", "Dovecot", top)
    expect("3 messages imported" in out, out)
    with Imap(server) as c:
        one, two, three = c.fetched("Dovecot", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        expect("one" in one and "(\\Seen \\Flagged $Junk $label)" in one, one)
        expect("two" in two and "($Forwarded)" in two, two)
        expect("three" in three and "FLAGS ()" in three, three)


def nothing_stays_of_what_fails(server):
    with Imap(server) as c:
        before = c.names()
        c.create("There")
        c.append("There", "", None, b"Subject: mine\r\n\r\n")
        fails(server, "this is no mbox file", "mbox", "mjl", "New", write(server, "text", b"Hello\n"))
        fails(server, "No such file", "mbox", "mjl", "New", server.path("none"))
        fails(server, "no account has the name", "mbox", "nobody", "New", server.path("tb"))
        fails(server, "Not a directory", "maildir", "mjl", "New", server.path("tb"))
        message = b"From a Sun Jun 07 10:00:00 2026\nSubject: x\n\n" + b"y" * 50000 + b"\n\n"
        big = write(server, "big", 150 * message)
        ended = 3  # that failed before, in the server
        # moxctl goes away in the middle; the mailbox has what others put there, nothing else.
        for name in ("New", "There"):
            p = subprocess.Popen([server.program("moxctl"), "-c", server.path("moxd.conf"), "import", "mbox",
                                  "mjl", name, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            p.stdin.write(150 * message)
            p.stdin.flush()
            p.kill()
            p.wait()
            p.stdin.close()
            p.stdout.close()
            ended += 1
            server.await_log('command failed.*name="import mbox"', ended)
        expect(c.names() == sorted(before + ["There"]) or set(c.names()) == set(before + ["There"]), c.names())
        expect(len(c.fetched("There", "(UID)")) == 1, "messages stay")
        server.moxctl("store", "verify", "mjl")
        os.unlink(big)


def main():
    with Server(conf()) as server:
        def bound(test):
            def run_it():
                test(server)
            run_it.__name__ = test.__name__
            return run_it
        run_tests([bound(t) for t in
                   (an_mbox_of_thunderbird, what_python_writes, a_maildir_of_dovecot, nothing_stays_of_what_fails)])


main()
