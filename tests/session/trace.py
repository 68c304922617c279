#!/usr/bin/env python3
"""moxctl trace: what became of messages, from the connection to the mailbox and from submission to the last attempt; by
the ids that stand in replies, in Received fields, in the log, in the queue and in notifications."""

import imaplib
import json
import os
import re
import smtplib
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

ZONE = [
    'good.test. 300 IN TXT \\"v=spf1 ip4:127.0.0.1 -all\\"',
    'strict.test. 300 IN TXT \\"v=spf1 -all\\"',
    '_dmarc.strict.test. 300 IN TXT \\"v=DMARC1; p=reject\\"',
    "one.test. 300 IN MX 10 mx.one.test.", "mx.one.test. 300 IN A 127.0.0.1",
    "null.test. 300 IN MX 0 .",
]
MJL, KEEPS, AWAY = "mjl@mox.example", "keeps@mox.example", "away@mox.example"
DOMAINS = """
account "keeps" { domain = "mox.example" rejects { mailbox = "Rejects" } address "%s" { } }
account "away" { domain = "mox.example" address "%s" { forward { to = ["far@one.test"] unauthenticated = true } } }
""" % (KEEPS, AWAY)
ID = r"[A-Za-z0-9_-]{22}"
count = 0


def new_server(sink, *lines):
    conf = Conf()
    conf.modules += ["trace", "spf", "dmarc", "rejects", "smtpclient", "queue", "forward"]
    conf.services = ["smtp", "submission", "imap"]
    conf.add("module spf", "iprev = false")
    conf.add("module spf", "helo = false")
    conf.add("module queue", "port = %d" % sink.port)
    conf.add("module queue", 'retry = ["1s"]')
    conf.add("module queue", "destination-pause = 1s")
    conf.add("top", "dns { local-only = true local-data = [ %s ] }" % ", ".join('"%s"' % line for line in ZONE))
    conf.add("top", 'log-level = "debug"')
    conf.add("domains", DOMAINS)
    for line in lines:
        conf.add("module trace", line)
    return Server(conf)


def message(author):
    global count
    count += 1
    return ("From: %s\r\nSubject: the secret subject\r\nMessage-ID: <%d@test>\r\n\r\nthe secret text\r\n"
            % (author, count)).encode()


def send(server, sender, author, to):
    """The last reply, and the id in it."""
    with smtplib.SMTP(*server.address("smtp"), "client.test", PATIENCE) as client:
        client.ehlo()
        client.mail(sender)
        code, text = client.rcpt(to)
        if code == 250:
            code, text = client.data(message(author))
    reply = "%d %s" % (code, text.decode())
    return reply, re.search(r"\((%s)\)$" % ID, reply)[1]


def submit(server, to):
    with smtplib.SMTP(*server.address("submission"), "client.test", PATIENCE) as client:
        client.login(MJL, PASSWORD)
        client.mail(MJL)
        client.rcpt(to)
        code, text = client.data(message(MJL))
        expect(code == 250, text)
        return re.search(r"\((%s)\)$" % ID, text.decode())[1]


def newest(server, user, mailbox="INBOX"):
    with imaplib.IMAP4(*server.address("imap"), PATIENCE) as client:
        client.login(user, PASSWORD)
        n = client.select(mailbox, readonly=True)[1][0].decode()
        return client.fetch(n, "(BODY.PEEK[])")[1][0][1].decode()


def seen(text, *patterns):
    """In that order."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.M).search(text, at)
        expect(found, "%s is not there, or not in order, in:\n%s" % (pattern, text))
        at = found.end()
    expect("secret" not in text, text)


def accepted(server):
    reply, id = send(server, "a@good.test", "a@good.test", MJL)
    expect(reply.startswith("250 2.0.0"), reply)
    text = server.moxctl("trace", id)[1]
    seen(text, r"\Adelivered   -$", r"^from        a@good\.test$", r"^to          mjl@mox\.example$",
         r"^message-id  %d@test$" % count, r"^client      127\.0\.0\.1$", r"^id          %s$" % id, r"^cid         \d+$",
         r"^\+0\.000 s +connected: 127\.0\.0\.1 to 127\.0\.0\.1, listener \S+, smtp$", r"^\+\S+ s +C: EHLO client\.test$",
         r"^\+\S+ s +C: MAIL FROM:<a@good\.test>", r"^\+\S+ s +spf\.on_mail +next +\d+\.\d+ ms$",
         r"S: 250 2\.1\.0 sender ok$", r"C: RCPT TO:<mjl@mox\.example>", r"smtp\.on_route +answer", r"S: 250 2\.1\.5",
         r"message: \d+ bytes, Message-ID <%d@test>$" % count, r"dmarc\.on_message +next", r"check: dmarc=none",
         r"check: spf=pass smtp\.mailfrom=", r"account mjl: accepts it, mailbox INBOX$",
         r"stored: account mjl, mailbox INBOX, uid \d+, message \d+$", r"S: 250 2\.0\.0 message received \(%s\)$" % id,
         r"^\+\S+ s +accepted$")
    expect(re.search(r"\tid %s" % id, newest(server, MJL)), newest(server, MJL))
    server.await_log(r'msg="message received".* trace=%s' % id)
    cid = re.search(r"^cid +(\d+)$", text, re.M)[1]
    expect(server.moxctl("cid", id)[1].strip() == cid, cid)
    expect(re.search(r'msg="message received".* cid=%s ' % cid, server.log_text(1000)), "another cid")


def refused_by_dmarc(server):
    reply, id = send(server, "x@strict.test", "a@strict.test", MJL)
    expect(reply.startswith("550 5.7.26"), reply)
    seen(server.moxctl("trace", id)[1], r"\Arefused     550 5\.7\.26 the DMARC policy of strict\.test", r"check: dmarc=fail",
         r"check: spf=fail", r"suspected: dmarc, 550 5\.7\.26", r"account mjl: refuses it$", r"S: 550 5\.7\.26", r"refused$")


def refused_at_rcpt(server):
    reply, id = send(server, "a@good.test", "a@good.test", "nobody@mox.example")
    expect(reply.startswith("550 5.1.1"), reply)
    seen(server.moxctl("trace", id)[1], r"\Arefused     550 5\.1\.1", r"C: RCPT TO:<nobody@mox\.example>",
         r"smtp\.on_route +answer", r"S: 550 5\.1\.1 .*\(%s\)$" % id, r"no message: ")
    reply, id = send(server, "a@good.test", "a@good.test", "a@elsewhere.test")
    seen(server.moxctl("trace", id)[1], r"\Arefused     550 5\.7\.1", r"S: 550 5\.7\.1")


def kept_among_rejects(server):
    reply, id = send(server, "x@strict.test", "a@strict.test", KEEPS)
    expect(reply.startswith("550 5.7.26"), reply)
    seen(server.moxctl("trace", id)[1], r"\Arefused     550 5\.7\.26", r"rejects\.on_reject +answer",
         r"stored: account keeps, mailbox Rejects, uid 1, message \d+, refused mail$", r"refused$")


def several_in_one_session(server):
    with smtplib.SMTP(*server.address("smtp"), "client.test", PATIENCE) as client:
        client.ehlo()
        ids = []
        for _ in range(2):
            client.mail("a@good.test")
            client.rcpt(MJL)
            ids.append(re.search(ID, client.data(message("a@good.test"))[1].decode())[0])
        expect(ids[0] != ids[1], ids)
        client.mail("a@good.test")
        client.rset()
    for id in ids:
        text = server.moxctl("trace", id)[1]
        expect(text.count("C: MAIL") == 1 and text.count("C: EHLO") == 1, text)


def before_a_transaction(server):
    """Who is refused before it comes to a message has the connection's id."""
    with smtplib.SMTP(*server.address("submission"), "client.test", PATIENCE) as client:
        try:
            client.login(MJL, "wrong")
            raise AssertionError("logged in")
        except smtplib.SMTPAuthenticationError as e:
            id = re.search(r"\((%s)\)" % ID, e.smtp_error.decode())[1]
    server.await_log('msg="connection closed".*')
    text = server.moxctl("trace", id)[1]
    seen(text, r"\Arefused     535 5\.7\.8", r"login failed: ", r"S: 535 5\.7\.8", r"no message: the connection ended$")
    expect("wrong" not in text, text)


def delivered_in_the_end(server, sink):
    sink.answer(r"RCPT TO:<slow@", "451 4.3.0 come again", times=1)
    id = submit(server, "slow@one.test")
    sink.await_message(lambda m: m.rcpts == ["slow@one.test"])
    server.await_log(r'msg="delivered" .*to=slow@one\.test .* trace=%s' % id)
    text = server.moxctl("trace", id)[1]
    seen(text, r"\Adelivered   -$", r"^account     mjl$", r"logged in: account mjl, as mjl@mox\.example",
         r"queued: slow@one\.test, id \d+, from mjl@mox\.example, account mjl", r"accepted$",
         r"tried: mx\.one\.test \(127\.0\.0\.1\), domain one\.test.*, no TLS",
         r"retry: slow@one\.test by mx\.one\.test \(127\.0\.0\.1\), no TLS, attempt 1, took \d+\.\d+ s, "
         r"451 4\.3\.0 come again, next attempt in \d",
         r"delivered: slow@one\.test by mx\.one\.test \(127\.0\.0\.1\), .*attempt 2, .*250 2\.0\.0 taken$")
    queued = re.search(r", id (\d+),", text)[1]
    printed = server.moxctl("queue", "retired", "print", queued)[1]
    expect(re.search(r"^trace +%s$" % id, printed, re.M), printed)
    expect(re.search(r"^%s .* %s  " % (queued, id), server.moxctl("queue", "retired", "list")[1], re.M), "not in the list")


def waits(server, sink):
    sink.answer(r"RCPT TO:<later@", "451 4.3.0 not now")
    id = submit(server, "later@one.test")
    server.await_log(r'msg="retry" .*to=later@one\.test')
    listed = server.moxctl("queue", "list", "to=later@one.test")[1]
    expect(re.search(r" %s +mjl@mox\.example > later@one\.test" % id, listed), listed)
    expect(re.search(r"^trace +%s$" % id, server.moxctl("queue", "print", listed.split("\n")[1].split()[0])[1], re.M), id)
    seen(server.moxctl("trace", id)[1], r"\Awaiting     451 4\.3\.0 not now$")
    server.moxctl("queue", "drop", "to=later@one.test")


def told_of_a_failure(server):
    id = submit(server, "a@null.test")
    told = server.await_log(r'msg="sender told".* trace=%s notification=' % id)
    del told
    notice = newest(server, MJL)
    expect("\r\nX-Moxd-Trace: %s\r\n" % id in notice and "    Id:      %s\r\n" % id in notice, notice)
    text = server.moxctl("trace", id)[1]
    seen(text, r"\Afailed      556 5\.1\.10", r"queued: a@null\.test", r"sender told: failed, mjl@mox\.example, notification ",
         r"failed: a@null\.test, attempt 1")
    notification = re.search(r"notification (%s)" % ID, text)[1]
    seen(server.moxctl("trace", notification)[1], r"\Adelivered", r"^from        <>$", r"^to          mjl@mox\.example$",
         r"written here: dsn.*because of %s" % id, r"stored: account mjl, mailbox INBOX, uid \d+, message \d+$")


def forwarded(server, sink):
    reply, id = send(server, "a@good.test", "a@good.test", AWAY)
    expect(reply.startswith("250"), reply)
    sink.await_message(lambda m: m.rcpts == ["far@one.test"])
    text = server.moxctl("trace", id)[1]
    seen(text, r"forward\.on_deliver +next", r"accepted$")
    other = re.search(r"caused: forward, to far@one\.test, (%s)$" % ID, text, re.M)[1]
    server.await_log(r'msg="delivered" .*to=far@one\.test')
    seen(server.moxctl("trace", other)[1], r"\Adelivered", r"queued: far@one\.test.*because of %s" % id, r"delivered: far@")


def lists(server):
    text = server.moxctl("trace")[1]
    lines = text.strip().split("\n")
    expect(all(re.match(r"%s  20\S+Z  " % ID, line) for line in lines), text)
    times = [line.split()[1] for line in lines]
    expect(times == sorted(times) and len(lines) >= 8, text)
    expect(re.search(r"  refused +a@good\.test > nobody@mox\.example: 550 5\.1\.1 ", text), text)
    expect(server.moxctl("trace", "-limit", "2")[1].strip().split("\n") == lines[-2:], "the last ones")
    text = server.moxctl("trace", "-from", "X@strict", "-to", "keeps")[1]
    expect(len(text.strip().split("\n")) == 1 and "keeps@mox.example: 550 5.7.26" in text, text)
    heads = [json.loads(line) for line in server.moxctl("trace", "-json", "-to", "nobody@mox.example")[1].splitlines()]
    expect(heads[0]["outcome"] == "refused" and heads[0]["ip"] == "127.0.0.1", heads)
    whole = json.loads(server.moxctl("trace", heads[0]["id"], "-json")[1])
    kinds = [step["kind"] for step in whole["steps"]]
    expect(kinds[0] == "connect" and kinds[-1] == "ended" and "hook" in kinds, kinds)
    hook = [step for step in whole["steps"] if step["kind"] == "hook"][0]
    expect(isinstance(hook["took"], int) and hook["verdict"] in ("next", "answer"), hook)
    for since in ("1h", "7d", "2020-01-31", "2020-01-31T10:00:00Z"):
        expect(server.moxctl("trace", "-since", since, "-limit", "1")[1].strip() == lines[-1], since)
    code, error = server.moxctl("trace", "-since", "2100-01-01", check=False)
    expect(code == 1 and "-since 7d" in error, error)


def by_message_id(server):
    _, id = send(server, "a@good.test", "a@good.test", MJL)
    for name in ("<%d@test>" % count, "%d@test" % count):
        seen(server.moxctl("trace", name)[1], r"^id          %s$" % id)


def what_is_not_known(server):
    for args, words in ((["hello"], "neither an id"), (["A" * 22], "neither an id"), (["<no@such>"], "no message with"),
                        (["-since"], "needs a value"), (["-since", "soon"], "3h"), (["-limit", "0"], "from 1"),
                        (["-x"], "not understood"), (["a@b", "c@d"], "not understood")):
        code, error = server.moxctl("trace", *args, check=False)
        expect(code == 1 and words in error, "%s: %s" % (args, error))


def survives_a_restart(server):
    _, id = send(server, "a@good.test", "a@good.test", MJL)
    before = server.moxctl("trace", id)[1]
    server.restart()
    expect(server.moxctl("trace", id)[1] == before, "changed by a restart")
    _, other = send(server, "a@good.test", "a@good.test", MJL)
    expect(other != id, "the same id")
    code, error = server.moxctl("trace", server.moxctl("trace", id, "-json") and id[:-2] + "AA", check=False)
    expect(code == 1, error)


def bounded(sink):
    with new_server(sink, "max-size = 64K") as server:
        with smtplib.SMTP(*server.address("smtp"), "client.test", PATIENCE) as client:
            client.ehlo()
            ids = []
            for _ in range(60):
                client.mail("a@good.test")
                client.rcpt(MJL)
                ids.append(re.search(ID, client.data(message("a@good.test"))[1].decode())[0])
        server.moxctl("trace", ids[-1])
        server.await_log(r'msg="traces forgotten"')
        code, error = server.moxctl("trace", ids[0], check=False)
        expect(code == 1 and "kept for 14 days" in error and "cid=" in error, error)
        server.moxctl("trace", ids[-1])
        kept = server.moxctl("trace", "-limit", "1000")[1].strip().split("\n")
        expect(10 < len(kept) < 50 and kept[-1].startswith(ids[-1]), "%d" % len(kept))


def main():
    with SmtpSink() as sink, new_server(sink) as server:
        server.moxctl("setaccountpassword", "keeps", text=PASSWORD + "\n")

        def on(test, *args):
            def run():
                test(*args)
            run.__name__ = test.__name__
            return run
        run_tests([on(accepted, server), on(refused_by_dmarc, server), on(refused_at_rcpt, server),
                   on(kept_among_rejects, server), on(several_in_one_session, server), on(before_a_transaction, server),
                   on(delivered_in_the_end, server, sink), on(waits, server, sink), on(told_of_a_failure, server),
                   on(forwarded, server, sink), on(lists, server), on(by_message_id, server),
                   on(what_is_not_known, server), on(survives_a_restart, server), on(bounded, sink)])


main()
