#!/usr/bin/env python3
"""Outgoing mail: which host it goes to, by which transport, and how much an account may send."""

import os
import re
import smtplib
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PATIENCE, Server  # noqa: E402
from outgoing import conf, submit, zone  # noqa: E402
from queue_dsn import Notice, messages  # noqa: E402
from smtp_sink import CLOSE, SmtpSink  # noqa: E402

LATER = 'retry = ["1s"]'


def transports(sink):
    return ['transport "%s" { %s }' % pair for pair in (
        ("smart", 'kind = smtp  host = "127.0.0.1"  port = %d  tls = none' % sink.port),
        ("later", 'kind = smtp  host = "127.0.0.1"  port = %d  tls = opportunistic' % sink.port),
        ("never", 'kind = fail  smtp-code = 554  smtp-message = "not there"'),
        ("four", 'kind = direct  disable-ipv6 = true'),
        ("six", 'kind = direct  disable-ipv4 = true'),
    )]


DSN = """From: <postmaster@far.test>\r
To: <%s>\r
Subject: about your message\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
\r
What became of your message is below.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.far.test\r
\r
Final-Recipient: rfc822; %s\r
Action: %s\r
Status: %s\r
%s\r
--b--\r
"""

# One that does not come to a sender of one recipient: it says which message it is about.
ABOUT = """From: <postmaster@far.test>\r
To: <mjl@mox.example>\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: <%s@far.test>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status;\r
 boundary=b\r
\r
--b\r
\r
What became of your message is below.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.far.test\r
%s\r
Final-Recipient: rfc822; %s\r
Action: %s\r
Status: %s\r
\r
--b\r
Content-Type: text/rfc822-headers\r
\r
Subject: about something\r
%s\r
--b--\r
"""


class Returns:
    """Mail that other servers take, and what they tell later."""

    def __init__(self, server, sink):
        self.server, self.sink, self.taken, self.told = server, sink, {}, 0

    def send(self, rcpt):
        """The sender that the recipient's server sees."""
        n = self.taken[rcpt] = self.taken.get(rcpt, 0) + 1
        submit(self.server, [rcpt], "returns", login="second@mox.example")
        m = self.sink.await_message(lambda m: m.rcpts == [rcpt], n)
        self.server.await_log(r'msg="?delivered.* to=%s ' % re.escape(rcpt), n)
        return m.sender

    def notify(self, to, rcpt, action, status, more="", recorded=True):
        with smtplib.SMTP(*self.server.address("smtp"), timeout=PATIENCE) as client:
            client.sendmail("", [to], DSN % (to, rcpt, action, status, more))
        self.told += recorded
        self.server.await_log(r'msg="?notification.* recorded=true', self.told)

    def outcome(self, rcpt):
        """Of the newest, with its number."""
        number, *words = self.server.moxctl("queue", "retired", "list", "to=" + rcpt)[1].splitlines()[-1].split()
        return number, words[2]


def main():
    with SmtpSink() as sink, SmtpSink(host="127.0.0.2", port=sink.port) as second, SmtpSink() as smart:
        lines = zone({"one.test": [("mx.one.test", "127.0.0.1")],
                      "two.test": [("dead.two.test", "127.0.0.9"), ("mx.two.test", "127.0.0.2")],
                      "dead.test": [("mx.dead.test", "127.0.0.9")]})
        lines.append("mx6.one.test. 300 IN AAAA ::1")
        c = conf(sink.port, lines, LATER, *transports(smart))
        c.modules.append("imap")
        c.services.append("imap")
        c.add("account", 'queue {\n route { to-domain = ["account.test"] transport = "smart" }\n'
              ' max-outgoing-messages-per-day = 40\n max-first-time-recipients-per-day = 30\n'
              ' from-id-logins = ["second@mox.example"]\n}')
        c.add("domain", 'queue {\n route { to-domain = [".sub.test"] transport = "smart" }\n'
              ' route { to-domain = ["account.test"] transport = "never" }\n}')
        c.add("domain", 'catchall-separators = ["+"]')
        c.add("domains", 'route { to-domain = ["never.test"] transport = "never" }\n'
              'route { minimum-attempts = 1 from-domain = ["mox.example"] to-domain = ["dead.test"] transport = "later" }\n'
              'route { to-domain = ["one.test"] from-domain = ["other.example"] transport = "never" }')
        with Server(c) as server:
            def the_next_host():
                """proves in part: P-QUEUE-03"""
                submit(server, ["a@two.test"], "next")
                second.await_message(lambda m: m.rcpts == ["a@two.test"])

            def routes():
                """proves: QUEUE-05, QUEUE-06, QUEUE-02; proves in part: P-QUEUE-05, P-QUEUE-06"""
                submit(server, ["a@account.test", "a@x.sub.test", "a@never.test", "a@one.test"], "routes")
                smart.await_message(lambda m: sorted(m.rcpts) == ["a@account.test", "a@x.sub.test"])
                server.await_log(r'msg="failed" .*to=a@never\.test .*code=554 .*reply="not there"')
                sink.await_message(lambda m: m.rcpts == ["a@one.test"])

            def the_second_attempt_goes_elsewhere():
                submit(server, ["a@dead.test"], "later")
                server.await_log(r'msg="retry" .*to=a@dead\.test .*attempt=1')
                smart.await_message(lambda m: m.rcpts == ["a@dead.test"])

            def by_command():
                """proves in part: P-QUEUE-05, P-QUEUE-07"""
                server.moxctl("queue", "holdrules", "add", "to=held@one.test")
                submit(server, ["held@one.test"], "command")
                server.moxctl("queue", "transport", "six", "to=held@one.test")
                server.moxctl("queue", "unhold", "to=held@one.test")
                server.await_log(r'to=held@one\.test .*no address of a family')
                server.moxctl("queue", "transport", "four", "to=held@one.test")
                server.moxctl("queue", "schedule", "now", "all")
                sink.await_message(lambda m: m.rcpts == ["held@one.test"])

            def limits():
                """proves: ACCT-10, ACCT-11, ACCT-12"""
                many = ["n%d@one.test" % i for i in range(40)]
                for rcpts, directive in ((many[:31], "max-first-time-recipients-per-day"),
                                         (["a@one.test"] + many, "max-outgoing-messages-per-day")):
                    try:
                        submit(server, rcpts, "limits")
                        expect(False, "it was taken")
                    except smtplib.SMTPDataError as e:
                        expect(e.smtp_code == 451 and directive.encode() in e.smtp_error, str(e))
                submit(server, ["a@one.test"], "known")  # not a new one
                sink.await_message(lambda m: b"Subject: known" in m.data)

            def a_sender_for_each_recipient():
                """proves: SUBM-05"""
                submit(server, ["f1@one.test", "f2@one.test"], "ids", login="second@mox.example")
                senders = [sink.await_message(lambda m, r=r: m.rcpts == [r]).sender for r in ("f1@one.test", "f2@one.test")]
                expect(all(re.fullmatch(r"mjl\+[0-9a-f]{30}@mox\.example", s) for s in senders), str(senders))
                expect(senders[0] != senders[1], "the same")
                submit(server, ["f3@one.test"], "none", login="mjl@mox.example")  # a login that is not configured for it
                expect(sink.await_message(lambda m: m.rcpts == ["f3@one.test"]).sender == "mjl@mox.example", "an id")

            returns = Returns(server, sink)

            def a_notification_of_a_failure():
                """proves: QUEUE-10, QUEUE-16; proves in part: P-SMTP-18, WAPI-06, P-QUEUE-09"""
                sender = returns.send("back@one.test")
                number, outcome = returns.outcome("back@one.test")
                expect(outcome == "delivered", outcome)
                # nothing of ours: an id that was not given, none at all, a sender that is no null path
                for to in ("mjl+%s@mox.example" % ("0" * 30), "mjl@mox.example"):
                    returns.notify(to, "back@one.test", "failed", "5.1.1", recorded=False)
                with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
                    client.sendmail("x@far.test", [sender], DSN % (sender, "back@one.test", "failed", "5.1.1", ""))
                expect(returns.outcome("back@one.test") == (number, "delivered"), "one of somebody else counted")
                # it went on to another address, and the status says nothing
                dsn = ("FAR@far.test", "failed", "5.0.0", "Diagnostic-Code: smtp; 550 5.1.1 nobody here\r\n")
                returns.notify(sender.upper(), *dsn)
                expect(returns.outcome("back@one.test") == (number, "failed"), returns.outcome("back@one.test"))
                returns.notify(sender, *dsn, recorded=False)  # again
                returns.notify(sender, "far@far.test", "delayed", "4.0.0", recorded=False)  # too late
                shown = server.moxctl("queue", "retired", "print", number)[1]
                expect(shown.count("notification: ") == 1 and "result        failed\n" in shown, shown)
                expect("notification: failed, by mx.far.test\n    550 5.1.1 nobody here\n" in shown, shown)
                expect(sum(b"about your message" in m for m in messages(server)) == 6, "they are not in the mailbox")
                text = server.moxctl("queue", "suppress", "list", "mjl")[1]
                expect("mjl back@one.test refused 550 5.1.1 nobody here\n" in text, text)
                submit(server, ["back@one.test"], "once more")
                server.await_log(r'msg="suppressed" .*to=back@one\.test')

            def notifications_without_an_id():
                """proves: P-SMTP-18"""
                def about(name, rcpt, action, status, envid="", message_id="", count=None):
                    with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
                        client.sendmail("", ["mjl@mox.example"], ABOUT % (
                            name, "Original-Envelope-Id: %s\r\n" % envid if envid else "", rcpt, action, status,
                            "Message-ID: %s\r\n" % message_id if message_id else ""))
                    returns.told += count is None
                    server.await_log(r'msg="?notification.* recorded=true', returns.told)
                    raw = [m for m in messages(server) if b"<%s@far.test>" % name.encode() in m]
                    expect(len(raw) == 1, "it is not in the mailbox")
                    return raw[0].split(b"\r\n\r\n")[0]

                def wait(*rcpts):
                    for rcpt in rcpts:
                        server.await_log(r'msg="?delivered.* to=%s ' % re.escape(rcpt))
                submit(server, ["w1@one.test", "w2@one.test"], "sent")
                submit(server, ["w3@one.test"], "lonely")
                submit(server, ["w4@one.test"], "named", mail_options=["ENVID=Q+2B7"])
                wait("w1@one.test", "w2@one.test", "w3@one.test", "w4@one.test")
                # by the Message-ID, and only for the recipient that it names
                header = about("b1", "W1@one.test", "failed", "5.1.1", message_id="<sent@mox.example>")
                expect(b"References: <sent@mox.example>\r\n" in header, header)
                expect(returns.outcome("w1@one.test")[1] == "failed" and returns.outcome("w2@one.test")[1] == "delivered", "")
                shown = server.moxctl("queue", "retired", "print", returns.outcome("w1@one.test")[0])[1]
                expect("notification: failed, by mx.far.test\n" in shown, shown)
                # it says nothing about the list: whoever got the message could have written it
                expect("w1@one.test" not in server.moxctl("queue", "suppress", "list", "mjl")[1], "it is on the list")
                # one that went on to another address, of a message that had one recipient
                about("b2", "forwarded@far.test", "failed", "5.2.2", message_id="<lonely@mox.example>")
                expect(returns.outcome("w3@one.test")[1] == "failed", returns.outcome("w3@one.test"))
                about("b3", "forwarded@far.test", "failed", "5.2.2", message_id="<sent@mox.example>", count=0)
                expect(returns.outcome("w2@one.test")[1] == "delivered", "another address of a message to two")
                # by the envelope id
                header = about("b4", "w4@one.test", "delivered", "2.1.5", envid="Q+7")
                expect(b"References: <named@mox.example>\r\n" in header, header)
                shown = server.moxctl("queue", "retired", "print", returns.outcome("w4@one.test")[0])[1]
                expect("notification: delivered, by mx.far.test\n" in shown, shown)
                # about nothing of ours, and of another account
                header = about("b5", "w2@one.test", "failed", "5.1.1", envid="Q+8", message_id="<other@mox.example>", count=0)
                expect(b"References" not in header, header)
                # while it waits: a delay that is told is in its history
                server.moxctl("queue", "holdrules", "add", "to=w5@one.test")
                submit(server, ["w5@one.test"], "waits")
                about("b6", "w5@one.test", "delayed", "4.4.1", message_id="<waits@mox.example>")
                shown = server.moxctl("queue", "print", server.moxctl("queue", "list", "to=w5@one.test")[1].splitlines()[1].split()[0])[1]
                expect("notification: delayed, by mx.far.test\n" in shown, shown)
                server.moxctl("queue", "drop", "to=w5@one.test")
                about("b7", "w5@one.test", "failed", "5.0.0", message_id="<waits@mox.example>")  # it is remembered
                server.restart()
                returns.told = 0
                about("b8", "w2@one.test", "relayed", "2.0.0", message_id="<sent@mox.example>")
                expect(returns.outcome("w2@one.test")[1] == "relayed", returns.outcome("w2@one.test"))

            def other_notifications():
                """proves in part: WAPI-06"""
                sender = returns.send("long@one.test")
                for action, status in (("delayed", "4.4.1"), ("relayed", "2.1.9"), ("expanded", "2.0.0"), ("delivered", "2.0.0")):
                    returns.notify(sender, "long@one.test", action, status)
                    expect(returns.outcome("long@one.test")[1] == action, (action, returns.outcome("long@one.test")))

            def the_third_failure_in_a_row():
                """proves in part: P-QUEUE-09, QUEUE-18"""
                full = ("full@one.test", "failed", "5.2.2", "Diagnostic-Code: smtp; 552 5.2.2 full\r\n")

                def listed():
                    return "full@one.test" in server.moxctl("queue", "suppress", "list", "mjl")[1]
                returns.notify(returns.send("full@one.test"), "full@one.test", "failed", "5.7.1")  # may be about us
                for _ in range(2):
                    returns.notify(returns.send("full@one.test"), *full)
                returns.send("full@one.test")  # arrives
                for i in range(3):
                    expect(not listed(), "after %d failures" % i)
                    returns.notify(returns.send("full@one.test"), *full)
                expect(listed(), "never")

            def what_was_offered():
                """proves in part: QUEUE-19"""
                text = server.moxctl("queue", "offers", "mjl")[1]
                expect(re.search(r" one\.test starttls=no requiretls=no$", text, re.MULTILINE), text)
                expect("dead.test" not in text, text)
                sink.extensions += ["REQUIRETLS"]  # something new
                sink.answer("MAIL FROM", CLOSE, times=1)  # the next session says so
                submit(server, ["a@one.test"], "offers")
                sink.await_message(lambda m: b"Subject: offers" in m.data)
                server.await_log(r'msg="?delivered.* to=a@one\.test .*attempt=2', 2)
                text = server.moxctl("queue", "offers", "mjl")[1]
                expect(re.search(r" one\.test starttls=no requiretls=yes$", text, re.MULTILINE), text)

            def the_whole_reply_comes_back():
                """proves: P-QUEUE-11
                Notifications in UTF-8 are in queue_dsn.py."""
                lines = ["550-5.1.1 there is nobody", "550-5.1.1 of that name,", "550 5.1.1 and never was"]
                sink.answer("RCPT TO:<multi@", "\n".join(lines))
                submit(server, ["multi@one.test"], "multi")
                server.await_log(r'msg="?sender told.* to=multi@one\.test')
                notice = Notice(server)
                got = notice.rcpts[0]["Diagnostic-Code"]
                expect(" ".join(got.split()) == "smtp; " + " ".join(lines), got)
                expect(notice.rcpts[0]["Remote-MTA"] == "dns; mx.one.test", notice.raw)
                expect(all(line in notice.text for line in lines), notice.text)
                expect(notice.raw.startswith(b"Return-Path: <>\r\nDelivered-To: mjl@mox.example\r\n"), notice.raw)

            def one_that_breaks_off():
                sink.answer("END-OF-DATA", CLOSE, times=1)
                submit(server, ["a@one.test"], "broken")
                sink.await_message(lambda m: b"Subject: broken" in m.data)

            run_tests([the_next_host, routes, the_second_attempt_goes_elsewhere, by_command, limits, one_that_breaks_off,
                       a_sender_for_each_recipient, a_notification_of_a_failure, other_notifications,
                       the_third_failure_in_a_row, what_was_offered, notifications_without_an_id,
                       the_whole_reply_comes_back])


if __name__ == "__main__":
    main()
