#!/usr/bin/env python3
# proves: RULES-01, RULES-02, RULES-04, RULES-05, RULES-06, RULES-07, P-ANALYZE-08, SMTPIN-12, REP-02, REP-06
# proves in part: REP-03, P-ANALYZE-01, P-ANALYZE-03, P-ANALYZE-09
"""Rulesets of users, and what is kept of refused messages. The sender's domain has a policy that our client breaks
unless SPF helps; senders at lists.test pass SPF, but write for others, as lists do."""

import imaplib
import os
import re
import smtplib
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402

ZONE = [
    'lists.test. 300 IN TXT \\"v=spf1 ip4:127.0.0.1 -all\\"',
    'sub.lists.test. 300 IN TXT \\"v=spf1 ip4:127.0.0.1 -all\\"',
    'strict.test. 300 IN TXT \\"v=spf1 -all\\"',
    '_dmarc.strict.test. 300 IN TXT \\"v=DMARC1; p=reject; rua=mailto:r@strict.test\\"',
]
RULES = r"""
account "rules" {
    domain = "mox.example"
    rejects { mailbox = "Rejects" max = 2 }
    address "rules@mox.example" {
        rulesets {
            ruleset "slow" { msg-from = "^(a+)+$" mailbox = "Slow" }
            ruleset "by sender" { mail-from = "^owner-one@" mailbox = "Lists/One" }
            ruleset "allowed" {
                header "^list-id$" { value = "<allowed\\.lists\\.test>" }
                verified-domain = "lists.test"
                list-allow-domain = "lists.test"
                mailbox = "Lists/Allowed"
            }
            ruleset "forward" {
                mail-from = "^forward@sub\\.lists\\.test$"
                verified-domain = "lists.test"
                is-forward = true
                mailbox = "INBOX"
            }
            ruleset "suspect" {
                header "^subject$" { value = "gr\u00fc\u00dfe" }
                accept-rejects-to-mailbox = "Suspect"
                mailbox = "Greetings"
                comment = "whatever it is"
            }
            ruleset "friend" { msg-from = "^friend@lists\\.test$" mailbox = "Friends" }
        }
    }
}
account "keeps" {
    domain = "mox.example"
    rejects { mailbox = "Rejects" }
    address "keeps@mox.example" { }
}
""".replace("\\u00fc", "\u00fc").replace("\\u00df", "\u00df")
RULES_USER, KEEPS, MJL = "rules@mox.example", "keeps@mox.example", "mjl@mox.example"
FAILS = "a@strict.test"
count = 0


def new_server():
    conf = Conf()
    conf.modules += ["spf", "dmarc", "rulesets", "rejects"]
    conf.services = ["smtp", "imap"]
    conf.add("module spf", "iprev = false")
    conf.add("module spf", "helo = false")
    conf.add("top", "dns { local-data = [ %s ] }" % ", ".join('"%s"' % line for line in ZONE))
    conf.add("domains", RULES)
    return Server(conf)


def send(server, sender, author, to=RULES_USER, header="", subject="x", again=False):
    """The reply to the data."""
    global count
    count += not again
    message = ("From: %s\r\nSubject: %s\r\nMessage-ID: <%d@test>\r\n%s\r\ntext\r\n"
               % (author, subject, count, header))
    with smtplib.SMTP(*server.address("smtp"), "client.test", PATIENCE) as client:
        client.ehlo()
        client.mail(sender)
        for recipient in [to] if isinstance(to, str) else to:
            client.rcpt(recipient)
        code, text = client.data(message.encode())
        return "%d %s" % (code, text.decode())


class Mail:
    """Mailboxes of a user, and the messages in them."""

    def __init__(self, server, user):
        self.client = imaplib.IMAP4(*server.address("imap"), PATIENCE)
        self.client.login(user, PASSWORD)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.client.logout()

    def subjects(self, mailbox):
        self.texts, self.flags = [], []
        status, count = self.client.select('"%s"' % mailbox, readonly=False)
        if status != "OK" or count == [b"0"]:
            return []
        data = self.client.fetch("1:*", "(FLAGS BODY.PEEK[])")[1]
        self.texts = [part[1].decode() for part in data if isinstance(part, tuple)]
        self.flags = [part[0].decode() for part in data if isinstance(part, tuple)]
        return [re.search(r"^Subject: (.*)\r$", text, re.M)[1] for text in self.texts]


def got(server, user, mailbox, subject):
    """The newest message there."""
    with Mail(server, user) as mail:
        subjects = mail.subjects(mailbox)
        expect(subjects[-1:] == [subject], "%s: %s" % (mailbox, subjects))
        return mail.texts[-1]


def accepted(reply):
    expect(reply.startswith("250 2.0.0"), reply)


def refused(reply):
    expect(reply.startswith("550 5.7.26"), reply)


def rulesets_choose_mailboxes(server):
    accepted(send(server, "owner-one@lists.test", "friend@lists.test", subject="sender"))
    text = got(server, RULES_USER, "Lists/One", "sender")
    expect('X-Mox-Reason: ruleset "by sender"\r\n' in text, text)
    accepted(send(server, "friend@lists.test", "Friend <friend@lists.test>", subject="from"))
    got(server, RULES_USER, "Friends", "from")
    accepted(send(server, "x@lists.test", "friend@lists.test, y@lists.test", subject="two"))
    got(server, RULES_USER, "INBOX", "two")
    accepted(send(server, "x@lists.test", "x@lists.test", subject="=?utf-8?q?viele_Gr=C3=BC=C3=9Fe?="))
    got(server, RULES_USER, "Greetings", "=?utf-8?q?viele_Gr=C3=BC=C3=9Fe?=")
    accepted(send(server, "x@elsewhere.test", "x@elsewhere.test", subject="unverified",
                  header="List-Id: <allowed.lists.test>\r\n"))
    got(server, RULES_USER, "INBOX", "unverified")


def lists_may_break_signatures(server):
    accepted(send(server, "x@lists.test", FAILS, subject="list", header="List-Id: y\r\nList-ID: The list\r\n"
                  " <allowed.lists.test>\r\n"))
    text = got(server, RULES_USER, "Lists/Allowed", "list")
    expect(re.search(r'X-Mox-Reason: ruleset "allowed";\r\n\tdmarc: 550 5\.7\.26 the DMARC policy of', text), text)
    server.await_log('msg="accepted in spite of a suspicion" .*suspected=dmarc .*mailbox=Lists/Allowed')


def forwarders_may_too(server):
    refused(send(server, "forward@lists.test", FAILS))
    accepted(send(server, "forward@sub.lists.test", FAILS, subject="forwarded"))
    text = got(server, RULES_USER, "INBOX", "forwarded")
    expect('X-Mox-Reason: ruleset "forward";\r\n\tdmarc: 550' in text, text)


def some_want_what_is_refused(server):
    accepted(send(server, "x@strict.test", FAILS, subject="=?iso-8859-1?q?GR=DC=DFE?="))
    text = got(server, RULES_USER, "Suspect", "=?iso-8859-1?q?GR=DC=DFE?=")
    expect("X-Mox-Reason: ruleset \"suspect\";\r\n\tdmarc: 550 5.7.26" in text, text)
    server.await_log("accepted in spite .*mailbox=Suspect")
    evaluations = server.moxctl("dmarc", "evaluations")[1]
    expect('"disposition": "none"' in evaluations or '"disposition":"none"' in evaluations, evaluations)


def expressions_are_bounded(server):
    accepted(send(server, "x@lists.test", "%s@lists.test" % ("a" * 60), subject="bounded"))
    server.await_log('msg="a ruleset takes too long and does not match" .*ruleset=slow')
    got(server, RULES_USER, "INBOX", "bounded")


def what_is_refused_is_kept(server):
    refused(send(server, "x@strict.test", FAILS, KEEPS, subject="kept"))
    refused(send(server, "x@strict.test", FAILS, KEEPS, subject="kept", again=True))
    text = got(server, KEEPS, "Rejects", "kept")
    expect("Return-Path: <x@strict.test>\r\nDelivered-To: keeps@mox.example\r\n" in text
           and "X-Mox-Reason: refused;\r\n\tdmarc: 550 5.7.26" in text
           and "dmarc=fail" in text, text)
    with Mail(server, KEEPS) as mail:
        expect(mail.subjects("Rejects") == ["kept"] and mail.subjects("INBOX") == [], "not once")
        mail.subjects("Rejects")
        expect("\\Seen" not in mail.flags[0] and "$Junk" not in mail.flags[0], mail.flags)
    refused(send(server, "x@strict.test", FAILS, MJL))  # who keeps none


def there_is_a_bound(server):
    for i in range(4):
        refused(send(server, "x@strict.test", FAILS, subject="no %d" % i))
    with Mail(server, RULES_USER) as mail:
        expect(mail.subjects("Rejects") == ["no 2", "no 3"], mail.subjects("Rejects"))
        mail.client.copy("1", "INBOX")
        mail.client.store("1", "+FLAGS", "\\Deleted")
        mail.client.expunge()
    for i in range(4, 6):
        refused(send(server, "x@strict.test", FAILS, subject="no %d" % i))
    with Mail(server, RULES_USER) as mail:
        expect(mail.subjects("Rejects") == ["no 4", "no 5"], mail.subjects("Rejects"))
        expect(mail.subjects("INBOX")[-1] == "no 2", "what was taken out stays")


def one_answer_for_several_recipients(server):
    header = "List-Id: <allowed.lists.test>\r\n"
    accepted(send(server, "x@lists.test", FAILS, [RULES_USER, KEEPS], header, "both"))
    got(server, RULES_USER, "Lists/Allowed", "both")
    text = got(server, KEEPS, "Rejects", "both")
    expect("X-Mox-Reason: refused;" in text, text)
    refused(send(server, "x@lists.test", FAILS, [RULES_USER, MJL], header, "neither"))  # mjl keeps none
    got(server, RULES_USER, "Lists/Allowed", "both")
    got(server, RULES_USER, "Rejects", "neither")


def simulate_says_so(server):
    text = server.moxctl("simulate", "127.0.0.1", "client.test", "x@lists.test", RULES_USER + "," + KEEPS, "-",
                         text="From: %s\nList-Id: <allowed.lists.test>\n\nx\n" % FAILS)[1]
    for line in ("suspected: dmarc, 550 5.7.26", 'account rules: accepts it, mailbox Lists/Allowed, ruleset "allowed"',
                 "account keeps: refuses it, mailbox Rejects", "S: 250 2.0.0 the message would be delivered"):
        expect(line in text, "no %r in:\n%s" % (line, text))


def mistakes_are_found(server):
    with open(server.path("domains.conf"), encoding="utf-8") as f:
        good = f.read()
    first = good.count("\n")
    bad = good + r"""account "bad" { domain = "mox.example" address "bad@mox.example" { rulesets {
    ruleset "one" { mail-from = "(a" mailbox = "x" }
    ruleset "two" { mail-from = "a" }
    ruleset "three" { mailbox = "x" is-forward = true }
    ruleset "four" { mailbox = "" header "[" { } }
} } }
"""
    os.makedirs(server.path("bad"))
    for name in ("moxd.conf", "cert.pem", "key.pem"):
        with open(server.path(name), "rb") as f, open(server.path("bad", name), "wb") as g:
            g.write(f.read())
    with open(server.path("bad", "domains.conf"), "w", encoding="utf-8") as f:
        f.write(bad)
    done = subprocess.run([server.program("moxd"), "-t", "-c", server.path("bad", "moxd.conf")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    output = done.stdout.decode()
    for line, text in ((2, "missing closing parenthesis"), (3, '"two" has no mailbox'),
                       (4, '"three" has no condition'), (4, "anybody could pretend"),
                       (5, "no name of a mailbox"), (5, "missing terminating ]")):
        expect(re.search(r"domains\.conf:%d:\d+: .*%s" % (first + line, re.escape(text)), output),
               "no %d %r in:\n%s" % (line, text, output))
    expect(done.returncode == 1, output)


def main():
    with new_server() as server:
        for account in ("rules", "keeps"):
            server.moxctl("setaccountpassword", account, text=PASSWORD + "\n")
        tests = [rulesets_choose_mailboxes, lists_may_break_signatures, forwarders_may_too,
                 some_want_what_is_refused, expressions_are_bounded, what_is_refused_is_kept, there_is_a_bound,
                 one_answer_for_several_recipients, simulate_says_so, mistakes_are_found]

        def on_server(test):
            def run():
                test(server)
            run.__name__ = test.__name__
            return run
        run_tests([on_server(test) for test in tests])


main()
