#!/usr/bin/env python3
# proves: MTASTS-01, MTASTS-02, P-AUTHN-11
# proves: P-QUEUE-01 (the schedule is in test_queue.c and queue_commands.py, what senders are told in queue_dsn.py, REQUIRETLS
# in tls_matrix.py)
"""MTA-STS policies: found, fetched, refused, remembered, dropped."""

import os
import smtplib
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from dns_server import DnsServer  # noqa: E402
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402
from policy_server import PolicyServer  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402
from test_ca import TestCa  # noqa: E402

NAMES = ["good", "moved", "broken", "html", "large", "none", "gone", "two", "missing"]
POLICY = "version: STSv1\r\nmode: %s\r\nmx: mx.%s.example\r\nmx: *.backup.example\r\nmax_age: 604800\r\n"


def place(name):
    return "mta-sts.%s.example/.well-known/mta-sts.txt" % name


def zone():
    records = {}
    for name in NAMES + ["alien"]:
        records["_mta-sts.%s.example" % name, "TXT"] = ["v=STSv1; id=1;", "other text"]
        records["mta-sts.%s.example" % name, "A"] = ["127.0.0.1"]
    records["_mta-sts.two.example", "TXT"] = ["v=STSv1; id=1;", "v=STSv1; id=2;"]
    records["nothing.example", "TXT"] = ["x"]
    return records


def answers(https):
    for name in NAMES + ["alien"]:
        https.answers[place(name)] = (200, "text/plain; charset=utf-8", (POLICY % ("enforce", name)).encode())
    https.answers[place("none")] = (200, "text/plain", b"version: STSv1\nmode: none\nmax_age: 604800\n")
    https.answers[place("moved")] = (302, "text/plain", ("https://" + place("good")).encode())
    https.answers[place("broken")] = (200, "text/plain", b"version: STSv1\nmode: enforced\n")
    https.answers[place("html")] = (200, "text/html", (POLICY % ("enforce", "html")).encode())
    https.answers[place("large")] = (200, "text/plain", b"x: " + b"y" * 70000)
    del https.answers[place("missing")]


def new_server(ca, dns, https):
    conf = Conf()
    conf.services = ["smtp"]
    conf.modules = ["accounts", "store", "auth", "smtp", "mtasts"]
    conf.add("module mtasts", "port = %d" % https.port)
    conf.add("top", 'dns { stub "example" { server = "127.0.0.1@%d" } trust-anchor = "anchor" }' % dns.port)
    conf.add("top", 'tls { ca = ["%s"] no-system-ca = true }' % ca.cert)
    server = Server(conf)
    with open(server.path("anchor"), "w", encoding="ascii") as f:  # of a zone that nobody asks for
        f.write("signed.example. IN DS 4711 13 2 %s\n" % ("ab" * 32))
    os.chmod(server.path("anchor"), 0o644)
    return server


def queue_server(ca, https, sink, domains, *queue_lines):
    conf = Conf()
    conf.modules += ["smtpclient", "queue", "mtasts"]
    conf.services = ["submission"]
    conf.add("module mtasts", "port = %d" % https.port)
    conf.add("module queue", "port = %d" % sink.port)
    for line in queue_lines:
        conf.add("module queue", line)
    conf.add("top", 'tls { ca = ["%s"] no-system-ca = true }' % ca.cert)
    records = []
    for name in domains:
        records += ["%s.example. 300 IN MX 10 mx.%s.example." % (name, name), "mx.%s.example. 300 IN A 127.0.0.1" % name,
                    "mta-sts.%s.example. 300 IN A 127.0.0.1" % name,
                    '_mta-sts.%s.example. 300 IN TXT \\"v=STSv1; id=1\\"' % name]
    conf.add("top", "dns { local-only = true\nlocal-data = [ %s ] }" % ", ".join('"%s"' % r for r in records))
    return Server(conf)


def submit(server, to):
    with smtplib.SMTP(*server.address("submission"), timeout=PATIENCE) as client:
        client.login("mjl@mox.example", PASSWORD)
        client.sendmail("mjl@mox.example", [to], b"From: <mjl@mox.example>\r\n\r\nx\r\n")


def enforced(directory):
    """A host with the right certificate, one with another one, one that the policy does not name."""
    ca, domains = TestCa(directory, "ca2"), ["right", "wrong", "stranger"]
    web = ca.issue("web2", ["mta-sts.%s.example" % n for n in domains])
    mx = ca.issue("mx2", ["mx.right.example", "mx.stranger.example"])
    with SmtpSink(tls=mx) as sink, PolicyServer(*web) as https, queue_server(ca, https, sink, domains) as server:
        for name in domains:
            listed = "other" if name == "stranger" else name
            https.answers[place(name)] = (200, "text/plain", (POLICY % ("enforce", listed)).encode())
        for name in domains:
            submit(server, "bob@%s.example" % name)
        message = sink.await_message(lambda m: m.rcpts == ["bob@right.example"])
        expect(message.tls, "in clear")
        server.await_log(r'to=bob@wrong\.example host=mx\.wrong\.example.*enhanced=4\.7\.5 reply=".*hostname mismatch')
        server.await_log(r"to=bob@stranger\.example.*code=451 enhanced=4\.7\.5.*does not list this host")
        expect(len(sink.messages) == 1, sink.messages)


def fetched_before_a_failure(directory):
    """RFC 8461 5: a policy that changed without its record keeps no message from arriving in the last attempt."""
    ca = TestCa(directory, "ca3")
    web, mx = ca.issue("web3", ["mta-sts.late.example"]), ca.issue("mx3", ["mx.late.example"])
    with SmtpSink(tls=mx) as sink, PolicyServer(*web) as https, queue_server(
            ca, https, sink, ["late"], 'retry = ["1s"]', "give-up = 3s") as server:
        https.answers[place("late")] = (200, "text/plain", (POLICY % ("enforce", "other")).encode())
        submit(server, "bob@late.example")
        server.await_log(r"to=bob@late\.example.*code=451 enhanced=4\.7\.5.*does not list this host.*attempt=1")
        https.answers[place("late")] = (200, "text/plain", (POLICY % ("enforce", "late")).encode())
        message = sink.await_message(lambda m: m.rcpts == ["bob@late.example"])
        expect(message.tls, "in clear")
        expect(len([r for r in https.requests if r[1] == place("late")]) == 2, https.requests)


def main(directory):
    ca = TestCa(directory)
    os.chmod(directory, 0o755)
    cert, key = ca.issue("policy", ["mta-sts.%s.example" % n for n in NAMES])
    records = zone()
    with DnsServer(records) as dns, PolicyServer(cert, key) as https, new_server(ca, dns, https) as server:
        answers(https)

        def refresh(name):
            return server.moxctl("mtasts", "refresh", name + ".example")[1]

        def listed(name):
            lines = server.moxctl("mtasts", "list")[1].splitlines()
            return [line for line in lines if line.startswith(name + ".example ")]

        def fetched(name):
            return [r for r in https.requests if r[1] == place(name)]

        def what_is_published_is_shown():
            text = server.moxctl("mtasts", "lookup", "good.example")[1]
            expect("record id: 1\n" in text and "mode: enforce\n" in text and "mx: *.backup.example\n" in text, text)
            code, text = server.moxctl("mtasts", "lookup", "nothing.example", check=False)[:2]
            expect(code != 0, text)
            expect(not listed("good"), "looking is not remembering")

        def policies_are_remembered():
            expect(refresh("good") == "good.example: enforce\n", refresh("good"))
            line = listed("good")[0]
            expect("mode=enforce" in line and "id=1" in line and "mx=mx.good.example mx=*.backup.example" in line, line)
            expect(refresh("nothing") == "nothing.example: no policy\n", "")
            expect(refresh("two") == "two.example: no policy\n", "two records are none")

        def failures_have_their_names():
            for name, result in [("moved", "sts-policy-fetch-error"), ("missing", "sts-policy-fetch-error"),
                                 ("large", "sts-policy-fetch-error"), ("broken", "sts-policy-invalid"),
                                 ("html", "sts-policy-invalid"), ("alien", "sts-webpki-invalid")]:
                text = refresh(name)
                expect("no policy, %s" % result in text, text)
                server.await_log(r'msg="MTA-STS policy not fetched".*domain=%s\.example' % name)
            expect(len(fetched("moved")) == 1 and not fetched("alien"), https.requests)

        def a_policy_stays_when_it_cannot_be_fetched():
            refresh("gone")
            del https.answers[place("gone")]
            text = refresh("gone")
            expect("gone.example: enforce, sts-policy-fetch-error" in text, text)
            expect("mode=enforce" in listed("gone")[0] and "failed=2" in listed("gone")[0], listed("gone"))

        def none_goes_with_its_record():
            expect(refresh("none") == "none.example: none\n", "")
            del records["_mta-sts.none.example", "TXT"]
            del records["_mta-sts.gone.example", "TXT"]
            server.restart()  # and the resolver forgets
            expect("mode=enforce" in listed("good")[0], "it survives a restart")
            expect("mode=none" in listed("none")[0], listed("none"))
            expect(refresh("none") == "none.example: no policy\n", "")
            expect(not listed("none"), listed("none"))
            expect("gone.example: enforce" in refresh("gone"), "without a record it goes on")

        def another_id_is_fetched():
            https.answers[place("good")] = (200, "text/plain", (POLICY % ("testing", "good")).encode())
            records["_mta-sts.good.example", "TXT"] = ["v=STSv1; id=2;"]
            server.restart()
            expect(refresh("good") == "good.example: testing\n", "")
            expect("id=2" in listed("good")[0], listed("good"))

        def a_policy_is_dropped():
            server.moxctl("mtasts", "drop", "good.example")
            expect(not listed("good"), listed("good"))

        def policies_in_use_are_fetched_again_by_themselves():
            refresh("good")
            https.answers[place("good")] = (200, "text/plain", (POLICY % ("enforce", "good")).encode())
            server.stop()
            server.conf.add("module mtasts", "refresh = 1s")
            with open(server.path("moxd.conf"), "w", encoding="utf-8") as f:
                f.write(server.conf.static())
            server.start()
            server.await_log(r'msg="MTA-STS policy fetched" domain=good\.example id=2 mode=enforce')

        def policies_are_enforced():
            enforced(directory)

        def policies_are_fetched_before_a_failure():
            fetched_before_a_failure(directory)

        return run_tests([what_is_published_is_shown, policies_are_remembered, failures_have_their_names,
                          a_policy_stays_when_it_cannot_be_fetched, none_goes_with_its_record,
                          another_id_is_fetched, a_policy_is_dropped,
                          policies_in_use_are_fetched_again_by_themselves, policies_are_enforced,
                          policies_are_fetched_before_a_failure])


with tempfile.TemporaryDirectory() as tmp:
    sys.exit(main(tmp))
