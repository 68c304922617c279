#!/usr/bin/env python3
# proves: SMTPIN-10, ACCT-13, REP-07
"""Mail from first-time senders waits before it is accepted, and holds its connection meanwhile."""

import os
import smtplib
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402

ZONE = [
    'good.test. 300 IN TXT \\"v=spf1 ip4:127.0.0.1 -all\\"',
    'more.test. 300 IN TXT \\"v=spf1 ip4:127.0.0.1 -all\\"',
]
WAITS = 'msg="a message waits before it is accepted"'
LOST = 'msg="connection lost in a message"'
MJL, OTHER = "mjl@mox.example", "other@mox.example"


def conf(delay):
    c = Conf()
    c.modules += ["spf", "reputation", "ratelimit"]
    c.services = ["smtp", "submission"]
    c.add("module spf", "iprev = false")
    c.add("module spf", "helo = false")
    c.add("module reputation", "first-time-sender-delay = " + delay)
    c.add("top", "dns { local-data = [ %s ] }" % ", ".join('"%s"' % line for line in ZONE))
    c.add("other", "    reputation { no-first-time-sender-delay = true }")
    c.add("domains", 'account "third" { domain = "mox.example" address "third@mox.example" { } }')
    return c


def text(sender, header=""):
    return "From: %s\r\n%sSubject: x\r\n\r\ntext\r\n" % (sender, header)


def begin(server, sender, to=MJL):
    """A client whose message was sent, and that did not hear what became of it."""
    client = smtplib.SMTP(*server.address("smtp"), "client.test", PATIENCE)
    client.ehlo()
    client.mail(sender)
    for rcpt in to if isinstance(to, list) else [to]:
        client.rcpt(rcpt)
    expect(client.docmd("DATA")[0] == 354, "no DATA")
    client.send(text(sender) + ".\r\n")
    return client


def deliver(server, sender, to=MJL):
    """How many messages waited so far, once this one is accepted."""
    client = begin(server, sender, to)
    code, reply = client.getreply()
    expect(code == 250, reply)
    client.quit()
    return sum(WAITS in line for line in server.log)


def who_waits():
    with Server(conf("50ms")) as server:
        expect(deliver(server, "new@good.test") == 1, "a first-time sender does not wait")
        server.await_log(WAITS + ' .*why="first-time sender"')
        expect(deliver(server, "new@good.test") == 1, "one that is known waits")
        expect(deliver(server, "colleague@good.test") == 1, "their colleague waits")
        expect(deliver(server, "new@good.test", "third@mox.example") == 2, "another account knows them")
        expect(deliver(server, "new@more.test", OTHER) == 2, "an account that wants no delay has one")
        expect(deliver(server, "new@more.test", [OTHER, MJL, "third@mox.example"]) == 3, "not one for all")
        expect(deliver(server, "new@unverified.test") == 4, "a claimed sender does not wait")
        with smtplib.SMTP(*server.address("submission"), "client.test", PATIENCE) as user:
            user.login(OTHER, PASSWORD)
            user.sendmail(OTHER, [MJL], text(OTHER))
        expect(sum(WAITS in line for line in server.log) == 4, "a user waits")
        output = server.moxctl("simulate", "127.0.0.1", "client.test", "x@third.test", MJL, "-",
                               text=text("x@third.test"))[1]
        expect("before it is accepted: first-time sender" in output, output)
        expect(sum(WAITS in line for line in server.log) == 4, "a simulated message waits")


def who_goes_away_is_not_delivered():
    with Server(conf("4m")) as server:
        begin(server, "new@good.test").close()
        server.await_log(LOST)
        expect("message received" not in server.log_text(1000), "it was delivered")
        pipelined = begin(server, "new@good.test")
        server.await_log(WAITS, 2)
        pipelined.send("QUIT\r\n")  # which is no reason to deliver at once, or not to
        deliver(server, "new@good.test", OTHER)
        server.await_log("message received")
        expect(sum("message received" in line for line in server.log) == 1, "it did not wait")
        pipelined.close()


def connections_are_held():
    c = conf("4m")
    c.add("module ratelimit", "connections = [2, 0, 0]")
    c.add("module ratelimit", "exempt = []")
    with Server(c) as server:
        clients = [begin(server, "new%d@good.test" % i) for i in range(2)]
        server.await_log(WAITS, 2)
        try:
            with smtplib.SMTP(*server.address("smtp"), "client.test", PATIENCE):
                expect(False, "a third connection")
        except (smtplib.SMTPConnectError, smtplib.SMTPServerDisconnected):
            pass
        for client in clients:
            client.close()


def a_server_that_stops_says_so():
    with Server(conf("4m")) as server:
        client = begin(server, "new@good.test")
        server.await_log(WAITS)
        server.terminate()
        expect(client.getreply()[0] == 421, "no 421")
        client.close()
        server.stop()
        expect("message received" not in server.log_text(1000), "it was delivered")


run_tests([who_waits, who_goes_away_is_not_delivered, connections_are_held, a_server_that_stops_says_so])
