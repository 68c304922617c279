#!/usr/bin/env python3
# proves: STORE-01, P-STORE-07
"""Messages of other projects (tests/data), delivered to a server and fetched in every way there is.

    imap_corpus.py [DIRECTORY ...]

What comes back must be what was sent, and the parts must agree: with each other, with the sizes of
BODYSTRUCTURE, and with what Python makes of the message where it is well-formed."""

import base64
import binascii
import email
import email.policy
import os
import quopri
import re
import smtplib
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from imap_client import Imap  # noqa: E402
from moxd_server import PATIENCE, Conf, Failure, Server  # noqa: E402

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
CORPORA = ("mikel-mail", "mime4j", "kumomta-dsn", "parsedmarc", "jdkim")
ENDINGS = (".eml", ".msg", ".txt")
KNOWN_ENCODINGS = (b"7BIT", b"8BIT", b"BINARY", b"BASE64", b"QUOTED-PRINTABLE")
BATCH = 100  # fetch items of one command


def expect(condition, what, *args):
    if not condition:
        raise Failure(what % args)


def files(corpus):
    """Messages of a corpus: (name, bytes), with the line ends that the server stores."""
    for at, folders, names in os.walk(corpus):
        folders.sort()
        for name in sorted(names):
            if name.endswith(ENDINGS) and "decoded" not in name:
                with open(os.path.join(at, name), "rb") as f:
                    yield name, re.sub(rb"(?<!\r)\n", b"\r\n", f.read())


class Part:
    """A part as BODYSTRUCTURE has it."""

    def __init__(self, path, body, parent):
        self.path, self.parent = path, parent
        self.children = []
        self.multipart = isinstance(body[0], list)
        if self.multipart:
            self.type, rest = b"MULTIPART", [b for b in body if not isinstance(b, list)]
            self.subtype = rest[0]
            return
        self.type, self.subtype, params, _, _, self.encoding, octets = body[:7]
        self.octets = int(octets)
        self.params = {k.lower(): v for k, v in zip(params[::2], params[1::2])} if params else {}
        self.message = self.type == b"MESSAGE" and self.subtype in (b"RFC822", b"GLOBAL")
        self.nested = body[7:9] if self.message else None
        if self.message:
            self.lines = int(body[9])
        elif self.type == b"TEXT":
            self.lines = int(body[7])
        else:
            self.lines = None

    def name(self, suffix=b""):
        return b".".join([b"%d" % n for n in self.path] + ([suffix] if suffix else []))


def find_parts(body, path, parent, out):
    """All parts below a message's body in the order of their numbers."""
    if not isinstance(body[0], list):
        return add_part(body, path + [1], parent, out)
    for i, child in enumerate((b for b in body if isinstance(b, list) and is_body(b)), 1):
        add_part(child, path + [i], parent, out)


def is_body(value):
    """Not a list of parameters or the like: those begin with a string and have no size."""
    return isinstance(value[0], list) and is_body(value[0]) or len(value) >= 7 and (
        isinstance(value[6], bytes) and value[6].isdigit())


def add_part(body, path, parent, out):
    part = Part(path, body, parent)
    out.append(part)
    if parent:
        parent.children.append(part)
    if part.multipart:
        for i, child in enumerate((b for b in body if isinstance(b, list) and is_body(b)), 1):
            add_part(child, path + [i], part, out)
    elif part.message:
        find_parts(part.nested[1], path, part, out)


class Message:
    """One message in the selected mailbox."""

    def __init__(self, client, uid, sent):
        self.client, self.uid, self.sent = client, b"%d" % uid, sent

    def fetch(self, items):
        """{item: value}, in as many commands as it takes."""
        out = {}
        for at in range(0, len(items), BATCH):
            some = items[at:at + BATCH]
            fetched, = self.client.fetch(b"%s (%s)" % (self.uid, b" ".join(some)), uid=True)
            out.update(fetched)
        return out

    def check(self):
        got = self.fetch([b"RFC822.SIZE", b"BODY", b"BODYSTRUCTURE", b"ENVELOPE", b"BODY.PEEK[]", b"BODY[HEADER]",
                          b"BODY[TEXT]", b"RFC822", b"RFC822.HEADER", b"RFC822.TEXT", b"BINARY[]",
                          b"BINARY.SIZE[]"])
        self.whole = got[b"BODY[]"]
        expect(self.whole.endswith(self.sent), "another message came back")
        expect(int(got[b"RFC822.SIZE"]) == len(self.whole), "RFC822.SIZE")
        expect(got[b"BODY[HEADER]"] + got[b"BODY[TEXT]"] == self.whole, "header and text are not all")
        for rfc822, body in ((b"RFC822", b"BODY[]"), (b"RFC822.HEADER", b"BODY[HEADER]"),
                             (b"RFC822.TEXT", b"BODY[TEXT]"), (b"BINARY[]", b"BODY[]")):
            expect(got[rfc822] == got[body], "%s is not %s", rfc822, body)
        expect(int(got[b"BINARY.SIZE[]"]) == len(self.whole), "BINARY.SIZE[]")
        self.structure = got[b"BODYSTRUCTURE"]
        expect(without_extensions(self.structure) == got[b"BODY"], "BODY is not BODYSTRUCTURE")
        self.parts = []
        find_parts(self.structure, [], None, self.parts)
        self.check_envelope(got[b"BODY[HEADER]"], got[b"ENVELOPE"])
        self.check_parts(got[b"BODY[TEXT]"])
        self.check_partials()
        return len(self.parts)

    def check_envelope(self, header, envelope):
        expect(len(envelope) == 10, "ENVELOPE with %d fields", len(envelope))
        for i, name in ((0, b"Date"), (1, b"Subject"), (8, b"In-Reply-To"), (9, b"Message-ID")):
            value = field(header, name)
            expect(envelope[i] == value, "%s is %r, not %r", name, envelope[i], value)
        for i, name in ((2, b"From"), (5, b"To"), (6, b"Cc"), (7, b"Bcc")):
            plain = plain_addresses(field(header, name) or b"")
            got = [b"%s@%s" % (a[2], a[3]) for a in envelope[i] or [] if a[2] and a[3]]
            expect(plain is None or got == plain, "%s is %r, not %r", name, got, plain)

    def check_parts(self, text):
        """Every section of every part."""
        items = []
        for part in self.parts:
            items += [b"BODY.PEEK[%s]" % part.name(), b"BODY.PEEK[%s]" % part.name(b"MIME")]
            if part.multipart or part.encoding.upper() in KNOWN_ENCODINGS:
                items += [b"BINARY.PEEK[%s]" % part.name(), b"BINARY.SIZE[%s]" % part.name()]
            if not part.multipart and part.message:
                items += [b"BODY.PEEK[%s]" % part.name(s) for s in (
                    b"HEADER", b"TEXT", b"HEADER.FIELDS (SUBJECT RECEIVED)",
                    b"HEADER.FIELDS.NOT (SUBJECT RECEIVED)")]
        got = self.fetch(items)
        for part in self.parts:
            part.mime, part.body = (got[b"BODY[%s]" % part.name(s)] for s in (b"MIME", b""))
            self.check_part(part, got)
        top = Part.__new__(Part)
        top.path, top.body, top.multipart = [], text, True
        top.children = [p for p in self.parts if p.parent is None]
        for part in [top] + self.parts:
            check_contained(part)

    def check_part(self, part, got):
        name = part.name()
        binary = got.get(b"BINARY[%s]" % name)
        if binary is None:
            self.check_unknown_encoding(part)
        else:
            expect(int(got[b"BINARY.SIZE[%s]" % name]) == len(binary), "BINARY.SIZE[%s]", name)
            decoded = part.body if part.multipart else decode(part.encoding.upper(), part.body)
            expect(decoded is None or decoded == binary, "BINARY[%s]", name)
        if part.multipart:
            return
        expect(part.octets == len(part.body), "octets of %s: %d, not %d", name, part.octets, len(part.body))
        expect(part.lines in (None, part.body.count(b"\n")), "lines of %s: %s, not %d", name, part.lines,
               part.body.count(b"\n"))
        if part.message:
            self.check_nested(part, got)

    def check_nested(self, part, got):
        section = {s: got[b"BODY[%s]" % part.name(s)] for s in (
            b"HEADER", b"TEXT", b"HEADER.FIELDS (SUBJECT RECEIVED)",
            b"HEADER.FIELDS.NOT (SUBJECT RECEIVED)")}
        expect(section[b"HEADER"] + section[b"TEXT"] == part.body, "header and text of %s", part.name())
        some, others = list(section.values())[2:]
        expect(sorted(some.splitlines() + others.splitlines())
               == sorted(section[b"HEADER"].splitlines() + blank_line(section[b"HEADER"])),
               "fields of %s", part.name())
        part.envelope = part.nested[0]
        self.check_envelope(section[b"HEADER"], part.envelope)

    def check_unknown_encoding(self, part):
        self.client.command(b"UID FETCH %s BINARY.PEEK[%s]" % (self.uid, part.name()))
        expect(self.client.tagged[:3] == [b"NO", b"[", b"UNKNOWN-CTE]"], "encoding %r is answered with %r",
               part.encoding, self.client.tagged)

    def check_partials(self):
        """The beginning, something in the middle, the end and behind it, of everything."""
        wanted = {b"": self.whole}
        wanted.update((part.name(), part.body) for part in self.parts)
        items = {}
        for name, whole in wanted.items():
            middle = len(whole) // 3
            for at, n in ((0, 10), (middle, middle + 1), (max(len(whole) - 5, 0), 100), (len(whole), 5)):
                items[b"BODY[%s]<%d.%d>" % (name, at, n)] = (b"BODY[%s]<%d>" % (name, at), whole[at:at + n])
        for at in range(0, len(items), 4):
            some = list(items)[at:at + 4]  # of one part: the answers have no lengths, so one at a time
            for item in some:
                fetched, = self.client.fetch(b"%s %s" % (self.uid, item), uid=True)
                key, value = items[item]
                expect(fetched[key] == value, "%s is %r, not %r", item, fetched[key][:50], value[:50])


def blank_line(header):
    """Both halves of a header have the blank line that ends it."""
    return [b""] if header.endswith(b"\r\n\r\n") or header == b"\r\n" else []


def without_extensions(body):
    """BODY out of BODYSTRUCTURE."""
    if isinstance(body[0], list):
        children = [without_extensions(b) for b in body if isinstance(b, list) and is_body(b)]
        return children + [[b for b in body if not isinstance(b, list)][0]]
    if body[0] == b"MESSAGE" and body[1] in (b"RFC822", b"GLOBAL"):
        return body[:8] + [without_extensions(body[8]), body[9]]
    return body[:8] if body[0] == b"TEXT" else body[:7]


def check_contained(part):
    """The children's headers and bodies are in their parent's body, one after the other."""
    at = 0
    for child in part.children:
        text = child.mime + child.body if part.multipart and part.path else child.body
        found = part.body.find(text, at)
        expect(found >= 0, "part %s is not in its parent", child.name())
        at = found + len(child.body)


def field(header, name):
    """The value of the first field of that name, unfolded; None when there is none."""
    m = re.search(rb"(?:^|\n)%s[ \t]*:((?:[^\r\n]|\r(?!\n)|\r?\n[ \t])*)" % name, header, re.I)
    return re.sub(rb"\r?\n(?=[ \t])", b"", m[1]).strip(b" \t\r\n") if m else None


def plain_addresses(value):
    """The addresses of a field that has nothing but plain ones, which no two readings can differ in."""
    one = rb'(?:(?:[\w !#$%&\'*+/=?^`{|}~.-]*|"[^"\\<>@,]*") *<([\w.+=-]+@[\w.-]+)>|([\w.+=-]+@[\w.-]+))'
    if not re.fullmatch(rb"\s*%s(?:\s*,\s*%s)*\s*" % (one, one), value):
        return None
    return [a or b for a, b in re.findall(one, value)]


def decode(encoding, body):
    """An independent decoder; None when what it says of broken input need not be what others say."""
    if encoding == b"BASE64":
        try:
            return base64.b64decode(re.sub(rb"[\r\n]", b"", body), validate=True)
        except binascii.Error:
            return None
    if encoding == b"QUOTED-PRINTABLE":
        broken = re.search(rb"=(?![0-9A-F]{2}|\r\n)|[ \t]\r\n|[ \t]$|[^\t\r\n -~]", body)
        return None if broken else quopri.decodestring(body)
    return body


def check_types(message):
    """The tree of media types, where Python finds nothing wrong with the message."""
    parsed = email.message_from_bytes(message.whole, policy=email.policy.compat32)
    walked = list(parsed.walk())
    doubled = re.search(rb"(?m)^(--[^\r\n]+)\r\n\1\r\n", message.whole)  # one delimiter for Python
    if doubled or any(p.defects for p in walked) or len(walked) == 1:
        return 0
    python = [p.get_content_type().upper().encode() for p in numbered(parsed)]
    ours = [b"%s/%s" % (p.type, p.subtype) for p in message.parts]
    expect(python == ours, "parts are %s, Python says %s", ours, python)
    return 1


def numbered(root):
    """The parts of a message that have numbers: of a multipart all but itself."""
    return below(root) if root.get_content_maintype() == "multipart" else [root] + below(root)


def below(part):
    if part.get_content_maintype() == "multipart":
        return [x for child in part.get_payload() for x in [child] + below(child)]
    nested = part.get_content_type() in ("message/rfc822", "message/global") and part.is_multipart()
    return numbered(part.get_payload()[0]) if nested else []


def words(message):
    """A word of its subject and one of its text, as Python decodes them."""
    parsed = email.message_from_bytes(message.whole, policy=email.policy.default)
    out = []
    try:
        out += [(b"SUBJECT", w) for w in re.findall(r"[a-zA-Z]{5,}", str(parsed["Subject"] or ""))[:1]]
        text = parsed.get_body(("plain",)) if not parsed.defects else None
        if text is not None and not text.defects:
            out += [(b"BODY", w) for w in re.findall(r"[a-zA-Z]{5,}", text.get_content())[-1:]]
    except (LookupError, ValueError, KeyError, AttributeError, TypeError, IndexError):
        pass  # Python's reader gives up on some of these messages
    return out


class Corpus:
    def __init__(self, server, client, path):
        self.server, self.client = server, client
        self.name = os.path.basename(os.path.abspath(path))
        self.messages = list(files(path))
        self.stored = []
        self.refused = 0

    def append(self):
        for name, message in self.messages:
            self.client.command(b"APPEND %s {%d+}\r\n" % (self.box(), len(message)), message)
            refused = self.client.tagged[0] != b"OK"
            expect(refused == (b"\0" in message), "%s: %s", name, self.client.tagged)
            if not refused:
                self.stored.append((name, message, int(self.client.tagged[4].rstrip(b"]"))))

    def box(self):
        return self.name.encode()

    def check(self, box, at_least):
        self.client.ok(b"SELECT " + box)
        parts = alike = found = 0
        messages, wrong = [], []
        for name, sent, uid in self.stored:
            message = Message(self.client, uid, sent)
            messages.append(message)
            try:
                parts += message.check()
                alike += check_types(message)
                found += self.search(message)
            except Exception as e:
                what = str(e) if isinstance(e, Failure) else traceback.format_exc()
                wrong.append("%s: %s" % (name, what))
        expect(not wrong, "%s", "\n".join(wrong))
        expect(len(messages) >= at_least, "only %d messages", len(messages))
        self.all_at_once(messages)
        print("# %s: %d messages with %d parts; %d have the tree that Python sees, %d words found" % (
            self.name, len(messages), parts, alike, found))

    def search(self, message):
        for key, word in words(message):
            answer = self.client.ok(b"UID SEARCH %s \"%s\"" % (key, word.encode()))[0]
            expect(message.uid in answer[1:], "%s %s does not find it", key, word)
        answer = self.client.ok(b"UID SEARCH UID %s OR TEXT xyzzyx BODY yxxyzz" % message.uid)[0]
        expect(answer == [b"SEARCH"], "SEARCH finds what is not there")
        return len(words(message))

    def all_at_once(self, messages):
        """The same as one at a time."""
        fetched = self.client.fetch(b"1:* (BODYSTRUCTURE RFC822.SIZE BODY.PEEK[])")
        expect([(f[b"BODYSTRUCTURE"], f[b"BODY[]"]) for f in fetched]
               == [(m.structure, m.whole) for m in messages], "1:* shows something else")

    def deliver(self):
        """By SMTP, what it takes: it wants one From, which many lack, and no bare CR."""
        out, uid = [], int(self.uidnext())
        with smtplib.SMTP(*self.server.address("smtp"), timeout=PATIENCE) as client:
            for name, message in self.messages:
                if field(message.partition(b"\r\n\r\n")[0], b"From") is None:
                    message = b"From: a@remote.example\r\n" + message
                try:
                    client.sendmail("a@remote.example", ["mjl@mox.example"], message)
                except smtplib.SMTPDataError:
                    self.refused += 1
                    continue
                out.append((name, message if message.endswith(b"\r\n") else message + b"\r\n", uid))
                uid += 1
        self.stored = out

    def uidnext(self):
        answer = self.client.ok(b"STATUS INBOX (UIDNEXT)")
        return answer[0][2][1]


def corpus_by_append(server, client, path):
    corpus = Corpus(server, client, path)
    client.ok(b"CREATE " + corpus.box())
    corpus.append()
    corpus.check(corpus.box(), 1)


def corpus_by_smtp(server, client, path):
    corpus = Corpus(server, client, path)
    client.ok(b"CREATE INBOX/old")
    client.ok(b"SELECT INBOX")
    client.command(b"MOVE 1:* INBOX/old")
    client.ok(b"DELETE INBOX/old")
    corpus.deliver()
    print("# %d refused" % corpus.refused)
    corpus.check(b"INBOX", len(corpus.messages) // 2)


def main(paths):
    conf = Conf()
    conf.services = ["smtp", "imap"]
    print("1..%d" % (2 * len(paths)), flush=True)
    number = failed = 0
    with Server(conf) as server:
        for path in paths:
            for how in (corpus_by_append, corpus_by_smtp):
                number += 1
                client = Imap(server.address("imap")).login("mjl@mox.example")
                client.ok(b"ENABLE UTF8=ACCEPT")  # or messages with UTF-8 in headers come downgraded
                title = "%s: %s" % (how.__name__.replace("_", " "), os.path.basename(path))
                try:
                    how(server, client, path)
                    print("ok %d - %s" % (number, title), flush=True)
                except Exception as e:
                    failed += 1
                    what = str(e) if isinstance(e, Failure) else traceback.format_exc()
                    print("not ok %d - %s\n# %s" % (number, title, what.replace("\n", "\n# ")), flush=True)
                client.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [os.path.join(DATA, name) for name in CORPORA]))
