#!/usr/bin/env python3
# proves: DMARC-01, P-AUTHN-04, P-AUTHN-05, P-AUTHN-09
# proves in part: DMARC-04, P-AUTHN-06
"""Aggregate reports of DMARC: one server sends them, another one takes what the first has sent."""

import email
import gzip
import os
import re
import sys
import tempfile
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
import smtplib  # noqa: E402

from echo import expect, run_moxd, run_tests  # noqa: E402
from moxd_server import PATIENCE, Conf, Server  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402
from tlsrpt_parts import local, make_key, newest  # noqa: E402

NS = "{urn:ietf:params:xml:ns:dmarc-2.0}"
HERE_IS_FINE = 'TXT "v=spf1 ip4:127.0.0.1 -all"'
POLICY = "v=DMARC1; p=quarantine; rua=mailto:r@good.example,mailto:x@other.example,mailto:y@agreed.example,mailto:small@good.example!1k"
MANY = 1100
MAIL = "From: <a@%s>\r\nSubject: x\r\n\r\nhello\r\n"


def sender(sink, key):
    conf = Conf()
    conf.modules += ["spf", "smtpclient", "queue", "dkim", "reports", "dmarc"]
    conf.services = ["smtp"]
    conf.add("module queue", "port = %d" % sink.port)
    conf.add("module spf", "iprev = false")
    conf.add("domain", 'dkim { selector "s" { key = "%s" } sign = ["s"] }' % key)
    conf.add("top", local([
        ("good.example.", HERE_IS_FINE), ("_dmarc.good.example.", 'TXT "%s"' % POLICY),
        ("sub.good.example.", HERE_IS_FINE), ("many.example.", HERE_IS_FINE),
        ("_dmarc.many.example.", 'TXT "v=DMARC1; p=none; rua=mailto:r@many.example"'),
        ("many.example.", "MX 10 mx.good.example."),
        ("good.example._report._dmarc.agreed.example.", 'TXT "v=DMARC1;"'),
        ("good.example.", "MX 10 mx.good.example."), ("agreed.example.", "MX 10 mx.good.example."),
        ("other.example.", "MX 10 mx.good.example."), ("mx.good.example.", "A 127.0.0.1"),
    ]))
    return Server(conf)


def receiver(record, *more, psl=None):
    conf = Conf()
    if psl:
        conf.add("module dmarc", 'public-suffix-list = "%s"' % psl)
    conf.modules += ["spf", "dkim", "smtpclient", "queue", "reports", "dmarc"]
    conf.services = ["smtp", "imap"]
    conf.add("module spf", "iprev = false")
    conf.add("domains", 'domain "good.example" { dmarc { address = "second@mox.example" } }')
    conf.add("top", local([("s._domainkey.mox.example.", 'TXT "%s"' % record), *more]))
    return Server(conf)


def deliver(server, sender, data, to="second@mox.example"):
    with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
        client.sendmail(sender, [to], data)


def report_in(data, name="good"):
    m = email.message_from_bytes(data)
    part = [p for p in m.walk() if p.get_content_type() == "application/gzip"][0]
    expect(re.match(r"mox\.example!%s\.example!\d+!\d+![0-9a-f]+\.xml\.gz$" % name, part.get_filename()), part)
    return ET.fromstring(gzip.decompress(part.get_payload(decode=True)))


def text(node, path):
    return node.findtext("/".join(NS + p for p in path.split("/")))


def main(directory):
    os.chmod(directory, 0o755)
    key, record = make_key(directory)
    with SmtpSink() as sink, sender(sink, key) as server:
        got = []

        def they_wait_for_the_end_of_the_interval():
            for name in ("good.example", "good.example", "sub.good.example"):
                deliver(server, "b@" + name, MAIL % name)
            with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
                for _ in range(MANY):
                    client.sendmail("b@many.example", ["second@mox.example"], MAIL % "many.example")
            expect(server.moxctl("dmarc", "send")[1] == "0 reports sent\n", "")

        def they_go_to_those_who_want_them():
            expect(server.moxctl("dmarc", "send", "all")[1] == "2 reports sent\n", "")
            for rcpt in ("r@good.example", "y@agreed.example"):
                got.append(sink.await_message(lambda m, rcpt=rcpt: m.rcpts == [rcpt]).data)
            expect(not [m for m in sink.messages if m.rcpts == ["x@other.example"]], "without consent")
            expect(not [m for m in sink.messages if m.rcpts == ["small@good.example"]], "larger than 1 KiB")
            server.await_log('msg="report is too large".*to=mailto:small@good.example max=1024')
            # more than one page of evaluations
            many = report_in(sink.await_message(lambda m: m.rcpts == ["r@many.example"]).data, "many")
            expect([text(r, "row/count") for r in many.findall(NS + "record")] == [str(MANY)], ET.tostring(many))
            expect(server.moxctl("dmarc", "send", "all")[1] == "0 reports sent\n", "twice")

        def they_say_what_came():
            header = got[0].split(b"\r\n\r\n")[0].decode()
            expect("From: <postmaster@mox.example>" in header and "DKIM-Signature: " in header, header)
            subject = " ".join(email.message_from_string(header)["Subject"].split())
            expect(re.match(r"Report Domain: good\.example Submitter: mox\.example Report-ID: <\w+@mox\.example>$",
                            subject), subject)
            report = report_in(got[0])
            expect(report.tag == NS + "feedback" and text(report, "version") == "1.0", report)
            begin, end = (int(text(report, "report_metadata/date_range/" + n)) for n in ("begin", "end"))
            expect(begin % 86400 == 0 and end == begin + 86399, (begin, end))
            expect(text(report, "report_metadata/email") == "postmaster@mox.example", report)
            expect(text(report, "policy_published/domain") == "good.example", report)
            expect(text(report, "policy_published/p") == "quarantine", report)
            rows = {text(r, "identifiers/header_from"): r for r in report.findall(NS + "record")}
            expect(sorted(rows) == ["good.example", "sub.good.example"], rows)
            row = rows["good.example"]
            expect(text(row, "row/count") == "2" and text(row, "row/source_ip") == "127.0.0.1", ET.tostring(row))
            expect(text(row, "row/policy_evaluated/disposition") == "pass", ET.tostring(row))
            expect(text(row, "row/policy_evaluated/spf") == "pass", ET.tostring(row))
            expect(text(row, "row/policy_evaluated/dkim") == "fail", ET.tostring(row))
            expect(text(row, "auth_results/spf/scope") == "mfrom", ET.tostring(row))
            expect(text(row, "auth_results/spf/domain") == "good.example", ET.tostring(row))

        def they_are_taken_and_kept():
            mine = [("_dmarc.mox.example.", 'TXT "v=DMARC1; p=reject; rua=mailto:r@mox.example"')]
            with receiver(record, *mine) as other:
                deliver(other, "postmaster@mox.example", got[0])
                expect("X-Mox-DMARCReport-Error" not in newest(other), newest(other))
                line = other.moxctl("dmarc", "list")[1]
                expect(re.match(r"[0-9a-f]+ \S+ good\.example from=mox\.example passed=3 failed=0 ", line), line)
                shown = other.moxctl("dmarc", "show", line.split()[0])[1]
                expect("127.0.0.1 messages=2 disposition=pass dkim=fail spf=pass from=good.example" in shown, shown)
                deliver(other, "postmaster@mox.example", got[0])
                expect(other.moxctl("dmarc", "summary")[1] == "good.example reports=1 passed=3 failed=0\n", "")
                # nothing is reported about reports alone
                expect('"optional":true' in other.moxctl("dmarc", "evaluations")[1], "")
                expect(other.moxctl("dmarc", "send", "all")[1] == "0 reports sent\n", "")

        def what_proves_nothing_is_not_taken():
            with receiver(record) as other:
                deliver(other, "postmaster@mox.example", got[0])
                expect("X-Mox-DMARCReport-Error: the message does not pass DMARC" in newest(other), newest(other))
                expect(other.moxctl("dmarc", "list")[1] == "", "")

        def addresses_are_set_by_commands():
            with receiver(record, ("_dmarc.mox.example.", 'TXT "v=DMARC1; p=reject"')) as other:
                def refused(what, *args):
                    status, output = other.moxctl("reports", "address", *args, check=False)
                    expect(status != 0 and what in output, output)

                other.moxctl("reports", "address", "dmarc", "GOOD.example", "none")
                deliver(other, "postmaster@mox.example", got[0])
                expect(other.moxctl("dmarc", "list")[1] == "", "taken, although nobody wants it")
                refused("no address", "dmarc", "good.example", "none")
                refused("there is no domain", "dmarc", "elsewhere.example", "second@mox.example")
                refused("nobody@mox.example", "dmarc", "good.example", "nobody@mox.example")
                refused("x@elsewhere.example", "dmarc", "good.example", "x@elsewhere.example")
                refused("dmarc or tls", "arc", "good.example", "none")
                other.moxctl("reports", "address", "dmarc", "good.example", "second@mox.example")
                deliver(other, "postmaster@mox.example", got[0])
                expect(" good.example from=mox.example passed=3 " in other.moxctl("dmarc", "list")[1], "not taken")

        def organizations_of_a_list_only_where_it_is_asked_for():
            path = os.path.join(directory, "list.dat")
            with open(path, "w", encoding="ascii") as f:
                f.write("// a list\nexample\nsuffix.example\n")
            os.chmod(path, 0o644)
            zone = ("_dmarc.suffix.example.", 'TXT "v=DMARC1; p=reject"')
            asked = ("dmarc", "verify", "x.a.suffix.example", "spf:y.b.suffix.example")
            with receiver(record, zone) as other:
                expect(other.moxctl(*asked)[1].startswith("pass\n"), other.moxctl(*asked)[1])
            with receiver(record, zone, psl=path) as other:
                status, output = other.moxctl(*asked, check=False)
                expect("there is no DMARC policy" in output, output)
                expect("of a.suffix.example" not in output and status != 0, output)
                expect(other.moxctl("dmarc", "lookup", "suffix.example")[1], "its own record")
            conf = Conf()
            conf.modules += ["spf", "dkim", "dmarc"]
            conf.add("module dmarc", 'public-suffix-list = "%s.none"' % path)
            with tempfile.TemporaryDirectory() as place:
                status, output = run_moxd(conf, "-t", directory=place)
                expect(status == 1 and "list.dat.none" in output, output)

        run_tests([they_wait_for_the_end_of_the_interval, they_go_to_those_who_want_them, they_say_what_came,
                   they_are_taken_and_kept, what_proves_nothing_is_not_taken,
                   addresses_are_set_by_commands, organizations_of_a_list_only_where_it_is_asked_for])


with tempfile.TemporaryDirectory() as tmp:
    main(tmp)
