#!/usr/bin/env python3
"""bench/start.py [-n STARTS] [-m MESSAGES] [-d DIRECTORY]: how long a local instance of this build takes
from the start of moxd to the first byte of an IMAP greeting, with that many messages (50,000) of 2 KB in
one account, after a clean stop; its processor time until then; what is resident after it. Needs
bench/imap. The directory is kept and used again when it is named, else made and removed. Run in the
build directory, or with MOXD_BUILDDIR. Results belong into bench/README.md."""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("MOXD_BUILDDIR", os.getcwd()))
IP, IMAP_PORT, USER, PASSWORD = "127.0.0.77", 1143, "mox@localhost", "moxmoxmox"
# libtool's wrappers are scripts, which take longer to start than moxd.
ENV = dict(os.environ, MOXD_MODULE_DIR=os.path.join(BUILD, "modules-dir"), BENCH_PASSWORD=PASSWORD,
           LD_LIBRARY_PATH=os.path.join(BUILD, ".libs"))


def program(name):
    return os.path.join(BUILD, ".libs", name)


def greeting():
    """Waits for the first byte."""
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            with socket.create_connection((IP, IMAP_PORT)) as s:
                s.recv(1)
                return


def processor_ms(pid):
    """Processor time of a process so far."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1e6


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def resident(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


@contextlib.contextmanager
def server(directory):
    with open(os.path.join(directory, "bench.log"), "wb") as log:
        began = time.monotonic()
        process = subprocess.Popen([program("moxd"), "-c", os.path.join(directory, "moxd.conf")],
                                   env=ENV, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        greeting()
        took = (time.monotonic() - began) * 1000
        try:
            yield process.pid, took
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def make(directory, messages):
    if os.path.exists(os.path.join(directory, "filled")):
        return
    subprocess.run([program("moxctl"), "localserve", "-dir", directory, "-ip", IP, "-initonly"],
                   check=True, env=ENV, stdout=subprocess.DEVNULL)
    with server(directory):
        subprocess.run([program("moxctl"), "-c", os.path.join(directory, "moxd.conf"),
                        "setaccountpassword", "mox"], check=True, env=ENV, input=PASSWORD + "\n",
                       text=True, stdout=subprocess.DEVNULL)
        subprocess.run([os.path.join(BUILD, "bench", "imap"), "-u", USER, "-c", "20", "-n",
                        str(messages), "append", "2000", IP, str(IMAP_PORT)], check=True, env=ENV)
    with open(os.path.join(directory, "filled"), "w", encoding="ascii"):
        pass


def measure(directory, starts):
    took, cpu = [], []
    for _ in range(starts):
        with server(directory) as (pid, ms):
            took.append(ms)
            pids = [pid] + children(pid)
            cpu.append(sum(map(processor_ms, pids)))
            memory = [resident(p) for p in pids]
    print("start to greeting: best %.0f, median %.0f, worst %.0f ms of %d" % (
        min(took), statistics.median(took), max(took), starts))
    print("processor time until then: median %.0f ms" % statistics.median(cpu))
    print("resident after it: parent %.1f, server %.1f MB" % tuple(memory))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=20)
    parser.add_argument("-m", type=int, default=50000)
    parser.add_argument("-d")
    args = parser.parse_args()
    directory = os.path.abspath(args.d) if args.d else tempfile.mkdtemp(prefix="moxd-bench-")
    try:
        make(directory, args.m)
        measure(directory, args.n)
    finally:
        if not args.d:
            shutil.rmtree(directory)


main()
