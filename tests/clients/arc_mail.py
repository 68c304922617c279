#!/usr/bin/env python3
# proves in part: P-AUTHN-01
"""Chains of ARC that another implementation (python3-dkim) makes and prolongs, verified on arrival; broken ones.
Sealers that are trusted set DMARC aside, others do not; the reports say so."""

import email
import gzip
import json
import os
import smtplib
import sys
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from dkim_mail import Keys, finish_dns, header_of, last_message, local_data, make_key, peer, record  # noqa: E402
from echo import expect, run_tests  # noqa: E402
from moxd_server import PATIENCE, Conf  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

MJL = "mjl@mox.example"
MESSAGE = (b"Authentication-Results: %s; spf=pass smtp.mailfrom=a@x.example\r\n"
           b"From: <a@x.example>\r\nTo: <mjl@mox.example>\r\nSubject: news\r\n\r\nall of it\r\n")
STRICT = (b"Authentication-Results: %s; %s\r\n"
          b"From: <a@strict.example>\r\nTo: <mjl@mox.example>\r\nSubject: news\r\n\r\nall of it\r\n")


def seal(key, domain, message):
    return peer(message, "seal", key, "s1", domain)


class Case:
    def __enter__(self):
        self.key = "/tmp/arc-%d.pem" % os.getpid()
        make_key(self.key, "rsa", 1024)
        conf = Conf()
        conf.modules += ["arc"]
        conf.services = ["smtp", "imap"]
        self.extend(conf)
        for domain in ("one.example", "two.example", "strict.example"):
            local_data(conf, "s1._domainkey." + domain, record(self.key, "rsa"))
        finish_dns(conf)
        conf.blocks["top"][-1] = conf.blocks["top"][-1].replace("dns {", "dns { local-only = true\n")
        self.server = Keys(conf, lambda server: None)
        self.server.__enter__()
        return self

    def extend(self, conf):
        pass

    def __exit__(self, *exception):
        self.server.__exit__(*exception)
        os.unlink(self.key)

    def result(self, message):
        """The line of our Authentication-Results, unfolded."""
        with smtplib.SMTP(*self.server.address("smtp"), timeout=PATIENCE) as client:
            client.sendmail("a@x.example", MJL, message)
        header = header_of(last_message(self.server, MJL)).replace("\r\n\t", " ")
        lines = [line for line in header.split("\r\n") if line.startswith("Authentication-Results: mox.example")]
        return [part.strip() for part in lines[0].split(";") if part.strip().startswith("arc=")]


def chains_of_others():
    with Case() as c:
        once = seal(c.key, "one.example", MESSAGE % b"one.example")
        got = c.result(once)
        expect(got and got[0].startswith("arc=pass") and "i=1, sealed by one.example" in got[0], got)
        expect("smtp.remote-ip=127.0.0.1" in got[0], got)
        # it takes the status of the chain so far from the results of its own server
        twice = seal(c.key, "two.example", b"Authentication-Results: two.example; arc=pass\r\n" + once)
        got = c.result(twice)
        expect(got and got[0].startswith("arc=pass") and "i=2, sealed by two.example" in got[0], got)
        for changed, why in ((twice.replace(b"all of it", b"more of it"), "message signature"),
                             (twice.replace(b"spf=pass", b"spf=fail"), "seal does not match"),
                             (twice.replace(b"s=s1", b"s=s2"), "no key"),
                             (twice.replace(b"ARC-Seal: i=1", b"X-Seal: i=1"), "a set is not complete")):
            got = c.result(changed)
            expect(got and got[0].startswith("arc=fail") and why in got[0], (why, got))
        expect(c.result(MESSAGE % b"one.example") == [], "a result without a chain")
        metrics = c.server.moxctl("metrics")[1]
        expect('moxd_arc_verified_total{result="fail"} 4' in metrics, metrics)


class Trusting(Case):
    def __init__(self, sink):
        self.sink = sink

    def extend(self, conf):
        os.chmod(self.key, 0o644)
        conf.modules += ["dmarc", "smtpclient", "queue", "reports"]
        conf.add("module queue", "port = %d" % self.sink.port)
        conf.add("module arc", 'trusted-sealers = ["one.example"]')
        conf.add("domain", 'dkim { selector "s1" { key = "%s" } sign = ["s1"] }' % self.key)
        local_data(conf, "_dmarc.strict.example", "v=DMARC1; p=reject; rua=mailto:r@strict.example")
        for line in ("strict.example. 300 IN MX 10 mx.strict.example.", "mx.strict.example. 300 IN A 127.0.0.1"):
            conf.add("dns", line)

    def changed_by(self, domain, result=b"dmarc=pass header.from=strict.example"):
        """As a list forwards it: the author's signature is broken."""
        signed = peer(STRICT.split(b"\r\n", 1)[1], "sign", self.key, "s1", "strict.example", "rsa-sha256",
                      "relaxed/relaxed")
        message = b"Authentication-Results: %s; %s\r\n" % (domain.encode(), result) + signed
        return seal(self.key, domain, message.replace(b"all of it", b"all of it, and the footer of a list"))


def trusted_sealers_are_believed():
    with SmtpSink() as sink, Trusting(sink) as c:
        good = c.changed_by("one.example")
        got = c.result(good)
        expect(got and got[0].startswith("arc=pass"), got)
        header = header_of(last_message(c.server, MJL))
        expect("dmarc=fail" in header and "dkim=fail" in header, header)
        c.server.await_log('msg="message received".*dmarc-override="arc=pass as.1..d=one.example as.1..s=s1"')
        again = b"Authentication-Results: two.example; arc=pass; dmarc=pass header.from=strict.example\r\n" + good
        for what, message in (("not listed", c.changed_by("two.example")),
                              ("not listed, after one that is", seal(c.key, "two.example", again)),
                              ("did not pass there", c.changed_by("one.example", b"dmarc=fail header.from=strict.example")),
                              ("somebody else passed", c.changed_by("one.example", b"dmarc=pass header.from=x.example")),
                              ("nobody knows who passed", c.changed_by("one.example", b"dmarc=pass")),
                              ("changed since", good.replace(b"footer", b"header")),
                              ("results changed since", good.replace(b"dmarc=pass", b"dmarc=Pass"))):
            try:
                c.result(message)
            except smtplib.SMTPDataError as e:
                expect(e.smtp_code == 550 and e.smtp_error.startswith(b"5.7.26 "), (what, e))
            else:
                expect(False, what)
        kept = [json.loads(line) for line in c.server.moxctl("dmarc", "evaluations")[1].splitlines()]
        expect([k["disposition"] for k in kept] == ["none"] + 7 * ["reject"], kept)
        expect([k for k in kept if "arc" in k] == kept[:1], kept)
        expect(c.server.moxctl("dmarc", "send", "all")[1] == "1 reports sent\n", "no report")
        report = email.message_from_bytes(sink.await_message(lambda m: m.rcpts == ["r@strict.example"]).data)
        parts = [p.get_payload(decode=True) for p in report.walk() if p.get_content_type() == "application/gzip"]
        judged = [[(e.tag.split("}")[1], e.text) for e in row.iter()] for row in
                  ET.fromstring(gzip.decompress(parts[0])).iter() if row.tag.endswith("}policy_evaluated")]
        here = [row for row in judged if ("disposition", "none") in row]
        expect(len(here) == 1 and ("type", "local_policy") in here[0], judged)
        expect(("comment", "arc=pass as[1].d=one.example as[1].s=s1") in here[0], judged)


if __name__ == "__main__":
    sys.exit(run_tests([chains_of_others, trusted_sealers_are_believed]))
