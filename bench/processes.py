"""Processor time and memory of processes, from /proc."""

import os

TICKS = os.sysconf("SC_CLK_TCK")


def stat(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
        return [int(field) for field in f.read().rsplit(")", 1)[1].split()[2:20]]


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return [int(word) for word in f.read().split()]


def cpu(pid):
    """Seconds of the process, of those below it, and of those that it had."""
    try:
        times = stat(pid)[9:13]
        return sum(times) / TICKS + sum(cpu(child) for child in children(pid))
    except FileNotFoundError:
        return 0


def memory(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith(("VmRSS", "VmPTE")))
