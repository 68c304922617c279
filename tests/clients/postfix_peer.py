"""Debian's Postfix as a peer: one of its own, from a private directory on a free port, that ends with the test.

    with Postfix(to=server.address("smtp"), smtp_tls_security_level="encrypt") as postfix:
        postfix.send("a@peer.example", ["mjl@mox.example"], message)
        postfix.await_log("to=<mjl@mox.example>.*status=sent")

What it takes for peer.example, whatever the localpart, comes into one mailbox (messages()); everything else
goes to the server `to`, when there is one. Other arguments are parameters of main.cf. It needs root, as
Postfix does: `need()` skips the test where that cannot be."""

import contextlib
import email
import json
import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "session"))
from moxd_server import Failure, Log, PATIENCE, Skip, die_with_parent, make_certificate  # noqa: E402

DOMAIN = "peer.example"
DAEMONS = "/usr/lib/postfix/sbin"
# name: type, private, unprivileged, chroot, wakeup, most processes, command (master(5))
SERVICES = """\
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
virtual   unix - n n - - virtual
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
showq     unix n - n - - showq
"""
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
          "saved", "trace")


def need():
    if not os.path.exists(DAEMONS + "/master"):
        raise Skip("Postfix is not installed")
    try:
        if os.geteuid() != 0:
            raise OSError
        pwd.getpwnam("postfix")
        with open("/proc/self/uid_map", encoding="ascii") as f:
            if sum(int(line.split()[2]) for line in f) == 1:  # made by unshare -r
                raise OSError
    except (OSError, KeyError):
        raise Skip("Postfix runs as root only")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Postfix(Log):
    def __init__(self, to=None, **parameters):
        super().__init__()
        need()
        self.dir = tempfile.mkdtemp(prefix="moxd-postfix-")
        self.host, self.port = "127.0.0.1", free_port()
        owner = pwd.getpwnam("postfix")
        self.parameters = {
            "compatibility_level": "3.6",
            "queue_directory": self.path("queue"),
            "data_directory": self.path("lib"),
            "daemon_directory": DAEMONS,
            "command_directory": "/usr/sbin",
            "maillog_file": "/dev/stdout",
            "syslog_name": "postfix",
            "inet_interfaces": self.host,
            "inet_protocols": "ipv4",
            "myhostname": DOMAIN,
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "alias_maps": "",
            "virtual_mailbox_domains": DOMAIN,
            "virtual_mailbox_base": self.dir,
            "virtual_mailbox_maps": "static:inbox/",
            "virtual_uid_maps": "static:%d" % owner.pw_uid,
            "virtual_gid_maps": "static:%d" % owner.pw_gid,
            "disable_dns_lookups": "yes",
            "smtp_host_lookup": "native",
            "smtpd_peername_lookup": "no",
            "in_flow_delay": "0",
            "smtpd_tls_cert_file": self.path("cert.pem"),
            "smtpd_tls_key_file": self.path("key.pem"),
            "smtpd_tls_security_level": "may",
            "smtp_tls_security_level": "may",
            "smtp_tls_loglevel": "1",
            "default_transport": "smtp:[%s]:%d" % to if to else "error:nowhere to go",
        }
        self.parameters.update(parameters)
        self.process = None

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def set_up(self):
        os.chmod(self.dir, 0o755)
        make_certificate(self.dir)
        with open(self.path("main.cf"), "w", encoding="utf-8") as f:
            f.writelines("%s = %s\n" % item for item in self.parameters.items())
        with open(self.path("master.cf"), "w", encoding="utf-8") as f:
            f.write("%s:%d inet n - n - - smtpd\n%s" % (self.host, self.port, SERVICES))
        os.makedirs(self.path("queue", "pid"))
        for name, mode, group in [(q, 0o700, None) for q in QUEUES] + [
                ("public", 0o710, "postdrop"), ("maildrop", 0o730, "postdrop")]:
            os.mkdir(self.path("queue", name))
            shutil.chown(self.path("queue", name), "postfix", group)
            os.chmod(self.path("queue", name), mode)
        for name in ("lib", "inbox"):
            os.mkdir(self.path(name), 0o700)
            shutil.chown(self.path(name), "postfix", "postfix")

    def __enter__(self):
        try:
            self.set_up()
            self.process = subprocess.Popen(
                [DAEMONS + "/master", "-c", self.dir, "-s"], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
            self.follow(self.process)
            self.await_log("daemon started")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and not issubclass(kind, Skip):
            print("# Postfix's log:\n# " + self.log_text(60).replace("\n", "\n# "), flush=True)
        self.stop()

    def stop(self):
        """Its master ends the others."""
        if self.process:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.reader.join(PATIENCE)
        shutil.rmtree(self.dir, ignore_errors=True)

    def send(self, sender, recipients, message, options=()):
        """Hands it a message (bytes) by SMTP; the id in its queue. options: of MAIL, as in ["SMTPUTF8"]."""
        with smtplib.SMTP(self.host, self.port, "test.example", PATIENCE) as client:
            client.ehlo_or_helo_if_needed()
            client.command_encoding = "utf-8"
            self.expect(250, client.mail(sender, list(options)))
            for recipient in recipients:
                self.expect(250, client.rcpt(recipient))
            return self.expect(250, client.data(message)).split()[-1]  # "queued as"

    @staticmethod
    def expect(code, reply):
        if reply[0] != code:
            raise Failure("Postfix says %r" % (reply,))
        return reply[1].decode()

    def flush(self):
        """Tries what is deferred again, now."""
        subprocess.run(["postqueue", "-c", self.dir, "-f"], check=True, timeout=PATIENCE)

    def queue(self):
        """What is in its queue: a list of dictionaries (postqueue -j)."""
        done = subprocess.run(["postqueue", "-c", self.dir, "-j"], check=True, timeout=PATIENCE,
                              stdout=subprocess.PIPE)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def messages(self):
        """What came for peer.example, oldest first."""
        names = []
        for directory in ("new", "cur"):
            with contextlib.suppress(FileNotFoundError):
                names += [self.path("inbox", directory, n) for n in os.listdir(self.path("inbox", directory))]
        messages = []
        for name in sorted(names, key=lambda n: (os.stat(n).st_mtime_ns, n)):
            with open(name, "rb") as f:
                messages.append(email.message_from_bytes(f.read()))
        return messages
