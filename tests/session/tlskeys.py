#!/usr/bin/env python3
# proves: AUTH-05, AUTH-06, AUTH-07, AUTH-08, AUTH-09, AUTH-10, AUTH-11, AUTH-13, IMAP-14, P-IMAP-04, P-SMTP-02
"""Logging in with the key of a TLS client: PREAUTH, EXTERNAL, submission without AUTH; whose key it is, and
what it cannot do."""

import base64
import imaplib
import os
import smtplib
import socket
import ssl
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402

MJL, SECOND, OTHER = "mjl@mox.example", "second@mox.example", "other@mox.example"


class Keys(Server):
    """A server, and clients with keys of their own."""

    def __init__(self):
        conf = Conf()
        conf.services = ["imap", "imaps", "submission", "submissions"]
        conf.add("module auth", "failure-delay = 0s")
        super().__init__(conf)

    def make(self, name):
        self.moxctl("tlspubkey", "gen", self.path(name))
        return self

    def allow(self, name, *args):
        with open(self.path(name + ".cert.pem"), encoding="ascii") as f:
            return self.moxctl("tlspubkey", "add", *args, text=f.read())[1].split()[0]

    def tls(self, name=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if name:
            context.load_cert_chain(self.path(name + ".cert.pem"), self.path(name + ".key.pem"))
        return context

    def imaps(self, name=None):
        return imaplib.IMAP4_SSL(*self.address("imaps"), ssl_context=self.tls(name), timeout=PATIENCE)

    def starttls(self, name):
        client = imaplib.IMAP4(*self.address("imap"), timeout=PATIENCE)
        client.starttls(ssl_context=self.tls(name))
        return client

    def submissions(self, name=None):
        return smtplib.SMTP_SSL(*self.address("submissions"), context=self.tls(name), timeout=PATIENCE)


def external(client, authzid=""):
    """OK or NO, and the text."""
    try:
        return client.authenticate("EXTERNAL", lambda _: authzid.encode())
    except imaplib.IMAP4.error as e:
        return "NO", [str(e).encode()]


def logs_in(client, user):
    try:
        return client.login(user, PASSWORD)[0] == "OK"
    except imaplib.IMAP4.error:
        return False


def greeting(client):
    return client.welcome.split(b" ")[1]


def imap_greets_known_keys_as_logged_in():
    with Keys() as server:
        server.make("phone").make("stranger")
        fingerprint = server.allow("phone", MJL, "My phone")
        with server.imaps("phone") as client:
            expect(greeting(client) == b"PREAUTH" and b"IDLE" in client.welcome, client.welcome)
            expect(client.select("INBOX")[0] == "OK", "SELECT")
        with socket.create_connection(server.address("imaps"), timeout=PATIENCE) as raw:
            with server.tls("phone").wrap_socket(raw) as sock:
                lines = sock.makefile("rwb", 0)
                expect(lines.readline().startswith(b"* PREAUTH "), "greeting")
                lines.write(b"t1 LOGIN %s \"x\"\r\n" % MJL.encode())
                expect(lines.readline().startswith(b"t1 BAD"), "LOGIN after PREAUTH")
                lines.write(b"t2 AUTHENTICATE EXTERNAL =\r\n")
                expect(lines.readline().startswith(b"t2 BAD"), "AUTHENTICATE after PREAUTH")
        for name in (None, "stranger"):
            with server.imaps(name) as client:
                expect(greeting(client) == b"OK", "%s: %s" % (name, client.welcome))
                expect(("AUTH=EXTERNAL" in client.capabilities) == bool(name), client.capabilities)
                expect(external(client)[0] == "NO", "EXTERNAL of %s" % name)
                expect(logs_in(client, OTHER), "a password after that")
        server.restart()
        with server.imaps("phone") as client:
            expect(greeting(client) == b"PREAUTH", "after a restart: %s" % client.welcome)
        server.moxctl("tlspubkey", "rm", fingerprint)
        with server.imaps("phone") as client:
            expect(greeting(client) == b"OK" and external(client)[0] == "NO", "after its removal")


def external_names_an_address_of_the_account():
    with Keys() as server:
        server.make("laptop").allow("laptop", MJL)
        for authzid, works in (("", True), (MJL, True), (SECOND, True), (OTHER, False), ("x" * 400, False),
                               ("a\0b", False), ("no such name", False)):
            client = server.starttls("laptop")
            expect(greeting(client) == b"OK" and "AUTH=EXTERNAL" in client.capability()[1][0].decode(), authzid)
            expect((external(client, authzid)[0] == "OK") == works, "EXTERNAL as %r" % authzid[:20])
            client.shutdown()
        with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
            expect("AUTH=EXTERNAL" not in client.capability()[1][0].decode(), "without TLS")
            expect(external(client)[0] == "NO", "without TLS")


def keys_may_go_without_preauth():
    """And other mechanisms may be used with them, for the same account."""
    with Keys() as server:
        server.make("old").allow("old", "-no-preauth", SECOND, "Old Mail")
        for user, works in ((OTHER, False), (MJL, True), (SECOND, True)):
            with server.imaps("old") as client:
                expect(greeting(client) == b"OK", client.welcome)
                expect(logs_in(client, user) == works, "a password of %s" % user)
        with server.imaps("old") as client:
            expect(external(client)[0] == "OK", "EXTERNAL")
        expect(" mjl %s no-preauth Old Mail\n" % SECOND in server.moxctl("tlspubkey", "list")[1], "list")


def submission_needs_no_auth_then():
    with Keys() as server:
        server.make("phone").make("stranger").allow("phone", MJL)
        message = "From: <%s>\r\nSubject: by key\r\n\r\n.\r\n"
        with server.submissions("phone") as client:
            client.sendmail(MJL, [OTHER], message % MJL)
            expect(client.mail(OTHER)[0] >= 500, "the sender of somebody else")
        with smtplib.SMTP(*server.address("submission"), timeout=PATIENCE) as client:
            client.starttls(context=server.tls("phone"))
            client.sendmail(SECOND, [OTHER], message % SECOND)
        for name in (None, "stranger"):
            with server.submissions(name) as client:
                client.ehlo()
                expect(("EXTERNAL" in client.esmtp_features["auth"]) == bool(name), client.esmtp_features)
                expect(client.mail(MJL)[0] == 530, "MAIL of %s" % name)
        with server.submissions("phone") as client:
            client.ehlo()
            expect(client.docmd("AUTH EXTERNAL =")[0] == 235, "EXTERNAL")
        for user, works in ((OTHER, False), (MJL, True)):
            with server.submissions("phone") as client:
                client.ehlo()
                plain = base64.b64encode(b"\0%s\0%s" % (user.encode(), PASSWORD.encode())).decode()
                expect((client.docmd("AUTH PLAIN " + plain)[0] == 235) == works, "a password of %s" % user)
        with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
            client.login(OTHER, PASSWORD)
            expect(client.select("INBOX")[1] == [b"2"], "delivered")


def only_the_public_key_counts():
    """Neither dates nor names of a certificate; a key is of one account; accounts have several."""
    with Keys() as server:
        server.make("a").make("b").allow("a", MJL, "one")
        server.allow("b", SECOND, "two")
        expect(len(server.moxctl("tlspubkey", "list", "mjl")[1].splitlines()) == 2, "two keys")
        expect(server.moxctl("tlspubkey", "list", "other")[1] == "", "of the other")
        with open(server.path("a.cert.pem"), encoding="ascii") as f:
            status, output = server.moxctl("tlspubkey", "add", OTHER, text=f.read(), check=False)
        expect(status != 0 and "there already, for " + MJL in output, output)
        subprocess.run(["openssl", "req", "-x509", "-new", "-key", server.path("a.key.pem"), "-subj",
                        "/CN=nobody at all", "-days", "1", "-out", server.path("other.pem")], check=True)
        subprocess.run(["openssl", "x509", "-in", server.path("other.pem"), "-signkey",
                        server.path("a.key.pem"), "-days", "-1", "-out", server.path("a.cert.pem")], check=True)
        with server.imaps("a") as client:
            expect(greeting(client) == b"PREAUTH", client.welcome)
        public = subprocess.run(["openssl", "pkey", "-in", server.path("a.key.pem"), "-pubout"],
                                check=True, stdout=subprocess.PIPE).stdout.decode()
        first = server.moxctl("tlspubkey", "list")[1].split("\n")
        fingerprint = next(line for line in first if line.endswith("one")).split()[0]
        server.moxctl("tlspubkey", "rm", fingerprint)
        added = server.moxctl("tlspubkey", "add", MJL, text=public)[1].split()[0]
        expect(added == fingerprint, "of the public key alone: %s" % added)
        expect(server.moxctl("tlspubkey", "get", added)[1].startswith(added + " mjl "), "get")


def accounts_decide():
    with Keys() as server:
        server.make("k").allow("k", MJL)
        server.moxctl("account", "disable", "mjl", "closed for a while")
        with server.imaps("k") as client:
            expect(greeting(client) == b"OK", "of a disabled account: %s" % client.welcome)
            status, text = external(client)
            expect(status == "NO" and b"closed for a while" in text[0], "EXTERNAL: %s" % text)
        with server.submissions("k") as client:
            expect(client.mail(MJL)[0] >= 500, "MAIL of a disabled account")
        server.moxctl("account", "rm", "mjl")
        expect(server.moxctl("tlspubkey", "list")[1] == "", "keys of an account that is gone")
        server.moxctl("account", "add", "mjl", MJL)
        with server.imaps("k") as client:
            expect(greeting(client) == b"OK", "of a new account of that name: %s" % client.welcome)


def bad_input_is_refused():
    with Keys() as server:
        server.make("k")
        status, output = server.moxctl("tlspubkey", "gen", server.path("k"), check=False)
        expect(status != 0 and "there already" in output, output)
        for args, text in ((["add", MJL], "no PEM"), (["add", "none@mox.example"], ""), (["add", MJL, "a\nb"], "x"),
                           (["add", MJL], "x" * 70000), (["rm", "00"], ""), (["rm", "zz" * 32], ""),
                           (["get", "00" * 32], ""), (["rm", "00" * 32], "")):
            status, output = server.moxctl("tlspubkey", *args, text=text, check=False)
            expect(status != 0 and output, "%s: %s" % (args, output))


run_tests([
    imap_greets_known_keys_as_logged_in,
    external_names_an_address_of_the_account,
    keys_may_go_without_preauth,
    submission_needs_no_auth_then,
    only_the_public_key_counts,
    accounts_decide,
    bad_input_is_refused,
])
