#!/usr/bin/env python3
# proves: P-IMAP-08
"""Messages that anyone can send, made to cost the server memory and time when their owner reads them:
each is delivered by SMTP or APPEND and fetched and searched in every way, while others work."""

import time

from attack import (
    ADDRESS, MB, SANITIZED, Conf, Failure, HighWater, Target, Witness, expect, run_tests)
from imap_client import Imap

FROM = b"From: a@remote.example\r\n"
SCALE = 10 if SANITIZED else 1  # what only has to take long is that much shorter
NOT_FROM = b"FETCH * BODY.PEEK[HEADER.FIELDS.NOT (From)]"

# What clients ask for; each is asked alone, so that one refusal does not hide another.
QUESTIONS = [b"FETCH * " + item for item in (
    b"ENVELOPE", b"BODY", b"BODYSTRUCTURE", b"RFC822.SIZE", b"BODY.PEEK[]", b"BODY.PEEK[HEADER]",
    b"BODY.PEEK[TEXT]", b"BODY.PEEK[HEADER.FIELDS (From To)]<0.1000>",
    b"BODY.PEEK[1]", b"BODY.PEEK[1.MIME]", b"BODY.PEEK[1.HEADER]", b"BODY.PEEK[1.1.1.1.1.1.TEXT]", b"BODY.PEEK[9999]", b"BODY.PEEK[100000]",
    b"BINARY.PEEK[1]", b"BINARY.SIZE[2]", b"BODY.PEEK[%s1]" % (b"1." * 99),
    b"(FLAGS UID INTERNALDATE ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER] BODY.PEEK[1])")
] + [NOT_FROM] + [b"SEARCH " + keys for keys in (
    b"SUBJECT nothing", b"FROM nothing", b"BODY nothing", b"TEXT nothing",
    b"HEADER X-None \"\"", b"SENTSINCE 1-Jan-2000")]


def conf():
    c = Conf()
    c.services = ["smtp", "imap"]
    return c


def reader(server):
    client = Imap(server.address("imap")).login(ADDRESS["mjl"])
    client.ok(b"SELECT INBOX")
    return client


def by_smtp(server, message):
    peer = server.smtp()
    peer.begin()
    peer.send(message)
    peer.expect(b".", 250)
    peer.close()


def ask_everything(client, too_large):
    """The answers to all questions; only those may be refused, as too large."""
    answers = {}
    for question in QUESTIONS:
        answers[question] = client.command(question)
        refused = client.tagged[:3] == [b"NO", b"[", b"LIMIT]"]
        expect(client.tagged[0] == b"OK" or (refused and question in too_large),
               "%r is answered with %s" % (question, client.tagged))
    return answers


def survives(message, grown, deliver=by_smtp, too_large=()):
    """Delivers and asks everything. The serving process never needs that much more memory."""
    with Target(conf()) as server, HighWater(server, grown), Witness(server):
        deliver(server, message)
        client = reader(server)
        answers = ask_everything(client, too_large)
        whole = answers[b"FETCH * BODY.PEEK[]"][0][2][1]
        expect(whole.endswith(message), "another message came back")
        header = answers[b"FETCH * BODY.PEEK[HEADER]"][0][2][1]
        expect(header + answers[b"FETCH * BODY.PEEK[TEXT]"][0][2][1] == whole, "not all is in its parts")
        client.close()


def a_hundred_thousand_parts():
    survives(FROM + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
             + b"--b\r\n\r\nx\r\n" * 100000 + b"--b--\r\n", 40 * MB)


def a_digest_of_a_hundred_thousand_messages():
    survives(FROM + b"Content-Type: multipart/digest; boundary=b\r\n\r\n"
             + b"--b\r\n\r\nFrom: a, b, c\r\n\r\nx\r\n" * 100000 + b"--b--\r\n", 60 * MB)


def ten_thousand_messages_in_each_other():
    survives(FROM + b"Content-Type: message/rfc822\r\n\r\n" * 10000 + b"x\r\n", 40 * MB)


def ten_thousand_multiparts_in_each_other():
    start = b"Content-Type: multipart/mixed; boundary=b%05d\r\n\r\n--b%05d\r\n"
    survives(FROM + b"".join(start % (i, i) for i in range(10000)) + b"\r\nx\r\n"
             + b"".join(b"\r\n--b%05d--\r\n" % i for i in range(9999, -1, -1)), 40 * MB)


def append(server, message):
    client = reader(server)
    client.append(b"INBOX", message)
    client.close()


def a_header_of_many_megabytes():
    """SMTP refuses it; a client's old mail is kept as it is."""
    survives(FROM + b"X-Endless: and so on\r\n" * (1000000 // SCALE) + b"\r\nx\r\n", 40 * MB, append,
             too_large=[NOT_FROM])


def a_line_of_many_megabytes():
    survives(FROM + b"Subject: x\r\n\r\n" + b"y" * (40 * MB // SCALE) + b"\r\n", 40 * MB, append)
    survives(FROM + b"Subject: " + b"y" * (40 * MB // SCALE) + b"\r\n\r\nx\r\n", 40 * MB, append,
             too_large=[NOT_FROM])


def addresses(name, n):
    return b"".join(name + b": " + b"a," * 450 + b"\r\n" for _ in range(n))


def half_a_million_addresses():
    """One byte of a header can become thirty of an answer."""
    nested = addresses(b"From", 285) + b"Content-Type: message/rfc822\r\n\r\n"
    survives(nested * 4 + b"Subject: x\r\n\r\nx\r\n", 60 * MB, append)
    survives(FROM + b"".join(addresses(n, 250) for n in (b"To", b"Cc", b"Bcc", b"Reply-To")) + b"\r\nx\r\n",
             60 * MB)


def an_answer_too_large_is_refused_and_the_session_goes_on():
    message = FROM + addresses(b"To", 1100) + b"\r\nx\r\n"
    with Target(conf()) as server, HighWater(server, 60 * MB), Witness(server):
        server.deliver("mjl", FROM + b"\r\nfirst\r\n")
        by_smtp(server, message)
        client = reader(server)
        fetched = [r[0] for r in client.command(b"FETCH 1:* (%sUID)" % (b"ENVELOPE " * 400))]
        expect(fetched == [b"1"] and client.tagged[:3] == [b"NO", b"[", b"LIMIT]"],
               "messages %s, then %s" % (fetched, client.tagged))
        expect([f[b"UID"] for f in client.fetch(b"1:* UID")] == [b"1", b"2"], "the session does not go on")
        client.close()


def takes_long(witness, client, question):
    """Asks a question that keeps the server busy for long; meanwhile the others must get on."""
    alone = witness.seconds_of_a_round()
    before, started = witness.rounds, time.monotonic()
    client.skim(question)
    expect(client.tagged[0] == b"OK", "answered with %s" % client.tagged)
    took, rounds = time.monotonic() - started, witness.rounds - before
    print("# %s...: %.2f s, meanwhile %d rounds of %.3f s" % (
        question[:30].decode(), took, rounds, alone))
    if took > 20 * alone and rounds < 3:
        raise Failure("others wait while %r is answered" % question[:50])


def long_work_does_not_keep_others_waiting():
    names = [b"x%d" % i for i in range(1990)]
    wide = ("  " + "äöüÄ\u0301" * 40 + "\r\n").encode() * 2500
    nested = b"Content-Type: message/rfc822\r\n\r\n"
    with Target(conf()) as server, HighWater(server, 60 * MB), Witness(server) as witness:
        client = reader(server)
        by_smtp(server, FROM + b"a:\r\n" * 200000 + b"\r\nx\r\n")
        client.ok(b"NOOP")
        takes_long(witness, client, b"FETCH * BODY.PEEK[HEADER.FIELDS (%s)]" % b" ".join(names[:1990 // SCALE]))
        takes_long(witness, client, b"SEARCH" + b" NOT HEADER X \"\"" * (150 // SCALE))
        takes_long(witness, client, b"SEARCH" + b" NOT SENTON 1-Jan-2000" * (150 // SCALE))
        takes_long(witness, client, b"FETCH * (%s)" % b" ".join([b"ENVELOPE"] * (100 // SCALE)))
        client.append(b"INBOX", FROM + b"Subject: x\r\n" + wide + b"\r\nx\r\n")
        takes_long(witness, client, b"SEARCH" + b" NOT SUBJECT z" * (10 // SCALE))
        client.append(b"INBOX", (addresses(b"From", 285) + nested) * 4 + b"\r\nx\r\n")
        takes_long(witness, client, b"FETCH * (%s)" % b" ".join([b"BODYSTRUCTURE"] * 50))
        client.close()


run_tests([
    a_hundred_thousand_parts,
    a_digest_of_a_hundred_thousand_messages,
    ten_thousand_messages_in_each_other,
    ten_thousand_multiparts_in_each_other,
    a_header_of_many_megabytes,
    a_line_of_many_megabytes,
    half_a_million_addresses,
    an_answer_too_large_is_refused_and_the_session_goes_on,
    long_work_does_not_keep_others_waiting,
])
