#!/usr/bin/env python3
"""A NUL byte at every place of every command: it is refused, never taken for the end of a text, and the
session goes on."""

import base64

from attack import Conf, Failure, Peer, Target, expect, run_tests
from moxd_server import PASSWORD

SMTP = [b"EHLO a.example", b"HELO a.example", b"MAIL FROM:<a@remote.example> SIZE=10 BODY=8BITMIME",
        b"RCPT TO:<mjl@mox.example>", b"RSET", b"NOOP text", b"VRFY mjl", b"HELP", b"DATA", b"STARTTLS", b"QUIT"]
SUBMISSION = [b"AUTH PLAIN " + base64.b64encode(b"\0mjl@mox.example\0" + PASSWORD.encode()), b"AUTH LOGIN",
              b"RCPT TO:<mjl@mox.example> NOTIFY=NEVER"]
STRANGER = [b'LOGIN mjl@mox.example "%s"' % PASSWORD.encode(), b"CAPABILITY", b"AUTHENTICATE PLAIN =", b"STARTTLS",
            b'ID ("name" "x")', b"LOGOUT", b"NOOP"]
USER = [b"ENABLE CONDSTORE", b"SELECT INBOX (CONDSTORE)", b'EXAMINE "INBOX"', b"CREATE a/b", b"DELETE a", b'RENAME a "b c"',
        b"SUBSCRIBE a", b"UNSUBSCRIBE a", b'LIST "" (a "%") RETURN (STATUS (MESSAGES))', b'LSUB "" *', b"NAMESPACE",
        b"STATUS INBOX (UIDNEXT)", b"APPEND INBOX (\\Seen) \"01-Jan-2026 00:00:00 +0000\" {1}", b"IDLE",
        b"GETQUOTAROOT INBOX", b"NOTIFY NONE", b"COMPRESS DEFLATE"]
SELECTED = [b"CLOSE", b"UNSELECT", b"EXPUNGE", b'SEARCH CHARSET UTF-8 SUBJECT "a b" OR ALL SINCE 1-Jan-2026',
            b"FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (From)]<0.10>)", b"STORE 1 +FLAGS.SILENT (\\Seen $x)",
            b"COPY 1 INBOX", b"MOVE 1 INBOX", b"UID FETCH 1 (UID)", b"UID SEARCH UID 1", b"UID EXPUNGE 1",
            b"SORT (REVERSE DATE) UTF-8 ALL", b"THREAD REFERENCES UTF-8 ALL", b"CHECK"]


def places(command):
    for i in range(len(command) + 1):
        yield command[:i] + b"\0" + command[i:]


def smtp_peer(server, service):
    peer = server.peer(service)
    peer.reply()
    peer.expect(b"EHLO attacker.example", 250)
    return peer


def smtp_commands_are_refused(server, service, commands):
    for command in commands:
        peer, used = smtp_peer(server, service), 0
        for line in places(command):
            if used == 3:  # before it is told to go
                peer.close()
                peer, used = smtp_peer(server, service), 0
            code, answer = peer.ask(line)
            expect(500 <= code < 600, "%r is answered with %r" % (line, answer))
            used += 1
        peer.expect(b"NOOP", 250)
        peer.close()


def imap_peer(server, account, mailbox):
    peer = server.imap(account, mailbox)
    peer.command(b"NOOP")  # whose first command is wrong is sent away
    return peer


def imap_commands_are_refused(server, commands, account=None, mailbox=None):
    for command in commands:
        peer = imap_peer(server, account, mailbox)
        for line in places(command):
            peer.send(b"t " + line + b"\r\n")
            answer = peer.line()
            if answer.startswith(b"* BYE"):
                peer = imap_peer(server, account, mailbox)
            elif answer.startswith(b"+"):  # the name of the command is read with the whole of it
                peer.send(b"x\r\n")
                answer = peer.line()
            if not answer.startswith((b"* BYE", b"t BAD", b"* BAD")):
                raise Failure("%r is answered with %r" % (line, answer))
        peer.command(b"NOOP")
        peer.close()


class NulTarget(Target):
    def peer(self, service):
        return Peer(self.address(service), service)


def main():
    conf = Conf()
    conf.services = ["smtp", "submission", "imap"]
    with NulTarget(conf) as server:
        server.deliver("mjl", "From: <a@remote.example>\r\nSubject: a b\r\n\r\ntext\r\n")

        def smtp():
            smtp_commands_are_refused(server, "smtp", SMTP)

        def submission():
            smtp_commands_are_refused(server, "submission", SUBMISSION)

        def imap_before_login():
            imap_commands_are_refused(server, STRANGER)

        def imap_after_login():
            imap_commands_are_refused(server, USER, "mjl")

        def imap_with_a_mailbox():
            imap_commands_are_refused(server, SELECTED, "mjl", b"INBOX")

        run_tests([smtp, submission, imap_before_login, imap_after_login, imap_with_a_mailbox])


main()
