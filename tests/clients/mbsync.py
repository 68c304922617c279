#!/usr/bin/env python3
# proves: P-IMAP-10
"""mbsync: two accounts, each with a Maildir, in both directions; over TCP, and through a tunnel."""
import os
import re

from imap_peer import HOW, PASSWORD, Failure, Local, Remote, check, equal, main, need, port, run, text

SSL = {"plain": "None", "starttls": "STARTTLS", "tls": "IMAPS"}
ACCOUNTS = ("mjl", "other")

OVER_TCP = """Host localhost
Port %(port)d
User %(name)s@mox.example
Pass "%(password)s"
SSLType %(ssl)s
CertificateFile %(dir)s/cert.pem"""
THROUGH_TUNNEL = 'Tunnel "%(moxctl)s -c %(dir)s/moxd.conf imapserve %(name)s"'
CONF = """
IMAPAccount %(name)s
%(reach)s

IMAPStore %(name)s-far
Account %(name)s

MaildirStore %(name)s-near
Path %(path)s/
Inbox %(path)s/INBOX
SubFolders Verbatim

Channel %(name)s
Far :%(name)s-far:
Near :%(name)s-near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
"""


def reach(server, how, name):
    if how == "tunnel":
        return THROUGH_TUNNEL % {"moxctl": os.path.abspath(server.program("moxctl")),
                                 "dir": server.dir, "name": name}
    return OVER_TCP % {"name": name, "port": port(server, how), "password": PASSWORD,
                       "ssl": SSL[how], "dir": server.dir}


def configure(server, how, locals_):
    path = server.path("mbsyncrc")
    with open(path, "w", encoding="utf-8") as f:
        for name in ACCOUNTS:
            f.write(CONF % {"name": name, "reach": reach(server, how, name),
                            "path": locals_[name].path})
    return path


def sync(conf):
    """Runs it; the commands with which it changed something, without their tags."""
    output = run(["mbsync", "-c", conf, "-Dn", "-a"],
                 env=dict(os.environ, HOME=os.path.dirname(conf)))
    commands = re.findall(r">>> \d+ (.*)", output)
    if not any(c.startswith("SELECT") for c in commands):
        raise Failure("it did not look:\n" + output)
    return [c for c in commands if re.match(r"(UID )?(STORE|COPY|MOVE|EXPUNGE|APPEND|CREATE|DELETE)", c)]


def nothing_to_do(conf, locals_):
    before = [local.files() for local in locals_.values()]
    equal(sync(conf), [], "commands")
    equal([local.files() for local in locals_.values()], before, "files")


def fill(remote, local, name):
    for i in range(30):
        remote.append("INBOX", text("far-%s-%d" % (name, i)), "\\Seen" if i % 2 else "")
    remote.create("Work/2026")
    remote.append("Work/2026", text("far-work", "gr&uuml;n"), "\\Flagged \\Answered")
    remote.create("Entw&APw-rfe")
    remote.append("Entw&APw-rfe", text("far-draft"), "\\Draft")
    for i in range(5):
        local.add("INBOX", text("near-%s-%d" % (name, i)), "S" if i % 2 else "")
    local.box("Near")
    local.add("Near/Deep", text("near-deep", body="x" * 200000 + "\r\n"), "FS")


def change(remote, local, name):
    """Something of each kind on each side."""
    remote.flag("INBOX", "far-%s-0" % name, "+FLAGS (\\Seen \\Flagged)")
    remote.flag("INBOX", "far-%s-1" % name, "-FLAGS (\\Seen)")
    remote.delete("INBOX", "far-%s-2" % name)
    remote.move("INBOX", "far-%s-3" % name, "Work/2026")
    remote.append("INBOX", text("far-new"), "")
    local.flag("INBOX", "far-%s-4" % name, "RS")
    local.flag("INBOX", "far-%s-5" % name, "")
    local.delete("INBOX", "far-%s-6" % name)
    local.move("INBOX", "far-%s-7" % name, "Near/Deep")
    local.add("Archive", text("near-new"), "S")


def expected(state, name):
    """What the changes make of a state that both sides had."""
    boxes = {box: dict(items) for box, items in state.items()}
    inbox = boxes["INBOX"]
    key = "far-%s-%%d" % name
    inbox.update({key % 0: "FS", key % 1: "", key % 4: "RS", key % 5: "", "far-new": ""})
    del inbox[key % 2], inbox[key % 6]
    boxes["Work/2026"][key % 3] = inbox.pop(key % 3)
    boxes["Near/Deep"][key % 7] = inbox.pop(key % 7)
    boxes["Archive"]["near-new"] = "S"
    return {box: sorted(items.items()) for box, items in boxes.items()}


def states(remotes, locals_):
    """Both sides of every account, which must be the same."""
    out = {}
    for name in ACCOUNTS:
        far, near = remotes[name].state(), locals_[name].state()
        equal(far, near, name)
        out[name] = near
    return out


def work(server, how):
    remotes = {n: Remote(server, n + "@mox.example") for n in ACCOUNTS}
    locals_ = {n: Local(server.path("maildir-" + n)) for n in ACCOUNTS}
    conf = configure(server, how, locals_)
    for name in ACCOUNTS:
        fill(remotes[name], locals_[name], name)

    def first():
        if not sync(conf):
            raise Failure("nothing was done")
        both = states(remotes, locals_)
        equal(len(both["mjl"]["INBOX"]), 35, "number of messages")
        return both

    before = check("%s: first synchronization" % how, first)
    check("%s: nothing to do" % how, nothing_to_do, conf, locals_)
    if not before:
        return

    def second():
        for name in ACCOUNTS:
            change(remotes[name], locals_[name], name)
        sync(conf)
        after = states(remotes, locals_)
        for name in ACCOUNTS:
            equal(after[name], expected(before[name], name), name)

    check("%s: flags, moves, deletions, additions on both sides" % how, second)
    check("%s: nothing to do after that" % how, nothing_to_do, conf, locals_)
    for remote in remotes.values():
        remote.close()


if __name__ == "__main__":
    need("mbsync")
    main(work, ways=HOW + ("tunnel",))
