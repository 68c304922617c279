#!/usr/bin/env python3
# proves: AUTH-19
# proves in part: AUTH-20
"""What was said to log in on one TLS connection is worth nothing on another; and what mail programs say that have a
client certificate (doc/clients.md) logs them in."""

import base64
import os
import ssl
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_client import Client  # noqa: E402
from moxd_server import PASSWORD, Conf, Server  # noqa: E402
from sasl_client import Scram  # noqa: E402

MJL, SECOND, OTHER = "mjl@mox.example", "second@mox.example", "other@mox.example"


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


class Keys(Server):
    """A server that knows two keys of mjl: `phone`, and `old`, which gets no PREAUTH."""

    def __init__(self):
        conf = Conf()
        conf.services = ["imaps", "imap", "submissions", "submission"]
        conf.add("module auth", "failure-delay = 0s")
        super().__init__(conf)

    def __enter__(self):
        super().__enter__()
        self.add_key("phone", MJL)
        self.add_key("old", "-no-preauth", MJL)
        return self

    def add_key(self, name, *args):
        self.moxctl("tlspubkey", "gen", self.path(name))
        with open(self.path(name + ".cert.pem"), encoding="ascii") as f:
            self.moxctl("tlspubkey", "add", *args, text=f.read())


class Session(Client):
    """A client on TLS 1.2, of which Python knows the channel binding."""

    def __init__(self, server, service, key=None):
        super().__init__(server.address(service), service, implicit_tls=False)
        self.server, self.key = server, key
        if service.endswith("s"):
            self.tls()

    def tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if self.key:
            context.load_cert_chain(self.server.path(self.key + ".cert.pem"), self.server.path(self.key + ".key.pem"))
        self.sock = context.wrap_socket(self.sock)
        self.binding = self.sock.get_channel_binding("tls-unique")

    def say(self, text):
        self.send(text.encode() + b"\r\n")

    def answer(self):
        """The last line of an answer: tagged, a continuation, or a reply."""
        while True:
            line = self.line().decode()
            if self.service.startswith("imap") and not line.startswith("* "):
                return line
            if self.service.startswith("sub") and line[3:4] != "-":
                return line

    def ask(self, text):
        self.say(text)
        return self.answer()


def imaps(server, key=None):
    session = Session(server, "imaps", key)
    session.welcome = session.line().decode()
    return session


def submissions(server, key=None, service="submissions"):
    session = Session(server, service, key)
    session.answer()
    if service == "submission":
        session.ask("EHLO [192.0.2.5]")
        expect(session.ask("STARTTLS").startswith("220"), "STARTTLS")
        session.tls()
    session.ehlo = session.ask("EHLO [192.0.2.5]")
    return session


# --- on another connection ------------------------------------------------------------------------------------


def scram(session, client, said=None):
    """SCRAM-SHA-256-PLUS; what the client says is put into `said`. The last answer."""
    first = b64(client.first)
    answer = session.ask("a AUTHENTICATE SCRAM-SHA-256-PLUS " + first)
    expect(answer.startswith("+ "), answer)
    final = b64(client.respond(base64.b64decode(answer[2:])))
    if said is not None:
        said += [first, final]
    return session.ask(final)


def a_captured_scram_exchange_is_useless():
    with Keys() as server:
        said = []
        mine = imaps(server)
        client = Scram("sha256", MJL, PASSWORD, ("tls-unique", mine.binding))
        answer = scram(mine, client, said)
        expect(answer.startswith("+ "), answer)
        client.respond(base64.b64decode(answer[2:]))
        expect(mine.ask("").startswith("a OK"), "the client itself")
        stranger = imaps(server)
        expect(stranger.ask("a AUTHENTICATE SCRAM-SHA-256-PLUS " + said[0]).startswith("+ "), "the first message")
        expect(stranger.ask(said[1]).startswith("a NO"), "the second one")


def a_relayed_scram_exchange_is_useless():
    """A client speaks to somebody in between, who tells the server all of it as it comes."""
    with Keys() as server:
        to_the_man_in_the_middle, his_own = imaps(server), imaps(server)
        expect(to_the_man_in_the_middle.binding != his_own.binding, "the bindings")
        client = Scram("sha256", MJL, PASSWORD, ("tls-unique", to_the_man_in_the_middle.binding))
        expect(scram(his_own, client).startswith("a NO"), "relayed")
        client = Scram("sha256", MJL, PASSWORD, ("tls-unique", his_own.binding))
        expect(scram(his_own, client).startswith("+ "), "of the connection itself")


def external_is_worth_nothing_elsewhere():
    """What is said there is no secret: it is the key of the TLS connection that counts."""
    with Keys() as server:
        for said in ("a AUTHENTICATE EXTERNAL =", "a AUTHENTICATE EXTERNAL " + b64(MJL)):
            expect(imaps(server, "old").ask(said).startswith("a OK"), "the client itself")
            expect(imaps(server).ask(said).startswith("a NO"), "somebody else: " + said)
        for said in ("AUTH EXTERNAL =", "AUTH EXTERNAL " + b64(MJL)):
            expect(submissions(server, "phone").ask(said).startswith("235"), "the client itself")
            expect(not submissions(server).ask(said).startswith("235"), "somebody else: " + said)


# --- what programs say ----------------------------------------------------------------------------------------


def may_send(session):
    expect(session.ask("MAIL FROM:<%s>" % MJL).startswith("250"), "MAIL")


def thunderbird():
    with Keys() as server:
        for service in ("submissions", "submission"):
            session = submissions(server, "phone", service)
            expect(session.ask("AUTH EXTERNAL =").startswith("235"), service)
            may_send(session)
        session = imaps(server, "phone")
        expect(session.welcome.startswith("* PREAUTH"), session.welcome)
        expect(session.ask('1 select "INBOX"').startswith("1 OK"), "select")
        session = imaps(server, "old")
        expect(session.ask("1 authenticate EXTERNAL " + b64(SECOND)).startswith("1 OK"), "authenticate")


def k9_mail():
    """Says its user name, without a look for SASL-IR; needs to be told of EXTERNAL before."""
    with Keys() as server:
        session = imaps(server, "old")
        expect("AUTH=EXTERNAL" in session.welcome, session.welcome)
        expect(session.ask("1 AUTHENTICATE EXTERNAL " + b64(MJL)).startswith("1 OK"), "IMAP")
        session = submissions(server, "phone")
        expect(session.ask("AUTH EXTERNAL " + b64(MJL)).startswith("235"), "SMTP")
        may_send(session)
        expect(imaps(server, "phone").ask("1 AUTHENTICATE EXTERNAL " + b64(MJL)).startswith("1 BAD"),
               "which is why there is -no-preauth")


def faire_mail():
    """Has a certificate, and a password besides, which must be of the same account."""
    with Keys() as server:
        plain = b64("\0%s\0%s" % (MJL, PASSWORD))
        expect(imaps(server, "phone").welcome.startswith("* PREAUTH"), "PREAUTH")
        expect(imaps(server, "old").ask("A1 AUTHENTICATE PLAIN " + plain).startswith("A1 OK"), "IMAP")
        session = submissions(server, "phone")
        expect(session.ask("AUTH PLAIN " + plain).startswith("235"), "SMTP")
        may_send(session)
        other = b64("\0%s\0%s" % (OTHER, PASSWORD))
        expect(imaps(server, "old").ask("A1 AUTHENTICATE PLAIN " + other).startswith("A1 NO"), "another account")


def without_an_initial_response():
    """The forms that are left (RFC 4422 A.1, RFC 4954 4): nothing but the name, then an empty answer or a name."""
    with Keys() as server:
        for response in ("", b64(MJL)):
            session = imaps(server, "old")
            expect(session.ask("1.3 AUTHENTICATE EXTERNAL").startswith("+ "), "a continuation")
            expect(session.ask(response).startswith("1.3 OK"), "IMAP: %r" % response)
            session = submissions(server, "phone")
            expect(session.ask("AUTH EXTERNAL").startswith("334"), "a continuation")
            expect(session.ask(response).startswith("235"), "SMTP: %r" % response)
            may_send(session)
        may_send(submissions(server, "phone"))  # who says nothing at all


run_tests([
    a_captured_scram_exchange_is_useless,
    a_relayed_scram_exchange_is_useless,
    external_is_worth_nothing_elsewhere,
    thunderbird,
    k9_mail,
    faire_mail,
    without_an_initial_response,
])
