#!/usr/bin/env python3
# proves: STORE-21, IMPEX-06, IMPEX-07, THR-10, P-CTL-03
# proves in part: IMPEX-05
"""moxctl import and export: mailboxes of other programs come in with their flags, keywords and times, or not at all;
what goes out can be read by others, and comes back the same."""

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
        run(server, "mbox", "mjl", "P1", server.path("py.mbox"))  # nobody looks for duplicates
        expect(len(c.fetched("P1", "(UID)")) == 460, "messages of P1")


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


def expect_fails(server, text, *args):
    bad(1, text, "export", *args, conf=server.path("moxd.conf"))


ODD = [
    # flags, internal date, message
    ("\\Seen \\Answered \\Flagged \\Deleted \\Draft", "07-Jun-2026 10:03:49 +0200", b"Subject: flags\r\n\r\nx\r\n"),
    ("$Forwarded $Junk $MDNSent $Phishing label1 $two", "01-Jan-1999 00:00:00 +0000",
     b"Subject: keywords\r\n\r\n"),
    ("", "29-Feb-2024 23:59:59 -1100",
     b"Return-Path: <a@remote.example>\r\nSubject: lines\r\n\r\nFrom here\r\n>From there\r\n\r\n"
     b"From a@b Mon Nov 24 18:22:48 1986\r\n.\r\n\r\n\r\n"),
    ("$NotJunk", "07-Jun-2026 10:03:50 +0000", b"Subject: =?utf-8?q?=C3=A4?=\r\n\r\n" + b"long " * 30000 + b"\r\n"),
]
# mailbox, and its file in an export as mbox and maildir
NAMES = [("Ex", "Ex.mbox", "Ex"), ("Ex/B&APw-cher", "Ex/B\u00fccher.mbox", "Ex/B\u00fccher"),
         ("Ex/.hidden/cur", "Ex/%2Ehidden/cur.mbox", "Ex/%2Ehidden/%63ur"),
         ("Ex/100%.mbox", "Ex/100%25%2Embox.mbox", "Ex/100%25.mbox"),
         ("Ex/" + "long" * 100, None, None)]


def what_goes_out_comes_back(server):
    """Every flag, keyword and time; a mailbox of each format, read by another program too."""
    with Imap(server) as c:
        for name, _, _ in NAMES:
            expect(c.create('"%s"' % name)[0] == "OK", name)
        for flags, date, message in ODD:
            expect(c.append('"%s"' % NAMES[2][0], "(%s)" % flags, '"%s"' % date, message)[0] == "OK", flags)
        for i in range(450):
            c.append("Ex", "(\\Seen)" if i % 3 else "", None, b"Subject: %d\r\n\r\nFrom %d\r\n" % (i, i))
        out = good("export", "mbox", "mjl", server.path("out"), "Ex", conf=server.path("moxd.conf"))
        expect("\nEx/.hidden/cur: 4 messages\n" in "\n" + out, out)
        expect(out.endswith("454 messages of 6 mailboxes exported into %s\n" % server.path("out")), out)
        good("export", "maildir", "mjl@mox.example", server.path("outd") + "/", "Ex", conf=server.path("moxd.conf"))
        for _, mbox, maildir in NAMES[:-1]:
            expect(os.path.isfile(server.path("out/" + mbox)), mbox)
            expect(os.path.isdir(server.path("outd/" + maildir + "/cur")), maildir)
        run(server, "mbox", "mjl", "Back1", server.path("out/" + NAMES[2][1]))
        run(server, "maildir", "mjl", "Back2", server.path("outd/" + NAMES[2][2]))
        run(server, "mbox", "mjl", "Back3", server.path("out/Ex.mbox"))
        run(server, "maildir", "mjl", "Back4", server.path("outd/Ex") + "/")
        for item in ("FLAGS", "BODY.PEEK[]", "INTERNALDATE"):
            want = c.fetched('"%s"' % NAMES[2][0], "(%s)" % item)
            if item == "INTERNALDATE":  # the moment, in UTC
                want = ["%d (INTERNALDATE \"%s\")" % (i + 1, d) for i, d in enumerate(
                    (" 7-Jun-2026 08:03:49 +0000", " 1-Jan-1999 00:00:00 +0000", " 1-Mar-2024 10:59:59 +0000",
                     " 7-Jun-2026 10:03:50 +0000"))]
            for name in ("Back1", "Back2"):
                got = c.fetched(name, "(%s)" % item)
                expect(got == want, "%s: %s, not %s" % (name, str(got)[:3000], str(want)[:3000]))
        want = c.fetched("Ex", "(FLAGS BODY.PEEK[] INTERNALDATE)")
        for name in ("Back3", "Back4"):
            expect(c.fetched(name, "(FLAGS BODY.PEEK[] INTERNALDATE)") == want, name)


def what_goes_out_is_read_by_python(server):
    box = mailbox.mbox(server.path("out/" + NAMES[2][1]), create=False)
    got = [(m["Subject"], "".join(sorted(m.get_flags())), m.get_from(), m["X-Keywords"]) for m in box]
    expect(got == [("flags", "ADFORT", "MAILER-DAEMON Sun Jun  7 08:03:49 2026", None),
                   ("keywords", "O", "MAILER-DAEMON Fri Jan  1 00:00:00 1999",
                    "$Forwarded $Junk $Phishing $MDNSent $two label1"),
                   ("lines", "O", "a@remote.example Fri Mar  1 10:59:59 2024", None),
                   ("=?utf-8?q?=C3=A4?=", "O", "MAILER-DAEMON Sun Jun  7 10:03:50 2026", "$NotJunk")], got)
    box = mailbox.Maildir(server.path("outd/Ex/%2Ehidden/%63ur"), create=False)
    got = sorted((m["Subject"], m.get_subdir(), "".join(c for c in m.get_flags() if c.isupper()), int(m.get_date()))
                 for m in box)
    expect(got == [("=?utf-8?q?=C3=A4?=", "cur", "", 1780826630), ("flags", "cur", "DFRST", 1780819429),
                   ("keywords", "cur", "P", 915148800), ("lines", "cur", "", 1709290799)], got)
    expect(len(mailbox.mbox(server.path("out/Ex.mbox"), create=False)) == 450, "messages of Ex.mbox")
    expect(len(mailbox.Maildir(server.path("outd/Ex"), create=False)) == 450, "messages of the maildir Ex")
    expect(os.stat(server.path("out/Ex.mbox")).st_mode & 0o77 == 0, "others can read the mail")


def one_mailbox_or_all(server):
    out = good("export", "mbox", "-single", "mjl", server.path("one"), "Ex", conf=server.path("moxd.conf"))
    expect(os.listdir(server.path("one")) == ["Ex.mbox"] and "450 messages of 1 mailboxes" in out, out)
    out = good("export", "maildir", "mjl", server.path("all"), conf=server.path("moxd.conf"))
    expect("\n1000 of " in out and os.path.isdir(server.path("all/INBOX/cur")), out)
    fails_as = [("is not empty", "mbox", "mjl", server.path("one")),
                ("there is no mailbox None", "mbox", "mjl", server.path("two"), "None"),
                ("wants the name of a mailbox", "mbox", "-single", "mjl", server.path("two")),
                ("Not a directory", "mbox", "mjl", server.path("moxd.conf")),
                ("No such file or directory", "mbox", "mjl", server.path("not/there")),
                ("no account has the name", "mbox", "nobody", server.path("two"))]
    for text, *args in fails_as:
        expect_fails(server, text, *args)
    expect(not os.path.exists(server.path("two")), "made for nothing")


def too_many_keywords_are_told(server):
    with Imap(server) as c:
        c.create("Many")
        for i in range(30):
            c.append("Many", "(key%02d)" % i, None, b"Subject: %d\r\n\r\n" % i)
        out = good("export", "maildir", "mjl", server.path("many"), "Many", conf=server.path("moxd.conf"))
        expect("4 times a keyword was left out" in out, out)
        run(server, "maildir", "mjl", "Many2", server.path("many/Many"))
        got = "".join(c.fetched("Many2", "(FLAGS)"))
        expect("key25" in got and "key26" not in got, got)


def main():
    with Server(conf()) as server:
        def bound(test):
            def run_it():
                test(server)
            run_it.__name__ = test.__name__
            return run_it
        run_tests([bound(t) for t in
                   (an_mbox_of_thunderbird, what_python_writes, a_maildir_of_dovecot, nothing_stays_of_what_fails,
                    what_goes_out_comes_back, what_goes_out_is_read_by_python, one_mailbox_or_all,
                    too_many_keywords_are_told)])


main()
