#!/usr/bin/env python3
"""Outgoing mail: what users submit is delivered to servers of the test's own, whose names the server's resolver gives."""

import os
import smtplib
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, Conf, Server  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

MESSAGE = "From: mjl@mox.example\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s@mox.example>\r\n\r\nhello\r\n.dot\r\n"


def zone(port_hosts):
    """Lines for domains, each with hosts as (name, address)."""
    lines = []
    for domain, hosts in port_hosts.items():
        for i, (host, address) in enumerate(hosts):
            lines.append("%s. 300 IN MX %d %s." % (domain, 10 * (i + 1), host))
            lines.append("%s. 300 IN A %s" % (host, address))
    return lines


def conf(port, lines, *queue):
    c = Conf()
    c.services = ["smtp", "submissions"]
    c.modules = ["accounts", "store", "auth", "smtp", "smtpclient", "queue"]
    c.add("top", "dns { local-data = [ %s ] }" % ", ".join('"%s"' % line for line in lines))
    c.add("module queue", "port = %d" % port)
    for line in queue:
        c.add("module queue", line)
    return c


def submit(server, rcpts, subject="hi", sender="mjl@mox.example", mail_options=(), rcpt_options=(), message=None):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, port = server.address("submissions")
    with smtplib.SMTP_SSL(host, port, context=context) as client:
        client.login("mjl@mox.example", PASSWORD)
        text = message or MESSAGE % (rcpts[0], subject, subject)
        return client.sendmail(sender, rcpts, text, mail_options, rcpt_options)


def main():
    with SmtpSink() as sink:
        lines = zone({"one.test": [("mx.one.test", "127.0.0.1")], "two.test": [("mx.one.test", "127.0.0.1")]})
        with Server(conf(sink.port, lines, 'retry = ["1s"]', "destination-pause = 1s")) as server:
            def delivered():
                """proves in part: QUEUE-01, QUEUE-07, QUEUE-21"""
                submit(server, ["a@one.test"], "first")
                m = sink.await_message()
                expect(m.sender == "mjl@mox.example" and m.rcpts == ["a@one.test"], str(m.__dict__))
                expect(b"Subject: first\r\n" in m.data and m.data.startswith(b"Received: "), m.data)
                expect(m.data.endswith(b"hello\r\n.dot\r\n"), m.data)
                expect(m.helo == "mox.example", m.helo)
                server.await_log(r'msg="delivered" .*to=a@one\.test .*code=250')

            def several_of_a_domain_together():
                """proves in part: P-QUEUE-02"""
                submit(server, ["b@one.test", "c@one.test", "d@two.test"], "several")
                both = sink.await_message(lambda m: b"Subject: several" in m.data and len(m.rcpts) == 2)
                expect(both.rcpts == ["b@one.test", "c@one.test"], both.rcpts)
                sink.await_message(lambda m: m.rcpts == ["d@two.test"])

            def later():
                sink.answer("RCPT TO:<later@", "450 4.2.0 greylisted", times=1)
                submit(server, ["later@one.test"], "later")
                server.await_log(r'msg="retry" .*to=later@one\.test .*code=450')
                sink.await_message(lambda m: m.rcpts == ["later@one.test"])
                server.await_log(r'msg="delivered" .*to=later@one\.test .*attempt=2')

            def refused():
                sink.answer("RCPT TO:<no@", "550-5.1.1 nobody\n550 5.1.1 of that name")
                submit(server, ["no@one.test", "yes@one.test"], "refused")
                sink.await_message(lambda m: m.rcpts == ["yes@one.test"])
                server.await_log(r'msg="failed" .*to=no@one\.test .*code=550')

            def a_domain_that_does_not_exist():
                submit(server, ["a@nowhere.test"], "nowhere")
                server.await_log(r'msg="failed" .*to=a@nowhere\.test .*code=550 enhanced=5\.1\.2')

            run_tests([delivered, several_of_a_domain_together, later, refused, a_domain_that_does_not_exist])


main()
