"""Signed zones for tests: a name server (nsd) that serves what a dictionary says, below one zone of ours whose
key is the trust anchor.

    zones = SignedZones({
        "good.example": ["@ MX 10 mx", "mx A 127.0.0.2"],
        "plain.example": ["@ MX 10 mx", "mx A 127.0.0.3"],
    }, unsigned=["plain.example"])
    with zones:
        conf.add("top", zones.dns_block())

Names in `unsigned` have no DS record: what they say is insecure. Names in `bogus` are signed, and the DS record
of their parent is wrong. All names are children of "example". set(zone, lines) serves other records from
then on."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from moxd_server import PATIENCE, Failure, Skip

TOOLS = ["nsd", "ldns-keygen", "ldns-signzone", "ldns-key2ds"]
PARENT = "example"


def find_tools():
    os.environ["PATH"] += ":/usr/sbin"
    for tool in TOOLS:
        if not shutil.which(tool):
            raise Skip("%s is not installed" % tool)


def free_port():
    """One that is free for UDP and TCP."""
    while True:
        with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return udp.getsockname()[1]


class SignedZones:
    def __init__(self, zones, unsigned=(), bogus=()):
        find_tools()
        self.zones = dict(zones)
        self.unsigned = set(unsigned)
        self.bogus = set(bogus)
        self.serial = 1
        self.keys = {}
        self.dir = tempfile.mkdtemp(prefix="moxd-zones-")
        os.chmod(self.dir, 0o755)  # the server reads the anchor as another user
        self.port = free_port()
        self.process = None

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def run(self, *command):
        done = subprocess.run(command, cwd=self.dir, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure("%s: %s" % (" ".join(command), done.stderr))
        return done.stdout.strip()

    def make_key(self, zone):
        """One key that signs all of a zone: base names of its files."""
        name = self.run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone + ".")
        self.keys[zone] = name
        return name

    def ds(self, zone):
        text = self.run("ldns-key2ds", "-n", "-2", self.keys[zone] + ".key")
        return text[:-8] + "00000000" if zone in self.bogus else text

    def write(self, zone, lines):
        with open(self.path(zone + ".zone"), "w", encoding="ascii") as f:
            f.write("$ORIGIN %s.\n$TTL 300\n" % zone)
            f.write("@ SOA ns.example. admin.example. %d 3600 600 86400 1\n@ NS ns.example.\n" % self.serial)
            f.writelines(line + "\n" for line in lines)
        if zone in self.unsigned:
            shutil.copy(self.path(zone + ".zone"), self.path(zone + ".signed"))
        else:
            self.run("ldns-signzone", "-n", "-f", zone + ".signed", zone + ".zone", self.keys[zone])

    def delegations(self):
        for zone in self.zones:
            yield "%s. NS ns" % zone
            if zone not in self.unsigned:
                yield self.ds(zone)

    def write_conf(self):
        with open(self.path("nsd.conf"), "w", encoding="ascii") as f:
            f.write('server:\n  ip-address: 127.0.0.1@%d\n  server-count: 1\n  username: ""\n' % self.port)
            f.write('  zonesdir: "%s"\n  xfrdir: "%s"\n  pidfile: "%s"\n' % (self.dir, self.dir, self.path("nsd.pid")))
            f.write('  database: ""\n  zonelistfile: "%s"\n  xfrdfile: ""\n' % self.path("zone.list"))
            f.write('  logfile: "%s"\nremote-control:\n  control-enable: no\n' % self.path("nsd.log"))
            for zone in [PARENT, *self.zones]:
                f.write('zone:\n  name: "%s."\n  zonefile: "%s.signed"\n' % (zone, zone))

    def __enter__(self):
        try:
            for zone in [PARENT, *self.zones]:
                if zone not in self.unsigned:
                    self.make_key(zone)
            for zone, lines in self.zones.items():
                self.write(zone, lines)
            self.write(PARENT, ["ns A 127.0.0.1", *self.delegations()])
            shutil.copy(self.path(self.keys[PARENT] + ".key"), self.path("anchor"))
            os.chmod(self.path("anchor"), 0o644)
            self.write_conf()
            self.run("nsd", "-c", self.path("nsd.conf"))  # its sockets are open when this returns
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        try:
            with open(self.path("nsd.pid"), encoding="ascii") as f:
                os.kill(int(f.read()), signal.SIGTERM)
        except (OSError, ValueError):
            pass
        shutil.rmtree(self.dir, ignore_errors=True)

    def set(self, zone, lines):
        """Serves other records of a zone. What the server under test has cached stays there."""
        self.serial += 1
        self.zones[zone] = lines
        self.write(zone, lines)
        with open(self.path("nsd.pid"), encoding="ascii") as f:
            os.kill(int(f.read()), signal.SIGHUP)
        self.await_serial(zone)

    def await_serial(self, zone):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.ask_serial(zone) == self.serial:
                return
        raise Failure("nsd does not serve the new %s" % zone)

    def ask_serial(self, zone):
        """The serial of the SOA record that is served: the first of its five numbers, 20 bytes from the end
        of an answer without other records."""
        name = b"".join(bytes([len(label)]) + label.encode() for label in zone.split(".")) + b"\0"
        with socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.settimeout(1)
            udp.sendto(b"\1\2\0\0\0\1\0\0\0\0\0\0" + name + b"\0\6\0\1", ("127.0.0.1", self.port))
            try:
                answer = udp.recv(4096)
            except TimeoutError:
                return None
        start = answer.find(self.soa_numbers_begin())
        return int.from_bytes(answer[start - 4:start], "big") if start > 0 else None

    @staticmethod
    def soa_numbers_begin():
        return b"".join(n.to_bytes(4, "big") for n in (3600, 600, 86400))

    def stub_zones(self):
        return [PARENT, *self.zones]

    def dns_block(self):
        """For moxd.conf."""
        stubs = "".join('    stub "%s." { server = "127.0.0.1@%d" }\n' % (z, self.port) for z in self.stub_zones())
        return 'dns {\n    trust-anchor = "%s"\n%s}' % (self.path("anchor"), stubs)
