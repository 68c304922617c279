#!/usr/bin/env python3
# proves: DKIM-01, DKIM-02, SUBM-01, SUBM-02, P-AUTHN-01
# proves: DNS-05, DNS-06, DKIM-04, P-AUTHN-02
# proves: P-QUEUE-13
# proves in part: DKIM-03, P-SMTP-10, P-CTL-02, DNS-02, DNS-03
"""DKIM through the server, beside another implementation (python3-dkim): what swaks submits is signed and
verifies there, what is signed there verifies here; keys that are absent, odd, slow; many signatures."""

import base64
import datetime
import email
import imaplib
import os
import re
import shutil
import smtplib
import socket
import struct
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server, Skip  # noqa: E402

MJL, OTHER = "mjl@mox.example", "other@mox.example"
RSA, ED25519 = "rsa-sha256", "ed25519-sha256"


def openssl(*args, **kwargs):
    return subprocess.run(["openssl", *args], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, **kwargs).stdout


def make_key(path, kind, bits=2048):
    options = ["-pkeyopt", "rsa_keygen_bits:%d" % bits] if kind == "rsa" else []
    openssl("genpkey", "-algorithm", kind, *options, "-out", path)


def public_key(path, kind):
    der = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
    return base64.b64encode(der if kind == "rsa" else der[-32:]).decode()


def record(path, kind, before=""):
    return "v=DKIM1;%sk=%s;p=%s" % (before, kind, public_key(path, kind))


def python_with_dkim():
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import dkim, nacl"], stderr=subprocess.DEVNULL).returncode == 0:
            return python
    raise Skip("python3-dkim is not installed")


def peer(message, *args):
    done = subprocess.run([python_with_dkim(), os.path.join(HERE, "dkim_peer.py"), *args],
                          input=message, stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
    return done.stdout


class Keys(Server):
    """A server with keys: a function makes them in its directory before it starts."""

    def __init__(self, conf, make):
        conf.modules.append("dkim")
        super().__init__(conf)
        self.make = make

    def set_up(self):
        self.make(self)
        super().set_up()


def local_data(conf, name, text):
    strings = " ".join('"%s"' % text[i:i + 200] for i in range(0, len(text), 200))
    conf.add("dns", "%s. 300 IN TXT %s" % (name, strings))


def finish_dns(conf):
    """moxd.conf wants one list."""
    lines = conf.blocks.pop("dns", [])
    quoted = ",\n".join('"%s"' % line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    conf.add("top", "dns {\nlocal-data = [%s]\n}" % quoted)


def last_message(server, user):
    with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
        client.login(user, PASSWORD)
        _, data = client.select("INBOX", readonly=True)
        _, data = client.fetch(data[0].decode(), "(BODY.PEEK[])")
        return data[0][1]


def header_of(message):
    return message.split(b"\r\n\r\n", 1)[0].decode("utf-8", "replace") + "\r\n"


def swaks(server, sender, data, *args):
    if not shutil.which("swaks"):
        raise Skip("swaks is not installed")
    host, port = server.address("submission")
    done = subprocess.run(
        ["swaks", "--server", host, "--port", str(port), "--ehlo", "client.example", "--auth", "PLAIN",
         "--auth-user", MJL, "--auth-password", PASSWORD, "--from", sender, "--to", OTHER,
         "--data", "-", *args],
        input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def submit(server, sender, data):
    status, output = swaks(server, sender, data)
    expect(status == 0, output)
    return last_message(server, OTHER)


SELECTOR = 'selector "%s" { key = "%s"%s }'


def signing_server(more=""):
    conf = Conf()
    conf.services = ["smtp", "submission", "imap"]
    conf.add("domain", 'dkim { %s %s %s sign = ["r1", "e1"] }' % (
        SELECTOR % ("r1", "r.pem", ""),
        SELECTOR % ("e1", "e.pem", " canonicalization-body = simple canonicalization-header = simple"),
        SELECTOR % ("next", "r.pem", "")))
    conf.add("domains", 'domain "second.example" { dkim { %s sign = ["s"] } }'
             % (SELECTOR % ("s", "e.pem", ' expiration = 7d over-sign = false headers = ["From", "To"]')))
    conf.add("domains", 'domain "sub.second.example" { }')
    conf.add("domains", 'domain "unsigned.example" { }')
    for domain in ("second.example", "sub.second.example", "unsigned.example"):
        conf.add("account", 'address "mjl@%s" { }' % domain)

    def make(server):
        make_key(server.path("r.pem"), "rsa")
        make_key(server.path("e.pem"), "ed25519")
        with open(server.path("dns.txt"), "w", encoding="ascii") as f:
            for name, key, kind in (("r1._domainkey.mox.example", "r.pem", "rsa"),
                                    ("e1._domainkey.mox.example", "e.pem", "ed25519"),
                                    ("s._domainkey.second.example", "e.pem", "ed25519")):
                f.write("%s %s\n" % (name, record(server.path(key), kind)))

    return Keys(conf, make)


def verified(server, message):
    return peer(message, "verify", server.path("dns.txt")).decode().split()


DRAFT = b"From: Mjl <mjl@mox.example>\nTo: other@mox.example\nBcc: x@mox.example\nSubject: hi\n\nHello,\n\n  you \n.dot\n\n\n"


def submitted_mail_verifies_elsewhere():
    with signing_server() as server:
        message = submit(server, MJL, DRAFT)
        header = header_of(message)
        expect(verified(server, message) == ["pass", "pass"], header)
        expect(header.count("DKIM-Signature: v=1; d=mox.example; s=") == 2, header)
        # what the server added is signed, and cannot be there twice
        expect("\nDate: " in header and "\nMessage-ID: " in header, header)
        for name in ("Date", "Message-ID", "Subject", "From"):
            field = re.search(r"^%s: .*\r\n" % name, header, re.M)[0].encode()
            without = message.replace(field, b"", 1)
            twice = message.replace(field, field + b"%s: x\r\n" % name.encode(), 1)
            above = b"%s: x\r\n" % name.encode() + message
            for changed in (without, twice, above):
                expect(verified(server, changed) == ["fail", "fail"], "%s: %s" % (name, changed))
        expect(verified(server, message.replace(b"Hello", b"hello")) == ["fail", "fail"], "body")
        expect(b"Bcc" not in message, "Bcc")
        metrics = server.moxctl("metrics")[1]
        expect('moxd_dkim_signed_total{outcome="signed"} 1' in metrics, metrics)


def the_from_header_chooses_the_domain():
    with signing_server() as server:
        draft = DRAFT.replace(b"mjl@mox.example", b"mjl@second.example")
        message = submit(server, MJL, draft)
        header = header_of(message)
        expect(header.count("DKIM-Signature") == 1 and "d=second.example; s=s;" in header, header)
        expect(re.search(r"t=(\d+);\s+x=(\d+);", header), header)
        t, x = map(int, re.search(r"t=(\d+);\s+x=(\d+);", header).groups())
        expect(x - t == 7 * 86400, header)
        expect(re.search(r"h=From:To;", header), header)
        expect(verified(server, message) == ["pass"], header)
        # the domain above signs for the one below
        message = submit(server, MJL, DRAFT.replace(b"mjl@mox.example", b"mjl@sub.second.example"))
        expect("d=second.example;" in header_of(message), header_of(message))
        expect(verified(server, message) == ["pass"], header_of(message))
        message = submit(server, "mjl@mox.example", DRAFT.replace(b"mjl@mox.example", b"mjl@unsigned.example"))
        expect("DKIM-Signature" not in header_of(message), header_of(message))


def large_and_empty_messages():
    with signing_server() as server:
        body = b"".join(b"line %d  of\ta large message \n" % i for i in range(40000))
        for draft in (DRAFT.split(b"\n\n")[0] + b"\n\n", DRAFT + body):
            message = submit(server, MJL, draft)
            expect(verified(server, message) == ["pass", "pass"], header_of(message))


def encoded_before_it_is_signed():
    """P-QUEUE-13: the signature is over what leaves, 7-bit and in short lines."""
    with signing_server() as server:
        text = "Grüße aus Köln am Rhein, wo alles seinen Gang geht\n".encode()
        html = b"<p>" + 300 * "lauter schöne Wörter ohne Zeilenende ".encode() + b"</p>\n"
        parts = b"--b\nContent-Type: text/plain; charset=utf-8\n\n" + text + (
            b"--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + html +
            b"--b\nContent-Type: image/x-noise\n\n" + bytes(range(128, 256)) * 40 + b"\n--b--\n")
        head = DRAFT.split(b"\n\n")[0] + b"\nMIME-Version: 1.0\n"
        for draft in (DRAFT.split(b"\n\n")[0] + b"\n\n" + text,
                      head + b'Content-Type: multipart/mixed; boundary="b"\n\n' + parts):
            message = submit(server, MJL, draft)
            expect(verified(server, message) == ["pass", "pass"], header_of(message))
            expect(message.isascii() and max(map(len, message.split(b"\r\n"))) <= 998, message)
            parsed = email.message_from_bytes(message)
            body = parsed.get_payload()[0] if parsed.is_multipart() else parsed
            expect(body.get_payload(decode=True).replace(b"\r\n", b"\n").startswith(text.rstrip()), message)


def a_key_that_is_gone_stops_the_message():
    with signing_server() as server:
        os.rename(server.path("r.pem"), server.path("away.pem"))
        status, output = swaks(server, MJL, DRAFT)
        expect(status != 0 and "451 4.7.5 The message cannot be signed" in output, output)
        server.await_log("cannot sign a message.*r.pem")
        done = subprocess.run([server.program("moxd"), "-t", "-c", server.path("moxd.conf")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        output = done.stdout.decode()
        expect(done.returncode == 1 and re.search(r'domains\.conf:2:\d+.*key of selector "r1"', output), output)
        os.rename(server.path("away.pem"), server.path("r.pem"))
        expect(verified(server, submit(server, MJL, DRAFT)) == ["pass", "pass"], "again")


def the_configuration_is_checked():
    with signing_server() as server:
        with open(server.path("domains.conf"), encoding="utf-8") as f:
            good = f.read()
        for old, new, problem in (
                ('sign = ["r1", "e1"]', 'sign = ["r1", "e2"]', 'there is no selector "e2"'),
                ('key = "r.pem"', 'key = "cert.pem"', "no private key in PEM"),
                ('key = "r.pem"', 'key = "none.pem"', "No such file"),
                ('selector "r1"', 'selector "r 1"', "cannot be part of a DNS name"),
                ("expiration = 7d", "expiration = 4d", "would expire while mail waits"),
                ('["From", "To"]', '["Subject", "To"]', "must cover From"),
                ('["From", "To"]', '["From", "T:"]', "not the name of a header field")):
            with open(server.path("domains.conf"), "w", encoding="utf-8") as f:
                f.write(good.replace(old, new, 1))
            done = subprocess.run([server.program("moxd"), "-t", "-c", server.path("moxd.conf")],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
            output = done.stdout.decode()
            expect(done.returncode == 1 and problem in output and "domains.conf:" in output,
                   "%s: %s" % (new, output))
        with open(server.path("domains.conf"), "w", encoding="utf-8") as f:
            f.write(good)


# --- incoming -------------------------------------------------------------------------------------------

REMOTE = "From: <a@remote.test>\r\nTo: mjl@mox.example\r\nSubject: hi\r\n\r\nHello  you \r\n\r\n"


def receive(server, message):
    """The Authentication-Results field that a message gets on port 25."""
    with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
        client.sendmail("a@remote.test", [MJL], message)
    header = header_of(last_message(server, MJL))
    field = re.search(r"^Authentication-Results: mox.example;\r\n((?:\s.*\r\n)*)", header, re.M)
    return re.sub(r"\r\n\s+", " ", field[1]).strip() if field else header


def reasoned(got, result, reason):
    expect(re.match(r'dkim=%s (\([a-z ]*\) )?reason="%s"' % (result, reason), got), got)


def verifying_server(**records):
    """Its local DNS data has these records of selectors."""
    conf = Conf()
    conf.services = ["smtp", "imap"]
    for name, text in records.items():
        local_data(conf, "%s._domainkey.remote.test" % name, text)
    finish_dns(conf)
    return Keys(conf, lambda server: None)


class Signer:
    """Keys outside of a server."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="dkim-keys-")
        make_key(self.path("rsa"), "rsa")
        make_key(self.path("ed25519"), "ed25519")
        with open(self.path("seed"), "wb") as f:  # python3-dkim wants the bare key
            f.write(base64.b64encode(openssl("pkey", "-in", self.path("ed25519"), "-outform", "DER")[-32:]))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def sign(self, selector, kind="rsa", canon="relaxed/relaxed", *options, message=REMOTE, domain="remote.test"):
        key = "seed" if kind == "ed25519" else kind
        return peer(message.encode(), "sign", self.path(key), selector, domain, "%s-sha256" % kind, canon,
                    *options)


def others_signatures_verify_here():
    with Signer() as signer:
        rsa, ed25519 = record(signer.path("rsa"), "rsa"), record(signer.path("ed25519"), "ed25519")
        bare = openssl("rsa", "-in", signer.path("rsa"), "-RSAPublicKey_out", "-outform", "DER")
        with verifying_server(
                rsa=rsa, ed25519=ed25519, bare="p=" + base64.b64encode(bare).decode(),
                testing=record(signer.path("rsa"), "rsa", "t=y;"), revoked="v=DKIM1;p=",
                chat=record(signer.path("rsa"), "rsa", "s=chat;"), twice=rsa) as server:
            for kind in ("rsa", "ed25519"):
                for canon in ("simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"):
                    got = receive(server, signer.sign(kind, kind, canon))
                    expect(got.startswith("dkim=pass (without dnssec) header.d=remote.test "
                                          "header.s=%s header.a=%s-sha256 header.b=" % (kind, kind)), got)
            for selector in ("bare", "testing"):
                got = receive(server, signer.sign(selector))
                expect(got.startswith("dkim=pass"), "%s: %s" % (selector, got))
            for selector, reason in (("revoked", "key revoked"), ("chat", "key not for email"), ("none", "no key")):
                reasoned(receive(server, signer.sign(selector)), "permerror", reason)
            changed = signer.sign("rsa").replace(b"Hello", b"hello")
            reasoned(receive(server, changed), "fail", "body hash does not match")
            changed = signer.sign("rsa").replace(b"Subject: hi", b"Subject: ho")
            reasoned(receive(server, changed), "fail", "signature does not match")
            changed = signer.sign("testing").replace(b"Hello", b"hello")
            reasoned(receive(server, changed), "none", "body hash does not match")
            got = receive(server, signer.sign("rsa", "rsa", "relaxed/relaxed", "length") + b"more\r\n")
            expect(got.startswith("dkim=pass (part of the body, "), got)
            got = receive(server, REMOTE.encode())
            expect(got == "dkim=none", got)
            got = receive(server, b"DKIM-Signature: nonsense\r\n" + REMOTE.encode())
            reasoned(got, "neutral", "malformed tags, or one twice")


def many_signatures_are_bounded():
    with Signer() as signer:
        with verifying_server(**{"k%d" % i: record(signer.path("rsa"), "rsa") for i in range(20)}) as server:
            got = receive(server, signer.sign("k", "rsa", "relaxed/relaxed", "20"))
            expect(got.count("dkim=pass") == 8, got)
            expect('dkim=policy reason="12 more signatures not looked at"' in got, got)
            expect("header.s=k19" in got and "header.s=k11" not in got, got)


def odd_keys():
    """Keys that would take long to compute with, or are too easy, or no keys."""
    with Signer() as signer:
        make_key(signer.path("small"), "rsa", 768)
        huge = "p=" + base64.b64encode(os.urandom(5000)).decode()
        small = record(signer.path("small"), "rsa")
        with verifying_server(small=small, huge=huge, junk="v=spf1 -all",
                              long="n=%s;p=AAAA" % ("x" * 9000)) as server:
            for selector, reason in (("small", "RSA key below 1024 bits"), ("huge", "malformed key"),
                                     ("junk", "unknown version of key record"),
                                     ("long", "key record too long")):
                reasoned(receive(server, signer.sign(selector)), "permerror", reason)


class SlowDns(threading.Thread):
    """A name server that answers nothing before it has seen `count` different questions for TXT."""

    def __init__(self, count, text):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.count = count
        self.text = text.encode()
        self.asked = set()
        self.waiting = []

    @property
    def server(self):
        return "127.0.0.1@%d" % self.socket.getsockname()[1]

    def answer(self, query):
        end = query.index(b"\0", 12) + 5
        question = query[12:end]
        if question[-4:-2] != b"\0\x10":
            return query[:2] + struct.pack(">HHHHH", 0x8500, 1, 0, 0, 0) + question
        parts = [self.text[i:i + 200] for i in range(0, len(self.text), 200)]
        rdata = b"".join(bytes([len(p)]) + p for p in parts)
        return (query[:2] + struct.pack(">HHHHH", 0x8500, 1, 1, 0, 0) + question
                + b"\xc0\x0c" + struct.pack(">HHIH", 16, 1, 60, len(rdata)) + rdata)

    def run(self):
        while True:
            query, address = self.socket.recvfrom(4096)
            end = query.index(b"\0", 12) + 5
            if query[end - 4:end - 2] != b"\0\x10":
                self.socket.sendto(self.answer(query), address)
                continue
            self.asked.add(query[12:end].lower())
            self.waiting.append((query, address))
            while len(self.asked) >= self.count and self.waiting:
                query, address = self.waiting.pop()
                self.socket.sendto(self.answer(query), address)


def all_keys_are_asked_for_at_once():
    """The name server answers none before all were asked for."""
    with Signer() as signer:
        dns = SlowDns(8, record(signer.path("ed25519"), "ed25519"))
        dns.start()
        conf = Conf()
        conf.services = ["smtp", "imap"]
        anchor = signer.path("anchor")
        with open(anchor, "w", encoding="ascii") as f:
            f.write("signed.test. IN DS 1 8 2 %s\n" % ("ab" * 32))
        os.chmod(signer.dir, 0o755)
        conf.add("top", 'dns {\ntrust-anchor = "%s"\nstub "slow.example" { server = "%s" }\n}' % (anchor, dns.server))
        with Keys(conf, lambda server: None) as server:
            message = signer.sign("k", "ed25519", "relaxed/relaxed", "8", domain="slow.example")
            got = receive(server, message)
            expect(got.count("dkim=pass") == 8, got)


def key_commands():
    with Signer() as signer, verifying_server(known=record(signer.path("rsa"), "rsa", "t=y;"), gone="p=") as server:
        def ctl(*args, text=None, status=0):
            code, output = server.moxctl("dkim", *args, text=text, check=False)
            expect(code == status, "%s: %s" % (args, output))
            return output

        for command, kind, lines in (("genrsa", "rsa", 5), ("gened25519", "ed25519", 1)):
            pem = ctl(command)
            expect(pem.startswith("-----BEGIN PRIVATE KEY-----"), pem)
            with open(server.path("new.pem"), "w", encoding="ascii") as f:
                f.write(pem)
            txt = ctl("txt", server.path("new.pem"))
            expect(ctl("txt", text=pem) == txt, txt)
            want = "v=DKIM1;h=sha256;%sp=%s" % ("k=ed25519;" * (kind == "ed25519"),
                                                public_key(server.path("new.pem"), kind))
            strings = re.findall(r'"(.*)"', txt)
            expect("".join(strings) == want and max(map(len, strings)) <= 100, txt)
            expect(len(strings) == lines and ("TXT (\n" in txt) == (lines > 1), txt)
            expect((want + "\n" in txt.split('"')[-1]) == (lines > 1), txt)
        output = ctl("lookup", "known", "remote.test")
        expect("name: known._domainkey.remote.test\n" in output and "key: RSA, 2048 bits" in output
               and "test mode" in output and "dns: not authentic" in output, output)
        expect("key: revoked" in ctl("lookup", "gone", "remote.test"), "gone")
        expect("no key" in ctl("lookup", "none", "remote.test", status=1), "none")
        expect("no private key" in ctl("txt", text="x", status=1), "txt")
        signed = signer.sign("known").replace(b"\r\n", b"\n").decode()
        output = ctl("verify", "-", text=signed)
        expect(output.startswith("pass\n    d=remote.test s=known a=rsa-sha256"), output)
        expect("no signature passes" in ctl("verify", "-", text=signed.replace("Hello", "hello"), status=1), "bad")
        expect("has no DKIM signature" in ctl("verify", "-", text=REMOTE, status=1), "unsigned")


def the_sign_command():
    with signing_server() as server:
        text = DRAFT.decode()
        fields = server.moxctl("dkim", "sign", "-", text=text)[1]
        message = (fields.replace("\r\n", "\n") + text).replace("\n", "\r\n").encode()
        expect(verified(server, message) == ["pass", "pass"], fields)
        output = server.moxctl("dkim", "sign", "-", text=text.replace("mox.example", "x.example"), check=False)
        expect(output[0] == 1 and "no selector signs" in output[1], output)


def new_domains_get_keys():
    with signing_server() as server:
        output = server.moxctl("domain", "add", "b\u00fccher.example")[1]
        year = datetime.datetime.now(datetime.timezone.utc).year
        names = re.findall(r"^(\S+)\. TXT \(", output, re.M)
        expect(names == ["%d%s._domainkey.xn--bcher-kva.example" % (year, c) for c in "ab"], output)
        files = sorted(os.listdir(server.path("data", "dkim")))
        for name, letter in zip(files, "ab"):
            expect(re.fullmatch(r"%d%s\._domainkey\.xn--bcher-kva\.example\.[0-9T]{15}\.rsa2048\.privatekey"
                                r"\.pkcs8\.pem" % (year, letter), name), files)
            expect(os.stat(server.path("data", "dkim", name)).st_mode & 0o777 == 0o600, name)
        expect(len(files) == 2, files)
        server.moxctl("address", "add", "mjl@b\u00fccher.example", "mjl")
        records = dict(re.findall(r"^(\S+)\. TXT \((.*?)\)", output, re.M | re.S))
        with open(server.path("dns.txt"), "a", encoding="ascii") as f:
            for name, text in records.items():
                f.write("%s %s\n" % (name, "".join(re.findall(r'"(.*)"', text))))
        message = submit(server, MJL, DRAFT.replace(b"mjl@mox.example", b"mjl@xn--bcher-kva.example"))
        expect("d=xn--bcher-kva.example; s=%da;" % year in header_of(message), header_of(message))
        expect(verified(server, message) == ["pass"], header_of(message))
        status, output = server.moxctl("domain", "add", "b\u00fccher.example", check=False)
        expect(status == 1 and "exists already" in output, output)
        expect(len(os.listdir(server.path("data", "dkim"))) == 2, "keys made in vain")


def selectors_are_changed_by_commands():
    with signing_server() as server:
        def refused(what, *args):
            status, output = server.moxctl("dkim", "selectors", *args, check=False)
            expect(status != 0 and what in output, output)

        before = server.moxctl("dkim", "selectors", "list", "mox.example")[1]
        expect([line.split("\t")[:2] for line in before.splitlines()]
               == [["r1", "signs"], ["e1", "signs"], ["next", "ready"]], before)
        output = server.moxctl("dkim", "selectors", "add", "MOX.example", "n1", "ed25519")[1]
        text = re.search(r'^n1\._domainkey\.mox\.example\. TXT "(v=DKIM1;.*)"$', output, re.M).group(1)
        path = re.search(r"^key: (\S+)$", output, re.M).group(1)
        expect(re.search(r"/n1\._domainkey\.mox\.example\.\d+T\d+\.ed25519\.privatekey\.pkcs8\.pem$", path), path)
        expect(os.stat(path).st_mode & 0o77 == 0, "others can read the key")
        expect(public_key(path, "ed25519") in text, text)
        with open(server.path("dns.txt"), "a", encoding="ascii") as f:
            f.write("n1._domainkey.mox.example %s\n" % text)
        message = submit(server, MJL, DRAFT)
        expect("s=n1;" not in header_of(message), "it signs before its record is known")
        keys = sorted(os.listdir(os.path.dirname(path)))
        refused("already", "add", "mox.example", "n1")
        expect(sorted(os.listdir(os.path.dirname(path))) == keys, "a key that nobody knows of")
        refused("there is no domain", "add", "elsewhere.example", "n1")
        refused("rsa or ed25519", "add", "mox.example", "n2", "dsa")
        refused("there is no selector", "use", "mox.example", "n2")
        refused("there twice", "use", "mox.example", "n1", "n1")
        refused("signs", "rm", "mox.example", "r1")
        refused("no selector", "rm", "mox.example", "n2")
        server.moxctl("dkim", "selectors", "use", "mox.example", "n1")
        message = submit(server, MJL, DRAFT)
        expect(header_of(message).count("DKIM-Signature") == 1 and "s=n1;" in header_of(message), header_of(message))
        expect(verified(server, message) == ["pass"], header_of(message))
        server.moxctl("dkim", "selectors", "rm", "mox.example", "r1")
        after = server.moxctl("dkim", "selectors", "list", "mox.example")[1]
        expect([line.split("\t")[:2] for line in after.splitlines()]
               == [["e1", "ready"], ["next", "ready"], ["n1", "signs"]], after)
        server.moxctl("dkim", "selectors", "use", "mox.example")
        expect("DKIM-Signature" not in header_of(submit(server, MJL, DRAFT)), "it signs with nothing")


if __name__ == "__main__":
    sys.exit(run_tests([
        submitted_mail_verifies_elsewhere, the_from_header_chooses_the_domain, large_and_empty_messages,
        encoded_before_it_is_signed,
        a_key_that_is_gone_stops_the_message, the_configuration_is_checked, others_signatures_verify_here,
        many_signatures_are_bounded, odd_keys, all_keys_are_asked_for_at_once,
        key_commands, the_sign_command, new_domains_get_keys,
        selectors_are_changed_by_commands]))
