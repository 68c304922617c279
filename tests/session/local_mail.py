#!/usr/bin/env python3
# proves: P-QUEUE-11
# proves in part: P-AUTHN-01, P-AUTHN-04, P-QUEUE-14
"""Mail that no client brings: notifications, reports of the server about itself, what is forwarded from here to here and
what was held meets the same rules as mail that came by SMTP, and is signed when it goes."""

import imaplib
import os
import re
import smtplib
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
sys.path.insert(0, os.path.join(HERE, "..", "clients"))
from dkim_mail import Keys, finish_dns, local_data, make_key, peer, record  # noqa: E402
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

MJL, OTHER = "mjl@mox.example", "other@mox.example"
MESSAGE = b"From: <%s>\r\nTo: <bob@elsewhere.example>\r\nSubject: hi\r\nMessage-ID: <m1@mox.example>\r\n\r\nthe body\r\n"


class Case:
    """A server with a key, a sink behind every other domain, and these blocks."""

    def __init__(self, account="", other="", domains="", domain="", modules=(), dns=(), key=True):
        self.dir = tempfile.TemporaryDirectory()
        os.chmod(self.dir.name, 0o755)
        self.key = os.path.join(self.dir.name, "key.pem")
        make_key(self.key, "rsa")
        os.chmod(self.key, 0o644)
        conf = Conf()
        conf.modules += ["smtpclient", "queue", "rulesets", "forward", "vacation", *modules]
        conf.services = ["smtp", "submission", "imap"]
        self.sink = SmtpSink()
        conf.add("module queue", "port = %d" % self.sink.port)
        conf.blocks["account"] = [account] if account else []
        if other:
            conf.add("other", other)
        if domains:
            conf.add("domains", domains)
        sign = ' dkim { selector "s" { key = "%s" expiration = 7d } sign = ["s"] }' % self.key if key else ""
        conf.add("domain", domain + sign)
        local_data(conf, "s._domainkey.mox.example", record(self.key, "rsa"))
        for line in ("elsewhere.example. 300 IN MX 10 mx.elsewhere.example.", "mx.elsewhere.example. 300 IN A 127.0.0.1",
                     "nullmx.example. 300 IN MX 0 .", *dns):
            conf.add("dns", line)
        finish_dns(conf)
        conf.blocks["top"][-1] = conf.blocks["top"][-1].replace("dns {", "dns { local-only = true\n")
        self.server = Keys(conf, lambda server: None)

    def __enter__(self):
        self.sink.__enter__()
        self.server.__enter__()
        return self

    def __exit__(self, *exception):
        self.server.__exit__(*exception)
        self.sink.__exit__(*exception)
        self.dir.cleanup()

    def verified(self, data):
        path = os.path.join(self.dir.name, "dns.txt")
        with open(path, "w", encoding="ascii") as f:
            f.write("s._domainkey.mox.example %s\n" % record(self.key, "rsa"))
        return peer(data, "verify", path).split()

    def submit(self, to, data=None, sender=MJL, **options):
        with smtplib.SMTP(*self.server.address("submission"), timeout=PATIENCE) as client:
            client.ehlo("client.example")
            client.login(sender, PASSWORD)
            client.ehlo("client.example")
            client.sendmail(sender, to, data or MESSAGE % sender.encode(), **options)

    def receive(self, sender, to, data):
        with smtplib.SMTP(*self.server.address("smtp"), timeout=PATIENCE) as client:
            client.sendmail(sender, to, data)

    def inbox(self, user=MJL, mailbox="INBOX"):
        with imaplib.IMAP4(*self.server.address("imap"), timeout=PATIENCE) as client:
            client.login(user, PASSWORD)
            status, data = client.select(mailbox, readonly=True)
            n = int(data[0]) if status == "OK" else 0
            return [client.fetch(str(i), "(BODY.PEEK[])")[1][0][1] for i in range(1, n + 1)]


def strip_trace(data):
    """Without what local delivery puts above."""
    lines = data.split(b"\r\n")
    while lines[0].startswith((b"Return-Path:", b"Delivered-To:", b"X-Mox-Reason:")):
        lines.pop(0)
    return b"\r\n".join(lines)


RULES = 'address "rules@mox.example" { rulesets { ruleset "returned" { msg-from = "^postmaster@" mailbox = "Returned" } } }'


def notifications_meet_rulesets():
    with Case(account=RULES) as c:
        data = MESSAGE % b"rules@mox.example"
        c.submit("bob@nullmx.example", data, sender="rules@mox.example")
        c.server.await_log('msg="sender told".*action=failed')
        [notice] = c.inbox(mailbox="Returned")
        expect(notice.startswith(b"Return-Path: <>\r\nDelivered-To: rules@mox.example\r\n"
                                 b"X-Mox-Reason: ruleset \"returned\"\r\nDKIM-Signature: "), notice)
        expect(c.verified(strip_trace(notice)) == [b"pass"], notice)
        expect(not c.inbox(), "a copy went to INBOX as well")
        c.server.await_log('msg="message delivered".*origin=dsn|origin=dsn.*msg="message delivered"')


FORWARD = 'address "away@mox.example" { forward { to = ["x@elsewhere.example"] %s} }'


def notifications_are_forwarded():
    with Case(account=FORWARD % "keep-copy = false ") as c:
        c.submit("bob@nullmx.example", MESSAGE % b"away@mox.example", sender="away@mox.example")
        got = c.sink.await_message(lambda m: m.rcpts == ["x@elsewhere.example"])
        expect(got.sender == "" and got.data.startswith(b"Delivered-To: away@mox.example\r\nDKIM-Signature: "), got.data)
        expect(b"ARC-" not in got.data and c.verified(got.data) == [b"pass"], got.data)
        c.server.await_log('msg="forwarded".*address=away@mox.example')
        expect(not c.inbox(), "a copy stayed")


def those_about_forwarding_stay():
    with Case(account=FORWARD % "keep-copy = false unauthenticated = true ") as c:
        c.sink.answer(r"RCPT TO:<x@", "550 5.1.1 no such user")
        c.receive("a@sender.example", "away@mox.example", MESSAGE % b"a@sender.example")
        c.server.await_log('msg="sender told".*from=away@mox.example action=failed')
        c.server.await_log('msg="not forwarded".*reason=notification')
        [notice] = c.inbox()
        expect(b"Final-Recipient: rfc822; x@elsewhere.example" in notice, notice)
        expect(sum(line.startswith("RCPT TO:<x@") for line in c.sink.lines) == 1, c.sink.lines)


def forwarding_to_here():
    rules = 'address "b@mox.example" { rulesets { ruleset "r" { verified-domain = "sender.example" mailbox = "R" } } }'
    away = 'address "a@mox.example" { forward { to = ["b@mox.example", "round@mox.example"] keep-copy = false } }'
    circle = 'address "round@mox.example" { forward { to = ["a@mox.example"] keep-copy = false } }'
    with Case(account=away + circle, other=rules, modules=["arc"]) as c:
        signed = peer(MESSAGE % b"a@sender.example", "sign", c.key, "s", "mox.example", "rsa-sha256", "relaxed/relaxed")
        c.receive("a@sender.example", "a@mox.example", signed)
        c.server.await_log('msg="not forwarded".*reason=unauthenticated')
        expect(len(c.inbox()) == 1, "what proves nothing was forwarded")
        signed = peer(MESSAGE % b"a@mox.example", "sign", c.key, "s", "mox.example", "rsa-sha256", "relaxed/relaxed")
        c.receive("a@sender.example", "a@mox.example", signed)
        c.server.await_log('msg="not forwarded".*reason=loop')
        [got] = c.inbox(OTHER)
        expect(got.startswith(b"Return-Path: <a@mox.example>\r\nDelivered-To: b@mox.example\r\n"
                              b"Delivered-To: a@mox.example\r\nARC-Seal: i=1;"), got)
        expect(len(c.inbox()) == 2, "what came back has no place")


def what_was_found_out_counts_here_as_well():
    rules = 'address "b@mox.example" { rulesets { ruleset "r" { verified-domain = "mox.example" mailbox = "R" } } }'
    away = 'address "a@mox.example" { forward { to = ["b@mox.example"] keep-copy = false } }'
    with Case(account=away, other=rules) as c:
        forged = b"Authentication-Results: mox.example; dkim=pass header.d=mox.example\r\n"
        data = MESSAGE % b"a@mox.example"
        signed = peer(data, "sign", c.key, "s", "mox.example", "rsa-sha256", "relaxed/relaxed")
        c.receive("a@sender.example", "a@mox.example", forged + signed)
        c.server.await_log('msg="message delivered"')
        [got] = c.inbox(OTHER, "R")
        expect(got.count(b"Authentication-Results: mox.example") == 1, got)


def held_mail_is_signed_when_it_goes():
    with Case() as c:
        started = int(time.time())
        c.submit(["bob@elsewhere.example", OTHER], mail_options=["HOLDFOR=2"])
        got = c.sink.await_message(lambda m: m.rcpts == ["bob@elsewhere.example"]).data
        c.server.await_log('msg="message delivered".*account=other|account=other.*msg="message delivered"')
        [here] = c.inbox(OTHER)
        for data in (got, strip_trace(here)):
            expect(data.count(b"DKIM-Signature:") == 1 and data.startswith(b"DKIM-Signature:"), data)
            expect(c.verified(data) == [b"pass"], data)
            t, x = map(int, re.search(rb"\bt=(\d+);\s+x=(\d+);", data).groups())
            expect(t >= started + 2 and x - t == 7 * 86400, data)
        c.submit("bob@elsewhere.example")
        again = c.sink.await_message(lambda m: m.data.count(b"DKIM-Signature:") == 1 and m.data != got).data
        expect(c.verified(again) == [b"pass"], again)


def held_mail_waits_for_its_key():
    with Case() as c:
        c.submit("bob@elsewhere.example", mail_options=["HOLDFOR=1"])
        os.rename(c.key, c.key + ".away")
        c.server.await_log("a message that was held")
        expect(not c.sink.messages, "it went without a signature")
        os.rename(c.key + ".away", c.key)
        c.server.moxctl("queue", "schedule", "now", "all")
        expect(c.verified(c.sink.await_message(lambda m: m.rcpts).data) == [b"pass"], "no good signature")


def reports_about_ourselves_are_taken():
    dns = ['mox.example. 300 IN TXT "v=spf1 -all"',
           '_dmarc.mox.example. 300 IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@mox.example"']
    box = 'address "dmarc@mox.example" { mailbox = "Reports" }'
    with Case(account=box, domain='dmarc { address = "dmarc@mox.example" }', modules=["spf", "reports", "dmarc"],
              dns=dns) as c:
        c.receive("a@sender.example", MJL, MESSAGE % MJL.encode())
        expect(c.server.moxctl("dmarc", "send", "all")[1] == "1 reports sent\n", "")
        c.server.await_log('msg="DMARC report received".*domain=mox.example|domain=mox.example.*DMARC report received')
        expect(" mox.example from=mox.example passed=0 failed=1 " in c.server.moxctl("dmarc", "list")[1], "not listed")
        c.server.await_log('msg="message delivered"')
        [report] = c.inbox(mailbox="Reports")
        expect(c.verified(strip_trace(report)) == [b"pass"], report)


if __name__ == "__main__":
    sys.exit(run_tests([notifications_meet_rulesets, notifications_are_forwarded, those_about_forwarding_stay,
                        forwarding_to_here, what_was_found_out_counts_here_as_well, held_mail_is_signed_when_it_goes,
                        held_mail_waits_for_its_key, reports_about_ourselves_are_taken]))
