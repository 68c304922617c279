#!/usr/bin/env python3
# proves: P-QUEUE-02, P-QUEUE-03, P-QUEUE-05, P-QUEUE-12, QUEUE-07, QUEUE-23
# proves in part: P-QUEUE-01, P-QUEUE-04
"""Which host and address a message goes to, from where, how many together, and when again. In a network of its own:
the server has public addresses of both families, and so have the servers that it delivers to."""

import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from dns_server import DnsServer  # noqa: E402
from echo import expect, run_tests  # noqa: E402
from moxd_server import Server  # noqa: E402
from outgoing import conf, submit  # noqa: E402
from own_network import enter_network  # noqa: E402
from smtp_sink import CLOSE, EXTENSIONS, SmtpSink  # noqa: E402

OURS4, OURS6, OTHER4 = "203.0.113.25", "2001:db8::25", "203.0.113.26"
THEIRS4, THEIRS6 = "203.0.113.50", "2001:db8::50"
PTR = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 300 IN PTR mox.example."
RETRY = ['retry = ["1s"]', "destination-pause = 1s"]


def host(name, *addresses):
    return ["%s. 300 IN MX 10 mx.%s." % (name, name)] + [
        "mx.%s. 300 IN %s %s" % (name, "AAAA" if ":" in a else "A", a) for a in addresses]


def server_conf(port, lines, *queue, domains=""):
    c = conf(port, lines, *queue)
    c.listen = '127.0.0.1", "%s", "%s", "%s' % (OURS4, OTHER4, OURS6)
    c.add("domains", domains)
    return c


def value(server, name):
    """Of a counter."""
    text = server.moxctl("metrics")[1]
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name + " "))


class Sinks:
    """A server with an address of each family."""

    def __enter__(self):
        self.four = SmtpSink(host=THEIRS4).__enter__()
        self.port = self.four.port
        self.six = SmtpSink(host=THEIRS6, port=self.port).__enter__()
        return self

    def __exit__(self, *exc):
        self.six.__exit__()
        self.four.__exit__()


def families(sinks):
    lines = host("dual.test", THEIRS4, THEIRS6) + host("half.test", "2001:db8::99", THEIRS4) + host("six.test", THEIRS6) + host("grey.test", THEIRS4, THEIRS6)
    routes = "\n".join('route { to-domain = ["%s"] transport = "%s" }' % pair for pair in (
        ("four.dual.test", "four"), ("six.dual.test", "six"), ("no.dual.test", "no"), ("later.dual.test", "later"),
        ("plain.dual.test", ""), (".dual.test", "no")))
    for name in ("four", "six", "plain"):
        lines += ["%s.dual.test. 300 IN MX 10 mx.dual.test." % name]
    transports = ['transport "four" { kind = direct  disable-ipv6 = true }',
                  'transport "six" { kind = direct  disable-ipv4 = true }',
                  'transport "no" { kind = fail  smtp-code = 550  smtp-message = "5.7.1 we do not write to them" }',
                  'transport "later" { kind = fail  smtp-code = 421  smtp-message = "4.3.2 closed today" }']
    with Server(server_conf(sinks.port, lines + [PTR], *RETRY, *transports, domains=routes)) as server:
        def ipv6_comes_first():
            submit(server, ["a@dual.test"], "first")
            m = sinks.six.await_message(lambda m: m.rcpts == ["a@dual.test"])
            expect(m.peer == OURS6, m.peer)

        def the_other_family_in_the_same_attempt():
            submit(server, ["a@half.test"], "half")
            m = sinks.four.await_message(lambda m: m.rcpts == ["a@half.test"])
            expect(m.peer == OURS4, m.peer)
            server.await_log(r'msg="?delivered.* to=a@half\.test .*attempt=1')

        def the_other_family_after_one_that_broke_off():
            sinks.six.answer("END-OF-DATA", CLOSE, times=1)
            submit(server, ["b@dual.test"], "broken")
            m = sinks.four.await_message(lambda m: m.rcpts == ["b@dual.test"])
            expect(m.peer == OURS4, m.peer)
            server.await_log(r'msg="?retry.* to=b@dual\.test .*ip=%s' % THEIRS6)

        def a_greylisted_message_stays_where_it_is_known():
            sinks.six.answer("GREETING", CLOSE, times=1)
            sinks.four.answer("RCPT TO:<c@", "450 4.2.0 greylisted", times=2)
            submit(server, ["c@grey.test"], "grey")
            m = sinks.four.await_message(lambda m: m.rcpts == ["c@grey.test"])
            expect(m.peer == OURS4, m.peer)
            server.await_log(r'msg="?delivered.* to=c@grey\.test .*attempt=3')
            expect(not [line for line in sinks.six.lines if "c@grey.test" in line], sinks.six.lines)

        def transports_of_one_family():
            """P-QUEUE-05"""
            submit(server, ["a@four.dual.test", "a@six.dual.test"], "families")
            sinks.four.await_message(lambda m: m.rcpts == ["a@four.dual.test"])
            sinks.six.await_message(lambda m: m.rcpts == ["a@six.dual.test"])

        def transports_that_fail():
            submit(server, ["a@no.dual.test", "a@later.dual.test"], "fail")
            server.await_log(r'msg="?failed.* to=a@no\.dual\.test .*code=550 .*reply="5\.7\.1 we do not write to them"')
            server.await_log(r'msg="?retry.* to=a@later\.dual\.test .*code=421 .*reply="4\.3\.2 closed today"')
            server.moxctl("queue", "drop", "to=later.dual.test")

        def no_transport_at_all():
            """QUEUE-07: an empty name is direct delivery, whatever routes come later; so is no route."""
            submit(server, ["a@plain.dual.test", "d@dual.test"], "plain")
            sinks.six.await_message(lambda m: m.rcpts == ["a@plain.dual.test"])
            server.await_log(r'msg="?delivered.* to=d@dual\.test .*host=mx\.dual\.test')

        def messages_are_counted():
            """QUEUE-23: each transaction once, and none that failed."""
            server.await_log(r'msg="?delivered.* to=d@dual\.test ')
            taken = [m.rcpts for s in (sinks.four, sinks.six) for m in s.messages if m.rcpts]
            expect(value(server, "moxd_queue_sent_total") == len(taken), (value(server, "moxd_queue_sent_total"), taken))

        yield from (ipv6_comes_first, the_other_family_in_the_same_attempt, the_other_family_after_one_that_broke_off,
                    a_greylisted_message_stays_where_it_is_known, transports_of_one_family, transports_that_fail,
                    no_transport_at_all, messages_are_counted)


def nameless(sinks):
    """Our IPv6 address has no name: receivers do not like that."""
    lines = host("dual.test", THEIRS4, THEIRS6) + host("six.test", THEIRS6)
    with Server(server_conf(sinks.port, lines, *RETRY)) as server:
        def ipv6_is_not_used():
            submit(server, ["a@dual.test"], "nameless")
            m = sinks.four.await_message(lambda m: b"Subject: nameless" in m.data)
            expect(m.peer == OURS4, m.peer)
            server.await_log("IPv6 is not used for sending: our address has no reverse DNS")

        def but_where_there_is_nothing_else():
            submit(server, ["a@six.test"], "nameless")
            m = sinks.six.await_message(lambda m: b"Subject: nameless" in m.data)
            expect(m.rcpts == ["a@six.test"] and m.peer == OURS6, m.__dict__)

        yield from (ipv6_is_not_used, but_where_there_is_nothing_else)


def limits(sinks):
    """P-QUEUE-02: recipients of a domain together, as many as the server takes (RFC 9422)."""
    lines = host("one.test", THEIRS4) + host("two.test", THEIRS4) + host("three.test", THEIRS4)
    smart = 'transport "smart" { kind = smtp  host = "%s"  port = %d  tls = none }' % (THEIRS4, sinks.port)
    routes = 'route { to-domain = ["x.test", "y.test", "z.test"] transport = "smart" }'
    sink = sinks.four
    with Server(server_conf(sinks.port, lines, *RETRY, smart, domains=routes)) as server:
        def sent(name, rcpts):
            """(connection, recipients) of the transactions."""
            submit(server, rcpts, name)
            for rcpt in rcpts:
                server.await_log(r'msg="?delivered.* to=%s .*attempt=1' % rcpt)
            of = [m for m in sink.messages if ("Subject: %s\r\n" % name).encode() in m.data]
            return [(m.connection, m.rcpts) for m in of]

        def one_transaction():
            got = sent("together", ["a%d@one.test" % i for i in range(100)])
            expect(len(got) == 1 and len(got[0][1]) == 100, got)

        def recipients_in_a_transaction():
            sink.extensions = EXTENSIONS + ("LIMITS RCPTMAX=3",)
            got = sent("rcptmax", ["b%d@two.test" % i for i in range(8)])
            expect([len(rcpts) for _, rcpts in got] == [3, 3, 2] and len({c for c, _ in got}) == 1, got)

        def too_many_without_a_word_before():
            sink.extensions = EXTENSIONS
            for i in (2, 3):
                sink.answer("RCPT TO:<c%d@" % i, "452 4.5.3 too many recipients", times=1)
            got = sent("toomany", ["c%d@three.test" % i for i in range(4)])
            expect([rcpts for _, rcpts in got] == [["c0@three.test", "c1@three.test"], ["c2@three.test", "c3@three.test"]], got)

        def transactions_in_a_session():
            sink.extensions = EXTENSIONS + ("LIMITS RCPTMAX=2 MAILMAX=2",)
            got = sent("mailmax", ["d%d@x.test" % i for i in range(10)])
            connections = [c for c, _ in got]
            expect(len(got) == 5 and all(connections.count(c) <= 2 for c in connections), got)
            expect(len(set(connections)) == 3, got)

        def domains_in_a_session():
            sink.extensions = EXTENSIONS + ("LIMITS RCPTDOMAINMAX=2",)
            got = sent("domains", ["e@x.test", "e@y.test", "e@z.test", "f@x.test", "f@z.test"])
            by = {}
            for connection, rcpts in got:
                by.setdefault(connection, set()).update(r.split("@")[1] for r in rcpts)
            expect(len(by) == 2 and all(len(d) <= 2 for d in by.values()), got)
            expect(sorted(r for _, rcpts in got for r in rcpts) ==
                   ["e@x.test", "e@y.test", "e@z.test", "f@x.test", "f@z.test"], got)

        yield from (one_transaction, recipients_in_a_transaction, too_many_without_a_word_before,
                    transactions_in_a_session, domains_in_a_session)


def pauses(sinks):
    """A domain that wants less mail gets none for a while, and then as much as before."""
    with Server(server_conf(sinks.port, host("busy.test", THEIRS4) + host("idle.test", THEIRS4), 'retry = ["1s"]',
                            "destination-pause = 2s")) as server:
        sink = sinks.four

        def nothing_is_sent_in_a_pause():
            sink.answer("GREETING", "421 4.7.0 too many connections", times=1)
            submit(server, ["a@busy.test"], "busy")
            server.await_log(r'msg="destination wants less mail" destination=busy\.test connections=5 pause=2')
            began, connections = time.monotonic(), sink.connections
            submit(server, ["b@busy.test"], "busy")
            submit(server, ["a@idle.test"], "idle")  # others do not wait
            sink.await_message(lambda m: m.rcpts == ["a@idle.test"])
            expect(sink.connections == connections + 1, "it was tried")
            sink.await_message(lambda m: m.rcpts == ["b@busy.test"])
            sink.await_message(lambda m: m.rcpts == ["a@busy.test"])
            expect(time.monotonic() - began >= 1.5, "no pause")

        def as_after_45x_to_mail():
            sink.answer("MAIL FROM", "451 4.7.1 slow down", times=1)
            submit(server, ["c@busy.test"], "slow")
            server.await_log(r'msg="destination wants less mail" destination=busy\.test .*pause=2', 2)
            sink.await_message(lambda m: m.rcpts == ["c@busy.test"])

        def but_not_for_a_mailbox_that_is_full():
            sink.answer("RCPT TO:<d@", "452 4.2.2 full", times=1)
            submit(server, ["d@busy.test"], "full")
            server.await_log(r'msg="?retry.* to=d@busy\.test ')
            expect(sum("wants less mail" in line for line in server.log) == 2, server.log_text())

        yield from (nothing_is_sent_in_a_pause, as_after_45x_to_mail, but_not_for_a_mailbox_that_is_full)


def names(sinks):
    """P-QUEUE-12, with a name server that answers as those of others do."""
    records = {
        ("two.example", "MX"): ["mx.two.example"], ("mx.two.example", "A"): [THEIRS4],
        ("nick.example", "CNAME"): ["two.example"],
        ("far.example", "MX"): ["mx-nick.example"], ("mx-nick.example", "CNAME"): ["mx.two.example"],
        ("bare.example", "A"): [THEIRS4], ("bare6.example", "AAAA"): [THEIRS6],
        ("null.example", "MX"): ["0 ."], ("null.example", "A"): [THEIRS4],
        ("text.example", "TXT"): ["no mail"],
    }
    with DnsServer(records) as dns:
        c = server_conf(sinks.port, [PTR], *RETRY)
        c.blocks["top"] = ['dns { stub "example" { server = "127.0.0.1@%d" } trust-anchor = "anchor" local-data = ["%s"] }'
                           % (dns.port, PTR)]
        server = Server(c)
        with open(server.path("anchor"), "w", encoding="ascii") as f:  # of a zone that nobody asks for
            f.write("signed.example. IN DS 4711 13 2 %s\n" % ("ab" * 32))
        os.chmod(server.path("anchor"), 0o644)
        with server:
            def aliases_and_domains_without_mx():
                rcpts = ["a@nick.example", "a@far.example", "a@bare.example", "a@bare6.example"]
                submit(server, rcpts, "names")
                for rcpt in rcpts:
                    sink = sinks.six if "6" in rcpt else sinks.four
                    sink.await_message(lambda m, r=rcpt: m.rcpts == [r])

            def domains_without_mail():
                submit(server, ["a@null.example", "a@text.example", "a@missing.example"], "none")
                for name, code, enhanced in (("null", 556, r"5\.1\.10"), ("text", 550, r"5\.1\.2"), ("missing", 550, r"5\.1\.2")):
                    server.await_log(r'msg="?failed.* to=a@%s\.example .*code=%d enhanced=%s ' % (name, code, enhanced))

            yield from (aliases_and_domains_without_mx, domains_without_mail)


def main():
    worlds = (families, nameless, limits, pauses, names)
    enter_network([OURS4, OURS6, OTHER4, THEIRS4, THEIRS6])

    def world(make):
        def test():
            with Sinks() as sinks:
                for part in make(sinks):
                    print("# " + part.__name__, flush=True)
                    part()
        test.__name__ = make.__name__
        return test

    run_tests([world(w) for w in worlds])


if __name__ == "__main__":
    main()
