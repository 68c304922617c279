#!/usr/bin/env python3
"""What the search index gives and costs.

    bench/search.py [MESSAGES ...]        (50000 100000)

Messages of about 4 KB, made of 20,000 words in the frequencies of a language, with the header of a message that
came from outside. Searches without and with the module `search`, the time and processor time to build the index, its
size, and how fast messages are stored meanwhile. Run with MOXD_BUILDDIR and MOXD_MODULE_DIR set."""

import base64
import glob
import os
import random
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "session"))
sys.dont_write_bytecode = True

from imap_client import Imap  # noqa: E402
from moxd_server import Conf, Server  # noqa: E402

RNG = random.Random(1)
WORDS = ["".join(RNG.choice("bcdfghklmnprstvw") + RNG.choice("aeiou") for _ in range(RNG.randint(1, 4)))
         + RNG.choice(["", "n", "s", "r", "t"]) for _ in range(20000)]
WEIGHTS = [1 / (i + 2) for i in range(len(WORDS))]
STREAM = RNG.choices(WORDS, WEIGHTS, k=2000000)
QUERIES = [  # what it is, the keys
    ("BODY, in no message", b"BODY nowherewordx"),
    ("BODY, in 1 of 10,000", b"BODY tenthousandth"),
    ("BODY, in 1 of 100", b"BODY onehundredth"),
    ("TEXT, in no message", b"TEXT nowherewordx"),
    ("TEXT, in 1 of 10,000", b"TEXT tenthousandth"),
    ("SUBJECT, in no message", b"SUBJECT nowherewordx"),
    ("SUBJECT, in 1 of 1,000", b"SUBJECT subject777"),
    ("FROM, in 1 of 1,000", b"FROM person777@"),
    ("BODY, a common word", b"BODY " + WORDS[60].encode()),
    ("NOT BODY, in no message", b"NOT BODY nowherewordx"),
    ("TO, in every message", b"TO mjl@mox"),
    ("CC, in no message", b"CC nowherewordx"),
]


def message(i):
    at = RNG.randrange(len(STREAM) - 2000)
    words = STREAM[at:at + max(20, min(2000, int(RNG.lognormvariate(5.7, 0.9))))]
    if i % 10000 == 77:
        words.append("tenthousandth")
    if i % 100 == 7:
        words.append("onehundredth")
    lines = "\r\n".join(" ".join(words[k:k + 11]) for k in range(0, len(words), 11))
    token = [base64.b64encode(RNG.randbytes(n)).decode() for n in (15, 32, 192)]
    return ("Return-Path: <person%d@sender.example>\r\nReceived: from mail.sender.example (mail.sender.example [192.0.2.%d])\r\n"
            "\tby mx.mox.example with ESMTPS id %s;\r\n\tSat, 21 Nov 2026 11:%02d:07 +0000\r\n"
            "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=k1;\r\n\th=from:to:subject:date:message-id; bh=%s;\r\n\tb=%s\r\n"
            "From: Person %d <person%d@sender.example>\r\nTo: mjl@mox.example\r\nSubject: %s subject%d\r\n"
            "Date: Sat, 21 Nov 2026 11:00:00 +0000\r\nMessage-ID: <%s@sender.example>\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n"
            % (i % 1000, i % 250, token[0], i % 60, token[1], token[2], i % 1000, i % 1000, " ".join(words[:4]),
               i % 1000, token[0], lines)).encode()


def connect(server):
    return Imap(server.address("imap"), timeout=900).login("mjl@mox.example")


def fill(server, first, last, connections=4):
    """Appends; how many a second."""
    batches = [[message(i) for i in range(k, min(k + 50, last))] for k in range(first, last, 50)]
    lock = threading.Lock()

    def work():
        client = connect(server)
        while True:
            with lock:
                if not batches:
                    break
                batch = batches.pop()
            client.ok(b"APPEND INBOX " + b" ".join(b"{%d+}\r\n" % len(m) + m for m in batch))
        client.close()

    start = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return (last - first) / (time.monotonic() - start)


def restart(server, module, delay="5s"):
    server.stop()
    server.conf.modules = [m for m in server.conf.modules if m != "search"] + (["search"] if module else [])
    server.conf.blocks["module search"] = ["delay = %s" % delay]
    with open(server.path("moxd.conf"), "w") as f:
        f.write(server.conf.static())
    server.ports, server.log = {}, []
    server.start()


def child(server):
    pid = server.process.pid
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return int(f.read().split()[0])


def cpu(server):
    with open("/proc/%d/stat" % child(server)) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss(server):
    with open("/proc/%d/status" % child(server)) as f:
        return max(int(line.split()[1]) for line in f if line.startswith("VmHWM")) // 1024


def await_index(server):
    start, used = time.monotonic(), cpu(server)
    while True:
        status = server.moxctl("search", "status", "mjl")[1]
        if ": ready" in status and " 0 waiting" in status:
            return time.monotonic() - start, cpu(server) - used, status.strip()
        time.sleep(0.1)


def ask(server):
    """Milliseconds and number of results by query: the best of three, unless it takes a second."""
    client = connect(server)
    client.ok(b"SELECT INBOX")
    out = {}
    for what, keys in QUERIES:
        best, found = 1e9, []
        for _ in range(3):
            start = time.monotonic()
            found = client.search(keys)
            best = min(best, 1000 * (time.monotonic() - start))
            if best > 1000:
                break
        out[what] = (best, found)
    client.close()
    return out


def main(sizes):
    conf = Conf()
    conf.services = ["imap"]
    conf.check_store = False
    have = 0
    with Server(conf) as server:
        for size in sizes:
            rate = fill(server, have, size)
            have = size
            print("%d messages: %.0f a second stored without the module" % (have, rate), flush=True)
            without = ask(server)
            for f in glob.glob(server.path("data", "search", "*")):
                os.unlink(f)
            restart(server, True)
            took, used, status = await_index(server)
            index = sum(os.path.getsize(f) for f in glob.glob(server.path("data", "search", "*")))
            print("  index built in %.1f s with %.1f s of processor time, %d bytes a message, %d MB resident; %s"
                  % (took, used, index / have, rss(server), status), flush=True)
            for what, (ms, found) in ask(server).items():
                same = "" if found == without[what][1] else " DIFFERENT RESULT"
                print("  %-26s %8.1f ms, with the index %8.1f ms, %d found%s"
                      % (what, without[what][0], ms, len(found), same), flush=True)
            if size == sizes[-1]:
                for delay in ("5s", "0s"):
                    restart(server, True, delay)
                    await_index(server)
                    rate = fill(server, have, have + 5000)
                    have += 5000
                    print("  %.0f a second stored with the module, delay %s" % (rate, delay), flush=True)
                restart(server, False)
                print("  %.0f a second stored without" % fill(server, have, have + 5000))
            else:
                restart(server, False)
    return 0


if __name__ == "__main__":
    sys.exit(main([int(n) for n in sys.argv[1:]] or [50000, 100000]))
