"""A moxd of its own for a test: a temporary directory with configuration and certificate, a server
started with free ports and a ready descriptor, its log, its end.

    with Server(conf) as server:
        host, port = server.address("smtp")

Standard library only. Reads MOXD_BUILDDIR, MOXD_MODULE_DIR and MOXD_SANITIZED, as make check sets
them; MOXD_KEEP=1 keeps the directory."""

import ctypes
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TEST_DIR = os.path.dirname(os.path.abspath(__file__))
BUILD_DIR = os.environ.get("MOXD_BUILDDIR", os.path.join(TEST_DIR, "..", "..", "build"))
# A loaded machine with sanitizers is slow; nothing waits this long unless something is broken.
PATIENCE = float(os.environ.get("MOXD_PATIENCE", "60"))

SERVICES = {  # name: implicit TLS
    "smtp": False,
    "submission": False,
    "submissions": True,
    "imap": False,
    "imaps": True,
}
MODULES = ["accounts", "store", "auth", "smtp", "imap"]
PASSWORD = "test password 1"
TLS_BLOCK = """\
    tls {
        pair "test" {
            certificate = "cert.pem"
            key = "key.pem"
        }
    }
"""


def built(module):
    directory = os.environ.get("MOXD_MODULE_DIR")
    return not directory or os.path.exists(os.path.join(directory, module + ".so"))


class Skip(Exception):
    """A test that needs what this build does not have."""


class Failure(Exception):
    """A test that did not see what it expected."""


def own_address():
    """An IPv4 address of this machine that is not loopback; None when there is none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
            address = s.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") else address


class Conf:
    """Pieces of moxd.conf and domains.conf. `blocks` holds lines by place: "top", "domains",
    "listener", a service's name ("smtp"), "module smtp" for the module's own block, "account" for
    account "mjl", or "other" for the other one; "domain" for domain "mox.example"."""

    def __init__(self):
        self.blocks = {}
        self.services = list(SERVICES)
        self.tls = True
        self.listen = "127.0.0.1"
        # Accounts are verified whenever they come to rest, but for a benchmark (MOXD_STORE_CHECK=0).
        self.check_store = os.environ.get("MOXD_STORE_CHECK") != "0"
        self.modules = [m for m in MODULES if built(m)]

    def add(self, place, text):
        self.blocks.setdefault(place, []).append(text)

    def text(self, place, indent):
        return "".join(" " * indent + line + "\n" for line in self.blocks.get(place, []))

    def loaded_services(self):
        """Those whose module is loaded."""
        owner = {"submission": "smtp", "submissions": "smtp", "imaps": "imap"}
        return [s for s in self.services if owner.get(s, s) in self.modules]

    def service_block(self, name):
        return "    %s {\n        port = 0\n%s    }\n" % (name, self.text(name, 8))

    def static(self):
        own = "".join(
            "%s {\n%s}\n" % (name, self.text("module " + name, 4))
            for name in self.modules
            if "module " + name in self.blocks
        )
        return (
            'hostname = "mox.example"\n'
            'data-dir = "data"\n'
            'user = "%s"\n' % service_user()
            + "modules = [%s]\n" % ", ".join('"%s"' % m for m in self.modules)
            + self.text("top", 0)
            + own
            + 'listener "test" {\n'
            + '    addresses = ["%s"]\n' % self.listen
            + (TLS_BLOCK if self.tls else "")
            + self.text("listener", 4)
            + "".join(self.service_block(s) for s in self.loaded_services())
            + "}\n"
        )

    def dynamic(self):
        return (
            'domain "mox.example" {\n%s}\n'
            'account "mjl" {\n    domain = "mox.example"\n%s'
            '    address "mjl@mox.example" { }\n    address "second@mox.example" { }\n}\n'
            'account "other" {\n    domain = "mox.example"\n'
            '    address "other@mox.example" { }\n%s}\n'
            % (self.text("domain", 4), self.text("account", 4), self.text("other", 4))
        ) + self.text("domains", 0)


def service_user():
    """Started as root the server changes to this user; else the directive has no effect."""
    if os.geteuid() != 0:
        return "moxd"
    with open("/proc/self/uid_map", encoding="ascii") as f:
        users = sum(int(line.split()[2]) for line in f)
    return "nobody" if users > 1 else "root"  # the only one in a namespace made by unshare -r


def make_certificate(directory):
    """A self-signed certificate for mox.example and 127.0.0.1."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "30", "-subj", "/CN=mox.example", "-addext",
         "subjectAltName=DNS:mox.example,DNS:localhost,IP:127.0.0.1",
         "-keyout", os.path.join(directory, "key.pem"),
         "-out", os.path.join(directory, "cert.pem")],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def die_with_parent():
    """A killed test must not leave its server behind (PR_SET_PDEATHSIG, Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def raise_file_limit():
    """Tests with many connections need more descriptors than shells give."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4096:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))


class Log:
    """The lines that a process writes, and waiting for one."""

    def __init__(self):
        self.log = []
        self.log_changed = threading.Condition()

    def follow(self, process):
        self.reader = threading.Thread(target=self.read_log, args=[process.stdout], daemon=True)
        self.reader.start()

    def read_log(self, output):
        for line in output:
            with self.log_changed:
                self.log.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.log_changed.notify_all()

    def log_text(self, last=60):
        return "\n".join(self.log[-last:])

    def await_log(self, pattern, count=1):
        """Waits for that many log lines with that regular expression, from the start of the process on."""
        regex = re.compile(pattern)
        end = time.monotonic() + PATIENCE
        with self.log_changed:
            while sum(bool(regex.search(line)) for line in self.log) < count:
                if not self.log_changed.wait(end - time.monotonic()):
                    raise Failure("not %d log lines with %r in:\n%s"
                                  % (count, pattern, self.log_text()))


class Server(Log):
    def __init__(self, conf=None):
        super().__init__()
        raise_file_limit()
        self.conf = conf or Conf()
        self.dir = tempfile.mkdtemp(prefix="moxd-test-")
        os.chmod(self.dir, 0o755)
        self.process = None
        self.ports = {}

    def __enter__(self):
        try:
            self.set_up()
            self.start()
            self.set_passwords()
        except BaseException:
            self.abandon()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and not issubclass(kind, Skip):
            print("# the server's log:\n# " + self.log_text(100).replace("\n", "\n# "), flush=True)
        try:
            self.stop()
        except Failure:
            if kind is None:
                raise
        finally:
            self.remove()

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def program(self, name):
        return os.path.join(BUILD_DIR, name)

    def set_up(self):
        make_certificate(self.dir)
        with open(self.path("moxd.conf"), "w", encoding="utf-8") as f:
            f.write(self.conf.static())
        with open(self.path("domains.conf"), "w", encoding="utf-8") as f:
            f.write(self.conf.dynamic())
        os.makedirs(self.path("data"), exist_ok=True)

    def environment(self):
        env = {k: v for k, v in os.environ.items() if k != "MOXD_STORE_CHECK"}
        return {**env, "MOXD_STORE_CHECK": "1"} if self.conf.check_store else env

    def launch(self):
        """Starts the process; the descriptor on which it says that it is ready."""
        ready_read, ready_write = os.pipe()
        self.process = subprocess.Popen(
            [self.program("moxd"), "-c", self.path("moxd.conf"), "-R", str(ready_write)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            pass_fds=[ready_write], preexec_fn=die_with_parent,
            env=self.environment())
        os.close(ready_write)
        self.follow(self.process)
        return ready_read

    def start(self):
        ready = self.launch()
        try:
            self.await_ready(ready)
        finally:
            os.close(ready)
        self.read_ports()

    def await_ready(self, fd):
        readable, _, _ = select.select([fd], [], [], PATIENCE)
        if not readable or not os.read(fd, 4096):
            self.reader.join(1)  # what it said last
            raise Failure("the server did not start:\n" + self.log_text())

    def moxctl(self, *args, text=None, check=True):
        """Runs a control command; returns (status, output of both streams)."""
        done = subprocess.run(
            [self.program("moxctl"), "-c", self.path("moxd.conf"), *args],
            input=(text or "").encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=PATIENCE)
        output = done.stdout.decode("utf-8", "replace")
        if check and done.returncode != 0:
            raise Failure("moxctl %s: status %d: %s" % (" ".join(args), done.returncode, output))
        return done.returncode, output

    def read_ports(self):
        """`moxctl ports` prints lines of: listener, service, address, port."""
        _, output = self.moxctl("ports")
        for line in output.splitlines():
            fields = line.split()
            if len(fields) == 4 and fields[3].isdigit():
                self.ports[fields[1]] = (fields[2], int(fields[3]))

    def address(self, service):
        if service not in self.ports:
            raise Failure("service %s does not listen; there are %s" % (service, self.ports))
        return self.ports[service]

    def set_passwords(self):
        if "auth" in self.conf.modules:
            for account in ("mjl", "other"):
                self.moxctl("setaccountpassword", account, text=PASSWORD + "\n")

    def stop(self):
        """Ends it gracefully and looks for what a broken server leaves: a bad exit status, a
        sanitizer's report, a failed assertion, an error that says it is internal."""
        if not self.process:
            return
        self.terminate()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure("the server did not stop:\n" + self.log_text())
        self.reader.join(PATIENCE)
        self.process = None
        marks = ("Sanitizer", "runtime error:", "assertion failed", "panic")
        bad = [line for line in self.log if any(mark in line for mark in marks)]
        if status != 0 or bad:
            raise Failure("\n".join(["the server ended badly (status %d):" % status] + bad
                                    + ["its log:", self.log_text(200)]))

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def restart(self):
        self.stop()
        self.log = []
        self.ports = {}
        self.start()

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def abandon(self):
        self.kill()
        self.remove()

    def remove(self):
        if os.environ.get("MOXD_KEEP") == "1":
            print("# kept", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
