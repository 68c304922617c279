#!/usr/bin/env python3
# proves: CORE-30
"""./run as a newcomer types it, on a terminal, with what is built already: it starts, says where to point
a mail program, and ctrl-c ends it; the second start is quick."""

import imaplib
import os
import pty
import re
import select
import shutil
import signal
import ssl
import tempfile
import time

from ctl import PATIENCE, Failure, expect
from echo import BUILD_DIR, TESTS, Skip, run_tests

SOURCE = os.path.dirname(TESTS)
# Addresses of its own, since the ports are fixed.
IP = "127.%d.%d.2" % (100 + os.getpid() // 250 % 100, 1 + os.getpid() % 250)
SLOWEST = 30  # seconds for a start without a build; on a machine that does nothing else it takes 0.5


class Terminal:
    """A command on a terminal of its own, as in a shell: its keys, its screen."""

    def __init__(self, *command):
        self.began = time.monotonic()
        self.screen = ""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MOXD_", "MFLAGS"))}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, env)

    def read(self):
        """Some more of the screen; false at its end."""
        readable, _, _ = select.select([self.fd], [], [], PATIENCE)
        if not readable:
            raise Failure("nothing more comes; the screen:\n" + self.screen)
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # nobody has the terminal open any more
            return False
        self.screen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def await_text(self, text):
        """Seconds from the start until it is on the screen."""
        while text not in self.screen:
            expect(self.read(), "ended without %r:\n%s" % (text, self.screen))
        return time.monotonic() - self.began

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.pid:
            os.killpg(self.pid, signal.SIGKILL)
            self.end()

    def press(self, key):
        os.write(self.fd, key)

    def end(self):
        """Its exit status, once all that use the terminal have ended."""
        while self.read():
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def built_tree(top):
    """A tree with the two things that ./run uses, and the build that is under test in its place."""
    shutil.copy2(os.path.join(SOURCE, "run"), top)
    shutil.copytree(os.path.join(SOURCE, "tools"), os.path.join(top, "tools"))
    for name in ("configure", "build-aux"):
        os.symlink(os.path.join(SOURCE, name), os.path.join(top, name))
    os.symlink(BUILD_DIR, os.path.join(top, "build"))


def client():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    imap = imaplib.IMAP4_SSL(IP, 1993, ssl_context=context, timeout=PATIENCE)
    imap.login("mox@localhost", "moxmoxmox")
    return imap


def start_look_and_stop(top):
    """Seconds until it is there, and what it said."""
    with Terminal(os.path.join(top, "run"), "-ip", IP) as terminal:
        took = terminal.await_text("Stop with ctrl-c")
        for text in ("mox@localhost", "moxmoxmox", IP + " port 1143", os.path.join(top, "local")):
            expect(text in terminal.screen, "no %r in:\n%s" % (text, terminal.screen))
        imap = client()
        expect(imap.select()[0] == "OK", "SELECT")
        imap.send(b"a1 IDLE\r\n")
        expect(imap.readline().startswith(b"+"), "IDLE")
        terminal.press(b"\x03")
        expect(imap.readline().startswith(b"* BYE"), "BYE")
        status = terminal.end()
        expect(status == 0, "status %d:\n%s" % (status, terminal.screen))
        expect("level=error" not in terminal.screen, terminal.screen)
        expect(len(re.findall('msg="stopped"', terminal.screen)) == 1, terminal.screen)
    return took, terminal.screen


def run_starts_quickly_and_ctrl_c_ends_it():
    if os.environ.get("MOXD_SANITIZED"):
        raise Skip("./run configures without sanitizers: it would build")
    top = os.path.realpath(tempfile.mkdtemp(prefix="moxd-run-"))
    try:
        built_tree(top)
        first, _ = start_look_and_stop(top)  # make looks whether all is built
        second, screen = start_look_and_stop(top)
        print("# seconds until it serves: %.2f at first, %.2f again" % (first, second))
        expect("building" not in screen and "installing" not in screen, screen)
        expect(second < SLOWEST, "%.1f s" % second)
    finally:
        shutil.rmtree(top)


run_tests([run_starts_quickly_and_ctrl_c_ends_it])
