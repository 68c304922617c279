#!/usr/bin/env python3
# proves: QUEUE-15, P-QUEUE-08
# proves in part: P-QUEUE-01, P-QUEUE-11, P-QUEUE-14, P-SMTP-01, P-SMTP-05
"""What senders are told of mail that is not delivered, or that they asked about: read in their mailboxes and taken
apart by another implementation (Python's email)."""

import email
import email.policy
import imaplib
import os
import smtplib
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402

MJL, OTHER = "mjl@mox.example", "other@mox.example"
MESSAGE = b"From: <mjl@mox.example>\r\nSubject: hi there\r\nMessage-ID: <m1@mox.example>\r\n\r\nthe body\r\n"


def queue_server(*lines, dynamic=""):
    conf = Conf()
    conf.modules += ["smtpclient", "queue"]
    conf.services = ["smtp", "submission", "imap"]
    conf.add("top", 'dns { local-only = true\nlocal-data = ["nullmx.example. 300 IN MX 0 ."] }')
    conf.add("domain", 'alias "list" { members = ["%s", "%s"] post-public = true }' % (MJL, OTHER))
    conf.add("domains", dynamic)
    for line in lines:
        conf.add("module queue", line)
    return Server(conf)


def submit(server, to, data=MESSAGE, sender=MJL, mail=(), rcpt=()):
    with smtplib.SMTP(*server.address("submission"), timeout=PATIENCE) as client:
        client.ehlo("client.example")
        client.login(MJL, PASSWORD)
        client.ehlo("client.example")
        client.sendmail(sender, to, data, mail_options=list(mail), rcpt_options=list(rcpt))


def messages(server, user=MJL):
    with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
        client.login(user, PASSWORD)
        _, data = client.select("INBOX", readonly=True)
        n = int(data[0])
        return [client.fetch(str(i), "(BODY.PEEK[])")[1][0][1] for i in range(1, n + 1)]


class Notice:
    """The newest message of the user, which must be a notification."""

    def __init__(self, server, user=MJL):
        self.raw = messages(server, user)[-1]
        self.m = email.message_from_bytes(self.raw, policy=email.policy.default)
        expect(self.m.get_content_type() == "multipart/report", self.raw)
        expect(self.m.get_param("report-type") == "delivery-status", self.raw)
        parts = list(self.m.iter_parts())
        self.text, self.original = parts[0].get_content(), parts[2]
        self.message, *self.rcpts = parts[1].get_payload()

    def expect(self, **fields):
        for name, value in fields.items():
            got = self.rcpts[0][name.replace("_", "-")]
            expect(got == value, "%s: %r, wanted %r\n%s" % (name, got, value, self.raw.decode()))


def told(server, action="failed", count=1):
    server.await_log('msg="sender told".*action=%s' % action, count)


def failed_at_once():
    with queue_server() as server:
        submit(server, "bob@nowhere.example", mail=["ENVID=QQ+2B3"], rcpt=["ORCPT=rfc822;b+2Bb@nowhere.example"])
        told(server)
        n = Notice(server)
        n.expect(Action="failed", Status="5.1.2", Final_Recipient="rfc822; bob@nowhere.example",
                 Original_Recipient="rfc822; b+b@nowhere.example")
        expect(n.message["Original-Envelope-Id"] == "QQ+3", n.raw)
        expect(n.message["Reporting-MTA"] == "dns; mox.example", n.raw)
        expect(n.message["Arrival-Date"], n.raw)
        expect(n.raw.startswith(b"Return-Path: <>\r\nDelivered-To: mjl@mox.example\r\n"), n.raw)
        expect(n.m["References"] == "<m1@mox.example>" and b"\r\nTo: <mjl@mox.example>\r\n" in n.raw, n.raw)
        expect(n.m["From"].addresses[0].addr_spec == "postmaster@mox.example", n.raw)
        expect("hi there" in n.m["Subject"] and "hi there" in n.text and "bob@nowhere.example" in n.text, n.text)
        expect(b"the body" in n.original.as_bytes(), n.raw)
        # several recipients, one message each time; never about a notification
        submit(server, ["a@nullmx.example", "b@nullmx.example"], mail=["RET=HDRS"])
        told(server, count=2)
        n = Notice(server)
        expect([r["Status"] for r in n.rcpts] == ["5.1.10", "5.1.10"], n.raw)
        expect(n.original.get_content_type() == "text/rfc822-headers", n.raw)
        expect(b"the body" not in n.raw and b"<m1@mox.example>" in n.original.as_bytes(), n.raw)
        submit(server, "c@nullmx.example", rcpt=["NOTIFY=NEVER"])
        submit(server, "d@nullmx.example", rcpt=["NOTIFY=SUCCESS,DELAY"])
        submit(server, "e@nullmx.example", sender="")
        submit(server, "f@nullmx.example", rcpt=["NOTIFY=FAILURE"])
        told(server, count=3)
        expect(len(messages(server)) == 3, "told of what nobody asked about")
        n = Notice(server)
        n.expect(Final_Recipient="rfc822; f@nullmx.example")


def large_originals_go_back_when_asked_for():
    with queue_server() as server:
        big = MESSAGE + b"".join(b"line %d of a large message\r\n" % i for i in range(100000))
        submit(server, "a@nullmx.example", big)
        told(server)
        expect(len(messages(server)[-1]) < 10000, "a large message went back unasked")
        submit(server, "a@nullmx.example", big, mail=["RET=FULL"])
        told(server, count=2)
        n = Notice(server)
        expect(n.original.get_content_type() == "message/rfc822", n.original.get_content_type())
        expect(n.raw.count(b"of a large message\r\n") == 100000, "not all of it went back")


def delayed():
    with queue_server('delay-notice = 1us', 'transport "later" { kind = fail smtp-code = 451 smtp-message = "4.3.2 not now" }',
                      dynamic='route { to-domain = ["slow.example"] transport = "later" }') as server:
        submit(server, "a@slow.example")
        told(server, "delayed")
        n = Notice(server)
        n.expect(Action="delayed")
        expect(n.rcpts[0]["Will-Retry-Until"] and n.rcpts[0]["Status"].startswith("4."), n.raw)
        expect("tried until" in n.text and n.m["Subject"].startswith("Delayed: "), n.raw)
        expect(b"the body" not in n.raw, n.raw)
        # and given up by hand (P-QUEUE-08)
        server.moxctl("queue", "fail", "to=slow.example")
        told(server)
        n = Notice(server)
        n.expect(Action="failed", Final_Recipient="rfc822; a@slow.example")
        expect("The administrator cancelled it." in n.text, n.text)


def given_up():
    """P-QUEUE-01: when the time is over, after a last attempt."""
    with queue_server('retry = ["1s"]', "give-up = 2s", 'transport "later" { kind = fail smtp-code = 451 smtp-message = "4.3.2 not now" }',
                      dynamic='route { to-domain = ["slow.example"] transport = "later" }') as server:
        started = time.time()
        submit(server, "a@slow.example")
        server.await_log(r'msg="?retry.* to=a@slow\.example .*attempt=1')
        told(server)
        expect(time.time() - started >= 2, "too early")
        n = Notice(server)
        n.expect(Action="failed", Status="4.0.0", Final_Recipient="rfc822; a@slow.example")
        expect(n.m["Subject"].count("hi there") == 1 and "not now" in n.text, n.raw)
        expect("a@slow.example" not in server.moxctl("queue", "list")[1], "it is there still")


def success_here():
    with queue_server() as server:
        submit(server, [OTHER, "list@mox.example"], mail=["ENVID=local"], rcpt=["NOTIFY=SUCCESS"])
        told(server, "delivered")
        told(server, "expanded")
        notices = [m for m in messages(server) if b"multipart/report" in m]
        expect(len(notices) == 2, "%d notices" % len(notices))
        actions = sorted(m.split(b"Action: ")[1].split(b"\r\n")[0] for m in notices)
        expect(actions == [b"delivered", b"expanded"], actions)
        expect(all(b"Status: 2.0.0\r\n" in m and b"Original-Envelope-Id: local" in m for m in notices), notices)


def held_for_mailboxes_here():
    with queue_server() as server:
        started = time.time()
        submit(server, [OTHER, "list@mox.example"], mail=["HOLDFOR=1"], rcpt=["NOTIFY=SUCCESS"])
        expect(len(messages(server, OTHER)) == 0 or time.time() - started >= 1, "released too early")
        told(server, "delivered")
        expect(time.time() - started >= 1, "released too early")
        got = messages(server, OTHER)
        expect(len(got) == 2 and all(b"the body" in m for m in got), got)
        expect(got[0].startswith(b"Return-Path: <mjl@mox.example>\r\nDelivered-To: other@mox.example\r\n"), got)
        n = Notice(server)
        expect(n.message["Future-Release-Request"].startswith("until;20"), n.raw)


def international():
    with queue_server() as server:
        data = "From: <mjl@mox.example>\r\nSubject: Grüße\r\nMessage-ID: <m2@mox.example>\r\n\r\nbody\r\n".encode()
        submit(server, "jürgen@nullmx.example", data, mail=["SMTPUTF8"], rcpt=["ORCPT=utf-8;j\\x{FC}rgen@nullmx.example"])
        told(server)
        raw = messages(server)[-1].decode()
        expect("Content-Type: message/global-delivery-status\r\n" in raw, raw)
        expect("Final-Recipient: utf-8; jürgen@nullmx.example\r\n" in raw, raw)
        expect("Original-Recipient: utf-8; jürgen@nullmx.example\r\n" in raw, raw)
        expect("Content-Type: message/global\r\n" in raw and "Subject: Grüße\r\n" in raw, raw)


if __name__ == "__main__":
    sys.exit(run_tests([failed_at_once, large_originals_go_back_when_asked_for, delayed, given_up, success_here,
                        held_for_mailboxes_here, international]))
