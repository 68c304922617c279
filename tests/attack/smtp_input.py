#!/usr/bin/env python3
# proves: SMTPIN-02, P-SMTP-01
"""What a hostile client can say to the SMTP server: too long, too much, without end, with NUL."""

from attack import MB, Bounded, Conf, Target, Witness, expect, run_tests

LONG = b"x" * MB


def conf(**service):
    c = Conf()
    c.services = ["smtp", "imap"]
    for name, value in service.items():
        c.add("smtp", "%s = %s" % (name.replace("_", "-"), value))
    return c


def a_line_without_end_takes_no_memory():
    with Target(conf()) as server, Witness(server), Bounded(server, 4 * MB) as memory:
        peer = server.smtp()
        peer.flood(LONG, 50)
        memory.look()
        peer.expect(b"", 500, b"line too long")
        peer.expect(b"NOOP", 250)
        first = server.smtp(hello=False)
        first.flood(LONG, 2)
        first.expect(b"", 500, b"line too long")
        first.expect_eof()


def a_header_without_end_is_refused():
    with Target(conf()) as server, Witness(server), Bounded(server, 8 * MB) as memory:
        peer = server.smtp()
        peer.begin()
        peer.flood(b"X-Endless: and so on\r\n" * 50000, 40)
        memory.look()
        peer.expect(b".", 552, b"header is larger")
        peer.begin()
        peer.send(b"Subject: ")
        peer.flood(LONG, 40)
        memory.look()
        peer.expect(b"\r\n.", 554, b"a line of the message has more")
        peer.expect(b"NOOP", 250)


def a_message_without_end_is_refused():
    with Target(conf(max_message_size="1M")) as server, Witness(server), \
            Bounded(server, 4 * MB) as memory:
        peer = server.smtp()
        peer.expect(b"MAIL FROM:<a@remote.example> SIZE=1048577", 552, b"larger than 1048576")
        peer.begin()
        peer.send(b"From: a@remote.example\r\n\r\n")
        peer.flood((b"y" * 98 + b"\r\n") * 10000, 100)
        memory.look()
        peer.expect(b".", 552, b"larger than 1048576")
        peer.expect(b"NOOP", 250)


def too_many_recipients_are_refused():
    with Target(conf(unknown_recipients_delay="0s")) as server, Witness(server), \
            Bounded(server, 8 * MB) as memory:
        peer = server.smtp()
        peer.expect(b"MAIL FROM:<a@remote.example>", 250)
        peer.expect(b"RCPT TO:<mjl@mox.example>", 250)
        for _ in range(50):
            peer.send(b"RCPT TO:<nobody@mox.example>\r\n" * 1000)
            codes = [peer.reply()[0] for _ in range(1000)]
        memory.look()
        expect(set(codes) == {452}, "answers %s" % set(codes))
        peer.expect(b"RSET", 250)


def what_is_said_again_and_again_takes_no_memory():
    hello = b"EHLO " + b".".join([b"label" * 10] * 4) + b".example\r\n"
    with Target(conf()) as server, Witness(server), Bounded(server, 4 * MB) as memory:
        peer = server.smtp()
        for commands in (hello, b"NOOP\r\n", b"RSET\r\n", b"VRFY x\r\n",
                         b"MAIL FROM:<a@remote.example>\r\nRSET\r\n"):
            for _ in range(20):
                peer.send(commands * 1000)
                for _ in range(1000 * commands.count(b"\r\n")):
                    peer.reply()
            memory.look("after " + commands[:4].decode())


def who_does_not_read_answers_is_not_read():
    with Target(conf()) as server, Witness(server) as witness, Bounded(server, 4 * MB) as memory:
        peers = [server.smtp() for _ in range(20)]
        for peer in peers:
            peer.sock.setblocking(False)
            try:
                while True:
                    peer.sock.send(b"HELP\r\n" * 10000)
            except BlockingIOError:
                pass  # neither the server nor the buffers of the system take more
        witness.await_rounds(2)
        memory.look()
        for peer in peers:
            peer.close()


def errors_are_not_answered_for_ever():
    with Target(conf()) as server, Witness(server):
        peer = server.smtp()
        peer.flood(b"BOGUS\r\n" * 1000, 1)
        codes = []
        while not codes or codes[-1] != 421:
            codes.append(peer.reply()[0])
        expect(len(codes) <= 26 and set(codes[:-1]) == {500}, "answers %s" % codes)


def nul_bytes_are_refused():
    with Target(conf()) as server, Witness(server):
        peer = server.smtp()
        peer.expect(b"NOOP \0", 500, b"control character")
        peer.expect(b"MAIL FROM:<a\0@remote.example>", 500, b"control character")
        for message in (b"From: a@remote.example\r\nSubject: \0\r\n\r\n",
                        b"From: a@remote.example\r\n\r\n\0\r\n", b"\0" * 100000 + b"\r\n"):
            peer.begin()
            peer.expect(message + b".", 554, b"NUL byte")
        peer.expect(b"NOOP", 250)


def other_protocols_are_shown_out():
    with Target(conf()) as server, Witness(server):
        for text in (b"GET / HTTP/1.1\r\nHost: mox.example\r\n\r\n", b"\x16\x03\x01\x02\0\x01\xfc\x03\x03" * 9,
                     b"\0" * 5000, b"\r\n" * 1000, b"\xff\xfe\r\n"):
            peer = server.smtp(hello=False)
            peer.flood(text)
            answer = peer.drain()
            expect(answer.startswith(b"500 ") or answer == b"",
                   "%r is answered with %r" % (text[:20], answer))


run_tests([
    a_line_without_end_takes_no_memory,
    a_header_without_end_is_refused,
    a_message_without_end_is_refused,
    too_many_recipients_are_refused,
    what_is_said_again_and_again_takes_no_memory,
    who_does_not_read_answers_is_not_read,
    errors_are_not_answered_for_ever,
    nul_bytes_are_refused,
    other_protocols_are_shown_out,
])
