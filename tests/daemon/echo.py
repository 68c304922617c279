"""A moxd with the test module echo and nothing else, for tests of the core: processes, signals,
listeners, hooks."""

import os
import re
import socket
import ssl
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, "session"))

from moxd_server import (  # noqa: E402
    BUILD_DIR, PATIENCE, Failure, Server, Skip, make_certificate, service_user)

MODULES = os.path.join(BUILD_DIR, "tests", "modules", ".libs")


class EchoConf:
    """moxd.conf with one listener. `top` and `listener` are further lines."""

    def __init__(self, modules=("echo",), top="", listener="", ports=(0, 0), addresses=("127.0.0.1",)):
        self.modules = list(modules)
        self.top = top
        self.listener = listener
        self.ports = ports
        self.addresses = addresses
        self.check_store = False

    def static(self):
        return (
            'hostname = "mox.example"\ndata-dir = "data"\nuser = "%s"\n' % service_user()
            + 'module-dirs = ["%s"]\n' % MODULES
            + "modules = [%s]\n" % ", ".join('"%s"' % m for m in self.modules)
            + self.top
            + '\nlistener "test" {\n    addresses = [%s]\n'
            % ", ".join('"%s"' % a for a in self.addresses)
            + '    tls { pair "test" { certificate = "cert.pem"  key = "key.pem" } }\n'
            + self.listener
            + "    echo { port = %d }\n    echos { port = %d }\n}\n" % self.ports
        )

    def dynamic(self):
        return "# nothing\n"


class EchoServer(Server):
    """The ports come from the log, so that no module but echo is needed."""

    def set_passwords(self):
        pass

    def set_up(self):
        super().set_up()
        os.rmdir(self.path("data"))

    def read_ports(self):
        self.await_log("server is ready")  # the descriptor may be faster than the log's pipe
        for line in self.log:
            m = re.search(r"msg=\"?listening\"? .*service=(\S+) address=(\S+) port=(\d+)", line)
            if m:
                self.ports.setdefault(m[1], (m[2], int(m[3])))

    def children(self):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid),
                  encoding="ascii") as f:
            return [int(pid) for pid in f.read().split()]

    def echo(self, service="echo"):
        return Echo(self.address(service))


def status(pid):
    """/proc/PID/status as a dictionary."""
    with open("/proc/%d/status" % pid, encoding="utf-8", errors="replace") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


class Echo:
    """A connection to the echo service."""

    def __init__(self, address, greeting=True):
        self.sock = socket.create_connection(address, timeout=PATIENCE)
        self.file = self.sock.makefile("rwb")
        self.pid = self.cid = None
        if greeting:
            self.greet()

    def greet(self):
        line = self.line()
        m = re.match(r"220 (\d+) (\d+)$", line)
        if not m:
            raise Failure("greeting is %r" % line)
        self.pid, self.cid = int(m[1]), int(m[2])

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.sock = context.wrap_socket(self.sock, server_hostname="mox.example")
        self.file = self.sock.makefile("rwb")
        return self

    def certificate(self):
        return self.sock.getpeercert(binary_form=True)

    def send(self, text):
        self.file.write(text.encode() + b"\r\n")
        self.file.flush()

    def line(self):
        """The next line, "" at the end of the connection."""
        try:
            return self.file.readline().decode().rstrip("\r\n")
        except ConnectionResetError:
            return ""

    def ask(self, text):
        self.send(text)
        return self.line()

    def close(self):
        self.file.close()
        self.sock.close()


def run_moxd(conf, *args, directory, env=None):
    """Runs moxd to its end with this configuration; (status, output)."""
    if not os.path.exists(os.path.join(directory, "key.pem")):
        make_certificate(directory)
    for name, text in (("moxd.conf", conf.static()), ("domains.conf", conf.dynamic())):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
            f.write(text)
    done = subprocess.run(
        [os.path.join(BUILD_DIR, "moxd"), *args, "-c", os.path.join(directory, "moxd.conf")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=PATIENCE, env=env)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def expect(condition, what):
    if not condition:
        raise Failure(what)


def run_tests(tests):
    """Runs functions, prints TAP."""
    wanted = sys.argv[1:]
    tests = [t for t in tests if not wanted or t.__name__ in wanted]
    failed = 0
    print("1..%d" % len(tests), flush=True)
    for n, test in enumerate(tests, 1):
        name = test.__name__.replace("_", " ")
        try:
            test()
            print("ok %d - %s" % (n, name), flush=True)
        except Skip as e:
            print("ok %d - %s # SKIP %s" % (n, name, e), flush=True)
        except Exception as e:  # a test that breaks has failed
            failed += 1
            print("not ok %d - %s" % (n, name))
            for line in ("%s: %s" % (type(e).__name__, e)).splitlines():
                print("# " + line, flush=True)
    sys.exit(1 if failed else 0)
