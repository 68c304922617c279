#!/usr/bin/env python3
"""moxctl simulate: what hooks say of a message and how long they take, the replies, the results; nothing is
delivered."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import Conf, Server  # noqa: E402

ZONE = [
    'good.test. 300 IN TXT \\"v=spf1 ip4:192.0.2.0/24 -all\\"',
    '_dmarc.good.test. 300 IN TXT \\"v=DMARC1; p=reject; rua=mailto:r@good.test\\"',
]
MESSAGE = "From: <%s>\nSubject: x\n\ntext\n"


def conf():
    c = Conf()
    c.services = ["smtp", "imaps"]
    c.modules = ["accounts", "store", "auth", "smtp", "imap", "spf", "dmarc"]
    c.add("module spf", "iprev = false")
    c.add("module spf", "helo = false")
    c.add("smtp", "max-message-size = 64K")
    c.add("domain", 'alias "list" { members = ["mjl@mox.example"] }')
    c.add("domains", 'account "full" { domain = "mox.example" store { quota = 10K } address "full@mox.example" { } }')
    c.add("top", "dns { local-data = [ %s ] }" % ", ".join('"%s"' % line for line in ZONE))
    return c


def seen(text, *patterns):
    for pattern in patterns:
        expect(re.search(pattern, text, re.MULTILINE), "%s is not in:\n%s" % (pattern, text))


def main():
    with Server(conf()) as server:
        def simulate(ip, sender, rcpt, author="a@good.test", check=True):
            return server.moxctl("simulate", ip, "client.test", sender, rcpt, "-",
                                 text=MESSAGE % author, check=check)[1]

        def a_message_that_is_accepted():
            text = simulate("192.0.2.1", "a@good.test", "mjl@mox.example,other@mox.example")
            seen(text, r"^C: EHLO client\.test$", r"^S: 220 mox\.example", r"^C: MAIL FROM:<a@good\.test>$",
                 r"^   spf\.on_mail +next +\d+\.\d+ ms$", r"^   smtp\.on_route +answer",
                 r"^   dmarc\.on_message +next", r"^S: 250 2\.0\.0 the message would be delivered$",
                 r"^Authentication-Results: mox\.example;", r"dmarc=pass", r"spf=pass")
            expect(text.count("S: 250 2.1.5") == 2, text)

        def one_that_dmarc_refuses():
            text = simulate("198.51.100.1", "a@good.test", "mjl@mox.example")
            seen(text, r"^   dmarc\.\S+ +next +\d+\.\d+ ms", r"^S: 550 5\.7\.26", r"spf=fail", r"dmarc=fail",
                 r"^suspected: dmarc, 550 5\.7\.26 the DMARC policy of good\.test", r"^account mjl: refuses it$")

        def recipients_that_are_refused():
            text = simulate("192.0.2.1", "<>", "nobody@mox.example,a@elsewhere.example")
            seen(text, r"^C: MAIL FROM:<>$", r"^S: 550 5\.1\.1", r"^S: 550 5\.7\.1")
            expect("(the message)" not in text, text)

        def a_message_without_from():
            text = server.moxctl("simulate", "2001:db8::1", "client.test", "a@good.test", "mjl@mox.example", "-",
                                 text="Subject: x\n\n")[1]
            seen(text, r"^S: 550 5\.6\.0")

        def not_an_address():
            code = server.moxctl("simulate", "mail.test", "x", "<>", "mjl@mox.example", "-", text="", check=False)[0]
            expect(code != 0, "it was taken")

        def refusals_are_explained():
            big = "From: <a@good.test>\n\n" + ("y" * 70 + "\n") * 200

            def of(rcpt, text, ip="192.0.2.1"):
                return server.moxctl("simulate", ip, "client.test", "a@good.test", rcpt, "-", text=text)[1]
            seen(simulate("198.51.100.1", "a@good.test", "mjl@mox.example"), r"^   means: neither SPF nor DKIM passed",
                 r"^because: DMARC fail of good\.test, policy reject$")
            seen(simulate("192.0.2.1", "<>", "nobody@mox.example"), r"^   means: no account, alias or catchall")
            seen(simulate("192.0.2.1", "<>", "a@elsewhere.example"), r"^   means: the domain is none of ours")
            seen(simulate("192.0.2.1", "a@good.test", "list@mox.example"), r"^S: 550 5\.7\.2 ",
                 r"^   means: moxctl alias print .*post-public=true")
            seen(of("full@mox.example", big), r"^S: 552 5\.2\.2", r"^   means: .*store \{ quota \}")
            seen(of("mjl@mox.example", big * 5), r"^S: 552 5\.2\.3", r"^   means: max-message-size")
            seen(of("mjl@mox.example", "Received: x; y\n" * 101 + MESSAGE % "a@good.test"), r"^S: 554 5\.4\.6",
                 r"^   means: the message was here")
            text = simulate("192.0.2.1", "a@good.test", "mjl@mox.example")
            expect("means:" not in text, text)

        def nothing_is_delivered():
            expect("message received" not in server.log_text(1000), "a message was received")
            expect(server.moxctl("dmarc", "evaluations")[1] == "", "an evaluation was kept")

        run_tests([a_message_that_is_accepted, one_that_dmarc_refuses, recipients_that_are_refused,
                   a_message_without_from, not_an_address, refusals_are_explained, nothing_is_delivered])


main()
