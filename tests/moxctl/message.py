#!/usr/bin/env python3
# proves in part: P-CTL-02
"""moxctl message parse: what it says of a message is what the message is."""

import json
import os
import sys

from ctl import TESTS, bad, expect, good, moxctl

sys.path.insert(0, os.path.join(TESTS, "session"))

from echo import run_tests  # noqa: E402
from moxd_server import Conf, Server  # noqa: E402

INNER = b"From: inner@example.org\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\nhello\r\n"
MESSAGE = (
    b"From: =?utf-8?q?J=C3=B6rg?= <j@example.org>\r\nTo: team: a@example.org, B <b@example.org>;\r\n"
    b"Subject: several\r\n parts\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"aGVsbG8gd29ybGQ=\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n"
    b"Content-Disposition: attachment; filename*=utf-8''%C3%BC.eml\r\n\r\n" + INNER + b"--x--\r\n")


def parse(server, data, *args):
    return json.loads(good("message", "parse", *args, conf=server.path("moxd.conf"), stdin=data))


def the_structure_is_that_of_the_message(server):
    whole = parse(server, MESSAGE, "-")
    root = whole["message"]
    expect(whole["size"] == len(MESSAGE) and whole["limited"] is False, whole)
    expect((root["type"], root["subtype"], root["parameters"]) == ("multipart", "mixed", {"boundary": "x"}), root)
    env = root["envelope"]
    expect(env["from"] == [{"name": "Jörg", "address": "j@example.org"}], env)
    expect(env["to"] == [{"group": "team", "members": [
        {"address": "a@example.org"}, {"name": "B", "address": "b@example.org"}]}], env)
    expect(env["subject"] == "several parts" and env["message-id"] == "<1@example.org>", env)
    names = [f["name"] for f in root["fields"]]
    expect(names == ["From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"], names)
    text, message = root["parts"]
    expect((text["part"], text["encoding"], text["decoded-size"]) == ("1", "BASE64", len("hello world")), text)
    at = text["body"]["offset"]
    expect(MESSAGE[at:at + text["body"]["size"]] == b"aGVsbG8gd29ybGQ=\r\n", text)
    expect(message["disposition-parameters"] == {"filename": "ü.eml"}, message)
    inner = message["parts"][0]
    start, end = inner["header"]["offset"], inner["body"]["offset"] + inner["body"]["size"]
    expect(MESSAGE[start:end] + b"\r\n" in (INNER, INNER + b"\r\n"), MESSAGE[start:end])
    expect(inner["envelope"]["subject"] == "café" and inner["body"]["lines"] >= 0, inner)


def a_file_is_read_by_who_asks(server):
    path = server.path("message.eml")
    with open(path, "wb") as f:
        f.write(MESSAGE)
    os.chmod(path, 0o600)  # the server could not
    expect(parse(server, b"", path) == parse(server, MESSAGE, "-"), "of a file and of standard input")
    conf = server.path("moxd.conf")
    bad(1, "none.eml: No such file", "message", "parse", server.path("none.eml"), conf=conf)
    bad(1, "Is a directory", "message", "parse", server.dir, conf=conf)
    bad(2, "usage: moxctl message parse <file> | -", "message", "parse", conf=conf)
    good("version", conf=conf)


def whatever_it_is(server):
    for data in (b"", b"\0\xff\r\n", b"no header at all", b"Subject: \xff\0\r\n\r\n\xc3", os.urandom(200000)):
        expect(parse(server, data, "-")["size"] == len(data), data[:40])
    deep = b"Content-Type: message/rfc822\r\n\r\n" * 300
    whole = parse(server, deep, "-")
    expect(whole["size"] == len(deep), "deep")


def main():
    with Server(Conf()) as server:
        def bound(test):
            def run():
                test(server)
            run.__name__ = test.__name__
            return run
        run_tests([bound(t) for t in
                   (the_structure_is_that_of_the_message, a_file_is_read_by_who_asks, whatever_it_is)])


main()
