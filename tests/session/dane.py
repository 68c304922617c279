#!/usr/bin/env python3
# proves: DANE-01, DANE-03, P-AUTHN-10
# proves in part: P-QUEUE-12, DANE-02, QUEUE-21
"""DANE with signed zones: what moxctl dane says of hosts, and where the queue delivers. One server has the certificate
for mx.signed.example and for named.signed.example, another one has no TLS; everything else is DNS."""

import os
import re
import smtplib
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402
from signed_zones import SignedZones  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402
from test_ca import TestCa, tlsa  # noqa: E402

NONE = "3 1 1 " + "00" * 32
GOOD, NO_TLS = "127.0.0.1", "127.0.0.2"


def host(name, records, port, address=GOOD):
    """Lines for a host that takes mail for the domain of the same name, and its TLSA records."""
    return ["%s MX 10 mx-%s" % (name, name), "mx-%s A %s" % (name, address),
            *("_%d._tcp.mx-%s TLSA %s" % (port, name, r) for r in records)]


def zones(port, cert, ca):
    ee, ta = tlsa(cert, 3, 1, 1), tlsa(ca, 2, 0, 1)
    label = "_%d._tcp" % port
    signed = [
        "@ A " + GOOD, label + " TLSA " + ee,  # a domain without MX
        "mx A " + GOOD, "%s.mx TLSA %s" % (label, ta),
        *host("ee", [ee], port), *host("rolled", [NONE, ee], port), *host("wrong", [NONE], port),
        *host("digests", [ee, tlsa(cert, 3, 1, 2)], port), *host("weak", [ee, "3 1 2 " + "00" * 64], port),
        *host("pkix", [tlsa(cert, 1, 1, 1)], port), *host("none", [], port), *host("notls", [ee], port, NO_TLS),
        "named MX 10 mx-named", "mx-named A " + GOOD, "%s.mx-named TLSA %s" % (label, ta),
        *host("alien", [ta], port),  # neither host nor domain is in the certificate
        "nick CNAME named",
        "ta MX 10 mx", "alias MX 10 mx-alias", "mx-alias CNAME mx",
        "away MX 10 mx-away", "mx-away CNAME mx.plain.example.", "%s.mx-away TLSA %s" % (label, ee),
        "hidden MX 10 mx-hidden", "mx-hidden A " + GOOD, "%s.mx-hidden CNAME x.bogus.example." % label,
        "elsewhere MX 10 mx.plain.example.",
    ]
    plain = ["@ MX 10 mx", "mx A " + GOOD, "%s.mx TLSA %s" % (label, NONE), "into MX 10 mx-wrong.signed.example."]
    return SignedZones({"signed.example": signed, "plain.example": plain,
                        "bogus.example": ["@ MX 10 mx", "mx A " + GOOD, "x TLSA " + ee]},
                       unsigned=["plain.example"], bogus=["bogus.example"])


class World:
    """The two mail servers, the zones, and a moxd."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        os.chmod(self.directory.name, 0o755)
        self.ca = TestCa(self.directory.name)
        self.cert, self.key = self.ca.issue("mx", ["mx.signed.example", "named.signed.example"])
        self.sink = SmtpSink(host=GOOD, tls=(self.cert, self.key)).__enter__()
        self.port = self.sink.port
        self.no_tls = SmtpSink(host=NO_TLS, port=self.port).__enter__()
        self.zones = zones(self.port, self.cert, self.ca.cert).__enter__()
        conf = Conf()
        conf.services = ["smtp", "submission"]
        conf.modules += ["smtpclient", "queue", "dane"]
        conf.add("top", self.zones.dns_block())
        conf.add("module queue", "port = %d" % self.port)
        self.server = Server(conf).__enter__()
        self.server.moxctl("loglevels", "smtpclient", "debug")
        return self

    def __exit__(self, *exc):
        self.server.__exit__(*exc)
        for part in (self.zones, self.no_tls, self.sink):
            part.__exit__()
        self.directory.cleanup()

    def dial(self, domain):
        return self.server.moxctl("dane", "dialmx", domain, str(self.port), check=False)

    def send(self, domain):
        with smtplib.SMTP(*self.server.address("submission"), timeout=PATIENCE) as client:
            client.login("mjl@mox.example", PASSWORD)
            client.sendmail("mjl@mox.example", "to@" + domain, "From: <mjl@mox.example>\r\nSubject: x\r\n\r\nhello\r\n")


def check_dial(world, domain, status, *texts):
    got, output = world.dial(domain)
    expect(got == status, "%s: status %d: %s" % (domain, got, output))
    for text in texts:
        expect(re.search(text, output), "%s: no %r in:\n%s" % (domain, text, output))


def what_is_vouched_for(world):
    for name in ("ee", "rolled", "digests", "ta", "alias", "named", "nick", "away"):
        check_dial(world, name + ".signed.example", 0, r"records, authentic \(DNSSEC\)", "DANE: verified")
    check_dial(world, "signed.example", 0, "the domain is the host, authentic", "DANE: verified")
    check_dial(world, "alias.signed.example", 0, r"_tcp\.mx\.signed\.example")
    check_dial(world, "away.signed.example", 0, r"_tcp\.mx-away\.signed\.example")


def what_is_not(world):
    for name in ("wrong", "weak"):
        check_dial(world, name + ".signed.example", 1, "DANE: not verified", "no TLSA record matches")
    check_dial(world, "alien.signed.example", 1, "none of the names")
    check_dial(world, "pkix.signed.example", 1, r"not usable for SMTP", "TLSv1.3; DANE: not verified")
    check_dial(world, "none.signed.example", 1, "no TLSA records that DNSSEC proves", "TLSv1.3; DANE: not verified")
    check_dial(world, "plain.example", 1, "not authentic", "no TLSA records that DNSSEC proves: the MX records")
    check_dial(world, "into.plain.example", 1, "no TLSA records that DNSSEC proves: the MX records")
    check_dial(world, "elsewhere.signed.example", 1, "the host's zone is not signed")
    check_dial(world, "hidden.signed.example", 1, "forged or broken, by DNSSEC")
    check_dial(world, "bogus.example", 1, "forged or broken, by DNSSEC")
    check_dial(world, "notls.signed.example", 1, "no TLS", "TLS is required")
    check_dial(world, "absent.signed.example", 1, "there is no such domain")


def dialmx_says_what_dane_makes_of_a_domain():
    with World() as world:
        what_is_vouched_for(world)
        what_is_not(world)
        expect(not world.sink.messages, "dialmx sends nothing")
        status, output = world.server.moxctl("dane", "dial", "mx-ee.signed.example:%d" % world.port, check=False)
        expect(status == 1 and "DANE: not verified" in output, output)  # that is no TLS server: it waits for EHLO


def makerecord_makes_records():
    with World() as world:
        for usage, selector, matching in ((3, 1, 1), (2, 0, 2), (3, 0, 0)):
            want = "TLSA " + tlsa(world.cert, usage, selector, matching)
            for args in ((str(usage), str(selector), str(matching)),
                         (["", "", "DANE-TA", "dane-ee"][usage], ["cert", "SPKI"][selector],
                          ["full", "sha2-256", "sha2-512"][matching])):
                output = world.server.moxctl("dane", "makerecord", *args, world.cert)[1].strip()
                expect(output == want, "%r instead of %r" % (output, want))
        output = world.server.moxctl("dane", "makerecord", "3", "1", "1", world.key)[1].strip()
        expect(output == "TLSA " + tlsa(world.cert, 3, 1, 1), output)
        status, output = world.server.moxctl("dane", "makerecord", "3", "9", "1", world.cert, check=False)
        expect(status == 1 and 'no selector "9"' in output, output)
        status, output = world.server.moxctl("dane", "makerecord", "3", "0", "1", world.key, check=False)
        expect(status == 1 and "needs a certificate" in output, output)


def delivered(world, domain, tls=True, sink=None):
    sink = sink or world.sink
    world.send(domain)
    message = sink.await_message(lambda m: m.rcpts == ["to@" + domain])
    expect((message.tls is not None) == tls, "%s: TLS: %s" % (domain, message.tls))


def put_off(world, domain, text):
    """It waits in the queue, and nobody has got it."""
    world.send(domain)
    world.server.await_log("to=\"?to@%s\"?.*%s|%s.*to=\"?to@%s" % (domain, text, text, domain))
    for sink in (world.sink, world.no_tls):
        expect(not any("to@" + domain in m.rcpts for m in sink.messages), "%s got it" % domain)
        expect("RCPT TO:<to@%s>" % domain not in sink.lines, "%s was asked for it" % domain)


def the_queue_delivers_where_dane_allows_it():
    with World() as world:
        for name in ("ee", "rolled", "named", "alias", "pkix", "none"):
            delivered(world, name + ".signed.example")
        delivered(world, "into.plain.example")  # nothing proves that the records are for this domain
        delivered(world, "elsewhere.signed.example")
        for name, text in (("wrong", "no TLSA record matches"), ("alien", "none of the names"),
                           ("hidden", "forged or broken"), ("notls", "TLS is required")):
            put_off(world, name + ".signed.example", text)
        put_off(world, "bogus.example", "forged or broken")


if __name__ == "__main__":
    sys.exit(run_tests([dialmx_says_what_dane_makes_of_a_domain, makerecord_makes_records,
                        the_queue_delivers_where_dane_allows_it]))
