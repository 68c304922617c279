#!/usr/bin/env python3
# proves: QUEUE-01, P-QUEUE-04
# proves in part: DANE-01, DKIM-01, P-AUTHN-02
"""Two servers whose domains were made by commands exchange mail both ways: over TLS that DANE verifies, signed, and
passing SPF, DKIM and DMARC at the other end."""

import imaplib
import os
import re
import smtplib
import ssl
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server, Skip, built  # noqa: E402
from own_network import enter_network  # noqa: E402
from signed_zones import SignedZones  # noqa: E402
from test_ca import tlsa  # noqa: E402

MODULES = ["spf", "dkim", "dmarc", "smtpclient", "queue", "dane"]
SITES = {"left.example": "203.0.113.41", "right.example": "203.0.113.42"}


class SiteConf(Conf):
    def __init__(self, domain, zones):
        super().__init__()
        self.domain = domain
        self.listen = SITES[domain]
        self.modules += MODULES
        self.services = ["smtp", "submissions", "imaps"]
        self.add("top", zones.dns_block())

    def static(self):
        return super().static().replace('hostname = "mox.example"', 'hostname = "mx.%s"' % self.domain)

    def service_block(self, name):
        text = super().service_block(name)
        return text.replace("port = 0", "port = 25") if name == "smtp" else text


class Site(Server):
    """A server, and what its administrator does: the domain is added, what it prints is published."""

    def __init__(self, domain, zones, *modules):
        super().__init__(SiteConf(domain, zones))
        self.conf.modules += modules
        self.domain, self.zones = domain, zones

    def make_domain(self):
        _, output = self.moxctl("domain", "add", self.domain)
        self.moxctl("address", "add", "mjl@" + self.domain, "mjl")
        keys = re.findall(r"^\s*(\S+\._domainkey\.\S+)\s+TXT\s+(\(.*?\)|\".*?\")\s*$", output, re.M | re.S)
        expect(len(keys) == 2, "keys in:\n" + output)
        record = tlsa(self.path("cert.pem"), 3, 1, 1)
        self.zones.set(self.domain, [
            "@ MX 10 mx", "mx A " + SITES[self.domain], '@ TXT "v=spf1 ip4:%s -all"' % SITES[self.domain],
            '_dmarc TXT "v=DMARC1; p=reject"', 'mx TXT "v=spf1 a -all"',
            "_25._tcp.mx TLSA " + record, *["%s TXT %s" % (name, data.replace("\n", " ")) for name, data in keys]])

    def write(self, recipient, subject):
        client = smtplib.SMTP_SSL(*self.address("submissions"), context=ssl._create_unverified_context())
        client.login("mjl@mox.example", PASSWORD)
        client.sendmail("mjl@" + self.domain, [recipient],
                        "From: mjl@%s\r\nTo: %s\r\nSubject: %s\r\n\r\nHello.\r\n" % (self.domain, recipient, subject))
        client.quit()

    def newest(self):
        client = imaplib.IMAP4_SSL(*self.address("imaps"), ssl_context=ssl._create_unverified_context(),
                                   timeout=PATIENCE)
        client.login("mjl@mox.example", PASSWORD)
        _, (count,) = client.select()
        text = client.fetch(count.decode(), "(RFC822)")[1][0][1].decode()
        client.logout()
        return re.sub(r"\r\n[ \t]+", " ", text)


def sent(sender, receiver, subject):
    sender.write("mjl@" + receiver.domain, subject)
    sender.await_log('msg="delivered" .*to=mjl@%s .*tls=TLSv1.3' % receiver.domain.replace(".", r"\."))
    text = receiver.newest()
    expect("Subject: " + subject in text, text)
    results = next(line for line in text.splitlines() if line.startswith("Authentication-Results: mx." + receiver.domain))
    for wanted in ("spf=pass", "dkim=pass", "dmarc=pass", "dnssec"):
        expect(wanted in results, wanted + " not in " + results)
    return text


def there_and_back():
    for module in MODULES:
        if not built(module):
            raise Skip("the module %s is not built" % module)
    enter_network(SITES.values())
    with SignedZones({domain: [] for domain in SITES}) as zones:
        with Site("left.example", zones) as left, Site("right.example", zones) as right:
            for site in (left, right):
                site.make_domain()
            sent(left, right, "there")
            sent(right, left, "back")


if __name__ == "__main__":
    sys.exit(run_tests([there_and_back]))
