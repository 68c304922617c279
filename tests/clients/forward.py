#!/usr/bin/env python3
# proves in part: QUEUE-01, P-QUEUE-11, P-AUTHN-01
"""Mail for an address here goes on to another server, a sink: signed by an independent signer (python3-dkim), with an
envelope of our own and a set of ARC; what is in a circle or proves nothing stays."""

import os
import smtplib
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from dkim_mail import Keys, MJL, finish_dns, header_of, last_message, local_data, make_key, peer, record  # noqa: E402
from echo import expect, run_tests  # noqa: E402
from moxd_server import PATIENCE, Conf  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

AUTHOR = "author@sender.example"
MESSAGE = b"From: <author@sender.example>\r\nTo: <mjl@mox.example>\r\nSubject: news\r\n\r\nall of it\r\n"


def forwarding(sink, key, *options):
    conf = Conf()
    conf.modules += ["smtpclient", "queue", "forward", "arc"]
    conf.services = ["smtp", "submission", "imap"]
    conf.add("module queue", "port = %d" % sink.port)
    conf.blocks["account"] = []
    conf.add("domains", 'domain "fwd.example" { dkim { selector "f" { key = "%s" } sign = ["f"] } }' % key)
    conf.add("account", 'address "away@fwd.example" { forward { to = ["x@elsewhere.example"] %s } }' % " ".join(options))
    conf.add("account", 'address "gone@fwd.example" { forward { to = ["x@elsewhere.example"] keep-copy = false } }')
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
    def __init__(self, *options):
        self.key = os.path.join(os.environ.get("TMPDIR", "/tmp"), "forward-%d.pem" % os.getpid())
        make_key(self.key, "rsa", 1024)
        os.chmod(self.key, 0o644)
        self.signed = peer(MESSAGE, "sign", self.key, "s1", "sender.example", "rsa-sha256", "relaxed/relaxed")
        self.sink = SmtpSink()
        self.options = options

    def __enter__(self):
        self.sink.__enter__()
        self.server = forwarding(self.sink, self.key, *self.options)
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


if __name__ == "__main__":
    sys.exit(run_tests([signed_mail_goes_on, what_was_found_out_is_sealed, what_stays, failures_are_told_to_who_forwards]))
