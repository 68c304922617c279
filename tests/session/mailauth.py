#!/usr/bin/env python3
# proves: P-AUTHN-03, DNS-01, DNS-02
# proves in part: P-AUTHN-04
"""Checks of senders against name servers that are slow, silent, forged or go in circles: swaks gets the right
reply, and gets it in bounded time."""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from dns_server import DnsServer  # noqa: E402
from echo import expect, run_tests  # noqa: E402
from moxd_server import PATIENCE, Conf, Server, Skip  # noqa: E402

HERE_IS_FINE = "v=spf1 ip4:127.0.0.1 -all"
REJECT = "v=DMARC1; p=reject"


def policies(*names):
    return {("_dmarc." + name, "TXT"): [REJECT] for name in names}


ZONE = {
    ("pass.example", "TXT"): [HERE_IS_FINE],
    ("fail.example", "TXT"): ["v=spf1 -all"],
    ("soft.example", "TXT"): ["v=spf1 ~all"],
    ("bad.example", "TXT"): ["v=spf1 nonsense -all"],
    ("late.example", "TXT"): ["v=spf1 include:silent.example -all"],
    ("include.example", "TXT"): ["v=spf1 include:include2.example -all"],
    ("include2.example", "TXT"): ["v=spf1 include:include.example -all"],
    ("circle.example", "TXT"): ["v=spf1 a:c1.example -all"],
    ("c1.example", "CNAME"): ["c2.example"],
    ("c2.example", "CNAME"): ["c1.example"],
    ("forged.example", "TXT"): [HERE_IS_FINE],
    ("alias.example", "TXT"): ["v=spf1 include:target.example -all"],
    ("target.example", "CNAME"): ["pass.example"],
    **policies("pass.example", "fail.example", "soft.example", "bad.example", "late.example", "include.example",
               "circle.example", "forged.example", "alias.example"),
}


def new_server(dns):
    conf = Conf()
    conf.modules += ["spf", "dkim", "dmarc"]
    conf.services = ["smtp", "imap"]
    conf.add("module spf", "timeout = 2s")
    conf.add("module spf", "iprev = false")
    conf.add("module spf", "helo = false")
    conf.add("module dmarc", "timeout = 2s")
    conf.add("top", 'dns { stub "example" { server = "127.0.0.1@%d" } trust-anchor = "anchor" }' % dns.port)
    server = Server(conf)
    with open(server.path("anchor"), "w", encoding="ascii") as f:  # a key that nobody has
        f.write("forged.example. IN DS 4711 13 2 %s\n" % ("ab" * 32))
    os.chmod(server.path("anchor"), 0o644)
    return server


def swaks(server, sender, author, *args):
    """The last reply that is no 221, and all of the output."""
    if not shutil.which("swaks"):
        raise Skip("swaks is not installed")
    host, port = server.address("smtp")
    done = subprocess.run(
        ["swaks", "--server", host, "--port", str(port), "--ehlo", "client.test", "--from", sender,
         "--to", "mjl@mox.example", "--header", "From: <%s>" % author, *args],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    output = done.stdout.decode("utf-8", "replace")
    replies = [line[4:] for line in output.splitlines() if line.startswith(("<~  ", "<** ", "<-  "))]
    return [r for r in replies if not r.startswith("221")][-1], output


def expect_reply(server, domain, reply, results):
    text, output = swaks(server, "a@" + domain, "a@" + domain)
    expect(text.startswith(reply), "%s: wanted %s\n%s" % (domain, reply, output))
    server.await_log('auth="%s"' % results.replace("DOMAIN", domain))


def replies_follow_from_what_was_found():
    with DnsServer(ZONE, silent=["silent.example"]) as dns, new_server(dns) as server:
        expect_reply(server, "pass.example", "250 2.0.0", "dkim=none dmarc=pass:DOMAIN spf=pass:DOMAIN")
        expect_reply(server, "alias.example", "250 2.0.0", "dkim=none dmarc=pass:DOMAIN spf=pass:DOMAIN")
        expect_reply(server, "fail.example", "550 5.7.26", "dkim=none dmarc=fail:DOMAIN spf=fail:DOMAIN")
        expect_reply(server, "soft.example", "550 5.7.26", "dkim=none dmarc=fail:DOMAIN spf=softfail:DOMAIN")
        expect_reply(server, "bad.example", "550 5.7.26", "dkim=none dmarc=fail:DOMAIN spf=permerror:DOMAIN")
        expect_reply(server, "include.example", "550 5.7.26", "dkim=none dmarc=fail:DOMAIN spf=permerror:DOMAIN")
        expect_reply(server, "circle.example", "451 4.7.26", "dkim=none dmarc=temperror:DOMAIN spf=temperror:DOMAIN")
        text, output = swaks(server, "a@pass.example", "a@fail.example")
        expect(text.startswith("550 5.7.26"), output)


def silence_is_temporary():
    with DnsServer(ZONE, silent=["silent.example"]) as dns, new_server(dns) as server:
        expect_reply(server, "late.example", "451 4.7.26", "dkim=none dmarc=temperror:DOMAIN spf=temperror:DOMAIN")
        # nobody says that there is a policy
        expect_reply(server, "silent.example", "250 2.0.0", "dkim=none dmarc=temperror:DOMAIN spf=temperror:DOMAIN")
        text, output = swaks(server, "a@late.example", "a@pass.example", "--to", "mjl@mox.example,other@mox.example")
        expect("452 4.5.3" in output, output)


def forged_answers_are_not_used():
    with DnsServer(ZONE) as dns, new_server(dns) as server:
        expect_reply(server, "forged.example", "250 2.0.0", "dkim=none dmarc=temperror:DOMAIN spf=temperror:DOMAIN")
        status, output = server.moxctl("spf", "lookup", "forged.example", check=False)
        expect(status == 1 and "forged or broken, by DNSSEC" in output, output)
        status, output = server.moxctl("dmarc", "lookup", "forged.example", check=False)
        expect(status == 1 and "forged or broken, by DNSSEC" in output, output)


run_tests([replies_follow_from_what_was_found, silence_is_temporary, forged_answers_are_not_used])
