#!/usr/bin/env python3
# proves: P-CORE-06
"""A stop with sessions in every state: who waits is told at once, who is in the middle of something may
finish it, who does not finish is told when the grace time ends."""

import base64
import sys

from echo import MODULES, PATIENCE, expect, run_tests
from moxd_client import Client
from moxd_server import PASSWORD, Conf, Server

MESSAGE = b"From: <other@mox.example>\r\nSubject: whole\r\n\r\ntext\r\n"
HALF, REST = MESSAGE[:30], MESSAGE[30:]


def connect(server, service):
    client = Client(server.address(service), service)
    expect(client.line()[:4] in (b"220 ", b"* OK"), "greeting")
    return client


def ask(client, line, answer):
    """Sends a line, reads up to an answer that begins so."""
    client.send(line.encode() + b"\r\n")
    got = client.line()
    while not got.startswith(answer.encode()):
        expect(got[3:4] == b"-" or got.startswith(b"* "), "%s: %r" % (line, got))
        got = client.line()


def smtp(server):
    client = connect(server, "smtp")
    ask(client, "EHLO client.example", "250 ")
    return client


def in_data(server):
    client = smtp(server)
    ask(client, "MAIL FROM:<a@remote.example>", "250 ")
    ask(client, "RCPT TO:<mjl@mox.example>", "250 ")
    ask(client, "DATA", "354 ")
    client.send(HALF)
    return client


def imap(server, service="imaps"):
    client = connect(server, service)
    ask(client, 'a LOGIN mjl@mox.example "%s"' % PASSWORD, "a OK")
    return client


def with_line(client, line, answer=None):
    if answer:
        ask(client, line, answer)
    else:
        client.send(line.encode())
    return client


def in_append(server):
    client = imap(server)
    ask(client, "b APPEND INBOX {%d}" % len(MESSAGE), "+")
    client.send(HALF)
    return client


def silent(server, service):
    """Only the connection: no handshake, no greeting read."""
    return Client(server.address(service), service, implicit_tls=False)


def told(client, what, words):
    """The last words, then the end."""
    line = client.line()
    expect(line.startswith(words.encode()) and b"shutting down" in line, "%s: %r" % (what, line))
    client.expect_eof()


def count(server):
    client = imap(server)
    client.send(b"c STATUS INBOX (MESSAGES)\r\n")
    line = client.line().decode()
    client.close()
    return int(line.rsplit(" ", 1)[1].rstrip(")"))


def begin(server):
    """Sessions that wait, with their last words, and both that are in a message."""
    plain = base64.b64encode(b"x" * 9).decode()
    waiting = {
        "SMTP, nothing said": (connect(server, "smtp"), "421 "),
        "SMTP, between commands": (smtp(server), "421 "),
        "SMTP, half a line": (with_line(smtp(server), "NO"), "421 "),
        "SMTP, in AUTH": (with_line(connect(server, "submissions"), "EHLO c.example", "250 "), "421 "),
        "IMAP, nothing said": (connect(server, "imap"), "* BYE "),
        "IMAP, between commands": (imap(server), "* BYE "),
        "IMAP, half a line": (with_line(imap(server), "b NO"), "* BYE "),
        "IMAP, idle": (with_line(imap(server), "b IDLE", "+"), "* BYE "),
        "IMAP, selected and idle": (
            with_line(with_line(imap(server), "b SELECT INBOX", "b OK"), "c IDLE", "+"), "* BYE "),
        "IMAP, in AUTHENTICATE": (
            with_line(connect(server, "imaps"), "a AUTHENTICATE PLAIN", "+"), "* BYE "),
        "IMAP, with half a response": (with_line(
            with_line(connect(server, "imaps"), "a AUTHENTICATE PLAIN", "+"), plain), "* BYE "),
    }
    with_line(waiting["SMTP, in AUTH"][0], "AUTH PLAIN", "334")
    return waiting, in_data(server), in_append(server)


def started(grace):
    conf = Conf()
    conf.add("top", "stop-grace = %s" % grace)
    return Server(conf)


def who_waits_is_told_and_who_works_finishes():
    with started("5m") as server:
        mute = [silent(server, s) for s in ("smtp", "imap", "submissions", "imaps")]
        waiting, data, append = begin(server)
        server.terminate()
        for what, (client, words) in waiting.items():
            told(client, what, words)
        for client in mute[:2]:
            client.line()  # the greeting
        told(mute[0], "SMTP, greeting unread", "421 ")
        told(mute[1], "IMAP, greeting unread", "* BYE ")
        for client in mute[2:]:
            client.expect_eof()
        data.send(REST + b".\r\n")
        expect(data.line().startswith(b"250 "), "message in DATA")
        told(data, "SMTP, after DATA", "421 ")
        append.send(REST)
        append.send(b"\r\n")
        expect(append.line().startswith(b"b OK"), "APPEND")
        told(append, "IMAP, after APPEND", "* BYE ")
        server.restart()
        expect(count(server) == 2, "%d messages" % count(server))


def who_does_not_finish_is_told_when_the_time_is_over():
    with started("1s") as server:
        data, append = in_data(server), in_append(server)
        literal = with_line(connect(server, "imaps"), "a LOGIN {5}", "+")
        server.terminate()
        told(data, "SMTP, in DATA", "421 ")
        told(append, "IMAP, in APPEND", "* BYE ")
        told(literal, "IMAP, in a literal", "* BYE ")
        server.restart()
        expect(count(server) == 0, "half a message is there")


def a_hook_that_holds_the_greeting_lets_go():
    conf = Conf()
    conf.services = ["smtp"]
    conf.modules = ["accounts", "store", "auth", "smtp", "smtphooks"]
    conf.add("top", 'module-dirs = ["%s"]' % MODULES)
    conf.add("top", "stop-grace = 5m")
    conf.add("top", 'hook "smtphooks.on_connect" { timeout = 5m }')
    conf.add("module smtphooks", 'connect = "hold"')
    with Server(conf) as server:
        held = [Client(server.address("smtp"), "smtp") for _ in range(3)]
        server.await_log("holding a connection", 3)
        server.terminate()
        for client in held:
            told(client, "SMTP, before the greeting", "421 ")
        expect(server.process.wait(PATIENCE) == 0, "status of moxd")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    run_tests([who_waits_is_told_and_who_works_finishes,
               who_does_not_finish_is_told_when_the_time_is_over,
               a_hook_that_holds_the_greeting_lets_go])
