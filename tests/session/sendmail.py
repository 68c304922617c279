#!/usr/bin/env python3
# proves: P-CTL-06, CTL-13
# proves in part: AUTH-14
"""moxd-sendmail: as cron, git and mutt call it; every way to log in; what is kept when it fails; what a caller
cannot do to a setgid program."""

import email
import email.policy
import imaplib
import os
import resource
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import Skip, expect, run_tests  # noqa: E402
from moxd_server import BUILD_DIR, PASSWORD, PATIENCE, Conf, Server  # noqa: E402

MJL, SECOND, OTHER = "mjl@mox.example", "second@mox.example", "other@mox.example"
PROGRAM = os.path.join(BUILD_DIR, "moxd-sendmail")
EX = {name: getattr(os, "EX_" + name) for name in (
    "OK", "USAGE", "DATAERR", "NOUSER", "NOHOST", "UNAVAILABLE", "CANTCREAT", "TEMPFAIL", "NOPERM", "CONFIG",
    "IOERR")}
TEXT = b"From: somebody\nTo: %s\nSubject: hello\n\nline\n" % OTHER.encode()


class Site(Server):
    """A server, and a machine that hands its mail to it."""

    def __init__(self, **settings):
        conf = Conf()
        conf.services = ["submission", "submissions", "imap"]
        conf.add("module auth", "failure-delay = 0s")
        super().__init__(conf)
        self.settings = settings

    def start(self):
        super().start()
        os.makedirs(self.path("failed"), exist_ok=True)
        self.configure(**self.settings)

    def configure(self, **settings):
        all_of_it = {"host": '"localhost"', "port": self.address("submissions")[1], "ca": '["%s"]' % self.path("cert.pem"),
                     "username": '"%s"' % MJL, "password": '"%s"' % PASSWORD, "from": '"%s"' % MJL,
                     "failed-dir": '"%s"' % self.path("failed"), "hostname": '"machine.example"'}
        all_of_it.update({k.replace("_", "-"): v for k, v in settings.items()})
        with open(self.path("moxsubmit.conf"), "w", encoding="utf-8") as f:
            f.writelines("%s = %s\n" % item for item in all_of_it.items() if item[1] is not None)

    def send(self, *args, text=TEXT, status=0, said=""):
        done = subprocess.run([PROGRAM, "-C", self.path("moxsubmit.conf"), *args], input=text,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        output = done.stdout.decode()
        expect(done.returncode == status and said in output,
               "%s: status %d instead of %d: %s" % (args, done.returncode, status, output))
        return output

    def mailbox(self, user=OTHER):
        with imaplib.IMAP4(*self.address("imap"), timeout=PATIENCE) as client:
            client.login(user, PASSWORD)
            n = int(client.select("INBOX")[1][0])
            return [client.fetch(str(i + 1), "BODY.PEEK[]")[1][0][1] for i in range(n)]

    def last(self, user=OTHER):
        return email.message_from_bytes(self.mailbox(user)[-1], policy=email.policy.default)

    def kept(self):
        names = sorted(os.listdir(self.path("failed")))
        return [self.path("failed", name) for name in names]


# --- who calls it ------------------------------------------------------------------------------------------

def cron_mails_its_output():
    with Site(default_recipient='"%s"' % OTHER) as site:
        text = (b"From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@machine> backup\nMIME-Version: 1.0\n"
                b"Content-Type: text/plain; charset=UTF-8\nX-Cron-Env: <SHELL=/bin/sh>\n\n"
                b"10%\r20%\r\n.\n..two dots\ngr\xc3\xbc\xc3\x9fe\nno end")
        site.send("-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root", text=text)
        msg = site.last()
        expect(msg["From"].addresses[0].addr_spec == MJL and "Cron Daemon" in msg["From"], msg["From"])
        expect(msg["Date"] and msg["Message-ID"] and msg["X-Cron-Env"] == "<SHELL=/bin/sh>", msg)
        expect(msg.get_content().replace("\r\n", "\n") == "10%\n20%\n.\n..two dots\ngr\u00fc\u00dfe\nno end\n", repr(msg.get_content().replace("\r\n", "\n")))
        raw = site.mailbox()[-1]
        expect(b"\n" not in raw.replace(b"\r\n", b"") and b"\r" not in raw.replace(b"\r\n", b""), raw)


def git_sends_patches():
    """git send-email -i with recipients, in the order of its command line."""
    with Site(from_allowed='["%s"]' % SECOND) as site:
        text = b"From: A U Thor <%s>\nTo: %s\nCc: %s\nSubject: [PATCH] x\n\n---\n a | 1 +\n.\n-- \n2.39\n"
        site.send("-i", OTHER, MJL, text=text % (SECOND.encode(), OTHER.encode(), MJL.encode()))
        msg = site.last()
        expect(msg["From"] == "A U Thor <%s>" % SECOND, "an author who is allowed: %s" % msg["From"])
        expect(msg["Return-Path"].strip("<>") == SECOND, msg["Return-Path"])
        expect(msg.get_content().replace("\r\n", "\n").endswith(".\n-- \n2.39\n"), msg.get_content().replace("\r\n", "\n"))
        expect(len(site.mailbox(MJL)) == 1, "the second recipient")


def mutt_names_the_sender():
    with Site() as site:
        text = b"From: Me <elsewhere@remote.example>\nTo: x <%s>\nBcc: %s\nSubject: mutt\n\nbody\n"
        site.send("-oem", "-oi", "-f", "elsewhere@remote.example", "--", OTHER, MJL,
                  text=text % (OTHER.encode(), MJL.encode()))
        for user in (OTHER, MJL):
            msg = site.last(user)
            expect(msg["From"] == "Me <%s>" % MJL and not msg["Bcc"] and not msg["Sender"], msg.as_string())


def recipients_of_the_header():
    with Site(default_recipient='"%s"' % MJL) as site:
        text = (b"To: \"other, the\" <%s>,\n\t%s\nCc: friends: %s, root;\nBcc: %s\nSubject: t\n\nx\n"
                % tuple(a.encode() for a in (OTHER, OTHER, SECOND, OTHER)))
        site.send("-t", text=text)
        msg = site.last()
        expect(len(site.mailbox()) == 1 and not msg["Bcc"] and msg["To"].addresses[0].display_name == "other, the", msg)
        expect(len(site.mailbox(MJL)) == 1, "second and the local user are one account")
        site.send("-t", "-i", text=b"To: nobody@mox.example\nResent-To: %s\n\nresent\n" % OTHER.encode())
        expect(len(site.mailbox()) == 2, "Resent-To counts alone")
        site.send("-i", "root@localhost", "www-data@machine.example")
        expect(len(site.mailbox(MJL)) == 2, "local users with a domain")
        site.send("-t", text=b"Subject: to nobody\n\n", status=EX["USAGE"], said="no recipient")


def messages_that_are_hardly_any():
    with Site() as site:
        for text, subject, body in (
                (b"", None, ""), (b"just text\nmore\n", None, "just text\nmore\n"),
                (b"From me@x Mon Sep 1 00:00:00 2026\nSubject: mbox\n\nx\n", "mbox", "x\n"),
                (b"Subject: a\nno field\nSubject: b\n", "a", "no field\nSubject: b\n"),
                (b"\nSubject: in the body\n", None, "Subject: in the body\n"),
                (b"Subject: ends with a dot\n\none\n.\ntwo\n", "ends with a dot", "one\n"),
                (b"Subject: nul\n\na\0b\n", "nul", "ab\n")):
            site.send("-F", "The Name", OTHER, text=text)
            msg = site.last()
            expect(msg["Subject"] == subject and msg.get_content().replace("\r\n", "\n") == body, "%r: %s" % (text, msg.as_string()))
            expect(msg["From"] == "The Name <%s>" % MJL, msg["From"])


# --- how it logs in ---------------------------------------------------------------------------------------

def every_mechanism_logs_in():
    with Site() as site:
        for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN"):
            site.configure(mechanisms='["%s"]' % mechanism)
            site.send(OTHER)
            site.await_log("authenticated.*mechanism=%s( |$)" % mechanism)
        expect(len(site.mailbox()) == 6, "one for each")
        site.configure()
        output = site.send("-v", OTHER)
        site.await_log("authenticated.*mechanism=SCRAM-SHA-256-PLUS", 2)
        expect("MAIL FROM:<%s>" % MJL in output, output)
        expect(PASSWORD not in output, "the password is shown")
        site.configure(tls="starttls", port=site.address("submission")[1])
        site.send(OTHER)
        site.configure(password='"wrong"')
        site.send(OTHER, status=EX["NOPERM"], said="535")
        site.configure(mechanisms='["GSSAPI"]')
        site.send(OTHER, status=EX["NOPERM"], said="no mechanism")


def a_key_logs_in():
    """From a PEM with key and certificate, from an Ed25519 key alone, with and without TLS from the start."""
    with Site() as site:
        site.moxctl("tlspubkey", "gen", site.path("k"))
        with open(site.path("k.cert.pem"), encoding="ascii") as cert, open(site.path("k.key.pem"), encoding="ascii") as key:
            certificate, private = cert.read(), key.read()
        site.moxctl("tlspubkey", "add", MJL, text=certificate)
        ed25519 = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], check=True,
                                 stdout=subprocess.PIPE).stdout.decode()
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=ed25519.encode(), check=True,
                                stdout=subprocess.PIPE).stdout.decode()
        site.moxctl("tlspubkey", "add", SECOND, text=public)
        sent = 0
        for pem in (private + certificate, certificate + private, ed25519):
            with open(site.path("client.pem"), "w", encoding="ascii") as f:
                f.write(pem)
            for tls, service in (("immediate", "submissions"), ("starttls", "submission")):
                site.configure(username=None, password=None, client_key='"%s"' % site.path("client.pem"), tls=tls,
                               port=site.address(service)[1])
                site.send(OTHER)
                sent += 1
        expect(len(site.mailbox()) == sent, "delivered")
        stranger = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], check=True,
                                  stdout=subprocess.PIPE).stdout
        for pem, status, said in ((stranger, "NOPERM", "535"), (certificate.encode(), "CONFIG", "no private key"),
                                  (stranger + certificate.encode(), "CONFIG", "not that of the first certificate"),
                                  (b"x", "CONFIG", "client-key")):
            with open(site.path("client.pem"), "wb") as f:
                f.write(pem)
            site.send(OTHER, status=EX[status], said=said)


def the_server_must_be_who_it_is():
    with Site(ca=None) as site:
        site.send(OTHER, status=EX["TEMPFAIL"], said="certificate")
        site.configure(host='"127.0.0.2"')
        site.send(OTHER, status=EX["TEMPFAIL"])
        expect(site.mailbox() == [], "something was delivered")
        site.configure(host='"no-such-host.invalid"')
        site.send(OTHER, status=EX["NOHOST"], said="cannot find")


def tls_may_be_required_all_the_way():
    with Site(require_tls="yes") as site:
        output = site.send("-v", OTHER)
        expect(" REQUIRETLS" in [line for line in output.splitlines() if "MAIL FROM:" in line][0], output)
        site.configure(require_tls="no")
        site.send(OTHER)
        expect(site.last()["TLS-Required"] == "No", site.last().as_string())


# --- what fails -------------------------------------------------------------------------------------------

def what_fails_is_kept_and_can_be_sent_again():
    with Site() as site:
        text = b"From: a\nSubject: precious\n\n.dot\nthe text\n"
        output = site.send("-i", "nobody@mox.example", OTHER, "it's@mox.example", text=text, status=EX["NOUSER"],
                           said="550 5.1.1")
        (path,) = site.kept()
        expect(path in output and os.stat(path).st_mode & 0o777 == 0o600, output)
        with open(path, "rb") as f:
            content = f.read()
        expect(content.endswith(b"\n\n.dot\nthe text\n") and b"\nSubject: precious\n" in content, content)
        expect(b"X-Moxsubmit-To: nobody@mox.example\n" in content and OTHER.encode() not in content, content)
        expect(b"X-Moxsubmit-Failed: localhost: nobody@mox.example: 550 " in content, content)
        expect(len(site.mailbox()) == 1, "who could get it has it")
        expect("'it'\\''s@mox.example'" in output, "a word for a shell: " + output)
        with open(path, "rb") as f:
            site.send("-i", OTHER, text=f.read())
        msg = site.last()
        expect(msg["Subject"] == "precious" and "X-Moxsubmit-Failed" not in msg, msg.as_string())
        expect(msg.get_content().replace("\r\n", "\n") == ".dot\nthe text\n", msg.get_content().replace("\r\n", "\n"))


def nothing_is_lost_without_a_server():
    with Site() as site:
        site.stop()
        site.send(OTHER, status=EX["TEMPFAIL"], said="is kept in")
        site.configure(password=None)
        site.send(OTHER, status=EX["CONFIG"], said="username and password belong together")
        expect(len(site.kept()) == 1, site.kept())
        site.configure(failed_dir='"%s"' % site.path("nowhere"))
        site.send(OTHER, status=EX["CANTCREAT"], said="the message is not kept")


def limits():
    with Site(max_size="2000", max_recipients="2") as site:
        site.send(OTHER, text=b"\n" + b"x" * 4000, status=EX["DATAERR"], said="larger than max-size")
        site.send(OTHER, MJL, SECOND, status=EX["DATAERR"], said="max-recipients")
        site.send(OTHER, OTHER, MJL, OTHER)
        site.configure(max_size="10M")
        site.send(OTHER, text=b"A: " + b"b" * 3000000 + b"\n\n", status=EX["DATAERR"], said="header is larger")
        site.send("x" * 70000, status=EX["USAGE"], said="has more than")
        expect(len(site.mailbox()) == 1, "delivered")


# --- hostile ----------------------------------------------------------------------------------------------

def addresses_cannot_carry_commands():
    with Site() as site:
        site.send("--", "a@", status=EX["NOUSER"], said="has no domain")
        for to in ("a@b\r\nRCPT TO:<%s>" % OTHER, "a@b>\nDATA", "<a@b> NOTIFY=NEVER", "a b@c", "@", "a@b c",
                   "a@-b.example", "\u00fc\u0000"[:1] + "@", "a@b,,@", "a@[1.2.3]"):
            site.send("--", to, status=EX["DATAERR"])
        site.send("", status=EX["USAGE"], said="empty")
        for args in (["-V", "x y\r\nRCPT TO:<%s>" % OTHER, OTHER], ["-F", "x\r\nBcc: %s\r\n\r\nbody" % MJL, OTHER],
                     ["-f", "a@b>\r\nRCPT TO:<x@y>", OTHER]):
            subprocess.run([PROGRAM, "-C", site.path("moxsubmit.conf"), *args], input=b"Subject: s\n\nx\n",
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE)
        expect(site.mailbox(MJL) == [], "somebody else has got it")
        for raw in site.mailbox():
            expect(b"\nBcc:" not in raw and b"\r\nSubject: s\r\n" in raw, raw)


def headers_cannot_be_put_in_by_a_lone_cr():
    with Site() as site:
        site.send("-t", text=b"To: %s\nSubject: x\rBcc: %s\n\nbody\n" % (OTHER.encode(), MJL.encode()))
        expect(site.last()["Subject"] == "x Bcc: " + MJL and site.mailbox(MJL) == [], site.last().as_string())
        site.send("-i", OTHER, text=b"Subject: s\n\nx\r.\rMAIL FROM:<a@b>\r\n.\r\n\r.\r\n")
        expect(site.last().get_content().replace("\r\n", "\n") == "x\n.\nMAIL FROM:<a@b>\n.\n\n.\n", repr(site.last().get_content().replace("\r\n", "\n")))


def options_of_other_sendmails():
    with Site() as site:
        for args in (["-bs"], ["-bp"], ["-bd"], ["-q"], ["-q5m"], ["-I"], ["-N", "often", OTHER], ["-R", "x", OTHER],
                     ["-Z"], ["-f"]):
            site.send(*args, status=EX["USAGE"])
        site.send("-N", "SUCCESS,failure", "-V", "a b+=\u00fc", "-R", "full", OTHER)
        site.send("-G", "-U", "-n", "-em", "-oo", "-odb", "-bm", "-d0.1", "-L", "tag", "-X", site.path("no.log"), "-Am", "-h", "3",
                  "-N", "failure,delay", "-R", "hdrs", "-V", "id1", "-O", "QueueDirectory=/x", "-r", MJL, OTHER)
        expect(not os.path.exists(site.path("no.log")) and len(site.mailbox()) == 2, "-X")


def the_configuration_is_checked():
    with Site() as site:
        done = subprocess.run([PROGRAM, "--check-config", "-C", site.path("moxsubmit.conf")], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE)
        expect(done.returncode == 0 and b"all is well" in done.stdout and b"everybody can read" in done.stdout, done.stdout)
        with open(site.path("bad.conf"), "w", encoding="utf-8") as f:
            f.write('host = "h.example"\nfrom = "nobody"\nfrm = x\ntls = sometimes\nport = 99999\n')
        done = subprocess.run([PROGRAM, "--check-config", "-C", site.path("bad.conf")], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE)
        expect(done.returncode == EX["CONFIG"], done)
        for place in (b"bad.conf:2:8: error", b"bad.conf:3:1: error", b"bad.conf:4:7: error", b"bad.conf:5:8: error"):
            expect(place in done.stdout, done.stdout)
        example = subprocess.run([PROGRAM, "--example-config"], stdout=subprocess.PIPE, timeout=PATIENCE, check=True).stdout
        with open(site.path("example.conf"), "wb") as f:
            f.write(example)
        done = subprocess.run([PROGRAM, "--check-config", "-C", site.path("example.conf")], timeout=PATIENCE)
        expect(done.returncode == 0 and b"# client-key = " in example, example)


# --- setgid -----------------------------------------------------------------------------------------------

GROUP, USER = 64321, 64322
TEST_PROGRAM = os.path.join(BUILD_DIR, "tests", "session", "setgid-sendmail")
SYSTEM_CONF = os.path.join(BUILD_DIR, "tests", "session", "moxsubmit.conf")


class Setgid(Site):
    """A copy of the program that is setgid, and a caller without rights. What the copy takes for the configuration of
    the system only the group can read."""

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip("needs root")
        if os.environ.get("MOXD_SANITIZED"):
            raise Skip("sanitizers want to look into the process, and it lets nobody")
        return super().__enter__()

    def __exit__(self, *args):
        os.unlink(SYSTEM_CONF)
        super().__exit__(*args)

    def start(self):
        super().start()
        shutil.copy(TEST_PROGRAM, self.path("sendmail"))
        for name, mode in (("sendmail", 0o2755), ("failed", 0o1770), ("cert.pem", 0o644)):
            os.chown(self.path(name), 0, GROUP)
            os.chmod(self.path(name), mode)
        os.chmod(self.dir, 0o755)

    def configure(self, **settings):
        super().configure(**settings)
        shutil.copy(self.path("moxsubmit.conf"), SYSTEM_CONF)
        os.chown(SYSTEM_CONF, 0, GROUP)
        os.chmod(SYSTEM_CONF, 0o640)

    @staticmethod
    def become():
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)

    def popen(self, *args, before=lambda: None, **kwargs):
        def prepare():
            before()
            self.become()
        return subprocess.Popen([self.path("sendmail"), *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, preexec_fn=prepare, cwd="/", **kwargs)

    def call(self, *args, text=TEXT, status=0, said="", **kwargs):
        with self.popen(*args, **kwargs) as process:
            output = process.communicate(text, timeout=PATIENCE)[0].decode()
        expect(process.returncode == status and said in output,
               "%s: status %d instead of %d: %s" % (args, process.returncode, status, output))
        return output


def only_the_program_reads_the_password():
    with Setgid() as site:
        site.call(OTHER)
        expect(site.last()["From"].addresses[0].addr_spec == MJL, "sent")
        site.call("-C", SYSTEM_CONF, OTHER, status=EX["CANTCREAT"], said="cannot read " + SYSTEM_CONF)
        with open(SYSTEM_CONF, "a", encoding="utf-8") as f:
            f.write("a-secret-word-by-mistake\n")
        for args in (["--check-config"], [OTHER]):
            done = site.popen(*args)
            output = done.communicate(TEXT, timeout=PATIENCE)[0].decode()
            expect(done.returncode != 0 and "there are mistakes" in output and "secret" not in output, output)


def the_group_is_given_up():
    """Before the message is read; and nobody can look into the process."""
    with Setgid() as site:
        for failed_dir, saved in ((None, USER), ('"%s"' % site.path("failed"), GROUP)):
            site.configure(failed_dir=failed_dir)
            with site.popen(OTHER) as process:
                groups = None
                while groups != [USER, USER, saved, USER]:  # it has come to reading its standard input
                    expect(process.poll() is None, "it has ended: %s" % groups)
                    with open("/proc/%d/status" % process.pid, encoding="ascii") as f:
                        groups = [int(g) for line in f if line.startswith("Gid:") for g in line.split()[1:]]
                expect(os.stat("/proc/%d/mem" % process.pid).st_uid == 0, "its memory is the caller's")
                process.communicate(TEXT, timeout=PATIENCE)
                expect(process.returncode == 0, process.returncode)


def a_prepared_environment_is_nothing():
    with Setgid() as site:
        evil = {"LD_PRELOAD": "/nonexistent.so", "LD_LIBRARY_PATH": site.dir, "OPENSSL_CONF": "/etc/passwd", "HOME": "/nowhere",
                "SSL_CERT_FILE": "/dev/null", "GCONV_PATH": site.dir, "LIBEV_FLAGS": "999", "TZ": ":/etc/shadow", "PATH": "."}
        output = site.call(OTHER, env=evil)
        expect(output == "", output)

        def limits():
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
        site.call(OTHER, before=limits)
        site.call("nobody@mox.example", before=limits, status=EX["CANTCREAT"], said="not kept")
        expect(os.listdir(site.path("failed")) == [], "half a file is left")

        def no_descriptors():
            for fd in range(3):
                os.close(fd)
        process = subprocess.run([site.path("sendmail"), OTHER], timeout=PATIENCE, cwd="/",
                                 preexec_fn=lambda: (no_descriptors(), site.become()))
        expect(process.returncode == EX["IOERR"] and len(site.mailbox()) == 2, process.returncode)


def failed_mail_is_written_by_the_group():
    with Setgid() as site:
        site.call("nobody@mox.example", status=EX["NOUSER"], said="is kept in")
        (path,) = site.kept()
        expect(os.stat(path).st_uid == USER and os.stat(path).st_mode & 0o777 == 0o600, os.stat(path))
        os.rename(site.path("failed"), site.path("elsewhere"))
        os.symlink(site.path("elsewhere"), site.path("failed"))
        site.call("nobody@mox.example", status=EX["CANTCREAT"], said="not kept")


def it_is_never_setuid():
    with Setgid() as site:
        os.chmod(site.path("sendmail"), 0o6755)
        site.call(OTHER, status=EX["CONFIG"], said="must not be setuid")


run_tests([
    cron_mails_its_output,
    git_sends_patches,
    mutt_names_the_sender,
    recipients_of_the_header,
    messages_that_are_hardly_any,
    every_mechanism_logs_in,
    a_key_logs_in,
    the_server_must_be_who_it_is,
    tls_may_be_required_all_the_way,
    what_fails_is_kept_and_can_be_sent_again,
    nothing_is_lost_without_a_server,
    limits,
    addresses_cannot_carry_commands,
    headers_cannot_be_put_in_by_a_lone_cr,
    options_of_other_sendmails,
    the_configuration_is_checked,
    only_the_program_reads_the_password,
    the_group_is_given_up,
    a_prepared_environment_is_nothing,
    failed_mail_is_written_by_the_group,
    it_is_never_setuid,
])
