#!/usr/bin/env python3
"""curl as an IMAP client: list, fetch by section, append, search, store, idle."""
import subprocess
import threading

from imap_peer import (PASSWORD, PATIENCE, Failure, Remote, check, equal, main, need, port, run,
                       text)

URL = {"plain": "imap://localhost:%d/", "starttls": "imap://localhost:%d/",
       "tls": "imaps://localhost:%d/"}
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")  # Debian builds it without SCRAM


class Curl:
    def __init__(self, server, how):
        self.base = URL[how] % port(server, how)
        self.options = ["--cacert", server.path("cert.pem")]
        self.options += ["--ssl-reqd"] if how == "starttls" else []
        self.work = server.path("message")

    def command(self, path, *args, user="mjl@mox.example"):
        return ["curl", "-sS", "--url", self.base + path, "--user", user + ":" + PASSWORD,
                *self.options, *args]

    def __call__(self, path, *args, **kwargs):
        return run(self.command(path, *args, **kwargs))

    def append(self, mailbox, message):
        with open(self.work, "wb") as f:
            f.write(message)
        return self(mailbox, "--upload-file", self.work)


def wanted(output, *parts):
    for part in parts:
        if part not in output:
            raise Failure("no %r in:\n%s" % (part, output))
    return output


def mechanism(curl, name):
    wanted(curl("INBOX", "-X", "NOOP", "-v", "--login-options", "AUTH=" + name),
           "AUTHENTICATE " + name)


def append_and_fetch(curl):
    curl.append("INBOX", text("one", "first", "line 1\r\nline 2\r\n"))
    curl.append("INBOX", text("two", "second", "x" * 5000000 + "\r\n"))
    whole = curl("INBOX;UID=1")
    equal(whole.replace("\r\n", "\n"), text("one", "first", "line 1\nline 2\n").decode()
          .replace("\r\n", "\n"), "message")
    equal(curl("INBOX;MAILINDEX=1;SECTION=TEXT"), "line 1\r\nline 2\r\n", "text")
    equal(curl("INBOX;UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)"), "Subject: first\r\n\r\n")
    equal(curl("INBOX;UID=1;SECTION=1;PARTIAL=5.4"), "1\r\nl", "part")
    equal(len(curl("INBOX;UID=2;SECTION=TEXT")), 5000002, "length")


def search(curl):
    equal(curl("INBOX?SUBJECT%20second"), "* SEARCH 2\r\n")
    equal(curl("INBOX", "-X", "UID SEARCH 1:* TEXT \"line 2\""), "* SEARCH 1\r\n")
    equal(curl("INBOX?SUBJECT%20nothing"), "* SEARCH\r\n")


def store(curl):
    wanted(curl("INBOX", "-X", "STORE 1 +FLAGS (\\Flagged)"), "* 1 FETCH (FLAGS (\\Seen \\Flagged))")
    wanted(curl("INBOX", "-X", "UID FETCH 1:2 (FLAGS)"), "* 1 FETCH (UID 1 FLAGS (\\Seen \\Flagged))")
    curl("INBOX", "-X", "STORE 1 +FLAGS (\\Deleted)")
    equal(curl("INBOX", "-X", "EXPUNGE"), "* 1 EXPUNGE\r\n")
    wanted(curl("INBOX", "-X", "STATUS INBOX (MESSAGES)"), "* STATUS INBOX (MESSAGES 1)")


def list_mailboxes(curl):
    curl("", "-X", "CREATE \"a b\"")
    wanted(curl(""), '* LIST (\\HasNoChildren) "/" INBOX', '* LIST (\\HasNoChildren) "/" "a b"',
           "\\Sent")
    wanted(curl("a%20b", "-X", "EXAMINE \"a b\""), "* 0 EXISTS")


def await_line(stream, part, seen):
    for line in stream:
        seen.append(line)
        if part in line:
            return


def idle(curl, remote):
    """The notice of a message that comes while curl waits."""
    process = subprocess.Popen(curl.command("INBOX", "-X", "IDLE", "-v"), text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    dog = threading.Timer(PATIENCE, process.kill)
    dog.start()
    seen = []
    try:
        await_line(process.stderr, "< + ", seen)
        remote.append("INBOX", text("three"))
        await_line(process.stderr, "< * 2 EXISTS", seen)
        wanted("".join(seen[-1:]), "* 2 EXISTS")
    finally:
        dog.cancel()
        process.kill()
        process.wait()


def work(server, how):
    curl, remote = Curl(server, how), Remote(server)
    for name in MECHANISMS:
        check("%s: %s" % (how, name), mechanism, curl, name)
    check("%s: append, fetch by section" % how, append_and_fetch, curl)
    check("%s: search" % how, search, curl)
    check("%s: store, expunge" % how, store, curl)
    check("%s: list, create, examine" % how, list_mailboxes, curl)
    check("%s: idle" % how, idle, curl, remote)
    remote.close()


if __name__ == "__main__":
    need("curl")
    main(work)
