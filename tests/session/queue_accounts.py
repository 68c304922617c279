#!/usr/bin/env python3
# proves: P-CORE-16
"""Mail that waits while the configuration of its sender changes: a domain that is switched off, an account that is
removed."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import Server  # noqa: E402
from outgoing import conf, submit, zone  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

MESSAGE = "From: %s\r\nTo: x\r\nSubject: x\r\nMessage-ID: <x@%s>\r\n\r\nbody\r\n"


def new_server(sink):
    c = conf(sink.port, zone({"one.test": [("mx.one.test", "127.0.0.1")]}), 'retry = ["1h"]')
    c.add("domains", 'domain "second.example" { catchall-separators = ["+"] }\naccount "gone" {\n domain = "second.example"\n address "gone@second.example" { }\n'
          ' queue { from-id-logins = ["gone@second.example"] }\n}')
    return Server(c)


def send(server, rcpt, sender="mjl@mox.example", login=None):
    submit(server, [rcpt], sender=sender, login=login or sender, message=MESSAGE % (sender, rcpt))


def main():
    with SmtpSink() as sink, new_server(sink) as server:
        server.moxctl("setaccountpassword", "gone", text="test password 1\n")

        def queue(*words):
            return server.moxctl("queue", *words)[1]

        def a_domain_that_is_switched_off():
            queue("holdrules", "add", "all")
            send(server, "a@one.test", "gone@second.example")
            send(server, "b@one.test")
            queue("holdrules", "remove", "1")
            server.moxctl("domain", "disable", "second.example")
            queue("unhold", "all")
            sink.await_message(lambda m: m.rcpts == ["b@one.test"])
            server.await_log(r'msg="?retry.* to=a@one\.test .*code=451 enhanced=4\.3\.0 reply="sending from the domain')
            expect(not [line for line in sink.lines if "a@one.test" in line], sink.lines)
            server.moxctl("domain", "enable", "second.example")
            queue("schedule", "now", "all")
            sink.await_message(lambda m: m.rcpts == ["a@one.test"])
            server.await_log(r'msg="?delivered.* to=a@one\.test ')

        def an_account_that_is_removed():
            queue("holdrules", "add", "to=held@one.test")
            sink.answer("RCPT TO:<no@", "550 5.1.1 nobody")
            for i in range(3):
                send(server, "held@one.test", "gone@second.example")
                send(server, "held@one.test")
            send(server, "no@one.test", "gone@second.example")
            server.await_log(r'msg="?failed.* to=no@one\.test ')
            expect(queue("list", "account=gone").count("\n") == 4 and queue("retired", "list", "account=gone").count("\n") == 3, "")
            expect("no@one.test" in queue("suppress", "list", "gone") and "one.test" in queue("offers", "gone"), "")
            text = server.moxctl("account", "rm", "gone")[1]
            expect("removed" in text, text)
            expect(queue("list").count(" gone ") == 0 and queue("list", "account=mjl").count("\n") == 4, queue("list"))
            expect(queue("retired", "list").count(" gone ") == 0, queue("retired", "list"))
            expect(queue("retired", "list", "to=b@one.test").count("\n") == 2, "those of others are gone too")
            for command in (("suppress", "list", "gone"), ("offers", "gone")):
                expect(queue(*command) == "", queue(*command))
            expect(len([line for line in server.log if 'msg="dropped with its account"' in line]) == 3, server.log_text())
            # nothing of it is sent, and nobody is told
            queue("holdrules", "remove", "1")
            queue("unhold", "all")
            sink.await_message(lambda m: m.rcpts == ["held@one.test"], 3)
            server.await_log(r'msg="?delivered.* to=held@one\.test ', 3)
            expect(all("gone" not in m.sender for m in sink.messages if m.rcpts == ["held@one.test"]), "sent all the same")
            expect("moxd_queue_waiting 0" in server.moxctl("metrics")[1], "they are counted still")

        run_tests([a_domain_that_is_switched_off, an_account_that_is_removed])


if __name__ == "__main__":
    main()
