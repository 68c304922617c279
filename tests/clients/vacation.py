#!/usr/bin/env python3
"""Answers of users who are away, seen by those who wrote to them: who gets one, how often, and what it looks like to
another implementation (Python's email)."""

import email
import email.policy
import os
import smtplib
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

TEXT = "Ich bin weg.\\nBis bald, Jürgen"
HEADER = "From: <a@elsewhere.example>\r\nTo: <away@fwd.example>\r\nSubject: Grüße\r\nMessage-ID: <m1@elsewhere.example>\r\n"


def away_server(sink, *modules, more=""):
    conf = Conf()
    conf.modules += ["smtpclient", "queue", "vacation", *modules]
    conf.services = ["smtp", "submission", "imap"]
    conf.add("module queue", "port = %d" % sink.port)
    conf.add("domains", 'domain "fwd.example" { alias "list" { members = ["away@fwd.example"] post-public = true } }')
    conf.add("account", 'address "away@fwd.example" { vacation { text = "%s" %s } }' % (TEXT, more))
    conf.add("top", 'dns { local-only = true\nlocal-data = ["elsewhere.example. 300 IN MX 10 mx.elsewhere.example.", '
             '"mx.elsewhere.example. 300 IN A 127.0.0.1", "elsewhere.example. 300 IN TXT \\"v=spf1 ip4:127.0.0.1 -all\\"", '
             '"forged.example. 300 IN TXT \\"v=spf1 -all\\"", "forged.example. 300 IN MX 10 mx.elsewhere.example."] }')
    return Server(conf)


def send(server, sender="a@elsewhere.example", header=HEADER, to="away@fwd.example"):
    with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
        client.sendmail(sender, to, (header + "\r\nhello\r\n").encode())


def result(server, word, count=1):
    server.await_log('msg="?vacation"? .*result=%s' % word, count)


def an_answer():
    with SmtpSink() as sink, away_server(sink) as server:
        send(server)
        result(server, "answered")
        got = sink.await_message(lambda m: m.rcpts == ["a@elsewhere.example"])
        expect(got.sender == "" and got.rcpt_params == [["NOTIFY=NEVER"]], (got.sender, got.rcpt_params))
        m = email.message_from_bytes(got.data, policy=email.policy.default)
        expect(m["Subject"] == "Auto: Grüße" and m["Auto-Submitted"].startswith("auto-replied"), got.data)
        expect(m["In-Reply-To"] == "<m1@elsewhere.example>" == m["References"], got.data)
        expect(m["From"].addresses[0].addr_spec == "away@fwd.example", got.data)
        expect(m.get_content().split() == TEXT.replace("\\n", " ").split(), m.get_content())
        expect(got.data.isascii(), got.data)
        # once; to others too; the message itself is there each time
        send(server, "A@elsewhere.example")
        result(server, "toldbefore")
        send(server, "b@elsewhere.example")
        sink.await_message(lambda m: m.rcpts == ["b@elsewhere.example"])
        server.restart()
        send(server)
        result(server, "toldbefore")
        expect(len(sink.messages) == 2, [m.rcpts for m in sink.messages])


def who_gets_none():
    silent = [
        ("", HEADER, "automatic"), ("MAILER-DAEMON@elsewhere.example", HEADER, "automatic"),
        ("x-request@elsewhere.example", HEADER, "automatic"), ("owner-x@elsewhere.example", HEADER, "automatic"),
        ("c@elsewhere.example", HEADER + "Auto-Submitted: auto-generated\r\n", "automatic"),
        ("c@elsewhere.example", HEADER + "Precedence: bulk\r\n", "automatic"),
        ("c@elsewhere.example", HEADER + "List-Id: <x.example>\r\n", "list"),
        ("c@elsewhere.example", HEADER.replace("To: <away@fwd.example>", "To: <c@elsewhere.example>"), "notaddressed"),
        ("mjl@mox.example", HEADER, "own"),
    ]
    with SmtpSink() as sink, away_server(sink) as server:
        seen = {}
        for sender, header, why in silent:
            send(server, sender, header)
            seen[why] = seen.get(why, 0) + 1
            result(server, why, seen[why])
        send(server, "c@elsewhere.example", to="list@fwd.example")
        result(server, "list", seen["list"] + 1)
        # another address of the account, in Cc; Auto-Submitted says no
        send(server, "c@elsewhere.example", HEADER.replace("To: <away@fwd.example>", "Cc: x <second@mox.example>") +
             "Auto-Submitted: no\r\n")
        result(server, "answered")
        sink.await_message(lambda m: m.rcpts == ["c@elsewhere.example"])
        expect(len(sink.messages) == 1, [m.rcpts for m in sink.messages])


def not_outside_of_its_days_and_not_to_forged_senders():
    with SmtpSink() as sink, away_server(sink, "spf", more='subject = "Weg" from = "2001-01-01"') as server:
        send(server, "a@forged.example")
        result(server, "unauthenticated")
        send(server)
        got = sink.await_message()
        expect(b"Subject: Weg\r\n" in got.data and got.rcpts == ["a@elsewhere.example"], got.data)
    with SmtpSink() as sink, away_server(sink, more='from = "2001-01-01" until = "2001-12-31"') as server:
        send(server)
        server.await_log("message received")
        expect("msg=vacation" not in server.log_text() and not sink.messages, server.log_text())


if __name__ == "__main__":
    sys.exit(run_tests([an_answer, who_gets_none, not_outside_of_its_days_and_not_to_forged_senders]))
