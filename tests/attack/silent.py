#!/usr/bin/env python3
# proves: P-IMAP-08, P-IMAP-09
"""Clients that say nothing, little, or half of it: they cost little memory, and nobody notices them."""

import ssl

from attack import ADDRESS, MB, PASSWORD, Bounded, Conf, Failure, Peer, Target, Witness, close_all, run_tests

MANY = 1000
LOGIN = b"t LOGIN %s \"%s\"\r\n" % (ADDRESS["mjl"].encode(), PASSWORD.encode())


def conf():
    c = Conf()
    c.services = ["smtp", "imap", "imaps", "submissions"]
    c.add("top", "max-connections = 3000")
    return c


def client_hello():
    """The first flight of a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def silent(server, service, first=b""):
    peer = Peer(server.address(service), service)
    if first:
        peer.send(first)
    return peer


def a_thousand_say_nothing_to_imap():
    with Target(conf()) as server, Witness(server), Bounded(server, 40 * MB) as memory:
        peers = [silent(server, "imap") for _ in range(MANY)]
        for peer in peers:
            peer.line()
        memory.look("with %d of them" % MANY)
        peers[-1].command(b"NOOP")
        close_all(peers)


def a_thousand_are_logged_in_and_silent():
    with Target(conf()) as server, Witness(server), Bounded(server, 60 * MB) as memory:
        peers = [server.imap() for _ in range(MANY // 4)]
        for peer in peers:
            peer.send(LOGIN + b"t SELECT INBOX\r\nt IDLE\r\n")
        for peer in peers:
            answer = b""
            while not answer.startswith(b"+"):
                answer, _ = peer.tagged()
        memory.look("with %d of them" % len(peers))
        close_all(peers)


def a_thousand_handshakes_are_not_finished():
    hello = client_hello()
    with Target(conf()) as server, Witness(server), Bounded(server, 120 * MB) as memory:
        peers = []
        for service in ("imaps", "submissions"):
            peers += [silent(server, service) for _ in range(MANY // 4)]
            peers += [silent(server, service, hello[:100]) for _ in range(MANY // 4)]
        peers += [silent(server, "imaps", hello) for _ in range(MANY // 4)]
        for peer in peers[-(MANY // 4):]:
            peer.fill()
        memory.look("with %d of them" % len(peers))
        close_all(peers)


def byte_by_byte(peer, text):
    for i in range(len(text)):
        peer.send(text[i:i + 1])


def one_byte_at_a_time():
    with Target(conf()) as server, Witness(server):
        peer = server.imap()
        byte_by_byte(peer, LOGIN)
        if not peer.tagged()[0].startswith(b"t OK"):
            raise Failure("LOGIN")
        byte_by_byte(peer, b"t APPEND INBOX {32+}\r\nSubject: slow\r\n\r\nslow message.\r\n\r\n")
        if not peer.tagged()[0].startswith(b"t OK"):
            raise Failure("APPEND")
        mail = server.smtp(hello=False)
        byte_by_byte(mail, b"EHLO slow.example\r\n")
        mail.reply()
        mail.begin()
        byte_by_byte(mail, b"From: <a@remote.example>\r\n\r\nslow message.\r\n.\r\n")
        if mail.reply()[0] != 250:
            raise Failure("DATA")


def who_closes_one_half_gets_answers_and_the_end():
    with Target(conf()) as server, Witness(server):
        peer = server.imap()
        peer.send(LOGIN + b"t SELECT INBOX\r\nt NOOP\r\n")
        said = peer.drain()
        if said.count(b"\r\nt OK") + said.startswith(b"t OK") != 3:
            raise Failure("half-closed after commands: %r" % said)
        for text in (b"t LOGIN mjl", b"t LOGIN {5}\r\n", b"t APPEND INBOX {100+}\r\nabc", b"t IDLE\r\n"):
            peer = server.imap("mjl" if b"LOGIN" not in text else None)
            peer.send(text)
            peer.drain()
        mail = server.smtp()
        mail.begin()
        mail.send(b"From: <a@remote.example>\r\nSubject: half\r\n\r\nnot ended\r\n")
        said = mail.drain()
        if b"250" in said:
            raise Failure("half a message is acknowledged: %r" % said)
        box = server.mailbox("mjl")
        if box.search(None, "SUBJECT", "half")[1] != [b""]:
            raise Failure("half a message was delivered")


run_tests([
    a_thousand_say_nothing_to_imap,
    a_thousand_are_logged_in_and_silent,
    a_thousand_handshakes_are_not_finished,
    one_byte_at_a_time,
    who_closes_one_half_gets_answers_and_the_end,
])
