"""What the tests with real IMAP clients share: a server, TAP, and both sides of a synchronization as
plain data.

    def work(server, how): ...           how: "plain", "starttls", "tls"
    main(work)                           runs it three times, a server for each; TAP

A state is {mailbox: sorted list of (Message-ID, flags)}; flags are the letters of Maildir."""

import email
import imaplib
import mailbox
import os
import re
import shutil
import ssl
import subprocess
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "session"))

from moxd_server import PASSWORD, PATIENCE, Conf, Failure, Server  # noqa: E402

LETTERS = {"\\Seen": "S", "\\Answered": "R", "\\Flagged": "F", "\\Deleted": "T", "\\Draft": "D"}
HOW = ("plain", "starttls", "tls")


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def result(self, good, title, detail=""):
        self.count += 1
        self.failed += not good
        print("%sok %d - %s" % ("" if good else "not ", self.count, title))
        for line in detail.splitlines() if not good else ():
            print("#   " + line)
        sys.stdout.flush()

    def end(self):
        print("1..%d" % self.count)
        return 1 if self.failed else 0


tap = Tap()


class Seen:
    """What a failed case shows beside its reason."""
    server = None
    command = output = ""

    @classmethod
    def text(cls):
        return "\n".join(["the last client was: %s" % cls.command, cls.output[-8000:],
                          "the server's log:", cls.server.log_text() if cls.server else ""])


def check(title, function, *args):
    """A TAP case: ok when the function returns. Its result, or None."""
    try:
        result = function(*args)
    except Exception as e:
        detail = str(e) if isinstance(e, Failure) else traceback.format_exc()
        tap.result(False, title, detail + "\n" + Seen.text())
        return None
    tap.result(True, title)
    return result


def equal(got, wanted, what="state"):
    if got != wanted:
        raise Failure("%s differs\ngot:    %s\nwanted: %s" % (what, got, wanted))


def run(command, **kwargs):
    """Runs a client; its output. Failure when it does not end well."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=2 * PATIENCE, **kwargs)
    Seen.command = " ".join(command)
    Seen.output = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        raise Failure("%s: status %d" % (command[0], done.returncode))
    return Seen.output


def port(server, how):
    return server.address("imaps" if how == "tls" else "imap")[1]


def text(ident, subject="a message", body="text\r\n"):
    """A message with that Message-ID."""
    return ("From: mjl@mox.example\r\nTo: other@mox.example\r\nSubject: %s\r\n"
            "Date: Fri, 2 Feb 2024 07:00:00 +0000\r\nMessage-ID: <%s@test.example>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s"
            % (subject, ident, body)).encode()


def ident(message):
    found = email.message_from_bytes(message)["Message-ID"] or "?"
    return found.strip("<>").partition("@")[0]


class Remote:
    """An account seen through imaplib."""

    def __init__(self, server, user="mjl@mox.example"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.imap = imaplib.IMAP4_SSL(*server.address("imaps"), ssl_context=context)
        self.ok(self.imap.login(user, PASSWORD))

    @staticmethod
    def ok(reply):
        if reply[0] != "OK":
            raise Failure("imap: %s" % (reply,))
        return reply[1]

    def create(self, name):
        self.ok(self.imap.create(name))

    def append(self, name, message, flags=""):
        self.ok(self.imap.append(name, "(%s)" % flags, None, message))

    def mailboxes(self):
        lines = self.ok(self.imap.list())
        return [re.search(rb' "/" "?(.*?)"?$', line).group(1).decode() for line in lines]

    def messages(self, name):
        """[(uid, ident, flags)]"""
        count = int(self.ok(self.imap.select('"%s"' % name))[0])
        out = []
        if count == 0:
            return out
        for item in self.ok(self.imap.fetch("1:*", "(UID FLAGS BODY.PEEK[HEADER])")):
            if not isinstance(item, tuple):
                continue
            head = item[0].decode()
            flags = re.search(r"FLAGS \((.*?)\)", head).group(1).split()
            letters = "".join(sorted(LETTERS[f] for f in flags if f in LETTERS))
            out.append((int(re.search(r"UID (\d+)", head).group(1)), ident(item[1]), letters))
        return out

    def state(self):
        return {name: sorted(m[1:] for m in self.messages(name)) for name in self.mailboxes()}

    def uid(self, name, wanted):
        for uid, found, _ in self.messages(name):
            if found == wanted:
                return str(uid)
        raise Failure("no message %s in %s" % (wanted, name))

    def flag(self, name, wanted, change):
        self.ok(self.imap.uid("STORE", self.uid(name, wanted), change))

    def delete(self, name, wanted):
        uid = self.uid(name, wanted)
        self.ok(self.imap.uid("STORE", uid, "+FLAGS.SILENT (\\Deleted)"))
        self.ok(self.imap.uid("EXPUNGE", uid))

    def move(self, name, wanted, to):
        self.ok(self.imap.uid("MOVE", self.uid(name, wanted), to))

    def close(self):
        self.imap.logout()


class Local:
    """Maildirs below a directory, one for each mailbox, nested as mailboxes are."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path, exist_ok=True)

    def box(self, name):
        path = os.path.join(self.path, name)
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(path, part), exist_ok=True)
        return mailbox.Maildir(path, create=False)

    def mailboxes(self):
        found = (os.path.relpath(at, self.path) for at, names, _ in os.walk(self.path)
                 if "cur" in names)
        return sorted(found)

    def messages(self, name):
        return [(key, ident(message.as_bytes()), "".join(sorted(message.get_flags())))
                for key, message in self.box(name).iteritems()]

    def state(self):
        return {name: sorted(m[1:] for m in self.messages(name)) for name in self.mailboxes()}

    def files(self):
        """Names of all message files."""
        return sorted(os.path.join(at, name) for at, _, names in os.walk(self.path)
                      for name in names if os.path.basename(at) in ("cur", "new"))

    def add(self, name, message, flags=""):
        item = mailbox.MaildirMessage(message.replace(b"\r\n", b"\n"))
        item.set_subdir("cur")
        item.set_flags(flags)
        self.box(name).add(item)

    def key(self, name, wanted):
        for key, found, _ in self.messages(name):
            if found == wanted:
                return key
        raise Failure("no message %s in local %s" % (wanted, name))

    def path_of(self, name, wanted):
        box, key = self.box(name), self.key(name, wanted)
        return os.path.join(self.path, name, box._lookup(key))

    def flag(self, name, wanted, flags):
        """As mail readers do: the file is renamed, the part before the flags stays."""
        old = self.path_of(name, wanted)
        base = os.path.basename(old).partition(":2,")[0]
        os.rename(old, os.path.join(self.path, name, "cur", base + ":2," + flags))

    def delete(self, name, wanted):
        os.remove(self.path_of(name, wanted))

    def move(self, name, wanted, to):
        """Under a new name, without the UID that a client may have noted in the old one."""
        old, box = self.path_of(name, wanted), self.box(to)
        flags = old.partition(":2,")[2]
        new = "moved.%s.%d:2,%s" % (wanted, os.getpid(), flags)
        os.rename(old, os.path.join(self.path, to, "cur", new))
        box.close()


def need(program):
    if not shutil.which(program):
        print("1..0 # SKIP %s is not installed" % program)
        sys.exit(0)


def main(work, conf=None, ways=HOW):
    try:
        for how in ways:
            with Server(conf or Conf()) as server:
                Seen.server = server
                work(server, how)
    except Failure as e:
        tap.result(False, "the server", str(e))
    sys.exit(tap.end())
