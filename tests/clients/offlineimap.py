#!/usr/bin/env python3
"""offlineimap: one account and a Maildir, in both directions."""
import os
import re

from imap_peer import PASSWORD, Failure, Local, Remote, check, equal, main, need, port, run, text

CONF = """
[general]
accounts = test
metadata = %(dir)s/offlineimap
ui = basic
socktimeout = 60

[Account test]
localrepository = local
remoterepository = remote

[Repository local]
type = Maildir
localfolders = %(path)s
sync_deletes = yes

[Repository remote]
type = IMAP
remotehost = localhost
remoteport = %(port)d
remoteuser = mjl@mox.example
remotepass = %(password)s
auth_mechanisms = %(mechanism)s
%(tls)s
expunge = yes
"""
TLS = {
    "plain": "ssl = no\nstarttls = no",
    "starttls": "ssl = no\nstarttls = yes\nsslcacertfile = %(dir)s/cert.pem",
    "tls": "ssl = yes\nsslcacertfile = %(dir)s/cert.pem",
}
MECHANISM = {"plain": "CRAM-MD5", "starttls": "PLAIN", "tls": "LOGIN"}


def configure(server, how, local):
    path = server.path("offlineimaprc")
    values = {"dir": server.dir, "path": local.path, "port": port(server, how),
              "password": PASSWORD, "mechanism": MECHANISM[how]}
    values["tls"] = TLS[how] % values
    with open(path, "w", encoding="utf-8") as f:
        f.write(CONF % values)
    return path


def sync(conf):
    """Runs it; the lines that say that it changed something."""
    output = run(["offlineimap", "-c", conf, "-o", "-u", "basic"],
                 env=dict(os.environ, HOME=os.path.dirname(conf)))
    return re.findall(r"(?:Copy message|Adding flags|Deleting (?:flags|\d* ?message)|"
                      r"Removing flags|Creating folder).*", output)


def nothing_to_do(conf, local):
    before = local.files()
    equal(sync(conf), [], "what was done")
    equal(local.files(), before, "files")


def near(state):
    """offlineimap's Maildir levels are dots."""
    return {name.replace("/", "."): items for name, items in state.items()}


def same(remote, local):
    state = local.state()
    equal(near(remote.state()), state)
    return state


def fill(remote, local):
    for i in range(20):
        remote.append("INBOX", text("far-%d" % i), "\\Seen" if i % 2 else "")
    remote.create("Work/2026")
    remote.append("Work/2026", text("far-work", "gr&uuml;n"), "\\Flagged \\Answered")
    for i in range(5):
        local.add("INBOX", text("near-%d" % i), "S" if i % 2 else "")
    local.add("Near", text("near-large", body="x" * 200000 + "\r\n"), "FS")


def change(remote, local):
    remote.flag("INBOX", "far-0", "+FLAGS (\\Seen \\Flagged)")
    remote.flag("INBOX", "far-1", "-FLAGS (\\Seen)")
    remote.delete("INBOX", "far-2")
    remote.move("INBOX", "far-3", "Work/2026")
    remote.append("INBOX", text("far-new"))
    local.flag("INBOX", "far-4", "RS")
    local.flag("INBOX", "far-5", "")
    local.delete("INBOX", "far-6")
    local.move("INBOX", "far-7", "Near")
    local.add("Archive", text("near-new"), "S")


def expected(state):
    boxes = {box: dict(items) for box, items in state.items()}
    inbox = boxes["INBOX"]
    inbox.update({"far-0": "FS", "far-1": "", "far-4": "RS", "far-5": "", "far-new": ""})
    del inbox["far-2"], inbox["far-6"]
    boxes["Work.2026"]["far-3"] = inbox.pop("far-3")
    boxes["Near"]["far-7"] = inbox.pop("far-7")
    boxes["Archive"]["near-new"] = "S"
    return {box: sorted(items.items()) for box, items in boxes.items()}


def work(server, how):
    remote, local = Remote(server), Local(server.path("maildir"))
    conf = configure(server, how, local)
    fill(remote, local)

    def first():
        if not sync(conf):
            raise Failure("nothing was done")
        return same(remote, local)

    before = check("%s: first synchronization" % how, first)
    check("%s: nothing to do" % how, nothing_to_do, conf, local)
    if not before:
        return

    def second():
        change(remote, local)
        sync(conf)
        equal(same(remote, local), expected(before))

    check("%s: flags, moves, deletions, additions on both sides" % how, second)
    check("%s: nothing to do after that" % how, nothing_to_do, conf, local)
    remote.close()


if __name__ == "__main__":
    need("offlineimap")
    main(work)
