#!/usr/bin/env python3
# proves in part: DANE-01, P-QUEUE-02, P-QUEUE-13, QUEUE-01
"""Postfix takes mail of moxd's queue: found by MX in a signed zone, verified by its TLSA record, several recipients in one
transaction, 8-bit text and dots as they were. Once its record is of another key it gets nothing."""

import os
import smtplib
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402
from postfix_peer import Postfix, need  # noqa: E402
from signed_zones import SignedZones  # noqa: E402
from test_ca import tlsa  # noqa: E402

MJL = "mjl@mox.example"
BODY = "gr\u00fc\u00dfe\r\n.\r\n..dots\r\nend\r\n"
MESSAGE = ("From: <%s>\r\nSubject: to Postfix\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Content-Transfer-Encoding: 8bit\r\n\r\n%s" % (MJL, BODY)).encode()


def zones(postfix):
    label = "_%d._tcp.mx" % postfix.port
    return SignedZones({
        "peer.example": ["@ MX 10 mx", "mx A 127.0.0.1", "%s TLSA %s" % (label, tlsa(postfix.path("cert.pem"), 3, 1, 1))],
        "forged.example": ["@ MX 10 mx", "mx A 127.0.0.1", "%s TLSA 3 1 1 %s" % (label, "00" * 32)],
    })


def new_server(postfix, names):
    conf = Conf()
    conf.services = ["smtp", "submission"]
    conf.modules += ["smtpclient", "queue", "dane"]
    conf.add("top", names.dns_block())
    conf.add("module queue", "port = %d" % postfix.port)
    return Server(conf)


def submit(server, recipients):
    with smtplib.SMTP(*server.address("submission"), timeout=PATIENCE) as client:
        client.login(MJL, PASSWORD)
        client.sendmail(MJL, recipients, MESSAGE, mail_options=["BODY=8BITMIME"])


def postfix_takes_mail():
    need()
    with Postfix(smtpd_tls_loglevel="1") as postfix, zones(postfix) as names, new_server(postfix, names) as server:
        submit(server, ["one@peer.example", "two@peer.example"])
        server.await_log('msg="delivered".*to=(one|two)@peer.example.*tls=TLSv1.3', 2)
        postfix.await_log("TLS connection established from")
        for name in ("one", "two"):
            postfix.await_log("to=<%s@peer.example>.*status=sent" % name)
        messages = postfix.messages()
        expect(len(messages) == 2, len(messages))
        for message in messages:
            got = message.get_payload(decode=True)
            expect(got.replace(b"\r\n", b"\n") == BODY.replace("\r\n", "\n").encode(), got)
        connections = sum("connect from" in line and "disconnect" not in line for line in postfix.log)
        expect(connections == 1, "%d connections for one message" % connections)
        submit(server, ["three@forged.example"])
        server.await_log('msg="retry".*three@forged.example.*no TLSA record matches')
        expect(not any("three@" in line for line in postfix.log), "Postfix was asked for it")


if __name__ == "__main__":
    sys.exit(run_tests([postfix_takes_mail]))
