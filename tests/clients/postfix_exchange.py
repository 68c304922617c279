#!/usr/bin/env python3
# proves in part: QUEUE-01, DANE-01, P-QUEUE-08
"""Two moxd and a Postfix exchange mail both ways, each with an address of its own and port 25, in a network where nobody
else is; over TLS that DANE verifies, passing DMARC; a notification of Postfix comes back; what is forwarded to
Postfix from an address and from an alias is sealed."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from exchange import MODULES, SITES, Site  # noqa: E402
from moxd_server import Skip, built  # noqa: E402
from own_network import enter_network  # noqa: E402
from postfix_peer import DOMAIN, Postfix, need  # noqa: E402
from signed_zones import SignedZones  # noqa: E402
from test_ca import tlsa  # noqa: E402

ADDRESS = "203.0.113.43"
WRITER = "writer@" + DOMAIN


class Outside(Postfix):
    """Reachable by others as a server on the Internet is; what it sends goes to the two by their domain."""

    def __init__(self):
        routes = " ".join("{%s=smtp:[%s]:25}" % site for site in SITES.items())
        super().__init__(inet_interfaces=ADDRESS, smtp_bind_address=ADDRESS, smtp_tls_security_level="encrypt",
                         transport_maps="inline:{%s}" % routes,
                         virtual_alias_maps="inline:{{lost@%s=nobody@right.example}}" % DOMAIN,
                         mynetworks="203.0.113.0/24, 127.0.0.0/8")
        self.host, self.port = ADDRESS, 25
        self.came = 0

    def publish(self, zones):
        zones.set(DOMAIN, ["@ MX 10 mx", "mx A " + ADDRESS, '@ TXT "v=spf1 ip4:%s -all"' % ADDRESS,
                           '_dmarc TXT "v=DMARC1; p=reject"',
                           "_25._tcp.mx TLSA " + tlsa(self.path("cert.pem"), 3, 1, 1)])

    def await_subject(self, subject):
        """The next message that comes into its mailbox."""
        self.came += 1
        self.await_log(r"to=<\S+@%s>.*relay=virtual.*status=sent" % DOMAIN.replace(".", r"\."), self.came)
        found = [m for m in self.messages() if m["Subject"] == subject]
        expect(len(found) == 1, [m["Subject"] for m in self.messages()])
        return found[0]


def text(subject, to):
    return ("From: %s\r\nTo: %s\r\nSubject: %s\r\n\r\nHello.\r\n" % (WRITER, to, subject)).encode()


def from_postfix(postfix, site):
    subject = "to " + site.domain
    queued = postfix.send(WRITER, ["mjl@" + site.domain], text(subject, "mjl@" + site.domain))
    postfix.await_log("%s: to=<mjl@%s>.*status=sent" % (queued, site.domain))
    got = site.newest()
    expect("Subject: " + subject in got and "with ESMTPS" in got, got)
    expect("dmarc=pass" in got and "spf=pass" in got, got)


def to_postfix(postfix, site):
    subject = "from " + site.domain
    site.write("reader@" + DOMAIN, subject)
    site.await_log('msg="delivered" .*to=reader@%s .*ip=%s tls=TLSv1.3' % (DOMAIN, ADDRESS))
    got = postfix.await_subject(subject)
    expect(got["Return-Path"] == "<mjl@%s>" % site.domain and "d=%s" % site.domain in got["DKIM-Signature"], got)


def a_notification_comes_back(postfix, left):
    """Postfix takes it and passes it on to who does not know the recipient."""
    left.write("lost@" + DOMAIN, "lost")
    postfix.await_log("to=<nobody@right.example>.*status=bounced")
    postfix.await_log("to=<mjl@left.example>.*status=sent", 2)  # after from_postfix
    got = left.newest()
    expect("Return-Path: <>" in got and "multipart/report" in got and "Final-Recipient: rfc822; nobody@right.example" in got,
           got)
    expect("550 5.1.1" in got and "Subject: lost" in got and "dmarc=pass" in got, got)


def forwarded_to_postfix(postfix, left, right):
    """From the other server, so that it is signed: for an address and for an alias."""
    left.moxctl("address", "add", "away@left.example", "mjl")
    left.moxctl("alias", "add", "team@left.example", "mjl@left.example")
    left.moxctl("alias", "update", "team@left.example", "post-public=true")
    for address, sender in (("away@left.example", "away@left.example"), ("team@left.example", "mjl@left.example")):
        left.moxctl("forward", "add", address, "reader@" + DOMAIN)
        right.write(address, "forwarded by " + address)
        left.await_log('msg="delivered" .*from=%s to=reader@%s' % (sender, DOMAIN))
        got = postfix.await_subject("forwarded by " + address)
        expect(got["Return-Path"] == "<%s>" % sender and got["Delivered-To"], got)
        expect("d=left.example" in got["ARC-Seal"] and "cv=none" in got["ARC-Seal"], got)
        expect("dkim=pass" in got["ARC-Authentication-Results"] and "dmarc=pass" in got["ARC-Authentication-Results"], got)


def what_postfix_proves_by_spf_alone_is_not_forwarded(postfix, left):
    queued = postfix.send(WRITER, ["away@left.example"], text("unsigned", "away@left.example"))
    postfix.await_log("%s: to=<away@left.example>.*status=sent" % queued)
    left.await_log('msg="not forwarded".*address=away@left.example reason=unauthenticated')
    expect("Subject: unsigned" in left.newest(), "it is nowhere")


def three_servers():
    need()
    modules = ["forward", "arc", "rulesets"]
    for module in MODULES + modules:
        if not built(module):
            raise Skip("the module %s is not built" % module)
    enter_network([*SITES.values(), ADDRESS])
    with SignedZones({domain: [] for domain in [*SITES, DOMAIN]}) as zones, Outside() as postfix:
        postfix.publish(zones)
        with Site("left.example", zones, *modules) as left, Site("right.example", zones, *modules) as right:
            for site in (left, right):
                site.make_domain()
            for site in (left, right):
                from_postfix(postfix, site)
                to_postfix(postfix, site)
            a_notification_comes_back(postfix, left)
            forwarded_to_postfix(postfix, left, right)
            what_postfix_proves_by_spf_alone_is_not_forwarded(postfix, left)


if __name__ == "__main__":
    sys.exit(run_tests([three_servers]))
