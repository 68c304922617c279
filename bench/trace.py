#!/usr/bin/env python3
"""bench/trace.py [-n MESSAGES] [-r ROUNDS]: what recording of traces costs a received message: processor time and syncs of
the server with the module trace and without it, in turns, senders checked and unchecked, 2 KB. MOXD_BUILDDIR: the build.

The time includes writing: the server is asked for a trace before the end is taken."""

import argparse
import os
import re
import tempfile

from receive import Message, Moxd, load
from processes import children, cpu


def syncs(server):
    return sum(int(n) for n in re.findall(r"-syncs +(\d+)", server.moxctl("store", "stats")[1]))


class Traced(Moxd):
    def __init__(self, traced, checked, messages):
        self.traced = traced
        super().__init__(checked, messages)

    def set_up(self):
        if self.traced:
            self.conf.modules = self.conf.modules + ["trace"]
        super().set_up()

    def measure(self, messages, connections, path):
        pid = children(self.process.pid)[0]
        before, synced = cpu(pid), syncs(self)
        result = load(self.address("smtp"), messages, connections, path)
        if self.traced:
            self.moxctl("trace", "-limit", "1")
        n = int(result["messages"])
        return (cpu(pid) - before) * 1e6 / n, (syncs(self) - synced) / n, float(result["per_second"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=3000)
    parser.add_argument("-r", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        messages = [Message(directory, 2000)]
        print("load average: %s" % (os.getloadavg(),))
        for checked in (False, True):
            for connections in (1, 50):
                for _ in range(args.r):
                    for traced in (False, True):
                        with Traced(traced, checked, messages) as server:
                            load(server.address("smtp"), 200, 10, messages[0].path)
                            n = args.n // (4 if connections == 1 else 1)
                            cpu, synced, rate = server.measure(n, connections, messages[0].path)
                        print("%-9s %2d connections, %s: %4.0f us, %.3f syncs a message, %5.0f a second"
                              % ("checked" if checked else "unchecked", connections,
                                 "with traces   " if traced else "without traces", cpu, synced, rate), flush=True)
        print("load average: %s" % (os.getloadavg(),))


if __name__ == "__main__":
    main()
