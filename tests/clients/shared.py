#!/usr/bin/env python3
"""mbsync of a mailbox that another account shares, and imaplib's own ACL and NAMESPACE commands."""
import mbsync
from imap_peer import Local, Remote, check, equal, main, need, text

NAME = "Other Users/mjl/Team"


def members(remote, name):
    return sorted(m[1:] for m in remote.messages(name))


def share(owner, viewer):
    equal(viewer.ok(viewer.imap.namespace()), [b'(("" "/")) NIL NIL'], "namespace")
    owner.create("Team")
    for i in range(12):
        owner.append("Team", text("team-%d" % i), "\\Seen \\Flagged" if i == 0 else "")
    owner.ok(owner.imap.setacl("Team", "other@mox.example", "lrswite"))
    equal(owner.ok(owner.imap.getacl("Team")), [b"Team mjl lrswipkxteacd other lrswited"], "list")
    equal(viewer.ok(viewer.imap.myrights('"%s"' % NAME)), [b'"%s" lrswited' % NAME.encode()], "rights")
    equal(viewer.ok(viewer.imap.namespace()),
          [b'(("" "/")) (("Other Users/" "/")) NIL'], "namespace")


def first(conf, viewer, local):
    mbsync.sync(conf)
    equal(local.state()[NAME], members(viewer, NAME), "the shared mailbox")
    equal(local.state()[NAME][0], ("team-0", "F"), "unseen by the viewer")


def second(conf, owner, viewer, local):
    """Changes on all three sides."""
    local.flag(NAME, "team-1", "S")
    local.flag(NAME, "team-2", "RS")
    local.delete(NAME, "team-3")
    local.add(NAME, text("near-new"), "S")
    owner.flag("Team", "team-4", "+FLAGS (\\Seen)")
    owner.delete("Team", "team-5")
    owner.append("Team", text("far-new"), "\\Seen")
    mbsync.sync(conf)
    mbsync.sync(conf)  # the owner's comes first and knows nothing of it yet
    equal(local.state()[NAME], members(viewer, NAME), "the shared mailbox")
    mine, others = dict(members(viewer, NAME)), dict(members(owner, "Team"))
    equal(sorted(mine), sorted(others), "messages")
    equal((mine["team-1"], mine["team-2"], mine["near-new"]), ("S", "RS", "S"), "seen by the viewer")
    equal((others["team-1"], others["team-2"], others["near-new"]), ("", "R", ""), "by the owner")
    equal((mine["team-4"], others["team-4"], mine["far-new"], others["far-new"]), ("", "S", "", "S"),
          "seen by the owner")
    equal([i for i in ("team-3", "team-5") if i in mine], [], "removed")


def work(server, how):
    if how != "tls":
        return
    owner, viewer = Remote(server), Remote(server, "other@mox.example")
    locals_ = {n: Local(server.path("maildir-" + n)) for n in mbsync.ACCOUNTS}
    conf = mbsync.configure(server, how, locals_)
    check("shared", share, owner, viewer)
    check("first synchronization", first, conf, viewer, locals_["other"])
    check("nothing to do", mbsync.nothing_to_do, conf, locals_)
    check("changes on all sides", second, conf, owner, viewer, locals_["other"])
    check("nothing to do after that", mbsync.nothing_to_do, conf, locals_)


if __name__ == "__main__":
    need("mbsync")
    main(work)
