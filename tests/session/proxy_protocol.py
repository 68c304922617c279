#!/usr/bin/env python3
"""Behind a load balancer: the PROXY protocol, versions 1 and 2, on every service and before TLS; the client's
address is the one that is logged, written into Received and decided on."""

import os
import shutil
import socket
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import Skip, expect, run_tests  # noqa: E402
from moxd_client import Client  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 192.0.2.77 198.51.100.7 56324 25\r\n"
SIX = socket.inet_pton(socket.AF_INET6, "2001:db8::77")
TLV = b"\x05\0\x03abc"


def version2(family, block, command=1):
    return SIGNATURE + bytes([0x20 | command, family]) + struct.pack("!H", len(block)) + block


V2 = version2(0x21, SIX + SIX + struct.pack("!HH", 56324, 25) + TLV)


def conf(*networks):
    c = Conf()
    c.add("listener", "proxy-protocol-from = [%s]" % ", ".join('"%s"' % n for n in networks))
    return c


def connect(server, service, header, pieces=False):
    """Past the header; TLS where the service begins with it."""
    client = Client(server.address(service), service, implicit_tls=False)
    for i in range(len(header)) if pieces else ():
        client.send(header[i:i + 1])
    if not pieces:
        client.send(header)
    if service in ("submissions", "imaps"):
        client.start_tls()
    return client


def reply(client):
    lines = [client.line()]
    while lines[-1][3:4] == b"-":
        lines.append(client.line())
    return lines


def ask(client, line):
    client.send(line + b"\r\n")
    return reply(client)


def deliver(client, subject):
    reply(client)
    for line in (b"EHLO client.example", b"MAIL FROM:<a@remote.example>", b"RCPT TO:<mjl@mox.example>", b"DATA",
                 b"From: <a@remote.example>\r\nSubject: %s\r\n\r\n." % subject):
        answer = ask(client, line)[-1]
        expect(answer[:1] in b"23", "%r is answered with %r" % (line, answer))


def last_header(server):
    client = connect(server, "imaps", V2)
    client.line()
    text = b""
    for command in (b'LOGIN mjl@mox.example "%s"' % PASSWORD.encode(), b"SELECT INBOX", b"FETCH * BODY.PEEK[HEADER]"):
        client.send(b"t " + command + b"\r\n")
        line = client.line()
        while not line.startswith(b"t "):
            text += line + b"\n"
            line = client.line()
        expect(line.startswith(b"t OK"), "%r is answered with %r" % (command, line))
    return text


def main():
    with Server(conf("127.0.0.0/8", "::1")) as server:
        silent = Client(server.address("smtp"), "smtp")  # until it is thrown out

        def version_1():
            deliver(connect(server, "smtp", V1), b"one")
            header = last_header(server)
            expect(b"from client.example ([192.0.2.77])" in header, "%r" % header)
            server.await_log(r'msg="message received".* remote=192\.0\.2\.77 proxy=127\.0\.0\.1')

        def version_2_with_more_in_it():
            deliver(connect(server, "smtp", V2), b"two")
            header = last_header(server)
            expect(b"from client.example ([IPv6:2001:db8::77])" in header, "%r" % header)

        def a_byte_at_a_time():
            for header in (V1, V2):
                expect(reply(connect(server, "smtp", header, pieces=True))[0].startswith(b"220"), "no greeting")

        def nothing_is_said_before_the_header():
            client = connect(server, "smtp", V1[:-1])
            expect(not client.comes_within(0.2), "the server spoke")
            client.send(V1[-1:])
            expect(reply(client)[0].startswith(b"220"), "no greeting")

        def every_service():
            for service in ("smtp", "submission", "submissions"):
                expect(reply(connect(server, service, V1))[0].startswith(b"220"), service)
            for service in ("imap", "imaps"):
                expect(connect(server, service, V2).line().startswith(b"* OK"), service)

        def header_and_first_command_in_one_piece():
            client = connect(server, "smtp", V1 + b"NOOP\r\n")
            reply(client)
            expect(reply(client)[0].startswith(b"250"), "NOOP")

        def the_client_is_not_on_loopback():
            client = connect(server, "submission", V1)
            reply(client)
            expect(not any(b"AUTH" in line for line in ask(client, b"EHLO x.example")), "AUTH without TLS")
            client = connect(server, "submission", version2(0, b"", command=0))  # the proxy itself is
            reply(client)
            expect(any(b"AUTH" in line for line in ask(client, b"EHLO x.example")), "no AUTH on loopback")

        def without_addresses_the_proxy_is_the_client():
            for header in (b"PROXY UNKNOWN\r\n", version2(0x11, b"", command=0), version2(0, b"")):
                deliver(connect(server, "smtp", header), b"unknown")
                expect(b"([127.0.0.1])" in last_header(server), "%r" % header)

        def what_is_no_header_closes():
            for text in (b"EHLO client.example\r\n", b"PROXY TCP4 a b c d\r\n", SIGNATURE + b"\x31\x11\0\0",
                         version2(0x41, b""), version2(0x11, b"short"), b"\x16\x03\x01\x02\0\x01\0\0\0\0",
                         b"PROXY UNKNOWN" + b"x" * 200):
                client = connect(server, "smtp", text)
                client.expect_eof()
            half = connect(server, "smtp", V1[:20])
            half.shut()
            half.expect_eof()

        def swaks_as_proxy():
            if not shutil.which("swaks"):
                raise Skip("swaks is not installed")
            host, port = server.address("smtp")
            for version in ("1", "2"):
                done = subprocess.run(
                    ["swaks", "--server", "%s:%d" % (host, port), "--from", "a@remote.example", "--to",
                     "mjl@mox.example", "--helo", "client.example", "--tls", "--proxy-version", version,
                     "--proxy-family", "TCP4" if version == "1" else "AF_INET", "--proxy-source", "203.0.113.9",
                     "--proxy-source-port", "1025", "--proxy-dest", "198.51.100.7", "--proxy-dest-port", "25",
                     "--header", "From: <a@remote.example>", "--header", "X-Proxy: " + version],
                    capture_output=True, text=True, timeout=PATIENCE, check=False)
                expect(done.returncode == 0, done.stdout + done.stderr)
                header = last_header(server)
                expect(b"([203.0.113.9])" in header and b"X-Proxy: " + version.encode() in header, "%r" % header)

        def silence_closes():
            silent.expect_eof()

        run_all = [version_1, version_2_with_more_in_it, a_byte_at_a_time, nothing_is_said_before_the_header,
                   every_service, header_and_first_command_in_one_piece, the_client_is_not_on_loopback,
                   without_addresses_the_proxy_is_the_client, what_is_no_header_closes, swaks_as_proxy, silence_closes]

        def others_may_not_claim_anything():
            with Server(conf("192.0.2.0/24")) as other:
                client = Client(other.address("smtp"), "smtp")
                client.expect_eof()
                other.await_log("not an address that proxies connect from")

        def mistakes_in_the_configuration():
            for network in ("192.0.2.1/24", "192.0.2.0/33", "mail.example", "2001:db8::/129", ""):
                bad = Server(conf(network))
                bad.set_up()
                done = subprocess.run([bad.program("moxd"), "-t", "-c", bad.path("moxd.conf")],
                                      capture_output=True, text=True, check=False)
                bad.remove()
                expect(done.returncode == 1 and "proxy-protocol-from" in done.stderr, network + done.stderr)

        run_tests(run_all + [others_may_not_claim_anything, mistakes_in_the_configuration])


main()
