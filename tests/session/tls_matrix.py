#!/usr/bin/env python3
# proves: QUEUE-13, QUEUE-19, QUEUE-20, QUEUE-21, P-QUEUE-14, SUBM-03, DANE-02, TLSRPT-05
# proves in part: QUEUE-22, DANE-01, MTASTS-01, P-QUEUE-01
# (FUTURERELEASE of P-QUEUE-14 is in queue_dsn.py and queue_commands.py.)
"""Whether a message leaves, and how well protected: for each policy of the recipient's domain, each kind of server, and
each wish of the sender. Zones are signed, policies come over HTTPS, servers are real ones."""

import contextlib
import os
import re
import smtplib
import ssl
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, Conf, Server, Skip, built  # noqa: E402
from policy_server import PolicyServer  # noqa: E402
from signed_zones import SignedZones, free_port  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402
from test_ca import TestCa, tlsa  # noqa: E402

POLICIES = ("none", "testing", "enforce", "dane", "both")
SERVERS = ("good", "wrongname", "expired", "plain", "broken")
WISHES = ("default", "requiretls", "optional")


def expected(policy, server, wish):
    """"tls": arrives so; "clear"; "later": not now; "never": fails at once."""
    opportunistic = "tls" if server in ("good", "wrongname", "expired") else "clear"
    if wish == "optional":  # RFC 8689 5: whatever policies say
        return opportunistic
    # What the certificate proves. DANE-EE looks at the key only (RFC 7672 3.1.1).
    proven = {
        "none": False,  # nor does DNSSEC say which host it is to be
        "testing": server == "good",  # the policy lists the host (RFC 8689 4.2.1), and enforces nothing (RFC 8461 5)
        "enforce": server == "good",
        "dane": server in ("good", "wrongname", "expired"),
        "both": server == "good",  # DANE-02
    }[policy]
    if wish == "requiretls":  # QUEUE-20
        return "tls" if proven else "never"
    if policy in ("none", "testing"):
        return opportunistic
    return "tls" if proven else "later"


DOMAINS = {"%s-%s.example" % (p, s): (p, s) for p in POLICIES for s in SERVERS}
ADDRESSES = {server: "127.0.0.%d" % (11 + i) for i, server in enumerate(SERVERS)}
MODULES = ("smtpclient", "queue", "dane", "mtasts", "reports", "tlsrpt")


def hosts(server):
    return ["mx." + domain for domain, (_, s) in DOMAINS.items() if s == server]


class Certificates:
    def __init__(self, directory):
        self.ca = TestCa(directory)
        self.of = {
            "good": self.ca.issue("good", hosts("good")),
            "wrongname": self.ca.issue("wrongname", ["elsewhere.example"]),
            "expired": self.ca.issue("expired", hosts("expired"), expired=True),
            "plain": None,
            "broken": None,
        }
        self.policies = self.ca.issue("policies", ["mta-sts." + domain for domain in DOMAINS])

    def record(self, server):
        """A TLSA record that is right for the key of the server, where it has one."""
        return tlsa((self.of[server] or self.of["good"])[0], 3, 1, 1)


def records(domain, certificates, port):
    policy, server = DOMAINS[domain]
    lines = ["@ MX 10 mx", "mx A " + ADDRESSES[server]]
    if policy in ("testing", "enforce", "both"):
        lines += ['_mta-sts TXT "v=STSv1; id=1;"', "mta-sts A 127.0.0.1"]
    if policy in ("dane", "both"):
        lines += ["_%d._tcp.mx TLSA %s" % (p, certificates.record(server)) for p in {25, port}]
    return lines


def serve_policies(https):
    """RFC 8461 3.3: policies over HTTPS."""
    for domain, (policy, _) in DOMAINS.items():
        mode = "testing" if policy == "testing" else "enforce"
        text = "version: STSv1\r\nmode: %s\r\nmx: mx.%s\r\nmax_age: 86400\r\n" % (mode, domain)
        https.answers["mta-sts.%s/.well-known/mta-sts.txt" % domain] = (200, "text/plain", text.encode())


class World(contextlib.ExitStack):
    """Servers, zones, policies, and a moxd that sends to them."""

    def __init__(self):
        super().__init__()
        self.dir = self.enter_context(tempfile.TemporaryDirectory())
        os.chmod(self.dir, 0o755)
        self.certificates = Certificates(self.dir)
        port, self.sinks = free_port(), {}
        for server, address in ADDRESSES.items():
            self.sinks[server] = self.enter_context(SmtpSink(
                address, port, tls=self.certificates.of[server], broken_tls=server == "broken",
                tls_extensions=["REQUIRETLS"]))
        https = self.enter_context(PolicyServer(*self.certificates.policies))
        serve_policies(https)
        zones = self.enter_context(SignedZones(
            {domain: records(domain, self.certificates, port) for domain in DOMAINS},
            unsigned=[d for d, (policy, _) in DOMAINS.items() if policy not in ("dane", "both")]))
        self.moxd = self.enter_context(Server(self.conf(zones, port, https.port)))

    def conf(self, zones, port, policy_port):
        conf = Conf()
        conf.modules += MODULES
        conf.services = ["submissions", "imap"]
        conf.add("top", zones.dns_block())
        conf.add("top", 'tls { ca = ["%s"] no-system-ca = true }' % self.certificates.ca.cert)
        conf.add("module queue", "port = %d" % port)
        conf.add("module mtasts", "port = %d" % policy_port)
        return conf

    def submit(self, wish):
        """One message for all domains."""
        options = ["REQUIRETLS"] if wish == "requiretls" else []
        header = "TLS-Required: No\r\n" if wish == "optional" else ""
        client = smtplib.SMTP_SSL(*self.moxd.address("submissions"), context=ssl._create_unverified_context())
        client.login("mjl@mox.example", PASSWORD)
        client.sendmail("mjl@mox.example", [wish + "@" + domain for domain in DOMAINS],
                        "From: mjl@mox.example\r\nSubject: %s\r\n%s\r\nHello.\r\n" % (wish, header), options)
        client.quit()


OUTCOMES = {"retry": "later", "failed": "never"}


def outcome(world, wish, domain):
    """What became of the first attempt, as the log tells."""
    line = r'msg="(delivered|retry|failed)" .*to=%s@%s .*tls="?([^ "]*)' % (wish, domain)
    world.moxd.await_log(line)
    result, tls = next(m.groups() for m in map(re.compile(line).search, world.moxd.log) if m)
    return OUTCOMES.get(result) or ("tls" if tls else "clear")


def check(world, wish):
    world.submit(wish)
    wrong = []
    for domain, (policy, server) in DOMAINS.items():
        wanted, seen = expected(policy, server, wish), outcome(world, wish, domain)
        if seen != wanted:
            wrong.append("%s, server %s: %s instead of %s" % (policy, server, seen, wanted))
    expect(not wrong, "\n".join(wrong))


def what_arrived(world):
    """The servers saw what the log says: nothing came in clear that should not."""
    for server, sink in world.sinks.items():
        for message in sink.messages:
            for rcpt in message.rcpts:
                wish, domain = rcpt.split("@")
                wanted = expected(DOMAINS[domain][0], server, wish)
                expect(wanted == ("tls" if message.tls else "clear"), "%s: %s" % (rcpt, message.tls))
                # P-QUEUE-14: the next server is told to keep to it
                expect(("REQUIRETLS" in message.mail_params) == (wish == "requiretls"), "%s: %s" % (rcpt, message.mail_params))


WORLD = []  # the one that all tests share, made by the first


def world():
    for module in MODULES:
        if not built(module):
            raise Skip("the module %s is not built" % module)
    if not WORLD:
        WORLD.append(World())
    return WORLD[0]


def by_default():
    check(world(), "default")


def with_requiretls():
    check(world(), "requiretls")


def with_tls_required_no():
    check(world(), "optional")


def results_are_kept_for_reports():
    """Of MTA-STS for the domain of the recipient, of DANE for the host (TLSRPT-05)."""
    text = world().moxd.moxctl("tlsrpt", "results")[1]
    for wanted in ("enforce-good.example sts successful=3 failed=0", "enforce-wrongname.example sts successful=0 failed=",
                   "both-good.example sts successful=3 failed=0", "mx.both-good.example tlsa successful=3 failed=0",
                   "mx.dane-expired.example tlsa successful=3 failed=0", "mx.dane-plain.example tlsa successful=0 failed=",
                   "both-plain.example sts successful=0 failed=",
                   "certificate-expired sessions=3 from=127.0.0.1 host=mx.testing-expired.example"):
        expect(" " + wanted in text, "%s is not in\n%s" % (wanted, text))


def servers_saw_the_same():
    what_arrived(world())


def what_servers_offer_is_remembered():
    """QUEUE-19: by domain and account, also of attempts that came to nothing."""
    text = world().moxd.moxctl("queue", "offers", "mjl")[1]
    for wanted in ("none-good.example starttls=yes requiretls=yes", "enforce-wrongname.example starttls=yes requiretls=yes",
                   "none-plain.example starttls=no requiretls=no", "enforce-plain.example starttls=no requiretls=no"):
        expect(" %s\n" % wanted in text, "%s is not in\n%s" % (wanted, text))
    expect(len(text.splitlines()) == len(DOMAINS), text)
    expect(world().moxd.moxctl("queue", "offers", "other")[1] == "", "of another account")


def released_by_the_administrator():
    """QUEUE-13: what a policy keeps back is sent all the same; and what was to be sent is not, without REQUIRETLS."""
    moxd = world().moxd
    moxd.moxctl("queue", "holdrules", "add", "to=none-good.example")
    world().submit("changed")  # as "default"
    stuck = [d for d, (policy, server) in DOMAINS.items() if expected(policy, server, "default") == "later"]
    for domain in stuck:
        moxd.await_log(r'msg="?retry.* to=changed@%s ' % domain)
        text = moxd.moxctl("queue", "requiretls", "no", "to=changed@" + domain)[1]
        expect(text == "1 recipients changed\n", text)
    moxd.moxctl("queue", "requiretls", "yes", "to=changed@none-good.example")
    moxd.moxctl("queue", "unhold", "hold=yes")
    moxd.moxctl("queue", "schedule", "now", "from=mox.example")
    for domain in stuck:
        moxd.await_log(r'msg="?delivered.* to=changed@%s ' % domain)
    # P-QUEUE-01: at once, and for good
    moxd.await_log(r'msg="?failed.* to=changed@none-good\.example .*code=550 enhanced=5\.7\.10 ')
    moxd.moxctl("queue", "holdrules", "remove", "1")


try:
    run_tests([by_default, with_requiretls, with_tls_required_no, results_are_kept_for_reports,
               servers_saw_the_same, what_servers_offer_is_remembered, released_by_the_administrator])
finally:
    if WORLD:
        WORLD[0].close()
