#!/usr/bin/env python3
"""bench/idle.py [CONNECTIONS [alpn]]: so many (10,000) TLS connections with IDLE in one mailbox: what the server
needs for each, and how long it takes until all are told of a message. With "alpn" they come through the port that
IMAP shares with submission. Run in the build directory, or with MOXD_BUILDDIR.

Resident memory and page tables of both processes of the server; what the kernel keeps for sockets is not in it. The
connections come from one address: the range of ephemeral ports (net.ipv4.ip_local_port_range) must suffice."""

import os
import resource
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

from imap_compare import BUILD, PASSWORD, Conf, Server, client, processes  # noqa: E402


def kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith(("VmRSS", "VmPTE")))


def start_idle(port, n, *options):
    p = subprocess.Popen(
        [os.path.join(BUILD, "bench", "imap"), "-t", *options, "-u", "mjl@mox.example", "-m", "INBOX", "-c", str(n),
         "idle", "127.0.0.1", str(port)],
        env=dict(os.environ, BENCH_PASSWORD=PASSWORD), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "idle\n"
    return p


def deliver(server, p):
    """Milliseconds from the beginning of an APPEND to when all were told."""
    p.stdin.write("\n")
    p.stdin.flush()
    start = time.monotonic()
    client(server.ports["imap"][1], "-m", "INBOX", "append", "2000")
    said = p.stdout.readline()
    assert said.startswith("told in"), said
    return (time.monotonic() - start) * 1000


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < n + 1000:
        raise SystemExit("%d connections need %d descriptors, there are at most %d" % (n, n + 1000, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    alpn = sys.argv[2:] == ["alpn"]
    options = ["-a"] if alpn else []
    conf = Conf()
    conf.check_store = False
    conf.add("listener", "alpn { port = 0 }")
    conf.add("top", "max-connections = %d" % (n + 100))
    with Server(conf) as server:
        port = server.ports["alpn" if alpn else "imaps"][1]
        first = start_idle(port, 20, *options)
        first.stdin.close()
        first.wait()
        pids = processes(server.process.pid)
        before, start = sum(map(kib, pids)), time.monotonic()
        p = start_idle(port, n, *options)
        took = time.monotonic() - start
        after = sum(map(kib, pids))
        print("%d idle TLS connections in %.0f s: %.1f KiB each, %.0f MiB in all, %.0f MiB before"
              % (n, took, (after - before) / n, after / 1024, before / 1024), flush=True)
        for _ in range(3):
            print("all were told of a message %.0f ms after its sender began" % deliver(server, p), flush=True)
        print("%.1f KiB each afterwards" % ((sum(map(kib, pids)) - before) / n))
        p.stdin.close()
        p.wait()


if __name__ == "__main__":
    main()
