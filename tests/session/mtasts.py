#!/usr/bin/env python3
# proves: MTASTS-02, P-AUTHN-11
# proves in part: MTASTS-01
"""MTA-STS policies: found, fetched, refused, remembered, dropped."""

import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from dns_server import DnsServer  # noqa: E402
from echo import expect, run_tests  # noqa: E402
from moxd_server import Conf, Server  # noqa: E402
from policy_server import PolicyServer  # noqa: E402
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

        return run_tests([what_is_published_is_shown, policies_are_remembered, failures_have_their_names,
                          a_policy_stays_when_it_cannot_be_fetched, none_goes_with_its_record,
                          another_id_is_fetched, a_policy_is_dropped,
                          policies_in_use_are_fetched_again_by_themselves])


with tempfile.TemporaryDirectory() as tmp:
    sys.exit(main(tmp))
