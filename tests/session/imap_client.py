"""An IMAP connection whose responses are read as data, literals and nesting included:

    c = Imap(server.address("imap")).login("mjl@mox.example")
    c.ok(b"SELECT INBOX")
    for fetched in c.fetch(b"1:* (UID FLAGS BODY.PEEK[])"):
        fetched.seq, fetched[b"UID"], fetched[b"BODY[]"]

Atoms, numbers and strings are bytes, NIL is None, parenthesized lists are lists. Names of fetch items
are in upper case."""

import re
import socket

from moxd_server import PASSWORD, PATIENCE, Failure

TOKEN = re.compile(rb'[ ]*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"'
                   rb'|((?:[^\s()"\[{]|\[[^\]]*\])+))')
LITERAL = re.compile(rb"~?\{(\d+)\}\r\n$")


def parse(pieces):
    """A response as nested lists, from its lines (even places) and literals (odd ones)."""
    stack = [[]]
    for n, piece in enumerate(pieces):
        if n % 2:
            stack[-1].append(piece)
            continue
        at, end = 0, len(piece)
        while at < end:
            m = TOKEN.match(piece, at)
            if not m:
                if piece[at:].strip():
                    raise Failure("cannot be parsed: %r" % piece[at:at + 100])
                break
            at = m.end()
            opening, closing, quoted, atom = m.groups()
            if opening:
                stack.append([])
            elif closing:
                if len(stack) < 2:
                    raise Failure("unbalanced: %r" % piece[:100])
                stack[-2].append(stack.pop())
            elif quoted is not None:
                stack[-1].append(re.sub(rb"\\(.)", rb"\1", quoted))
            else:
                stack[-1].append(None if atom.upper() == b"NIL" else atom)
    if len(stack) != 1:
        raise Failure("unbalanced: %r" % pieces[0][:100])
    return stack[0]


class Fetched(dict):
    """What one FETCH response says of message `seq`."""

    def __init__(self, response):
        self.seq = int(response[0])
        items = response[2]
        if len(items) % 2:
            raise Failure("odd number of items: %r" % items)
        super().__init__(zip((name.upper() for name in items[::2]), items[1::2]))


class Imap:
    def __init__(self, address, timeout=PATIENCE):
        self.sock = socket.create_connection(address, timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.sock.makefile("rb", 1 << 16)
        self.count = 0
        self.tagged = None  # the last tagged line
        self.capabilities = set(self.response()[3:])

    def login(self, user, password=PASSWORD):
        self.ok(b'LOGIN "%s" "%s"' % (user.encode(), password.encode()))
        self.capabilities = set(self.ok(b"CAPABILITY")[0][1:])
        return self

    def pieces(self):
        """One response: line, literal, line, ..., the last line without its CRLF."""
        out = []
        while True:
            line = self.file.readline()
            if not line.endswith(b"\r\n"):
                raise Failure("the server closed, or a line without CRLF: %r" % line[:200])
            m = LITERAL.search(line)
            if not m:
                out.append(line[:-2])
                return out
            size = int(m.group(1))
            literal = self.file.read(size)
            if len(literal) != size:
                raise Failure("the server closed in a literal of %d bytes" % size)
            out += [line[:m.start()], literal]

    def response(self):
        """The next response as data; texts behind OK and the like are split into words."""
        pieces = self.pieces()
        first = pieces[0].split(b" ", 2)
        if first[0] == b"+" or first[1:2] and first[1] in (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"):
            return pieces[0].replace(b"[", b"[ ", 1).split()
        return parse(pieces)

    def send(self, *parts):
        self.sock.sendall(b"".join(parts))

    def begin(self, *parts):
        """Sends a command and does not wait."""
        self.count += 1
        self.send(b"t%d " % self.count, *parts, b"\r\n")

    def end(self):
        """Reads to the end of the command: the untagged responses as data, without their star."""
        out = []
        while True:
            response = self.response()
            if response[0] == b"*":
                out.append(response[1:])
            elif response[0] == b"t%d" % self.count:
                self.tagged = response[1:]
                return out
            elif response[0] != b"+":
                raise Failure("unexpected %r" % response[:10])

    def skim(self, *parts):
        """A command whose untagged responses nobody wants to see: their size."""
        self.begin(*parts)
        tag, size = b"t%d " % self.count, 0
        while True:
            pieces = self.pieces()
            if pieces[0].startswith(tag):
                self.tagged = pieces[0].replace(b"[", b"[ ", 1).split()[1:]
                return size
            size += sum(map(len, pieces))

    def command(self, *parts):
        self.begin(*parts)
        return self.end()

    def ok(self, *parts):
        out = self.command(*parts)
        if self.tagged[0] != b"OK":
            raise Failure("%r is answered with %r" % (parts[0][:100], b" ".join(self.tagged)))
        return out

    def fetch(self, what, uid=False):
        """The FETCH responses of a successful FETCH."""
        responses = self.ok(b"UID FETCH " if uid else b"FETCH ", what)
        return [Fetched(r) for r in responses if r[1:2] == [b"FETCH"]]

    def search(self, keys):
        """The numbers that SEARCH finds."""
        found = [r for r in self.ok(b"SEARCH " + keys) if r[0] == b"SEARCH"]
        return [int(n) for n in found[0][1:]]

    def status(self, mailbox, *attributes):
        """The STATUS of a mailbox: numbers as int, identifiers as bytes. There is no STATUS of nothing
        (RFC 9051 9)."""
        if not attributes:
            raise ValueError("STATUS wants at least one attribute")
        answer = self.ok(b"STATUS %s (%s)" % (mailbox, b" ".join(attributes)))
        (items,) = [r[2] for r in answer if r[0] == b"STATUS"]
        return {name.upper(): value[0] if isinstance(value, list) else int(value)
                for name, value in zip(items[::2], items[1::2])}

    def append(self, mailbox, message, flags=b""):
        """Appends; (UIDVALIDITY, UID)."""
        self.ok(b"APPEND %s (%s) {%d+}\r\n" % (mailbox, flags, len(message)), message)
        return tuple(int(n.rstrip(b"]")) for n in self.tagged[3:5])

    def close(self):
        self.file.close()
        self.sock.close()
