#!/usr/bin/env python3
"""Results that are kept up to date (RFC 5267 4.3): a client applies every ADDTO and REMOVEFROM to its
lists, while itself and another session append, flag and expunge at random; whenever all is quiet the lists
must be what the same searches find anew, places and numbers included.

proves: P-IMAP-02"""

import os
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from imap_client import Imap  # noqa: E402
from moxd_server import Conf, Failure, Server  # noqa: E402

ROUNDS = 80
WORDS = (b"alpha", b"Beta", b"re: beta", b"gamma", b"", b"=?utf-8?q?=C3=84ther?=", b"[x] zeta")
FLAGS = (b"\\Seen", b"\\Flagged", b"\\Deleted", b"work")
SEARCHES = {
    b"c1": b"UID SEARCH RETURN (%s) UNSEEN",
    b"c2": b"SEARCH RETURN (%s) NOT SUBJECT a",
    b"c3": b"UID SORT RETURN (%s) (SUBJECT REVERSE DATE) UTF-8 UNDELETED",
    b"c4": b"SORT RETURN (%s) (REVERSE ARRIVAL) UTF-8 OR FLAGGED KEYWORD work",
    b"c5": b"UID SORT RETURN (%s) (REVERSE SIZE FROM) UTF-8 ALL",
    b"c6": b"SEARCH RETURN (%s) ALL",
}


def numbers(text):
    out = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        out += range(int(first), int(last or first) + 1)
    return out


class Observer(Imap):
    def __init__(self, address):
        super().__init__(address)
        self.lists = {}

    def watch(self):
        for tag, text in SEARCHES.items():
            self.send(b"%s %s\r\n" % (tag, text % b"UPDATE ALL"))
            self.lists[tag] = []
            while True:
                response = self.response()
                if response[0] == tag:
                    break
                self.apply(response[1:])
            if response[1] != b"OK":
                raise Failure("%r" % response)

    def apply(self, response):
        if response[1:2] == [b"EXPUNGE"]:
            self.expunged(int(response[0]))
        elif response[0] == b"ESEARCH":
            self.updated(response[1][1], dict(uid=b"UID" in response), response[2:])

    def expunged(self, seq):
        for tag, text in SEARCHES.items():
            if text.startswith(b"UID"):
                continue
            if seq in self.lists[tag]:
                raise Failure("%s still has the expunged %d" % (tag, seq))
            self.lists[tag] = [n - (n > seq) for n in self.lists[tag]]

    def updated(self, tag, how, data):
        if how["uid"] != SEARCHES[tag].startswith(b"UID"):
            raise Failure("%s: UIDs for numbers, or the other way" % tag)
        data = data[how["uid"]:]
        for name, value in zip(data[::2], data[1::2]):
            if name == b"ALL":
                self.lists[tag] = numbers(value)
            elif name in (b"ADDTO", b"REMOVEFROM"):
                for place, text in zip(value[::2], value[1::2]):
                    self.change(tag, name, int(place), numbers(text))
            else:
                raise Failure("%s: %r" % (tag, name))

    def change(self, tag, name, place, what):
        v = self.lists[tag]
        if name == b"REMOVEFROM":
            at = place - 1 if place else v.index(what[0])
            if place and v[at:at + len(what)] != what:
                raise Failure("%s: %r are not at %d of %r" % (tag, what, place, v))
            for n in what:
                v.remove(n)
        elif set(what) & set(v):
            raise Failure("%s: %r were there" % (tag, what))
        elif place:
            if place > len(v) + 1:
                raise Failure("%s: there is no place %d in %r" % (tag, place, v))
            v[place - 1:place - 1] = what
        else:
            self.lists[tag] = sorted(v + what)

    def command(self, *parts):
        out = super().command(*parts)
        for response in out:
            self.apply(response) if response[0] != b"ESEARCH" or response[1][1] in SEARCHES else None
        return out

    def compare(self):
        for tag, text in SEARCHES.items():
            found = []
            for response in super().command(text % b"ALL"):
                if response[0] != b"ESEARCH":
                    raise Failure("%r came when all was quiet" % response)
                if b"ALL" in response:
                    found = numbers(response[response.index(b"ALL") + 1])
            if found != self.lists[tag]:
                raise Failure("%s: found %r, told %r" % (tag, found, self.lists[tag]))


def act(c):
    what = random.randrange(10)
    if what < 4:
        message = b"Date: %d Jan 2020 00:00:00 +0000\r\nFrom: %c@x.example\r\nSubject: %s\r\n\r\n%s" % (
            random.randrange(1, 9), random.choice(b"abc"), random.choice(WORDS),
            b"x" * random.randrange(4))
        c.ok(b'APPEND box (%s) "0%d-Feb-2020 00:00:00 +0000" {%d+}\r\n' % (
            random.choice(FLAGS), random.randrange(1, 9), len(message)), message)
    elif what < 8:
        c.ok(b"UID STORE %d:%d %cFLAGS.SILENT %s" % (
            random.randrange(1, 100), random.randrange(1, 100), random.choice(b"+-"),
            random.choice(FLAGS)))
    elif what == 8:
        c.ok(b"EXPUNGE")
    else:  # no EXPUNGE may be told here, but results change at once
        c.command(b"FETCH 1 FLAGS")


def work(server):
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 30)
    print("# seed %d" % seed)
    random.seed(seed)
    observer = Observer(server.address("imap")).login("mjl@mox.example")
    other = Imap(server.address("imap")).login("mjl@mox.example")
    observer.ok(b"CREATE box")
    observer.ok(b"SELECT box")
    other.ok(b"SELECT box")
    for _ in range(5):
        act(other)
    observer.ok(b"NOOP")
    observer.watch()
    for _ in range(ROUNDS):
        for _ in range(random.randrange(1, 5)):
            act(random.choice((observer, other)))
        observer.ok(b"NOOP")
        observer.compare()


def main():
    conf = Conf()
    conf.services = ["imap"]
    try:
        with Server(conf) as server:
            work(server)
    except Failure as e:
        print("not ok 1 - contexts\n# %s" % str(e).replace("\n", "\n# "))
    else:
        print("ok 1 - contexts")
    print("1..1")


main()
