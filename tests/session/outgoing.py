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


def submit(server, rcpts, subject="hi", sender="mjl@mox.example", mail_options=(), rcpt_options=(), message=None,
           login="mjl@mox.example"):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, port = server.address("submissions")
    with smtplib.SMTP_SSL(host, port, context=context) as client:
        client.login(login, PASSWORD)
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

            def commands():
                """proves in part: P-QUEUE-07, QUEUE-11, QUEUE-12, QUEUE-13, QUEUE-14, P-QUEUE-08"""
                def ctl(*words):
                    return server.moxctl("queue", *words)[1]
                expect(ctl("holdrules", "add", "to=two.test") == "rule 1\n", "no rule")
                expect(ctl("holdrules", "list") == "1 to=two.test\n", ctl("holdrules", "list"))
                for i in range(5):
                    submit(server, ["h%d@two.test" % i], "held")
                lines = ctl("list", "to=two.test", "max=3").splitlines()
                expect(len(lines) == 5 and lines[-1].startswith("more: start="), lines)
                rest = ctl("list", lines[-1].split()[1]).splitlines()
                expect(len(rest) == 3 and all(" held " in line for line in rest[1:]), rest)
                ids = [line.split()[0] for line in lines[1:4] + rest[1:]]
                show = ctl("print", ids[0])
                expect("to            h0@two.test\n" in show and "message-id    <held@mox.example>\n" in show, show)
                expect("hello\r\n" in ctl("dump", ids[0]).replace("\n", "\r\n").replace("\r\r", "\r"), ctl("dump", ids[0]))
                ctl("requiretls", "yes", "ids=" + ids[0])
                expect("requiretls    yes\n" in ctl("print", ids[0]), ctl("print", ids[0]))
                ctl("transport", "direct", "ids=" + ids[0])
                expect(ctl("drop", "ids=%s,%s" % (ids[3], ids[4])) == "2 recipients dropped\n", "not dropped")
                server.await_log(r'msg="cancelled" .*to=h4@two\.test')
                expect(ctl("fail", "ids=" + ids[2]) == "1 recipients failed\n", "not failed")
                ctl("holdrules", "remove", "1")
                # released: one without REQUIRETLS is delivered, the other cannot be
                expect(ctl("unhold", "to=two.test") == "2 recipients released\n", "not released")
                sink.await_message(lambda m: m.rcpts == ["h1@two.test"])
                server.await_log(r'msg="failed" .*to=h0@two\.test .*enhanced=5\.7\.10')
                status, text = server.moxctl("queue", "drop", check=False)
                expect(status != 0, text)
                status, text = server.moxctl("queue", "list", "nonsense=1", check=False)
                expect(status != 0 and "no filter" in text, text)

            def retired():
                """proves in part: QUEUE-09, QUEUE-10"""
                text = server.moxctl("queue", "retired", "list", "to=later@one.test")[1].splitlines()
                expect(len(text) == 2 and " delivered " in text[1], text)
                shown = server.moxctl("queue", "retired", "print", text[1].split()[0])[1]
                expect("450 4.2.0 greylisted" in shown and "250 2.0.0 taken" in shown, shown)

            def suppressed():
                """proves in part: QUEUE-18, P-QUEUE-09"""
                text = server.moxctl("queue", "suppress", "list", "mjl")[1]
                expect("mjl no@one.test refused 550-5.1.1 nobody" in text, text)
                tries = sum("no@one.test" in line for line in sink.lines)
                submit(server, ["NO@one.test"], "again")
                server.await_log(r'msg="suppressed" .*to=NO@one\.test')
                expect(sum("no@one.test" in line.lower() for line in sink.lines) == tries, "it was tried")
                server.moxctl("queue", "suppress", "remove", "mjl", "no@one.test")
                sink.answers.clear()
                submit(server, ["no@one.test"], "again")
                sink.await_message(lambda m: m.rcpts == ["no@one.test"])
                server.moxctl("queue", "suppress", "add", "mjl", "x@one.test", "asked for it")
                text = server.moxctl("queue", "suppress", "list")[1]
                expect("x@one.test manual asked for it" in text, text)

            def which_refusals_suppress():
                """proves: P-QUEUE-09, QUEUE-18 (which codes do: test_queue.c; failures that are told later: queue_ways.py)"""
                def listed(rcpt, account="mjl"):
                    return rcpt.lower() in server.moxctl("queue", "suppress", "list", account)[1].lower()

                def times(rcpt, reply, wanted):
                    """After how many failures it is on the list; 0: never."""
                    sink.answer("RCPT TO:<%s@" % rcpt.split("@")[0], reply)
                    for n in range(1, 4):
                        submit(server, [rcpt], rcpt.split("@")[0])
                        server.await_log(r'msg="?failed.* to=%s ' % rcpt, n)
                        expect(listed(rcpt) == (0 < wanted <= n), "%s: %s after %d" % (rcpt, listed(rcpt), n))
                        if listed(rcpt):
                            return
                times("s550@one.test", "550 no", 1)
                times("s553@one.test", "553 no", 1)
                times("s521@one.test", "550 5.2.1 disabled", 1)
                times("s571@one.test", "550 5.7.1 your address is on a list", 0)
                times("s500@one.test", "554 5.0.0 no", 3)
                times("s554@one.test", "554 no", 3)
                # of each account its own
                submit(server, ["s550@one.test"], "other", sender="other@mox.example", login="other@mox.example", message=(
                    "From: other@mox.example\r\n\r\nhi\r\n"))
                server.await_log(r'msg="?failed.* from=other@mox\.example to=s550@one\.test ')
                expect(listed("s550@one.test", "other"), "the other account")
                # by hand, in any case of letters, with others of the message delivered
                server.moxctl("queue", "suppress", "add", "mjl", "J\u00dcRGEN@one.test", "asked")
                submit(server, ["j\u00fcrgen@one.test", "s1@one.test"], mail_options=["SMTPUTF8"], message=MESSAGE % ("x", "case", "case"))
                server.await_log(r'msg="?suppressed.* to=j\u00fcrgen@one\.test ')
                sink.await_message(lambda m: m.rcpts == ["s1@one.test"])
                server.moxctl("queue", "suppress", "remove", "mjl", "j\u00fcrgen@one.test")
                submit(server, ["j\u00fcrgen@one.test"], mail_options=["SMTPUTF8"], message=MESSAGE % ("x", "again", "again"))
                sink.await_message(lambda m: m.rcpts == ["j\u00fcrgen@one.test"])

            def survives_a_restart():
                """proves in part: QUEUE-09"""
                server.moxctl("queue", "holdrules", "add", "all")
                submit(server, ["kept@one.test"], "kept")
                server.restart()
                server.await_log(r'msg="queue read"')
                expect("kept@one.test" in server.moxctl("queue", "list", "hold=yes")[1], "gone")
                server.moxctl("queue", "holdrules", "remove", "1")
                server.moxctl("queue", "unhold", "all")
                sink.await_message(lambda m: m.rcpts == ["kept@one.test"])

            run_tests([delivered, several_of_a_domain_together, later, refused, a_domain_that_does_not_exist, commands, retired, suppressed,
                       which_refusals_suppress, survives_a_restart])


if __name__ == "__main__":
    main()
