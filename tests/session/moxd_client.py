"""A connection of a test to a server: lines in, lines out, TLS, channel bindings, its end."""

import base64
import os
import select
import socket
import ssl
import subprocess
import zlib

from moxd_server import BUILD_DIR, PATIENCE, SERVICES, Failure

LINE_MAX = 1 << 20


def tls_context(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


class Client:
    """One connection. The handshake of services with implicit TLS is done at once, if wanted."""

    def __init__(self, address, service, tls_version=None, implicit_tls=True):
        self.service = service
        self.buffer = b""
        self.bindings = {}
        self.pipe = None
        self.deflater = self.inflater = None
        self.sock = socket.create_connection(address, timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if SERVICES[service] and implicit_tls:
            self.start_tls(tls_version)

    def start_tls(self, version=None):
        """The handshake. Version "1.2", or "exporter": TLS 1.3 by the helper program, which tells
        the exporter's channel binding that Python cannot get."""
        if version == "exporter":
            return self.start_tls_pipe()
        context = tls_context(version)
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname="mox.example")
        except (ssl.SSLError, OSError) as e:
            raise Failure("TLS handshake: %s" % e) from e
        if version == "1.2":
            self.bindings["tls-unique"] = self.sock.get_channel_binding("tls-unique")

    def start_tls_pipe(self):
        ours, theirs = socket.socketpair()
        program = os.path.join(BUILD_DIR, "tests", "session", "tls_pipe")
        self.sock.setblocking(True)
        self.pipe = subprocess.Popen(
            [program, str(self.sock.fileno()), str(theirs.fileno())],
            pass_fds=[self.sock.fileno(), theirs.fileno()])
        theirs.close()
        self.sock.close()
        self.sock = ours
        self.sock.settimeout(PATIENCE)
        self.bindings["tls-exporter"] = base64.b64decode(self.line())

    def start_deflate(self):
        """Compression in both directions (RFC 4978)."""
        self.deflater = zlib.compressobj(wbits=-15)
        self.inflater = zlib.decompressobj(-15)
        self.buffer = self.inflater.decompress(self.buffer)

    def send(self, data):
        if self.deflater:
            data = self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        try:
            self.sock.sendall(data)
        except (ssl.SSLError, OSError) as e:
            raise Failure("sending: %s" % e) from e

    def fill(self):
        """Reads some more; false at the end of the stream."""
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            data = b""
        except (ssl.SSLError, OSError) as e:
            raise Failure("receiving: %s; so far %r" % (e, self.buffer)) from e
        self.buffer += self.inflater.decompress(data) if self.inflater else data
        return bool(data)

    def line(self):
        """The next line without its CRLF."""
        while b"\n" not in self.buffer:
            if len(self.buffer) > LINE_MAX:
                raise Failure("no end of line in %d bytes" % len(self.buffer))
            if not self.fill():
                raise Failure("the server closed; unread: %r" % self.buffer)
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            if self.pipe is not None and "tls-exporter" not in self.bindings:
                return line
            raise Failure("line without CR: %r" % line)
        return line[:-1]

    def exactly(self, n):
        while len(self.buffer) < n:
            if not self.fill():
                raise Failure("the server closed; unread: %r" % self.buffer)
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def expect_eof(self):
        while not self.buffer and self.fill():
            pass
        if self.buffer:
            raise Failure("expected the server to close, got %r" % self.buffer)

    def comes_within(self, seconds):
        """Whether anything can be read within that time."""
        return bool(self.buffer) or bool(select.select([self.sock], [], [], seconds)[0])

    def shut(self):
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()
        if self.pipe:
            self.pipe.terminate()
            self.pipe.wait()


class Tunnel(Client):
    """An IMAP session through `moxctl imapserve`, its standard input and output one socket."""

    def __init__(self, server, account):
        self.service = "imap"
        self.buffer = b""
        self.bindings = {}
        self.deflater = self.inflater = None
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(PATIENCE)
        self.pipe = subprocess.Popen(
            [server.program("moxctl"), "-c", server.path("moxd.conf"), "imapserve", account],
            stdin=theirs, stdout=theirs)
        self.bindings["tls-exporter"] = None  # what comes are CRLF lines from the start
        theirs.close()

    def close(self):
        """Its exit status is of interest where it ended by itself."""
        self.sock.close()
        self.pipe.wait(PATIENCE)
