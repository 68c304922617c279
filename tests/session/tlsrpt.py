#!/usr/bin/env python3
# proves: TLSRPT-01, TLSRPT-02, TLSRPT-03, TLSRPT-04, TLSRPT-06, TLSRPT-07, TLSRPT-08, P-AUTHN-06, P-AUTHN-08, P-QUEUE-10
# proves in part: P-AUTHN-07, MTASTS-01
"""Reports about TLS: one server gathers and sends, another one takes what the first has sent."""

import gzip
import json
import os
import re
import smtplib
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402
from policy_server import PolicyServer  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402
from test_ca import TestCa  # noqa: E402
from tlsrpt_parts import local, make_key, newest  # noqa: E402

MAIL = b"From: <mjl@mox.example>\r\nTo: <bob@peer.example>\r\nSubject: x\r\n\r\nhello\r\n"
POLICY = b"version: STSv1\r\nmode: testing\r\nmx: mx.peer.example\r\nmax_age: 86400\r\n"

STRICT_POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.strict.example\r\nmax_age: 86400\r\n"

HOST_REPORT = """From: <postmaster@mox.example>
To: <second@mox.example>
Subject: Report Domain: mox.example
TLS-Report-Domain: mox.example
TLS-Report-Submitter: mox.example
MIME-Version: 1.0
Content-Type: application/tlsrpt+json

{"organization-name": "x", "contact-info": "a@x.example", "report-id": "h1", "date-range": {
"start-datetime": "2026-01-01T00:00:00Z", "end-datetime": "2026-01-01T23:59:59Z"}, "policies": [{"policy": {
"policy-type": "tlsa", "policy-domain": "mox.example"}, "summary": {"total-successful-session-count": 7,
"total-failure-session-count": 0}}]}
""".replace("\n", "\r\n")


def sender(ca, sink, https, key, *lines):
    conf = Conf()
    for line in lines:
        conf.add("module tlsrpt", line)
    conf.modules += ["smtpclient", "queue", "dkim", "mtasts", "reports", "tlsrpt"]
    conf.services = ["smtp", "submission"]
    conf.add("module queue", "port = %d" % sink.port)
    conf.add("module mtasts", "port = %d" % https.port)
    conf.add("domain", 'dkim { selector "s" { key = "%s" } sign = ["s"] }' % key)
    conf.add("top", 'tls { ca = ["%s"] no-system-ca = true }' % ca.cert)
    conf.add("top", local([
        ("peer.example.", "MX 10 mx.peer.example."), ("mx.peer.example.", "A 127.0.0.1"),
        ("mta-sts.peer.example.", "A 127.0.0.1"), ("_mta-sts.peer.example.", 'TXT "v=STSv1; id=1"'),
        ("_smtp._tls.peer.example.", 'TXT "v=TLSRPTv1; rua=mailto:tls@peer.example,'
                                     'https://mta-sts.peer.example:%d/reports"' % https.port),
        ("quiet.example.", "MX 10 mx.peer.example."), ("strict.example.", "MX 10 mx.peer.example."),
        ("mta-sts.strict.example.", "A 127.0.0.1"), ("_mta-sts.strict.example.", 'TXT "v=STSv1; id=1"'),
    ]))
    return Server(conf)


def receiver(record):
    conf = Conf()
    conf.modules += ["dkim", "reports", "tlsrpt"]
    conf.services = ["smtp", "imap"]
    conf.add("module tlsrpt", 'host-address = "second@mox.example"')
    conf.add("domains", 'domain "peer.example" { tlsrpt { address = "second@mox.example" } }')
    conf.add("top", local([("s._domainkey.mox.example.", 'TXT "%s"' % record)]))
    return Server(conf)


def submit(server, to):
    with smtplib.SMTP(*server.address("submission"), timeout=PATIENCE) as client:
        client.login("mjl@mox.example", PASSWORD)
        client.sendmail("mjl@mox.example", [to], MAIL)


def deliver(server, data, to="second@mox.example"):
    with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
        client.sendmail("postmaster@mox.example", [to], data)


def check_json(raw):
    report = json.loads(gzip.decompress(raw))
    expect(report["organization-name"] == "mox.example", report)
    expect(report["contact-info"] == "postmaster@mox.example", report)
    expect(re.match(r"\d{4}-\d\d-\d\dT00:00:00Z$", report["date-range"]["start-datetime"]), report)
    policy = report["policies"][0]
    expect(policy["policy"]["policy-type"] == "sts" and policy["policy"]["policy-domain"] == "peer.example", report)
    expect("mode: testing" in policy["policy"]["policy-string"], report)
    expect(policy["summary"] == {"total-successful-session-count": 0, "total-failure-session-count": 1}, report)
    failure = policy["failure-details"][0]
    expect(failure["result-type"] == "certificate-not-trusted", report)
    expect(failure["receiving-mx-hostname"] == "mx.peer.example", report)
    expect(failure["failed-session-count"] == 1 and failure["receiving-ip"] == "127.0.0.1", report)
    return report


def main(directory):
    os.chmod(directory, 0o755)
    ca, alien = TestCa(directory), TestCa(directory, "alien")
    key, record = make_key(directory, "%s ")
    pair = ca.issue("web", ["mta-sts.peer.example", "mta-sts.strict.example"])
    with SmtpSink(tls=alien.issue("mx", ["mx.peer.example"])) as sink, PolicyServer(*pair) as https, \
            sender(ca, sink, https, key) as server:
        https.answers["mta-sts.peer.example/.well-known/mta-sts.txt"] = (200, "text/plain", POLICY)
        https.answers["mta-sts.strict.example/.well-known/mta-sts.txt"] = (200, "text/plain", STRICT_POLICY)
        https.answers["mta-sts.peer.example/reports"] = (201, "text/plain", b"")
        got = []

        def results():
            return server.moxctl("tlsrpt", "results")[1]

        def failures_are_gathered():
            submit(server, "bob@peer.example")
            sink.await_message(lambda m: m.rcpts == ["bob@peer.example"])
            text = results()
            expect("peer.example sts successful=0 failed=1\n" in text, text)
            expect("certificate-not-trusted sessions=1 from=127.0.0.1 host=mx.peer.example" in text, text)

        def hosts_that_a_policy_does_not_list_are_told():
            submit(server, "bob@strict.example")
            server.await_log('msg="retry" .*to=bob@strict.example .*does not list this host')
            text = results()
            expect("strict.example sts successful=0 failed=1\n" in text, text)
            expect("validation-failure sessions=1 from= host=mx.peer.example" in text, text)
            server.moxctl("queue", "drop", "to=bob@strict.example")

        def what_is_not_due_stays():
            expect(server.moxctl("tlsrpt", "send")[1] == "0 reports sent\n", "")
            expect("peer.example" in results(), results())

        def reports_are_mailed_and_posted():
            expect(server.moxctl("tlsrpt", "lookup", "peer.example")[1].startswith("mailto:tls@peer.example\n"), "")
            expect(server.moxctl("tlsrpt", "send", "all")[1] == "1 reports sent\n", "")
            m = sink.await_message(lambda m: m.rcpts == ["tls@peer.example"])
            header = m.header().decode()
            for field in ("TLS-Report-Domain: peer.example", "TLS-Report-Submitter: mox.example",
                          "TLS-Required: No", "From: <postmaster@mox.example>", "DKIM-Signature: "):
                expect("\r\n%s" % field in "\r\n" + header, header)
            expect("tls-report-domain" in header.lower().split("h=")[1].split(";")[0], header)
            posts = [r for r in https.requests if r[0] == "POST"]
            expect(len(posts) == 1 and posts[0][2]["Content-Type"] == "application/tlsrpt+gzip", posts)
            check_json(posts[0][3])
            got.append(m.data)

        def reports_are_not_about_reports():
            expect(results() == "", results())

        def days_without_failures_need_none():
            submit(server, "bob@quiet.example")
            sink.await_message(lambda m: m.rcpts == ["bob@quiet.example"])
            expect("quiet.example no-policy-found successful=1 failed=0" in results(), results())
            expect(server.moxctl("tlsrpt", "send", "all")[1] == "0 reports sent\n", "")
            expect(results() == "", results())

        def who_does_not_want_them_gets_none():
            server.moxctl("reports", "suppress", "TLS@peer.example", "3", "they asked")
            expect("tls@peer.example until=" in server.moxctl("reports", "suppressed")[1], "")
            submit(server, "carl@peer.example")
            sink.await_message(lambda m: m.rcpts == ["carl@peer.example"])
            expect(server.moxctl("tlsrpt", "send", "all")[1] == "1 reports sent\n", "")
            server.await_log(r'msg="report sent" kind=tls domain=peer\.example to=.?https:', 2)
            expect(len([m for m in sink.messages if m.rcpts == ["tls@peer.example"]]) == 1, sink.messages)
            server.moxctl("reports", "unsuppress", "tls@peer.example")
            expect(server.moxctl("reports", "suppressed")[1] == "", "")

        def nobody_hears_of_reports_that_fail():
            sink.await_line("QUIT", sink.connections)  # a connection that is used again is no new result
            sink.answer("RCPT TO:<tls@peer", "550 5.1.1 nobody")
            submit(server, "emil@peer.example")
            sink.await_message(lambda m: m.rcpts == ["emil@peer.example"])
            said = server.moxctl("tlsrpt", "send", "all")[1]
            expect(said == "1 reports sent\n", said)
            server.await_log(r'msg="failed" .*to=tls@peer\.example .*code=550')
            expect("sender told" not in server.log_text(1000), server.log_text())
            expect("@" not in server.moxctl("queue", "list")[1], server.moxctl("queue", "list")[1])

        def they_are_taken_and_kept():
            with receiver(record % "s=tlsrpt;") as other:
                deliver(other, got[0])
                expect("X-Mox-TLSReport-Error" not in newest(other), newest(other))
                line = other.moxctl("tlsrpt", "list")[1]
                expect(re.match(r"[0-9a-f]+ \S+ peer\.example from=mox\.example successful=0 failed=1 ", line), line)
                text = other.moxctl("tlsrpt", "show", line.split()[0])[1]
                expect("peer.example sts successful=0 failed=1\n  policy: version: STSv1\n" in text, text)
                expect("certificate-not-trusted sessions=1" in text, text)
                deliver(other, got[0])
                expect(other.moxctl("tlsrpt", "summary")[1] ==
                       "peer.example reports=1 successful=0 failed=1\n", "the same one twice")
                other.restart()
                expect(other.moxctl("tlsrpt", "list")[1] == line, "it is kept")
                deliver(other, got[0].replace(b"This is a report", b"That is a report"))
                expect("X-Mox-TLSReport-Error: no DKIM signature" in newest(other), newest(other))
                fields = server.moxctl("dkim", "sign", "-", text=HOST_REPORT)[1]
                deliver(other, (fields.replace("\r\n", "\n") + HOST_REPORT.replace("\r\n", "\n")).encode())
                expect("X-Mox-TLSReport-Error" not in newest(other), newest(other))
                expect("mox.example reports=1 successful=7 failed=0\n" in other.moxctl("tlsrpt", "summary")[1],
                       other.moxctl("tlsrpt", "summary")[1])
                deliver(other, got[0], "other@mox.example")  # not where they are to go
                expect(len(other.moxctl("tlsrpt", "list")[1].splitlines()) == 2, "")

        def keys_for_other_services_do_not_count():
            with receiver(record % "s=other;") as other:
                deliver(other, got[0])
                expect("X-Mox-TLSReport-Error: no DKIM signature" in newest(other), newest(other))
                expect(other.moxctl("tlsrpt", "list")[1] == "", "")

        def nothing_goes_out_where_that_is_configured():
            with sender(ca, sink, https, key, "no-outgoing-reports = true") as other:
                submit(other, "dora@peer.example")
                sink.await_message(lambda m: m.rcpts == ["dora@peer.example"])
                expect(other.moxctl("tlsrpt", "results")[1] == "", "")

        run_tests([failures_are_gathered, hosts_that_a_policy_does_not_list_are_told, what_is_not_due_stays, reports_are_mailed_and_posted,
                   reports_are_not_about_reports, days_without_failures_need_none, who_does_not_want_them_gets_none,
                   nobody_hears_of_reports_that_fail, they_are_taken_and_kept, keys_for_other_services_do_not_count,
                   nothing_goes_out_where_that_is_configured])


with tempfile.TemporaryDirectory() as tmp:
    main(tmp)
