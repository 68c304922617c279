#!/usr/bin/env python3
# proves in part: P-IMAP-02
"""Python's imaplib beyond what synchronizing needs: SORT, THREAD, SEARCH that keeps its result, quotas, UTF-8, rights of
UIDPLUS, many messages in one APPEND."""
import re

from imap_peer import Failure, Remote, check, equal, main, text

SUBJECTS = ("b", "Re: a", "a", "[list] Re: b", "c")


def fill(remote):
    remote.create("Peer")
    for i, subject in enumerate(SUBJECTS):
        remote.append("Peer", text("peer-%d" % i, subject, "x" * (10 * (5 - i))), "\\Flagged" if i % 2 else "")
    remote.ok(remote.imap.select("Peer"))


def capabilities(remote):
    """As they are after login."""
    told = set(remote.ok(remote.imap.capability())[-1].decode().split())
    missing = {"IMAP4rev1", "SORT", "ENABLE", "UTF8=ACCEPT", "UNSELECT", "QUOTA", "ACL"} - told
    equal(missing, set(), "capabilities")


def sort(remote):
    equal(remote.ok(remote.imap.sort("(SUBJECT)", "UTF-8", "ALL")), [b"2 3 1 4 5"], "by subject")
    equal(remote.ok(remote.imap.sort("(REVERSE SIZE)", "US-ASCII", "FLAGGED")), [b"4 2"]
          if sizes(remote)[3] > sizes(remote)[1] else [b"2 4"], "by size")
    equal(remote.ok(remote.imap.uid("SORT", "(REVERSE SUBJECT ARRIVAL)", "UTF-8", "1:3")), [b"1 2 3"], "by UID")


def sizes(remote):
    return [int(re.search(rb"SIZE (\d+)", d).group(1)) for d in remote.ok(remote.imap.fetch("1:*", "(RFC822.SIZE)"))]


def thread(remote):
    equal(remote.ok(remote.imap.thread("ORDEREDSUBJECT", "UTF-8", "ALL")), [b"(1 4)(2 3)(5)"], "threads")
    equal(remote.ok(remote.imap.thread("REFERENCES", "UTF-8", "FLAGGED")), [b"(2)(4)"], "threads")


def search_result(remote):
    """ESEARCH and SEARCHRES."""
    typ, _ = remote.imap.xatom("SEARCH", "RETURN (SAVE COUNT)", "FLAGGED")
    equal(typ, "OK", "SEARCH")
    equal(remote.imap.untagged_responses.pop("ESEARCH")[0].split()[-2:], [b"COUNT", b"2"], "ESEARCH")
    equal(len(remote.ok(remote.imap.fetch("$", "(UID)"))), 2, "of the result")


def copies(remote):
    """COPYUID (UIDPLUS), UID EXPUNGE, MOVE."""
    remote.create("Target")
    remote.ok(remote.imap.uid("COPY", "1:2,4", "Target"))
    equal(remote.imap.response("COPYUID")[1][-1].split()[1:], [b"1:2,4", b"1:3"], "COPYUID")
    remote.ok(remote.imap.uid("STORE", "1:2", "+FLAGS.SILENT", "(\\Deleted)"))
    remote.imap.response("EXPUNGE")
    remote.ok(remote.imap.uid("EXPUNGE", "2"))
    equal(remote.imap.response("EXPUNGE")[1], [b"2"], "EXPUNGE")
    equal(remote.ok(remote.imap.uid("SEARCH", None, "ALL")), [b"1 3 4 5"], "what is left")
    remote.ok(remote.imap.uid("MOVE", "1", "Target"))
    equal(remote.ok(remote.imap.uid("SEARCH", None, "ALL")), [b"3 4 5"], "after MOVE")
    remote.ok(remote.imap.unselect())


def quota(remote):
    typ, data = remote.imap.getquotaroot("INBOX")
    equal(typ, "OK", "GETQUOTAROOT")
    if not data[0] or not data[0][0].startswith(b"INBOX"):
        raise Failure("roots: %s" % data)


def status_in_lists(remote):
    """LIST-STATUS, STATUS=SIZE and special uses."""
    remote.ok(remote.imap.xatom("LIST", '""', '"Target"', "RETURN", "(STATUS", "(MESSAGES", "SIZE))"))
    equal(remote.imap.untagged_responses.pop("STATUS")[0].startswith(b"Target (MESSAGES 4 SIZE "), True, "STATUS")
    remote.ok(remote.imap.xatom("LIST", "(SPECIAL-USE)", '""', '"*"'))
    uses = sorted(re.findall(rb"\\(\w+)\)? ", b" ".join(remote.imap.untagged_responses.pop("LIST"))))
    equal([u for u in (b"Archive", b"Drafts", b"Junk", b"Sent", b"Trash") if u not in uses], [], "special uses")


def many_at_once(remote):
    """MULTIAPPEND, and what it says of the UIDs."""
    one, two = text("many-1"), text("many-2")
    remote.imap.literal = None
    tag = remote.imap._new_tag()
    remote.imap.send(b"%s APPEND Target (\\Seen) {%d+}\r\n%s {%d+}\r\n%s\r\n" % (tag, len(one), one, len(two), two))
    remote.imap.tagged_commands[tag] = None
    typ, data = remote.imap._command_complete("APPEND", tag)
    equal(typ, "OK", data)
    equal(remote.imap.response("APPENDUID")[1][-1].split()[1], b"5:6", "APPENDUID")


def utf8(remote):
    remote.ok(remote.imap.enable("UTF8=ACCEPT"))
    remote.ok(remote.imap.create('"Gr\u00fcn"'))
    names = b"".join(remote.ok(remote.imap.list('""', '"Gr*"')))
    equal("Gr\u00fcn".encode() in names, True, names)


def work(server, how):
    if how != "tls":
        return
    remote = Remote(server)
    for test in (fill, capabilities, sort, thread, search_result, copies, quota, status_in_lists, many_at_once, utf8):
        check(test.__name__.replace("_", " "), test, remote)
    remote.close()


if __name__ == "__main__":
    main(work)
