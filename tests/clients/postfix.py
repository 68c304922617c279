#!/usr/bin/env python3
# proves: REP-08, P-ANALYZE-11
# proves in part: P-SMTP-01, P-I18N-01
"""Postfix delivers to moxd: in clear and over TLS, several recipients with pipelining, 8-bit and UTF-8
addresses; what is refused comes back to its sender, what is refused for now is tried again."""

import imaplib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402
from postfix_peer import Postfix, need  # noqa: E402

MJL, OTHER, SENDER = "mjl@mox.example", "other@mox.example", "writer@peer.example"


def text(subject, body="Hello.\n", author=SENDER):
    lines = "From: %s\nTo: %s\nSubject: %s\nMIME-Version: 1.0\n" % (author, MJL, subject)
    if not body.isascii():
        lines += "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
    return (lines + "\n" + body).replace("\n", "\r\n").encode()


class Mail:
    """The newest message of a user's INBOX, and how many there are."""

    def __init__(self, server, user):
        host, port = server.address("imap")
        client = imaplib.IMAP4(host, port, PATIENCE)
        client.login(user, PASSWORD)
        client.enable("UTF8=ACCEPT")
        client.select("INBOX", readonly=True)
        self.count = len(client.search(None, "ALL")[1][0].split())
        self.text = client.fetch(str(self.count), "(RFC822)")[1][0][1] if self.count else b""
        client.logout()


def sent(postfix, queued, recipient=MJL):
    postfix.await_log("%s: to=<%s>.*status=sent" % (queued, recipient))


def bounce_of(postfix, queued):
    """The id of the message that tells the sender of a refusal."""
    mark = "%s: sender non-delivery notification: " % queued
    postfix.await_log(mark)
    return [line.split(mark)[1] for line in postfix.log if mark in line][0]


def returned(postfix, queued, reason):
    """The bounce, with the reply of the server."""
    postfix.await_log("%s: to=<%s>.*status=sent" % (bounce_of(postfix, queued), SENDER))
    bounce = postfix.messages()[-1].as_string()
    expect(reason in bounce, "no %r in:\n%s" % (reason, bounce))
    return bounce


def it_arrives(server, postfix):
    """At the first attempt, of a sender whom nobody knows."""
    sent(postfix, postfix.send(SENDER, [MJL], text("plain")))
    expect("status=deferred" not in postfix.log_text(1000), "deferred")
    mail = Mail(server, MJL)
    expect(mail.count == 1 and b"Subject: plain" in mail.text, mail.text)
    expect(b"Return-Path: <%s>\r\n" % SENDER.encode() in mail.text, mail.text)
    expect(b"with ESMTP id" in mail.text.replace(b"\r\n\t", b" "), mail.text)


def eight_bits_stay(server, postfix):
    body = "gr\u00fc\u00dfe \U0001f4ec\n..dots\n.\nend\n"
    sent(postfix, postfix.send(SENDER, [MJL], text("bits", body), ["BODY=8BITMIME"]))
    expect(Mail(server, MJL).text.endswith(body.replace("\n", "\r\n").encode()), Mail(server, MJL).text)


def some_of_several_recipients(server, postfix):
    """They are pipelined; what is refused of them comes back, and the others get theirs."""
    before = [Mail(server, user).count for user in (MJL, OTHER)]
    queued = postfix.send(SENDER, [MJL, "nobody@mox.example", OTHER], text("several"))
    sent(postfix, queued)
    sent(postfix, queued, OTHER)
    bounce = returned(postfix, queued, "550 5.1.1")
    expect("Final-Recipient: rfc822; nobody@mox.example" in bounce and "rfc822; " + OTHER not in bounce, bounce)
    expect([Mail(server, user).count for user in (MJL, OTHER)] == [n + 1 for n in before], "copies")


def refused_after_the_data(server, postfix):
    before = Mail(server, MJL).count
    returned(postfix, postfix.send(SENDER, [MJL], text("two", author="a@peer.example\nFrom: b@peer.example")),
             "550 5.6.0")
    expect(Mail(server, MJL).count == before, "delivered")


def too_large(server, postfix):
    """Postfix reads the limit in the reply to EHLO."""
    bounce = returned(postfix, postfix.send(SENDER, [MJL], text("large", "0123456789\n" * 10000)), "5.3.4")
    expect("exceeds size limit 100000 of server" in bounce.replace("\n    ", " "), bounce)


def not_now(server, postfix):
    before = Mail(server, MJL).count
    server.moxctl("domain", "disable", "mox.example")
    queued = postfix.send(SENDER, [MJL], text("later"))
    postfix.await_log("%s: .*status=deferred .*450 4.2.1" % queued)
    reasons = [r["delay_reason"] for q in postfix.queue() if q["queue_id"] == queued for r in q["recipients"]]
    expect(len(reasons) == 1 and "450 4.2.1" in reasons[0], reasons)
    server.moxctl("domain", "enable", "mox.example")
    postfix.flush()
    sent(postfix, queued)
    expect(Mail(server, MJL).count == before + 1, "not once")


def utf8(server, postfix):
    server.moxctl("address", "add", "b\u00fccher@mox.example", "mjl")
    queued = postfix.send("gr\u00fc\u00dfe@peer.example", ["b\u00fccher@mox.example"],
                          text("\u00fcber alles", author="gr\u00fc\u00dfe@peer.example"), ["SMTPUTF8"])
    sent(postfix, queued, "b\u00fccher@mox.example")
    mail = Mail(server, MJL).text
    expect("Subject: \u00fcber alles\r\n".encode() in mail and b"with UTF8SMTP" in mail.replace(b"\r\n\t", b" "), mail)
    expect("Delivered-To: b\u00fccher@mox.example\r\n".encode() in mail, mail)


def its_bounces_arrive(server, postfix):
    """From the null sender, for a user of ours who wrote through it."""
    queued = postfix.send(MJL, ["nobody@mox.example"], text("bounce", author=MJL))
    sent(postfix, bounce_of(postfix, queued))
    mail = Mail(server, MJL).text
    expect(b"Return-Path: <>\r\n" in mail and b"multipart/report" in mail, mail)


def new_server():
    conf = Conf()
    conf.services = ["smtp", "imap"]
    conf.add("smtp", "max-message-size = 100000")
    conf.add("smtp", "unknown-recipients-delay = 0s")
    return Server(conf)


def in_clear():
    need()
    with new_server() as server, Postfix(server.address("smtp"), smtp_tls_security_level="none") as postfix:
        for case in (it_arrives, eight_bits_stay, some_of_several_recipients, refused_after_the_data, too_large,
                     not_now, utf8, its_bounces_arrive):
            case(server, postfix)


def over_tls():
    """Verified: the certificate is that of the name which Postfix expects."""
    need()
    with new_server() as server, Postfix(
            server.address("smtp"), smtp_tls_security_level="secure", smtp_tls_secure_cert_match="mox.example",
            smtp_tls_CAfile=server.path("cert.pem")) as postfix:
        for i in range(3):
            sent(postfix, postfix.send(SENDER, [MJL], text("tls %d" % i)))
        postfix.await_log("Verified TLS connection established to 127.0.0.1.*TLSv1.3")
        mail = Mail(server, MJL)
        expect(mail.count == 3 and b"with ESMTPS" in mail.text.replace(b"\r\n\t", b" "), mail.text)
        returned(postfix, postfix.send(SENDER, ["nobody@mox.example"], text("unknown")), "550 5.1.1")


if __name__ == "__main__":
    sys.exit(run_tests([in_clear, over_tls]))
