"""Protocol transcripts: a text file that says what is sent and what must come back.

    # proves: SMTPIN-02                comments
    %conf PLACE LINE                   adds a line of configuration; places: see moxd_server.Conf
                                       (top, listener, smtp, module:auth, domains, ...)
    %services smtp imap                only these listen;  %modules store ...  only these are loaded
    %no-tls                            the listener has no certificate
    %elsewhere                         the server listens on an address that is not loopback
    == a title                         a case; each begins without connections
    %connect smtp                      plain, or TLS on services that are TLS from the start
    S: 220 {host} ESMTP...             the next line must match
    C: EHLO client.example             sends the line with CRLF
    S* 250 ...                         skips lines up to one that matches
    C- no line end                     sends exactly that

In S lines `...` matches anything, `{name}` anything that it then stands for, in later S and C lines too.
`S/ regex` is a regular expression, `S~` lines next to each other may come in any order. In C lines
\\r \\n \\t \\0 \\xHH \\uHHHH \\\\ are escapes, {b64:text} is base64 of it, {rep:N:text} N times, {i} the
round of %repeat, {lit:text} an IMAP literal that does not wait, {bdat:text} and {last:text} a
chunk of SMTP with its command, {odd:N} is 1,3,5... below N.

    %connect SERVICE [TLS] [as NAME]   TLS: 1.2, or exporter    %use NAME    a connection of before
    %tunnel ACCOUNT [as NAME]          through moxctl imapserve
    %tls [TLS]                         handshake, after STARTTLS
    %deflate                           compression both ways, after COMPRESS
    %auth MECHANISM USER PASSWORD      logs in (smtp, imap); %auth! must be refused
    %repeat N ... %end                 C and S lines, N times
    %eof  %shut  %close                the server closed; half-close; close
    %moxctl ARGS                       runs a control command; lines `> pattern` below: its output
    %message USER MAILBOX N            fetches a message (or "last") through IMAP; lines `> pattern`
                                       below: its lines, %absent TEXT: in none of them. %count USER MAILBOX N: that many are there
    %append MAILBOX [FLAGS] [DATE]     appends a message through the IMAP connection; lines `| text` below:
                                       its lines
    %recent                            from now on \\Recent and RECENT are seen: else they are left out
    %scram MECHANISM USER NAME         the salt of a user, the same for each use of NAME
    %log REGEX                         waits for such a line in the server's log
    %nolog TEXT                        no line of the log has that text
    %silent 300ms                      nothing comes for that long
    %restart                           stops and starts the server;  %term  tells it to stop
"""

import base64
import imaplib
import os
import re
import shlex

from moxd_client import Client, Tunnel, tls_context
from moxd_server import BUILD_DIR, MODULES, PASSWORD, Conf, Failure, Skip, built, own_address
from sasl_client import mechanism

RECENT = re.compile(rb"\* \d+ RECENT")
ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def unescape(text):
    def one(match):
        c = match.group(1)
        return ESCAPES[c] if c in ESCAPES else chr(int(c[1:], 16))

    return re.sub(r"\\([rnt0\\]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})", one, text)


def to_bytes(text):
    """UTF-8, with \\xHH escapes as single bytes."""
    out = b""
    for part in re.split(r"(\\x[0-9A-Fa-f]{2})", text):
        if re.fullmatch(r"\\x[0-9A-Fa-f]{2}", part):
            out += bytes([int(part[2:], 16)])
        else:
            out += unescape(part).encode()
    return out


class Transcript:
    def __init__(self, path):
        self.path = path
        self.conf = Conf()
        self.cases = []  # (title, [(line number, text)])
        with open(path, encoding="utf-8") as f:
            for number, text in enumerate(f, 1):
                self.add_line(number, text.rstrip("\n"))

    def add_line(self, number, text):
        if text.startswith("== "):
            self.cases.append((text[3:], []))
        elif not text.strip() or text.startswith("#"):
            return
        elif self.cases:
            self.cases[-1][1].append((number, text))
        elif text.startswith("%conf "):
            _, place, line = text.replace("{builddir}", os.path.abspath(BUILD_DIR)).split(None, 2)
            self.conf.add(place.replace("module:", "module "), line)
        elif text == "%no-tls":
            self.conf.tls = False
        elif text == "%elsewhere":
            self.conf.listen = own_address()
        elif text.startswith("%services"):
            self.conf.services = text.split()[1:]
        elif text.startswith("%modules"):
            self.conf.modules = [m for m in text.split()[1:] if m not in MODULES or built(m)]
        else:
            raise SystemExit("%s:%d: not in a case: %s" % (self.path, number, text))


class Run:
    """One case being run against a server."""

    def __init__(self, server, lines):
        self.server = server
        self.lines = lines
        self.at = 0
        self.clients = {}
        self.client = None
        self.recent = False
        self.values = {"password": PASSWORD, "dir": server.dir}
        self.output = []
        self.everything = []

    def run(self):
        try:
            while self.at < len(self.lines):
                self.step(*self.lines[self.at])
        except Failure as e:
            number, text = self.lines[min(self.at, len(self.lines) - 1)]
            raise Failure("line %d: %s\n%s" % (number, text, e)) from e
        finally:
            for client in self.clients.values():
                client.close()

    def step(self, _number, text):
        if text.startswith("S~ "):
            return self.unordered()
        if text.startswith("%repeat "):
            return self.repeat(int(text.split()[1]))
        if text.startswith("%"):
            name, _, rest = text[1:].partition(" ")
            method = getattr(self, "do_" + name.replace("!", "_refused"), None)
            if not method:
                raise Failure("unknown directive")
            method(self.substitute(rest.strip()))
        else:
            self.exchange(text)
        self.at += 1

    def exchange(self, text):
        kind, rest = text[:2], text[3:]
        if kind == "C:":
            self.client.send(to_bytes(self.substitute(rest)) + b"\r\n")
        elif kind == "C-":
            self.client.send(to_bytes(self.substitute(rest)))
        elif kind == "S:":
            self.expect(self.pattern(rest), self.line())
        elif kind == "S/":
            self.expect(re.compile(self.substitute(rest), re.S), self.line())
        elif kind == "S*":
            self.skip_to(self.pattern(rest))
        elif kind == "> ":
            self.expect_output(text[2:])
        else:
            raise Failure("not understood")

    def line(self):
        """The next line from the server; without what is recent, unless the case is about that."""
        while True:
            line = self.client.line()
            if self.recent or not self.client.service.startswith("imap"):
                return line
            if not RECENT.fullmatch(line):
                return re.sub(rb" \\Recent(?=\))|(?<=\()\\Recent(?=\))", b"", line)

    def substitute(self, text):
        def value(match):
            word = match.group(1)
            if word.startswith("b64:"):
                return base64.b64encode(to_bytes(self.substitute(word[4:]))).decode()
            if word.startswith("lit:"):
                inner = self.substitute(word[4:])
                return "{%d+}\\r\\n%s" % (len(to_bytes(inner)), inner)
            if word.startswith(("bdat:", "last:")):
                last, inner = word[:4] == "last", self.substitute(word[5:])
                return "BDAT %d%s\\r\\n%s" % (len(to_bytes(inner)), " LAST" * last, inner)
            if word.startswith("odd:"):
                return ",".join(map(str, range(1, int(word[4:]), 2)))
            if word.startswith("rep:"):
                _, count, what = word.split(":", 2)
                return what * int(count)
            if word in self.values:
                return self.values[word]
            return match.group(0)

        return re.sub(r"\{([a-z][a-z0-9]*(?::(?:[^{}]|\{[^{}]*\})*)?)\}", value, text)

    def pattern(self, text):
        """A compiled pattern; {name} captures once and is a value from then on."""
        out, seen = "", set()
        for part in re.split(r"(\.\.\.|\{[a-z][a-z0-9]*\})", self.substitute(text)):
            if part == "...":
                out += ".*"
            elif re.fullmatch(r"\{[a-z][a-z0-9]*\}", part):
                name = part[1:-1]
                out += "(?P=%s)" % name if name in seen else "(?P<%s>.*?)" % name
                seen.add(name)
            else:
                out += re.escape(unescape(part))
        return re.compile(out, re.S)

    def expect(self, pattern, line):
        text = line.decode("utf-8", "backslashreplace")
        match = pattern.fullmatch(text)
        if not match:
            raise Failure("got: %s" % text)
        self.values.update({k: v for k, v in match.groupdict().items() if v is not None})

    def skip_to(self, pattern):
        skipped = []
        while True:
            try:
                line = self.line()
            except Failure as e:
                raise Failure("%s\nskipped: %s" % (e, skipped[-20:])) from e
            match = pattern.fullmatch(line.decode("utf-8", "backslashreplace"))
            if match:
                self.values.update(match.groupdict())
                return
            skipped.append(line)

    def unordered(self):
        wanted = []
        while self.at < len(self.lines) and self.lines[self.at][1].startswith("S~ "):
            wanted.append(self.lines[self.at][1][3:])
            self.at += 1
        while wanted:
            line = self.line()
            text = line.decode("utf-8", "backslashreplace")
            found = next((w for w in wanted if self.pattern(w).fullmatch(text)), None)
            if found is None:
                raise Failure("got: %s\nstill wanted: %s" % (text, wanted))
            self.expect(self.pattern(found), line)
            wanted.remove(found)

    def repeat(self, count):
        start = self.at + 1
        end = next(i for i in range(start, len(self.lines)) if self.lines[i][1] == "%end")
        for i in range(count):
            self.values["i"] = str(i)
            self.at = start
            while self.at < end:
                self.step(*self.lines[self.at])
        self.at = end + 1

    def do_connect(self, rest):
        words = rest.split()
        name = "main"
        if len(words) > 2 and words[-2] == "as":
            name, words = words[-1], words[:-2]
        if name in self.clients:
            self.clients[name].close()
        self.client = Client(self.server.address(words[0]), words[0],
                             words[1] if len(words) > 1 else None)
        self.clients[name] = self.client

    def do_tunnel(self, rest):
        account, _, name = rest.partition(" as ")
        self.client = self.clients[name or "main"] = Tunnel(self.server, account)

    def do_recent(self, _rest):
        self.recent = True

    def do_use(self, rest):
        self.client = self.clients[rest]

    def do_tls(self, rest):
        if self.client.buffer:
            raise Failure("before the handshake came: %r" % self.client.buffer)
        self.client.start_tls(rest or None)

    def do_deflate(self, _rest):
        self.client.start_deflate()

    def do_eof(self, _rest):
        self.client.expect_eof()

    def do_shut(self, _rest):
        self.client.shut()

    def do_close(self, _rest):
        self.client.close()

    def do_auth(self, rest):
        line = self.authenticate(rest)
        if not re.match(r"235 2\.7\.0 |\S+ OK ", line):
            raise Failure("not logged in: %s" % line)

    def do_auth_refused(self, rest):
        line = self.authenticate(rest)
        if not re.match(r"5[0-9][0-9] |\S+ NO ", line):
            raise Failure("not refused: %s" % line)

    def authenticate(self, rest):
        name, user, password = shlex.split(rest)
        name, client = mechanism(name, user, password, self.client.bindings)
        if self.client.service.startswith("imap"):
            start, prompt = "auth AUTHENTICATE " + name, b"+ "
        else:
            start, prompt = "AUTH " + name, b"334 "
        if client.first is not None:
            start += " " + (base64.b64encode(client.first).decode() or "=")
        self.client.send(start.encode() + b"\r\n")
        line = self.client.line()
        while line.startswith(prompt):
            answer = client.respond(base64.b64decode(line[len(prompt):]))
            self.client.send(base64.b64encode(answer) + b"\r\n")
            line = self.client.line()
        text = line.decode("utf-8", "backslashreplace")
        if text.startswith("235") or " OK " in text:
            client.finish()
        return text

    def do_moxctl(self, rest):
        command, _, text = rest.partition(" < ")
        words = shlex.split(command)
        check = True
        if words[0] == "!":
            words, check = words[1:], False
        status, output = self.server.moxctl(*words, text=unescape(text), check=check)
        if not check and status == 0:
            raise Failure("succeeded: %s" % output)
        self.output = output.splitlines()

    def expect_output(self, text):
        """Lines below %moxctl: each must match a line, in order; others are skipped."""
        pattern = self.pattern(text)
        before = list(self.output)
        while self.output:
            match = pattern.fullmatch(self.output.pop(0))
            if match:
                return self.values.update(match.groupdict())
        raise Failure("not in the output: %s" % before)

    def mailbox(self, user, name):
        if "imap" not in self.server.conf.modules:
            raise Skip("imap is not built")
        imap = imaplib.IMAP4_SSL(*self.server.address("imaps"), ssl_context=tls_context(None))
        imap.login(user, PASSWORD)
        status, data = imap.select(name, readonly=True)
        if status != "OK":
            raise Failure("SELECT %s: %s" % (name, data))
        return imap, int(data[0])

    def do_append(self, rest):
        data = b""
        while self.at + 1 < len(self.lines) and self.lines[self.at + 1][1].startswith("|"):
            self.at += 1
            data += to_bytes(self.substitute(self.lines[self.at][1][2:])) + b"\r\n"
        self.client.send(b"append APPEND %s {%d+}\r\n%s\r\n" % (rest.encode(), len(data), data))
        line = self.client.line()
        while line.startswith(b"* "):
            line = self.client.line()
        if not line.startswith(b"append OK"):
            raise Failure("not appended: %r" % line)

    def do_message(self, rest):
        user, name, number = rest.split()
        imap, count = self.mailbox(user, name)
        with imap:
            _, data = imap.fetch(str(count) if number == "last" else number, "(BODY.PEEK[])")
        if not data or not data[0]:
            raise Failure("no message %s of %d" % (number, count))
        self.output = data[0][1].decode("utf-8", "backslashreplace").split("\r\n")
        self.everything = list(self.output)

    def do_absent(self, rest):
        """No line of the message has that text."""
        if any(rest in line for line in self.everything):
            raise Failure("is there: %s" % rest)

    def do_scram(self, rest):
        """Begins an exchange, captures the salt (the same each time), cancels."""
        name, user, value = rest.split()
        self.client.send(b"AUTH %s %s\r\n" % (
            name.encode(), base64.b64encode(b"n,,n=%s,r=%s" % (user.encode(), b"nonce"))))
        first = base64.b64decode(self.client.line()[4:]).decode()
        salt = re.search(r",s=([^,]+),", first).group(1)
        if self.values.setdefault(value, salt) != salt:
            raise Failure("another salt: %s, before: %s" % (salt, self.values[value]))
        self.client.send(b"*\r\n")
        self.client.line()

    def do_count(self, rest):
        user, name, number = rest.split()
        imap, count = self.mailbox(user, name)
        imap.logout()
        if count != int(number):
            raise Failure("there are %d messages" % count)

    def do_log(self, rest):
        self.server.await_log(rest)

    def do_nolog(self, rest):
        """No line of the log so far has that text."""
        if any(rest in line for line in self.server.log):
            raise Failure("is in the log: %s" % rest)

    def do_silent(self, rest):
        """Nothing comes for that long."""
        while self.client.comes_within(float(rest.removesuffix("ms")) / 1000):
            line = self.client.line()
            if self.recent or not RECENT.fullmatch(line):
                raise Failure("not silent: %r" % line)

    def do_term(self, _rest):
        self.server.terminate()

    def do_restart(self, _rest):
        self.server.restart()
