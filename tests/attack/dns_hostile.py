#!/usr/bin/env python3
# proves in part: P-AUTHN-03, P-AUTHN-04, DNS-02
"""Senders whose name servers are silent, broken or go on for ever: SPF, DKIM keys and the walk of DMARC up the tree each
come to the right result with a bounded number of questions, while others work, and the memory of the server does
not grow with what such servers say."""

import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))

from attack import MB, Bounded, Conf, Target, Witness, expect, run_tests  # noqa: E402
from dns_server import TYPES, DnsServer, parse_question, wire_data  # noqa: E402

HERE_IS_FINE = "v=spf1 ip4:127.0.0.1 -all"
REJECT = "v=DMARC1; p=reject"
SIGNATURE = ("DKIM-Signature: v=1; a=rsa-sha256; d=%s; s=s; h=From; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n"
             "\tb=AAAA\r\n")
ZONE = {
    ("pass.example", "TXT"): [HERE_IS_FINE],
    ("_dmarc.pass.example", "TXT"): [REJECT],
    ("two.example", "TXT"): [HERE_IS_FINE, "v=spf1 -all"],
    ("fan.example", "TXT"): ["v=spf1 " + " ".join("include:f%d.fan.example" % i for i in range(10)) + " -all"],
    **{("f%d.fan.example" % i, "TXT"): ["v=spf1 " + " ".join("include:f%d.fan.example" % k for k in range(10))]
       for i in range(10)},
    ("void.example", "TXT"): ["v=spf1 " + " ".join("a:v%d.void.example" % i for i in range(10)) + " -all"],
    ("mx.example", "TXT"): ["v=spf1 mx -all"],
    ("mx.example", "MX"): ["m%d.mx.example" % i for i in range(20)],
    ("trunc.example", "TXT"): ["v=spf1 include:x.truncated.example -all"],
    ("junk.example", "TXT"): ["v=spf1 include:x.garbage.example -all"],
    ("id.example", "TXT"): ["v=spf1 include:x.otherid.example -all"],
    ("chain.example", "TXT"): ["v=spf1 include:n0.endless.example -all"],
    ("loop.example", "TXT"): ["v=spf1 redirect=loop2.example"],
    ("loop2.example", "TXT"): ["v=spf1 redirect=loop.example"],
    ("exists.example", "TXT"): ["v=spf1 exists:%{l}.silent.example -all"],
    ("long.example", "TXT"): ["v=spf1 " + "ip4:192.0.2.1 " * 2000 + "-all"],
    ("s._domainkey.circle.example", "CNAME"): ["t._domainkey.circle.example"],
    ("t._domainkey.circle.example", "CNAME"): ["s._domainkey.circle.example"],
    ("s._domainkey.forged.example", "TXT"): ["v=DKIM1; p=AAAA"],
}


class Hostile(DnsServer):
    """Names below truncated, garbage, otherid and endless get what these words say."""

    def answer(self, packet):
        name, kind, question = parse_question(packet)
        head = struct.pack("!HHHHH", 0x8400, 1, 0, 0, 0)
        if name.endswith("truncated.example"):
            self.queries.append((name, kind))
            return packet[:2] + struct.pack("!HHHHH", 0x8600, 1, 0, 0, 0) + question
        if name.endswith("garbage.example"):
            self.queries.append((name, kind))
            return packet[:2] + b"\x84\x00\xff\xff\xff\xff" + b"\xc0\x0c" * 40
        if name.endswith("otherid.example"):
            self.queries.append((name, kind))
            return bytes([packet[0] ^ 1, packet[1]]) + head + question
        if name.endswith("endless.example"):
            self.queries.append((name, kind))
            n = int("".join(c for c in name.split(".")[0] if c.isdigit()) or 0)
            data = wire_data("CNAME", "n%d.endless.example" % (n + 1))
            return packet[:2] + struct.pack("!HHHHH", 0x8400, 1, 1, 0, 0) + question + b"\xc0\x0c" + struct.pack(
                "!HHIH", TYPES["CNAME"], 1, 300, len(data)) + data
        return super().answer(packet)

    def asked(self, part):
        return sum(part in name for name, _ in self.queries)


def new_server(dns):
    conf = Conf()
    conf.services = ["smtp", "imap"]
    conf.modules += ["spf", "dkim", "dmarc"]
    for line in ("timeout = 2s", "iprev = false", "helo = false", "one-recipient = false"):
        conf.add("module spf", line)
    conf.add("module dmarc", "timeout = 2s")
    conf.add("top", 'dns { stub "example" { server = "127.0.0.1@%d" } trust-anchor = "anchor" }' % dns.port)
    server = Target(conf)
    with open(server.path("anchor"), "w", encoding="ascii") as f:  # a key that nobody has
        f.write("forged.example. IN DS 4711 13 2 %s\n" % ("ab" * 32))
    os.chmod(server.path("anchor"), 0o644)
    return server


def deliver(server, sender, author, header=""):
    """The reply to the data."""
    peer = server.smtp()
    peer.expect(b"MAIL FROM:<%s>" % sender.encode(), 250)
    peer.expect(b"RCPT TO:<mjl@mox.example>", 250)
    peer.expect(b"DATA", 354)
    peer.send(("%sFrom: <%s>\r\nSubject: x\r\n\r\n.\r\n" % (header, author)).encode())
    code, line = peer.reply()
    peer.close()
    return code, line


# Domain of MAIL FROM, the result of SPF, at most so many questions.
SPF = [
    ("two.example", "permerror", 10),
    ("fan.example", "permerror", 40),   # RFC 7208 4.6.4: ten terms that look up
    ("void.example", "permerror", 40),  # two void lookups
    ("mx.example", "permerror", 60),    # more than ten names of MX
    ("loop.example", "permerror", 40),
    ("long.example", "permerror", 10),  # a record of 28,000 bytes
    ("trunc.example", "temperror", 100),
    ("junk.example", "temperror", 100),
    ("id.example", "temperror", 100),
    ("chain.example", "temperror", 200),
    ("exists.example", "temperror", 100),
    ("truncated.example", "temperror", 100),
    ("garbage.example", "temperror", 100),
]
# Domain of a signature, its result.
DKIM = [
    ("silent.example", "temperror"),
    ("truncated.example", "temperror"),
    ("garbage.example", "temperror"),
    ("endless.example", "temperror"),
    ("circle.example", "temperror"),
    ("forged.example", "temperror"),
    ("pass.example", "permerror"),  # there is no key
]


def spf_comes_to_an_end():
    with Hostile(ZONE, silent=["silent.example"]) as dns, new_server(dns) as server, Witness(server):
        for domain, want, most in SPF:
            before = len(dns.queries)
            code, line = deliver(server, "a@" + domain, "a@pass.example")
            expect(code in (451, 550), "%s: %r" % (domain, line))  # DMARC of the author
            server.await_log("spf=%s:%s" % (want, domain))
            expect(len(dns.queries) - before <= most, "%s: %d questions" % (domain, len(dns.queries) - before))


def dkim_keys_come_to_an_end():
    with Hostile(ZONE, silent=["silent.example"]) as dns, new_server(dns) as server, Witness(server):
        for domain, want in DKIM:
            code, line = deliver(server, "a@pass.example", "a@pass.example", SIGNATURE % domain)
            expect(code == 250, "%s: %r" % (domain, line))
            server.await_log("dkim=%s:%s" % (want, domain))
        before = dns.asked("many")
        signatures = "".join(SIGNATURE % ("m%d.many.silent.example" % i) for i in range(100))
        code, line = deliver(server, "a@pass.example", "a@pass.example", signatures)
        expect(code == 250, line)
        names = {name for name, _ in dns.queries if "many" in name}
        expect(before == 0 and 1 <= len(names) <= 20, "%d keys are asked for" % len(names))


def the_walk_of_dmarc_comes_to_an_end():
    with Hostile(ZONE, silent=["silent.example"]) as dns, new_server(dns) as server, Witness(server):
        deep = ".".join("l%d" % i for i in range(60)) + ".example"
        code, line = deliver(server, "a@pass.example", "a@" + deep)
        expect(code == 250, line)
        walked = {name for name, _ in dns.queries if name.startswith("_dmarc.") and "l59" in name}
        expect(1 <= len(walked) <= 8, "%d names are asked for: RFC 9989 4.10" % len(walked))
        for domain in ("silent.example", "truncated.example", "garbage.example", "endless.example", "forged.example"):
            code, line = deliver(server, "a@pass.example", "a@" + domain)
            expect(code == 250, "%s: %r" % (domain, line))  # nobody says that there is a policy
            server.await_log("dmarc=temperror:" + domain)


def names_without_end_take_no_memory():
    with Hostile(ZONE) as dns, new_server(dns) as server:
        for i in range(20):
            deliver(server, "a@w%d.pass.example" % i, "a@w%d.pass.example" % i)
        with Witness(server), Bounded(server, 12 * MB):
            for i in range(300):
                name = "x%d.%s.example" % (i, "y" * 60)
                deliver(server, "a@" + name, "a@" + name, SIGNATURE % name)


run_tests([spf_comes_to_an_end, dkim_keys_come_to_an_end, the_walk_of_dmarc_comes_to_an_end,
           names_without_end_take_no_memory])
