"""A name server for tests that can also be slow, silent or wrong: records from a dictionary, over UDP.

    zone = {("a.example", "TXT"): ["v=spf1 -all"], ("b.example", "CNAME"): ["c.example"]}
    with DnsServer(zone, silent=["slow.example"]) as dns:
        "127.0.0.1@%d" % dns.port

Names in `silent`, and those below, get no answer. Standard library only."""

import contextlib
import socket
import struct
import threading

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28}  # MX: "host", or "0 ." for a null MX
NXDOMAIN = 3


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def wire_data(kind, data):
    if kind == "TXT":
        raw = data.encode()
        return b"".join(bytes([len(raw[i:i + 255])]) + raw[i:i + 255] for i in range(0, len(raw), 255))
    if kind == "A":
        return socket.inet_aton(data)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, data)
    if kind == "MX":
        preference, _, host = data.rpartition(" ")
        return struct.pack("!H", int(preference or 10)) + wire_name(host)
    return wire_name(data)


def parse_question(packet):
    """(name in lower case, type, bytes of the question)"""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1").lower())
        at += 1 + packet[at]
    return ".".join(labels), struct.unpack("!H", packet[at + 1:at + 3])[0], packet[12:at + 5]


class DnsServer:
    def __init__(self, zone, silent=()):
        self.zone = zone
        self.silent = silent
        self.queries = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        with contextlib.suppress(OSError):  # it is not connected, and yet who waits for it wakes up
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    def serve(self):
        try:
            while True:
                packet, client = self.socket.recvfrom(4096)
                if not client:
                    return  # shut down
                answer = self.answer(packet)
                if answer:
                    self.socket.sendto(answer, client)
        except OSError:
            pass  # closed

    def is_silent(self, name):
        return any(name == s or name.endswith("." + s) for s in self.silent)

    def answer(self, packet):
        name, kind, question = parse_question(packet)
        self.queries.append((name, kind))
        if self.is_silent(name):
            return None
        records = [(t, data) for (n, t), all_data in self.zone.items() if n == name for data in all_data]
        exists = any(n == name or n.endswith("." + name) for n, _ in self.zone)
        found = [r for r in records if TYPES[r[0]] == kind or r[0] == "CNAME"]
        head = packet[:2] + struct.pack("!HHHHH", 0x8400 | (0 if exists else NXDOMAIN), 1, len(found), 0, 0)
        return head + question + b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", TYPES[t], 1, 300, len(wire_data(t, data))) + wire_data(t, data)
            for t, data in found)
