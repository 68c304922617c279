#!/usr/bin/env python3
# proves: DKIM-05, LOCAL-02, LOCAL-05, LOCAL-06, LOCAL-07, LOCAL-08, QUEUE-24, SPF-02
# proves in part: LOCAL-01, P-CTL-08
"""moxctl localserve: what it makes, what it starts, how it ends."""

import imaplib
import os
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading

from ctl import MOXCTL, PATIENCE, Failure, bad, expect, good
from echo import run_tests

# An address of its own, since the ports are fixed.
IP = "127.%d.%d.1" % (100 + os.getpid() // 250 % 100, 1 + os.getpid() % 250)
PORTS = {"smtp": 1025, "submission": 1587, "submissions": 1465, "imap": 1143, "imaps": 1993}
USER, PASSWORD = "mox@localhost", "moxmoxmox"
MESSAGE = ("From: <x@remote.example>\r\nTo: <%s>\r\nSubject: %s\r\n"
           "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <%s@remote.example>\r\n\r\nText.\r\n")


class Local:
    """A running `moxctl localserve`; its output is in .output."""

    def __init__(self, *args, directory):
        self.dir = directory
        self.output = ""
        self.said = threading.Condition()
        self.process = subprocess.Popen(
            [MOXCTL, "localserve", "-dir", directory, *args], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.said:
                self.output += line.decode()
                self.said.notify_all()
        with self.said:
            self.output += "(end of output)"
            self.said.notify_all()

    def __enter__(self):
        with self.said:
            ok = self.said.wait_for(lambda: "Stop with ctrl-c" in self.output or
                                    "(end of output)" in self.output, PATIENCE)
        if not ok or "Stop with ctrl-c" not in self.output:
            self.process.kill()
            raise Failure("localserve did not start:\n" + self.output)
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)  # as ctrl-c does
            self.process.wait(PATIENCE)
        expect(self.process.returncode == 0, "status %d\n%s" % (self.process.returncode, self.output))


def context():
    ctx = ssl.create_default_context()
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    return ctx


def send(recipient, subject):
    with smtplib.SMTP(IP, PORTS["smtp"], timeout=PATIENCE) as smtp:
        smtp.sendmail("x@remote.example", [recipient], MESSAGE % (recipient, subject, subject))


def submit(implicit_tls, recipient, subject):
    if implicit_tls:
        smtp = smtplib.SMTP_SSL(IP, PORTS["submissions"], timeout=PATIENCE, context=context())
    else:
        smtp = smtplib.SMTP(IP, PORTS["submission"], timeout=PATIENCE)
        smtp.starttls(context=context())
    with smtp:
        smtp.login(USER, PASSWORD)
        smtp.sendmail(USER, [recipient], MESSAGE.replace("x@remote.example", USER)
                      % (recipient, subject, subject))


def subjects(implicit_tls=True):
    if implicit_tls:
        imap = imaplib.IMAP4_SSL(IP, PORTS["imaps"], ssl_context=context(), timeout=PATIENCE)
    else:
        imap = imaplib.IMAP4(IP, PORTS["imap"], timeout=PATIENCE)
        imap.starttls(context())
    with imap:
        imap.login(USER, PASSWORD)
        imap.select()
        _, data = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        return sorted(part[1].decode().split(": ")[1].strip() for part in data if isinstance(part, tuple))


def signatures():
    """How many messages the local domain has signed."""
    with imaplib.IMAP4_SSL(IP, PORTS["imaps"], ssl_context=context(), timeout=PATIENCE) as imap:
        imap.login(USER, PASSWORD)
        imap.select()
        _, data = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (DKIM-SIGNATURE)])")
        return sum(b"d=localhost; s=local;" in part[1] for part in data if isinstance(part, tuple))


def in_directory(test):
    def run():
        d = tempfile.mkdtemp(prefix="moxd-local-")
        try:
            test(os.path.join(d, "local"))
        finally:
            shutil.rmtree(d)
    run.__name__ = test.__name__
    return run


@in_directory
def mail_for_anybody_arrives(d):
    with Local("-ip", IP, directory=d) as local:
        for word in (USER, PASSWORD, IP, *map(str, PORTS.values())):
            expect(word in local.output, "%s is not in\n%s" % (word, local.output))
        send(USER, "known")
        send("someone@nowhere.example", "unknown")
        submit(False, USER, "starttls")
        submit(True, USER, "tls")
        with local.said:  # by way of the queue
            ok = local.said.wait_for(lambda: len(re.findall("queue.*delivered", local.output)) == 2, PATIENCE)
            expect(ok, local.output)
        want = ["known", "starttls", "tls", "unknown"]
        expect(subjects() == want, "%s" % subjects())
        expect(subjects(implicit_tls=False) == want, "over STARTTLS")
        expect(signatures() == 2, "%d signatures" % signatures())
        expect(local.output.count("dkim=pass:localhost") == 2, local.output)
        lines = good("clientconfig", conf=os.path.join(d, "moxd.conf")).splitlines()
        for name, tls in (("submission", "STARTTLS"), ("submissions", "TLS from the start"),
                          ("imap", "STARTTLS"), ("imaps", "TLS from the start")):
            want = r"%s +host localhost  port %d  %s  " % (name, PORTS[name], tls)
            expect(sum(bool(re.match(want, line)) for line in lines) == 1, "%s\n%s" % (want, lines))
        expect(len(lines) == 5, "%s" % lines)
        good("setaccountpassword", "mox", stdin=b"another password\n",
             conf=os.path.join(d, "moxd.conf"))
    with Local("-ip=" + IP, directory=d):  # what was there stays: mail, and the new password
        try:
            subjects()
            raise Failure("the first password is back")
        except imaplib.IMAP4.error:
            pass


@in_directory
def senders_at_localhost_are_verified(d):
    with Local("-ip", IP, directory=d) as local:
        with smtplib.SMTP(IP, PORTS["smtp"], local_hostname="localhost", timeout=PATIENCE) as smtp:
            smtp.sendmail("x@localhost", [USER], (MESSAGE % (USER, "own", "own")).replace("remote.example", "localhost"))
            smtp.sendmail("x@remote.example", [USER], MESSAGE % (USER, "foreign", "foreign"))
        with local.said:
            for want in ("spf=pass:localhost", "dmarc=none:localhost", "spf=none:remote.example"):
                ok = local.said.wait_for(lambda want=want: want in local.output, PATIENCE)
                expect(ok, "%s is not in\n%s" % (want, local.output))


def refusal(command, *args):
    """The code with which a command is refused."""
    try:
        return command(*args)[0]
    except smtplib.SMTPResponseException as e:
        return e.smtp_code


@in_directory
def addresses_ask_for_failures(d):
    """proves: LOCAL-03, LOCAL-10"""
    with Local("-ip", IP, directory=d) as local:
        with smtplib.SMTP(IP, PORTS["smtp"], timeout=PATIENCE) as smtp:
            smtp.ehlo()
            expect(refusal(smtp.mail, "mailfrom-temperror@a.example") == 451, "MAIL")
            expect(refusal(smtp.mail, "mailfrom503@a.example") == 503, "MAIL with a code")
            expect(refusal(smtp.mail, "permerror@a.example") == 250, "a sender of another kind")
            expect(refusal(smtp.rcpt, "rcpttoPERMERROR@a.example") == 550, "RCPT")
            expect(refusal(smtp.rcpt, "rcptto-452@a.example") == 452, "RCPT with a code")
            expect(refusal(smtp.rcpt, USER) == 250, "a recipient without a wish")
            expect(refusal(smtp.rcpt, "x+temperror@localhost") == 250, "one that fails later")
            expect(smtp.data(MESSAGE % (USER, "late", "late"))[0] == 451, "data")
            expect(refusal(smtp.mail, "x@a.example") == 250, "the session goes on")
            smtp.rset()
            with smtplib.SMTP(IP, PORTS["smtp"], timeout=PATIENCE) as silent:
                silent.ehlo()
                silent.mail("x@a.example")
                silent.putcmd("RCPT TO:<rcptto-timeout@a.example>")
                send(USER, "others")  # meanwhile the server works for others
                silent.sock.setblocking(False)
                try:
                    raise Failure("an answer: %r" % silent.sock.recv(100))
                except BlockingIOError:
                    silent.sock.settimeout(PATIENCE)
                silent.close()
        submit(True, "permerror@a.example", "queued")
        with local.said:
            expect(local.said.wait_for(lambda: 'msg="sender told"' in local.output, PATIENCE), local.output)
        found = subjects()
        expect("others" in found and "late" not in found and len(found) == 2, "%s" % found)


@in_directory
def the_directory_is_made_once(d):
    conf = os.path.join(d, "moxd.conf")
    out = good("localserve", "--dir", d, "--initonly")
    expect("is ready" in out and not os.path.exists(os.path.join(d, "data")), out)
    with open(conf, encoding="utf-8") as f:
        text = f.read()
    for word in ("pedantic = true", "127.0.0.1", "fallback = \"mox@localhost\""):
        expect(word in text, "%s is not in\n%s" % (word, text))
    expect("all is well" in good("config", "test", conf=conf), "config test")
    with open(conf, "a", encoding="utf-8") as f:
        f.write("# mine\n")
    good("localserve", "-dir", d, "-ip", IP, "-initonly")
    with open(conf, encoding="utf-8") as f:
        changed = f.read()
    expect("addresses = [\"%s\"]" % IP in changed and changed.endswith("# mine\n"), changed)
    expect(os.stat(os.path.join(d, "tls", "key.pem")).st_mode & 0o777 == 0o600, "mode of the key")


@in_directory
def mistakes_are_explained(d):
    bad(2, "-dir is missing", "localserve")
    bad(2, "-x is not an option", "localserve", "-x")
    bad(2, "lacks its value", "localserve", "-dir")
    bad(1, "-ip x: not an IP address", "localserve", "-dir", d, "-ip", "x")
    os.mkdir(d)
    with open(os.path.join(d, "thesis.txt"), "w", encoding="utf-8"):
        pass
    bad(1, "is not empty and has no moxd.conf", "localserve", "-dir", d)


@in_directory
def a_taken_port_is_told(d):
    with socket.create_server((IP, PORTS["imap"])):
        bad(1, "did not start", "localserve", "-dir", d, "-ip", IP)


@in_directory
def a_killed_moxctl_leaves_no_server(d):
    with Local("-ip", IP, directory=d) as local:
        local.process.kill()
        local.process.wait(PATIENCE)
        with local.said:  # every process that could write has ended
            expect(local.said.wait_for(lambda: "(end of output)" in local.output, PATIENCE), "no end")
        local.process.returncode = 0


run_tests([mail_for_anybody_arrives, senders_at_localhost_are_verified, addresses_ask_for_failures, the_directory_is_made_once, mistakes_are_explained,
           a_taken_port_is_told, a_killed_moxctl_leaves_no_server])
