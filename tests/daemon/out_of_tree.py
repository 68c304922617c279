#!/usr/bin/env python3
# proves: CORE-30
"""A module of somebody else: moxd is installed somewhere, modules/example is built far from moxd's tree
with nothing but pkg-config, and its on_rcpt refuses a sender over SMTP after it waited for the DNS."""

import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading

from echo import BUILD_DIR, PATIENCE, TESTS, expect, run_tests
from moxd_server import Conf, Server

SOURCE = os.path.join(os.path.dirname(TESTS), "modules", "example")
ZONE = "doms.example.net"


def run(*args, cwd=None, env=None):
    done = subprocess.run(args, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=10 * PATIENCE)
    output = done.stdout.decode("utf-8", "replace")
    expect(done.returncode == 0, "%s: status %d: %s" % (" ".join(args), done.returncode, output))
    return output


class Installed:
    """moxd under a directory of its own, and the environment to use it."""

    def __init__(self, root):
        self.root = root
        clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        run("make", "-s", "-C", BUILD_DIR, "install", "DESTDIR=" + root, env=clean)
        self.pc = self.find("moxd.pc")
        self.moxd = self.find("moxd", "sbin")
        self.libs = os.path.dirname(self.find("libmoxcore.so"))
        self.env = dict(
            clean, PKG_CONFIG_PATH=os.path.dirname(self.pc), PKG_CONFIG_SYSROOT_DIR=root,
            LD_LIBRARY_PATH=self.libs, MOXD_MODULE_DIR=os.path.join(self.libs, "modules"),
            PATH=os.path.dirname(self.moxd) + ":" + clean["PATH"])

    def find(self, name, parent=""):
        for directory, _, files in os.walk(self.root):
            if name in files and directory.endswith(parent):
                return os.path.join(directory, name)
        raise AssertionError(name + " was not installed")

    def build(self, directory):
        for name in os.listdir(SOURCE):
            if name.endswith((".c", ".h")) or name == "Makefile":
                shutil.copy(os.path.join(SOURCE, name), directory)
        # pkg-config leaves run paths alone, so this one leads nowhere: LD_LIBRARY_PATH is used.
        run("make", "CC=" + os.environ.get("MOXD_CC", "cc"), "CFLAGS=-O2 -Wall -Wextra -Werror",
            cwd=directory, env=self.env)
        return os.path.join(directory, "example.so")


class SlowDns(threading.Thread):
    """A name server for ZONE that lists listed.example, and answers when it is told to."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.asked = threading.Event()
        self.answer = threading.Event()

    def run(self):
        while True:
            query, peer = self.sock.recvfrom(2048)
            name, end = self.name(query)
            if b"listed" in name:
                self.asked.set()
                self.answer.wait(PATIENCE)
            self.sock.sendto(self.reply(query, name, end), peer)

    @staticmethod
    def name(query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]])
            at += 1 + query[at]
        return b".".join(labels).lower(), at + 5

    @staticmethod
    def reply(query, name, end):
        """RFC 1035 4.1: header, the question, at most one answer."""
        (kind,) = struct.unpack("!H", query[end - 4:end - 2])
        data = {1: socket.inet_aton("127.0.0.2"), 16: b"\x0fSpam was seen. "}.get(kind)
        listed = name.startswith(b"listed.example.") and data
        header = query[:2] + struct.pack("!HHHHH", 0x8400 if listed or kind != 1 else 0x8403, 1,
                                         1 if listed else 0, 0, 0)
        answer = struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data if listed else b""
        return header + query[12:end] + answer


class InstalledServer(Server):
    def __init__(self, installed, conf):
        super().__init__(conf)
        self.installed = installed

    def program(self, name):
        return self.installed.find(name, "sbin" if name == "moxd" else "bin")


class Smtp:
    def __init__(self, server):
        self.file = socket.create_connection(server.address("smtp"), timeout=PATIENCE).makefile("rwb")
        self.reply()
        self.ask("EHLO client.example")

    def reply(self):
        line = self.file.readline().decode()
        while line[3:4] == "-":
            line = self.file.readline().decode()
        return line.rstrip("\r\n")

    def send(self, line):
        self.file.write(line.encode() + b"\r\n")
        self.file.flush()

    def ask(self, line):
        self.send(line)
        return self.reply()


def configuration(module, dns):
    conf = Conf()
    conf.modules = ["accounts", "store", "auth", "smtp", "example"]
    conf.services = ["smtp"]
    conf.add("top", 'module-dirs = ["%s"]' % os.path.dirname(module))
    # Without the root's key nothing is signed: the test needs no network.
    anchors = os.path.join(os.path.dirname(module), "anchors")
    with open(anchors, "w", encoding="ascii") as f:
        f.write("; none\n")
    conf.add("top", 'dns { trust-anchor = "%s" stub "%s" { server = "127.0.0.1@%d" } }'
             % (anchors, ZONE, dns.port))
    conf.add("module example", 'zone = "%s"' % ZONE)
    conf.add("module example", 'except = ["second@mox.example"]')
    return conf


def talk(server, dns):
    one, two = Smtp(server), Smtp(server)
    one.ask("MAIL FROM:<a@listed.example>")
    one.send("RCPT TO:<mjl@mox.example>")
    expect(dns.asked.wait(PATIENCE), "the list was not asked")
    # The first session waits in the hook now: the second goes on.
    two.ask("MAIL FROM:<a@clean.example>")
    expect(two.ask("NOOP").startswith("250"), "the server waits for the DNS")
    dns.answer.set()
    reply = one.reply()
    expect(reply.startswith("550 5.7.1 Domain of the sender is on the list %s: Spam was seen."
                            % ZONE), "listed domain: %s\n%s" % (reply, server.log_text()))
    expect(one.ask("RCPT TO:<other@mox.example>").startswith("550 5.7.1"), "second recipient")
    expect(one.ask("RCPT TO:<second@mox.example>").startswith("250"), "excepted recipient")
    expect(two.ask("RCPT TO:<mjl@mox.example>").startswith("250"), "RCPT from a clean domain")
    _, output = server.moxctl("example", "check", "listed.example")
    expect(output == "listed.example: listed: Spam was seen. \n", output)
    _, output = server.moxctl("example", "check", "clean.example")
    expect(output == "clean.example: not listed\n", output)


def as_in_the_readme(installed, directory):
    """The module in README.md with the commands there, but for the last, which copies it."""
    with open(os.path.join(os.path.dirname(TESTS), "README.md"), encoding="utf-8") as f:
        blocks = re.findall(r"^```(c?)\n(.*?)^```$", f.read(), re.M | re.S)
    (source,) = [text for kind, text in blocks if kind == "c"]
    (commands,) = [text for _, text in blocks if text.startswith("cc ")]
    with open(os.path.join(directory, "oneletter.c"), "w", encoding="utf-8") as f:
        f.write(source)
    lines = commands.splitlines()
    expect(lines[-1].startswith("cp oneletter.so $(pkg-config --variable=moduledir moxd)"), commands)
    output = run("sh", "-ec", "\n".join(lines[:-1]), cwd=directory, env=installed.env)
    expect("hook on_rcpt/1" in output, output)


def a_module_from_outside_works():
    with tempfile.TemporaryDirectory(prefix="moxd-out-") as directory:
        os.chmod(directory, 0o755)
        os.mkdir(os.path.join(directory, "src"))
        installed = Installed(os.path.join(directory, "root"))
        module = installed.build(os.path.join(directory, "src"))
        output = run(installed.moxd, "-t", "-m", module, env=installed.env)
        expect("hook on_rcpt/1, policy" in output, output)
        as_in_the_readme(installed, os.path.join(directory, "src"))
        dns = SlowDns()
        dns.start()
        before = dict(os.environ)
        os.environ.update(installed.env)
        try:
            with InstalledServer(installed, configuration(module, dns)) as server:
                talk(server, dns)
        finally:
            os.environ.clear()
            os.environ.update(before)


run_tests([a_module_from_outside_works])
