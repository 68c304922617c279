#!/usr/bin/env python3
# proves in part: QUEUE-01, P-QUEUE-11, P-AUTHN-01
"""Mail for an address here goes on to another server, a sink: signed by an independent signer (python3-dkim), with an
envelope of our own and a set of ARC; what is in a circle or proves nothing stays."""

import imaplib
import os
import smtplib
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from dkim_mail import Keys, MJL, finish_dns, header_of, last_message, local_data, make_key, peer, record  # noqa: E402
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

AUTHOR = "author@sender.example"
MESSAGE = b"From: <author@sender.example>\r\nTo: <mjl@mox.example>\r\nSubject: news\r\n\r\nall of it\r\n"


def forwarding(sink, key, *options, blocks=()):
    conf = Conf()
    conf.modules += ["smtpclient", "queue", "forward", "arc", "rulesets"]
    conf.services = ["smtp", "submission", "imap"]
    conf.add("module queue", "port = %d" % sink.port)
    conf.blocks["account"] = []
    conf.add("domains", 'domain "fwd.example" { dkim { selector "f" { key = "%s" } sign = ["f"] } }' % key)
    conf.add("account", 'address "away@fwd.example" { forward { to = ["x@elsewhere.example"] %s } }' % " ".join(options))
    conf.add("account", 'address "gone@fwd.example" { forward { to = ["x@elsewhere.example"] keep-copy = false } }')
    for place, text in blocks:
        conf.add(place, text)
    local_data(conf, "s1._domainkey.sender.example", record(key, "rsa"))
    lines = conf.blocks["dns"] + ["elsewhere.example. 300 IN MX 10 mx.elsewhere.example.",
                                  "mx.elsewhere.example. 300 IN A 127.0.0.1"]
    conf.blocks["dns"] = lines
    finish_dns(conf)
    conf.blocks["top"][-1] = conf.blocks["top"][-1].replace("dns {", "dns { local-only = true\n")
    return Keys(conf, lambda server: None)


def send(server, to, data, sender=AUTHOR):
    with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
        client.sendmail(sender, to, data)


class Case:
    def __init__(self, *options, conf=()):
        self.key = os.path.join(os.environ.get("TMPDIR", "/tmp"), "forward-%d.pem" % os.getpid())
        make_key(self.key, "rsa", 1024)
        os.chmod(self.key, 0o644)
        self.signed = peer(MESSAGE, "sign", self.key, "s1", "sender.example", "rsa-sha256", "relaxed/relaxed")
        self.sink = SmtpSink()
        self.options = options
        self.conf = conf

    def __enter__(self):
        self.sink.__enter__()
        self.server = forwarding(self.sink, self.key, *self.options, blocks=self.conf)
        self.server.__enter__()
        return self

    def dns(self):
        path = self.server.path("dns.txt")
        with open(path, "w", encoding="ascii") as f:
            for name in ("s1._domainkey.sender.example", "f._domainkey.fwd.example"):
                f.write("%s %s\n" % (name, record(self.key, "rsa")))
        return path

    def forwarded(self, data):
        """What the next server gets."""
        seen = len(self.sink.messages)
        send(self.server, "away@fwd.example", data)
        return self.sink.await_message(lambda m: m.data.endswith(data) and m in self.sink.messages[seen:]).data

    def __exit__(self, *exception):
        self.server.__exit__(*exception)
        self.sink.__exit__(*exception)
        os.unlink(self.key)


def signed_mail_goes_on():
    with Case() as c:
        send(c.server, "away@fwd.example", c.signed)
        got = c.sink.await_message(lambda m: m.rcpts == ["x@elsewhere.example"])
        expect(got.sender == "away@fwd.example", got.sender)
        expect(got.data.startswith(b"Delivered-To: away@fwd.example\r\n") and got.data.endswith(c.signed), got.data)
        expect(peer(got.data, "verify", c.dns()).split() == [b"pass"], got.data)
        expect(c.signed in last_message(c.server, MJL), "no copy stayed")
        # without a copy; the null path stays
        send(c.server, "gone@fwd.example", c.signed, sender="")
        got = c.sink.await_message(lambda m: m.sender == "")
        c.server.await_log('msg="forwarded".*address=gone@fwd.example')
        expect(b"gone@fwd.example" not in last_message(c.server, MJL), "a copy stayed")
        expect(got.rcpt_params == [["NOTIFY=FAILURE"]], got.rcpt_params)


def what_was_found_out_is_sealed():
    with Case() as c:
        dns = c.dns()
        got = c.forwarded(c.signed)
        fields = header_of(got)[:-len(header_of(c.signed))].replace("\r\n\t", " ")
        expect(peer(got, "chain", dns).split() == [b"pass"], got)
        expect("ARC-Seal: i=1; a=rsa-sha256; cv=none; d=fwd.example; s=f; t=" in fields, fields)
        expect("ARC-Authentication-Results: i=1; mox.example;" in fields and "dkim=pass" in fields, fields)
        expect("DKIM-Signature; bh=" in fields, fields)  # what is there is covered
        for old, new in ((b"all of it", b"more"), (b"Subject: news", b"Subject: olds"), (b"dkim=pass", b"dkim=fail")):
            expect(peer(got.replace(old, new), "chain", dns).split() == [b"fail"], (old, got))
        # the chain of somebody before us is prolonged, a broken one is not
        results = b"Authentication-Results: sender.example; dmarc=pass header.from=sender.example\r\n"
        sealed = peer(results + c.signed, "seal", c.key, "s1", "sender.example")
        got = c.forwarded(sealed)
        expect(b"ARC-Seal: i=2;" in got and b"cv=pass" in got and b"arc=pass" in got, got)
        expect(peer(got, "chain", dns).split() == [b"pass"], got)
        broken = sealed.replace(b"dmarc=pass", b"dmarc=none")
        got = c.forwarded(broken)
        expect(b"ARC-Seal: i=2;" not in got and b"arc=fail" in got, got)
        metrics = c.server.moxctl("metrics")[1]
        expect('moxd_arc_sealed_total{outcome="sealed"} 2' in metrics, metrics)


def what_stays():
    with Case() as c:
        send(c.server, "gone@fwd.example", MESSAGE)
        c.server.await_log('msg="not forwarded".*reason=unauthenticated')
        expect(MESSAGE in last_message(c.server, MJL), "it is nowhere")
        send(c.server, "gone@fwd.example", b"Delivered-To: gone@fwd.example\r\n" + c.signed)
        c.server.await_log('msg="not forwarded".*reason=loop')
        other = peer(MESSAGE, "sign", c.key, "s1", "sender.example", "rsa-sha256", "relaxed/relaxed")
        send(c.server, "gone@fwd.example", other.replace(b"author@sender.example", b"author@else.example"))
        c.server.await_log('msg="not forwarded".*reason=unauthenticated', 2)
        metrics = c.server.moxctl("metrics")[1]
        expect('moxd_forward_messages_total{result="loop"} 1' in metrics, metrics)


def failures_are_told_to_who_forwards():
    with Case("unauthenticated = true") as c:
        c.sink.answer(r"RCPT TO:<x@", "550-5.1.1 no such\n550 5.1.1 user")
        send(c.server, "away@fwd.example", MESSAGE)
        c.server.await_log('msg="sender told".*from=away@fwd.example action=failed')
        notice = last_message(c.server, MJL)
        expect(notice.startswith(b"Return-Path: <>\r\nDelivered-To: away@fwd.example\r\n"), notice)
        expect(b"Diagnostic-Code: smtp; 550-5.1.1 no such\r\n 550 5.1.1 user\r\n" in notice, notice)
        expect(b"Remote-MTA: dns; mx.elsewhere.example\r\n" in notice, notice)
        # the notification comes to an address that is forwarded, and ends there
        expect(not any(m.rcpts for m in c.sink.messages), c.sink.lines)


TEAM = """alias "team" { members = ["mjl@mox.example", "other@mox.example"] post-public = true
    forward { to = ["x@elsewhere.example", "author@sender.example"] %s } }"""


def members_of_an_alias_elsewhere():
    with Case(conf=[("domain", TEAM % "")]) as c:
        send(c.server, "team@mox.example", c.signed)
        got = c.sink.await_message(lambda m: m.rcpts == ["x@elsewhere.example"])  # not to the author
        expect(got.sender == "mjl@mox.example", got.sender)
        expect(got.data.startswith(b"Delivered-To: team@mox.example\r\n") and got.data.endswith(c.signed), got.data)
        expect(peer(got.data, "verify", c.dns()).split() == [b"pass"], got.data)
        for user in (MJL, "other@mox.example"):
            copy = last_message(c.server, user)
            expect(b"\r\nDelivered-To: team@mox.example\r\n" in copy and c.signed in copy, copy)
        # one message, however often the list is named
        with smtplib.SMTP(*c.server.address("smtp"), timeout=PATIENCE) as client:
            client.sendmail(AUTHOR, ["team@mox.example", "team@mox.example", MJL], c.signed)
        c.server.await_log('msg="forwarded".*address=team@mox.example', 2)
        send(c.server, "team@mox.example", MESSAGE)
        c.server.await_log('msg="not forwarded".*address=team@mox.example reason=unauthenticated')
        send(c.server, "team@mox.example", b"Delivered-To: team@mox.example\r\n" + c.signed)
        c.server.await_log('msg="not forwarded".*address=team@mox.example reason=loop')
        send(c.server, "team@mox.example", c.signed)
        c.sink.await_message(lambda m: len([n for n in c.sink.messages if n.rcpts == ["x@elsewhere.example"]]) == 3)


def its_owner_hears_of_failures():
    with Case(conf=[("domain", TEAM % "owner = \"other@mox.example\" unauthenticated = true")]) as c:
        c.sink.answer(r"RCPT TO:<x@", "550 5.1.1 no such user")
        send(c.server, "team@mox.example", MESSAGE)
        c.server.await_log('msg="sender told".*from=other@mox.example action=failed')
        notice = last_message(c.server, "other@mox.example")
        expect(b"Final-Recipient: rfc822; x@elsewhere.example" in notice, notice)


def only_the_author_is_here():
    alias = """alias "one" { members = ["mjl@mox.example"] forward { to = ["x@elsewhere.example"] } }
    alias "none" { members = ["mjl@mox.example"] }"""
    data = b"From: <mjl@mox.example>\r\nSubject: x\r\n\r\nx\r\n"
    with Case(conf=[("domain", alias)]) as c:
        with smtplib.SMTP(*c.server.address("submission"), timeout=PATIENCE) as client:
            client.login(MJL, PASSWORD)
            client.sendmail(MJL, ["one@mox.example"], data)
            got = c.sink.await_message(lambda m: m.rcpts == ["x@elsewhere.example"])
            expect(got.data.endswith(data), got.data)
            try:
                client.sendmail(MJL, ["none@mox.example"], data)
                expect(False, "taken, and nobody got it")
            except smtplib.SMTPDataError as e:
                expect(e.smtp_code == 550 and b"5.2.4" in e.smtp_error, e)


RULES = """address "rules@fwd.example" { rulesets {
    ruleset "news" { header "^subject$" { value = "^news" } mailbox = "News" forward-to = ["x@elsewhere.example"] %s }
    ruleset "rest" { msg-from = "." mailbox = "Rest" } } }"""


def a_ruleset_forwards():
    with Case(conf=[("account", RULES % "forward-keep-copy = false")]) as c:
        send(c.server, "rules@fwd.example", c.signed)
        got = c.sink.await_message(lambda m: m.rcpts == ["x@elsewhere.example"])
        expect(got.sender == "rules@fwd.example" and got.data.endswith(c.signed), got.data)
        expect(peer(got.data, "chain", c.dns()).split() == [b"pass"], got.data)
        send(c.server, "rules@fwd.example", c.signed.replace(b"Subject: news", b"Subject: olds"))
        send(c.server, "rules@fwd.example", MESSAGE)
        c.server.await_log('msg="not forwarded".*address=rules@fwd.example reason=unauthenticated')
        expect(count_in(c.server, "News") == 1 and count_in(c.server, "Rest") == 1, "in other mailboxes")
        expect(len(c.sink.messages) == 1, c.sink.lines)


def count_in(server, mailbox):
    with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
        client.login(MJL, PASSWORD)
        status, data = client.select(mailbox, readonly=True)
        return int(data[0]) if status == "OK" else 0


def commands():
    alias = 'alias "list" { members = ["mjl@mox.example"] post-public = true }'
    with Case(conf=[("domain", alias)]) as c:
        ctl = c.server.moxctl

        def refused(what, *args):
            status, output = ctl("forward", *args, check=False)
            expect(status != 0 and what in output, output)

        before = ctl("forward", "list")[1]
        expect("away@fwd.example\tx@elsewhere.example\tkeep-copy=true unauthenticated=false\n" in before, before)
        ctl("forward", "add", "Second@mox.example", "a@else.example", "b@else.example")
        ctl("forward", "add", "list@mox.example", "x@elsewhere.example")
        ctl("forward", "set", "second@mox.example", "keep-copy=false", "unauthenticated=true")
        ctl("forward", "set", "list@mox.example", "owner=other@mox.example")
        after = ctl("forward", "list")[1]
        expect("second@mox.example\ta@else.example, b@else.example\tkeep-copy=false unauthenticated=true\n" in after, after)
        expect("list@mox.example\tx@elsewhere.example\towner=other@mox.example unauthenticated=false\n" in after, after)
        refused("already", "add", "second@mox.example", "A@else.example")
        refused("to itself", "add", "second@mox.example", "second@mox.example")
        refused("same account", "add", "second@mox.example", MJL)
        refused("alias addaddr", "add", "list@mox.example", "other@mox.example")
        refused("neither an address", "add", "postmaster@mox.example", "a@else.example")
        refused("is not forwarded to", "rm", "second@mox.example", "c@else.example")
        refused("is not forwarded", "rm", MJL)
        refused("no option here", "set", "list@mox.example", "keep-copy=false")
        refused("no option here", "set", "second@mox.example", "owner=" + MJL)
        refused("keep-copy", "set", "second@mox.example", "keep-copy=perhaps")
        refused("10 addresses", "add", MJL, *["u%d@else.example" % i for i in range(11)])
        expect(ctl("forward", "list")[1] == after, "changed by what was refused")
        ctl("forward", "rm", "second@mox.example", "a@else.example")
        expect("second@mox.example\tb@else.example\t" in ctl("forward", "list")[1], "")
        ctl("forward", "rm", "second@mox.example")
        expect("second@mox.example" not in ctl("forward", "list")[1], "")
        send(c.server, "list@mox.example", c.signed)
        got = c.sink.await_message(lambda m: m.rcpts == ["x@elsewhere.example"])
        expect(got.sender == "other@mox.example", got.sender)


if __name__ == "__main__":
    sys.exit(run_tests([signed_mail_goes_on, what_was_found_out_is_sealed, what_stays, failures_are_told_to_who_forwards,
                        members_of_an_alias_elsewhere, its_owner_hears_of_failures, only_the_author_is_here,
                        a_ruleset_forwards, commands]))
