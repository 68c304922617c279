#!/usr/bin/env python3
# proves: IMAP-12, P-IMAP-08
"""What a hostile client can say to the IMAP server, before it has logged in and after."""

import random

from attack import MB, SANITIZED, Bounded, Conf, Failure, Target, Witness, expect, run_tests

LONG = b"x" * MB
MESSAGE = b"From: a@remote.example\r\nSubject: %s\r\n\r\nhello\r\n"


def conf():
    c = Conf()
    c.services = ["smtp", "imap"]
    return c


def told_bye(peer, why=b""):
    """The server says why, and closes."""
    answer, _ = peer.tagged()
    if not answer.startswith(b"* BYE") or why not in answer:
        raise Failure("no goodbye with %r but %r" % (why, answer))
    peer.expect_eof()


def lines_without_end_take_no_memory():
    with Target(conf()) as server, Witness(server), Bounded(server, 4 * MB) as memory:
        for account in (None, "mjl"):
            peer = server.imap(account)
            peer.flood(LONG, 50)
            memory.look()
            peer.send(b"\r\n")
            told_bye(peer, b"longer than")


def strangers_get_little():
    with Target(conf()) as server, Witness(server), Bounded(server, 4 * MB) as memory:
        for command, why in (
                (b"t LOGIN {16385+}\r\n", b"too long"), (b"t LOGIN {4294967295+}\r\n", b"too long"),
                (b"t LOGIN {18446744073709551616+}\r\n", b""), (b"t LOGIN {-1}\r\n", b""),
                (b"t LOGIN " + b"{16000+}\r\n" + b"y" * 16000 + b" {16000+}\r\n", b"too long"),
                (b"t AUTHENTICATE PLAIN\r\n" + b"QUJD" * 50000 + b"\r\n", b"too long")):
            peer = server.imap()
            peer.flood(command)
            answer, _ = peer.tagged()
            while answer.startswith(b"+"):
                answer, _ = peer.tagged()
            expect(answer.startswith((b"* BYE", b"t BAD")) and why in answer,
                   "%r is answered with %r" % (command[:40], answer))
        peer = server.imap()
        peer.command(b"LOGIN {16385}", b"t BAD [TOOBIG]")
        memory.look()


def nobody_guesses_passwords_for_ever():
    with Target(conf()) as server, Witness(server):
        peer = server.imap()
        answers = []
        while not answers or answers[-1].startswith(b"t NO"):
            peer.flood(b"t LOGIN mjl@mox.example wrong%d\r\n" % len(answers))
            answers.append(peer.tagged()[0])
        expect(len(answers) <= 11 and answers[-1].startswith(b"* BYE"), "answers %s" % answers)


def commands_are_limited():
    with Target(conf()) as server, Witness(server), Bounded(server, 8 * MB) as memory:
        peer = server.imap("mjl", b"INBOX")
        peer.command(b"CREATE {65537}", b"t BAD [TOOBIG]")
        peer.flood(b"t SEARCH" + b" SUBJECT {60000+}\r\n" % () + b"z" * 60000, 1)
        peer.flood(b" SUBJECT {60000+}\r\n" + b"z" * 60000, 20)
        told_bye(peer)
        peer = server.imap("mjl", b"INBOX")
        for command in (
                b"SEARCH " + b"(" * 10000 + b"ALL" + b")" * 10000, b"SEARCH " + b"NOT " * 15000 + b"ALL",
                b"SEARCH " + b"OR ALL " * 8000 + b"ALL", b"SEARCH" + b" BODY x" * 201,
                b"SEARCH" + b" ALL" * 10000,
                b"FETCH 1 (" + b" ".join([b"BODY[1]"] * 5000) + b")",
                b"FETCH 1 BODY[" + b".".join([b"1"] * 20000) + b"]",
                b"FETCH 1 BODY[HEADER.FIELDS (" + b" ".join([b"x"] * 20000) + b")]",
                b"STORE 1 +FLAGS (" + b" ".join(b"k%d" % i for i in range(8000)) + b")",
                b"LIST \"\" (" + b" ".join([b"%"] * 20000) + b")",
                b"LIST \"\" " + b"*" * 60000,
                b"FETCH " + b"1," * 25000 + b"1 FLAGS",
                b"CREATE " + b"a/" * 2000 + b"a", b"CREATE " + b"n" * 60000):
            try:
                peer.command(command, b"t ")
            except Failure as e:
                raise Failure("%r...: %s" % (command[:30], e)) from e
        memory.look()
        peer.command(b"NOOP")


def unanswerable_patterns_are_matched_in_no_time():
    with Target(conf()) as server, Witness(server) as witness:
        peer = server.imap("mjl")
        name = b"/".join([b"a" * 40] * 10)
        for i in range(20):
            peer.command(b"CREATE %s%d" % (name, i))
        for _ in range(20):
            peer.command(b"LIST \"\" \"%sb\"" % (b"*a%" * 200), b"t ")
            peer.command(b"LSUB \"\" \"%sb\"" % (b"%a*" * 200), b"t ")
        witness.await_rounds(1)


def garbage(rng):
    words = [b"FETCH", b"SEARCH", b"LIST", b"STORE", b"APPEND", b"1:*", b"*", b"{3}", b"{3+}", b"~{3+}",
             b"(", b")", b"\"", b"\\", b"BODY[", b"]", b"<0.1>", b"\"\"", b"INBOX", b"ALL", b"UID",
             b"+FLAGS", b"\\Seen", b"\0", b"\xff", b"&AAA-", b"%", b"1.2.MIME", b"4294967296", b"NIL"]
    return b"t " + b" ".join(rng.choice(words) for _ in range(rng.randrange(1, 12)))


def garbage_is_answered_or_shown_out():
    rng = random.Random(20)
    with Target(conf()) as server, Witness(server), Bounded(server, 8 * MB):
        for _ in range(60 if SANITIZED else 300):
            peer = server.imap("mjl", b"INBOX")
            for _ in range(10):
                peer.flood(garbage(rng) + b"\r\nxyz\r\n")
            peer.flood(b"\r\nt LOGOUT\r\n")
            peer.drain()
            peer.close()


def keywords_without_end_are_refused():
    with Target(conf()) as server, Witness(server), Bounded(server, 24 * MB) as memory:
        peer = server.imap("mjl", b"INBOX")
        server.deliver("mjl", *[MESSAGE % b"k"] * 20)
        peer.command(b"NOOP")
        for i in range(300):
            answer, _ = send(peer, b"STORE %d +FLAGS.SILENT (%s)" % (
                i % 20 + 1, b" ".join(b"key%d" % (i * 50 + k) for k in range(50))))
            if answer.startswith(b"t NO"):
                break
        expect(answer.startswith(b"t NO [LIMIT]"), "the last answer is %r" % answer)
        memory.look()


def send(peer, text):
    peer.send(b"t " + text + b"\r\n")
    return peer.tagged()


def mailboxes_cannot_be_made_without_end():
    with Target(conf()) as server, Witness(server), Bounded(server, 40 * MB) as memory:
        peer = server.imap("mjl")
        made = 0
        answer = b"t OK"
        while answer.startswith(b"t OK") and made < (2000 if SANITIZED else 30000):
            peer.send(b"".join(b"t CREATE m%d\r\n" % (made + i) for i in range(200)))
            for _ in range(200):
                answer, _ = peer.tagged()
                made += answer.startswith(b"t OK")
        print("# %d mailboxes" % made)
        memory.look()
        expect(len(peer.command(b"LIST \"\" *")) >= made, "not all are listed")
        memory.look("after LIST")


def who_does_not_read_a_fetch_is_not_read():
    big = MESSAGE % b"big" + b"z" * 76 + b"\r\n" * 1000
    with Target(conf()) as server, Bounded(server, 16 * MB) as memory:
        server.deliver("mjl", *[big + (b"0123456789" * 7 + b"\r\n") * 20000] * 5)
        with Witness(server) as witness:
            peers = [server.imap("mjl", b"INBOX") for _ in range(20)]
            for peer in peers:
                peer.send(b"t FETCH 1:* BODY[]\r\n" * 20)
            witness.await_rounds(3)
            memory.look()
            for peer in peers:
                peer.close()


def data_after_idle_is_not_taken_for_commands():
    with Target(conf()) as server, Witness(server):
        peer = server.imap("mjl", b"INBOX")
        peer.send(b"t IDLE\r\n")
        expect(peer.tagged()[0].startswith(b"+ "), "no continuation")
        peer.send(b"t LOGOUT\r\n")
        answer, _ = peer.tagged()
        expect(answer.startswith((b"t BAD", b"* BYE")), "answered with %r" % answer)


run_tests([
    lines_without_end_take_no_memory,
    strangers_get_little,
    nobody_guesses_passwords_for_ever,
    commands_are_limited,
    unanswerable_patterns_are_matched_in_no_time,
    garbage_is_answered_or_shown_out,
    keywords_without_end_are_refused,
    mailboxes_cannot_be_made_without_end,
    who_does_not_read_a_fetch_is_not_read,
    data_after_idle_is_not_taken_for_commands,
])
