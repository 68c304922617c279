#!/usr/bin/env python3
# proves: CORE-11, CTL-03, CORE-04, CORE-06
"""Started as root: every control command works, and what commands and sessions write belongs to the
service user, who alone can read it."""

import os
import re
import smtplib
import stat
import sys

from echo import Skip, expect, run_tests, service_user
from moxd_client import Client
from moxd_server import PASSWORD, Conf, Server, make_certificate

NEW_PASSWORD = "another password 2"
MESSAGE = "From: a@remote.example\r\nSubject: x\r\n\r\n"

# Each command with arguments with which it succeeds, in an order in which they do; a third item is
# standard input, "@" a file of the server. Those that need no server are in tests/moxctl/.
COMMANDS = [
    ("version", ""), ("ports", ""), ("metrics", ""), ("clientconfig", ""), ("licenses", ""),
    ("help", "store"), ("loglevels", "imap debug"), ("loglevels", ""),
    ("config test", ""), ("config describe-static", ""), ("config describe-domains", ""),
    ("config example", ""), ("config printservice", ""),
    ("domain add", "new.example"), ("domain disable", "new.example"), ("domain enable", "new.example"),
    ("domain list", ""),
    ("account add", "fresh fresh@new.example"), ("account list", ""),
    ("account addresses", "fresh"), ("account disable", "fresh closed"), ("account enable", "fresh"),
    ("setaccountpassword", "fresh", NEW_PASSWORD + "\n"),
    ("address add", "more@new.example fresh"), ("address account", "more@new.example"),
    ("address rm", "more@new.example"),
    ("alias add", "list@new.example fresh@new.example"), ("alias list", ""),
    ("alias addaddr", "list@new.example mjl@mox.example"), ("alias print", "list@new.example"),
    ("alias update", "list@new.example post-public=true list-members=true"),
    ("alias members", "list@new.example fresh"),
    ("alias rmaddr", "list@new.example mjl@mox.example"), ("alias rm", "list@new.example"),
    ("store stats", ""), ("store verify", "fresh"), ("store quarantine", ""), ("store ensureparsed", "mjl"),
    ("store reassignthreads", "mjl"),
    ("store reparse", "mjl"), ("store bumpuidvalidity", "mjl"), ("config describe-module", "imap"),
    ("tlspubkey add", "fresh@new.example", "@cert.pem"), ("tlspubkey list", "fresh"),
    ("tls reload", ""),
    ("account rm", "fresh"), ("domain rm", "new.example"),
]
# What is tried elsewhere, since it needs something else.
ELSEWHERE = {"cid": "needs an id of the server", "imapserve": "tests/session/imapserve.py",
             "localserve": "tests/moxctl/local.py", "simulate": "tests/session/simulate.py",
             "dns lookup": "tests/moxctl/commands.py", "message parse": "tests/moxctl/message.py",
             "tlspubkey gen": "tests/session/tlskeys.py", "tlspubkey get": "tests/session/tlskeys.py",
             "tlspubkey rm": "tests/session/tlskeys.py",
             "store restore": "needs an account in quarantine", "stop": "last of all"}


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


def names(server):
    """Of all commands, as help lists them: the words before their arguments."""
    _, output = server.moxctl("help")
    found = re.findall(r"^  ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)", output, re.M)
    expect(len(found) > 30, output)
    return set(found)


def use(server, mailbox):
    """Mail comes in, is read, copied and flagged: everything that makes files."""
    with smtplib.SMTP(*server.address("smtp")) as client:
        for size in (10, 300000):  # small ones live in the database, others in files
            client.sendmail("a@remote.example", ["mjl@mox.example"], MESSAGE + "x" * 70 + "\r\n" * size)
    imap = Client(server.address("imaps"), "imaps")
    imap.line()
    for n, command in enumerate(['LOGIN mjl@mox.example "%s"' % PASSWORD, "CREATE " + mailbox,
                                 "SELECT INBOX", "COPY 1:* " + mailbox, "STORE 1 +FLAGS (\\Seen)", "LOGOUT"]):
        tag = b"t%d " % n
        imap.send(tag + command.encode() + b"\r\n")
        line = imap.line()
        while not line.startswith(tag):
            line = imap.line()
        expect(line.startswith(tag + b"OK"), "%s: %r" % (command, line))


def every_command(server):
    known = {c[0] for c in COMMANDS} | set(ELSEWHERE)
    got = names(server)
    expect(got == known, "without a case: %s; gone: %s" % (sorted(got - known), sorted(known - got)))
    for name, args, *text in COMMANDS:
        if text and text[0].startswith("@"):
            with open(server.path(text[0][1:]), encoding="ascii") as f:
                text = [f.read()]
        server.moxctl(*name.split(), *args.split(), text=text[0] if text else None)
    with smtplib.SMTP(*server.address("smtp")) as client:
        code, reply = client.docmd("nonsense")
        expect(code == 500, reply)
        server.moxctl("cid", re.search(rb"\((\S{22})\)", reply)[1].decode())


def check_owners(server):
    import pwd
    user = pwd.getpwnam(service_user())
    for at, directories, files in os.walk(server.path("data")):
        for name in (".", *directories, *files):
            st = os.lstat(os.path.join(at, name))
            expect((st.st_uid, st.st_gid) == (user.pw_uid, user.pw_gid) and not st.st_mode & 0o077,
                   "%s/%s belongs to %d:%d, mode %o"
                   % (at, name, st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)))
    for name, uid, mode in (("moxd.conf", 0, 0o640), ("domains.conf", user.pw_uid, 0o600),
                            ("cert.pem", 0, 0o640), ("key.pem", 0, 0o600)):
        st = os.lstat(server.path(name))
        expect(st.st_uid == uid and stat.S_IMODE(st.st_mode) == mode,
               "%s belongs to %d, mode %o" % (name, st.st_uid, stat.S_IMODE(st.st_mode)))


def every_command_works_after_a_root_start():
    need_root()
    with Server(Conf()) as server:
        server.await_log("repaired permissions")
        use(server, "one")
        every_command(server)
        check_owners(server)
        server.restart()
        expect("repaired" not in server.log_text(), "something had to be repaired at the next start")
        use(server, "two")
        server.moxctl("stop")
        expect(server.process.wait(60) == 0, "status %s" % server.process.returncode)
        server.process = None


def keys_that_only_root_can_read_are_used_again():
    need_root()
    with Server(Conf()) as server:
        old = certificate(server)
        make_certificate(server.dir)
        os.chmod(server.path("key.pem"), 0o600)
        server.moxctl("tls", "reload")
        expect(certificate(server) != old, "the old certificate is in use")
        with open(server.path("key.pem"), "w", encoding="ascii") as f:
            f.write("-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n")
        status, output = server.moxctl("tls", "reload", check=False)
        expect(status == 1 and "key.pem" in output, "%d %s" % (status, output))


def certificate(server):
    client = Client(server.address("imaps"), "imaps")
    found = client.sock.getpeercert(binary_form=True)
    client.close()
    return found


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    run_tests([every_command_works_after_a_root_start, keys_that_only_root_can_read_are_used_again])
