#!/usr/bin/env python3
# proves: P-QUEUE-07, QUEUE-09, QUEUE-11, QUEUE-12, QUEUE-14
# proves in part: QUEUE-13, SUBM-04, WAPI-02, P-QUEUE-01, P-QUEUE-14
"""moxctl queue: every filter, every action, lists in pages, and what programs read. Everything waits on hold, so that
nothing moves by itself."""

import datetime
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import Server  # noqa: E402
from outgoing import conf, submit, zone  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

MESSAGE = "From: %s\r\nTo: x\r\nSubject: %s\r\n%s\r\nbody of %s\r\n"


def date(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Queue:
    """What the commands say."""

    def __init__(self, server):
        self.server = server

    def run(self, *words):
        return self.server.moxctl("queue", *words)[1]

    def fails(self, *words):
        status, text = self.server.moxctl("queue", *words, check=False)
        expect(status != 0, text)
        return text

    def ids(self, *filters, command=("list",)):
        lines = self.run(*command, *filters).splitlines()
        expect(lines[0].split()[:5] == ["ID", "ACCOUNT", "QUEUED", "NEXT", "TRIES"], lines)
        return [int(line.split()[0]) for line in lines[1:] if not line.startswith("more: ")]

    def retired(self, *filters):
        return self.ids(*filters, command=("retired", "list"))

    def print(self, number, *command):
        return json.loads(self.run(*command, "print", "-json", str(number)))

    def of(self, rcpt):
        found = self.ids("to=" + rcpt)
        expect(len(found) == 1, (rcpt, found))
        return found[0]


def hold_rules(server, queue, sink):
    """One criterion each, then all of them, then everything (QUEUE-12)."""
    def held(rule, *wanted):
        """Of four messages, those that the rule holds; the others leave."""
        n = queue.run("holdrules", "add", *rule).split()[1]
        mails = [("a@one.test", "mjl"), ("b@one.test", "second"), ("a@two.test", "mjl"), ("c@two.test", "other")]
        before = len(sink.messages)
        for rcpt, sender in mails:
            submit(server, [rcpt], "rule", sender=sender + "@mox.example", login=sender + "@mox.example",
                   message=MESSAGE % (sender + "@mox.example", "rule", "", rcpt))
        sink.await_("%d messages" % (4 - len(wanted)), lambda: len(sink.messages) >= before + 4 - len(wanted))
        lines = queue.run("list", "hold=yes").splitlines()[1:]
        expect(sorted(line.split(" > ")[1] for line in lines) == sorted(wanted), (rule, lines))
        queue.run("holdrules", "remove", n)
        if wanted:
            expect(queue.run("drop", "hold=yes") == "%d recipients dropped\n" % len(wanted), "drop")

    held(["to=a@one.test"], "a@one.test")
    held(["to=two.test"], "a@two.test", "c@two.test")
    held(["from=SECOND@mox.example"], "b@one.test")
    held(["from=mox.example", "to=b@one.test"], "b@one.test")
    held(["account=other"], "c@two.test")
    held(["all"], "a@one.test", "b@one.test", "a@two.test", "c@two.test")
    held(["to=elsewhere.test"])
    expect("rules are by" in queue.fails("holdrules", "add", "hold=yes"), "a rule by what is no criterion")
    expect("no such rule" in queue.fails("holdrules", "remove", "99"), "a rule that is not there")


def fill(server, queue):
    """Ten recipients on hold, of two accounts."""
    queue.run("holdrules", "add", "all")
    for i in range(6):
        submit(server, ["m%d@one.test" % i], message=MESSAGE % (
            "mjl@mox.example", "number %d" % i, "Message-ID: <%d@mox.example>\r\n" % i, "m%d" % i))
    submit(server, ["s0@two.test", "s1@two.test"], sender="second@mox.example",
           message=MESSAGE % ("second@mox.example", "both", "", "s"))
    submit(server, ["o0@two.test", "o1@three.test"], sender="other@mox.example", login="other@mox.example",
           message=MESSAGE % ("other@mox.example", "of the other", "", "o"))
    return queue.ids()


def filters(queue, ids):
    expect(len(ids) == 10 and ids == sorted(ids), ids)
    for words, wanted in (
            (["account=mjl"], ids[:8]), (["account=other"], ids[8:]), (["account=-"], []),
            (["from=second@mox.example"], ids[6:8]), (["from=mox.example"], ids), (["from=@mox.example"], ids),
            (["from=elsewhere.test"], []),
            (["to=m3@one.test"], ids[3:4]), (["to=M3@ONE.test"], ids[3:4]), (["to=two.test"], ids[6:9]),
            (["ids=%d,%d" % (ids[1], ids[9])], [ids[1], ids[9]]), (["ids=999999"], []),
            (["hold=yes"], ids), (["hold=no"], []),
            (["submitted-before=now"], ids), (["submitted-after=now"], []), (["submitted-after=-1h"], ids),
            (["submitted-before=-1h"], []),
            (["next-before=+1h"], ids), (["next-after=+1h"], []), (["next-after=-1h"], ids), (["next-before=-1h"], []),
            (["transport=-"], ids), (["transport=smart"], []),
            (["account=mjl", "to=two.test", "hold=yes"], ids[6:8])):
        expect(queue.ids(*words) == wanted, (words, queue.ids(*words)))
    for bad, why in (("hold=maybe", "yes"), ("ids=x", "ids are numbers"), ("submitted-before=soon", "a time is"),
                     ("max=x", "not a number"), ("colour=red", "no filter"), ("to=", "missing")):
        expect(why in queue.fails("list", bad), (bad, queue.fails("list", bad)))


def pages(queue, ids):
    """The asker's pages, of what waits and of what left."""
    def walk(command):
        seen, start = [], []
        while True:
            lines = queue.run(*command, "max=3", *start).splitlines()
            expect(len(lines) <= 5, lines)
            seen += [int(line.split()[0]) for line in lines[1:] if not line.startswith("more: ")]
            if not lines[-1].startswith("more: "):
                return seen
            start = [lines[-1].split()[1]]
    expect(walk(["list"]) == ids, walk(["list"]))
    left = queue.retired()
    expect(len(left) > 10 and walk(["retired", "list"]) == left, left)


def changes(server, queue, sink, ids):
    one, two = ids[0], ids[1]
    expect("smart" in queue.fails("transport", "nowhere", "all") or "no transport" in queue.fails("transport", "nowhere", "all"), "")
    expect(queue.run("transport", "smart", "ids=%d" % one) == "1 recipients changed\n", "transport")
    expect(queue.ids("transport=smart") == [one] and queue.print(one)["transport"] == "smart", "transport")
    queue.run("transport", "default", "ids=%d" % one)
    expect("transport" not in queue.print(one) and queue.ids("transport=smart") == [], "default")
    for word in ("yes", "no"):
        queue.run("requiretls", word, "ids=%d" % one)
        expect(queue.print(one)["requiretls"] == word, word)
        expect("requiretls    %s\n" % word in queue.run("print", str(one)), queue.run("print", str(one)))
    queue.run("requiretls", "default", "ids=%d" % one)
    expect("requiretls" not in queue.print(one), "default")
    expect("yes, no or default" in queue.fails("requiretls", "maybe", "all"), "")
    queue.run("schedule", "+2h", "ids=%d" % two)
    expect(queue.ids("next-after=+1h") == [two], queue.ids("next-after=+1h"))
    line = [line for line in queue.run("list").splitlines() if line.startswith("%d " % two)][0]
    expect(" held " in line, line)
    expect(queue.run("unhold", "ids=%d" % two) == "1 recipients released\n", "unhold")
    line = [line for line in queue.run("list").splitlines() if line.startswith("%d " % two)][0]
    expect(line.split()[:2] == [str(two), "mjl"] and line.split()[3].startswith("1h59m"), line)
    expect(line.split()[4] == "0" and line.endswith("mjl@mox.example > m1@one.test"), line)
    expect(queue.run("unhold", "ids=%d" % two) == "0 recipients released\n", "again")
    queue.run("schedule", "now", "ids=%d" % two)
    sink.await_message(lambda m: m.rcpts == ["m1@one.test"])
    server.await_log(r'msg="?delivered.* id=%d ' % two)
    expect(queue.retired("ids=%d" % two) == [two] and two not in queue.ids(), "it left")
    expect(queue.run("hold", "to=one.test") == "0 recipients held\n", "they are on hold already")


def ends(server, queue, ids):
    body = queue.run("dump", str(ids[6]))
    expect("Subject: both" in body and body.rstrip().endswith("body of s"), body)
    expect(queue.run("drop", "ids=%d" % ids[6]) == "1 recipients dropped\n", "drop")
    expect(queue.run("fail", "ids=%d" % ids[7]) == "1 recipients failed\n", "fail")
    server.await_log(r'msg="?sender told.* to=s1@two\.test')
    expect(not [line for line in server.log if "sender told" in line and "s0@two.test" in line], "told of a drop")
    for number in ids[6:8]:
        expect(queue.print(number, "retired")["result"] == "cancelled", queue.print(number, "retired"))
    for command in ("hold", "unhold", "fail", "drop"):
        expect("say which" in queue.fails(command, "max=7"), command)
    for command in (["print"], ["retired", "print"], ["dump"]):
        expect("999999" in queue.fails(*command, "999999"), command)
        expect("no id" in queue.fails(*command, "x"), command)


def history(server, queue, sink):
    """QUEUE-09: each attempt, while it waits, after a restart, and when it left."""
    queue.run("holdrules", "remove", queue.run("holdrules", "list").split()[0])
    sink.answer("RCPT TO:<slow@", "451-4.7.1 come back\n451 4.7.1 in a while", times=2)
    submit(server, ["slow@one.test"], message=MESSAGE % ("mjl@mox.example", "slow", "", "slow"))
    server.await_log(r'msg="?retry.* to=slow@one\.test ')
    number = queue.of("slow@one.test")
    shown = queue.run("print", str(number))
    expect("attempts      1\n" in shown and "    451-4.7.1 come back\n    451 4.7.1 in a while\n" in shown, shown)
    expect("host mx.one.test (127.0.0.1)" in shown, shown)
    queue.run("schedule", "now", "ids=%d" % number)
    server.await_log(r'msg="?retry.* to=slow@one\.test ', 2)
    server.restart()
    attempts = queue.print(number)["attempts"]
    expect([(a["code"], a["enhanced"], a["remote"]) for a in attempts] == [(451, "4.7.1", "127.0.0.1")] * 2, attempts)
    expect("451-4.7.1 come back" in queue.run("list", "ids=%d" % number), queue.run("list"))
    queue.run("schedule", "now", "ids=%d" % number)
    server.await_log(r'msg="?delivered.* to=slow@one\.test ')
    left = queue.print(number, "retired")
    expect([a["code"] for a in left["attempts"]] == [451, 451, 250] and left["attempts"][2]["ok"], left)
    expect(left["attempts"][0]["reply"] == "451-4.7.1 come back\n451 4.7.1 in a while", left)
    shown = queue.run("retired", "print", str(number))
    expect("result        delivered\n" in shown and shown.count("4.7.1 come back") == 2, shown)


def schedule(server, queue):
    """P-QUEUE-01: at once, then ever later, with some jitter: told by the command, not waited for."""
    wanted = [450, 900, 1800, 3600, 7200, 14400, 28800, 28800, 28800]
    submit(server, ["late@later.test"], message=MESSAGE % ("mjl@mox.example", "late", "", "late"))
    server.await_log(r'msg="?retry.* to=late@later\.test .*attempt=1')
    number, waits = queue.of("late@later.test"), []
    for n in range(1, len(wanted) + 1):
        server.await_log(r'msg="?retry.* to=late@later\.test .*attempt=%d' % n)
        shown = queue.print(number)
        waits.append((date(shown["next"]) - date(shown["attempts"][-1]["time"])).total_seconds())
        queue.run("schedule", "now", "ids=%d" % number)
    for wait, want in zip(waits, wanted):
        expect(abs(wait - want) <= want / 16 + 3, (waits, wanted))
    expect(any(abs(wait - want) > 3 for wait, want in zip(waits, wanted)), "no jitter: %s" % waits)
    queue.run("drop", "ids=%d" % number)


def held_for_later(server, queue, sink):
    """FUTURERELEASE (RFC 4865) of mail for others. P-QUEUE-14 with tls_matrix.py"""
    began = time.time()
    submit(server, ["future@one.test"], mail_options=["HOLDFOR=2"],
           message=MESSAGE % ("mjl@mox.example", "future", "", "future"))
    line = queue.run("list", "to=future@one.test").splitlines()[1]
    expect(line.split()[3] in ("1s", "now"), line)
    sink.await_message(lambda m: m.rcpts == ["future@one.test"])
    expect(time.time() - began >= 1.9, "too early")


def message_ids(server, queue, ids, sink):
    """QUEUE-14: the user's, and the one that a message gets that has none."""
    expect([queue.print(i)["messageid"] for i in ids[2:6]] == ["<%d@mox.example>" % i for i in range(2, 6)], "")
    own = queue.print(ids[8])["messageid"]
    expect(own.startswith("<") and own.endswith("@mox.example>"), own)
    expect("Message-ID: " + own in queue.run("dump", str(ids[8])), queue.run("dump", str(ids[8])))
    expect("message-id    %s\n" % own in queue.run("print", str(ids[8])), "")


def extra_data(server, queue, sink):
    """SUBM-04: taken off the message, kept with it."""
    queue.run("holdrules", "add", "to=extra@one.test")
    fields = "X-Mox-Extra-Order: 4711\r\nX-Mox-Extra-note: =?utf-8?q?caf=C3=A9?=\r\n"
    submit(server, ["extra@one.test"], message=MESSAGE % ("mjl@mox.example", "extra", fields, "extra"))
    wanted = {"order": "4711", "note": "caf\u00e9"}
    number = queue.of("extra@one.test")
    expect(queue.print(number)["extra"] == wanted, queue.print(number))
    expect("extra         order: 4711\n" in queue.run("print", str(number)), queue.run("print", str(number)))
    expect("x-mox-extra" not in queue.run("dump", str(number)).lower(), queue.run("dump", str(number)))
    queue.run("unhold", "ids=%d" % number)
    message = sink.await_message(lambda m: m.rcpts == ["extra@one.test"])
    expect(b"x-mox-extra" not in message.data.lower() and b"Subject: extra\r\n" in message.data, message.data)
    server.await_log(r'msg="?delivered.* to=extra@one\.test ')
    expect(queue.print(number, "retired")["extra"] == wanted, queue.print(number, "retired"))


def main():
    with SmtpSink() as sink:
        hosts = zone({d: [("mx." + d, "127.0.0.1")] for d in ("one.test", "two.test", "three.test")})
        c = conf(sink.port, hosts, 'transport "smart" { kind = smtp  host = "127.0.0.1"  port = 9  tls = none }',
                 'transport "later" { kind = fail  smtp-code = 450  smtp-message = "4.2.0 later" }')
        c.add("domains", 'route { to-domain = ["later.test"] transport = "later" }')
        with Server(c) as server:
            queue, ids = Queue(server), []

            def rules():
                hold_rules(server, queue, sink)

            def every_filter():
                ids.extend(fill(server, queue))
                filters(queue, ids)

            run_tests([rules, every_filter] + [named(fn, *args) for fn, args in (
                (pages, (queue, ids)), (message_ids, (server, queue, ids, sink)), (changes, (server, queue, sink, ids)),
                (ends, (server, queue, ids)), (history, (server, queue, sink)), (extra_data, (server, queue, sink)),
                (schedule, (server, queue)), (held_for_later, (server, queue, sink)))])


def named(fn, *args):
    def test():
        fn(*args)
    test.__name__ = fn.__name__
    return test


if __name__ == "__main__":
    main()
