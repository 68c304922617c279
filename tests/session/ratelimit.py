#!/usr/bin/env python3
# proves: RATE-01, RATE-03, RATE-04, RATE-05, RATE-06, RATE-07, RATE-08, RATE-11, RATE-12, P-SMTP-20
# proves: AUTH-17
# proves in part: RATE-09, P-SMTP-21
"""Limits on connections and failed logins, by network and by account. Loopback addresses are not exempt
here, and have all the networks that are needed: 127.0.0.0/26, 127.0.0.64/26 and so on."""

import base64
import os
import smtplib
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402

MJL = "mjl@mox.example"
PLENTY = {"connections": 0, "connection-rate": 0, "failed-logins": 0, "failed-logins-day": 0,
          "messages": 0, "messages-day": 0, "data": 0, "data-day": 0}


def new_server(modules=(), lines=(), **limits):
    """limits: name to one number, which holds for all widths of network, or to a list of three."""
    conf = Conf()
    conf.modules += ["ratelimit", *modules]
    if modules:
        conf.add("top", 'dns { local-only = true local-data = [ '
                 '"_dmarc.strict.test. 300 IN TXT \\"v=DMARC1; p=reject\\"" ] }')
    for line in lines:
        conf.add("module ratelimit", line)
    conf.services = ["smtp", "submission", "imap"]
    conf.add("module auth", "failure-delay = 0s")
    for name, value in {"exempt": [], **PLENTY, **{k.replace("_", "-"): v for k, v in limits.items()}}.items():
        if name in PLENTY and not isinstance(value, list):
            value = [value] * 3
        conf.add("module ratelimit", "%s = %s" % (name, value))
    return Server(conf)


class Client:
    """Lines over TCP from an address of our choice."""

    def __init__(self, server, service, source="127.0.0.1"):
        self.sock = socket.create_connection(server.address(service), PATIENCE, (source, 0))
        self.file = self.sock.makefile("rb")
        self.greeting = self.line()

    def line(self):
        return self.file.readline().decode().rstrip("\r\n")

    def send(self, line):
        self.sock.sendall(line.encode() + b"\r\n")

    def login(self, password=PASSWORD):
        """IMAP; the tagged reply, or what came instead of it."""
        self.send('x LOGIN %s "%s"' % (MJL, password))
        while True:
            line = self.line()
            if not line.startswith("* ") or line.startswith("* BYE"):
                return line

    def close(self):
        self.file.close()
        self.sock.close()


def fails_at_submission(client, user=MJL):
    """The reply to a wrong password."""
    client.send("EHLO client.test")
    while client.line()[3:4] == "-":
        pass
    client.send("AUTH PLAIN " + base64.b64encode(b"\0%s\0wrong" % user.encode()).decode())
    return client.line()


def is_welcome(client):
    return client.greeting[:4] in ("220 ", "* OK")


def shown(server, address):
    """{limit: used} of the smallest network of the address."""
    words = server.moxctl("ratelimit", "show", address)[1].split("\n")[0].split()
    return {k: int(v.split("/")[0]) for k, v in (w.split("=") for w in words[1:])}


def until(what, predicate):
    """What the server does after its peer has gone cannot be waited for otherwise."""
    end = time.monotonic() + PATIENCE
    while not predicate():
        expect(time.monotonic() < end, what)
        time.sleep(0.01)


def open_connections_are_limited():
    with new_server(connections=2) as server:
        first, second = Client(server, "smtp"), Client(server, "imap")
        expect(is_welcome(first) and is_welcome(second), "two connections")
        third = Client(server, "smtp")
        expect(third.greeting.startswith("421 4.3.2 "), "third: %s" % third.greeting)
        expect(third.line() == "", "it is closed")
        refused = Client(server, "imap")
        expect(refused.greeting.startswith("* BYE [UNAVAILABLE]"), "IMAP: %s" % refused.greeting)
        elsewhere = Client(server, "smtp", "127.0.8.1")  # in another network of the widest kind
        expect(is_welcome(elsewhere), "from elsewhere: %s" % elsewhere.greeting)
        first.close()
        until("a closed connection counts", lambda: shown(server, "127.0.0.1")["connections"] == 1)
        again = Client(server, "smtp")
        expect(is_welcome(again), "there is room again: %s" % again.greeting)
        server.await_log(r"connection refused")
        server.await_log(r"limit connections of 127\.0\.0\.1 reached: 2")


def networks_are_limited_as_well():
    for limits, near, far in (([0, 2, 0], "127.0.0.3", "127.0.0.65"), ([0, 0, 2], "127.0.0.65", "127.0.8.1")):
        with new_server(connections=limits) as server:
            open_ones = [Client(server, "smtp", a) for a in ("127.0.0.1", "127.0.0.2")]
            expect(all(is_welcome(c) for c in open_ones), "two addresses")
            expect(not is_welcome(Client(server, "smtp", near)), "an address of the same network")
            expect(is_welcome(Client(server, "smtp", far)), "an address of another network")


def rate_is_limited():
    with new_server(connection_rate=5) as server:
        for _ in range(5):
            client = Client(server, "smtp")
            expect(is_welcome(client), client.greeting)
            client.close()
        expect(not is_welcome(Client(server, "smtp")), "the sixth in a minute")
        server.moxctl("ratelimit", "forget", "127.0.0.1")
        expect(is_welcome(Client(server, "smtp")), "after it was forgotten")


def those_who_log_in_count_for_their_account():
    with new_server(connections=2, account_connections=3) as server:
        users = []
        for _ in range(3):
            client = Client(server, "imap")
            expect(client.login().startswith("x OK"), "login")
            users.append(client)
        expect(shown(server, "127.0.0.1")["connections"] == 0, "they left their network")
        fourth = Client(server, "imap")
        reply = fourth.login()
        expect(reply.startswith("x NO [UNAVAILABLE]") and "3 connections" in reply, "the fourth: %s" % reply)
        users.pop().close()
        until("a connection of the account ended", lambda: fourth.login().startswith("x OK"))
        server.await_log("result=ratelimited")


def failed_logins_close_the_door():
    with new_server(failed_logins=3, slow_after=0) as server:
        client = Client(server, "imap")
        for _ in range(3):
            expect(client.login("wrong").startswith("x NO [AUTHENTICATIONFAILED]"), "a wrong password")
        reply = client.login()
        expect(reply.startswith("x NO [UNAVAILABLE]") and "network" in reply, "the right one: %s" % reply)
        expect(not is_welcome(Client(server, "imap")), "IMAP")
        expect(not is_welcome(Client(server, "submission")), "submission")
        expect(is_welcome(Client(server, "smtp")), "mail still comes in")
        expect(is_welcome(Client(server, "imap", "127.0.8.1")), "others are welcome")
        expect("failed-logins=3/3" in server.moxctl("ratelimit", "show")[1], "shown")
        server.moxctl("ratelimit", "forget", "127.0.0.1")
        expect(Client(server, "imap").login().startswith("x OK"), "after it was forgotten")


def the_third_failure_makes_it_slow():
    with new_server(slow_after=3) as server:
        client = Client(server, "imap")
        client.login("wrong")
        client.login("wrong")
        expect("slowed down" not in server.log_text(), "after two")
        third = time.monotonic()
        client.login("wrong")
        client.send("n NOOP")
        expect(client.line().startswith("n OK"), "NOOP")
        expect(time.monotonic() - third >= 1, "the next read waits for a second")
        server.await_log(r"slowed down")
        expect(client.login().startswith("x OK"), "the right password")
        submission = Client(server, "submission")
        for _ in range(3):
            expect(fails_at_submission(submission).startswith("535"), "a wrong password at submission")
        server.await_log(r"slowed down", 2)


def all_services_count_together():
    """And failures in the middle of an exchange, and of users that do not exist."""
    with new_server(failed_logins=4, slow_after=0) as server:
        submission = Client(server, "submission")
        expect(fails_at_submission(submission).startswith("535"), "submission")
        expect(fails_at_submission(submission, "nobody@mox.example").startswith("535"), "nobody")
        submission.send("AUTH SCRAM-SHA-256 " + base64.b64encode(b"n,,n=mjl@mox.example,r=abc").decode())
        expect(submission.line().startswith("334"), "SCRAM begins")
        submission.send(base64.b64encode(b"c=biws,r=abc,p=AAAA").decode())
        expect(submission.line().startswith("535"), "SCRAM fails")
        expect(Client(server, "imap").login("wrong").startswith("x NO [AUTHENTICATIONFAILED]"), "IMAP")
        expect(shown(server, "127.0.0.1")["failed-logins"] == 4, "all of them count")
        expect(not is_welcome(Client(server, "submission")), "submission is closed")


def deliver(server, rcpts=(MJL,), source="127.0.0.1", size=0, login=None):
    """Replies to RCPT; the message is sent to those that were taken."""
    host, port = server.address("submission" if login else "smtp")
    with smtplib.SMTP(host, port, timeout=PATIENCE, source_address=(source, 0)) as client:
        client.ehlo("client.example")
        if login:
            client.login(*login)
        client.mail(login[0] if login else "a@remote.example", ["size=%d" % size] if size else [])
        replies = [client.rcpt(r) for r in rcpts]
        if any(code == 250 for code, _ in replies):
            status, text = client.data("From: %s\r\n\r\nhi\r\n" % (login[0] if login else "a@remote.example"))
            expect(status == 250, text)
        return [code for code, _ in replies], replies[0][1].decode()


def who_brings_suspect_mail_is_slow():
    def refused(server, sender):
        with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
            client.ehlo("client.example")
            client.mail(sender)
            client.rcpt(MJL)
            return client.data("From: a@strict.test\r\n\r\nhi\r\n")[0]

    for conf in ("slow-suspects = false", ""):
        with new_server(["spf", "dmarc"], [conf]) as server:
            expect(refused(server, "a@elsewhere.test") == 550, "refused")
            if not conf:
                server.await_log('msg="connection slowed down" .*suspected=dmarc')
            expect(conf == "" or "slowed down" not in server.log_text(), "slow")


def mail_is_limited():
    other = "other@mox.example"
    with new_server(messages=[2, 0, 0], messages_day=[0, 3, 0]) as server:
        expect(deliver(server, [MJL, "second@mox.example"])[0] == [250, 250], "both addresses of one account")
        expect(deliver(server)[0] == [250], "the second message")
        codes, text = deliver(server, [MJL, other])
        expect(codes == [452, 250] and text.startswith("4.2.2 "), "the third: %s %s" % (codes, text))
        expect(deliver(server, source="127.0.0.2")[0] == [250], "from another address")
        expect(deliver(server, source="127.0.0.3")[0] == [452], "the network has had enough for the day")
        expect(deliver(server, source="127.0.8.1")[0] == [250], "from another network")
        expect(deliver(server, login=(MJL, PASSWORD))[0] == [250], "a user")
        server.await_log(r"limit messages-day of 127\.0\.0\.0/26 to account mjl reached")
        server.restart()
        expect(deliver(server, source="127.0.0.4")[0] == [452], "after a restart")
        expect(deliver(server, [other], source="127.0.0.4")[0] == [250], "to another account")


def data_is_limited():
    with new_server(data=1) as server:
        codes, text = deliver(server, size=1 << 20)
        expect(codes == [250], text)
        codes, text = deliver(server, size=1 << 20)
        expect(codes == [452] and text.startswith("4.2.2 "), "announced more than is left: %s" % text)
        expect(deliver(server)[0] == [250], "a small one")


def exempt_networks_have_no_limits():
    with new_server(connections=1, exempt='["127.0.0.0/26"]') as server:
        several = [Client(server, "smtp", "127.0.0.5") for _ in range(5)]
        expect(all(is_welcome(c) for c in several), "exempt")


def mistakes_are_told():
    conf = Conf()
    conf.modules.append("ratelimit")
    for line in ("connections = [1, 2]", 'exempt = ["192.0.2.1/24"]', "failed-logins = [a, 1, 1]"):
        conf.add("module ratelimit", line)
    server = Server(conf)
    try:
        server.set_up()
        done = subprocess.run([server.program("moxd"), "-t", "-c", server.path("moxd.conf")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
        expect(done.returncode != 0, done.stdout)
        for part in ("has 2 numbers instead of 3", "not an address or network", "not a number"):
            expect(part in done.stdout, "%s: %s" % (part, done.stdout))
    finally:
        server.remove()


run_tests([open_connections_are_limited, networks_are_limited_as_well, rate_is_limited,
           those_who_log_in_count_for_their_account, failed_logins_close_the_door, all_services_count_together,
           the_third_failure_makes_it_slow, who_brings_suspect_mail_is_slow, mail_is_limited, data_is_limited,
           exempt_networks_have_no_limits, mistakes_are_told])
