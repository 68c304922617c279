#!/usr/bin/env python3
# proves: P-IMAP-08
"""Every IMAP command cut off at every byte, and literals that are announced and not sent, or whose
length is wrong: each gets an answer or the end of the connection, and nothing of it is done."""

import os
import re

from attack import MB, SANITIZED, Bounded, Conf, Failure, Target, Witness, expect, run_tests

MESSAGE = b"From: a@remote.example\r\nSubject: kept\r\n\r\nhello\r\n"
SELECTED = [
    b"CAPABILITY", b"NOOP", b"LOGOUT", b"CHECK", b"CLOSE", b"UNSELECT", b"NAMESPACE", b"IDLE",
    b"ID (\"name\" \"x\" \"version\" NIL)",
    b"ENABLE CONDSTORE QRESYNC UTF8=ACCEPT IMAP4rev2",
    b"AUTHENTICATE PLAIN AGEAYg==", b"LOGIN \"a@b.example\" \"c\\\"d\"", b"STARTTLS",
    b"COMPRESS DEFLATE",
    b"SELECT \"Sent\" (QRESYNC (1 2 1:9 (1:2 3:4)) CONDSTORE)", b"EXAMINE Sent (CONDSTORE)",
    b"CREATE \"a/b\" (USE (\\Junk))", b"DELETE Trash", b"RENAME \"Sent\" \"Gone/x\"",
    b"SUBSCRIBE none", b"UNSUBSCRIBE INBOX", b"LSUB \"\" \"*\"",
    b"LIST (SUBSCRIBED REMOTE) \"\" (\"%\" \"*\") RETURN (CHILDREN STATUS (MESSAGES SIZE))",
    b"STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ)",
    b"EXPUNGE", b"UID EXPUNGE 1:*,3",
    b"SEARCH RETURN (MIN MAX COUNT ALL PARTIAL 1:5) CHARSET UTF-8 OR (NOT SEEN) (UID 1:* FROM \"a\")",
    b"SEARCH SINCE 1-Jan-2020 HEADER X-Y \"\" LARGER 5 MODSEQ \"/flags/\\\\seen\" all 3 YOUNGER 5",
    b"SORT (REVERSE DATE SUBJECT) UTF-8 UNSEEN TEXT x", b"THREAD REFERENCES UTF-8 ALL",
    b"FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE MODSEQ PREVIEW)",
    b"FETCH * BODY.PEEK[1.2.HEADER.FIELDS.NOT (\"From\" To)]<0.100>",
    b"UID FETCH 1 (BINARY.PEEK[1.2]<1.2> BINARY.SIZE[1]) (CHANGEDSINCE 5 VANISHED)",
    b"STORE 1:2 (UNCHANGEDSINCE 12) +FLAGS.SILENT (\\Seen $Forwarded key)",
    b"UID STORE * -FLAGS \\Deleted", b"COPY 1 Sent", b"UID MOVE 1:* \"Trash\"", b"CANCELUPDATE \"t\"",
]
# Those that change what is kept, and others that came with extensions.
CHANGING = SELECTED[14:22] + SELECTED[-8:-1] + [
    b"SETACL INBOX other +lrs", b"DELETEACL INBOX mjl",
    b"SETMETADATA \"\" (/private/comment \"x\" /shared/comment NIL)", b"SETQUOTA \"mjl\" (STORAGE 10 MESSAGE 5)",
]
MORE = [
    b"GETACL INBOX", b"LISTRIGHTS INBOX other", b"MYRIGHTS INBOX", b"GETQUOTA \"mjl\"", b"GETQUOTAROOT INBOX",
    b"GETMETADATA (MAXSIZE 1024 DEPTH infinity) INBOX (/private/comment /shared)", b"UNAUTHENTICATE",
    b"ESEARCH IN (SELECTED SUBTREE (\"a\" b) PERSONAL) RETURN (COUNT) FLAGGED",
    b"NOTIFY SET STATUS (SELECTED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (From)]) MessageExpunge FlagChange)) "
    b"(SUBTREE (\"a\" b) (MailboxName MailboxMetadataChange))",
    b"UID SEARCH RETURN (SAVE UPDATE CONTEXT) CHARSET UTF-8 FILTER x SAVEDSINCE 1-Jan-2020 EMAILID Mx",
    b"UID SORT RETURN (PARTIAL -1:-100) (DISPLAYFROM REVERSE ARRIVAL) UTF-8 ALL",
    b"LIST (SPECIAL-USE RECURSIVEMATCH SUBSCRIBED) \"\" \"*\" RETURN (METADATA (\"/private/comment\") MYRIGHTS)",
]
LITERALS = [
    b"APPEND INBOX (\\Seen) \"01-Jan-2020 00:00:00 +0000\" {10+}\r\nSubject: a",
    b"APPEND INBOX ~{10+}\r\nSubject: a", b"APPEND INBOX CATENATE (TEXT {10+}\r\nSubject: a)",
    b"APPEND INBOX UTF8 (~{10+}\r\nSubject: a)", b"REPLACE 1 INBOX {10+}\r\nSubject: a",
    b"CREATE {3+}\r\nabc", b"RENAME {4+}\r\nSent {3+}\r\nabc", b"SEARCH SUBJECT {3+}\r\nabc FROM {1+}\r\nx",
]


def conf():
    c = Conf()
    c.services = ["smtp", "imap"]
    return c


def cuts(command):
    """Its beginnings; not all with sanitizers, which make the server slow."""
    return [command[:i] for i in range(0, len(command), 7 if SANITIZED else 1)]


def state_of(server):
    """What is stored: the mailboxes with their messages and UIDs."""
    peer = server.imap("mjl")
    peer.send(b"t LIST (SUBSCRIBED) \"\" * RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED))\r\n"
              b"t LIST \"\" *\r\nt GETACL INBOX\r\nt GETMETADATA \"\" (/private/comment /shared/comment)\r\n"
              b"t GETQUOTA \"mjl\"\r\n")
    return sorted(line for _ in range(5) for line in peer.tagged()[1])


def answer_to(peer, text):
    """The tagged answer to one line; what it asks for in between is refused."""
    peer.send(b"t " + text + b"\r\n")
    answer, _ = peer.tagged()
    while answer.startswith(b"+"):
        peer.send(b"DONE\r\n" if text.startswith(b"IDLE") else b"*\r\n")
        answer, _ = peer.tagged()
    return answer


def every_command_is_cut():
    """The lists above know all that the server knows."""
    table = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib", "imap", "parse_cmd.c")
    with open(table, encoding="utf-8") as f:
        known = set(re.findall(r"\[MOXD_IMAP_\w+\] = \{ \"(\w+)\"", f.read()))
    cut = {c.decode().removeprefix("UID ").split()[0] for c in SELECTED + MORE + CHANGING + LITERALS}
    expect(len(known) > 40 and known <= cut, "not cut: %s" % sorted(known - cut))


def lines_that_end_too_early_are_answered():
    """Only some of the beginnings are commands of their own, none of which may end the session but
    those that say so."""
    with Target(conf()) as server, Witness(server), Bounded(server, 8 * MB):
        server.deliver("mjl", MESSAGE)
        for command in SELECTED + MORE + CHANGING[-4:]:
            for text in cuts(command):
                peer = server.imap("mjl", b"INBOX") if text == b"" else peer
                answer = answer_to(peer, text)
                expect(answer.startswith((b"t OK", b"t NO", b"t BAD")) and len(answer) > 8,
                       "%r is answered with %r" % (text, answer))
                peer.command(b"NOOP")
            peer.close()


def whole_lines_only_are_commands():
    """The connection ends at every byte of a command: nothing of it was done."""
    with Target(conf()) as server, Witness(server), Bounded(server, 8 * MB) as memory:
        server.deliver("mjl", MESSAGE)
        before = state_of(server)
        for command in CHANGING + LITERALS:
            for text in cuts(command + b"\r")[1:]:
                peer = server.imap("mjl", b"INBOX")
                peer.send(b"t " + text)
                said = peer.drain()
                expect(not re.search(rb"(^|\n)t OK", said), "%r is answered with %r" % (text, said))
                peer.close()
        memory.look()
        after = state_of(server)
        expect(before == after, "stored: %r, before: %r" % (after, before))


def literals_of_the_wrong_length_are_refused():
    """Too small a number leaves the rest of a line where the command must end: nothing is appended."""
    with Target(conf()) as server, Witness(server), Bounded(server, 8 * MB):
        server.deliver("mjl", MESSAGE)
        before = state_of(server)
        for size in (b"", b"-1", b"+", b"1 ", b" 1", b"0x10", b"1-", b"++", b"18446744073709551617", b"1.0",
                     b"1++", b"NIL", b"9" * 30):
            for start in (b"APPEND INBOX {", b"APPEND INBOX ~{", b"APPEND INBOX CATENATE (TEXT {",
                          b"CREATE {", b"SEARCH SUBJECT {", b"FETCH 1 BODY[HEADER.FIELDS ({"):
                peer = server.imap("mjl", b"INBOX")
                peer.send(b"t " + start + size + b"}\r\n")
                answer, _ = peer.tagged()
                expect(answer.startswith((b"t BAD", b"t NO", b"* BYE")), "%r: %r" % (start + size, answer))
                peer.close()
        for size in range(len(MESSAGE)):
            if MESSAGE[size:size + 1] in b"\r\n":
                continue  # a message that ends there, and its command too
            peer = server.imap("mjl", b"INBOX")
            peer.send(b"t APPEND Sent {%d+}\r\n" % size + MESSAGE + b"\r\n")
            said = peer.drain()
            expect(b"t BAD" in said and b"t OK" not in said, "%d bytes announced: %r" % (size, said))
            peer.close()
        if state_of(server) != before:
            raise Failure("stored: %r, before: %r" % (state_of(server), before))


run_tests([
    every_command_is_cut,
    lines_that_end_too_early_are_answered,
    whole_lines_only_are_commands,
    literals_of_the_wrong_length_are_refused,
])
