#!/usr/bin/env python3
"""bench/imap_compare.py [-r ROUNDS] [-k WORD] [-t] [-o SERVER] [MESSAGES]...: what clients do most, on this build and on
Debian's Dovecot with Maildir, the same messages on the same machine in one run, as a table for
bench/README.md. Run in the build directory, or with MOXD_BUILDDIR. -k: only rows whose title matches the expression WORD.
-t: beside the time that the client waits the processor time of all of a server's threads and processes until it
rests, which other work on the machine changes less.

Servers take turns in each round; a figure is the best round's median. Ratios are Dovecot / moxd: above 1
moxd is faster."""

import argparse
import ctypes
import imaplib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.setdefault("MOXD_BUILDDIR", os.getcwd())
os.environ.setdefault("MOXD_MODULE_DIR", os.path.join(BUILD, "modules-dir"))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "session"))
sys.dont_write_bytecode = True

from moxd_server import PASSWORD, Conf, Server, die_with_parent  # noqa: E402

HEADERS = "FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)] RFC822.SIZE)"
DELETE_OTHER = ("Other", "UID STORE 1:* +FLAGS.SILENT (\\Deleted)")
EMPTY_OTHER = [DELETE_OTHER, ("Other", "EXPUNGE")]


def change_ten(port):
    """UIDVALIDITY and HIGHESTMODSEQ of the archive before 10 messages get other flags."""
    with imaplib.IMAP4("127.0.0.1", port) as c:
        c.login("mjl@mox.example", PASSWORD)
        text = c.status("Archive", "(UIDVALIDITY HIGHESTMODSEQ)")[1][0].decode()
    for sign in "+-":
        client(port, "-m", "Archive", "run", "STORE 10,20,30,40,50,60,70,80,90,100 %sFLAGS.SILENT (\\Draft)" % sign)
    return [re.search(name + r" (\d+)", text)[1] for name in ("UIDVALIDITY", "HIGHESTMODSEQ")]


def resynchronize(port):
    return "SELECT Archive (QRESYNC (%s %s))" % tuple(change_ten(port))


def changed_since(port):
    return "FETCH 1:* (FLAGS) (CHANGEDSINCE %s)" % change_ten(port)[1]


# title, mailbox, command or what makes it, times in a round, commands before each round with their mailbox
ROWS = [
    ("SELECT", "INBOX", "SELECT Archive", 1, []),
    ("FETCH 1:* (FLAGS UID)", "Archive", "FETCH 1:* (FLAGS UID)", 5, []),
    ("FETCH of four header fields and size", "Archive", HEADERS, 3, []),
    ("FETCH as Thunderbird does", "Archive",
     "UID FETCH 1:* (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID "
     "Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])", 3, []),
    ("FETCH ENVELOPE", "Archive", "FETCH 1:* (ENVELOPE)", 3, []),
    ("FETCH BODYSTRUCTURE", "Archive", "FETCH 1:* (BODYSTRUCTURE)", 3, []),
    ("FETCH of whole messages", "Archive", "FETCH 1:* (BODY.PEEK[])", 1, []),
    ("SEARCH SUBJECT", "Archive", "SEARCH SUBJECT nowhere", 3, []),
    ("SEARCH FROM", "Archive", "SEARCH FROM person", 3, []),
    ("SEARCH BODY", "Archive", "SEARCH BODY nowhere", 1, []),
    ("SEARCH BODY of a word in some", "Archive", "SEARCH BODY kendori", 1, []),
    ("SEARCH UNSEEN", "Archive", "SEARCH UNSEEN", 5, []),
    ("STORE of a flag on all", "Archive", "STORE 1:* +FLAGS (\\Flagged)", 1,
     [("Archive", "STORE 1:* -FLAGS.SILENT (\\Flagged)")]),
    ("STORE of a flag on all, silent", "Archive", "STORE 1:* +FLAGS.SILENT (\\Answered)", 1,
     [("Archive", "STORE 1:* -FLAGS.SILENT (\\Answered)")]),
    ("QRESYNC after 10 changes", "INBOX", resynchronize, 1, []),
    ("FETCH CHANGEDSINCE after 10 changes", "Archive", changed_since, 1, []),
    ("COPY of 1,000", "Archive", "COPY 1:1000 Other", 1, []),
    ("EXPUNGE of 1,000", "Other", "EXPUNGE", 1,
     EMPTY_OTHER + [("Archive", "COPY 1:1000 Other"), DELETE_OTHER]),
    ("EXPUNGE of all", "Other", "EXPUNGE", 1, EMPTY_OTHER + [("Archive", "COPY 1:* Other"), DELETE_OTHER]),
]


def client(port, *args):
    """bench/imap: what it said, as a dictionary."""
    out = subprocess.run(
        [os.path.join(BUILD, "bench", "imap"), "-u", "mjl@mox.example", *args, "127.0.0.1", str(port)],
        env=dict(os.environ, BENCH_PASSWORD=PASSWORD), check=True, capture_output=True, text=True).stdout
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", out)}


class Dovecot:
    CONF = """\
protocols = imap
listen = 127.0.0.1
base_dir = {dir}/run
state_dir = {dir}/run
log_path = {dir}/log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mail_fsync = {fsync}
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={dir}/home/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
namespace inbox {{
  inbox = yes
}}
"""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="bench-dovecot-")
        os.chmod(self.dir, 0o755)
        os.mkdir(self.dir + "/home")
        os.chmod(self.dir + "/home", 0o777)
        self.port = free_port()
        self.start("never")  # only while it is filled
        return self

    def start(self, fsync):
        with open(self.dir + "/conf", "w", encoding="utf-8") as f:
            f.write(self.CONF.format(dir=self.dir, port=self.port, fsync=fsync))
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", self.dir + "/conf"],
                                        preexec_fn=die_with_parent)
        for _ in range(200):
            try:
                client(self.port, "run", "NOOP")
                return
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        raise SystemExit("dovecot does not answer; see %s/log" % self.dir)

    def fill(self, messages):
        """Writes them as Dovecot itself would; it takes a quarter of an hour for 50,000 by APPEND."""
        maildir = self.dir + "/home/mjl/Maildir/.Archive"
        uid, gid = pwd.getpwnam("mail")[2:4]
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(maildir, name), exist_ok=True)
        for n, text in enumerate(messages):
            lf = text.replace(b"\r\n", b"\n")
            name = "%d.M%06dP1.bench,S=%d,W=%d:2," % (1700000000 + n, n % 1000000, len(lf), len(text))
            with open(os.path.join(maildir, "cur", name), "wb") as f:
                f.write(lf)
            os.chown(f.name, uid, gid)
        for at, directories, _ in os.walk(self.dir + "/home/mjl"):
            for name in (".", *directories):
                os.chown(os.path.join(at, name), uid, gid)
        client(self.port, "-m", "Archive", "run", "NOOP")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def processes(parent):
    """The process and all below it."""
    with open("/proc/%d/task/%d/children" % (parent, parent), encoding="ascii") as f:
        return [parent] + [p for child in f.read().split() for p in processes(int(child))]


def processor_ms(pid):
    """Processor time that the process and those below it have used; those that ended do not count."""
    total, clock = 0, ctypes.c_int()
    for p in processes(pid):
        if ctypes.CDLL(None).clock_getcpuclockid(p, ctypes.byref(clock)) == 0:
            total += time.clock_gettime_ns(clock.value)
    return total / 1e6


def at_rest(pid):
    """The same when it does not change any more."""
    seen = [processor_ms(pid)]
    while len(seen) < 5 or seen[-1] - seen[-5] > 0.2:
        time.sleep(0.02)
        seen.append(processor_ms(pid))
    return seen[-1]


def command_processor_ms(server, mailbox, command, times):
    with imaplib.IMAP4("127.0.0.1", server.port) as c:
        c.login("mjl@mox.example", PASSWORD)
        c.send(b"q1 ENABLE QRESYNC\r\nq2 SELECT %s\r\n" % mailbox.encode())
        while not c.readline().startswith(b"q2 "):
            pass
        took = []
        for _ in range(times):
            start = at_rest(server.pid)
            c.send(b"q3 %s\r\n" % command.encode())
            tail = b"\n"
            while b"\nq3 OK" not in tail:
                tail = tail[-10:] + c.sock.recv(1 << 20)
            took.append(at_rest(server.pid) - start)
        return sorted(took)[times // 2]


def waited_ms(server, mailbox, command, times):
    return client(server.port, "-q", "-m", mailbox, "-n", str(times), "run", command)["p50_ms"]


def measure(server, row, how):
    _, mailbox, command, times, before = row
    for where, what in before:
        client(server.port, "-m", where, "run", what)
    if callable(command):
        command = command(server.port)
    return how(server, mailbox, command, times)


def compare(servers, row, args, how):
    best = {}
    for _ in range(args.rounds):
        for name, server in servers.items():
            took = measure(server, row, how)
            best[name] = min(best.get(name, took), took)
    return best


def ms(x):
    return "%.1f ms" % x if x < 10 else "%.0f ms" % x if x < 10000 else "%.1f s" % (x / 1000)


def print_row(title, columns):
    """columns: the best of each server, for each kind of time; None where there is none."""
    row = [title]
    for best in columns:
        ours, theirs = (best or {}).get("moxd", 0), (best or {}).get("Dovecot", 0)
        row += [ms(ours), ms(theirs), "%.1f" % (theirs / ours if ours else 0)] if best else [""] * 3
    print("| " + " | ".join(row) + " |", flush=True)


def appends(servers, args, messages):
    for connections in 1, 10:
        best = {}
        for _ in range(args.rounds):
            for name, server in servers.items():
                took = client(server.port, "-m", "Other", "-c", str(connections), "-n", str(messages), "append", "2000")
                best[name] = min(best.get(name, 1e9), took["seconds"] * 1000)
        print_row("APPEND of %d, %d connection%s" % (messages, connections, "s"[:connections > 1]),
                  [best] + [None] * args.processor)


class Measured:
    """What is measured: where it listens, and its first process."""

    def __init__(self, port, pid):
        self.port, self.pid = port, pid


def bodies(port, messages):
    """Of the messages in the archive."""
    with imaplib.IMAP4("127.0.0.1", port) as c:
        c.login("mjl@mox.example", PASSWORD)
        c.select("Archive", readonly=True)
        for first in range(1, messages + 1, 1000):
            data = c.fetch("%d:%d" % (first, first + 999), "(BODY.PEEK[])")[1]
            yield from (d[1] for d in data if isinstance(d, tuple))


def fill(servers, dovecot, messages):
    for server in servers.values():
        client(server.port, "-m", "INBOX", "run", "CREATE Other")
    if "moxd" not in servers:
        client(dovecot.port, "-m", "INBOX", "run", "CREATE Archive")
        client(dovecot.port, "-m", "Archive", "-n", str(messages), "append", "2000")
        return
    client(servers["moxd"].port, "-m", "Archive", "-n", str(messages), "append", "2000")
    if "Dovecot" in servers:
        dovecot.fill(bodies(servers["moxd"].port, messages))


def run(args, messages):
    conf = Conf()
    conf.check_store = False
    with Server(conf) as moxd, Dovecot() as dovecot:
        servers = {"moxd": Measured(moxd.ports["imap"][1], moxd.process.pid),
                   "Dovecot": Measured(dovecot.port, dovecot.process.pid)}
        if args.only:
            servers = {args.only: servers[args.only]}
        fill(servers, dovecot, messages)
        dovecot.stop()
        dovecot.start("optimized")
        if "Dovecot" in servers:
            servers["Dovecot"].pid = dovecot.process.pid
        print("\n| %s messages of 2 KB | moxd | Dovecot | ratio |%s\n|---|---|---|---|%s"
              % (format(messages, ","), " processor: moxd | Dovecot | ratio |" * args.processor,
                 "---|---|---|" * args.processor), flush=True)
        for row in ROWS:
            if re.search(args.word, row[0]):
                for server in servers.values():
                    measure(server, row, waited_ms)  # fills caches
                print_row(row[0], [compare(servers, row, args, how)
                                   for how in [waited_ms] + [command_processor_ms] * args.processor])
        if re.search(args.word, "APPEND"):
            appends(servers, args, 2000)
        if args.hold:
            print({name: vars(server) for name, server in servers.items()}, moxd.dir)
            input()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-r", dest="rounds", type=int, default=3)
    p.add_argument("-k", dest="word", default="")
    p.add_argument("-t", dest="processor", action="store_true", help="processor time")
    p.add_argument("-o", dest="only", choices=["moxd", "Dovecot"], help="only this server")
    p.add_argument("-w", dest="hold", action="store_true", help="wait before the end")
    p.add_argument("messages", nargs="*", type=int)
    args = p.parse_args()
    for messages in args.messages or [10000, 50000]:
        run(args, messages)


if __name__ == "__main__":
    main()
