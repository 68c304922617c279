#!/usr/bin/env python3
"""neomutt, driven by pushed keys on a terminal of its own: read, flag, move, search, delete, purge."""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

from imap_peer import PASSWORD, PATIENCE, Failure, Remote, Seen, check, equal, main, need, port, text

CONF = """
set folder = "%(url)s"
set spoolfile = "+INBOX"
set imap_pass = "%(password)s"
set imap_authenticators = "%(mechanism)s"
set ssl_starttls = %(starttls)s
set ssl_force_tls = %(force)s
set ssl_verify_host = no
set certificate_file = "%(dir)s/cert.pem"
set tmpdir = "%(dir)s"
set charset = "utf-8"
set record = ""
set postponed = ""
set sort = mailbox-order
set confirmappend = no
set confirmcreate = no
set delete = yes
set quit = yes
set wait_key = no
set sleep_time = 0
set mark_old = no
set pipe_decode = yes
set resolve = no
set pager_stop = yes
set abort_noattach = no
unset help
unset header_cache
unset message_cachedir
"""
MECHANISM = {"plain": "login", "starttls": "plain", "tls": "login:plain"}
SUBJECT = "=?utf-8?q?Gr=C3=BC=C3=9Fe?= aus =?iso-8859-1?Q?K=F6ln?="
BODY = "Content-Transfer-Encoding: base64"


class Neomutt:
    def __init__(self, server, how):
        self.server = server
        self.dir = server.path("neomutt")
        os.makedirs(self.dir, exist_ok=True)
        scheme = "imaps" if how == "tls" else "imap"
        url = "%s://mjl%%40mox.example@localhost:%d/" % (scheme, port(server, how))
        self.rc = os.path.join(self.dir, "rc")
        with open(self.rc, "w", encoding="utf-8") as f:
            f.write(CONF % {"url": url, "password": PASSWORD, "mechanism": MECHANISM[how],
                            "starttls": "yes" if how == "starttls" else "no",
                            "force": "no" if how == "plain" else "yes", "dir": server.dir})
        self.out = os.path.join(self.dir, "out")

    def __call__(self, keys, mailbox="INBOX"):
        """Opens the mailbox, pushes the keys and <quit>; what was piped into OUT on the way."""
        if os.path.exists(self.out):
            os.remove(self.out)
        keys = keys.replace("OUT", "cat >> " + self.out)
        self.run(["neomutt", "-n", "-F", self.rc, "-f", "+" + mailbox, "-e",
                  'push "%s<quit>"' % keys.replace('"', '\\"')])
        if not os.path.exists(self.out):
            return ""
        with open(self.out, encoding="utf-8", errors="replace") as f:
            return f.read()

    def run(self, command):
        env = dict(os.environ, HOME=self.dir, TERM="vt100", LANG="C.UTF-8", LC_ALL="C.UTF-8")
        pid, fd = pty.fork()
        if pid == 0:
            os.execvpe(command[0], command, env)
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.watch(fd, pid)
        _, status = os.waitpid(pid, 0)
        os.close(fd)
        if status != 0:
            raise Failure("neomutt: status %d" % status)

    @staticmethod
    def watch(fd, pid):
        """What it shows until it ends; one that waits for a key that nobody presses is killed."""
        screen, end = b"", time.monotonic() + PATIENCE
        while True:
            readable, _, _ = select.select([fd], [], [], max(0, end - time.monotonic()))
            if not readable:
                os.kill(pid, signal.SIGKILL)
                break
            try:
                piece = os.read(fd, 65536)
            except OSError:
                piece = b""
            if not piece:
                break
            screen += piece
        Seen.command, Seen.output = "neomutt", screen.decode("utf-8", "replace")


def fill(remote):
    for i in range(5):
        remote.append("INBOX", text("m%d" % i, "number %d" % i, "text %d\r\n" % i))
    remote.append("INBOX", text("words", SUBJECT, "hidden in words\r\n"))
    remote.append("INBOX", text("coded").replace(b"Content-Type", BODY.encode() + b"\r\nContent-Type")
                  .replace(b"\r\n\r\ntext", b"\r\n\r\nU8OkdHplIG1pdCBTY2hhdHou"))
    remote.create("Work/2026")


def flags_of(remote, wanted, mailbox="INBOX"):
    for _, found, flags in remote.messages(mailbox):
        if found == wanted:
            return flags
    return None


def read(mutt, remote):
    out = mutt("<first-entry><display-message><exit><pipe-message>OUT<enter>")
    for part in ("Subject: number 0", "text 0"):
        if part not in out:
            raise Failure("no %r in %r" % (part, out))
    equal(flags_of(remote, "m0"), "S", "flags")
    equal(flags_of(remote, "m1"), "", "flags of another")


def flag(mutt, remote):
    mutt("<limit>~s 'number 1'<enter><flag-message><limit>~s 'number 2'<enter><toggle-new>")
    equal(flags_of(remote, "m1"), "F", "flags")
    equal(flags_of(remote, "m2"), "S", "flags")
    mutt("<limit>~s 'number 1'<enter><flag-message>")
    equal(flags_of(remote, "m1"), "", "flags")


def found(mutt, pattern):
    """Subjects of the messages that the pattern finds."""
    out = mutt("<tag-pattern>%s<enter><tag-prefix-cond><pipe-message>OUT<enter><end-cond>" % pattern)
    return [line[9:] for line in out.splitlines() if line.startswith("Subject: ")]


def search(mutt):
    words = "Grüße aus Köln"
    equal(found(mutt, "~s number"), ["number %d" % i for i in range(5)], "local search")
    equal(found(mutt, "~s GRÜSSE|~s Grüße"), [words], "local search")
    equal(found(mutt, "=h 'Subject: Grüße'"), [words], "search of headers")
    equal(found(mutt, "=h 'Subject: köln'"), [words], "search of headers")
    equal(found(mutt, "=b 'HIDDEN in'"), [words], "search of bodies")
    equal(found(mutt, "=b 'sätze mit'"), ["a message"], "search of decoded bodies")
    equal(found(mutt, "=B 'text 3'"), ["number 3"], "search of everything")
    equal(found(mutt, "=b nowhere"), [], "search without result")


def move(mutt, remote):
    mutt("<limit>~s 'number 3'<enter><save-message>=Work/2026<enter>")
    equal(flags_of(remote, "m3"), None, "what is left")
    equal(flags_of(remote, "m3", "Work/2026"), "", "what is there")
    mutt("<limit>~s 'number 4'<enter><copy-message>=Work/2026<enter>")
    equal([m[1] for m in remote.messages("Work/2026")], ["m3", "m4"], "messages")
    equal(flags_of(remote, "m4") is not None, True, "the copied one")


def delete(mutt, remote):
    mutt("<delete-pattern>~s number<enter><undelete-pattern>~s 'number 4'<enter>")
    equal([m[1] for m in remote.messages("INBOX")], ["m4", "words", "coded"], "messages")
    mutt("<delete-pattern>~s number<enter><sync-mailbox><delete-pattern>~A<enter>")
    equal(remote.messages("INBOX"), [], "messages")


def mailboxes(mutt, remote):
    mutt("<save-message>=Work/2027<enter>", "Work/2026")
    equal("Work/2027" in remote.mailboxes(), True, "it is there")
    equal([m[1] for m in remote.messages("Work/2027")], ["m3"], "messages")


def work(server, how):
    mutt, remote = Neomutt(server, how), Remote(server)
    fill(remote)
    check("%s: read" % how, read, mutt, remote)
    check("%s: flag" % how, flag, mutt, remote)
    check("%s: search" % how, search, mutt)
    check("%s: move, copy" % how, move, mutt, remote)
    check("%s: delete, undelete, purge" % how, delete, mutt, remote)
    check("%s: create a mailbox" % how, mailboxes, mutt, remote)
    remote.close()


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    need("neomutt")
    main(work)
