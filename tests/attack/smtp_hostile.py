#!/usr/bin/env python3
# proves: P-SMTP-16
"""Hostile SMTP sessions as tables, each row a test: what is sent, and what must be answered. The server goes on
with the session. At the end those of port 25 run again beside another client, which must not notice
anything, and the memory of the server must not grow."""

import base64
import re
import sys

from attack import MB, Bounded, Conf, Peer, Target, Witness, expect, run_tests

FROM = b"MAIL FROM:<a@remote.example>"
TO = b"RCPT TO:<mjl@mox.example>"
HEADER = b"From: <a@remote.example>\r\n"


def b64(text):
    return base64.b64encode(text)


def rcpt(path):
    return [FROM, b"RCPT TO:" + path]


# No open relay: (path, the reply to RCPT). The sender is a stranger's, ours, and nobody's.
RELAY = [
    (b"<a@elsewhere.example>", b"550 5.7.1"),
    (b"<@mox.example:a@elsewhere.example>", b"550 5.7.1"),
    (b"<@mox.example,@127.0.0.1:a@elsewhere.example>", b"550 5.7.1"),
    (b"<@mox.example,@other.example:a@elsewhere.example>", b"550 5.7.1"),
    (b"<@elsewhere.example:mjl@mox.example>", b"250"),  # RFC 5321 C: the route is ignored
    (b"<@elsewhere.example:a%elsewhere.example@mox.example>", b"550 5.1.1"),
    (b"<a%elsewhere.example@mox.example>", b"550 5.1.1"),
    (b"<mjl%mox.example@elsewhere.example>", b"550 5.7.1"),
    (b"<a%elsewhere.example%mox.example>", b"501"),
    (b"<elsewhere.example!a@mox.example>", b"550 5.1.1"),
    (b"<mox.example!a@elsewhere.example>", b"550 5.7.1"),
    (b"<mox.example!elsewhere.example!a>", b"501"),
    (b"<\"a@elsewhere.example\"@mox.example>", b"550 5.1.1"),
    (b"<\"a@elsewhere.example\">", b"501"),
    (b"<\"a%elsewhere.example\"@mox.example>", b"550 5.1.1"),
    (b"<\"mjl@mox.example\"@elsewhere.example>", b"550 5.7.1"),
    (b"<\"mjl\"@elsewhere.example>", b"550 5.7.1"),
    (b"<a@elsewhere.example@mox.example>", b"501"),
    (b"<mjl@mox.example@elsewhere.example>", b"501"),
    (b"<a@[127.0.0.1]>", b"550 5.7.1"),
    (b"<mjl@[127.0.0.1]>", b"550 5.7.1"),
    (b"<a@[192.0.2.1]>", b"550 5.7.1"),
    (b"<a@[IPv6:::1]>", b"550 5.7.1"),
    (b"<a@[IPv6:2001:db8::1]>", b"550 5.7.1"),
    (b"<a@[mox.example]>", b"501"),
    (b"<a@[]>", b"501"),
    (b"<a@[x-tag:mox.example]>", b"5"),
    (b"<a@localhost>", b"550 5.7.1"),
    (b"<root@localhost>", b"550 5.7.1"),
    (b"<a>", b"501"),
    (b"<@elsewhere.example>", b"501"),
    (b"<a@>", b"501"),
    (b"<@>", b"501"),
    (b"<>", b"501"),
    (b"<a@elsewhere.example:25>", b"501"),
    (b"<a@mox.example.elsewhere.example>", b"550 5.7.1"),
    (b"<a@xmox.example>", b"550 5.7.1"),
    (b"<a@mox.exampl>", b"550 5.7.1"),
    (b"<a@.mox.example>", b"501"),
    (b"<a@mox..example>", b"501"),
    (b"<mjl@mox.example(@elsewhere.example)>", b"501"),
    (b"<mjl@mox.example>,<a@elsewhere.example>", b"501"),
    (b"<mjl@mox.example> <a@elsewhere.example>", b"5"),
    (b"<mjl@mox.example,a@elsewhere.example>", b"501"),
    (b"<mjl@mox.example> ORCPT=rfc822;a@elsewhere.example", b"555"),
    (b"<a@elsewhere.example> NOTIFY=NEVER", b"555"),
    (b"<mjl@mox.example\\@elsewhere.example>", b"501"),
    (b"<mjl@mox.example\t@elsewhere.example>", b"501"),
    (b"mjl@mox.example", b"501"),
    (b"<a@elsewhere.example", b"501"),
    (b"<|/bin/sh@mox.example>", b"550 5.1.1"),
    (b"</etc/passwd@mox.example>", b"550 5.1.1"),
    (b"<\"../../x\"@mox.example>", b"550 5.1.1"),
    (b"<:include:/etc/passwd@mox.example>", b"501"),
]
SENDERS = [b"MAIL FROM:<a@remote.example>", b"MAIL FROM:<mjl@mox.example>", b"MAIL FROM:<>"]


def received(n):
    return b"Received: from a by b with SMTP id x; Sat, 21 Nov 2026 08:00:00 +0000\r\n" * n


def own(n):
    return b"Received: from a by mox.example via tcp with ESMTP\r\n\tid {id}; Sat, 21 Nov 2026 08:00:00 +0000\r\n" * n


def message(data, answer):
    """A transaction that ends in DATA: lines and answers."""
    return [FROM, TO, b"DATA", data + b"\r\n."], [b"250", b"250", b"354", answer]


LONG_LABEL = b"x" * 64 + b".example"
LONG_DOMAIN = b".".join([b"x" * 60] * 5)
# (name, service, lines, answers). A line is sent with CRLF; each has one answer.
SESSIONS = [
    # over-long everything
    ("long localpart", "smtp", rcpt(b"<" + b"x" * 65 + b"@mox.example>"), [b"250", b"5"]),
    ("long quoted localpart", "smtp", rcpt(b"<\"" + b"x" * 64 + b"y\"@mox.example>"), [b"250", b"5"]),
    ("long label", "smtp", rcpt(b"<a@" + LONG_LABEL + b">"), [b"250", b"501"]),
    ("long domain", "smtp", rcpt(b"<a@" + LONG_DOMAIN + b">"), [b"250", b"501"]),
    ("long route", "smtp", rcpt(b"<" + b",".join([b"@a.example"] * 150) + b":mjl@mox.example>"),
     [b"250", b"[25]"]),
    ("long parameter", "smtp", [FROM + b" SIZE=" + b"9" * 1500], [b"5"]),
    ("many parameters", "smtp", [FROM + b" A=b" * 400], [b"555"]),
    ("long line", "smtp", [FROM + b" " * 100000], [b"500"]),
    ("long name", "smtp", [b"EHLO " + b"x" * 1500], [b"501"]),
    ("long literal", "smtp", [b"EHLO [" + b"1" * 1500 + b"]"], [b"501"]),
    ("long verb", "smtp", [b"X" * 1500], [b"500"]),
    ("long argument of NOOP", "smtp", [b"NOOP " + b"x" * 1500], [b"250"]),
    ("long AUTH", "submission", [b"AUTH PLAIN " + b"A" * 100000], [b"500"]),
    ("long response", "submission", [b"AUTH PLAIN", b"A" * 100000], [b"334", b"50[01]"]),
    ("long mechanism", "submission", [b"AUTH " + b"X" * 1500], [b"50[14]"]),
    # 8-bit where none is allowed
    ("8-bit verb", "smtp", [b"N\xc3\x96\xc3\x96P"], [b"500"]),
    ("8-bit name", "smtp", [b"EHLO m\xc3\xb8x.example"], [b"501"]),
    ("8-bit sender", "smtp", [b"MAIL FROM:<\xc3\xa9@remote.example>"], [b"55[03] 5.6.7"]),
    ("8-bit domain", "smtp", [b"MAIL FROM:<a@m\xc3\xb8x.example>"], [b"55[03] 5.6.7"]),
    ("8-bit recipient", "smtp", rcpt(b"<\xc3\xa9@mox.example>"), [b"250", b"55[03] 5.6.7"]),
    ("bytes that are not UTF-8", "smtp", [b"MAIL FROM:<\xff\xfe@remote.example> SMTPUTF8"], [b"5"]),
    ("overlong UTF-8", "smtp", [b"MAIL FROM:<a\xc0\xae@remote.example> SMTPUTF8"], [b"5"]),
    ("8-bit parameter", "smtp", [FROM + b" S\xc3\x8fZE=1"], [b"5"]),
    ("8-bit value", "smtp", [FROM + b" BODY=\xc3\xa9"], [b"5"]),
    ("8-bit mechanism", "submission", [b"AUTH PL\xc3\x84IN"], [b"50[14]"]),
    ("8-bit response", "submission", [b"AUTH PLAIN", b"\xc3\xa9\xc3\xa9"], [b"334", b"501"]),
    ("8-bit text", "smtp") + message(HEADER + b"Subject: \xff\xfe\r\n\r\n\xff\r\n", b"250"),
    # AUTH
    ("bad base64 at once", "submission", [b"AUTH PLAIN !!!!"], [b"501"]),
    ("bad base64 as response", "submission", [b"AUTH PLAIN", b"!!!!"], [b"334", b"501"]),
    ("half base64", "submission", [b"AUTH PLAIN AAA"], [b"501"]),
    ("wrong padding", "submission", [b"AUTH PLAIN AA=A"], [b"501"]),
    ("padding alone", "submission", [b"AUTH PLAIN =="], [b"501"]),
    ("empty response", "submission", [b"AUTH PLAIN ="], [b"5"]),
    ("nothing", "submission", [b"AUTH PLAIN", b""], [b"334", b"5"]),
    ("cancelled", "submission", [b"AUTH PLAIN", b"*"], [b"334", b"501 5.7.0"]),
    ("no mechanism", "submission", [b"AUTH"], [b"501"]),
    ("unknown mechanism", "submission", [b"AUTH GSSAPI"], [b"504"]),
    ("two responses", "submission", [b"AUTH PLAIN AAAA AAAA"], [b"501"]),
    ("too many NULs", "submission", [b"AUTH PLAIN " + b64(b"\0" * 100)], [b"5"]),
    ("no NUL", "submission", [b"AUTH PLAIN " + b64(b"x" * 100)], [b"5"]),
    ("a long user", "submission", [b"AUTH PLAIN " + b64(b"\0" + b"x" * 4000 + b"\0y")], [b"5"]),
    ("a long password", "submission", [b"AUTH PLAIN " + b64(b"\0mjl@mox.example\0" + b"y" * 4000)],
     [b"5"]),
    ("a line end in the user", "submission", [b"AUTH PLAIN " + b64(b"\0mjl\r\nx@mox.example\0y")], [b"5"]),
    ("LOGIN cut off", "submission", [b"AUTH LOGIN", b64(b"mjl@mox.example"), b"*"],
     [b"334", b"334", b"501"]),
    ("a bad SCRAM message", "submission", [b"AUTH SCRAM-SHA-256 " + b64(b"n,,x")], [b"5"]),
    ("AUTH on port 25", "smtp", [b"AUTH PLAIN AAAA"], [b"502"]),
    ("mail without AUTH", "submission", [FROM], [b"530"]),
    ("commands instead of a response", "submission", [b"AUTH PLAIN", FROM, FROM],
     [b"334", b"501", b"530"]),
    # headers
    ("a header of 250,000 fields", "smtp") + message(HEADER + b"A:\r\n" * 250000, b"250"),
    ("a field of 900,000 bytes", "smtp") + message(HEADER + b"A: " + b"x" * 900000 + b"\r\n", b"250"),
    ("a field of 100,000 lines", "smtp") + message(HEADER + b"A:\r\n" + b" x\r\n" * 100000, b"250"),
    ("100,000 authors", "smtp") + message(b"From: a@b" + b",a@b" * 100000 + b"\r\n", b"250"),
    ("comments in comments", "smtp") + message(b"From: " + b"(" * 400000 + b"\r\n", b"250"),
    ("many From fields", "smtp") + message(HEADER * 20000, b"550 5.6.0"),
    ("too large a header", "smtp") + message(HEADER + b"A: b\r\n" * 200000, b"552 5.3.4"),
    ("a list's author without end", "smtp",
     [FROM, b"RCPT TO:<list@lists.example>", b"DATA", b"From: " + b"a@mox.example," * 50000 + b"\r\n\r\n."],
     [b"250", b"250", b"354", b"250"]),
    # loops
    ("100 Received fields", "smtp") + message(received(100) + HEADER, b"250"),
    ("101 Received fields", "smtp") + message(received(101) + HEADER, b"554 5.4.6"),
    ("5 of ours", "smtp") + message(own(5) + HEADER, b"250"),
    ("6 of ours", "smtp") + message(own(6) + HEADER, b"554 5.4.6"),
    # order and nonsense
    ("DATA without recipients", "smtp", [FROM, b"DATA"], [b"250", b"554"]),
    ("MAIL twice", "smtp", [FROM, FROM], [b"250", b"503"]),
    ("RCPT first", "smtp", [TO], [b"503"]),
    ("a bare CR in a command", "smtp", [b"NOOP\rRSET"], [b"500"]),
    ("a folded command", "smtp", [FROM, b" RCPT TO:<mjl@mox.example>"], [b"250", b"500"]),
    ("EHLO again drops the mail", "smtp", [FROM, b"EHLO again.example", TO], [b"250", b"250", b"503"]),
]


def matches(answer, want):
    return re.match(want, answer) is not None


def run(server, service, lines, answers):
    peer = Peer(server.address(service), service)
    peer.reply()
    peer.ask(b"EHLO attacker.example")
    own_id = re.search(rb"\((\S+)\)$", peer.ask(b"EXPN x")[1]).group(1)
    for line, want in zip(lines, answers):
        _, answer = peer.ask(line.replace(b"{id}", own_id))
        expect(matches(answer, want), "%r is answered with %r" % (line[:100], answer))
    peer.expect(b"NOOP", 250)
    peer.expect(b"RSET", 250)
    peer.close()


def named(name, function):
    function.__name__ = name
    return function


def relay_test(server, path, want):
    def test():
        for sender in SENDERS:
            run(server, "smtp", [sender, b"RCPT TO:" + path], [b"250", want])

    return named("relay %s" % path.decode(), test)


def session_test(server, name, service, *rest):
    return named(name, lambda: run(server, service, *rest))


def thousands_of_recipients(server):
    """Accepted ones, refused ones, malformed ones, in one go."""
    def test():
        peer = server.smtp()
        peer.expect(FROM, 250)
        for line, codes in ((TO, {250, 452}), (b"RCPT TO:<@mox.example>", {501, 452, 421}),):
            peer.send((line + b"\r\n") * 3000)
            seen = set()
            for _ in range(3000):
                code = peer.reply()[0]
                seen.add(code)
                if code == 421:
                    break
            expect(seen <= codes, "answers %s" % seen)
        peer.close()

    return named("thousands of recipients", test)


def injection(server, service, before, inside, name):
    """What is sent in the clear behind STARTTLS is neither run nor answered, in TLS or before."""
    def test():
        peer = Peer(server.address(service), service)
        peer.reply()
        if before:
            peer.ask(before)
        peer.send(b"STARTTLS\r\n" + inside)
        code, answer = peer.reply()
        expect(code == 220, "STARTTLS is answered with %r" % answer)
        expect(peer.buffer == b"", "%r was answered in the clear" % peer.buffer)
        peer.start_tls()
        peer.expect(b"RCPT TO:<mjl@mox.example>", 503)
        peer.expect(b"MAIL FROM:<a@remote.example>", 503, b"EHLO first")
        code, answer = peer.ask(b"EHLO again.example")
        expect(code == 250, "EHLO is answered with %r" % answer)
        peer.close()

    return named("injection " + name, test)


EVIL = b"EHLO evil.example\r\nMAIL FROM:<evil@remote.example>\r\nRCPT TO:<mjl@mox.example>\r\n"
LOGIN = b"EHLO evil.example\r\nAUTH PLAIN " + b64(b"\0mjl@mox.example\0test password 1") + b"\r\n"


def main():
    conf = Conf()
    conf.services = ["smtp", "submission", "imap"]
    conf.add("smtp", "unknown-recipients-delay = 0s")
    conf.add("domains", 'domain "lists.example" { alias "list" {')
    conf.add("domains", 'members = ["a@mox.example", "mjl@mox.example"] post-public = true } }')
    conf.add("domains", 'account "a" { domain = "mox.example" address "a@mox.example" { } }')
    with Target(conf) as server:
        tests = [relay_test(server, *row) for row in RELAY]
        tests += [session_test(server, *row) for row in SESSIONS]
        tests.append(thousands_of_recipients(server))
        tests += [
            injection(server, "smtp", None, EVIL, "before EHLO"),
            injection(server, "smtp", b"EHLO attacker.example", EVIL, "after EHLO"),
            injection(server, "smtp", b"HELO attacker.example", b"\0" * 100, "of other bytes"),
            injection(server, "submission", b"EHLO attacker.example", LOGIN, "of a login"),
        ]

        def strangers_disturb_nobody():
            with Witness(server), Bounded(server, 16 * MB):
                for row in SESSIONS:
                    if row[1] == "smtp":
                        run(server, *row[1:])

        run_tests(tests + [strangers_disturb_nobody])


sys.exit(main())
