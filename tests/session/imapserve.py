#!/usr/bin/env python3
# proves: P-IMAP-10
"""moxctl imapserve with pipes, as ssh gives them: what does not fit, ends of either side, exit statuses.
tests/session/imap/imapserve.txt has the session itself."""

import os
import socket
import struct
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PATIENCE, Conf, Server  # noqa: E402

BIG = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" * 100000
RAW_MAX = 128  # core/control/control.h


class Tunnel:
    """Its standard input and output are pipes, of which each end can be closed for itself."""

    def __init__(self, server, *args, stdin=subprocess.PIPE):
        self.process = subprocess.Popen(
            [server.program("moxctl"), "-c", server.path("moxd.conf"), "imapserve", *args],
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.input, self.output = self.process.stdin, self.process.stdout

    def send(self, data):
        self.input.write(data)
        self.input.flush()

    def upto(self, tag):
        """Reads up to the tagged answer; all lines."""
        lines = [self.output.readline()]
        while lines[-1] and not lines[-1].startswith(tag):
            lines.append(self.output.readline())
        expect(lines[-1].startswith(tag + b" OK"), "no answer to %r: %r" % (tag, lines[-1]))
        return lines

    def end(self):
        """Its exit status and what it said beside the session."""
        if self.input and not self.input.closed:
            self.input.close()
        error = self.process.stderr.read().decode()
        return self.process.wait(PATIENCE), error


def new_server(*modules):
    conf = Conf()
    conf.modules = list(modules) or conf.modules
    conf.services = ["imap"]
    return Server(conf)


def fill(tunnel):
    tunnel.send(b"f append inbox {%d+}\r\n%s\r\n" % (len(BIG), BIG))
    tunnel.upto(b"f")


def neither_side_waits_for_the_other():
    """The client writes 4 MB before it reads anything, the server wants to write 3 MB meanwhile."""
    with new_server() as server:
        tunnel = Tunnel(server, "mjl")
        tunnel.send(b"a select inbox\r\n")
        tunnel.upto(b"a")
        fill(tunnel)
        commands = b"".join(b"b%d fetch 1 (body.peek[])\r\n" % i for i in range(15))
        commands += b"c append inbox {%d+}\r\n%s\r\n" % (20 * len(BIG), 20 * BIG)
        writer = threading.Thread(target=tunnel.send, args=[commands])
        writer.start()
        writer.join(0.5)
        expect(writer.is_alive(), "4 MB fit in somewhere")
        expect(server.moxctl("version")[0] == 0, "the server does nothing else")
        size = sum(len(line) for line in tunnel.upto(b"c"))
        expect(size > 15 * len(BIG), "only %d bytes came" % size)
        writer.join(PATIENCE)
        tunnel.send(b"d logout\r\n")
        tunnel.upto(b"d")
        expect(tunnel.output.read() == b"", "more after LOGOUT")
        expect(tunnel.end() == (0, ""), "end")


def commands_from_a_file_are_all_answered():
    with new_server() as server:
        path = server.path("commands")
        with open(path, "wb") as f:
            f.write(b"a append inbox {%d+}\r\n%s\r\nb select inbox\r\nc fetch 1 (body[])\r\n"
                    % (len(BIG), BIG))
        with open(path, "rb") as f:
            tunnel = Tunnel(server, "mjl", stdin=f)
            expect(sum(len(line) for line in tunnel.upto(b"c")) > len(BIG), "the message")
            expect(tunnel.end() == (0, ""), "end")


def who_reads_no_more_ends_the_session():
    with new_server() as server:
        tunnel = Tunnel(server, "mjl")
        tunnel.send(b"a select inbox\r\n")
        tunnel.upto(b"a")
        tunnel.output.close()
        error = tunnel.process.stderr.read()
        expect(tunnel.process.wait(PATIENCE) == 1, "status, %r" % error)
        tunnel.input.close()
        killed = Tunnel(server, "mjl")
        killed.send(b"a idle\r\n")
        killed.output.readline()
        killed.process.kill()
        killed.end()
        server.moxctl("loglevels", "imap", "debug")
        last = Tunnel(server, "mjl")
        last.output.readline()
        last.process.kill()
        last.end()
        server.await_log('msg="session ended".*listener=control')


def without_the_module_the_command_is_not_there():
    with new_server("accounts", "store", "auth", "smtp") as server:
        status, error = Tunnel(server, "mjl").end()
        expect(status == 2 and 'unknown command "imapserve"' in error, (status, error))


def frame(kind, payload):
    return kind + struct.pack(">I", len(payload)) + payload


def connection(server, version):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(PATIENCE)
    sock.connect(server.path("data", "ctl"))
    sock.sendall(frame(b"C", bytes([version]) + b"imapserve\0mjl\0"))
    return sock


def an_older_moxctl_is_told():
    with new_server() as server:
        with connection(server, 1) as sock:
            answer = sock.makefile("rb").read()
            expect(b"this moxctl is older" in answer and answer.endswith(frame(b"X", b"\1\0")), answer)


def so_many_that_other_commands_have_room():
    with new_server() as server:
        socks = [connection(server, 2) for _ in range(RAW_MAX)]
        for sock in socks:
            expect(sock.recv(5) == frame(b"R", b""), "it becomes raw")
            expect(sock.recv(11).startswith(b"* PREAUTH"), "greeting")
        status, error = Tunnel(server, "mjl").end()
        expect(status == 1 and "more than %d sessions" % RAW_MAX in error, (status, error))
        expect(server.moxctl("version")[0] == 0, "another command")
        socks.pop().close()
        server.moxctl("loglevels", "imap", "debug")
        socks.pop().close()
        server.await_log('msg="session ended".*listener=control')
        tunnel = Tunnel(server, "mjl")
        expect(tunnel.output.readline().startswith(b"* PREAUTH"), "room again")
        expect(tunnel.end()[0] == 0, "end")
        for sock in socks:
            sock.close()


if __name__ == "__main__":
    run_tests([neither_side_waits_for_the_other, commands_from_a_file_are_all_answered,
               who_reads_no_more_ends_the_session, without_the_module_the_command_is_not_there,
               an_older_moxctl_is_told, so_many_that_other_commands_have_room])
