#!/usr/bin/env python3
"""bench/relay.py: the outgoing queue, delivering to Postfix's smtp-sink: messages a second, CPU and syncs of the server
for each; what 100,000 recipients at rest cost, and how soon they are scheduled after a start.

Run in the build directory, or with MOXD_BUILDDIR and MOXD_MODULE_DIR. Messages are queued on hold first, then released
together: what is measured is delivery alone."""

import os
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "session"))
sys.dont_write_bytecode = True

from moxd_server import PASSWORD, Conf, Server  # noqa: E402

DOMAINS = 1000


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def conf(port):
    c = Conf()
    c.services = ["submissions"]
    c.check_store = False
    c.modules = ["accounts", "store", "auth", "smtp", "smtpclient", "queue"]
    lines = ["d%d.test. 300 IN A 127.0.0.1" % i for i in range(DOMAINS)]
    c.add("top", "dns { local-data = [ %s ] }" % ", ".join('"%s"' % line for line in lines))
    c.add("top", "log-level = warn")
    c.add("module queue", "port = %d" % port)
    c.add("account", "queue { max-outgoing-messages-per-day = 0  max-first-time-recipients-per-day = 0 }")
    return c


def submit(server, n, size, rcpts_of):
    """n messages over one connection each for 4 threads."""
    def run(first):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP_SSL(*server.address("submissions"), context=context) as client:
            client.login("mjl@mox.example", PASSWORD)
            body = ("x" * 70 + "\r\n") * (size // 72)
            for i in range(first, n, 4):
                client.sendmail("mjl@mox.example", rcpts_of(i),
                                "From: mjl@mox.example\r\nSubject: %d\r\nMessage-ID: <%d@x>\r\n\r\n%s" % (i, i, body))
    threads = [threading.Thread(target=run, args=[i]) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def child(server):
    with open("/proc/%d/task/%d/children" % (server.process.pid, server.process.pid), encoding="ascii") as f:
        return int(f.read().split()[0])


def cpu(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith(("VmRSS", "VmPTE")))


def syncs(server):
    text = server.moxctl("store", "stats")[1]
    return sum(int(n) for n in re.findall(r"(?:flush|sync)\w*\s+(\d+)", text))


def delivered(server):
    m = re.search(r'moxd_queue_results_total\{result="delivered"\} (\d+)', server.moxctl("metrics")[1])
    return int(m[1])


def relay(server, n, size, domains):
    server.moxctl("queue", "holdrules", "add", "all")
    submit(server, n, size, lambda i: ["a@d%d.test" % (i % domains)])
    server.moxctl("queue", "holdrules", "remove", "1")
    before, was, synced = cpu(child(server)), delivered(server), syncs(server)
    start = time.monotonic()
    server.moxctl("queue", "unhold", "all")
    while delivered(server) < was + n:
        time.sleep(0.02)
    took = time.monotonic() - start
    print("%6d B, %4d domains: %5.0f messages/s, %3.0f us CPU and %.2f syncs each"
          % (size, domains, n / took, (cpu(child(server)) - before) / n * 1e6, (syncs(server) - synced) / n))


def at_rest(server, n):
    server.restart()
    before = rss(child(server))
    server.moxctl("queue", "holdrules", "add", "all")
    submit(server, n // 100, 2000, lambda i: ["r%d@d%d.test" % (i, k) for k in range(100)])
    server.moxctl("queue", "holdrules", "remove", "1")
    server.moxctl("queue", "schedule", "+10h", "all")
    server.moxctl("queue", "unhold", "all")
    print("%d recipients: %.0f B more each in the server that took them" % (n, (rss(child(server)) - before) * 1024 / n))
    server.conf.blocks["top"].remove("log-level = warn")
    with open(server.path("moxd.conf"), "w", encoding="utf-8") as f:
        f.write(server.conf.static())
    server.restart()
    server.await_log('msg="queue read"')
    print("after a restart %.0f B each, %s" % ((rss(child(server)) - before) * 1024 / n,
                                             [line for line in server.log if "queue read" in line][0].split("msg=")[1]))


def main():
    port = free_port()
    sink = subprocess.Popen(["smtp-sink", "-u", "nobody", "127.0.0.1:%d" % port, "1000"])
    try:
        with Server(conf(port)) as server:
            for size, n in ((2000, 4000), (50000, 2000)):
                for domains in (1, DOMAINS):
                    relay(server, n, size, domains)
            at_rest(server, 100000)
    finally:
        sink.kill()
        sink.wait()


main()
