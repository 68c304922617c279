"""An SMTP server for tests of outgoing mail: takes messages, or does what it should not.

    with SmtpSink(tls=(cert, key)) as sink:
        sink.answer(r"RCPT TO:<full@", "452 4.2.2 mailbox full")
        sink.answer(r"DATA", CLOSE, times=1)
        sink.await_message(lambda m: m.rcpts == ["a@b.example"])

What it says to a command is the first of its answers whose regular expression matches the line, and may be used
still; else what a good server says. "GREETING", "STARTTLS-DONE" and "END-OF-DATA" are such lines too. An answer is the
text of a reply (lines without line end, LF between), bytes as they are, CLOSE (the connection) or HANG (nothing more
is said until the client goes). Standard library only."""

import base64
import re
import socket
import ssl
import threading
import time

from moxd_server import PATIENCE, Failure

CLOSE, HANG = object(), object()
EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "SIZE 10000000")
REPLIES = {
    "HELO": "250 sink.example", "MAIL": "250 2.1.0 sender ok", "RCPT": "250 2.1.5 recipient ok",
    "DATA": "354 go on", "END-OF-DATA": "250 2.0.0 taken", "RSET": "250 2.0.0 ok", "NOOP": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye", "GREETING": "220 sink.example ESMTP", "STARTTLS": "220 2.0.0 go on",
}


class Message:
    """One that was taken: envelope, parameters as they came, data without dot-stuffing."""

    def __init__(self, session, line):
        self.tls = session.tls
        self.helo = session.helo
        self.peer = session.peer
        self.connection = session.number
        self.sender, self.mail_params = split_path(line)
        self.rcpts, self.rcpt_params = [], []
        self.data = b""

    def header(self):
        return self.data.split(b"\r\n\r\n")[0] + b"\r\n"


def split_path(line):
    """("a@b", ["SIZE=1"]) of MAIL FROM:<a@b> SIZE=1"""
    match = re.match(r"[A-Z]+ [A-Z]+:<(.*)>(?: (.*))?$", line, re.I)
    return (match[1], (match[2] or "").split()) if match else (line, [])


class Session:
    """One connection, in a thread."""

    def __init__(self, sink, sock, peer, number):
        self.sink, self.peer, self.number = sink, peer[0], number
        self.socket, self.file = sock, sock.makefile("rb")
        self.tls, self.helo, self.message = None, None, None

    def say(self, line):
        """Answers a line; False when the session ends."""
        answer = self.sink.find_answer(line)
        if answer is None:
            answer = self.usual(line)
        if answer is HANG:
            while self.file.readline():
                pass
            return False
        if answer is CLOSE:
            return False
        self.socket.sendall(answer if isinstance(answer, bytes) else answer.replace("\n", "\r\n").encode() + b"\r\n")
        self.code = answer[:3] if isinstance(answer, str) else answer[:3].decode("latin-1")
        return not line.upper().startswith("QUIT")

    def usual(self, line):
        verb = line.upper().split(" ")[0]
        if verb == "EHLO":
            return self.ehlo()
        if verb == "AUTH" and self.sink.login:
            return self.auth(line)
        if verb in ("RCPT", "DATA") and self.message is None:
            return "503 5.5.1 MAIL first"
        return self.good(line)

    @staticmethod
    def good(line):
        return REPLIES.get(line.split(" ")[0].split(":")[0].upper(), "500 5.5.1 what?")

    def ehlo(self):
        words = list(self.sink.extensions)
        if (self.sink.tls or self.sink.broken_tls) and not self.tls:
            words.append("STARTTLS")
        if self.tls:
            words += self.sink.tls_extensions + (["AUTH PLAIN"] if self.sink.login else [])
        lines = ["sink.example", *words]
        return "\n".join("250%s%s" % (" " if i == len(lines) - 1 else "-", w) for i, w in enumerate(lines))

    def auth(self, line):
        """RFC 4954 4, RFC 4616."""
        wanted = "\0%s\0%s" % self.sink.login
        given = base64.b64decode(line.split(" ")[-1]).decode()
        return "235 2.7.0 welcome" if self.tls and given == wanted else "535 5.7.8 wrong"

    def start_tls(self):
        if self.sink.broken_tls:
            self.socket.sendall(b"this is no TLS record, whatever was promised\r\n")
            raise OSError("as it was told")
        self.socket = self.sink.context.wrap_socket(self.socket, server_side=True)
        self.file = self.socket.makefile("rb")
        self.tls = self.socket.version()

    def serve(self):
        if self.sink.immediate:
            self.start_tls()
        going_on = self.say("GREETING")
        while going_on:
            raw = self.file.readline()
            if not raw.endswith(b"\n"):
                return
            going_on = self.command(raw.rstrip(b"\r\n").decode("utf-8", "replace"))

    def command(self, line):
        verb = line.split(" ")[0].upper()
        self.sink.note(line)
        if not self.say(line):
            return False
        if verb in ("HELO", "EHLO"):
            self.helo = line[5:]
        elif verb == "STARTTLS" and self.code == "220":
            self.start_tls()
        elif verb == "MAIL" and self.code[0] == "2":
            self.message = Message(self, line)
        elif verb == "RCPT" and self.code[0] == "2" and self.message:
            path, params = split_path(line)
            self.message.rcpts.append(path)
            self.message.rcpt_params.append(params)
        elif verb == "DATA" and self.code == "354":
            return self.data()
        return True

    def data(self):
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            if not line.endswith(b"\r\n"):
                self.sink.note("BAD LINE END")
                return False
            lines.append(line[1:] if line.startswith(b".") else line)
        message, self.message = self.message, None
        message.data = b"".join(lines)
        if not self.say("END-OF-DATA"):
            return False
        if self.code[0] == "2":
            self.sink.take(message)
        return True


class SmtpSink:
    """tls: (certificate, key), or None: no STARTTLS. immediate: TLS from the first byte. extensions: in the reply to EHLO;
    tls_extensions: only over TLS, such as REQUIRETLS. broken_tls: STARTTLS is offered and leads nowhere. login: (user, password) that is wanted, by AUTH PLAIN over TLS. lines: all commands so far; connections: how many there were."""

    def __init__(self, host="127.0.0.1", port=0, tls=None, immediate=False, extensions=EXTENSIONS, tls_extensions=(),
                 broken_tls=False, login=None):
        self.tls, self.immediate, self.broken_tls, self.login = tls, immediate, broken_tls, login
        self.extensions, self.tls_extensions = list(extensions), list(tls_extensions)
        self.answers, self.lines, self.messages, self.connections = [], [], [], 0
        self.changed = threading.Condition()
        self.sessions = []
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.host, self.port = self.listener.getsockname()[:2]

    def answer(self, pattern, reply, times=None):
        """times: how often, then the good answer comes again; None: always."""
        self.answers.append([re.compile(pattern, re.I), reply, times])

    def find_answer(self, line):
        with self.changed:
            for rule in self.answers:
                if rule[2] != 0 and rule[0].match(line):
                    if rule[2]:
                        rule[2] -= 1
                    return rule[1]
        return None

    def note(self, line):
        with self.changed:
            self.lines.append(line)
            self.changed.notify_all()

    def take(self, message):
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def await_(self, what, found):
        """Waits until found() gives something true, which is returned."""
        end = time.monotonic() + PATIENCE
        with self.changed:
            while not (result := found()):
                if not self.changed.wait(end - time.monotonic()):
                    raise Failure("no %s among:\n%s" % (what, "\n".join(self.lines)))
            return result

    def await_message(self, wanted=lambda m: True, count=1):
        """The count-th message for which wanted is true."""
        def found():
            messages = [m for m in self.messages if wanted(m)]
            return messages[count - 1] if len(messages) >= count else None
        return self.await_("message", found)

    def await_line(self, pattern, count=1):
        """Waits for that many commands that match."""
        regex = re.compile(pattern, re.I)
        return self.await_("line %r" % pattern, lambda: sum(bool(regex.match(l)) for l in self.lines) >= count)

    def __enter__(self):
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        # A thread that still waits on a descriptor when that is closed may wake up on the one that is opened next.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        for session in self.sessions:
            try:
                session.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            session = Session(self, sock, peer, self.connections)
            self.sessions.append(session)
            threading.Thread(target=self.run, args=[session], daemon=True).start()

    def run(self, session):
        try:
            session.serve()
        except (OSError, ssl.SSLError, ValueError):
            self.note("BROKEN")
        finally:
            try:
                session.file.close()  # else the connection stays open
                session.socket.close()
            except OSError:
                pass
